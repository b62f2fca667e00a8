//! A display as a thing before the camera: its light beats against the camera's frames, and its
//! dark frame stands round the face.
//!
//! Where a display is lit anew so many times a second, a camera that takes another number of
//! frames sees the whole picture grow lighter and darker at the difference of both. Lamps on the
//! mains do so too, which is why nothing rests on it. Of all cells the middle one by its change
//! counts: what moves changes a part of a picture, light changes all of it. Bars that wander over
//! the picture, as an exposure shorter than a wave gives, are not looked for: heads move as they do.

use idproof_ports::{Point, Rect, RgbImage};

use crate::glimpse::{CELLS, Glimpse};

/// Less than this says nothing, in seconds.
const LEAST_SECONDS: f64 = 4.0;
/// Beats a second that are looked for: slower ones are clouds and heads.
const RATES: (f64, f64) = (1.0, 6.0);
/// How finely beats are told apart, a second.
const FINE: f64 = 1.0 / 40.0;
/// Seconds on each side of a frame whose mean is taken off.
const SLOW: f64 = 0.5;
/// Cells darker than this count as this dark: grain is a large share of little light.
const DIM: f64 = 32.0;
/// Light that changes by less than this share is what an encoder leaves.
const LEAST_SHARE: f64 = 0.004;

/// How far the strongest steady beat of the light stands above other changes, in power; below 2
/// where there is none. `None` where the recording is too short.
pub(crate) fn beat(glimpses: &[Glimpse]) -> Option<f64> {
    let (first, last) = (glimpses.first()?, glimpses.last()?);
    if last.at - first.at < LEAST_SECONDS {
        return None;
    }
    let changes = light(glimpses);
    let steps = ((RATES.1 - RATES.0) / FINE) as usize;
    let mut power: Vec<f64> = (0..=steps)
        .map(|k| {
            let turn = std::f64::consts::TAU * (RATES.0 + k as f64 * FINE);
            let (mut re, mut im) = (0.0, 0.0);
            for (glimpse, change) in glimpses.iter().zip(&changes) {
                let (sine, cosine) = (turn * (glimpse.at - first.at)).sin_cos();
                re += change * cosine;
                im += change * sine;
            }
            re * re + im * im
        })
        .collect();
    power.sort_by(f64::total_cmp);
    let (middle, most) = (power[power.len() / 2], power[power.len() - 1]);
    // A beat of that share has this power.
    let least = (LEAST_SHARE * glimpses.len() as f64 / 2.0).powi(2);
    Some(most / middle.max(least / 10.0))
}

/// The change of every frame's light, as a share of it, beyond its mean over a second.
fn light(glimpses: &[Glimpse]) -> Vec<f64> {
    let mut from = 0;
    let change = |glimpse: &Glimpse| {
        while glimpses[from].at < glimpse.at - SLOW {
            from += 1;
        }
        let to = from + glimpses[from..].partition_point(|g| g.at <= glimpse.at + SLOW);
        // Times that run backwards leave nothing round a frame.
        let near = &glimpses[from..to.max(from + 1)];
        let mut shares: Vec<f64> = (0..CELLS * CELLS)
            .map(|cell| {
                let sum: f64 = near.iter().map(|g| f64::from(g.cells[cell])).sum();
                let mean = sum / near.len() as f64;
                (f64::from(glimpse.cells[cell]) - mean) / mean.max(DIM)
            })
            .collect();
        shares.sort_by(f64::total_cmp);
        let half = shares.len() / 2;
        f64::midpoint(shares[half - 1], shares[half])
    };
    glimpses.iter().map(change).collect()
}

