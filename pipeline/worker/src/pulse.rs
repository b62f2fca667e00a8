//! The pulse in the colour of the skin (remote photoplethysmography): with every beat the skin
//! gives back a little less green. After Wang, den Brinker, Stuijk and de Haan, "Algorithmic
//! principles of remote PPG" (2017), the plane orthogonal to the skin (POS); how sure it is, as in
//! de Haan and Jeanne, "Robust pulse rate from chrominance-based rPPG" (2013): the power at the
//! strongest rate and twice that rate over all other power.
//!
//! Compression and movement often hide it, and a film of a living face has one too: it is told,
//! nothing rests on it.

use std::time::Duration;

use idproof_domain::cues::Pulse;
use idproof_ports::{Landmarks, Point, RgbImage};

/// Points a second at which the colour is compared.
const RATE: f64 = 15.0;
/// Points of the window in which colours are balanced: 1.6 s.
const WINDOW: usize = 24;
/// Less than this in one piece says nothing, in seconds.
const LEAST_SECONDS: f64 = 5.0;
/// Fewer frames a second hide quick pulses.
const LEAST_RATE: f64 = 8.0;
/// Nothing was seen for longer than this: another piece begins.
const LONGEST_GAP: f64 = 0.5;
/// Cheeks darker than this tell no colour.
const DARK: f64 = 45.0;
/// Beats a second that a heart can have: 45 to 180 a minute.
const RATES: (f64, f64) = (0.75, 3.0);
/// How finely rates are told apart, beats a second.
const FINE: f64 = 1.0 / 60.0;
/// On each side of a rate this much belongs to it.
const WIDTH: f64 = 0.15;
/// Half the side of a patch of skin, as a share of the distance between the eyes.
const PATCH: f32 = 0.2;
/// Points sampled in each direction of a patch, at most.
const SAMPLES: i16 = 24;

/// The mean colour of both cheeks at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SkinColour {
    at: f64,
    rgb: [f64; 3],
}

impl SkinColour {
    /// `None` where a cheek lies outside the picture.
    pub fn of(at: Duration, image: &RgbImage, landmarks: &Landmarks) -> Option<Self> {
        let point = |i: usize| landmarks.points[i];
        let [left, right, ..] = landmarks.five();
        let reach = PATCH * left.distance(right);
        if !reach.is_finite() || reach < 2.0 {
            return None;
        }
        let cheeks = [(2, 31), (14, 35)].map(|(a, b)| {
            let (a, b) = (point(a), point(b));
            Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0)
        });
        let mut sum = [0.0; 3];
        for cheek in cheeks {
            let mean = patch(image, cheek, reach)?;
            (0..3).for_each(|c| sum[c] += mean[c] / 2.0);
        }
        Some(Self {
            at: at.as_secs_f64(),
            rgb: sum,
        })
    }
}

/// The mean colour of a square, which must lie inside the picture.
fn patch(image: &RgbImage, centre: Point, reach: f32) -> Option<[f64; 3]> {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let inside = centre.x - reach >= 0.0
        && centre.y - reach >= 0.0
        && centre.x + reach < w
        && centre.y + reach < h;
    if !inside {
        return None;
    }
    let half = (reach as i16).clamp(2, SAMPLES / 2);
    let step = reach / f32::from(half);
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for row in -half..=half {
        for column in -half..=half {
            let x = (centre.x + f32::from(column) * step) as usize;
            let y = (centre.y + f32::from(row) * step) as usize;
            let i = (y * image.width() as usize + x) * 3;
            let rgb = image.data().get(i..i + 3)?;
            (0..3).for_each(|c| sum[c] += f64::from(rgb[c]));
            count += 1.0;
        }
    }
    Some(sum.map(|s| s / count))
}

/// Why no pulse can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPulse {
    #[error("The skin is not seen long enough in one piece.")]
    Short,
    #[error("The skin is too dark to tell its colour.")]
    Dark,
    #[error("Too few frames a second to follow a pulse.")]
    Rare,
}

