//! Small bridges between [`RgbImage`] and OpenCV.

use idproof_ports::{Point, Rect, RgbImage};
use opencv::boxed_ref::BoxedRef;
use opencv::core::{Mat, Scalar, Size, Vec3b};
use opencv::imgproc;
use opencv::prelude::*;

/// A 2x3 matrix that maps source to target pixels.
pub(crate) type Affine = [[f64; 3]; 2];

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
/// at two or four times the size asked for, then averages. Fine print aliases; faces and edges do not.
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
    m: Affine,
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
pub(crate) fn similarity(from: &[Point], to: &[(f32, f32)]) -> Option<Affine> {
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

/// The face with its points `from` brought to `to`, in a square of `side`; `None` when the points
/// coincide. A large face is scaled down by area first: warped at once it would alias, and what
/// networks make of it would depend on how near the camera was.
pub(crate) fn aligned(
    image: &RgbImage,
    from: &[Point; 5],
    to: &[(f32, f32); 5],
    side: i32,
) -> opencv::Result<Option<Mat>> {
    let Some(m) = similarity(from, to) else {
        return Ok(None);
    };
    let source = view(image)?;
    let by = m[0][0].hypot(m[1][0]) * FINER;
    if by > LARGE {
        return affine(&source, m, side, side).map(Some);
    }
    // What the square sees of the image, and a little more.
    let inverse = inverse(m);
    let far = f64::from(side);
    let corners = [(0.0, 0.0), (far, 0.0), (0.0, far), (far, far)].map(|(x, y)| {
        let at = |row: [f64; 3]| row[0] * x + row[1] * y + row[2];
        (at(inverse[0]), at(inverse[1]))
    });
    let span = |values: [f64; 4], limit: u32| {
        let low = values.into_iter().fold(f64::MAX, f64::min) - 4.0;
        let high = values.into_iter().fold(f64::MIN, f64::max) + 4.0;
        let limit = f64::from(limit);
        let from = low.clamp(0.0, limit - 1.0).floor();
        let to = high.clamp(from + 1.0, limit).ceil();
        (from as i32, (to - from) as i32)
    };
    let (left, width) = span(corners.map(|c| c.0), image.width());
    let (top, height) = span(corners.map(|c| c.1), image.height());
    let part = Mat::roi(&source, opencv::core::Rect::new(left, top, width, height))?;
    let size = |v: i32| ((f64::from(v) * by).round() as i32).max(1);
    let small = scale(&part, size(width), size(height))?;
    let back = (
        f64::from(width) / f64::from(small.cols()),
        f64::from(height) / f64::from(small.rows()),
    );
    let (left, top) = (f64::from(left), f64::from(top));
    let of_small = m.map(|[a, b, c]| [a * back.0, b * back.1, a * left + b * top + c]);
    affine(&small, of_small, side, side).map(Some)
}

/// Faces that would be scaled by more than this are warped at once.
const LARGE: f64 = 0.8;
/// How much finer than needed a large face is left by the first scaling.
const FINER: f64 = 1.2;

/// The inverse of a similarity.
pub(crate) fn inverse([[a, b, c], [d, e, f]]: Affine) -> Affine {
    let det = a * e - b * d;
    [
        [e / det, -b / det, (b * f - c * e) / det],
        [-d / det, a / det, (c * d - a * f) / det],
    ]
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
    fn a_large_face_is_brought_to_the_same_place_as_a_small_one() {
        // A bright disc where the left eye is, at two sizes of the same scene.
        let scene = |factor: u32| {
            let (w, h) = (400 * factor, 300 * factor);
            let data = (0..w * h)
                .flat_map(|i| {
                    let (x, y) = (
                        (i % w) as f32 / factor as f32,
                        (i / w) as f32 / factor as f32,
                    );
                    let near = (x - 150.0).hypot(y - 120.0) < 12.0;
                    [if near { 250 } else { 40 }; 3]
                })
                .collect();
            let points = [
                (150.0, 120.0),
                (210.0, 120.0),
                (180.0, 150.0),
                (155.0, 185.0),
                (205.0, 185.0),
            ]
            .map(|(x, y)| Point::new(x * factor as f32, y * factor as f32));
            (RgbImage::from_raw(w, h, data).unwrap(), points)
        };
        let to = [
            (50.0, 45.0),
            (100.0, 45.0),
            (75.0, 70.0),
            (54.0, 99.0),
            (96.0, 99.0),
        ];
        let centre = |factor| {
            let (image, points) = scene(factor);
            let m = aligned(&image, &points, &to, 150).unwrap().unwrap();
            let bytes = m.data_bytes().unwrap();
            let bright: Vec<usize> = (0..150 * 150).filter(|i| bytes[i * 3] > 145).collect();
            let mean = |f: &dyn Fn(usize) -> usize| {
                bright.iter().map(|i| f(*i) as f64).sum::<f64>() / bright.len() as f64
            };
            (mean(&|i| i % 150), mean(&|i| i / 150))
        };
        let (one, four) = (centre(1), centre(4));
        assert!(
            (one.0 - four.0).abs() < 0.7 && (one.1 - four.1).abs() < 0.7,
            "{one:?} {four:?}"
        );
        assert!(
            (one.0 - 50.0).abs() < 1.5 && (one.1 - 45.0).abs() < 1.5,
            "{one:?}"
        );
        let (image, _) = scene(1);
        assert!(
            aligned(&image, &[Point::default(); 5], &to, 150)
                .unwrap()
                .is_none()
        );
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
