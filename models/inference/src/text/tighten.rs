//! Fits strips to the print in them: the detector's boxes are coarse, and the recogniser
//! reads best what fills its height and lies level.

use idproof_ports::{Point, RgbImage};
use opencv::core::Vec3b;
use opencv::prelude::*;

use super::strip::Strip;

/// Height of the picture that is looked at; its width is limited.
const HEIGHT: i32 = 48;
const WIDEST: i32 = 1000;
/// Share of the busiest line from which a line of pixels belongs to the print.
const BUSY: f32 = 0.3;
/// The fitted strip is so much thicker than the print.
const MARGIN: f32 = 1.45;
/// And so many heights of the print longer.
const END: f32 = 0.7;
/// Print lower than this share of the strip, or a slope steeper than this share of its
/// thickness over half its length, was not understood: the strip stays.
const LOWEST: f32 = 0.25;
const STEEPEST: f32 = 0.5;

/// Each strip fitted to its print; one that shows none stays as it is.
pub(super) fn rows(image: &RgbImage, strips: &[Strip]) -> opencv::Result<Vec<Strip>> {
    strips.iter().map(|s| fitted(image, s)).collect()
}

fn fitted(image: &RgbImage, strip: &Strip) -> opencv::Result<Strip> {
    let width = ((strip.aspect() * HEIGHT as f32) as i32).clamp(HEIGHT, WIDEST);
    let cut = strip.cut(image, width, HEIGHT)?;
    let pixels = cut.data_typed::<Vec3b>()?;
    let half = (width / 2) as usize;
    let left = band(pixels, width as usize, 0..half);
    let right = band(pixels, width as usize, half..width as usize);
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(*strip);
    };
    let share = |v: f32| v / HEIGHT as f32;
    let height = share(left.1.max(right.1));
    let slope = share(right.0 - left.0);
    if height < LOWEST || slope.abs() > STEEPEST {
        return Ok(*strip);
    }
    // Half a length lies between the middles of the halves.
    let across = (share((left.0 + right.0) / 2.0) - 0.5) * strip.thickness;
    let (ux, uy) = strip.along();
    Ok(Strip {
        centre: Point::new(strip.centre.x - across * uy, strip.centre.y + across * ux),
        angle: strip.angle + (slope * strip.thickness).atan2(strip.length / 2.0),
        // The first and last characters lose their outer half to a box that ends on them.
        length: strip.length + END * height * strip.thickness,
        thickness: (height * MARGIN).min(1.0) * strip.thickness,
    })
}

/// Middle and height, in lines of pixels, of the print between two columns: where
/// brightness changes most along the lines.
fn band(pixels: &[Vec3b], width: usize, columns: std::ops::Range<usize>) -> Option<(f32, f32)> {
    let light = |p: &Vec3b| f32::from(p[0]) + f32::from(p[1]) + f32::from(p[2]);
    let busy: Vec<f32> = pixels
        .chunks_exact(width)
        .map(|line| {
            let line = &line[columns.clone()];
            line.windows(2)
                .map(|w| (light(&w[1]) - light(&w[0])).abs())
                .sum()
        })
        .collect();
    let least = busy.iter().copied().fold(f32::INFINITY, f32::min);
    let (peak, most) = busy
        .iter()
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let enough = least + BUSY * (most - least);
    let above = busy[..peak].iter().rev().take_while(|v| **v >= enough);
    let below = busy[peak..].iter().take_while(|v| **v >= enough);
    let (first, last) = (peak - above.count(), peak + below.count());
    (most > 0.0).then(|| ((first + last) as f32 / 2.0, (last - first) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes of print about a line that falls by `fall` pixels over 400.
    fn print(fall: f32) -> RgbImage {
        let mut data = vec![230_u8; 400 * 100 * 3];
        for x in 0..400_usize {
            let middle = 50.0 + (x as f32 / 400.0 - 0.5) * fall;
            for y in 0..100_usize {
                if (y as f32 + 0.5 - middle).abs() < 8.0 && x % 10 < 4 {
                    data[(y * 400 + x) * 3..][..3].fill(20);
                }
            }
        }
        RgbImage::from_raw(400, 100, data).unwrap()
    }

    fn strip() -> Strip {
        Strip {
            centre: Point::new(200.0, 54.0),
            angle: 0.0,
            length: 380.0,
            thickness: 40.0,
        }
    }

    #[test]
    fn a_strip_is_fitted_to_its_print() {
        let fit = rows(&print(0.0), &[strip()]).unwrap()[0];
        assert!((fit.centre.y - 50.0).abs() < 1.5, "{fit:?}");
        assert!((fit.thickness - 16.0 * MARGIN).abs() < 3.0, "{fit:?}");
        assert!(fit.angle.abs() < 0.005);
    }

    #[test]
    fn its_slope_is_followed() {
        let fit = rows(&print(12.0), &[strip()]).unwrap()[0];
        assert!((fit.angle - 12.0 / 400.0).abs() < 0.008, "{fit:?}");
    }

    #[test]
    fn a_strip_without_print_stays() {
        let blank = RgbImage::from_raw(400, 100, vec![200; 400 * 100 * 3]).unwrap();
        assert_eq!(rows(&blank, &[strip()]).unwrap()[0], strip());
    }
}