/// What the strongest rate is, in beats a minute, and how far it stands out.
pub(crate) fn pulse(colours: &[SkinColour]) -> Result<(f64, Pulse), NoPulse> {
    let piece = longest_piece(colours);
    let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
        return Err(NoPulse::Short);
    };
    let seconds = last.at - first.at;
    if seconds < LEAST_SECONDS {
        return Err(NoPulse::Short);
    }
    if (piece.len() as f64) < LEAST_RATE * seconds {
        return Err(NoPulse::Rare);
    }
    let mut light: Vec<f64> = piece
        .iter()
        .map(|c| 0.299 * c.rgb[0] + 0.587 * c.rgb[1] + 0.114 * c.rgb[2])
        .collect();
    light.sort_by(f64::total_cmp);
    if light[light.len() / 2] < DARK {
        return Err(NoPulse::Dark);
    }
    let beats = orthogonal_to_skin(&even(piece));
    let (rate, strength) = strongest(&beats);
    Ok((rate * 60.0, Pulse { seconds, strength }))
}

/// The longest stretch without a gap.
fn longest_piece(colours: &[SkinColour]) -> &[SkinColour] {
    let lasts = |p: &[SkinColour]| match (p.first(), p.last()) {
        (Some(a), Some(b)) => b.at - a.at,
        _ => 0.0,
    };
    let in_one = |a: &SkinColour, b: &SkinColour| (0.0..=LONGEST_GAP).contains(&(b.at - a.at));
    colours
        .chunk_by(in_one)
        .max_by(|a, b| lasts(a).total_cmp(&lasts(b)))
        .unwrap_or_default()
}

/// The colours at even times, on the line between the frames round each.
fn even(piece: &[SkinColour]) -> Vec<[f64; 3]> {
    let (first, last) = (piece[0].at, piece[piece.len() - 1].at);
    let mut next = 1;
    (0..((last - first) * RATE) as usize)
        .map(|n| {
            let at = first + n as f64 / RATE;
            while next + 1 < piece.len() && piece[next].at < at {
                next += 1;
            }
            let (a, b) = (&piece[next - 1], &piece[next.min(piece.len() - 1)]);
            let part = ((at - a.at) / (b.at - a.at).max(1e-6)).clamp(0.0, 1.0);
            [0, 1, 2].map(|c| a.rgb[c] + part * (b.rgb[c] - a.rgb[c]))
        })
        .collect()
}

