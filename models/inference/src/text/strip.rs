//! Strips: rotated boxes around text, and how they are cut out of an image.

use idproof_ports::{Point, RgbImage};
use opencv::core::{Mat, Size};
use opencv::imgproc;

use crate::vision::{affine, view};

/// A rotated box. `angle` is the reading direction in radians, clockwise from the image's
/// x axis (y points down); `length` lies along it and `thickness` across, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strip {
    pub centre: Point,
    pub angle: f32,
    pub length: f32,
    pub thickness: f32,
}

impl Strip {
    /// The box with these corners, as [`Self::corners`] gives them.
    pub fn with(corners: &[Point; 4]) -> Self {
        let [a, b, c, d] = *corners;
        Self {
            centre: Point::new((a.x + b.x + c.x + d.x) / 4.0, (a.y + b.y + c.y + d.y) / 4.0),
            angle: (b.y - a.y).atan2(b.x - a.x),
            length: a.distance(b),
            thickness: b.distance(c),
        }
    }

    /// Length over thickness.
    pub fn aspect(&self) -> f32 {
        self.length / self.thickness.max(1e-3)
    }

    /// Reading direction as a unit vector.
    pub fn along(&self) -> (f32, f32) {
        (self.angle.cos(), self.angle.sin())
    }

    /// Corners clockwise from the text's own top left.
    pub fn corners(&self) -> [Point; 4] {
        let (ux, uy) = self.along();
        [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(a, b)| {
            let (a, b) = (a * self.length, b * self.thickness);
            Point::new(
                self.centre.x + a * ux - b * uy,
                self.centre.y + a * uy + b * ux,
            )
        })
    }

    /// The same box read from the other end.
    pub fn turned(self) -> Self {
        Self {
            angle: self.angle + std::f32::consts::PI,
            ..self
        }
    }

    /// Grown by `by` pixels on every side.
    pub fn grown(self, by: f32) -> Self {
        Self {
            length: self.length + 2.0 * by,
            thickness: self.thickness + 2.0 * by,
            ..self
        }
    }

    /// Cuts the strip out upright, `width` x `height` pixels, 8-bit RGB. Shrinking averages.
    pub fn cut(&self, image: &RgbImage, width: i32, height: i32) -> opencv::Result<Mat> {
        let shrink = f64::from(self.length) / f64::from(width.max(1));
        let shrink = shrink.min(f64::from(self.thickness) / f64::from(height.max(1)));
        // Linear interpolation sees two pixels: finer first, then averaged down.
        let finer = if shrink > 1.5 {
            (shrink.round() as i32).clamp(2, 6)
        } else {
            1
        };
        let (w, h) = (width * finer, height * finer);
        let [top_left, ..] = self.corners();
        let sx = f64::from(w) / f64::from(self.length.max(1.0));
        let sy = f64::from(h) / f64::from(self.thickness.max(1.0));
        let (ux, uy) = self.along();
        let (ux, uy) = (f64::from(ux), f64::from(uy));
        // OpenCV's pixel centres are whole numbers; ours lie at one half.
        let (x0, y0) = (f64::from(top_left.x), f64::from(top_left.y));
        let row = |cx: f64, cy: f64| [cx, cy, cx * (0.5 - x0) + cy * (0.5 - y0) - 0.5];
        let out = affine(
            &view(image)?,
            [row(sx * ux, sx * uy), row(-sy * uy, sy * ux)],
            w,
            h,
        )?;
        if finer == 1 {
            return Ok(out);
        }
        let mut small = Mat::default();
        let size = Size::new(width, height);
        imgproc::resize(&out, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        Ok(small)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opencv::core::Vec3b;
    use opencv::prelude::*;

    #[test]
    fn corners_run_clockwise_from_the_text_s_own_top_left() {
        let strip = Strip {
            centre: Point::new(10.0, 20.0),
            angle: 0.0,
            length: 8.0,
            thickness: 4.0,
        };
        assert_eq!(strip.corners()[0], Point::new(6.0, 18.0));
        assert_eq!(strip.corners()[2], Point::new(14.0, 22.0));
        let again = Strip::with(&strip.corners());
        assert!(again.centre.distance(strip.centre) < 1e-4 && again.angle.abs() < 1e-4);
        assert!((again.length - 8.0).abs() < 1e-4 && (again.thickness - 4.0).abs() < 1e-4);
        let turned = strip.turned().corners();
        assert!((turned[0].x - 14.0).abs() < 1e-4 && (turned[0].y - 22.0).abs() < 1e-4);
    }

    #[test]
    fn an_upright_cut_copies_pixels_and_a_turned_one_reverses_them() {
        let data: Vec<u8> = (0..12u8 * 6).flat_map(|i| [i, i, i]).collect();
        let image = RgbImage::from_raw(12, 6, data).unwrap();
        let strip = Strip {
            centre: Point::new(5.0, 3.0),
            angle: 0.0,
            length: 6.0,
            thickness: 2.0,
        };
        let cut = strip.cut(&image, 6, 2).unwrap();
        assert_eq!(cut.at_2d::<Vec3b>(0, 0).unwrap()[0], 2 * 12 + 2);
        assert_eq!(cut.at_2d::<Vec3b>(1, 5).unwrap()[0], 3 * 12 + 7);
        let cut = strip.turned().cut(&image, 6, 2).unwrap();
        assert_eq!(cut.at_2d::<Vec3b>(0, 0).unwrap()[0], 3 * 12 + 7);
    }
}
