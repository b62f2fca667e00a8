//! How a recording moves, in a form by which the same footage is known again after another
//! encoding, another size, a lighter picture or a cut at its edge.
//!
//! The picture is a grid of regions. Of each region's mean luma, whether it rises or falls from one
//! fifth of a second to the next gives a string of bits; stretches of it are the marks. Two
//! recordings of one person in one place share hardly any: people never move twice alike. After
//! Haitsma and Kalker, "A highly robust audio fingerprinting system" (2002), in pictures.

use crate::glimpse::{CELLS, Glimpse};

/// Regions in each direction.
const GRID: usize = 4;
/// Cells of a glimpse in each direction of a region.
const ACROSS: usize = CELLS / GRID;
/// Seconds between the points that are compared.
const STEP: f64 = 0.2;
/// Frames this far from a point count for it, less the further.
const REACH: f64 = 0.2;
/// Points of a mark.
const LENGTH: usize = 14;
/// Grey levels a step, on average: where less moves, noise would mark.
const MOVES: f32 = 0.5;
/// Most marks of one recording.
const MOST: usize = 600;
/// Where the points of a recording that is asked about may lie: it may begin elsewhere.
const PHASES: [f64; 4] = [0.0, 0.05, 0.1, 0.15];

/// One stretch of one region: its number and its bits.
pub type Mark = u32;

/// The mean luma of every region of a frame.
fn regions(glimpse: &Glimpse) -> [f32; GRID * GRID] {
    let mut regions = [0.0; GRID * GRID];
    for (i, cell) in glimpse.cells.iter().enumerate() {
        let (row, column) = (i / CELLS / ACROSS, i % CELLS / ACROSS);
        regions[row * GRID + column] += cell / (ACROSS * ACROSS) as f32;
    }
    regions
}

/// The marks of one recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// What is kept of it.
    pub kept: Vec<Mark>,
    /// What is looked for among what is kept of others: once for each place at which the other may
    /// have begun.
    pub asked: Vec<Vec<Mark>>,
}

pub(crate) fn marks(glimpses: &[Glimpse]) -> Marks {
    let asked: Vec<Vec<Mark>> = PHASES.iter().map(|p| from(glimpses, *p)).collect();
    Marks {
        kept: asked.first().cloned().unwrap_or_default(),
        asked,
    }
}

/// The marks with their first point `phase` seconds after the first frame; each once, sorted.
fn from(glimpses: &[Glimpse], phase: f64) -> Vec<Mark> {
    let (Some(first), Some(last)) = (glimpses.first(), glimpses.last()) else {
        return Vec::new();
    };
    let points = ((last.at - first.at - phase) / STEP).max(0.0) as usize;
    let means: Vec<[f32; GRID * GRID]> = (0..points)
        .map(|n| at(glimpses, first.at + phase + n as f64 * STEP))
        .collect();
    let mut found = Vec::new();
    for region in 0..GRID * GRID {
        let steps: Vec<f32> = means
            .windows(2)
            .map(|w| w[1][region] - w[0][region])
            .collect();
        for stretch in steps.windows(LENGTH) {
            let moved = stretch.iter().map(|s| s.abs()).sum::<f32>() / LENGTH as f32;
            if moved >= MOVES {
                let bits = stretch
                    .iter()
                    .fold(0, |bits, s| bits << 1 | u32::from(*s > 0.0));
                found.push((region as u32) << LENGTH | bits);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

/// The regions at a time: the frames near it, the nearer the more.
fn at(glimpses: &[Glimpse], time: f64) -> [f32; GRID * GRID] {
    let start = glimpses.partition_point(|g| g.at <= time - REACH);
    let (mut sum, mut weight) = ([0.0; GRID * GRID], 0.0);
    for glimpse in glimpses[start..].iter().take_while(|g| g.at < time + REACH) {
        let w = (1.0 - (glimpse.at - time).abs() / REACH) as f32;
        weight += w;
        for (s, r) in sum.iter_mut().zip(regions(glimpse)) {
            *s += w * r;
        }
    }
    if weight > 0.0 {
        sum.map(|s| s / weight)
    } else {
        glimpses.get(start).map_or(sum, regions)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use idproof_ports::RgbImage;

    use super::*;

    /// A spot that wanders its own way; `grain` changes every pixel a little.
    fn film(seed: f32, from: f64, frames: usize, gain: f32, grain: u32) -> Vec<Glimpse> {
        (0..frames)
            .map(|n| {
                let time = from + n as f64 * 0.07;
                let t = time as f32;
                let x = 48.0 + 30.0 * (t * (1.3 + seed)).sin() + 9.0 * (t * 5.1 * seed).cos();
                let y = 36.0 + 22.0 * (t * (2.1 - seed)).sin() + 7.0 * (t * 4.3 + seed).cos();
                let data = (0..96 * 72)
                    .flat_map(|i| {
                        let d = ((i % 96) as f32 - x).hypot((i / 96) as f32 - y);
                        let noise = (i as u32 * 7919 + n as u32 * 104_729) % (grain + 1);
                        [(gain * 180.0 * (-d * d / 400.0).exp()) as u8 + noise as u8; 3]
                    })
                    .collect();
                let image = RgbImage::from_raw(96, 72, data).unwrap();
                Glimpse::of(Duration::from_secs_f64(n as f64 * 0.07), &image)
            })
            .collect()
    }

    fn share(asked: &Marks, kept: &Marks) -> f64 {
        let of = |marks: &Vec<Mark>| {
            let known = marks.iter().filter(|m| kept.kept.contains(m));
            known.count() as f64 / marks.len().max(1) as f64
        };
        asked.asked.iter().map(of).fold(0.0, f64::max)
    }

    #[test]
    fn the_same_footage_is_known_again_and_other_footage_is_not() {
        let first = marks(&film(0.7, 0.0, 100, 1.0, 0));
        assert!(first.kept.len() > 60, "{}", first.kept.len());
        let again = marks(&film(0.7, 0.0, 100, 0.8, 6));
        assert!(share(&again, &first) > 0.5, "{}", share(&again, &first));
        let cut = marks(&film(0.7, 0.63, 85, 1.0, 3));
        assert!(share(&cut, &first) > 0.3, "{}", share(&cut, &first));
        let other = marks(&film(0.3, 0.0, 100, 1.0, 0));
        assert!(share(&other, &first) < 0.1, "{}", share(&other, &first));
    }

    #[test]
    fn what_stands_still_or_is_too_short_leaves_no_mark() {
        let still: Vec<Glimpse> = (0..100)
            .map(|n| Glimpse {
                at: f64::from(n) * 0.07,
                cells: vec![(n % 2) as f32 * 0.3; CELLS * CELLS],
            })
            .collect();
        assert!(marks(&still).kept.is_empty());
        assert!(marks(&film(0.7, 0.0, 20, 1.0, 0)).kept.is_empty());
        assert!(marks(&[]).kept.is_empty());
    }
}
