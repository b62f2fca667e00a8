//! The document alone, upright and without perspective, at a fixed number of pixels a
//! millimetre: what the capture page (`reviewer-ui/capture/src/capture/straighten.ts`)
//! measures too.

use idproof_ports::{Quad, RgbImage};

/// Pixels a millimetre at which quality is measured.
pub(crate) const PER_MM: f64 = 6.0;

/// Outer size in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Format {
    pub width: f64,
    pub height: f64,
}

/// ID-1 of ISO/IEC 7810, ID-2, and the data page of an ICAO 9303 passport (ID-3).
pub(crate) const CARD: Format = Format {
    width: 85.6,
    height: 53.98,
};
pub(crate) const LARGE_CARD: Format = Format {
    width: 105.0,
    height: 74.0,
};
pub(crate) const PAGE: Format = Format {
    width: 125.0,
    height: 88.0,
};

/// Pixels of the picture a millimetre of the document, along its worst side.
pub(crate) fn resolution(quad: &Quad, format: Format) -> f64 {
    let [a, b, c, d] = quad.corners;
    let across = f64::from(a.distance(b).min(d.distance(c))) / format.width;
    let down = f64::from(b.distance(c).min(a.distance(d))) / format.height;
    across.min(down)
}

/// The nine numbers that map the unit square to a quadrilateral (Heckbert, 1989).
pub(crate) fn homography(quad: &Quad) -> [f64; 9] {
    let [p, q, r, s] = quad.corners.map(|c| (f64::from(c.x), f64::from(c.y)));
    let (dx1, dx2) = (q.0 - r.0, s.0 - r.0);
    let (dy1, dy2) = (q.1 - r.1, s.1 - r.1);
    let (sx, sy) = (p.0 - q.0 + r.0 - s.0, p.1 - q.1 + r.1 - s.1);
    let det = dx1 * dy2 - dx2 * dy1;
    let det = if det == 0.0 { 1.0 } else { det };
    let g = (sx * dy2 - dx2 * sy) / det;
    let h = (dx1 * sy - sx * dy1) / det;
    [
        q.0 - p.0 + g * q.0,
        s.0 - p.0 + h * s.0,
        p.0,
        q.1 - p.1 + g * q.1,
        s.1 - p.1 + h * s.1,
        p.1,
        g,
        h,
        1.0,
    ]
}

/// A matrix of three rows times (x, y, 1).
pub(crate) fn times(m: &[f64; 9], x: f64, y: f64) -> (f64, f64, f64) {
    (
        m[0] * x + m[1] * y + m[2],
        m[3] * x + m[4] * y + m[5],
        m[6] * x + m[7] * y + m[8],
    )
}

/// Cuts the document out, `per_mm` pixels a millimetre; where the picture is much finer each
/// pixel is the mean of several places. What lies beyond the picture is black.
pub(crate) fn straighten(
    image: &RgbImage,
    quad: &Quad,
    format: Format,
    per_mm: f64,
) -> Option<RgbImage> {
    let side = |mm: f64| ((mm * per_mm).round().clamp(1.0, 8_000.0)) as u32;
    let (width, height) = (side(format.width), side(format.height));
    let m = homography(quad);
    let by = (resolution(quad, format) / per_mm).round().clamp(1.0, 4.0) as u32;
    let pixels = Pixels::of(image);
    let data = match by {
        1 => between(&pixels, &m, width, height),
        2 => means::<2>(&pixels, &m, width, height),
        3 => means::<3>(&pixels, &m, width, height),
        _ => means::<4>(&pixels, &m, width, height),
    };
    RgbImage::from_raw(width, height, data)
}

/// What lies between the four pixels about each place.
fn between(pixels: &Pixels<'_>, m: &[f64; 9], width: u32, height: u32) -> Vec<u8> {
    let mut data = vec![0; width as usize * height as usize * 3];
    for (y, line) in (0..height).zip(data.chunks_exact_mut(width as usize * 3)) {
        let row = Row::of(m, (f64::from(y) + 0.5) / f64::from(height), width.into());
        for (x, to) in (0..width).zip(line.as_chunks_mut::<3>().0) {
            let (x, y) = row.place(x.into());
            *to = pixels.between(x - 0.5, y - 0.5).map(|v| (v + 0.5) as u8);
        }
    }
    data
}

