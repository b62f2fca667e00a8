//! Does a stretch of a recording move exactly as another does, forwards or backwards? So it does
//! where one is played over and over, also to and fro. People never move twice alike.
//!
//! What moves is what each cell of the picture does beyond its mean over a second. Every instant of
//! a stretch counts alike, however much moves in it: one nod must not outweigh the rest. Two
//! stretches are compared at any distance, so that frames need not fall on the same instants of
//! each round.

use crate::glimpse::CELLS;

/// Seconds between the points that are compared.
pub(crate) const STEP: f64 = 0.04;
/// Points compared at most: two minutes.
pub(crate) const MOST: usize = 3_000;
/// Points on each side of one whose mean is taken off it.
const SLOW: usize = 12;
/// Points of the shortest stretch that is compared.
const STRETCH: usize = 20;
/// Stretches that repeat one another lie at least this many points apart.
const LEAST_LAG: usize = 15;
/// Grey levels a cell (root mean square) below which an instant counts the less, the less moves:
/// what an encoder leaves is no movement.
const MOVES: f32 = 0.3;
/// This share of a stretch must move.
const ALIVE: f32 = 0.5;
/// Correlation from which two stretches are the same. Nine films of faces (100 s in all; a drawn one
/// among them) come to 0.71 at most, to and fro to 0.61; loops of three of them, encoded again, to
/// 0.92 at least.
const SAME: f32 = 0.8;
/// A head that turns and comes back is nearly its own mirror: shorter ones say nothing, in points.
const LEAST_MIRRORED: usize = 40;

/// The longest stretch that moves as an earlier one did, in seconds; one played backwards counts
/// as far as it mirrors the stretch before it. `grid`: the cells every [`STEP`].
pub(crate) fn repeated(grid: &[Vec<f32>]) -> f64 {
    let moves = movement(grid);
    let longest = forwards(&moves).max(backwards(&moves));
    longest as f64 * STEP
}

/// What every point does beyond what is slow, with length 1 where enough moves.
fn movement(grid: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut sums = vec![vec![0.0_f64; CELLS * CELLS]];
    for point in grid {
        let last = &sums[sums.len() - 1];
        let next = last.iter().zip(point).map(|(s, p)| s + f64::from(*p));
        sums.push(next.collect());
    }
    (0..grid.len())
        .map(|i| {
            let (from, to) = (i.saturating_sub(SLOW), (i + SLOW + 1).min(grid.len()));
            let count = (to - from) as f64;
            let mut quick: Vec<f32> = (0..grid[i].len())
                .map(|c| (f64::from(grid[i][c]) - (sums[to][c] - sums[from][c]) / count) as f32)
                .collect();
            // A lamp's beat and a camera that measures light change whole rows, again and again.
            for row in quick.chunks_mut(CELLS) {
                let usual = median(row);
                row.iter_mut().for_each(|v| *v -= usual);
            }
            let size = (dot(&quick, &quick) / quick.len().max(1) as f32).sqrt();
            let scale = size.max(MOVES) * (quick.len().max(1) as f32).sqrt();
            quick.iter_mut().for_each(|v| *v /= scale);
            quick
        })
        .collect()
}

