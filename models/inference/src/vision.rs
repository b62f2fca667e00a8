//! Small bridges between [`RgbImage`] and OpenCV.

use idproof_ports::{Point, Rect, RgbImage};
use opencv::boxed_ref::BoxedRef;
use opencv::core::{Mat, Scalar, Size, Vec3b};
use opencv::imgproc;
use opencv::prelude::*;

/// Views an image as an 8-bit three-channel matrix without copying.
pub(crate) fn view(image: &RgbImage) -> opencv::Result<BoxedRef<'_, Mat>> {
    Mat::new_rows_cols_with_bytes::<Vec3b>(
        to_i32(image.height()),
        to_i32(image.width()),
        image.data(),
    )
}

/// Saturating: no image here is anywhere near 2^31 pixels wide.
pub(crate) fn to_i32(v: u32) -> i32 {
    i32::try_from(v).unwrap_or(i32::MAX)
}

/// Scales to `width` x `height` by area. Far reductions halve first: OpenCV does that several
/// times faster, and the mean of means over equal areas is the mean.
pub(crate) fn scale(source: &impl MatTraitConst, width: i32, height: i32) -> opencv::Result<Mat> {
    let mut halved: Option<Mat> = None;
    loop {
        let (w, h) = match &halved {
            Some(m) => (m.cols(), m.rows()),
            None => (source.cols(), source.rows()),
        };
        let far = w > width * 2 && h > height * 2;
        let size = if far {
            Size::new(w / 2, h / 2)
        } else {
            Size::new(width, height)
        };
        let done = !far;
        let how = if w > width {
            imgproc::INTER_AREA
        } else {
            imgproc::INTER_LINEAR
        };
        // Halving leaves an odd last row or column out.
        let (used_w, used_h) = if done { (w, h) } else { (w / 2 * 2, h / 2 * 2) };
        let rect = opencv::core::Rect::new(0, 0, used_w, used_h);
        let mut out = Mat::default();
        match &halved {
            Some(m) => resize(&Mat::roi(m, rect)?, &mut out, size, how)?,
            None => resize(&Mat::roi(source, rect)?, &mut out, size, how)?,
        }
        if done {
            return Ok(out);
        }
        halved = Some(out);
    }
}

/// Scales far down for a detector, in a fraction of the time of [`scale`]: samples the picture
/// at two or four times the size asked for, then averages. Fine print aliases; faces do not.
pub(crate) fn thumbnail(
    source: &impl MatTraitConst,
    width: i32,
    height: i32,
) -> opencv::Result<Mat> {
    let by = match source.cols() / width.max(1) {
        8.. => 4,
        4.. => 2,
        _ => return scale(source, width, height),
    };
    let all = opencv::core::Rect::new(0, 0, source.cols(), source.rows());
    let mut sampled = Mat::default();
    let size = Size::new(width * by, height * by);
    resize(
        &Mat::roi(source, all)?,
        &mut sampled,
        size,
        imgproc::INTER_LINEAR,
    )?;
    let mut out = Mat::default();
    resize(
        &sampled,
        &mut out,
        Size::new(width, height),
        imgproc::INTER_AREA,
    )?;
    Ok(out)
}

fn resize(
    source: &impl opencv::core::ToInputArray,
    out: &mut Mat,
    size: Size,
    how: i32,
) -> opencv::Result<()> {
    imgproc::resize(source, out, size, 0.0, 0.0, how)
}

/// Cuts `rect` (may reach beyond the image; the border is repeated) and scales it to
/// `width` x `height`, bilinear whatever the scale: so the networks here were trained.
pub(crate) fn crop_resize(
    image: &RgbImage,
    rect: &Rect,
    width: i32,
    height: i32,
) -> opencv::Result<Mat> {
    let scale_x = f64::from(width) / f64::from(rect.width.max(1.0));
    let scale_y = f64::from(height) / f64::from(rect.height.max(1.0));
    affine(
        &view(image)?,
        [
            [scale_x, 0.0, -f64::from(rect.x) * scale_x],
            [0.0, scale_y, -f64::from(rect.y) * scale_y],
        ],
        width,
        height,
    )
}

/// Warps by a 2x3 matrix that maps source to target pixels.
pub(crate) fn affine(
    source: &impl opencv::core::ToInputArray,
    m: [[f64; 3]; 2],
    width: i32,
    height: i32,
) -> opencv::Result<Mat> {
    let matrix = Mat::from_slice_2d(&m)?;
    let mut out = Mat::default();
    imgproc::warp_affine(
        source,
        &mut out,
        &matrix,
        Size::new(width, height),
        imgproc::INTER_LINEAR,
        opencv::core::BORDER_REPLICATE,
        Scalar::default(),
    )?;
    Ok(out)
}

