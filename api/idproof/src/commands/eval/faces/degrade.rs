//! A photograph as it comes back from a document: small, printed in grey, under a fine pattern.
//!
//! Modelled after portraits on cards photographed with a telephone: 40 pixels between the eyes,
//! little colour, less contrast, the fine lines of security print, grain, a slight blur. It stands
//! for that kind of picture; it is no measurement of a given printer.

use idproof_ports::{Landmarks, RgbImage};

/// Pixels between the eyes.
const EYES: f32 = 40.0;
/// How much colour is left.
const COLOUR: f32 = 0.2;
/// Contrast and the grey that is added.
const CONTRAST: (f32, f32) = (0.7, 45.0);
/// Strength and width of the lines, in grey levels and pixels.
const LINES: (f32, f32) = (6.0, 3.3);
/// Standard deviation of the grain, in grey levels.
const GRAIN: f32 = 6.0;

/// `None` where the points lie on one another.
pub fn printed(image: &RgbImage, landmarks: &Landmarks, seed: u64) -> Option<RgbImage> {
    let [left, right, ..] = landmarks.five();
    let eyes = left.distance(right);
    if !eyes.is_finite() || eyes < 2.0 {
        return None;
    }
    let by = (EYES / eyes).min(1.0);
    let size = |side: u32| ((side as f32 * by) as usize).max(8);
    let (width, height) = (size(image.width()), size(image.height()));
    let small = shrunk(image, width, height);
    let mut noise = Noise(seed);
    let mut out = Vec::with_capacity(width * height * 3);
    for (i, rgb) in small.chunks_exact(3).enumerate() {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        let phase = std::f32::consts::TAU * (0.7 * x + y) / LINES.1;
        let marks = LINES.0 * phase.sin() + GRAIN * noise.normal();
        for channel in rgb {
            let mixed = COLOUR * channel + (1.0 - COLOUR) * grey;
            out.push(mixed * CONTRAST.0 + CONTRAST.1 + marks);
        }
    }
    let soft = blurred(&out, width, height);
    RgbImage::from_raw(width as u32, height as u32, soft)
}

/// The mean over each target pixel's area.
fn shrunk(image: &RgbImage, width: usize, height: usize) -> Vec<f32> {
    let (from_w, from_h) = (image.width() as usize, image.height() as usize);
    let edge = |i: usize, of: usize, from: usize| (i * from / of, ((i + 1) * from).div_ceil(of));
    let mut out = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let (top, bottom) = edge(y, height, from_h);
        for x in 0..width {
            let (left, right) = edge(x, width, from_w);
            let mut sum = [0_u32; 3];
            for row in top..bottom {
                let line = &image.data()[(row * from_w + left) * 3..(row * from_w + right) * 3];
                for rgb in line.chunks_exact(3) {
                    (0..3).for_each(|c| sum[c] += u32::from(rgb[c]));
                }
            }
            let count = ((bottom - top) * (right - left)).max(1) as f32;
            out.extend(sum.map(|s| s as f32 / count));
        }
    }
    out
}

/// A binomial blur, 3 by 3 (deviation 0.7 pixels).
fn blurred(data: &[f32], width: usize, height: usize) -> Vec<u8> {
    let at = |x: usize, y: usize, c: usize| data[(y * width + x) * 3 + c];
    let mut out = Vec::with_capacity(data.len());
    for y in 0..height {
        let rows = [
            (y.saturating_sub(1), 0.25),
            (y, 0.5),
            ((y + 1).min(height - 1), 0.25),
        ];
        for x in 0..width {
            let columns = [
                (x.saturating_sub(1), 0.25),
                (x, 0.5),
                ((x + 1).min(width - 1), 0.25),
            ];
            for c in 0..3 {
                let mut sum = 0.0;
                for (row, v) in rows {
                    for (column, h) in columns {
                        sum += v * h * at(column, row, c);
                    }
                }
                out.push(sum.clamp(0.0, 255.0) as u8);
            }
        }
    }
    out
}

/// Seeded grain: SplitMix64 (Steele et al. 2014), twelve uniform numbers to a normal one.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
    }

    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_ports::Point;

    fn face(eyes: f32) -> Landmarks {
        let mut points = [Point::default(); 68];
        (42..48).for_each(|i| points[i] = Point::new(eyes, 0.0));
        Landmarks { points }
    }

    #[test]
    fn the_print_is_small_and_nearly_grey_and_the_same_every_time() {
        let image = RgbImage::from_raw(200, 100, [200, 40, 40].repeat(20_000)).unwrap();
        let print = printed(&image, &face(80.0), 3).unwrap();
        assert_eq!((print.width(), print.height()), (100, 50));
        let mean = |c: usize| {
            let all = print.data().iter().skip(c).step_by(3);
            all.map(|v| f32::from(*v)).sum::<f32>() / 5_000.0
        };
        let (red, green) = (mean(0), mean(1));
        assert!(red - green > 10.0 && red - green < 40.0, "{red} {green}");
        assert_eq!(printed(&image, &face(80.0), 3).unwrap(), print);
        assert_ne!(printed(&image, &face(80.0), 4).unwrap(), print);
        assert!(printed(&image, &face(0.0), 3).is_none());
    }
}
