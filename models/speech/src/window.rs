//! Cuts sound into pieces that fit the model's context, with long pauses left out.

use std::ops::Range;

use crate::voice::{RATE, Segment};

/// Kept of the quiet on both sides of a segment.
const MARGIN: usize = RATE / 4;

/// Sound for one pass of the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub samples: Vec<f32>,
    /// Where each part of `samples` comes from, in order.
    pub parts: Vec<Range<usize>>,
}

impl Window {
    /// The sample of the original sound at `seconds` into this window.
    pub(crate) fn source(&self, seconds: f32) -> usize {
        let mut left = (seconds.max(0.0) * RATE as f32) as usize;
        for part in &self.parts {
            if left < part.len() {
                return part.start + left;
            }
            left -= part.len();
        }
        self.parts.last().map_or(0, |p| p.end)
    }
}

/// Windows of at most `longest` samples that hold every segment.
pub(crate) fn windows(samples: &[f32], segments: &[Segment], longest: usize) -> Vec<Window> {
    let mut out: Vec<Window> = Vec::new();
    for stretch in stretches(samples, segments, longest) {
        let part = &samples[stretch.clone()];
        match out.last_mut() {
            Some(last) if last.samples.len() + part.len() <= longest => {
                last.samples.extend_from_slice(part);
                last.parts.push(stretch);
            }
            _ => out.push(Window {
                samples: part.to_vec(),
                parts: vec![stretch],
            }),
        }
    }
    out
}

/// Segments with their margins, merged where these touch, cut where one is too long.
fn stretches(samples: &[f32], segments: &[Segment], longest: usize) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for segment in segments {
        let start = segment.samples.start.saturating_sub(MARGIN);
        let end = (segment.samples.end + MARGIN).min(samples.len());
        match merged.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => merged.push(start..end),
        }
    }
    let mut out = Vec::new();
    for mut stretch in merged {
        while stretch.len() > longest {
            let cut = quietest(
                samples,
                stretch.start + longest / 2..stretch.start + longest,
            );
            out.push(stretch.start..cut);
            stretch.start = cut;
        }
        out.push(stretch);
    }
    out
}

/// The middle of the quietest 50 ms in `within`.
fn quietest(samples: &[f32], within: Range<usize>) -> usize {
    const WIDTH: usize = RATE / 20;
    let power = |at: usize| samples[at..at + WIDTH].iter().map(|x| x * x).sum::<f32>();
    (within.start..within.end - WIDTH)
        .step_by(WIDTH / 2)
        .min_by(|a, b| power(*a).total_cmp(&power(*b)))
        .map_or(within.end, |at| at + WIDTH / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::tone;

    fn segment(samples: Range<usize>) -> Segment {
        Segment {
            samples,
            voiced: true,
        }
    }

    #[test]
    fn long_pauses_are_left_out_and_times_map_back() {
        let sound = vec![0.1; 20 * RATE];
        let segments = [segment(RATE..2 * RATE), segment(15 * RATE..16 * RATE)];
        let cut = windows(&sound, &segments, 5 * RATE);
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].samples.len(), 3 * RATE);
        assert_eq!(cut[0].source(0.0), RATE * 3 / 4);
        assert_eq!(cut[0].source(1.75), 15 * RATE);
        assert_eq!(cut[0].source(99.0), 16 * RATE + MARGIN);
    }

    #[test]
    fn sound_without_a_pause_is_cut_to_fit() {
        let sound = tone(200.0, 0.5, 23 * RATE);
        let cut = windows(&sound, &[segment(0..sound.len())], 5 * RATE);
        assert!(cut.len() >= 5);
        assert!(
            cut.iter()
                .all(|w| !w.samples.is_empty() && w.samples.len() <= 5 * RATE)
        );
        assert_eq!(
            cut.iter().map(|w| w.samples.len()).sum::<usize>(),
            sound.len()
        );
    }
}
