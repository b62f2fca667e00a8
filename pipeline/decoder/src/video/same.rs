//! Whether two decoded frames show the identical picture.

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
