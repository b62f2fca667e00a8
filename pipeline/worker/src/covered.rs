//! Is something worn before the face? Eyes behind dark glasses are darker than any eyelid; a coloured mask
//! has another colour than the skin between the brows. Pale and grey masks do not stand out so: beards and
//! light from the side change a chin's colour as much.

use idproof_ports::{Landmarks, Point, RgbImage};

/// How far patches reach, as a share of the distance between the eyes.
const PATCH: f32 = 0.12;
/// Below this luma colours say nothing.
const DARK: f64 = 45.0;
/// How far beyond the lids the eyes are looked at, likewise.
const AROUND_EYES: f32 = 0.1;

/// What one frame shows of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cover {
    /// The lightest tenth round the eyes over the cheeks, by luma: about 1, behind dark glasses far less.
    pub eyes: f64,
    /// How far the chin's chromaticity (shares of red and green) lies from that between the brows;
    /// `None` where it is too dark for colours.
    pub chin: Option<f64>,
    /// Luma of the darker cheek, 0 to 255.
    pub light: f64,
}

/// `None` where the points lie on one another or outside the picture.
pub(crate) fn cover(image: &RgbImage, landmarks: &Landmarks) -> Option<Cover> {
    let at = |i: usize| landmarks.points[i];
    let [left, right, ..] = landmarks.five();
    let apart = left.distance(right);
    if !apart.is_finite() || apart < 8.0 {
        return None;
    }
    let reach = PATCH * apart;
    let cheeks = [
        patch(image, middle(at(2), at(31)), reach)?,
        patch(image, middle(at(14), at(35)), reach)?,
    ];
    // The darker one: light from one side darkens no eye.
    let cheek = cheeks
        .iter()
        .map(luma)
        .fold(f64::INFINITY, f64::min)
        .max(1.0);
    let eyes = [36..42, 42..48].map(|eye| lightest(image, &landmarks.points[eye], apart));
    let [one, other] = eyes;
    let brow = patch(image, middle(at(21), at(22)), reach)?;
    let chin = patch(image, middle(at(57), at(8)), reach)?;
    let (a, b) = (chromaticity(&brow), chromaticity(&chin));
    Some(Cover {
        eyes: one?.max(other?) / cheek,
        chin: (luma(&brow) >= DARK && cheek >= DARK).then(|| (a.0 - b.0).hypot(a.1 - b.1)),
        light: cheek,
    })
}

fn middle(a: Point, b: Point) -> Point {
    Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0)
}

fn luma(c: &[f64; 3]) -> f64 {
    0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]
}

/// Shares of red and green. Black has none of its own: it counts as grey.
fn chromaticity(c: &[f64; 3]) -> (f64, f64) {
    let sum = c[0] + c[1] + c[2] + 24.0;
    ((c[0] + 8.0) / sum, (c[1] + 8.0) / sum)
}

fn pixel(image: &RgbImage, x: f32, y: f32) -> Option<[f64; 3]> {
    let inside = x >= 0.0 && y >= 0.0 && x < image.width() as f32 && y < image.height() as f32;
    let i = (y as usize * image.width() as usize + x as usize) * 3;
    let rgb = image.data().get(i..i + 3).filter(|_| inside)?;
    Some([f64::from(rgb[0]), f64::from(rgb[1]), f64::from(rgb[2])])
}

/// The mean colour of a square.
fn patch(image: &RgbImage, centre: Point, reach: f32) -> Option<[f64; 3]> {
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for row in -4..=4_i8 {
        for column in -4..=4_i8 {
            let (dx, dy) = (
                f32::from(column) * reach / 4.0,
                f32::from(row) * reach / 4.0,
            );
            if let Some(rgb) = pixel(image, centre.x + dx, centre.y + dy) {
                (0..3).for_each(|c| sum[c] += rgb[c]);
                count += 1.0;
            }
        }
    }
    (count > 40.0).then(|| sum.map(|s| s / count))
}

/// The luma above which the lightest tenth round an eye lies.
fn lightest(image: &RgbImage, eye: &[Point], apart: f32) -> Option<f64> {
    let by = AROUND_EYES * apart;
    let bounds = |of: fn(&Point) -> f32| {
        let all = eye.iter().map(of);
        (
            all.clone().fold(f32::INFINITY, f32::min) - by,
            all.fold(f32::NEG_INFINITY, f32::max) + by,
        )
    };
    let ((left, right), (top, bottom)) = (bounds(|p| p.x), bounds(|p| p.y));
    let mut seen = Vec::new();
    for row in 0..12_u8 {
        for column in 0..24_u8 {
            let x = left + (right - left) * f32::from(column) / 23.0;
            let y = top + (bottom - top) * f32::from(row) / 11.0;
            seen.extend(pixel(image, x, y).map(|rgb| luma(&rgb)));
        }
    }
    seen.sort_by(f64::total_cmp);
    seen.get(seen.len() * 9 / 10).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKIN: [u8; 3] = [205, 160, 135];

    fn points() -> Landmarks {
        let mut points = [Point::default(); 68];
        let mut put = |i: usize, x: f32, y: f32| points[i] = Point::new(x, y);
        (36..42).for_each(|i| put(i, 65.0 + 5.0 * (i - 36) as f32, 80.0 + (i % 2) as f32));
        (42..48).for_each(|i| put(i, 110.0 + 5.0 * (i - 42) as f32, 80.0 + (i % 2) as f32));
        put(2, 50.0, 105.0);
        put(14, 150.0, 105.0);
        put(31, 92.0, 110.0);
        put(35, 108.0, 110.0);
        put(21, 92.0, 66.0);
        put(22, 108.0, 66.0);
        put(57, 100.0, 135.0);
        put(8, 100.0, 160.0);
        Landmarks { points }
    }

    /// A face of one colour, with something of another between two heights.
    fn face(from: usize, to: usize, colour: [u8; 3]) -> RgbImage {
        let data = (0..200 * 200)
            .flat_map(|i| {
                let y = i / 200;
                if (from..to).contains(&y) {
                    colour
                } else {
                    SKIN
                }
            })
            .collect();
        RgbImage::from_raw(200, 200, data).unwrap()
    }

    #[test]
    fn a_bare_face_is_of_one_colour() {
        let bare = cover(&face(0, 0, SKIN), &points()).unwrap();
        assert!(
            (bare.eyes - 1.0).abs() < 0.05 && bare.chin.unwrap() < 0.01,
            "{bare:?}"
        );
    }

    #[test]
    fn dark_glasses_and_masks_stand_out() {
        let glasses = cover(&face(72, 92, [18, 18, 20]), &points()).unwrap();
        assert!(
            glasses.eyes < 0.4 && glasses.chin.unwrap() < 0.01,
            "{glasses:?}"
        );
        for colour in [[30, 90, 200], [20, 120, 60]] {
            let mask = cover(&face(125, 190, colour), &points()).unwrap();
            assert!(mask.chin.unwrap() > 0.15, "{colour:?} {mask:?}");
        }
        let night = cover(&face(0, 200, [20, 15, 14]), &points()).unwrap();
        assert!(night.chin.is_none() && night.light < 20.0, "{night:?}");
    }

    #[test]
    fn what_is_not_there_cannot_be_measured() {
        let mut away = points();
        for p in &mut away.points {
            p.x += 500.0;
        }
        assert!(cover(&face(0, 0, SKIN), &away).is_none());
        let one = Landmarks {
            points: [Point::default(); 68],
        };
        assert!(cover(&face(0, 0, SKIN), &one).is_none());
    }
}