/// Wang et al., algorithm 1: in each window colours over their mean, projected so that what light
/// and movement change falls away; windows are laid over one another and added.
fn orthogonal_to_skin(colours: &[[f64; 3]]) -> Vec<f64> {
    let mut beats = vec![0.0; colours.len()];
    for start in 0..(colours.len() + 1).saturating_sub(WINDOW) {
        let window = &colours[start..start + WINDOW];
        let mean = [0, 1, 2].map(|c| {
            let sum: f64 = window.iter().map(|rgb| rgb[c]).sum();
            (sum / WINDOW as f64).max(1e-6)
        });
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for rgb in window {
            let [r, g, b] = [0, 1, 2].map(|c| rgb[c] / mean[c]);
            one.push(g - b);
            other.push(g + b - 2.0 * r);
        }
        let balance = deviation(&one) / deviation(&other).max(1e-9);
        let both: Vec<f64> = one
            .iter()
            .zip(&other)
            .map(|(a, b)| a + balance * b)
            .collect();
        let middle = both.iter().sum::<f64>() / WINDOW as f64;
        for (i, value) in both.iter().enumerate() {
            beats[start + i] += value - middle;
        }
    }
    beats
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// The strongest rate, beats a second, and its power with that at twice the rate over the rest, dB.
fn strongest(beats: &[f64]) -> (f64, f64) {
    let n = beats.len() as f64;
    let faded: Vec<f64> = beats
        .iter()
        .enumerate()
        .map(|(i, v)| v * (0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n).cos()))
        .collect();
    let steps = ((2.0 * RATES.1 - RATES.0) / FINE) as usize;
    let power: Vec<(f64, f64)> = (0..=steps)
        .map(|k| {
            let rate = RATES.0 + k as f64 * FINE;
            let turn = std::f64::consts::TAU * rate / RATE;
            let (mut re, mut im) = (0.0, 0.0);
            for (i, v) in faded.iter().enumerate() {
                let (sine, cosine) = (turn * i as f64).sin_cos();
                re += v * cosine;
                im += v * sine;
            }
            (rate, re * re + im * im)
        })
        .collect();
    let of_a_heart = power.iter().filter(|(rate, _)| *rate <= RATES.1);
    let Some((peak, _)) = of_a_heart.copied().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return (0.0, f64::NEG_INFINITY);
    };
    let near = |rate: f64| (rate - peak).abs() <= WIDTH || (rate - 2.0 * peak).abs() <= WIDTH;
    let (mut own, mut rest) = (0.0, 0.0);
    for (rate, value) in &power {
        if near(*rate) {
            own += value;
        } else {
            rest += value;
        }
    }
    (peak, 10.0 * ((own + 1e-12) / (rest + 1e-12)).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Skin whose light changes slowly, with a pulse of that many beats a minute and grain.
    fn skin(seconds: f64, beats: f64, depth: f64, light: f64) -> Vec<SkinColour> {
        let mut state = 7_u32;
        let mut grain = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        (0..(seconds * 13.0) as usize)
            .map(|n| {
                let at = n as f64 / 13.0 + 0.01 * grain();
                let beat = depth * (std::f64::consts::TAU * beats / 60.0 * at).sin();
                let slow = 1.0 + 0.05 * (0.9 * at).sin();
                // Haemoglobin takes green most.
                let rgb = [(150.0, 0.3), (110.0, 0.8), (90.0, 0.5)]
                    .map(|(c, share)| light * c * slow * (1.0 - share * beat) + 0.3 * grain());
                SkinColour { at, rgb }
            })
            .collect()
    }

    #[test]
    fn a_pulse_is_found_at_its_rate() {
        for beats in [58.0, 72.0, 96.0, 130.0] {
            let (found, pulse) = pulse(&skin(9.0, beats, 0.01, 1.0)).unwrap();
            assert!((found - beats).abs() < 5.0, "{beats}: {found}");
            assert!(pulse.strength > 4.0, "{beats}: {pulse:?}");
        }
    }

    #[test]
    fn grain_and_changing_light_have_no_pulse() {
        let (_, pulse) = pulse(&skin(9.0, 72.0, 0.0, 1.0)).unwrap();
        assert!(pulse.strength < 2.0, "{pulse:?}");
    }

    #[test]
    fn short_dark_or_rare_frames_are_not_judged() {
        assert_eq!(pulse(&skin(3.0, 72.0, 0.01, 1.0)), Err(NoPulse::Short));
        assert_eq!(pulse(&[]), Err(NoPulse::Short));
        assert_eq!(pulse(&skin(9.0, 72.0, 0.01, 0.2)), Err(NoPulse::Dark));
        let rare: Vec<_> = skin(9.0, 72.0, 0.01, 1.0).into_iter().step_by(3).collect();
        assert_eq!(pulse(&rare), Err(NoPulse::Rare));
        let mut broken = skin(9.0, 72.0, 0.01, 1.0);
        broken.retain(|c| !(4.0..5.5).contains(&c.at));
        assert_eq!(pulse(&broken), Err(NoPulse::Short));
    }

    #[test]
    fn the_colour_is_that_of_the_cheeks() {
        let data = vec![[180, 130, 110]; 200 * 200].concat();
        let image = RgbImage::from_raw(200, 200, data).unwrap();
        let mut points = [Point::new(100.0, 100.0); 68];
        (36..42).for_each(|i| points[i] = Point::new(70.0, 80.0));
        (42..48).for_each(|i| points[i] = Point::new(130.0, 80.0));
        let face = Landmarks { points };
        let colour = SkinColour::of(Duration::ZERO, &image, &face).unwrap();
        assert_eq!(colour.rgb, [180.0, 130.0, 110.0]);
        let mut away = face.clone();
        away.points.iter_mut().for_each(|p| p.x += 500.0);
        assert!(SkinColour::of(Duration::ZERO, &image, &away).is_none());
    }
}
