//! Is the recording one piece? Told from small grey versions of its frames, so that nothing of
//! the frames themselves is kept.

use std::time::Duration;

use crate::glimpse::{Glimpse, on_grid};
use crate::repeats::{MOST, STEP, repeated};

/// Points apart whose difference is a step: a fifth of a second.
const APART: usize = 5;
/// Nothing changes below this share of the usual change, plus grey levels.
const STILL: (f32, f32) = (0.12, 0.05);
/// All changes at once from this many times the usual change, and at least so many grey levels.
const CUT: (f32, f32) = (6.0, 12.0);

/// What the small versions tell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Pieces {
    pub frozen_seconds: f64,
    pub repeated_seconds: f64,
    pub cuts: u32,
}

pub(crate) fn pieces(glimpses: &[Glimpse]) -> Pieces {
    let grid = on_grid(glimpses, STEP, MOST);
    let steps = steps(&grid);
    let Some(usual) = usual(&steps) else {
        return Pieces::default();
    };
    let still = |step: &f32| *step < STILL.0 * usual + STILL.1;
    // A run of one lasts as long as the step that it is.
    let frozen = match longest(steps.iter().map(still)) {
        0 => 0,
        run => run + APART - 1,
    };
    Pieces {
        frozen_seconds: frozen as f64 * STEP,
        repeated_seconds: repeated(&grid),
        cuts: u32::try_from(starts(&steps, usual).count()).unwrap_or(u32::MAX),
    }
}

/// When all changed at once, by the beginning of what follows: as many as [`pieces`] counts.
pub(crate) fn cuts(glimpses: &[Glimpse]) -> Vec<Duration> {
    let steps = steps(&on_grid(glimpses, STEP, MOST));
    let (Some(first), Some(usual)) = (glimpses.first(), usual(&steps)) else {
        return Vec::new();
    };
    // The first step over a change ends just behind it.
    let after = |place: usize| first.at + (place + APART) as f64 * STEP;
    starts(&steps, usual)
        .map(|place| Duration::try_from_secs_f64(after(place)).unwrap_or_default())
        .collect()
}

/// How much changes from each point of the grid to the one [`APART`] on.
fn steps(grid: &[Vec<f32>]) -> Vec<f32> {
    let after = grid.iter().skip(APART);
    grid.iter().zip(after).map(|(a, b)| differs(a, b)).collect()
}

/// The median.
fn usual(steps: &[f32]) -> Option<f32> {
    let mut sorted = steps.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// Where runs of steps begin that change all at once: a cut lies within several steps.
fn starts(steps: &[f32], usual: f32) -> impl Iterator<Item = usize> {
    let is_cut = move |step: f32| step > CUT.0 * usual && step > CUT.1;
    (0..steps.len()).filter(move |i| is_cut(steps[*i]) && (*i == 0 || !is_cut(steps[*i - 1])))
}

/// Mean absolute difference in grey levels.
fn differs(one: &[f32], other: &[f32]) -> f32 {
    let sum: f32 = one.iter().zip(other).map(|(a, b)| (a - b).abs()).sum();
    sum / one.len().max(1) as f32
}

/// The length of the longest run.
fn longest(holds: impl Iterator<Item = bool>) -> usize {
    let (mut best, mut run) = (0, 0);
    for yes in holds {
        run = if yes { run + 1 } else { 0 };
        best = best.max(run);
    }
    best
}

#[cfg(test)]
mod tests {
    use idproof_ports::RgbImage;

    use super::*;

    /// A frame in which a bright spot lies at that place, `n` fifteenths of a second on.
    fn frame(n: usize, (x, y): (f32, f32)) -> Glimpse {
        let (w, h) = (96, 72);
        let data = (0..w * h)
            .flat_map(|i| {
                let d = ((i % w) as f32 - x).hypot((i / w) as f32 - y);
                [(200.0 * (-d * d / 200.0).exp()) as u8; 3]
            })
            .collect();
        let image = RgbImage::from_raw(w as u32, h as u32, data).unwrap();
        Glimpse::of(Duration::from_millis(67 * n as u64), &image)
    }

    /// Never twice at the same place.
    fn wanders(n: usize) -> (f32, f32) {
        let n = n as f32 / 3.0;
        (
            48.0 + 24.0 * (n * 0.37).sin() + 8.0 * (n * 1.13 + 0.02 * n * n).cos(),
            36.0 + 14.0 * (n * 0.613).sin() + 9.0 * (n * 1.71 + 0.013 * n * n).sin(),
        )
    }

    fn film(place: impl Fn(usize) -> (f32, f32)) -> Vec<Glimpse> {
        (0..120).map(|n| frame(n, place(n))).collect()
    }

    fn time(glimpse: &Glimpse) -> Duration {
        Duration::from_secs_f64(glimpse.at)
    }

    #[test]
    fn a_living_recording_is_one_piece() {
        let found = pieces(&film(wanders));
        assert!(found.frozen_seconds < 0.3, "{found:?}");
        assert!(found.repeated_seconds < 1.2, "{found:?}");
        assert_eq!(found.cuts, 0);
    }

    #[test]
    fn what_stands_still_is_frozen() {
        let found = pieces(&film(|n| {
            wanders(if (30..60).contains(&n) { 30 } else { n })
        }));
        assert!((1.5..2.3).contains(&found.frozen_seconds), "{found:?}");
    }

    #[test]
    fn a_loop_repeats() {
        let found = pieces(&film(|n| wanders(n % 29)));
        assert!(found.repeated_seconds >= 2.0, "{found:?}");
    }

    #[test]
    fn another_scene_is_a_cut() {
        let mut film = film(wanders);
        for late in &mut film[45..] {
            late.cells.iter_mut().for_each(|c| *c = 250.0 - *c);
        }
        assert_eq!(pieces(&film).cuts, 1);
        let found = cuts(&film);
        assert!(found.len() == 1 && found[0].abs_diff(time(&film[45])) < Duration::from_millis(80));
        for late in &mut film[66..] {
            late.cells.iter_mut().for_each(|c| *c = 250.0 - *c);
        }
        let found = cuts(&film);
        assert_eq!(found.len(), pieces(&film).cuts as usize);
        assert!(
            found[1].abs_diff(time(&film[66])) < Duration::from_millis(80),
            "{found:?}"
        );
    }

    #[test]
    fn one_piece_and_few_frames_have_no_cut() {
        let film = film(wanders);
        assert!(cuts(&film).is_empty() && cuts(&film[..1]).is_empty() && cuts(&[]).is_empty());
    }

    #[test]
    fn few_frames_say_nothing() {
        assert_eq!(pieces(&[]), Pieces::default());
        assert_eq!(pieces(&[frame(0, (1.0, 1.0))]), Pieces::default());
    }
}