/// Means of the pixels at `BY` times `BY` places each: smooth enough, and added as whole numbers.
fn means<const BY: u32>(pixels: &Pixels<'_>, m: &[f64; 9], width: u32, height: u32) -> Vec<u8> {
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    let mut sums = vec![[0_u32; 3]; width as usize];
    for y in 0..height {
        sums.fill([0; 3]);
        for k in 0..BY {
            let v = (f64::from(y) + share(k, BY)) / f64::from(height);
            add_row::<BY>(pixels, &Row::of(m, v, f64::from(width * BY)), &mut sums);
        }
        let n = BY * BY;
        data.extend(
            sums.as_flattened()
                .iter()
                .map(|v| ((2 * v + n) / (2 * n)) as u8),
        );
    }
    data
}

/// The middle of the `k`th of `n` parts.
fn share(k: u32, n: u32) -> f64 {
    (f64::from(k) + 0.5) / f64::from(n)
}

/// Places in the picture along one row of the document, evenly spread on it: all three coordinates
/// of a place change evenly.
#[derive(Clone, Copy)]
struct Row {
    first: (f64, f64, f64),
    step: (f64, f64, f64),
}

impl Row {
    /// At the height `v` of the unit square, in so many steps.
    fn of(m: &[f64; 9], v: f64, steps: f64) -> Self {
        Self {
            first: times(m, 0.5 / steps, v),
            step: (m[0] / steps, m[3] / steps, m[6] / steps),
        }
    }

    #[inline]
    fn place(&self, at: f64) -> (f64, f64) {
        let over = 1.0 / (self.first.2 + at * self.step.2);
        (
            (self.first.0 + at * self.step.0) * over,
            (self.first.1 + at * self.step.1) * over,
        )
    }
}

/// So many places make one stretch of a row, whose ends are placed exactly and what lies between evenly: perspective
/// bends so short a stretch by a hundredth of a pixel.
const STRETCH: usize = 16;
/// Places along a stretch are counted in so many parts of a pixel, as a power of two.
const PARTS: u32 = 16;

/// Adds to each sum the pixels at its `BY` places along the row.
fn add_row<const BY: u32>(pixels: &Pixels<'_>, row: &Row, sums: &mut [[u32; 3]]) {
    let mut first = 0.0;
    let mut from = row.place(first);
    for stretch in sums.chunks_mut(STRETCH / BY as usize) {
        let places = (stretch.len() * BY as usize) as f64;
        let to = row.place(first + places);
        if pixels.have(from) && pixels.have(to) {
            let parts = |v: f64| (v * f64::from(1 << PARTS)) as i64;
            let step = |from: f64, to: f64| parts((to - from) / places);
            let at = (parts(from.0), parts(from.1));
            let step = (step(from.0, to.0), step(from.1, to.1));
            add_evenly::<BY>(pixels, at, step, stretch);
        } else {
            add_exactly::<BY>(pixels, row, first, stretch);
        }
        (first, from) = (first + places, to);
    }
}

/// From `at` on in even steps, all of it within the picture.
fn add_evenly<const BY: u32>(
    pixels: &Pixels<'_>,
    (mut x, mut y): (i64, i64),
    step: (i64, i64),
    sums: &mut [[u32; 3]],
) {
    for sum in sums {
        // First all places, then all pixels: each part of it many at once.
        let mut numbers = [usize::MAX; 4];
        for number in numbers.iter_mut().take(BY as usize) {
            *number = ((y >> PARTS) as usize)
                .wrapping_mul(pixels.width)
                .wrapping_add((x >> PARTS) as usize);
            x = x.wrapping_add(step.0);
            y = y.wrapping_add(step.1);
        }
        pixels.add(&numbers[..BY as usize], sum);
    }
}

