//! Is it this face that speaks? The mouth's shape against the loudness of the voice.
//!
//! Lips part, and the mouth narrows, where a voice is loud (Bredin & Chollet, "Audiovisual speech
//! synchrony measures", 2007, compare such pairs). What is correlated: the outer lip gap over the
//! mouth's width, against the voice's level in decibels in each of six bands that are evenly wide
//! to the ear (sounds open the mouth in unlike ways); both without what changes more slowly than
//! two seconds, and as well how fast each of them changes. The score is the mean of these
//! correlations at the best shift within 160 ms, since sound and picture of a recording are seldom
//! exactly together.

use std::time::Duration;

use idproof_domain::evidence::LipSync;
use idproof_ports::Mesh;

/// Seconds between the points at which both are compared.
const STEP: f64 = 0.04;
/// The largest shift, in steps.
const MOST_LAG: i32 = 4;
/// What changes more slowly than this many steps is taken out.
const SLOW: usize = 50;
/// Less than this of face and sound together says nothing, in seconds.
const LEAST_SECONDS: f64 = 2.8;
/// Fewer looks a second than this do not show a mouth that speaks.
const LEAST_RATE: f64 = 5.0;
/// Nothing was seen for longer than this: the mouth is not known there, in seconds.
const LONGEST_GAP: f64 = 0.6;
/// Levels this far below the loud ones are silence, dB.
const RANGE_DB: f64 = 35.0;
const RATE: usize = 16_000;
/// Bands in which the voice is followed.
const BANDS: usize = 6;
/// Below the first is hum and handling, above the second little of a voice, Hz.
const RANGE: (f64, f64) = (200.0, 7_000.0);

/// The mouth at each frame.
#[derive(Debug, Clone, Default)]
pub struct Mouth {
    /// (seconds, outer lip gap over mouth width).
    seen: Vec<(f64, f64)>,
}

impl Mouth {
    pub fn push(&mut self, at: Duration, mesh: &Mesh) {
        let (at, open) = (at.as_secs_f64(), f64::from(mesh.outer_lip_gap()));
        let later = self.seen.last().is_none_or(|(last, _)| at > *last);
        if open.is_finite() && later {
            self.seen.push((at, open));
        }
    }

    /// The opening by time.
    pub(crate) fn track(&self) -> Vec<(Duration, f64)> {
        let at = |s: &f64| Duration::try_from_secs_f64(*s).unwrap_or_default();
        self.seen.iter().map(|(s, open)| (at(s), *open)).collect()
    }

    /// The opening on a grid of [`STEP`] from `start`; `None` where the mouth was not seen often
    /// enough.
    fn shape(&self, start: f64, count: usize) -> Option<Curve> {
        let end = start + count as f64 * STEP;
        let inside = |at: f64| at >= start - LONGEST_GAP && at <= end + LONGEST_GAP;
        let seen: Vec<(f64, f64)> = self.seen.iter().copied().filter(|s| inside(s.0)).collect();
        let gaps = seen.windows(2).all(|w| w[1].0 - w[0].0 <= LONGEST_GAP);
        let (first, last) = (seen.first()?, seen.last()?);
        let whole = first.0 <= start + LONGEST_GAP && last.0 >= end - LONGEST_GAP;
        if !gaps || !whole || (seen.len() as f64) < (end - start) * LEAST_RATE {
            return None;
        }
        let grid: Vec<f64> = (0..count)
            .map(|n| at_time(&seen, start + n as f64 * STEP))
            .collect();
        Some(Curve::of(&grid))
    }
}

/// A voice's levels, dB of full scale every 10 ms over some 100 ms.
pub struct Voice {
    /// Over the whole [`RANGE`] and more.
    all: Vec<f64>,
    /// In each of the [`BANDS`].
    bands: Vec<Vec<f64>>,
    seconds: f64,
}

impl Voice {
    /// `samples`: 16 kHz mono.
    pub fn of(samples: &[f32]) -> Self {
        let smooth = |band| mean_over(&levels(samples, band), 8);
        Self {
            all: smooth(None),
            bands: bands().map(|band| smooth(Some(band))).collect(),
            seconds: samples.len() as f64 / RATE as f64,
        }
    }

