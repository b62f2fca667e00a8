//! Finds text with PP-OCR's detector (differentiable binarisation, arXiv:1911.08947).

use idproof_ports::{ModelError, ModelIdentity, Point, RgbImage};
use opencv::core::{Mat, Point as PixelPoint, Rect as PixelRect, Scalar, Vector};
use opencv::imgproc;
use opencv::prelude::*;

use super::strip::Strip;
use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{affine, planar, scale as scale_image, thumbnail, to_i32, view};

/// Probability from which a pixel is text.
const PIXEL: f32 = 0.3;
/// Mean probability from which a box is text.
const BOX: f64 = 0.5;
/// The network learns shrunken boxes: area times this over perimeter is put back.
const UNCLIP: f32 = 1.6;
/// Boxes thinner than this, in pixels of the network's picture, are noise.
const THINNEST: f32 = 3.0;
/// Boxes kept of one picture.
const MOST: usize = 400;

/// Input `[1, 3, h, w]` BGR in -1..=1, sides multiples of 32; output `[1, 1, h, w]`, the
/// probability of text.
pub(super) struct Detector {
    net: Net,
}

impl Detector {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }

    pub fn identity(&self) -> &ModelIdentity {
        self.net.identity()
    }

    /// Every strip of text, in pixels of the image, its angle within ±90° of upright.
    /// `part`: where it is looked for; `side` is what the longer side of the whole image is scaled to; `turn` is the
    /// direction, in radians, of the text to be found best: the picture is turned so that it lies level.
    pub fn find(
        &mut self,
        image: &RgbImage,
        part: PixelRect,
        side: i32,
        turn: f32,
    ) -> Result<Vec<Strip>, ModelError> {
        let picture = shrink(image, part, side).map_err(vision_error(&self.net))?;
        self.strips_of(picture, part, turn)
    }

    /// The same of the whole picture, from a few of its pixels: enough to tell that there is print.
    pub fn glance(&mut self, image: &RgbImage, side: i32) -> Result<Vec<Strip>, ModelError> {
        let (width, height) = size(image, whole(image), side);
        let few = view(image).and_then(|all| thumbnail(&all, width, height));
        self.strips_of(few.map_err(vision_error(&self.net))?, whole(image), 0.0)
    }

    /// `picture`: what shows the part.
    fn strips_of(
        &mut self,
        picture: Mat,
        part: PixelRect,
        turn: f32,
    ) -> Result<Vec<Strip>, ModelError> {
        let prepare = || -> opencv::Result<(Turned, Vec<f32>)> {
            let turned = Turned::new(picture, turn)?;
            let data = planar(&turned.picture, [2, 1, 0], [127.5; 3], [1.0 / 127.5; 3])?;
            Ok((turned, data))
        };
        let (turned, data) = prepare().map_err(vision_error(&self.net))?;
        let size = turned.picture.size().map_err(vision_error(&self.net))?;
        let (w, h) = (size.width as usize, size.height as usize);
        let outputs = self.net.run(&[1, 3, h, w], data)?;
        let Some(map) = outputs.first().filter(|o| o.data.len() == w * h) else {
            return Err(self.net.error("expected one map of the input's size"));
        };
        let found = strips(&map.data, w).map_err(vision_error(&self.net))?;
        let scale = (
            part.width as f32 / turned.before.0,
            part.height as f32 / turned.before.1,
        );
        let back = |strip: Strip| {
            let mut strip = scaled(turned.back(strip), scale);
            strip.centre.x += part.x as f32;
            strip.centre.y += part.y as f32;
            strip
        };
        Ok(found.into_iter().map(back).collect())
    }
}

/// A picture turned about its centre so that text in a given direction lies level.
struct Turned {
    picture: Mat,
    angle: f32,
    /// Width and height before.
    before: (f32, f32),
}

impl Turned {
    /// The corners that turn in are the border repeated; sides become multiples of 32.
    fn new(picture: Mat, angle: f32) -> opencv::Result<Self> {
        let before = (picture.cols() as f32, picture.rows() as f32);
        if angle.abs() < 0.01 {
            return Ok(Self {
                picture,
                angle: 0.0,
                before,
            });
        }
        let (sin, cos) = angle.sin_cos();
        let fit = |v: f32| ((v / 32.0).round() as i32 * 32).max(32);
        let width = fit(before.0 * cos.abs() + before.1 * sin.abs());
        let height = fit(before.0 * sin.abs() + before.1 * cos.abs());
        // OpenCV's pixel centres are whole numbers.
        let half = |v: f64| (v - 1.0) / 2.0;
        let (cx, cy) = (half(f64::from(before.0)), half(f64::from(before.1)));
        let (tx, ty) = (half(f64::from(width)), half(f64::from(height)));
        let (sin, cos) = (f64::from(sin), f64::from(cos));
        let matrix = [
            [cos, sin, tx - cos * cx - sin * cy],
            [-sin, cos, ty + sin * cx - cos * cy],
        ];
        Ok(Self {
            picture: affine(&picture, matrix, width, height)?,
            angle,
            before,
        })
    }

    /// A strip of the turned picture in the one before.
    fn back(&self, strip: Strip) -> Strip {
        let (sin, cos) = self.angle.sin_cos();
        let x = strip.centre.x - self.picture.cols() as f32 / 2.0;
        let y = strip.centre.y - self.picture.rows() as f32 / 2.0;
        Strip {
            centre: Point::new(
                x * cos - y * sin + self.before.0 / 2.0,
                x * sin + y * cos + self.before.1 / 2.0,
            ),
            angle: upright(strip.angle + self.angle),
            ..strip
        }
    }
}

