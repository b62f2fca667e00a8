//! Traces of a display before the camera: fine regular patterns.
//!
//! A camera that films a display samples its rows and columns of pixels; what comes of it are
//! regular stripes (moiré). In the spectrum of the luma they are narrow peaks, where skin, cloth
//! and walls fall off smoothly.

use idproof_ports::{Rect, RgbImage};

use crate::fft;

/// Side of the square that is looked at, in pixels of the frame; a smaller frame gives half.
const SIDE: usize = 256;
/// Rows and columns looked at.
const LINES: usize = 96;
/// Samples that the local mean is taken over.
const MEAN: usize = 9;
/// Bins on each side among which a peak stands out.
const AROUND: usize = 8;

/// How far the strongest fine period round the face stands above its surroundings in the power
/// spectrum; about 2 for a natural picture. `None` for a frame that is too small.
pub(crate) fn periodicity(image: &RgbImage, face: &Rect) -> Option<f64> {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let side = [SIDE, SIDE / 2].into_iter().find(|s| w.min(h) >= *s)?;
    let centre = face.centre();
    let place = |c: f32, limit: usize| {
        let start = (c - side as f32 / 2.0).max(0.0) as usize;
        start.min(limit - side)
    };
    let (left, top) = (place(centre.x, w), place(centre.y, h));
    let luma = |x: usize, y: usize| {
        let i = ((top + y) * w + left + x) * 3;
        let [r, g, b] = [0, 1, 2].map(|c| f32::from(image.data()[i + c]));
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let transform = Transform::new(side);
    let step = (side / LINES).max(1);
    let along = |line: &dyn Fn(usize, usize) -> f32| {
        let mut power = vec![0.0; transform.bins];
        for n in (0..side).step_by(step) {
            let samples: Vec<f32> = (0..side).map(|i| line(i, n)).collect();
            transform.add_power(&samples, &mut power);
        }
        peak(&power, side)
    };
    Some(along(&|i, n| luma(i, n)).max(along(&|i, n| luma(n, i))))
}

/// The power spectrum of rows of one length, a power of two.
struct Transform {
    bins: usize,
    window: Vec<f64>,
    turn: fft::Turn,
    /// The first bin that is fine enough to be no shape of the face.
    first: usize,
}

impl Transform {
    fn new(side: usize) -> Self {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / side as f64;
        Self {
            bins: side / 2,
            window: (0..side).map(|i| 0.5 - 0.5 * angle(i).cos()).collect(),
            turn: fft::Turn::of(side),
            first: side / 16,
        }
    }

    fn add_power(&self, samples: &[f32], power: &mut [f64]) {
        let side = samples.len();
        let mut re: Vec<f64> = (0..side)
            .map(|i| {
                let (from, to) = (i.saturating_sub(MEAN / 2), (i + MEAN / 2 + 1).min(side));
                let mean = samples[from..to].iter().sum::<f32>() / (to - from) as f32;
                f64::from(samples[i] - mean) * self.window[i]
            })
            .collect();
        let mut im = vec![0.0; side];
        fft::transform(&mut re, &mut im, &self.turn);
        let fine = power.iter_mut().zip(re.iter().zip(&im)).skip(self.first);
        for (power, (re, im)) in fine {
            *power += re * re + im * im;
        }
    }
}

/// The largest ratio of a bin to the median of those around it.
fn peak(power: &[f64], side: usize) -> f64 {
    let fine = &power[side / 16..power.len() - 1];
    let mut best = 0.0_f64;
    for i in 0..fine.len() {
        let mut near = fine[i.saturating_sub(AROUND)..(i + AROUND + 1).min(fine.len())].to_vec();
        near.sort_by(f64::total_cmp);
        best = best.max(fine[i] / (near[near.len() / 2] + 1e-3));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(f: impl Fn(usize, usize) -> f32) -> RgbImage {
        let data = (0..300 * 300)
            .flat_map(|i| [f(i % 300, i / 300).clamp(0.0, 255.0) as u8; 3])
            .collect();
        RgbImage::from_raw(300, 300, data).unwrap()
    }

    /// Grain that is the same every time.
    fn grain(x: usize, y: usize) -> f32 {
        let mut z = (x * 7919 + y * 104_729) as u32;
        z ^= z >> 13;
        z = z.wrapping_mul(0x5bd1_e995);
        z ^= z >> 15;
        (z % 1024) as f32 / 64.0
    }

    const FACE: Rect = Rect {
        x: 50.0,
        y: 50.0,
        width: 200.0,
        height: 200.0,
    };

    #[test]
    fn stripes_stand_out_in_either_direction_and_grain_does_not() {
        let plain = periodicity(&image(|x, y| 100.0 + grain(x, y)), &FACE).unwrap();
        assert!(plain < 3.0, "{plain}");
        for along in [true, false] {
            let striped = image(|x, y| {
                let at = if along { x } else { y } as f32;
                100.0 + grain(x, y) + 6.0 * (at * 1.7).sin()
            });
            let found = periodicity(&striped, &FACE).unwrap();
            assert!(found > 8.0, "{found}");
        }
    }

    #[test]
    fn a_small_frame_is_measured_in_a_smaller_square_or_not_at_all() {
        let small = |side: u32| {
            RgbImage::from_raw(side, side, vec![90; (side * side * 3) as usize]).unwrap()
        };
        assert!(periodicity(&small(140), &FACE).is_some());
        assert!(periodicity(&small(100), &FACE).is_none());
    }
}
