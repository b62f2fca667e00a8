//! Is the recording one piece? Told from small grey versions of its frames, so that nothing of
//! the frames themselves is kept.

use std::time::Duration;

use idproof_ports::RgbImage;

/// Side of a small version.
const SIDE: usize = 24;
/// Pixels sampled in each direction of a cell.
const SAMPLES: usize = 6;
/// Stretches that repeat lie at least this many analysed frames apart.
const MIN_LAG: usize = 4;
/// A frame repeats another when they differ by less than this share of what frames usually
/// differ from the next one.
const SAME: f32 = 0.45;
/// Nothing changes below this share of the usual change, plus grey levels.
const STILL: (f32, f32) = (0.12, 0.05);
/// All changes at once from this many times the usual change, and at least so many grey levels.
const CUT: (f32, f32) = (6.0, 12.0);

/// A small grey version of a frame and its time.
pub(crate) struct Thumb {
    at: Duration,
    cells: Vec<f32>,
}

impl Thumb {
    pub fn of(at: Duration, image: &RgbImage) -> Self {
        let (w, h) = (image.width() as usize, image.height() as usize);
        let grid = SIDE * SAMPLES;
        let mut cells = vec![0.0; SIDE * SIDE];
        for row in 0..grid {
            let y = (row * h + h / 2) / grid;
            for column in 0..grid {
                let x = (column * w + w / 2) / grid;
                let i = (y.min(h - 1) * w + x.min(w - 1)) * 3;
                let [r, g, b] = [0, 1, 2].map(|c| f32::from(image.data()[i + c]));
                let cell = row / SAMPLES * SIDE + column / SAMPLES;
                cells[cell] += 0.299 * r + 0.587 * g + 0.114 * b;
            }
        }
        for cell in &mut cells {
            *cell /= (SAMPLES * SAMPLES) as f32;
        }
        Self { at, cells }
    }

    /// Mean absolute difference in grey levels.
    fn differs(&self, other: &Self) -> f32 {
        let sum: f32 = self
            .cells
            .iter()
            .zip(&other.cells)
            .map(|(a, b)| (a - b).abs())
            .sum();
        sum / self.cells.len() as f32
    }
}

/// What the small versions tell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Pieces {
    pub frozen_seconds: f64,
    pub repeated_seconds: f64,
    pub cuts: u32,
}

pub(crate) fn pieces(thumbs: &[Thumb]) -> Pieces {
    let steps: Vec<f32> = thumbs.windows(2).map(|w| w[1].differs(&w[0])).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(&usual) = sorted.get(sorted.len() / 2) else {
        return Pieces::default();
    };
    let still = |step: &f32| *step < STILL.0 * usual + STILL.1;
    let cut = |step: &&f32| **step > CUT.0 * usual && **step > CUT.1;
    Pieces {
        frozen_seconds: longest(thumbs, 1, |i| still(&steps[i])),
        repeated_seconds: repeated(thumbs, usual),
        cuts: u32::try_from(steps.iter().filter(cut).count()).unwrap_or(u32::MAX),
    }
}

/// When all changed at once, by the first frame of what follows: as many as [`pieces`] counts.
pub(crate) fn cuts(thumbs: &[Thumb]) -> Vec<Duration> {
    let steps: Vec<f32> = thumbs.windows(2).map(|w| w[1].differs(&w[0])).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(&usual) = sorted.get(sorted.len() / 2) else {
        return Vec::new();
    };
    let is_cut = |step: &f32| *step > CUT.0 * usual && *step > CUT.1;
    let after = steps.iter().zip(&thumbs[1..]);
    after
        .filter(|(s, _)| is_cut(s))
        .map(|(_, t)| t.at)
        .collect()
}

/// Seconds of the longest run of places for which `holds`, each compared with the one `lag` on.
fn longest(thumbs: &[Thumb], lag: usize, holds: impl Fn(usize) -> bool) -> f64 {
    let (mut best, mut start) = (0.0_f64, None);
    for i in 0..thumbs.len().saturating_sub(lag) {
        if !holds(i) {
            start = None;
            continue;
        }
        let from = *start.get_or_insert(i);
        // A run of one step between neighbours lasts that step; further apart, a single place
        // has no length.
        let to = if lag == 1 { i + 1 } else { i };
        best = best.max((thumbs[to].at.saturating_sub(thumbs[from].at)).as_secs_f64());
    }
    best
}