/// The similarity (rotation, scale, shift) that maps `from` to `to` with least squares
/// (Umeyama 1991, without reflection), as a 2x3 matrix. `None` when `from` is degenerate.
pub(crate) fn similarity(from: &[Point], to: &[(f32, f32)]) -> Option<[[f64; 3]; 2]> {
    let n = from.len().min(to.len()) as f64;
    if n < 2.0 {
        return None;
    }
    let (mut fx, mut fy, mut tx, mut ty) = (0.0, 0.0, 0.0, 0.0);
    for (f, t) in from.iter().zip(to) {
        fx += f64::from(f.x);
        fy += f64::from(f.y);
        tx += f64::from(t.0);
        ty += f64::from(t.1);
    }
    let (fx, fy, tx, ty) = (fx / n, fy / n, tx / n, ty / n);
    let (mut dot, mut cross, mut norm) = (0.0, 0.0, 0.0);
    for (f, t) in from.iter().zip(to) {
        let (ax, ay) = (f64::from(f.x) - fx, f64::from(f.y) - fy);
        let (bx, by) = (f64::from(t.0) - tx, f64::from(t.1) - ty);
        dot += ax * bx + ay * by;
        cross += ax * by - ay * bx;
        norm += ax * ax + ay * ay;
    }
    if norm < 1e-6 {
        return None;
    }
    let (a, b) = (dot / norm, cross / norm);
    Some([[a, -b, tx - a * fx + b * fy], [b, a, ty - b * fx - a * fy]])
}

/// Packs an 8-bit three-channel matrix as planar float32 `[3, h, w]`, each value
/// `(v - mean[c]) * scale[c]`; `order` picks the source channel of each plane.
pub(crate) fn planar(
    mat: &Mat,
    order: [usize; 3],
    mean: [f32; 3],
    scale: [f32; 3],
) -> opencv::Result<Vec<f32>> {
    let pixels = mat.data_typed::<Vec3b>()?;
    let mut out = Vec::with_capacity(pixels.len() * 3);
    for c in 0..3 {
        let (source, mean, scale) = (order[c], mean[c], scale[c]);
        out.extend(
            pixels
                .iter()
                .map(|px| (f32::from(px[source]) - mean) * scale),
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_recovers_a_known_motion() {
        let from = [
            Point::new(0.0, 0.0),
            Point::new(10.0, 0.0),
            Point::new(0.0, 10.0),
        ];
        // Rotation by 90 degrees, scale 2, shift (5, 7).
        let to: Vec<(f32, f32)> = from
            .iter()
            .map(|p| (-2.0 * p.y + 5.0, 2.0 * p.x + 7.0))
            .collect();
        let m = similarity(&from, &to).unwrap();
        let expected = [[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]];
        for (row, want) in m.iter().zip(expected) {
            for (a, b) in row.iter().zip(want) {
                assert!((a - b).abs() < 1e-5);
            }
        }
        assert!(similarity(&[Point::default(); 3], &to).is_none());
    }

    #[test]
    fn far_reductions_keep_the_mean() {
        let data = (0..1001 * 701 * 3).map(|i| (i % 200) as u8).collect();
        let image = RgbImage::from_raw(1001, 701, data).unwrap();
        let small = scale(&view(&image).unwrap(), 40, 30).unwrap();
        assert_eq!((small.cols(), small.rows()), (40, 30));
        let mean = |m: &Mat| {
            let bytes = m.data_bytes().unwrap();
            bytes.iter().map(|&b| f64::from(b)).sum::<f64>() / bytes.len() as f64
        };
        assert!((mean(&small) - 99.5).abs() < 1.0);
        let small = thumbnail(&view(&image).unwrap(), 40, 30).unwrap();
        assert_eq!((small.cols(), small.rows()), (40, 30));
        assert!((mean(&small) - 99.5).abs() < 3.0);
    }

    #[test]
    fn a_crop_beyond_the_border_keeps_the_asked_size() {
        let image = RgbImage::from_raw(40, 30, vec![9; 40 * 30 * 3]).unwrap();
        for (x, y, w, h) in [
            (-20.0, -20.0, 100.0, 100.0),
            (35.0, 25.0, 300.0, 300.0),
            (0.0, 0.0, 4.0, 4.0),
        ] {
            let rect = Rect {
                x,
                y,
                width: w,
                height: h,
            };
            let out = crop_resize(&image, &rect, 32, 32).unwrap();
            assert_eq!((out.rows(), out.cols()), (32, 32));
            assert!(out.data_bytes().unwrap().iter().all(|&v| v == 9));
        }
    }
}