/// From the `first` place of the row on, some of which may lie outside the picture.
fn add_exactly<const BY: u32>(pixels: &Pixels<'_>, row: &Row, first: f64, sums: &mut [[u32; 3]]) {
    let mut at = first;
    for sum in sums {
        let mut numbers = [usize::MAX; 4];
        for number in numbers.iter_mut().take(BY as usize) {
            let (x, y) = row.place(at);
            *number = pixels.number(x, y);
            at += 1.0;
        }
        pixels.add(&numbers[..BY as usize], sum);
    }
}

/// A picture's pixels with its sides at hand: looked up millions of times.
#[derive(Clone, Copy)]
struct Pixels<'a> {
    data: &'a [u8],
    pixels: &'a [[u8; 3]],
    width: usize,
    right: f64,
    bottom: f64,
}

impl<'a> Pixels<'a> {
    fn of(image: &'a RgbImage) -> Self {
        Self {
            data: image.data(),
            pixels: image.data().as_chunks::<3>().0,
            width: image.width() as usize,
            right: f64::from(image.width()),
            bottom: f64::from(image.height()),
        }
    }

    /// Whether the place lies within the picture.
    #[inline]
    fn have(&self, (x, y): (f64, f64)) -> bool {
        x >= 0.0 && y >= 0.0 && x < self.right && y < self.bottom
    }

    /// Adds the pixels of those numbers, as far as they are there.
    #[inline]
    fn add(&self, numbers: &[usize], sum: &mut [u32; 3]) {
        let mut here = [0_u32; 3];
        for number in numbers {
            if let Some([r, g, b]) = self.pixels.get(*number) {
                here[0] += u32::from(*r);
                here[1] += u32::from(*g);
                here[2] += u32::from(*b);
            }
        }
        sum[0] += here[0];
        sum[1] += here[1];
        sum[2] += here[2];
    }

    /// Which pixel lies at that place; one that there is not for places outside.
    #[inline]
    fn number(&self, x: f64, y: f64) -> usize {
        if self.have((x, y)) {
            (y as i32 as usize)
                .wrapping_mul(self.width)
                .wrapping_add(x as i32 as usize)
        } else {
            usize::MAX
        }
    }