fn median(row: &[f32]) -> f32 {
    let mut sorted = row.to_vec();
    sorted.sort_by(f32::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 0 => f32::midpoint(sorted[half - 1], sorted[half]),
        _ => sorted[half],
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Several sums side by side: the compiler makes vectors of them.
    let mut sums = [0.0_f32; 8];
    for (x, y) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let rest = |v: &[f32]| v.len() - v.len() % 8;
    let tail = a[rest(a)..].iter().zip(&b[rest(b)..]);
    sums.iter().sum::<f32>() + tail.map(|(x, y)| x * y).sum::<f32>()
}

/// Points of the longest stretch that an earlier one moves as.
fn forwards(moves: &[Vec<f32>]) -> usize {
    let own: Vec<f32> = moves.iter().map(|m| dot(m, m)).collect();
    let own = windows(&own);
    let mut best = 0;
    for lag in LEAST_LAG..moves.len() {
        let both: Vec<f32> = moves
            .iter()
            .zip(&moves[lag..])
            .map(|(a, b)| dot(a, b))
            .collect();
        let both = windows(&both);
        let same = |i: usize| alike(both[i], own[i], own[i + lag]);
        best = best.max(longest((0..both.len()).map(same)));
    }
    best
}

/// Points of the longest stretch that the one after it mirrors, round any centre.
fn backwards(moves: &[Vec<f32>]) -> usize {
    let own: Vec<f32> = moves.iter().map(|m| dot(m, m)).collect();
    let own = windows(&own);
    let n = moves.len();
    let mut best = 0;
    for centre in STRETCH..(2 * n).saturating_sub(STRETCH) {
        let first = (centre + 1).saturating_sub(n);
        let pairs = first..centre.div_ceil(2);
        if pairs.len() < LEAST_MIRRORED {
            continue;
        }
        let both: Vec<f32> = pairs.map(|i| dot(&moves[i], &moves[centre - i])).collect();
        let both = windows(&both);
        let same = |i: usize| {
            let one = first + i;
            // The other runs backwards: it begins where this one ends.
            alike(both[i], own[one], own[centre - one + 1 - STRETCH])
        };
        best = best.max(longest((0..both.len()).map(same)));
    }
    if best < LEAST_MIRRORED { 0 } else { best }
}

/// Sums over every stretch of [`STRETCH`] values.
fn windows(values: &[f32]) -> Vec<f32> {
    values.windows(STRETCH).map(|w| w.iter().sum()).collect()
}

fn alike(both: f32, one: f32, other: f32) -> bool {
    let enough = ALIVE * STRETCH as f32;
    one >= enough && other >= enough && both >= SAME * (one * other).sqrt()
}

/// Points of the longest run of stretches that are the same.
fn longest(same: impl Iterator<Item = bool>) -> usize {
    let (mut best, mut run) = (0, 0);
    for yes in same {
        run = if yes { run + 1 } else { 0 };
        best = best.max(run);
    }
    if best > 0 { best + STRETCH - 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without any pattern, the same every time; 0 to 1.
    fn lot(n: u32) -> f32 {
        let mut z = n.wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
        for shift in [16, 13, 16] {
            z = (z ^ (z >> shift)).wrapping_mul(0xC2B2_AE35);
        }
        (z >> 8) as f32 / (1 << 24) as f32
    }

    /// Wanders between -1 and 1, from one place drawn by lot to the next in `pitch` seconds.
    fn wander(seed: u32, t: f32, pitch: f32) -> f32 {
        let (step, part) = ((t / pitch).floor(), (t / pitch).fract());
        let place = |n: f32| 2.0 * lot(seed + n as u32) - 1.0;
        let smooth = part * part * (3.0 - 2.0 * part);
        place(step) + smooth * (place(step + 1.0) - place(step))
    }

    /// A spot that wanders, of which no two seconds are alike; `grain` changes every cell a little.
    fn film(seconds: f64, time: impl Fn(f64) -> f64, grain: f32) -> Vec<Vec<f32>> {
        (0..(seconds / STEP) as usize)
            .map(|n| {
                let t = time(n as f64 * STEP) as f32;
                let x = 7.5 + 3.0 * wander(1_000, t, 0.9) + 1.5 * wander(2_000, t, 0.35);
                let y = 7.5 + 2.0 * wander(3_000, t, 0.8) + 1.2 * wander(4_000, t, 0.3);
                // Lips and lids move by themselves.
                let lips = 30.0 * wander(5_000, t, 0.2);
                let lids = 30.0 * wander(6_000, t, 0.25);
                (0..CELLS * CELLS)
                    .map(|i| {
                        let d = ((i % CELLS) as f32 - x).hypot((i / CELLS) as f32 - y);
                        let part = match i / CELLS {
                            5 => lids,
                            10 => lips,
                            _ => 0.0,
                        } * (-0.2 * d * d).exp();
                        let noise = lot((n * CELLS * CELLS + i) as u32);
                        60.0 + 120.0 * (-d * d / 8.0).exp() + part + grain * noise
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn who_lives_never_moves_twice_alike() {
        for speed in [0.3, 1.0, 1.7] {
            let living = repeated(&film(12.0, |t| t * speed, 1.0));
            assert!(living < 1.2, "{speed}: {living}");
        }
    }

    #[test]
    fn a_loop_of_any_length_repeats_though_frames_fall_elsewhere() {
        for round in [1.0, 1.37, 2.0, 2.51, 3.3] {
            let found = repeated(&film(7.0, |t| t % round, 2.0));
            assert!(found > 2.0, "{round}: {found}");
        }
    }

    #[test]
    fn what_runs_to_and_fro_mirrors_itself() {
        for round in [2.0, 2.6] {
            let fro = |t: f64| (t % (2.0 * round) - round).abs();
            let found = backwards(&movement(&film(7.0, fro, 2.0))) as f64 * STEP;
            assert!(found > 1.5, "{round}: {found}");
        }
    }

    #[test]
    fn a_head_that_turns_and_comes_back_is_no_film_played_backwards() {
        // Out within 0.9 s, back within 1.1 s, and living on.
        let turn = |t: f64| {
            let out = ((t - 3.0) / 0.9).clamp(0.0, 1.0) - ((t - 4.5) / 1.1).clamp(0.0, 1.0);
            0.15 * t + out
        };
        let found = repeated(&film(8.0, turn, 1.0));
        assert!(found < 1.0, "{found}");
    }

    #[test]
    fn what_stands_still_or_beats_as_a_whole_repeats_nothing() {
        assert_eq!(repeated(&film(6.0, |_| 0.0, 1.0)), 0.0);
        let mut beats = film(6.0, |_| 0.0, 0.5);
        for (n, point) in beats.iter_mut().enumerate() {
            let light = 4.0 * (n as f32 * 0.25).sin();
            point.iter_mut().for_each(|c| *c += light);
        }
        assert_eq!(repeated(&beats), 0.0);
        assert_eq!(repeated(&[]), 0.0);
        assert_eq!(repeated(&film(0.5, |t| t, 1.0)), 0.0);
    }
}
