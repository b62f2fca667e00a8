//! The document held up in the recording against the uploaded one, by what lies round their
//! portraits: lines of print, headings, the frame of the picture. Another kind of document, or a
//! portrait without its document, has another layout; two cards of one kind have the same.
//!
//! Both are brought to one scale by the portraits' eyes, in a coarse grid whose cells tell how much
//! lighter or darker they are than what lies round them. A held card tilts, and two eyes give only
//! a rough scale: small affine maps are tried and the best correlation counts.

use idproof_ports::{Point, Quad, RgbImage};

/// How far it reaches from between the eyes, in distances of the eyes: a card's far edge, and its
/// height.
const REACH: (f32, f32) = (10.0, 6.0);
/// Cells a distance of the eyes.
const FINE: usize = 5;
const WIDTH: usize = 2 * REACH.0 as usize * FINE;
const HEIGHT: usize = 2 * REACH.1 as usize * FINE;
/// Points sampled in each direction of a cell.
const SAMPLES: usize = 3;
/// Cells on each side of one that it is compared with.
const AROUND: usize = 4;
/// What lies nearer to the eyes is the portrait, which faces are compared by, in distances of the eyes.
const PORTRAIT: (f32, f32) = (2.2, 3.0);
/// A smaller part of the grid than this says nothing.
const LEAST_CELLS: usize = 400;
/// Eyes nearer to each other than this many pixels show no layout.
const LEAST_EYES: f32 = 12.0;

/// What lies round a portrait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// By cell, rows from the top left; `NaN` where nothing is known.
    cells: Vec<f32>,
}

impl Layout {
    /// `outline`: the document in the picture; what lies beyond it does not count. Without it all
    /// that the picture shows counts. `None` where the portrait is too small.
    pub fn of(image: &RgbImage, five: &[Point; 5], outline: Option<&Quad>) -> Option<Self> {
        let [left, right, ..] = *five;
        let apart = left.distance(right);
        if !apart.is_finite() || apart < LEAST_EYES {
            return None;
        }
        let along = (
            (right.x - left.x) / FINE as f32,
            (right.y - left.y) / FINE as f32,
        );
        let middle = Point::new((left.x + right.x) / 2.0, (left.y + right.y) / 2.0);
        let mut light = vec![f32::NAN; WIDTH * HEIGHT];
        for (i, cell) in light.iter_mut().enumerate() {
            let (x, y) = place(i);
            let at = |x: f32, y: f32| {
                Point::new(
                    middle.x + x * along.0 - y * along.1,
                    middle.y + x * along.1 + y * along.0,
                )
            };
            if outline.is_none_or(|quad| inside(quad, at(x, y))) {
                *cell = mean(image, |dx, dy| at(x + dx, y + dy));
            }
        }
        Some(Self {
            cells: against_surroundings(&light),
        })
    }

    /// The best correlation of both beyond the portrait, over small affine maps of the other; about 0
    /// to 0.4 for two that have nothing to do with one another. `None` where too little of them is seen.
    pub fn likeness(&self, held: &Self) -> Option<f64> {
        let known = (0..WIDTH * HEIGHT).filter(|i| {
            let (x, y) = place(*i);
            let (x, y) = (
                x / FINE as f32 / PORTRAIT.0,
                (y / FINE as f32 - 0.6) / PORTRAIT.1,
            );
            !self.cells[*i].is_nan() && x.hypot(y) > 1.0
        });
        let known: Vec<usize> = known.collect();
        if known.len() < LEAST_CELLS {
            return None;
        }
        let few: Vec<usize> = known.iter().copied().step_by(3).collect();
        let mut best = (f32::NEG_INFINITY, [0.0; 6]);
        for turn in [-6.0_f32, -3.0, 0.0, 3.0, 6.0] {
            for wide in [-0.18_f32, -0.09, 0.0, 0.09, 0.18] {
                for high in [-0.18_f32, -0.09, 0.0, 0.09, 0.18] {
                    let sine = turn.to_radians();
                    let map = [wide, -sine, 0.0, sine, high, 0.0];
                    let found = self.correlation(held, &few, &map);
                    if found > best.0 {
                        best = (found, map);
                    }
                }
            }
        }
        let mut map = best.1;
        let mut most = self.correlation(held, &known, &map);
        // Each number in turn, in ever smaller steps.
        for step in [1.0_f32, 0.5, 0.25] {
            for _ in 0..3 {
                for (k, size) in [0.04, 0.04, 1.0, 0.04, 0.04, 1.0].into_iter().enumerate() {
                    for sign in [-1.0, 1.0] {
                        let mut other = map;
                        other[k] += sign * step * size;
                        let found = self.correlation(held, &known, &other);
                        if found > most {
                            (most, map) = (found, other);
                        }
                    }
                }
            }
        }
        most.is_finite().then_some(f64::from(most))
    }

