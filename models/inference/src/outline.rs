//! Finds documents by their outline: edges, closed contours, quadrilaterals of a document's
//! proportions. No network.

use idproof_ports::{DocumentFinder, ModelError, Point, Quad, RgbImage};
use opencv::core::{Mat, Point as PixelPoint, Scalar, Size, Vector};
use opencv::imgproc;

use crate::vision::{thumbnail, view};

/// What the picture's longer side is scaled to.
const SIDE: i32 = 720;
/// Share of the picture a document takes at least.
const SMALLEST: f64 = 0.06;
/// Length over height of what is taken for a document: ID-1 is 1.59, a passport's page 1.42,
/// a visa 1.5; perspective bends that.
const PROPORTIONS: std::ops::RangeInclusive<f64> = 1.1..=2.1;
/// The contour's hull fills at least this share of its quadrilateral, which has round corners.
const FILLED: f64 = 0.88;
/// Two outlines with more of the smaller inside the larger are of one document.
const SAME: f64 = 0.6;
/// Pairs of Canny thresholds; weak edges only where strong ones close nothing.
const EDGES: [(f64, f64); 3] = [(60.0, 180.0), (25.0, 75.0), (10.0, 30.0)];
const MOST: usize = 4;
/// Corners all nearer to the picture's border than this share of a side: that is the picture.
const BORDER: f64 = 0.03;

/// [`DocumentFinder`] with OpenCV's contours.
#[derive(Debug, Default)]
pub struct OutlineFinder;

impl DocumentFinder for OutlineFinder {
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Quad>, ModelError> {
        find(image).map_err(|e| ModelError::Failed {
            model: "outline".to_owned(),
            detail: format!("image preparation failed: {e}"),
        })
    }
}