    /// How each band goes, on a grid of [`STEP`] from `start`; `None` where there is no sound.
    fn curves(&self, start: f64, count: usize) -> Option<Vec<Curve>> {
        let grid = |levels: &[f64]| -> Vec<f64> {
            let at = |n: usize| at_step(levels, (start + n as f64 * STEP) / 0.01);
            (0..count).map(at).collect()
        };
        if loud(&grid(&self.all))? < -60.0 {
            return None;
        }
        let curve = |band: &Vec<f64>| {
            let band = grid(band);
            let floor = loud(&band)? - RANGE_DB;
            let heard: Vec<f64> = band.iter().map(|db| db.max(floor)).collect();
            Some(Curve::of(&heard))
        };
        self.bands.iter().map(curve).collect()
    }
}

/// Bands (lowest and highest frequency, Hz) of one width on the mel scale (O'Shaughnessy, "Speech
/// communication", 1987). Two to sixteen of them tell voices apart alike, in other ranges nearly:
/// the number was not chosen.
fn bands() -> impl Iterator<Item = (f64, f64)> {
    let mel = |hertz: f64| 2_595.0 * (1.0 + hertz / 700.0).log10();
    let hertz = |mel: f64| 700.0 * (10_f64.powf(mel / 2_595.0) - 1.0);
    let (low, high) = (mel(RANGE.0), mel(RANGE.1));
    let edge = move |n: usize| hertz(low + (high - low) * n as f64 / BANDS as f64);
    (0..BANDS).map(move |n| (edge(n), edge(n + 1)))
}

/// The mouth against the voice; `None` where either is missing or too short.
///
/// `sound_offset`: seconds from the first frame to the voice's first sample.
pub fn lip_sync(mouth: &Mouth, voice: &Voice, sound_offset: f64) -> Option<LipSync> {
    let (first, last) = (mouth.seen.first()?.0, mouth.seen.last()?.0);
    let sound_end = sound_offset + voice.seconds;
    let (start, end) = (first.max(sound_offset), last.min(sound_end));
    lip_sync_between(mouth, voice, sound_offset, start, end)
}

/// As [`lip_sync`], from `start` to `end` seconds after the first frame.
pub fn lip_sync_between(
    mouth: &Mouth,
    voice: &Voice,
    sound_offset: f64,
    start: f64,
    end: f64,
) -> Option<LipSync> {
    if !(end - start).is_finite() || end - start < LEAST_SECONDS {
        return None;
    }
    let count = ((end - start) / STEP) as usize;
    let shape = mouth.shape(start, count)?;
    let bands = voice.curves(start - sound_offset, count)?;
    let (score, lag) = (-MOST_LAG..=MOST_LAG)
        .map(|lag| {
            let fits: f64 = bands.iter().map(|band| shape.fits(band, lag)).sum();
            (fits / bands.len() as f64, lag)
        })
        .filter(|(score, _)| score.is_finite())
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(LipSync {
        seconds: end - start,
        score,
        lag_ms: lag * (STEP * 1000.0) as i32,
    })
}

/// How something goes, and how fast it changes, on the grid.
struct Curve {
    value: Vec<f64>,
    slope: Vec<f64>,
}

impl Curve {
    fn of(grid: &[f64]) -> Self {
        let value = quick(&mean_over(grid, 3));
        let slope = value.windows(2).map(|pair| pair[1] - pair[0]).collect();
        Self { value, slope }
    }

    /// Mean correlation of the two with another's, this one `lag` steps behind.
    fn fits(&self, other: &Self, lag: i32) -> f64 {
        let value = shifted(&self.value, &other.value, lag);
        (value + shifted(&self.slope, &other.slope, lag)) / 2.0
    }
}

/// The level that is exceeded a twentieth of the time.
fn loud(levels: &[f64]) -> Option<f64> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * 95 / 100).copied()
}

/// Level of the sound every 80 ms, dB of full scale, by time after the first frame. `sound_offset`:
/// seconds from that frame to the first sample; what was heard before the frame is left out.
pub(crate) fn loudness(samples: &[f32], sound_offset: f64) -> Vec<(Duration, f64)> {
    const FRAMES: usize = 8;
    levels(samples, None)
        .chunks(FRAMES)
        .enumerate()
        .filter_map(|(n, db)| {
            let at = sound_offset + (n * FRAMES) as f64 * 0.01;
            let mean = db.iter().sum::<f64>() / db.len() as f64;
            Some((Duration::try_from_secs_f64(at).ok()?, mean.max(-60.0)))
        })
        .collect()
}

