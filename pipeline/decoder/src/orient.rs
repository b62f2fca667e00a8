//! The eight EXIF orientations, applied to packed RGB.

/// Blocks of this many pixels a side are turned at once, so that both sides stay in cache.
const BLOCK: usize = 32;

/// A borrowed RGB picture whose rows may be padded.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [u8],
    pub width: usize,
    pub height: usize,
    /// Bytes from one row to the next, at least `3 * width`.
    pub stride: usize,
}

/// Whether the orientation swaps width and height.
pub fn swaps_sides(orientation: u8) -> bool {
    (5..=8).contains(&orientation)
}

/// The upright size of a picture stored as `width` x `height`.
pub fn upright(width: u32, height: u32, orientation: u8) -> (u32, u32) {
    if swaps_sides(orientation) {
        (height, width)
    } else {
        (width, height)
    }
}

/// Turns a picture upright; the result is packed. Orientations as in EXIF 2.32, tag 0x0112.
/// `None` when `data` is shorter than the picture.
pub fn apply(from: Rows<'_>, orientation: u8) -> Option<Vec<u8>> {
    let (w, h) = (from.width, from.height);
    let row = w.checked_mul(3)?;
    if w == 0 || h == 0 || from.stride < row {
        return None;
    }
    let needed = from.stride.checked_mul(h - 1)?.checked_add(row)?;
    let data = from.data.get(..needed)?;
    let size = row.checked_mul(h)?;
    if swaps_sides(orientation) {
        let mut out = vec![0; size];
        turn(data, from.stride, w, h, orientation, &mut out);
        return Some(out);
    }
    let mut out = Vec::with_capacity(size);
    for y in 0..h {
        let source_y = if matches!(orientation, 3 | 4) {
            h - 1 - y
        } else {
            y
        };
        let source = &data[source_y * from.stride..][..row];
        if matches!(orientation, 2 | 3) {
            out.extend(source.as_chunks::<3>().0.iter().rev().flatten());
        } else {
            out.extend_from_slice(source);
        }
    }
    Some(out)
}

/// Like [`apply`] for a packed picture that may keep its buffer.
pub fn apply_packed(data: Vec<u8>, width: u32, height: u32, orientation: u8) -> Option<Vec<u8>> {
    if orientation <= 1 {
        return Some(data);
    }
    let (width, height) = (width as usize, height as usize);
    let rows = Rows {
        data: &data,
        width,
        height,
        stride: width.checked_mul(3)?,
    };
    apply(rows, orientation)
}

/// Orientations 5 to 8: the target is `h` wide and `w` high.
fn turn(data: &[u8], stride: usize, w: usize, h: usize, orientation: u8, out: &mut [u8]) {
    // Target (x, y) comes from source column y or w-1-y and row x or h-1-x.
    let column_reversed = matches!(orientation, 7 | 8);
    let row_reversed = matches!(orientation, 6 | 7);
    for block_y in (0..w).step_by(BLOCK) {
        for block_x in (0..h).step_by(BLOCK) {
            for y in block_y..(block_y + BLOCK).min(w) {
                let source_x = if column_reversed { w - 1 - y } else { y };
                let target = &mut out[(y * h + block_x) * 3..][..BLOCK.min(h - block_x) * 3];
                for (i, to) in target.chunks_exact_mut(3).enumerate() {
                    let x = block_x + i;
                    let source_y = if row_reversed { h - 1 - x } else { x };
                    to.copy_from_slice(&data[source_y * stride + source_x * 3..][..3]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3x2, each pixel named by one letter:  a b c / d e f
    fn picture(stride: usize) -> Vec<u8> {
        let mut data = vec![0; stride * 2];
        for (y, row) in [b"abc", b"def"].iter().enumerate() {
            for (x, &letter) in row.iter().enumerate() {
                data[y * stride + x * 3..][..3].fill(letter);
            }
        }
        data
    }

    #[test]
    fn all_eight_orientations_packed_and_padded() {
        // What the upright picture reads, row after row.
        let expected = [
            "abcdef", "cbafed", "fedcba", "defabc", "adbecf", "daebfc", "fcebda", "cfbead",
        ];
        for stride in [9, 16] {
            let data = picture(stride);
            for (orientation, expected) in (1..=8).zip(expected) {
                let rows = Rows {
                    data: &data,
                    width: 3,
                    height: 2,
                    stride,
                };
                let out = apply(rows, orientation).unwrap();
                let letters: Vec<u8> = out.chunks(3).map(|p| p[0]).collect();
                assert_eq!(
                    String::from_utf8(letters).unwrap(),
                    expected,
                    "{orientation}"
                );
            }
        }
    }

    #[test]
    fn blocks_cover_sides_that_are_no_multiple() {
        let (w, h) = (70usize, 45usize);
        let data: Vec<u8> = (0..w * h).flat_map(|i| [(i % 251) as u8; 3]).collect();
        let rows = |data, width, height| Rows {
            data,
            width,
            height,
            stride: width * 3,
        };
        let turned = apply(rows(&data, w, h), 6).unwrap();
        let back = apply(rows(&turned, h, w), 8).unwrap();
        assert_eq!(back, data);
    }

    #[test]
    fn a_short_buffer_is_refused() {
        let rows = Rows {
            data: &[0; 10],
            width: 2,
            height: 2,
            stride: 6,
        };
        assert!(apply(rows, 1).is_none());
    }
}