fn repeated(thumbs: &[Thumb], usual: f32) -> f64 {
    let mut best = 0.0_f64;
    for lag in MIN_LAG..thumbs.len() {
        let same = |i: usize| {
            let (one, other) = (&thumbs[i], &thumbs[i + lag]);
            // Where nothing moves, all frames are alike: that is `frozen`, not a repetition.
            let moves = i == 0 || one.differs(&thumbs[i - 1]) > 0.5 * usual;
            moves && one.differs(other) < SAME * usual
        };
        best = best.max(longest(thumbs, lag, same));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame in which a bright spot lies at that place.
    fn frame(n: usize, (x, y): (f32, f32)) -> Thumb {
        let (w, h) = (96, 72);
        let data = (0..w * h)
            .flat_map(|i| {
                let d = ((i % w) as f32 - x).hypot((i / w) as f32 - y);
                [(200.0 * (-d * d / 200.0).exp()) as u8; 3]
            })
            .collect();
        let image = RgbImage::from_raw(w as u32, h as u32, data).unwrap();
        Thumb::of(Duration::from_millis(200 * n as u64), &image)
    }

    /// Never twice at the same place.
    fn wanders(n: usize) -> (f32, f32) {
        let n = n as f32;
        (
            48.0 + 30.0 * (n * 0.37).sin() + 8.0 * (n * 1.13).cos(),
            36.0 + 24.0 * (n * 0.613).sin(),
        )
    }

    /// From left to right at one speed.
    fn crosses(n: usize) -> (f32, f32) {
        (10.0 + 8.0 * n as f32, 36.0)
    }

    #[test]
    fn a_living_recording_is_one_piece() {
        let thumbs: Vec<_> = (0..40).map(|n| frame(n, wanders(n))).collect();
        let found = pieces(&thumbs);
        assert!(found.frozen_seconds < 0.3, "{found:?}");
        assert!(found.repeated_seconds < 0.7, "{found:?}");
        assert_eq!(found.cuts, 0);
    }

    #[test]
    fn what_stands_still_is_frozen() {
        let place = |n: usize| wanders(if (10..20).contains(&n) { 10 } else { n });
        let thumbs: Vec<_> = (0..40).map(|n| frame(n, place(n))).collect();
        assert!(pieces(&thumbs).frozen_seconds >= 1.5);
    }

    #[test]
    fn a_loop_repeats() {
        let thumbs: Vec<_> = (0..40).map(|n| frame(n, crosses(n % 10))).collect();
        assert!(pieces(&thumbs).repeated_seconds >= 2.0);
    }

    #[test]
    fn another_scene_is_a_cut() {
        let mut thumbs: Vec<_> = (0..30).map(|n| frame(n, wanders(n))).collect();
        for late in &mut thumbs[15..] {
            late.cells.iter_mut().for_each(|c| *c = 250.0 - *c);
        }
        assert_eq!(pieces(&thumbs).cuts, 1);
        assert_eq!(cuts(&thumbs), [Duration::from_millis(15 * 200)]);
        for late in &mut thumbs[22..] {
            late.cells.iter_mut().for_each(|c| *c = 250.0 - *c);
        }
        let found = cuts(&thumbs);
        assert_eq!(found.len(), pieces(&thumbs).cuts as usize);
        assert_eq!(found[1], Duration::from_millis(22 * 200));
    }

    #[test]
    fn one_piece_and_few_frames_have_no_cut() {
        let thumbs: Vec<_> = (0..40).map(|n| frame(n, wanders(n))).collect();
        assert!(cuts(&thumbs).is_empty() && cuts(&thumbs[..1]).is_empty() && cuts(&[]).is_empty());
    }

    #[test]
    fn few_frames_say_nothing() {
        assert_eq!(pieces(&[]), Pieces::default());
        assert_eq!(pieces(&[frame(0, (1.0, 1.0))]), Pieces::default());
    }
}
