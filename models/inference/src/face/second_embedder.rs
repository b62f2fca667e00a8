use idproof_ports::{Embedding, FaceEmbedder, ModelError, ModelIdentity, Point, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{aligned, planar};

const SIDE: i32 = 112;
/// Where the five points lie in an aligned face (foamliu/MobileFaceNet, `align_faces.py`).
const PLACES: [(f32, f32); 5] = [
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
];
/// ImageNet's mean and deviation, of 0..255.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const SCALE: [f32; 3] = [1.0 / 58.395, 1.0 / 57.12, 1.0 / 57.375];

/// MobileFaceNet trained on MS1M with an additive angular margin. Input `[1, 3, 112, 112]`
/// aligned RGB, normalised; output `[1, 128]`. The embedding is the sum of the face and its
/// mirror image, of length 1: the Euclidean distance is `sqrt(2 - 2 cos)`.
pub struct MobileFaceNet {
    net: Net,
}

impl MobileFaceNet {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }

    fn run(&mut self, data: Vec<f32>) -> Result<Vec<f32>, ModelError> {
        let side = SIDE as usize;
        let mut outputs = self.net.run(&[1, 3, side, side], data)?;
        match outputs.pop() {
            Some(out) if outputs.is_empty() && out.data.len() == 128 => Ok(out.data),
            _ => Err(self.net.error("expected one embedding of 128 numbers")),
        }
    }
}

impl FaceEmbedder for MobileFaceNet {
    fn embed(&mut self, image: &RgbImage, five: &[Point; 5]) -> Result<Embedding, ModelError> {
        let face = aligned(image, five, &PLACES, SIDE).map_err(vision_error(&self.net))?;
        let Some(face) = face else {
            return Err(self.net.error("the five points of the face coincide"));
        };
        let aligned = planar(&face, [0, 1, 2], MEAN, SCALE).map_err(vision_error(&self.net))?;
        let mirrored = aligned
            .chunks_exact(SIDE as usize)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        let mut sum = self.run(aligned)?;
        for (a, b) in sum.iter_mut().zip(self.run(mirrored)?) {
            *a += b;
        }
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
        if length < 1e-6 {
            return Err(self.net.error("the embedding is zero"));
        }
        Ok(Embedding(sum.into_iter().map(|v| v / length).collect()))
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}