/// dB of full scale every 10 ms over 25 ms, within a band or all above the lowest one.
fn levels(samples: &[f32], band: Option<(f64, f64)>) -> Vec<f64> {
    let mut passed: Vec<f64> = samples.iter().map(|x| f64::from(*x)).collect();
    for q in BUTTERWORTH {
        passes(&mut passed, band.map_or(RANGE.0, |b| b.0), q, true);
        if let Some((_, high)) = band {
            passes(&mut passed, high, q, false);
        }
    }
    (0..passed.len() / 160)
        .map(|n| {
            let frame = &passed[n * 160..passed.len().min(n * 160 + 400)];
            let power = frame.iter().map(|x| x * x).sum::<f64>() / frame.len() as f64;
            10.0 * (power + 1e-10).log10()
        })
        .collect()
}

/// Qualities of the two halves of a Butterworth filter of fourth order.
const BUTTERWORTH: [f64; 2] = [0.541_196_1, 1.306_563];

/// A filter of second order in place: what lies above `cut` (Hz) passes, or what lies below
/// (Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients").
fn passes(samples: &mut [f64], cut: f64, q: f64, above: bool) {
    let (sin, cos) = (std::f64::consts::TAU * cut / RATE as f64).sin_cos();
    let alpha = sin / (2.0 * q);
    let edge = if above { 1.0 + cos } else { 1.0 - cos };
    let (b0, b1) = (edge / 2.0, if above { -edge } else { edge });
    let (a0, a1, a2) = (1.0 + alpha, -2.0 * cos, 1.0 - alpha);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for sample in samples {
        let x = *sample;
        let y = (b0 * (x + x2) + b1 * x1 - a1 * y1 - a2 * y2) / a0;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        *sample = y;
    }
}

/// Linear interpolation; the ends go on as they are. `points` is not empty where it matters.
fn at_time(points: &[(f64, f64)], at: f64) -> f64 {
    let after = points.partition_point(|p| p.0 < at);
    match (
        after.checked_sub(1).and_then(|n| points.get(n)),
        points.get(after),
    ) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (at - a.0) / (b.0 - a.0).max(1e-9),
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => 0.0,
    }
}

/// As [`at_time`] for values one step apart, `at` in steps.
fn at_step(values: &[f64], at: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    let at = at.clamp(0.0, last as f64);
    let before = at as usize;
    let value = |n: usize| values.get(n.min(last)).copied().unwrap_or(0.0);
    value(before) + (value(before + 1) - value(before)) * (at - before as f64)
}

/// Centred moving average of `width`, with the ends repeated.
fn mean_over(values: &[f64], width: usize) -> Vec<f64> {
    let last = values.len().saturating_sub(1);
    (0..values.len())
        .map(|n| {
            let sum: f64 = (0..width)
                .map(|k| values[(n + k).saturating_sub(width / 2).min(last)])
                .sum();
            sum / width as f64
        })
        .collect()
}

/// What changes within two seconds.
fn quick(values: &[f64]) -> Vec<f64> {
    let slow = mean_over(values, SLOW);
    values.iter().zip(slow).map(|(v, s)| v - s).collect()
}

/// Mean 0, deviation 1; zeros where nothing varies.
fn standard(values: &[f64]) -> Vec<f64> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    values
        .iter()
        .map(|v| (v - mean) / (spread + 1e-9))
        .collect()
}

/// Correlation with the first `lag` steps behind the second.
fn shifted(mouth: &[f64], voice: &[f64], lag: i32) -> f64 {
    let skip = lag.unsigned_abs() as usize;
    let n = mouth.len().min(voice.len());
    if n <= skip + 1 {
        return f64::NAN;
    }
    let (mouth, voice) = if lag > 0 {
        (&mouth[skip..n], &voice[..n - skip])
    } else {
        (&mouth[..n - skip], &voice[skip..n])
    };
    let (mouth, voice) = (standard(mouth), standard(voice));
    mouth.iter().zip(&voice).map(|(a, b)| a * b).sum::<f64>() / mouth.len() as f64
}