    /// Correlation over the cells `known` here with where `map` (beyond the identity) puts them there.
    fn correlation(&self, held: &Self, known: &[usize], map: &[f32; 6]) -> f32 {
        let (mut n, mut sums) = (0.0_f32, [0.0_f32; 5]);
        for i in known {
            let (x, y) = place(*i);
            let there = (
                x + map[0] * x + map[1] * y + map[2],
                y + map[3] * x + map[4] * y + map[5],
            );
            let Some(b) = held.at(there) else { continue };
            let a = self.cells[*i];
            n += 1.0;
            for (sum, v) in sums.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                *sum += v;
            }
        }
        // Most of the document must be in the other picture.
        if n < 0.5 * known.len() as f32 {
            return f32::NEG_INFINITY;
        }
        let [a, b, aa, bb, ab] = sums.map(|s| s / n);
        (ab - a * b) / ((aa - a * a).max(1e-6) * (bb - b * b).max(1e-6)).sqrt()
    }

    /// The cell at a place, on the lines between its neighbours.
    fn at(&self, (x, y): (f32, f32)) -> Option<f32> {
        let (x, y) = (x + WIDTH as f32 / 2.0 - 0.5, y + HEIGHT as f32 / 2.0 - 0.5);
        let within = x >= 0.0 && y >= 0.0 && x < WIDTH as f32 - 1.0 && y < HEIGHT as f32 - 1.0;
        if !within {
            return None;
        }
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let i = row * WIDTH + column;
        let top = self.cells[i] * (1.0 - fx) + self.cells[i + 1] * fx;
        let bottom = self.cells[i + WIDTH] * (1.0 - fx) + self.cells[i + WIDTH + 1] * fx;
        let value = top * (1.0 - fy) + bottom * fy;
        (!value.is_nan()).then_some(value)
    }
}

/// The middle of a cell, in cells from between the eyes.
fn place(i: usize) -> (f32, f32) {
    (
        (i % WIDTH) as f32 - WIDTH as f32 / 2.0 + 0.5,
        (i / WIDTH) as f32 - HEIGHT as f32 / 2.0 + 0.5,
    )
}

/// The mean luma of a cell; `NaN` where any of it lies beyond the picture.
fn mean(image: &RgbImage, at: impl Fn(f32, f32) -> Point) -> f32 {
    let part = |k: usize| (k as f32 + 0.5) / SAMPLES as f32 - 0.5;
    let mut sum = 0.0;
    for row in 0..SAMPLES {
        for column in 0..SAMPLES {
            let p = at(part(column), part(row));
            let within = p.x >= 0.0
                && p.y >= 0.0
                && p.x < image.width() as f32
                && p.y < image.height() as f32;
            let i = (p.y as usize * image.width() as usize + p.x as usize) * 3;
            let Some(rgb) = image.data().get(i..i + 3).filter(|_| within) else {
                return f32::NAN;
            };
            let [r, g, b] = [0, 1, 2].map(|c| f32::from(rgb[c]));
            sum += 0.299 * r + 0.587 * g + 0.114 * b;
        }
    }
    sum / (SAMPLES * SAMPLES) as f32
}

/// Each cell less the mean round it, over the deviation round it.
fn against_surroundings(light: &[f32]) -> Vec<f32> {
    (0..light.len())
        .map(|i| {
            let (column, row) = (i % WIDTH, i / WIDTH);
            let (mut n, mut sum, mut squares) = (0.0_f32, 0.0, 0.0);
            for y in row.saturating_sub(AROUND)..(row + AROUND + 1).min(HEIGHT) {
                for x in column.saturating_sub(AROUND)..(column + AROUND + 1).min(WIDTH) {
                    let v = light[y * WIDTH + x];
                    if !v.is_nan() {
                        n += 1.0;
                        sum += v;
                        squares += v * v;
                    }
                }
            }
            let mean = sum / n.max(1.0);
            let deviation = (squares / n.max(1.0) - mean * mean).max(0.0).sqrt();
            // Grain on an even ground is no print.
            (light[i] - mean) / (deviation + 4.0)
        })
        .collect()
}

