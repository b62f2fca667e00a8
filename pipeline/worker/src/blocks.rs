//! The blocks of eight by eight pixels that JPEG compresses one by one (ITU-T T.81, A.3.3).

use idproof_ports::{ImageReport, Point, Quad, RgbImage};

use crate::layout::inside;

pub(crate) const SIDE: usize = 8;
/// Frequencies that are looked at: those whose two indices sum to 1..=7, where pictures have content.
const MOST: usize = 7;
pub(crate) const FREQUENCIES: usize = 35;

/// Luma (BT.601) of one block, rows from the top.
pub(crate) type Block = [[f32; SIDE]; SIDE];

/// A picture cut into blocks.
pub(crate) struct Blocks<'a> {
    image: &'a RgbImage,
    /// Pixels before the first whole block, across and down.
    first: (usize, usize),
}

impl<'a> Blocks<'a> {
    /// As the file has them: turned with the picture they begin at another edge. Without a report at
    /// the picture's top left.
    pub fn of(image: &'a RgbImage, report: Option<&ImageReport>) -> Self {
        let first = report.map_or((0, 0), |r| {
            let rest = |side: u32| side as usize % SIDE;
            let (across, down) = (rest(r.stored_width), rest(r.stored_height));
            // Orientations as in EXIF 2.32, tag 0x0112.
            match r.orientation {
                2 => (across, 0),
                3 => (across, down),
                4 => (0, down),
                6 => (down, 0),
                7 => (down, across),
                8 => (0, across),
                _ => (0, 0),
            }
        });
        Self { image, first }
    }

    /// Whole blocks across and down.
    fn size(&self) -> (usize, usize) {
        let whole = |side: u32, first: usize| (side as usize).saturating_sub(first) / SIDE;
        (
            whole(self.image.width(), self.first.0),
            whole(self.image.height(), self.first.1),
        )
    }

    /// About `most` blocks, evenly spread, whose middles lie within `quad` and not within `without`.
    pub fn within(&self, quad: &Quad, without: Option<&Quad>, most: usize) -> Vec<(usize, usize)> {
        let (across, down) = self.size();
        let range = |of: fn(&Point) -> f32, first: usize, all: usize| {
            let place = |v: f32| ((v - first as f32) / SIDE as f32).clamp(0.0, all as f32);
            let places = quad.corners.iter().map(of).map(place);
            let (from, to) = places.fold((all as f32, 0.0_f32), |(a, b), v| (a.min(v), b.max(v)));
            (from as usize, (to.ceil() as usize).min(all))
        };
        let (x0, x1) = range(|p| p.x, self.first.0, across);
        let (y0, y1) = range(|p| p.y, self.first.1, down);
        let all = x1.saturating_sub(x0) * y1.saturating_sub(y0);
        let step = (all as f64 / most as f64).sqrt().ceil().max(1.0) as usize;
        let mut found = Vec::new();
        for y in (y0..y1).step_by(step) {
            for x in (x0..x1).step_by(step) {
                let lies_in = |quad| self.lies_in(quad, (x, y));
                if lies_in(quad) && !without.is_some_and(lies_in) {
                    found.push((x, y));
                }
            }
        }
        found
    }

    /// Whether the middle of the block lies in the quadrilateral.
    pub fn lies_in(&self, quad: &Quad, (x, y): (usize, usize)) -> bool {
        let middle = |i: usize, first: usize| (first + i * SIDE + SIDE / 2) as f32;
        inside(
            quad,
            Point::new(middle(x, self.first.0), middle(y, self.first.1)),
        )
    }

    /// The block at a place that [`Self::within`] gave; black beyond the picture.
    pub fn at(&self, (x, y): (usize, usize)) -> Block {
        let mut block = [[0.0; SIDE]; SIDE];
        let row = self.image.width() as usize * 3;
        for (k, to) in block.iter_mut().enumerate() {
            let from = (self.first.1 + y * SIDE + k) * row + (self.first.0 + x * SIDE) * 3;
            let pixels = self.image.data().get(from..from + SIDE * 3);
            for (v, p) in to
                .iter_mut()
                .zip(pixels.unwrap_or_default().chunks_exact(3))
            {
                *v = 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]);
            }
        }
        block
    }
}