/// Where a bar is looked for, from the middle of the face, in widths of the face.
const FROM: f32 = 0.55;
const TO: f32 = 3.2;
/// Steps a face's width.
const STEPS: f32 = 40.0;
/// A bar is so wide, in steps.
const BAR: std::ops::RangeInclusive<usize> = 2..=24;
/// How much of a bar is looked at, to each side of the face's middle, in widths of the face.
const HALF: f32 = 0.6;
/// Points along it.
const ALONG: i8 = 16;
/// Tilts that are tried, in degrees.
const TILTS: [f32; 7] = [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0];
/// A bar is darker than this, and even: luma and its deviation along the bar.
const DARK: (f32, f32) = (50.0, 9.0);
/// What lies on each side of it is lighter by this.
const LIGHTER: f32 = 22.0;

/// On how many sides of the face a dark straight bar lies.
pub(crate) fn bars(image: &RgbImage, face: &Rect) -> u8 {
    let turns = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
    turns
        .iter()
        .map(|out| u8::from(bar(image, face, *out)))
        .sum()
}

/// Whether a bar lies that way of the face, at any tilt.
fn bar(image: &RgbImage, face: &Rect, (ox, oy): (f32, f32)) -> bool {
    let (centre, width) = (face.centre(), face.width);
    if !width.is_finite() || width < 24.0 {
        return false;
    }
    TILTS.iter().any(|tilt| {
        let (sine, cosine) = tilt.to_radians().sin_cos();
        let out = (ox * cosine - oy * sine, ox * sine + oy * cosine);
        let lines = (0..((TO - FROM) * STEPS) as usize).map(|n| {
            let far = (FROM + n as f32 / STEPS) * width;
            let middle = Point::new(centre.x + out.0 * far, centre.y + out.1 * far);
            line(image, middle, (-out.1, out.0), HALF * width)
        });
        // Beyond the picture nothing is known.
        let lines: Vec<Line> = lines.map_while(|l| l).collect();
        between_lighter(&lines)
    })
}

/// What lies along a line across the way out.
#[derive(Debug, Clone, Copy)]
struct Line {
    mean: f32,
    dark: bool,
}

/// `None` where it leaves the picture.
fn line(image: &RgbImage, middle: Point, along: (f32, f32), half: f32) -> Option<Line> {
    let (mut sum, mut squares) = (0.0, 0.0);
    for k in -ALONG..=ALONG {
        let at = half * f32::from(k) / f32::from(ALONG);
        let (x, y) = (middle.x + along.0 * at, middle.y + along.1 * at);
        let inside = x >= 0.0 && y >= 0.0 && x < image.width() as f32 && y < image.height() as f32;
        let i = (y as usize * image.width() as usize + x as usize) * 3;
        let rgb = image.data().get(i..i + 3).filter(|_| inside)?;
        let [r, g, b] = [0, 1, 2].map(|c| f32::from(rgb[c]));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        sum += luma;
        squares += luma * luma;
    }
    let n = 2.0 * f32::from(ALONG) + 1.0;
    let mean = sum / n;
    let deviation = (squares / n - mean * mean).max(0.0).sqrt();
    Some(Line {
        mean,
        dark: mean < DARK.0 && deviation < DARK.1,
    })
}