    /// What lies between four pixels (bilinear); black where one of them is outside.
    #[inline]
    fn between(&self, px: f64, py: f64) -> [f32; 3] {
        let mut sum = [0.0; 3];
        if !(px >= 0.0 && py >= 0.0 && px + 1.0 < self.right && py + 1.0 < self.bottom) {
            return sum;
        }
        let (x, y) = (px as usize, py as usize);
        let (fx, fy) = ((px - x as f64) as f32, (py - y as f64) as f32);
        let i = (y * self.width + x) * 3;
        let j = i + self.width * 3;
        let (Some(above), Some(below)) = (self.data.get(i..i + 6), self.data.get(j..j + 6)) else {
            return sum;
        };
        for (c, sum) in sum.iter_mut().enumerate() {
            let of = |row: &[u8]| {
                let (left, right) = (f32::from(row[c]), f32::from(row[c + 3]));
                left + fx * (right - left)
            };
            let (above, below) = (of(above), of(below));
            *sum = above + fy * (below - above);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_ports::Point;

    fn quad(corners: [(f32, f32); 4]) -> Quad {
        Quad {
            corners: corners.map(|(x, y)| Point::new(x, y)),
        }
    }

    #[test]
    fn a_level_document_is_cut_out_as_it_is() {
        // Left half dark, right half light, at ten pixels a millimetre of a card.
        let data: Vec<u8> = (0..1000 * 700)
            .flat_map(|i| [if i % 1000 < 500 { 40 } else { 220 }; 3])
            .collect();
        let image = RgbImage::from_raw(1000, 700, data).unwrap();
        let q = quad([(72.0, 80.0), (928.0, 80.0), (928.0, 619.8), (72.0, 619.8)]);
        assert!((resolution(&q, CARD) - 10.0).abs() < 0.01);
        let flat = straighten(&image, &q, CARD, PER_MM).unwrap();
        assert_eq!((flat.width(), flat.height()), (514, 324));
        let at = |x: u32, y: u32| flat.data()[((y * flat.width() + x) * 3) as usize];
        assert_eq!((at(100, 100), at(400, 100)), (40, 220));
        assert_eq!((at(100, 300), at(400, 300)), (40, 220));
    }

    #[test]
    fn beyond_the_picture_it_is_black_and_a_flat_quad_does_no_harm() {
        let image = RgbImage::from_raw(100, 100, vec![200; 30_000]).unwrap();
        let q = quad([(-50.0, 0.0), (50.0, 0.0), (50.0, 60.0), (-50.0, 60.0)]);
        let flat = straighten(&image, &q, CARD, 1.0).unwrap();
        assert_eq!(flat.data()[0], 0);
        assert_eq!(flat.data()[(30 * 86 + 70) * 3], 200);
        let line = quad([(0.0, 0.0), (50.0, 50.0), (50.0, 50.0), (0.0, 0.0)]);
        assert!(straighten(&image, &line, CARD, 1.0).is_some());
    }

    #[test]
    fn of_a_finer_picture_each_pixel_is_a_mean_rounded_to_the_nearest() {
        for by in 2..=4_u32 {
            let (w, h) = (86 * by, 54 * by);
            let data: Vec<u8> = (0..w * h * 3).map(|i| (i % 997 * 37 % 251) as u8).collect();
            let image = RgbImage::from_raw(w, h, data.clone()).unwrap();
            let (right, bottom) = (w as f32, h as f32);
            let q = quad([(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)]);
            let flat = straighten(&image, &q, CARD, 1.0).unwrap();
            assert_eq!((flat.width(), flat.height()), (86, 54));
            for (i, found) in flat.data().iter().enumerate() {
                let (x, y, c) = (i as u32 / 3 % 86 * by, i as u32 / 3 / 86 * by, i as u32 % 3);
                let square = (0..by * by).map(|k| (x + k % by, y + k / by));
                let all = square.map(|(x, y)| u32::from(data[((y * w + x) * 3 + c) as usize]));
                let mean = f64::from(all.sum::<u32>()) / f64::from(by * by);
                assert_eq!(f64::from(*found), (mean + 0.5).floor(), "{by} {i}");
            }
        }
    }

    #[test]
    fn what_lies_evenly_is_what_was_placed_exactly_also_where_the_picture_ends() {
        let (w, h) = (900, 700);
        let data: Vec<u8> = (0..w * h * 3)
            .map(|i| (i % 9_973 * 37 % 251) as u8)
            .collect();
        let image = RgbImage::from_raw(w, h, data).unwrap();
        let pixels = Pixels::of(&image);
        // In strong perspective, and with a corner outside.
        for x in [40.0, -60.0] {
            let m = homography(&quad([
                (x, 60.0),
                (820.0, 130.0),
                (780.0, 560.0),
                (90.0, 640.0),
            ]));
            let (mut evenly, mut exactly) = (Vec::new(), Vec::new());
            for y in 0..100 {
                let row = Row::of(&m, share(y, 100), 1_280.0);
                let mut sums = [vec![[0; 3]; 640], vec![[0; 3]; 640]];
                add_row::<2>(&pixels, &row, &mut sums[0]);
                add_exactly::<2>(&pixels, &row, 0.0, &mut sums[1]);
                evenly.extend(sums[0].iter().copied());
                exactly.extend(sums[1].iter().copied());
            }
            let apart = evenly.iter().zip(&exactly).filter(|(a, b)| a != b);
            // A place on the border of two pixels may fall to either.
            assert!(apart.count() < evenly.len() / 20);
            let outside = |sums: &[[u32; 3]]| sums.iter().filter(|s| **s == [0; 3]).count();
            assert!(outside(&evenly).abs_diff(outside(&exactly)) < 10);
            assert_eq!(outside(&evenly) > 0, x < 0.0);
        }
    }
}
