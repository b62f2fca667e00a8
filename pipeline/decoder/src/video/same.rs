//! Whether two decoded frames show the identical picture, or how much they differ.

use ffmpeg_next::ffi;
use ffmpeg_next::frame::Video;

/// Every so many rows are compared first: moving pictures differ within the first one.
const SAMPLED: usize = 16;

/// Exact comparison of all planes; costs next to nothing where the frames differ.
pub(super) fn same_picture(a: &Video, b: &Video) -> bool {
    if a.format() != b.format() || (a.width(), a.height()) != (b.width(), b.height()) {
        return false;
    }
    let rows = a.height() as usize;
    (0..rows)
        .step_by(SAMPLED)
        .all(|y| row(a, 0, y) == row(b, 0, y))
        && (0..a.planes()).all(|plane| {
            (0..a.plane_height(plane) as usize).all(|y| row(a, plane, y) == row(b, plane, y))
        })
}

/// Every so many pixels and rows are compared for how much they differ.
const SPARSE: usize = 8;

/// Mean absolute difference of the first plane in hundredths of a grey level. Frames of another
/// size or format differ as much as frames can.
pub(super) fn change(a: &Video, b: &Video) -> u16 {
    if a.format() != b.format() || (a.width(), a.height()) != (b.width(), b.height()) {
        return u16::MAX;
    }
    let (mut sum, mut count) = (0_u64, 0_u64);
    for y in (0..a.height() as usize).step_by(SPARSE) {
        let (Some(one), Some(other)) = (row(a, 0, y), row(b, 0, y)) else {
            continue;
        };
        for (p, q) in one.iter().zip(other).step_by(SPARSE) {
            sum += u64::from(p.abs_diff(*q));
            count += 1;
        }
    }
    u16::try_from(sum * 100 / count.max(1)).unwrap_or(u16::MAX)
}

/// The visible bytes of one row, without the padding behind it.
#[expect(unsafe_code, reason = "the bytes of a row depend on the pixel format")]
fn row(frame: &Video, plane: usize, y: usize) -> Option<&[u8]> {
    let number = i32::try_from(plane).ok()?;
    let width = i32::try_from(frame.width()).ok()?;
    // SAFETY: plain values; an unknown format gives a negative answer.
    let visible = unsafe { ffi::av_image_get_linesize(frame.format().into(), width, number) };
    let stride = frame.stride(plane);
    let visible = usize::try_from(visible).ok()?.min(stride);
    let data = frame.data(plane);
    data.get(y.checked_mul(stride)?..)?.get(..visible)
}
