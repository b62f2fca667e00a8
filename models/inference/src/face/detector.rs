use idproof_ports::{Face, FaceFinder, ModelError, ModelIdentity, Rect, RgbImage};
use opencv::core::{Mat, Scalar};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Output, Runtime};
use crate::vision::{planar, thumbnail, to_i32, view};

/// Side of the network's square input.
const SIDE: i32 = 256;
/// Detections below this confidence are dropped.
const MIN_SCORE: f32 = 0.5;
/// Overlap from which the weaker of two boxes is the same face.
const MAX_OVERLAP: f32 = 0.3;
/// Anchors: (cells a side, anchors a cell), in the order of the outputs.
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];
/// Numbers a box: centre offset, size, six points.
const BOX: usize = 16;

/// MediaPipe's BlazeFace (back camera) as published with `@vladmandic/human`. Input
/// `[1, 3, 256, 256]` RGB 0..255, the image padded evenly to a square; outputs two pairs of
/// logits and boxes relative to fixed anchors (BlazeFace, arXiv:1907.05047).
pub struct BlazeFaceFinder {
    net: Net,
}

impl BlazeFaceFinder {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }
}

/// How the image lies in the square.
struct Fit {
    scale: f32,
    left: i32,
    top: i32,
}

fn prepare(image: &RgbImage) -> opencv::Result<(Vec<f32>, Fit)> {
    let longer = to_i32(image.width().max(image.height()));
    let scale = SIDE as f32 / longer as f32;
    let fit = |side: u32| ((side as f32 * scale).round() as i32).clamp(1, SIDE);
    let (w, h) = (fit(image.width()), fit(image.height()));
    let small = thumbnail(&view(image)?, w, h)?;
    let (left, top) = ((SIDE - w) / 2, (SIDE - h) / 2);
    let mut square = Mat::default();
    opencv::core::copy_make_border(
        &small,
        &mut square,
        top,
        SIDE - h - top,
        left,
        SIDE - w - left,
        opencv::core::BORDER_CONSTANT,
        Scalar::default(),
    )?;
    let data = planar(&square, [0, 1, 2], [0.0; 3], [1.0; 3])?;
    Ok((data, Fit { scale, left, top }))
}

impl FaceFinder for BlazeFaceFinder {
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
        let (data, fit) = prepare(image).map_err(vision_error(&self.net))?;
        let outputs = self.net.run(&[1, 3, SIDE as usize, SIDE as usize], data)?;
        let [logits_16, boxes_16, logits_8, boxes_8] = outputs.as_slice() else {
            return Err(self.net.error("expected two pairs of logits and boxes"));
        };
        let mut faces = Vec::new();
        for ((cells, each), (logits, boxes)) in GRIDS
            .into_iter()
            .zip([(logits_16, boxes_16), (logits_8, boxes_8)])
        {
            let anchors = cells * cells * each;
            if logits.data.len() != anchors || boxes.data.len() != anchors * BOX {
                return Err(self.net.error("the outputs do not fit the anchors"));
            }
            decode(logits, boxes, cells, each, &fit, &mut faces);
        }
        suppress(&mut faces);
        Ok(faces)
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}

fn decode(
    logits: &Output,
    boxes: &Output,
    cells: usize,
    each: usize,
    fit: &Fit,
    faces: &mut Vec<Face>,
) {
    let stride = SIDE as f32 / cells as f32;
    for (i, (logit, b)) in logits
        .data
        .iter()
        .zip(boxes.data.chunks_exact(BOX))
        .enumerate()
    {
        let score = 1.0 / (1.0 + (-logit).exp());
        if score < MIN_SCORE {
            continue;
        }
        let cell = i / each;
        let x = b[0] + stride * ((cell % cells) as f32 + 0.5) - fit.left as f32;
        let y = b[1] + stride * ((cell / cells) as f32 + 0.5) - fit.top as f32;
        faces.push(Face {
            bounds: Rect {
                x: (x - b[2] / 2.0) / fit.scale,
                y: (y - b[3] / 2.0) / fit.scale,
                width: b[2] / fit.scale,
                height: b[3] / fit.scale,
            },
            score,
        });
    }
    faces.retain(|f| f.bounds.width >= 2.0 && f.bounds.height >= 2.0);
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
        let scores: Vec<f32> = faces.iter().map(|f| f.score).collect();
        assert_eq!(scores, [0.9, 0.4]);
    }
}