#[cfg(test)]
mod tests {
    use idproof_ports::Point;

    use super::*;

    /// Loud for 0.3 s out of every 0.8 s, with a little irregularity.
    fn speaks(at: f64) -> bool {
        ((at + 0.1 * (at * 1.7).sin()) % 0.8) < 0.3
    }

    fn face(open: f32) -> Mesh {
        let mut points = vec![Point::new(110.0, 100.0); Mesh::POINTS];
        points[33] = Point::new(80.0, 80.0);
        points[263] = Point::new(140.0, 80.0);
        points[61] = Point::new(90.0, 130.0);
        points[291] = Point::new(130.0, 130.0);
        points[0] = Point::new(110.0, 124.0 - open);
        points[17] = Point::new(110.0, 136.0 + open);
        Mesh::new(points).unwrap()
    }

    fn mouth(late: f64) -> Mouth {
        let mut mouth = Mouth::default();
        for n in 0..100 {
            let at = f64::from(n) * 0.066;
            let open = if speaks(at - late) { 6.0 } else { 0.0 };
            mouth.push(Duration::from_secs_f64(at), &face(open));
        }
        mouth
    }

    fn sound() -> Vec<f32> {
        (0..RATE * 7)
            .map(|n| {
                let at = n as f64 / RATE as f64;
                let level = if speaks(at) { 0.3 } else { 0.001 };
                (level * (std::f64::consts::TAU * 600.0 * at).sin()) as f32
            })
            .collect()
    }

    #[test]
    fn a_mouth_that_speaks_moves_with_its_voice() {
        let own = lip_sync(&mouth(0.0), &Voice::of(&sound()), 0.0).unwrap();
        assert!(own.score > 0.7, "{own:?}");
        assert!(own.lag_ms.abs() <= 80, "{own:?}");
        let late = lip_sync(&mouth(0.12), &Voice::of(&sound()), 0.0).unwrap();
        assert!(late.score > 0.7 && late.lag_ms > 40, "{late:?}");
    }

    #[test]
    fn another_voice_does_not_fit() {
        let other: Vec<f32> = sound().into_iter().rev().collect();
        let own = lip_sync(&mouth(0.0), &Voice::of(&sound()), 0.0).unwrap();
        let shifted = lip_sync(&mouth(0.4), &Voice::of(&sound()), 0.0).unwrap();
        let swapped = lip_sync(&mouth(0.0), &Voice::of(&other), 0.0).unwrap();
        assert!(
            shifted.score < 0.3 && swapped.score < own.score - 0.2,
            "{shifted:?} {swapped:?}"
        );
    }

    #[test]
    fn what_is_missing_cannot_be_measured() {
        assert!(lip_sync(&Mouth::default(), &Voice::of(&sound()), 0.0).is_none());
        assert!(lip_sync(&mouth(0.0), &Voice::of(&[]), 0.0).is_none());
        assert!(
            lip_sync(&mouth(0.0), &Voice::of(&vec![0.0; RATE * 7]), 0.0).is_none(),
            "silence"
        );
        assert!(
            lip_sync(&mouth(0.0), &Voice::of(&sound()[..RATE * 2]), 0.0).is_none(),
            "too short"
        );
        let mut hidden = mouth(0.0);
        hidden.seen.retain(|s| !(2.0..4.0).contains(&s.0));
        assert!(
            lip_sync(&hidden, &Voice::of(&sound()), 0.0).is_none(),
            "no face for two seconds"
        );
        let mut rare = mouth(0.0);
        rare.seen = rare.seen.into_iter().step_by(5).collect();
        assert!(
            lip_sync(&rare, &Voice::of(&sound()), 0.0).is_none(),
            "three looks a second"
        );
    }

    #[test]
    fn a_still_mouth_scores_nothing() {
        let mut still = Mouth::default();
        (0..100).for_each(|n| still.push(Duration::from_millis(66 * n), &face(0.0)));
        let score = lip_sync(&still, &Voice::of(&sound()), 0.0).unwrap().score;
        assert!(score.abs() < 0.1, "{score}");
    }
}
