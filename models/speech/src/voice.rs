//! Where somebody speaks: level against the clip's own floor, and the pitch of voices.

use std::ops::Range;

/// Samples a second of everything in this crate.
pub(crate) const RATE: usize = 16_000;
const HOP: usize = RATE / 100;
const FRAME: usize = 2 * HOP;
/// Below this the loudest moment is not speech, dB of full scale.
const QUIETEST_DB: f32 = -58.0;
/// Pauses inside a word (a stop's closure) are shorter than this many frames.
const BRIDGE: usize = 12;
/// Shorter sounds are clicks.
const SHORTEST: usize = 6;

/// A stretch of sound above the floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// In samples.
    pub samples: Range<usize>,
    /// Whether some of it has the pitch of a voice.
    pub voiced: bool,
}

/// The segments of `samples` (16 kHz, finite), in order.
pub(crate) fn segments(samples: &[f32]) -> Vec<Segment> {
    let levels = levels(samples);
    let Some(threshold) = threshold(&levels) else {
        return Vec::new();
    };
    let loud: Vec<bool> = levels.iter().map(|&db| db > threshold).collect();
    bridged(&loud)
        .into_iter()
        .map(|frames| {
            let range = frames.start * HOP..(frames.end * HOP + HOP).min(samples.len());
            Segment {
                voiced: has_pitch(&samples[range.clone()]),
                samples: range,
            }
        })
        .collect()
}

/// dB of full scale of each 20 ms frame, every 10 ms, without its direct current.
fn levels(samples: &[f32]) -> Vec<f32> {
    samples
        .windows(FRAME)
        .step_by(HOP)
        .map(|frame| {
            let mean = frame.iter().sum::<f32>() / FRAME as f32;
            let power = frame.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / FRAME as f32;
            10.0 * (power + 1e-10).log10()
        })
        .collect()
}

/// Between the floor and the peak; `None` where nothing is loud enough.
fn threshold(levels: &[f32]) -> Option<f32> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| {
        sorted
            .get(((sorted.len() as f32 - 1.0) * share) as usize)
            .copied()
    };
    let (floor, peak) = (at(0.1)?, at(0.99)?);
    if peak < QUIETEST_DB {
        return None;
    }
    let above_floor = floor + (0.3 * (peak - floor)).max(5.0);
    // Sound without a pause (one trimmed word) has no floor of its own.
    Some(above_floor.max(peak - 32.0).min(peak - 6.0))
}

fn bridged(loud: &[bool]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (frame, _) in loud.iter().enumerate().filter(|(_, on)| **on) {
        match out.last_mut() {
            Some(last) if frame - last.end <= BRIDGE => last.end = frame + 1,
            _ => out.push(frame..frame + 1),
        }
    }
    out.retain(|r| r.len() >= SHORTEST);
    out
}

/// Whether three 40 ms frames repeat themselves at 70..400 Hz.
fn has_pitch(samples: &[f32]) -> bool {
    // A quarter of the rate is enough for pitch; averaging keeps hiss out.
    let low: Vec<f32> = samples
        .chunks_exact(4)
        .map(|c| c.iter().sum::<f32>() / 4.0)
        .collect();
    low.windows(160)
        .step_by(40)
        .filter(|frame| periodic(frame))
        .count()
        >= 3
}

fn periodic(frame: &[f32]) -> bool {
    let mean = frame.iter().sum::<f32>() / frame.len() as f32;
    let x: Vec<f32> = frame.iter().map(|v| v - mean).collect();
    (10..=57).any(|lag| {
        let (a, b) = (&x[lag..], &x[..x.len() - lag]);
        let dot: f32 = a.iter().zip(b).map(|(p, q)| p * q).sum();
        let power = a.iter().map(|p| p * p).sum::<f32>() * b.iter().map(|q| q * q).sum::<f32>();
        power > 1e-9 && dot > 0.6 * power.sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::{hiss, tone};

    #[test]
    fn silence_and_nothing_have_no_segments() {
        assert!(segments(&[]).is_empty());
        assert!(segments(&[0.1; 30]).is_empty());
        assert!(segments(&vec![0.0; RATE]).is_empty());
        assert!(
            segments(&vec![0.5; RATE]).is_empty(),
            "direct current is silence"
        );
    }

    #[test]
    fn a_tone_between_silences_is_found_where_it_is() {
        let mut sound = vec![0.0; RATE];
        sound.extend(tone(150.0, 0.5, RATE / 2));
        sound.extend(vec![0.0; RATE]);
        let found = segments(&sound);
        assert_eq!(found.len(), 1);
        assert!(found[0].voiced);
        assert!(
            found[0].samples.start.abs_diff(RATE) < 500,
            "{:?}",
            found[0].samples
        );
        assert!(
            found[0].samples.end.abs_diff(RATE * 3 / 2) < 700,
            "{:?}",
            found[0].samples
        );
    }

    #[test]
    fn a_burst_of_hiss_has_no_pitch() {
        let mut sound = vec![0.0; RATE];
        sound.extend(hiss(0.2, RATE / 2));
        sound.extend(vec![0.0; RATE]);
        assert!(segments(&sound).iter().all(|s| !s.voiced));
    }
}