fn find(image: &RgbImage) -> opencv::Result<Vec<Quad>> {
    let longer = image.width().max(image.height()) as f32;
    let by = (SIDE as f32 / longer).min(1.0);
    let side = |v: u32| ((v as f32 * by).round() as i32).max(1);
    let (w, h) = (side(image.width()), side(image.height()));
    if w < 32 || h < 32 {
        return Ok(Vec::new());
    }
    let small = thumbnail(&view(image)?, w, h)?;
    let mut soft = Mat::default();
    imgproc::gaussian_blur_def(&small, &mut soft, Size::new(5, 5), 0.0)?;
    let mut found: Vec<(f64, [PixelPoint; 4])> = Vec::new();
    for thresholds in EDGES {
        for quad in outlines(&soft, thresholds)? {
            let area = area(&quad);
            if !is_the_picture(&quad, w, h)
                && area >= SMALLEST * f64::from(w) * f64::from(h)
                && proportioned(&quad)
            {
                found.push((area, quad));
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<[PixelPoint; 4]> = Vec::new();
    for (_, quad) in found {
        if !kept.iter().any(|k| overlap(k, &quad) > SAME) {
            kept.push(quad);
        }
    }
    kept.truncate(MOST);
    Ok(kept.iter().map(|q| in_picture(q, 1.0 / by)).collect())
}

fn outlines(picture: &Mat, (low, high): (f64, f64)) -> opencv::Result<Vec<[PixelPoint; 4]>> {
    let mut edges = Mat::default();
    imgproc::canny_def(picture, &mut edges, low, high)?;
    let kernel = imgproc::get_structuring_element_def(imgproc::MORPH_RECT, Size::new(5, 5))?;
    let mut closed = Mat::default();
    imgproc::morphology_ex(
        &edges,
        &mut closed,
        imgproc::MORPH_CLOSE,
        &kernel,
        PixelPoint::new(-1, -1),
        2,
        opencv::core::BORDER_CONSTANT,
        Scalar::default(),
    )?;
    let mut contours = Vector::<Vector<PixelPoint>>::new();
    imgproc::find_contours_def(
        &closed,
        &mut contours,
        imgproc::RETR_LIST,
        imgproc::CHAIN_APPROX_SIMPLE,
    )?;
    let mut found = Vec::new();
    for contour in &contours {
        if contour.len() >= 4
            && let Some(quad) = quadrilateral(&contour)?
        {
            found.push(quad);
        }
    }
    Ok(found)
}

/// The four corners of the hull, where it has four.
fn quadrilateral(contour: &Vector<PixelPoint>) -> opencv::Result<Option<[PixelPoint; 4]>> {
    let mut hull = Vector::<PixelPoint>::new();
    imgproc::convex_hull_def(contour, &mut hull)?;
    let around = imgproc::arc_length(&hull, true)?;
    for share in [0.02, 0.035, 0.05] {
        let mut corners = Vector::<PixelPoint>::new();
        imgproc::approx_poly_dp(&hull, &mut corners, share * around, true)?;
        if let [a, b, c, d] = corners.as_slice() {
            let quad = [*a, *b, *c, *d];
            let filled = imgproc::contour_area_def(&hull)? / area(&quad).max(1.0);
            return Ok((filled >= FILLED).then_some(quad));
        }
    }
    Ok(None)
}

/// Texture may close a contour along the border; a scan cut to the document needs no outline.
fn is_the_picture(q: &[PixelPoint; 4], w: i32, h: i32) -> bool {
    let near = |v: i32, side: i32| {
        let edge = f64::from(side) * BORDER;
        f64::from(v) < edge || f64::from(v) > f64::from(side) - edge
    };
    q.iter().all(|p| near(p.x, w) && near(p.y, h))
}

fn distance(a: PixelPoint, b: PixelPoint) -> f64 {
    f64::from(a.x - b.x).hypot(f64::from(a.y - b.y))
}

fn area(q: &[PixelPoint; 4]) -> f64 {
    let cross = |a: PixelPoint, b: PixelPoint| {
        f64::from(a.x) * f64::from(b.y) - f64::from(b.x) * f64::from(a.y)
    };
    ((0..4).map(|i| cross(q[i], q[(i + 1) % 4])).sum::<f64>() / 2.0).abs()
}

fn proportioned(q: &[PixelPoint; 4]) -> bool {
    let one = (distance(q[0], q[1]) + distance(q[2], q[3])) / 2.0;
    let other = (distance(q[1], q[2]) + distance(q[3], q[0])) / 2.0;
    PROPORTIONS.contains(&(one.max(other) / one.min(other).max(1.0)))
}

/// Share of the smaller box, sides level, that lies in the larger.
fn overlap(a: &[PixelPoint; 4], b: &[PixelPoint; 4]) -> f64 {
    let bounds = |q: &[PixelPoint; 4]| {
        let (xs, ys) = (q.map(|p| p.x), q.map(|p| p.y));
        let least = |v: [i32; 4]| v.into_iter().min().unwrap_or(0);
        let most = |v: [i32; 4]| v.into_iter().max().unwrap_or(0);
        (least(xs), least(ys), most(xs), most(ys))
    };
    let (a, b) = (bounds(a), bounds(b));
    let size =
        |q: (i32, i32, i32, i32)| f64::from((q.2 - q.0).max(0)) * f64::from((q.3 - q.1).max(0));
    let common = (a.0.max(b.0), a.1.max(b.1), a.2.min(b.2), a.3.min(b.3));
    size(common) / size(a).min(size(b)).max(1.0)
}

/// Clockwise from the top left, a long side first, in the picture's own pixels.
fn in_picture(q: &[PixelPoint; 4], by: f32) -> Quad {
    let mut corners = q.map(|p| Point::new((p.x as f32 + 0.5) * by, (p.y as f32 + 0.5) * by));
    let signed: f32 = (0..4)
        .map(|i| {
            let (a, b) = (corners[i], corners[(i + 1) % 4]);
            a.x * b.y - b.x * a.y
        })
        .sum();
    if signed < 0.0 {
        corners.reverse();
    }
    let first = (0..4)
        .min_by(|a, b| {
            let sum = |i: &usize| corners[*i].x + corners[*i].y;
            sum(a).total_cmp(&sum(b))
        })
        .unwrap_or(0);
    corners.rotate_left(first);
    let across = corners[0].distance(corners[1]) + corners[2].distance(corners[3]);
    let down = corners[1].distance(corners[2]) + corners[3].distance(corners[0]);
    if down > across {
        corners.rotate_left(1);
    }
    Quad { corners }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opencv::prelude::*;

    /// Dark ground with light parallelograms of given corners.
    fn picture(cards: &[[(i32, i32); 4]]) -> RgbImage {
        let mut mat =
            Mat::new_rows_cols_with_default(600, 900, opencv::core::CV_8UC3, Scalar::all(60.0))
                .unwrap();
        for card in cards {
            let corners: Vector<PixelPoint> =
                card.iter().map(|(x, y)| PixelPoint::new(*x, *y)).collect();
            imgproc::fill_convex_poly_def(&mut mat, &corners, Scalar::all(205.0)).unwrap();
        }
        RgbImage::from_raw(900, 600, mat.data_bytes().unwrap().to_vec()).unwrap()
    }

    fn assert_near(quad: &Quad, wanted: [(f32, f32); 4]) {
        for (corner, (x, y)) in quad.corners.iter().zip(wanted) {
            assert!(corner.distance(Point::new(x, y)) < 9.0, "{quad:?}");
        }
    }

    #[test]
    fn a_card_in_perspective_is_found() {
        let found = find(&picture(&[[
            (200, 150),
            (690, 120),
            (720, 470),
            (180, 430),
        ]]))
        .unwrap();
        assert_eq!(found.len(), 1);
        assert_near(
            &found[0],
            [
                (200.0, 150.0),
                (690.0, 120.0),
                (720.0, 470.0),
                (180.0, 430.0),
            ],
        );
    }

    #[test]
    fn two_cards_are_two_and_a_card_on_end_has_its_long_side_first() {
        let cards = [
            [(60, 60), (440, 60), (440, 300), (60, 300)],
            [(560, 60), (790, 60), (790, 430), (560, 430)],
        ];
        let found = find(&picture(&cards)).unwrap();
        assert_eq!(found.len(), 2);
        for quad in &found {
            let [a, b, c, _] = quad.corners;
            assert!(a.distance(b) > b.distance(c));
        }
    }

    #[test]
    fn an_even_ground_and_a_long_ruler_hold_no_document() {
        assert!(find(&picture(&[])).unwrap().is_empty());
        let ruler = [(50, 200), (850, 200), (850, 290), (50, 290)];
        assert!(find(&picture(&[ruler])).unwrap().is_empty());
        let dot = RgbImage::from_raw(1, 1, vec![0; 3]).unwrap();
        assert!(find(&dot).unwrap().is_empty());
    }
}