/// The whole of an image.
pub(super) fn whole(image: &RgbImage) -> PixelRect {
    PixelRect::new(0, 0, to_i32(image.width()), to_i32(image.height()))
}

/// The part of a picture at the scale that brings the whole to `side`.
fn shrink(image: &RgbImage, part: PixelRect, side: i32) -> opencv::Result<Mat> {
    let (width, height) = size(image, part, side);
    scale_image(&Mat::roi(&view(image)?, part)?, width, height)
}

/// Width and height of the part where the picture's longer side is `side` (at most doubled); multiples of 32.
fn size(image: &RgbImage, part: PixelRect, side: i32) -> (i32, i32) {
    let longer = to_i32(image.width().max(image.height()));
    let scale = (f64::from(side) / f64::from(longer)).min(2.0);
    let fit = |v: i32| (((f64::from(v) * scale / 32.0).round() as i32) * 32).clamp(32, side);
    (fit(part.width), fit(part.height))
}

/// The text of a probability map, in its pixels.
fn strips(map: &[f32], width: usize) -> opencv::Result<Vec<Strip>> {
    let flat = Mat::from_slice(map)?;
    let probability = flat.reshape(1, to_i32((map.len() / width) as u32))?;
    let bits: Vec<u8> = map.iter().map(|p| u8::from(*p > PIXEL) * 255).collect();
    let bits = Mat::from_slice(&bits)?;
    let bits = bits.reshape(1, probability.rows())?;
    let mut contours: Vector<Vector<PixelPoint>> = Vector::new();
    imgproc::find_contours(
        &bits,
        &mut contours,
        imgproc::RETR_LIST,
        imgproc::CHAIN_APPROX_SIMPLE,
        PixelPoint::new(0, 0),
    )?;
    let mut found = Vec::new();
    for contour in contours.iter().take(4 * MOST) {
        let rect = imgproc::min_area_rect(&contour)?;
        let (w, h) = (rect.size.width + 1.0, rect.size.height + 1.0);
        if w.min(h) < THINNEST || mean_inside(&probability, &contour)? < BOX {
            continue;
        }
        let grow = w * h * UNCLIP / (2.0 * (w + h));
        let degrees = rect.angle;
        let across = if w >= h { degrees } else { degrees + 90.0 };
        let strip = Strip {
            centre: Point::new(rect.center.x + 0.5, rect.center.y + 0.5),
            angle: upright(across.to_radians()),
            length: w.max(h),
            thickness: w.min(h),
        };
        found.push(strip.grown(grow));
        if found.len() == MOST {
            break;
        }
    }
    Ok(found)
}

/// Brings an angle within ±90°.
fn upright(angle: f32) -> f32 {
    let pi = std::f32::consts::PI;
    let angle = angle.rem_euclid(pi);
    if angle > pi / 2.0 { angle - pi } else { angle }
}

/// From the network's picture to the image; the two scales differ by rounding only.
fn scaled(strip: Strip, (sx, sy): (f32, f32)) -> Strip {
    let mean = (sx * sy).sqrt();
    Strip {
        centre: Point::new(strip.centre.x * sx, strip.centre.y * sy),
        length: strip.length * mean,
        thickness: strip.thickness * mean,
        ..strip
    }
}

/// Mean probability inside a contour.
fn mean_inside(
    probability: &impl MatTraitConst,
    contour: &Vector<PixelPoint>,
) -> opencv::Result<f64> {
    let bounds: PixelRect = imgproc::bounding_rect(contour)?;
    let mut mask = Mat::zeros(bounds.height, bounds.width, opencv::core::CV_8UC1)?.to_mat()?;
    let mut polygons: Vector<Vector<PixelPoint>> = Vector::new();
    polygons.push(contour.clone());
    imgproc::fill_poly(
        &mut mask,
        &polygons,
        Scalar::all(255.0),
        imgproc::LINE_8,
        0,
        PixelPoint::new(-bounds.x, -bounds.y),
    )?;
    let part = Mat::roi(probability, bounds)?;
    Ok(opencv::core::mean(&part, &mask)?[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_picture_maps_back() {
        let mut picture =
            Mat::new_rows_cols_with_default(96, 160, opencv::core::CV_8UC3, Scalar::all(0.0))
                .unwrap();
        // A bar along 0.4 radians through the centre.
        imgproc::line(
            &mut picture,
            PixelPoint::new(80 - 37, 48 - 16),
            PixelPoint::new(80 + 37, 48 + 16),
            Scalar::all(255.0),
            5,
            imgproc::LINE_8,
            0,
        )
        .unwrap();
        let turned = Turned::new(picture, 0.4).unwrap();
        let (w, h) = (turned.picture.cols() as usize, turned.picture.rows());
        let map: Vec<f32> = turned
            .picture
            .data_bytes()
            .unwrap()
            .chunks_exact(3)
            .map(|p| f32::from(p[0]) / 255.0)
            .collect();
        assert_eq!(h % 32, 0);
        let found = strips(&map, w).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].angle.abs() < 0.03, "{:?}", found[0]);
        let back = turned.back(found[0]);
        assert!((back.angle - 0.4).abs() < 0.03);
        assert!(
            back.centre.distance(Point::new(80.5, 48.5)) < 1.0,
            "{back:?}"
        );
    }
}
