//! Marks by which the very same picture is recognised in another case, however it was saved.

use idproof_ports::RgbImage;
use sha2::{Digest, Sha256};

/// Cells across and down whose brightness is compared with the next one's to the right.
const SIDE: usize = 16;
/// A cell is darker than the next by at least this much of 255, or the two count as even.
const STEP: i64 = 3;
/// Rows of pixels between two that the exact mark covers.
const EVERY: usize = 8;
/// Fewer rows with anything in them than this make no marks: an even picture is like any other.
const FEWEST: usize = 6;

/// What one picture is recognised by. Personal data: kept only under a keyed hash.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PictureMarks {
    /// SHA-256 of size and of every eighth row: the same pixels.
    pub exact: Option<[u8; 32]>,
    /// Rows of a difference hash (row, sixteen comparisons) in which something changes: the same
    /// picture, saved or scaled anew, keeps most of them.
    pub rows: Vec<(u8, u16)>,
}

impl std::fmt::Debug for PictureMarks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PictureMarks({} rows)", self.rows.len())
    }
}

pub(crate) fn marks(image: &RgbImage) -> PictureMarks {
    let cells = cells(image);
    let rows: Vec<(u8, u16)> = (0..SIDE as u8)
        .zip(cells.chunks_exact(SIDE + 1))
        .map(|(row, cells)| {
            let bits = cells.windows(2).fold(0_u16, |bits, pair| {
                bits << 1 | u16::from(pair[0] + STEP < pair[1])
            });
            (row, bits)
        })
        .filter(|(_, bits)| *bits != 0)
        .collect();
    if rows.len() < FEWEST {
        return PictureMarks::default();
    }
    PictureMarks {
        exact: Some(exact(image)),
        rows,
    }
}

fn exact(image: &RgbImage) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(image.width().to_be_bytes());
    hash.update(image.height().to_be_bytes());
    for row in image
        .data()
        .chunks_exact(image.width() as usize * 3)
        .step_by(EVERY)
    {
        hash.update(row);
    }
    hash.finalize().into()
}

/// Mean brightness of `SIDE` rows of `SIDE + 1` cells, of every other pixel.
fn cells(image: &RgbImage) -> Vec<i64> {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let (pixels, _) = image.data().as_chunks::<3>();
    let mut cells = Vec::with_capacity(SIDE * (SIDE + 1));
    for row in 0..SIDE {
        let (top, bottom) = (row * h / SIDE, (row + 1) * h / SIDE);
        for column in 0..=SIDE {
            let (left, right) = (column * w / (SIDE + 1), (column + 1) * w / (SIDE + 1));
            let (mut r, mut g, mut b, mut n) = (0_i64, 0_i64, 0_i64, 0_i64);
            for y in (top..bottom).step_by(2) {
                for p in pixels[y * w + left..y * w + right].iter().step_by(2) {
                    r += i64::from(p[0]);
                    g += i64::from(p[1]);
                    b += i64::from(p[2]);
                    n += 1;
                }
            }
            cells.push((r * 299 + g * 587 + b * 114) / (1000 * n.max(1)));
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(w: u32, h: u32, f: impl Fn(f64, f64) -> f64) -> RgbImage {
        let at = |i: u32| {
            let (x, y) = (i % w, i / w);
            f(f64::from(x) / f64::from(w), f64::from(y) / f64::from(h)).clamp(0.0, 255.0) as u8
        };
        let data = (0..w * h).flat_map(|i| [at(i); 3]).collect();
        RgbImage::from_raw(w, h, data).unwrap()
    }

    fn blobs(x: f64, y: f64) -> f64 {
        128.0 + 60.0 * (17.0 * x + 3.0 * y).sin() + 50.0 * (11.0 * y - 5.0 * x * x * 4.0).cos()
    }

    fn common(a: &PictureMarks, b: &PictureMarks) -> usize {
        a.rows.iter().filter(|m| b.rows.contains(m)).count()
    }

    #[test]
    fn the_same_picture_smaller_and_noisier_keeps_most_rows() {
        let whole = marks(&picture(1200, 900, blobs));
        let again = marks(&picture(640, 480, |x, y| {
            blobs(x, y) + f64::from((x * 7919.0 + y * 104_729.0) as u32 % 7) - 3.0
        }));
        assert!(whole.rows.len() >= 12, "{whole:?}");
        assert!(common(&whole, &again) * 10 >= whole.rows.len() * 7);
        assert_ne!(whole.exact, again.exact);
        assert_eq!(marks(&picture(1200, 900, blobs)), whole);
    }

    #[test]
    fn another_picture_keeps_few_and_an_even_one_has_none() {
        let one = marks(&picture(800, 600, blobs));
        let other = marks(&picture(800, 600, |x, y| blobs(y * 1.3 + 0.2, 1.0 - x)));
        assert!(common(&one, &other) * 10 < one.rows.len() * 3);
        let even = marks(&picture(800, 600, |_, _| 200.0));
        assert_eq!(even, PictureMarks::default());
        let dot = RgbImage::from_raw(1, 1, vec![7; 3]).unwrap();
        assert_eq!(marks(&dot), PictureMarks::default());
    }
}
