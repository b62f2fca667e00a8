use idproof_ports::{CarefulFinder, Face, ModelError, ModelIdentity, Point, Rect, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Output, Runtime};
use crate::vision::{crop_resize, planar, scale};

/// Strides of the three output levels.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Overlap from which the weaker of two boxes is the same face.
const MAX_OVERLAP: f32 = 0.3;
/// Side of the square in which points are looked for, and the face boxes that it spans: the
/// network is surest at faces of this size, and the mean of three looks steadier than one.
const POINT_SIDE: i32 = 160;
const POINT_SPANS: [f32; 3] = [1.6, 2.0, 2.6];
/// Ways to look, in order, until one shows a face: side of the square the picture is scaled
/// into, margin added all round as a share of the longer side, least score.
const LOOKS: [(i32, f32, f32); 4] = [
    (320, 0.0, 0.6),
    (320, 0.3, 0.5),
    (320, 0.6, 0.4),
    (640, 0.1, 0.4),
];

/// YuNet (libfacedetection.train). Input `[1, 3, H, W]` BGR 0..255, sides multiples of 32;
/// twelve outputs: class, object, box and points at strides 8, 16 and 32.
pub struct YuNet {
    net: Net,
}

impl YuNet {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }

    /// Faces in the square `area` of the image, scaled to `side`; in pixels of the image.
    fn look(
        &mut self,
        image: &RgbImage,
        area: &Rect,
        side: i32,
        least: f32,
    ) -> Result<Vec<(Face, [Point; 5])>, ModelError> {
        // Sampled finer and averaged: a plain crop of a large face would alias.
        let finer = ((area.width / side as f32) as i32).clamp(1, 4);
        let data = crop_resize(image, area, side * finer, side * finer)
            .and_then(|m| {
                if finer > 1 {
                    scale(&m, side, side)
                } else {
                    Ok(m)
                }
            })
            .and_then(|m| planar(&m, [2, 1, 0], [0.0; 3], [1.0; 3]))
            .map_err(vision_error(&self.net))?;
        let side = side as usize;
        let outputs = self.net.run(&[1, 3, side, side], data)?;
        let found = decode(&outputs, side, least)
            .ok_or_else(|| self.net.error("the outputs do not fit the strides"))?;
        let by = area.width / side as f32;
        let back = |p: Point| Point::new(area.x + p.x * by, area.y + p.y * by);
        Ok(found
            .into_iter()
            .map(|(face, five)| {
                let corner = back(Point::new(face.bounds.x, face.bounds.y));
                let bounds = Rect {
                    x: corner.x,
                    y: corner.y,
                    width: face.bounds.width * by,
                    height: face.bounds.height * by,
                };
                (Face { bounds, ..face }, five.map(back))
            })
            .collect())
    }
}

impl CarefulFinder for YuNet {
    fn search(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
        let (w, h) = (image.width() as f32, image.height() as f32);
        for (side, margin, least) in LOOKS {
            let span = w.max(h) * (1.0 + 2.0 * margin);
            let area = Rect {
                x: (w - span) / 2.0,
                y: (h - span) / 2.0,
                width: span,
                height: span,
            };
            let found = self.look(image, &area, side, least)?;
            if !found.is_empty() {
                return Ok(found.into_iter().map(|(face, _)| face).collect());
            }
        }
        Ok(Vec::new())
    }

