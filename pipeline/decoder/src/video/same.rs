//! Whether two decoded frames show the identical picture.

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

/// The stored bytes of one row; for eight-bit planar pictures exactly the visible ones.
fn row(frame: &Video, plane: usize, y: usize) -> Option<&[u8]> {
    let stride = frame.stride(plane);
    let visible = (frame.plane_width(plane) as usize).min(stride);
    let data = frame.data(plane);
    data.get(y.checked_mul(stride)?..)?.get(..visible)
}
