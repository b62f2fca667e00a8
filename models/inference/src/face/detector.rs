use idproof_ports::{Face, FaceFinder, ModelError, ModelIdentity, Rect, RgbImage};
use opencv::core::{Mat, Scalar, Size};
use opencv::imgproc;

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{planar, to_i32, view};

/// Side of the network's square input.
const SIDE: i32 = 512;
/// Detections below this confidence are dropped (face-api's SSD, measured in `models/README.md`).
const MIN_SCORE: f32 = 0.3;
/// Overlap from which the weaker of two boxes is the same face.
const MAX_OVERLAP: f32 = 0.5;

/// face-api's SSD MobileNet v1. Input `[1, 3, 512, 512]` RGB 0..255, image scaled to fit and
/// padded right and bottom; outputs `boxes [1, 5118, 4]` (ymin, xmin, ymax, xmax as fractions
/// of the square) and `scores [1, 5118]`.
pub struct SsdFaceFinder {
    net: Net,
}

impl SsdFaceFinder {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }

    fn prepare(&self, image: &RgbImage, scale: f64) -> opencv::Result<Vec<f32>> {
        let source = view(image)?;
        let fit = |side: u32| ((f64::from(side) * scale).round() as i32).clamp(1, SIDE);
        let (w, h) = (fit(image.width()), fit(image.height()));
        let mut small = Mat::default();
        let how = if scale < 0.5 {
            imgproc::INTER_AREA
        } else {
            imgproc::INTER_LINEAR
        };
        imgproc::resize(&source, &mut small, Size::new(w, h), 0.0, 0.0, how)?;
        let mut square = Mat::default();
        opencv::core::copy_make_border(
            &small,
            &mut square,
            0,
            SIDE - h,
            0,
            SIDE - w,
            opencv::core::BORDER_CONSTANT,
            Scalar::default(),
        )?;
        planar(&square, [0, 1, 2], [0.0; 3], [1.0; 3])
    }
}

impl FaceFinder for SsdFaceFinder {
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
        let longer = to_i32(image.width().max(image.height()));
        let scale = f64::from(SIDE) / f64::from(longer);
        let data = self
            .prepare(image, scale)
            .map_err(vision_error(&self.net))?;
        let outputs = self.net.run(&[1, 3, SIDE as usize, SIDE as usize], data)?;
        let [boxes, scores] = outputs.as_slice() else {
            return Err(self.net.error("expected the outputs boxes and scores"));
        };
        if boxes.data.len() != scores.data.len() * 4 {
            return Err(self.net.error("boxes and scores differ in number"));
        }
        let factor = longer as f32;
        let mut faces: Vec<Face> = boxes
            .data
            .chunks_exact(4)
            .zip(&scores.data)
            .filter(|&(_, &score)| score >= MIN_SCORE)
            .map(|(b, &score)| Face {
                bounds: Rect {
                    x: b[1] * factor,
                    y: b[0] * factor,
                    width: (b[3] - b[1]) * factor,
                    height: (b[2] - b[0]) * factor,
                },
                score,
            })
            .filter(|f| f.bounds.width >= 2.0 && f.bounds.height >= 2.0)
            .collect();
        suppress(&mut faces);
        Ok(faces)
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}

/// Keeps the best of overlapping boxes, best first.
fn suppress(faces: &mut Vec<Face>) {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in faces.drain(..) {
        if kept
            .iter()
            .all(|k| k.bounds.iou(&face.bounds) < MAX_OVERLAP)
        {
            kept.push(face);
        }
    }
    *faces = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, score: f32) -> Face {
        Face {
            bounds: Rect {
                x,
                y: 0.0,
                width: 10.0,
                height: 10.0,
            },
            score,
        }
    }

    #[test]
    fn overlapping_boxes_are_one_face() {
        let mut faces = vec![face(0.0, 0.5), face(1.0, 0.9), face(50.0, 0.4)];
        suppress(&mut faces);
        assert_eq!(
            faces.iter().map(|f| f.score).collect::<Vec<_>>(),
            [0.9, 0.4]
        );
    }
}