    fn five(&mut self, image: &RgbImage, face: &Rect) -> Result<Option<[Point; 5]>, ModelError> {
        let centre = face.centre();
        let mut all = Vec::new();
        for span in POINT_SPANS {
            let span = face.width.max(face.height).max(2.0) * span;
            let area = Rect {
                x: centre.x - span / 2.0,
                y: centre.y - span / 2.0,
                width: span,
                height: span,
            };
            let found = self.look(image, &area, POINT_SIDE, 0.5)?;
            let nearest = found
                .into_iter()
                .map(|(f, five)| (f.bounds.iou(face), five))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            all.extend(nearest.filter(|(iou, _)| *iou > 0.2).map(|(_, five)| five));
        }
        Ok(mean_of(&all))
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}

/// `None` of none.
fn mean_of(all: &[[Point; 5]]) -> Option<[Point; 5]> {
    let n = all.len() as f32;
    let mean = |i: usize| {
        let (x, y) = all
            .iter()
            .fold((0.0, 0.0), |(x, y), p| (x + p[i].x, y + p[i].y));
        Point::new(x / n, y / n)
    };
    (!all.is_empty()).then(|| [0, 1, 2, 3, 4].map(mean))
}

type Found = Vec<(Face, [Point; 5])>;

/// Outputs in the model's order: cls, obj, bbox, kps, each at every stride.
fn decode(outputs: &[Output], side: usize, least: f32) -> Option<Found> {
    if outputs.len() != 4 * STRIDES.len() {
        return None;
    }
    let mut all = Vec::new();
    for (level, stride) in STRIDES.into_iter().enumerate() {
        let cells = side / stride;
        let of = |kind: usize| &outputs[kind * STRIDES.len() + level].data;
        let (class, object, boxes, points) = (of(0), of(1), of(2), of(3));
        let count = cells * cells;
        let fits = class.len() == count
            && object.len() == count
            && boxes.len() == count * 4
            && points.len() == count * 10;
        if !fits {
            return None;
        }
        for i in 0..count {
            let score = (class[i] * object[i]).max(0.0).sqrt();
            if score < least {
                continue;
            }
            let cell = ((i % cells) as f32, (i / cells) as f32);
            all.push(face(
                score,
                cell,
                &boxes[i * 4..i * 4 + 4],
                &points[i * 10..i * 10 + 10],
                stride as f32,
            ));
        }
    }
    Some(suppress(all))
}

fn face(score: f32, cell: (f32, f32), b: &[f32], k: &[f32], stride: f32) -> (Face, [Point; 5]) {
    let (width, height) = (b[2].exp() * stride, b[3].exp() * stride);
    let mut five = [Point::default(); 5];
    for (point, xy) in five.iter_mut().zip(k.chunks_exact(2)) {
        *point = Point::new((xy[0] + cell.0) * stride, (xy[1] + cell.1) * stride);
    }
    let bounds = Rect {
        x: (cell.0 + b[0]) * stride - width / 2.0,
        y: (cell.1 + b[1]) * stride - height / 2.0,
        width,
        height,
    };
    (Face { bounds, score }, five)
}

/// Keeps the best of overlapping boxes, best first.
fn suppress(mut all: Found) -> Found {
    all.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
    let mut kept: Found = Vec::new();
    for one in all {
        if kept
            .iter()
            .all(|k| k.0.bounds.iou(&one.0.bounds) < MAX_OVERLAP)
        {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One cell that speaks, at stride 16 of a square of 64.
    fn outputs() -> Vec<Output> {
        let mut all = Vec::new();
        for numbers in [1, 1, 4, 10] {
            for stride in STRIDES {
                let cells = 64 / stride;
                all.push(Output {
                    shape: vec![1, cells * cells, numbers],
                    data: vec![0.0; cells * cells * numbers],
                });
            }
        }
        // Cell (2, 1) of 4 x 4.
        let i = 6;
        all[1].data[i] = 0.81;
        all[4].data[i] = 1.0;
        all[7].data[i * 4..i * 4 + 4].copy_from_slice(&[0.5, 0.5, 2.0_f32.ln(), 3.0_f32.ln()]);
        all[10].data[i * 10] = 0.25;
        all
    }

    #[test]
    fn a_cell_becomes_a_box_and_points() {
        let found = decode(&outputs(), 64, 0.6).unwrap();
        assert_eq!(found.len(), 1);
        let (face, five) = &found[0];
        assert!((face.score - 0.9).abs() < 1e-6);
        assert!((face.bounds.centre().x - 40.0).abs() < 1e-4);
        assert!((face.bounds.centre().y - 24.0).abs() < 1e-4);
        assert!((face.bounds.width - 32.0).abs() < 1e-4);
        assert!((face.bounds.height - 48.0).abs() < 1e-4);
        assert_eq!((five[0].x, five[0].y), (36.0, 16.0));
        assert!(decode(&outputs(), 64, 0.95).unwrap().is_empty());
    }

    #[test]
    fn outputs_of_another_size_are_refused() {
        assert!(decode(&outputs(), 96, 0.6).is_none());
        assert!(decode(&outputs()[..9], 64, 0.6).is_none());
    }
}