/// Whether dark even lines, as many as a bar has, lie between lighter ones.
fn between_lighter(lines: &[Line]) -> bool {
    let mut at = 0;
    for run in lines.chunk_by(|a, b| a.dark == b.dark) {
        let (from, to) = (at, at + run.len());
        at = to;
        if !run[0].dark || !BAR.contains(&run.len()) {
            continue;
        }
        let level = run.iter().map(|l| l.mean).sum::<f32>() / run.len() as f32;
        // An edge is a step or three wide.
        let lighter = |near: &[Line]| near.iter().any(|l| l.mean >= level + LIGHTER);
        let before = &lines[from.saturating_sub(3)..from];
        let after = &lines[to..(to + 3).min(lines.len())];
        if lighter(before) && lighter(after) {
            return true;
        }
    }
    false
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

    /// Seven seconds of a room in which something moves, lit by `light` at a time.
    fn film(light: impl Fn(f64) -> f64) -> Vec<Glimpse> {
        (0..90)
            .map(|n| {
                let at = f64::from(n) * 0.0781 + 0.004 * (f64::from(n) * 1.7).sin();
                let x = 8.0 + 4.0 * (at * 1.7).sin() + (at * 5.1).cos();
                let cells = (0..CELLS * CELLS)
                    .map(|i| {
                        let d = ((i % CELLS) as f64 - x).hypot((i / CELLS) as f64 - 8.0);
                        let room = 90.0 + 80.0 * (-d * d / 9.0).exp();
                        let grain = lot(n as u32 * 256 + i as u32);
                        (room * light(at)) as f32 + grain
                    })
                    .collect();
                Glimpse { at, cells }
            })
            .collect()
    }

    #[test]
    fn a_light_that_beats_stands_out_and_a_room_does_not() {
        let tau = std::f64::consts::TAU;
        let plain = beat(&film(|_| 1.0)).unwrap();
        assert!(plain < 6.0, "{plain}");
        let cloud = beat(&film(|at| 1.0 + 0.1 * (at * 0.8).sin())).unwrap();
        assert!(cloud < 6.0, "{cloud}");
        for rate in [1.7, 3.3, 5.2, 7.3] {
            let whole = beat(&film(|at| 1.0 + 0.01 * (tau * rate * at).sin())).unwrap();
            assert!(whole > 20.0, "{rate}: {whole}");
        }
        assert_eq!(beat(&film(|_| 1.0)[..30]), None);
        assert_eq!(beat(&[]), None);
        let black = film(|_| 0.0);
        assert!(beat(&black).unwrap() < 6.0);
        let backwards: Vec<_> = film(|_| 1.0).into_iter().rev().collect();
        assert_eq!(beat(&backwards), None);
    }

    const FACE: Rect = Rect {
        x: 250.0,
        y: 190.0,
        width: 100.0,
        height: 100.0,
    };

    /// A light picture with a frame of bars at that distance from its middle, tilted.
    fn framed(sides: &[(f32, f32)], colour: u8, tilt: f32) -> RgbImage {
        let (sine, cosine) = tilt.to_radians().sin_cos();
        let data = (0..600 * 480)
            .flat_map(|i| {
                let (dx, dy) = ((i % 600) as f32 - 300.0, (i / 600) as f32 - 240.0);
                let (x, y) = (dx * cosine + dy * sine, dy * cosine - dx * sine);
                let in_bar = |(ox, oy): &(f32, f32)| (110.0..135.0).contains(&(x * ox + y * oy));
                let light = 150 + (i % 7) as u8;
                [if sides.iter().any(in_bar) {
                    colour
                } else {
                    light
                }; 3]
            })
            .collect();
        RgbImage::from_raw(600, 480, data).unwrap()
    }

    #[test]
    fn a_dark_frame_round_the_face_is_counted_by_its_sides() {
        let sides = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        for tilt in [0.0, 4.0] {
            assert_eq!(bars(&framed(&sides, 14, tilt), &FACE), 4, "{tilt}");
        }
        assert_eq!(bars(&framed(&sides[..2], 14, 0.0), &FACE), 2);
        assert_eq!(bars(&framed(&[], 14, 0.0), &FACE), 0);
        assert_eq!(bars(&framed(&sides, 120, 0.0), &FACE), 0, "no dark bars");
    }

    #[test]
    fn a_dark_room_and_the_edge_of_the_picture_are_no_bars() {
        let dark = RgbImage::from_raw(600, 480, vec![12; 600 * 480 * 3]).unwrap();
        assert_eq!(bars(&dark, &FACE), 0);
        let corner = Rect {
            x: -90.0,
            y: -90.0,
            ..FACE
        };
        assert_eq!(bars(&framed(&[(1.0, 0.0)], 14, 0.0), &corner), 0);
        let none = Rect {
            width: f32::NAN,
            ..FACE
        };
        assert_eq!(bars(&dark, &none), 0);
    }
}
