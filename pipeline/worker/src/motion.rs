//! Does the face deform like a living one, or move like a picture?
//!
//! A flat picture moved before a camera moves by a homography, nearly by an affine map for
//! small tilts. So each frame's landmarks are mapped onto the mean shape by the affine map that
//! fits jaw, brows and nose best, and what is left over at eyes and mouth is deformation: lips,
//! lids, and parallax of a turning head. In a print with holes, eyes and mouth move less against
//! the printed face than a living one's do.

use idproof_domain::evidence::Motion;
use idproof_ports::{Landmarks, Point};

/// Landmarks that move most in a living face: eyes and mouth.
const MOBILE: std::ops::Range<usize> = 36..68;
/// Jaw, brows and nose: they move with the head.
const STEADY: std::ops::Range<usize> = 0..36;
/// Below this many frames nothing can be said.
const MIN_FRAMES: usize = 8;

/// `None` when there are too few frames.
pub(crate) fn motion(frames: &[Landmarks]) -> Option<Motion> {
    if frames.len() < MIN_FRAMES {
        return None;
    }
    let shapes: Vec<Vec<[f64; 2]>> = frames.iter().filter_map(normalised).collect();
    if shapes.len() < MIN_FRAMES {
        return None;
    }
    let mean = mean_shape(&shapes);
    let registered: Vec<Vec<[f64; 2]>> = shapes
        .iter()
        .filter_map(|s| affine_onto(s, &mean))
        .collect();
    let deformation = spread(&registered)?;
    Some(Motion {
        frames: u32::try_from(registered.len()).unwrap_or(u32::MAX),
        deformation,
    })
}

/// Centred between the eyes, in units of the distance between them.
fn normalised(l: &Landmarks) -> Option<Vec<[f64; 2]>> {
    let [left, right, ..] = l.five();
    let scale = f64::from(left.distance(right));
    if !scale.is_finite() || scale < 1.0 {
        return None;
    }
    let mid = Point::new((left.x + right.x) / 2.0, (left.y + right.y) / 2.0);
    Some(
        l.points
            .iter()
            .map(|p| {
                [
                    f64::from(p.x - mid.x) / scale,
                    f64::from(p.y - mid.y) / scale,
                ]
            })
            .collect(),
    )
}

fn mean_shape(shapes: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let n = shapes.len() as f64;
    (0..68)
        .map(|i| {
            let (x, y) = shapes
                .iter()
                .fold((0.0, 0.0), |(x, y), s| (x + s[i][0], y + s[i][1]));
            [x / n, y / n]
        })
        .collect()
}

/// `shape` mapped by the affine map that brings its steady points closest to those of `onto`
/// (least squares).
fn affine_onto(shape: &[[f64; 2]], onto: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    // Normal equations of [x y 1] * A = [u v].
    let mut m = [[0.0; 3]; 3];
    let mut r = [[0.0; 2]; 3];
    for (p, q) in shape[STEADY].iter().zip(&onto[STEADY]) {
        let row = [p[0], p[1], 1.0];
        for i in 0..3 {
            for j in 0..3 {
                m[i][j] += row[i] * row[j];
            }
            for j in 0..2 {
                r[i][j] += row[i] * q[j];
            }
        }
    }
    let inverse = invert(m)?;
    let mut a = [[0.0; 2]; 3];
    for i in 0..3 {
        for j in 0..2 {
            a[i][j] = (0..3).map(|k| inverse[i][k] * r[k][j]).sum();
        }
    }
    Some(
        shape
            .iter()
            .map(|p| {
                [
                    p[0] * a[0][0] + p[1] * a[1][0] + a[2][0],
                    p[0] * a[0][1] + p[1] * a[1][1] + a[2][1],
                ]
            })
            .collect(),
    )
}

fn invert(m: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let cof = |a: usize, b: usize, c: usize, d: usize| m[a][b] * m[c][d] - m[a][d] * m[c][b];
    let c = [
        [cof(1, 1, 2, 2), -cof(0, 1, 2, 2), cof(0, 1, 1, 2)],
        [-cof(1, 0, 2, 2), cof(0, 0, 2, 2), -cof(0, 0, 1, 2)],
        [cof(1, 0, 2, 1), -cof(0, 0, 2, 1), cof(0, 0, 1, 1)],
    ];
    let det = m[0][0] * c[0][0] + m[0][1] * c[1][0] + m[0][2] * c[2][0];
    if det.abs() < 1e-12 {
        return None;
    }
    Some(c.map(|row| row.map(|v| v / det)))
}

/// Root mean square over time of the mobile points' distance from their own mean place,
/// the strongest of them (90th percentile over points).
fn spread(frames: &[Vec<[f64; 2]>]) -> Option<f64> {
    if frames.len() < MIN_FRAMES {
        return None;
    }
    let n = frames.len() as f64;
    let mut each: Vec<f64> = MOBILE
        .map(|i| {
            let (mx, my) = frames
                .iter()
                .fold((0.0, 0.0), |(x, y), f| (x + f[i][0] / n, y + f[i][1] / n));
            let var: f64 = frames
                .iter()
                .map(|f| (f[i][0] - mx).powi(2) + (f[i][1] - my).powi(2))
                .sum();
            (var / n).sqrt()
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() * 9 / 10).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(open: f32) -> Landmarks {
        let mut points = [Point::default(); 68];
        for (i, p) in points.iter_mut().enumerate() {
            let a = i as f32 * 0.7;
            *p = Point::new(100.0 + 40.0 * a.cos(), 100.0 + 50.0 * (a * 1.3).sin());
        }
        (36..42).for_each(|i| points[i] = Point::new(80.0, 80.0 + (i % 3) as f32));
        (42..48).for_each(|i| points[i] = Point::new(120.0, 80.0 + (i % 3) as f32));
        (55..60).for_each(|i| points[i].y += open);
        (65..68).for_each(|i| points[i].y += open);
        Landmarks { points }
    }

    fn moved(l: &Landmarks, t: f32) -> Landmarks {
        let (s, c) = (0.1 * t.sin(), 1.0 + 0.05 * t.cos());
        Landmarks {
            points: l
                .points
                .map(|p| Point::new(c * p.x - s * p.y + 5.0 * t, s * p.x + 0.97 * c * p.y)),
        }
    }

    #[test]
    fn a_moved_picture_does_not_deform() {
        let still: Vec<_> = (0..20).map(|t| moved(&face(0.0), t as f32)).collect();
        assert!(motion(&still).unwrap().deformation < 1e-3);
    }

    #[test]
    fn a_speaking_mouth_deforms() {
        let speaking: Vec<_> = (0..20)
            .map(|t| moved(&face(6.0 * (t as f32 * 1.1).sin().abs()), t as f32))
            .collect();
        assert!(motion(&speaking).unwrap().deformation > 0.03);
    }

    #[test]
    fn too_few_or_degenerate_frames_say_nothing() {
        assert!(motion(&vec![face(0.0); 3]).is_none());
        assert!(
            motion(&vec![
                Landmarks {
                    points: [Point::default(); 68]
                };
                20
            ])
            .is_none()
        );
    }
}