/// The cosine transform of blocks (T.81, A.3.3).
pub(crate) struct Transform {
    /// By frequency, then place.
    basis: Block,
}

impl Transform {
    pub fn new() -> Self {
        let mut basis = [[0.0; SIDE]; SIDE];
        for (u, row) in basis.iter_mut().enumerate() {
            for (x, v) in row.iter_mut().enumerate() {
                let angle = (2 * x + 1) as f32 * u as f32 * std::f32::consts::PI / 16.0;
                *v = angle.cos() * if u == 0 { 0.125_f32.sqrt() } else { 0.5 };
            }
        }
        Self { basis }
    }

    /// Magnitudes of the coefficients that are looked at, rounded.
    pub fn magnitudes(&self, block: &Block) -> [u16; FREQUENCIES] {
        // Down the columns first, all eight at once.
        let mut columns = [[0.0_f32; SIDE]; MOST + 1];
        for (u, to) in columns.iter_mut().enumerate() {
            for (weight, row) in self.basis[u].iter().zip(block) {
                for (sum, v) in to.iter_mut().zip(row) {
                    *sum += weight * v;
                }
            }
        }
        let mut all = [0; FREQUENCIES];
        let places = (1..=MOST).flat_map(|sum| (0..=sum).map(move |u| (u, sum - u)));
        for (to, (u, v)) in all.iter_mut().zip(places) {
            let pairs = columns[u].iter().zip(&self.basis[v]);
            let c: f32 = pairs.map(|(a, b)| a * b).sum();
            *to = (c.abs() + 0.5) as u16;
        }
        all
    }

    /// The block whose coefficients are all multiples of their `steps`, as a picture that was compressed
    /// and decoded has it.
    #[cfg(test)]
    pub fn quantised(&self, block: &Block, steps: impl Fn(usize, usize) -> f32) -> Block {
        let sum = |f: &dyn Fn(usize) -> f32| (0..SIDE).map(f).sum::<f32>();
        let b = &self.basis;
        let coefficient = |u: usize, v: usize| {
            let c = sum(&|y| sum(&|x| b[u][y] * b[v][x] * (block[y][x] - 128.0)));
            (c / steps(u, v)).round() * steps(u, v)
        };
        let all: Vec<f32> = (0..64).map(|i| coefficient(i / 8, i % 8)).collect();
        let pixel =
            |y: usize, x: usize| 128.0 + sum(&|u| sum(&|v| b[u][y] * b[v][x] * all[u * 8 + v]));
        std::array::from_fn(|y| std::array::from_fn(|x| pixel(y, x).round().clamp(0.0, 255.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_one_frequency_and_steps_are_kept() {
        let t = Transform::new();
        // 40 times the basis picture of two half waves down and one across.
        let wave: Block = std::array::from_fn(|y| {
            std::array::from_fn(|x| 128.0 + 40.0 * t.basis[2][y] * t.basis[1][x])
        });
        let found = t.magnitudes(&wave);
        // Sums 1 and 2 hold five frequencies; of sum 3, u = 2 is the third.
        assert_eq!(found[7], 40);
        assert_eq!(found.iter().map(|c| u32::from(*c)).sum::<u32>(), 40);
        let coarse = t.magnitudes(&t.quantised(&wave, |_, _| 7.0));
        assert!(coarse[7].abs_diff(42) <= 1, "{coarse:?}");
    }

    #[test]
    fn turned_pictures_begin_with_what_is_left_of_a_block() {
        let image = RgbImage::from_raw(27, 18, vec![0; 27 * 18 * 3]).unwrap();
        let report = |orientation, stored_width, stored_height| ImageReport {
            format: "jpeg".into(),
            file_bytes: 1,
            stored_width,
            stored_height,
            orientation,
            by_editor: false,
        };
        let of = |r: ImageReport| Blocks::of(&image, Some(&r)).first;
        assert_eq!(of(report(1, 27, 18)), (0, 0));
        assert_eq!(of(report(3, 27, 18)), (3, 2));
        assert_eq!(of(report(6, 18, 27)), (3, 0));
        assert_eq!(of(report(8, 18, 27)), (0, 2));
        assert_eq!(Blocks::of(&image, None).size(), (3, 2));
    }
}