/// Whether a point lies inside a quadrilateral, whichever way round its corners run.
pub(crate) fn inside(quad: &Quad, p: Point) -> bool {
    let side = |k: usize| {
        let (a, b) = (quad.corners[k], quad.corners[(k + 1) % 4]);
        (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
    };
    let sides = [0, 1, 2, 3].map(side);
    sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lot that is the same every time.
    fn lot(n: u32) -> u32 {
        let mut z = n.wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
        for shift in [16, 13, 16] {
            z = (z ^ (z >> shift)).wrapping_mul(0xC2B2_AE35);
        }
        z >> 8
    }

    /// A card of one kind: lines of print, each of its own length, right of the portrait. Its size
    /// is 856 by 540; the portrait's eyes lie at (150, 230) and (222, 230).
    fn print(kind: u32, holder: u32, x: f32, y: f32) -> f32 {
        if !(0.0..856.0).contains(&x) || !(0.0..540.0).contains(&y) {
            return f32::NAN;
        }
        if (60.0..310.0).contains(&x) && (110.0..450.0).contains(&y) {
            return 120.0;
        }
        let pitch = 34.0 + 9.0 * (kind % 4) as f32;
        let (row, within) = ((y / pitch) as u32, y % pitch);
        let begins = 330.0 + (lot(kind * 31 + row) % 120) as f32;
        let ends = begins + 120.0 + (lot(kind * 57 + row) % 280) as f32;
        let letter = lot(holder * 1009 + row * 97 + (x / 9.0) as u32) % 3;
        let ink = within < 17.0 && x > begins && x < ends && letter > 0;
        if ink { 70.0 } else { 205.0 - 0.05 * y }
    }

    /// The card in a picture of a room, by an affine map from the card to the picture.
    fn shown(kind: u32, holder: u32, m: [f32; 6]) -> (RgbImage, [Point; 5], Quad) {
        let det = m[0] * m[4] - m[1] * m[3];
        let (w, h) = (900, 640);
        let data = (0..w * h)
            .flat_map(|i| {
                let (dx, dy) = ((i % w) as f32 - m[2], (i / w) as f32 - m[5]);
                let x = (m[4] * dx - m[1] * dy) / det;
                let y = (m[0] * dy - m[3] * dx) / det;
                let v = print(kind, holder, x, y);
                let room = 90.0 + (lot((i / 40 % 23) as u32 * 7 + (i / w / 50) as u32) % 90) as f32;
                let v = if v.is_nan() { room } else { v };
                [v as u8 + (lot(i as u32) % 7) as u8; 3]
            })
            .collect();
        let at =
            |x: f32, y: f32| Point::new(m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]);
        let five = [
            (150.0, 230.0),
            (222.0, 230.0),
            (186.0, 275.0),
            (160.0, 310.0),
            (212.0, 310.0),
        ]
        .map(|(x, y)| at(x, y));
        let corners =
            [(0.0, 0.0), (856.0, 0.0), (856.0, 540.0), (0.0, 540.0)].map(|(x, y)| at(x, y));
        (
            RgbImage::from_raw(w as u32, h as u32, data).unwrap(),
            five,
            Quad { corners },
        )
    }

    fn uploaded(kind: u32) -> Layout {
        let (image, five, outline) = shown(kind, 1, [1.0, 0.02, 20.0, -0.02, 1.0, 50.0]);
        Layout::of(&image, &five, Some(&outline)).unwrap()
    }

    /// Held up: smaller, turned, tilted.
    const HELD: [[f32; 6]; 3] = [
        [0.5, 0.0, 200.0, 0.0, 0.5, 200.0],
        [0.55, 0.06, 150.0, -0.04, 0.5, 200.0],
        [0.48, -0.05, 300.0, 0.07, 0.56, 150.0],
    ];

    #[test]
    fn the_same_card_and_its_kind_are_known_again() {
        for (holder, least) in [(1, 0.6), (2, 0.5)] {
            for map in HELD {
                let (image, five, _) = shown(3, holder, map);
                let held = Layout::of(&image, &five, None).unwrap();
                let found = uploaded(3).likeness(&held).unwrap();
                assert!(found > least, "{holder} {map:?}: {found}");
            }
        }
    }

    #[test]
    fn another_kind_of_card_and_a_bare_portrait_are_not() {
        for kind in [4, 5, 6] {
            for map in HELD {
                let (image, five, _) = shown(kind, 1, map);
                let held = Layout::of(&image, &five, None).unwrap();
                let found = uploaded(3).likeness(&held).unwrap();
                assert!(found < 0.45, "{kind} {map:?}: {found}");
            }
        }
        let (_, five, _) = shown(3, 1, HELD[0]);
        let even = RgbImage::from_raw(900, 640, vec![128; 900 * 640 * 3]).unwrap();
        let bare = Layout::of(&even, &five, None).unwrap();
        assert!(uploaded(3).likeness(&bare).unwrap_or(0.0) < 0.1);
    }

    #[test]
    fn a_portrait_too_small_or_alone_says_nothing() {
        let (image, five, _) = shown(3, 1, HELD[0]);
        let near = five.map(|p| Point::new(p.x / 8.0, p.y / 8.0));
        assert!(Layout::of(&image, &near, None).is_none());
        let [a, b, ..] = five;
        let portrait = Quad {
            corners: [
                Point::new(a.x - 20.0, a.y - 30.0),
                Point::new(b.x + 20.0, a.y - 30.0),
                Point::new(b.x + 20.0, a.y + 60.0),
                Point::new(a.x - 20.0, a.y + 60.0),
            ],
        };
        let alone = Layout::of(&image, &five, Some(&portrait)).unwrap();
        assert_eq!(alone.likeness(&alone), None);
    }
}
