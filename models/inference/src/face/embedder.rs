use idproof_ports::{Embedding, FaceEmbedder, ModelError, ModelIdentity, Point, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{aligned, planar};

const SIDE: i32 = 150;
/// Where the five points lie in dlib's mean face, as fractions (dlib, `get_face_chip_details`).
const MEAN_FACE: [(f32, f32); 5] = [
    (0.2258, 0.2160),
    (0.7548, 0.2160),
    (0.4901, 0.5156),
    (0.2541, 0.7802),
    (0.7261, 0.7802),
];
/// Padding round the mean face, as dlib trained it.
const PADDING: f32 = 0.25;

/// dlib's ResNet as published with face-api. Input `[N, 3, 150, 150]` aligned RGB 0..255, output
/// `[N, 128]`; the embedding is the mean of the face and its mirror image.
pub struct DlibEmbedder {
    net: Net,
}

impl DlibEmbedder {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }
}

impl FaceEmbedder for DlibEmbedder {
    fn embed(&mut self, image: &RgbImage, five: &[Point; 5]) -> Result<Embedding, ModelError> {
        let target = MEAN_FACE.map(|(x, y)| {
            let at = |v: f32| (PADDING + v) / (1.0 + 2.0 * PADDING) * SIDE as f32;
            (at(x), at(y))
        });
        let face = aligned(image, five, &target, SIDE).map_err(vision_error(&self.net))?;
        let Some(face) = face else {
            return Err(self.net.error("the five points of the face coincide"));
        };
        let aligned =
            planar(&face, [0, 1, 2], [0.0; 3], [1.0; 3]).map_err(vision_error(&self.net))?;
        let side = SIDE as usize;
        let mut both = aligned;
        let mirrored: Vec<f32> = both
            .chunks_exact(side)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        both.extend(mirrored);
        let outputs = self.net.run(&[2, 3, side, side], both)?;
        let values = match outputs.as_slice() {
            [out] if out.shape == [2, 128] => &out.data,
            _ => return Err(self.net.error("expected two embeddings of 128 numbers")),
        };
        let (face, mirror) = values.split_at(128);
        Ok(Embedding(
            face.iter()
                .zip(mirror)
                .map(|(a, b)| f32::midpoint(*a, *b))
                .collect(),
        ))
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}
