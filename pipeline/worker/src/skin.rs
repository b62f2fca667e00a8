//! Does the face look like skin: are lips there, and is it warmer than paper? Dark glasses and
//! coloured masks are told by `covered`; a pale mask hides the lips, a white or grey print has no
//! colour of blood.

use idproof_ports::{Landmarks, Point, RgbImage};

/// How far patches reach, as a share of the distance between the eyes.
const PATCH: f32 = 0.1;
/// Below this luma colours say nothing.
const DARK: f64 = 45.0;
/// Points along each line across the mouth.
const ACROSS: u8 = 12;
/// Lines from above the lips to below them.
const LINES: u8 = 24;

/// What one frame shows of it, as shares of light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Surface {
    /// How much redder lips are than cheeks and chin, or how much darker the line between the lips
    /// than the skin above and below, whichever is more.
    pub lips: f64,
    /// How much more red than blue the cheeks give back.
    pub warmth: f64,
}

/// `None` where it is too dark, or the points lie on one another or outside the picture.
pub(crate) fn surface(image: &RgbImage, landmarks: &Landmarks) -> Option<Surface> {
    let at = |i: usize| landmarks.points[i];
    let [left, right, ..] = landmarks.five();
    let apart = left.distance(right);
    if !apart.is_finite() || apart < 12.0 {
        return None;
    }
    let reach = PATCH * apart;
    let one = patch(image, between(at(2), at(31), 0.5), reach)?;
    let other = patch(image, between(at(14), at(35), 0.5), reach)?;
    let cheeks = [0, 1, 2].map(|c| (one[c] + other[c]) / 2.0);
    if luma(&cheeks) < DARK {
        return None;
    }
    // The red of the lips: the lower one, left and right of its middle, where no tooth shows.
    let lower =
        [(58, 67), (56, 65)].map(|(a, b)| patch(image, between(at(a), at(b), 0.5), reach / 2.0));
    let [Some(a), Some(b)] = lower else {
        return None;
    };
    let lip = [0, 1, 2].map(|c| (a[c] + b[c]) / 2.0);
    let chin = patch(image, between(at(57), at(8), 0.6), reach)?;
    let skin = [0, 1, 2].map(|c| (2.0 * cheeks[c] + chin[c]) / 3.0);
    let red = redness(&lip) - redness(&skin);
    let sum = cheeks[0] + cheeks[1] + cheeks[2];
    Some(Surface {
        lips: red.max(seam(image, landmarks)?),
        warmth: (cheeks[0] - cheeks[2]) / sum,
    })
}

/// How much darker the darkest line across the mouth is than the lines above and below it.
fn seam(image: &RgbImage, landmarks: &Landmarks) -> Option<f64> {
    let at = |i: usize| landmarks.points[i];
    // Within the corners, from between nose and lip to between lip and chin.
    let (left, right) = (between(at(48), at(54), 0.2), between(at(48), at(54), 0.8));
    let (top, bottom) = (between(at(33), at(51), 0.5), between(at(57), at(8), 0.3));
    let middle = between(at(48), at(54), 0.5);
    let mut lines = Vec::new();
    for n in 0..LINES {
        let down = between(top, bottom, f32::from(n) / f32::from(LINES - 1));
        let (dx, dy) = (down.x - middle.x, down.y - middle.y);
        let mut sum = 0.0;
        for k in 0..ACROSS {
            let p = between(left, right, f32::from(k) / f32::from(ACROSS - 1));
            sum += luma(&pixel(image, p.x + dx, p.y + dy)?);
        }
        lines.push(sum / f64::from(ACROSS));
    }
    let third = lines.len() / 3;
    let darkest = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    let lightest = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
    let (above, mouth, below) = (
        &lines[..third],
        &lines[third..2 * third],
        &lines[2 * third..],
    );
    let around = lightest(above).min(lightest(below));
    Some((around - darkest(mouth)) / around.max(1.0))
}

fn between(a: Point, b: Point, part: f32) -> Point {
    Point::new(a.x + part * (b.x - a.x), a.y + part * (b.y - a.y))
}

fn luma(c: &[f64; 3]) -> f64 {
    0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]
}

/// Red over green, as a share of both.
fn redness(c: &[f64; 3]) -> f64 {
    (c[0] - c[1]) / (c[0] + c[1]).max(1.0)
}

fn pixel(image: &RgbImage, x: f32, y: f32) -> Option<[f64; 3]> {
    let inside = x >= 0.0 && y >= 0.0 && x < image.width() as f32 && y < image.height() as f32;
    let i = (y as usize * image.width() as usize + x as usize) * 3;
    let rgb = image.data().get(i..i + 3).filter(|_| inside)?;
    Some([f64::from(rgb[0]), f64::from(rgb[1]), f64::from(rgb[2])])
}

/// The mean colour of a square.
fn patch(image: &RgbImage, centre: Point, reach: f32) -> Option<[f64; 3]> {
    let mut sum = [0.0; 3];
    for row in -3..=3_i8 {
        for column in -3..=3_i8 {
            let (dx, dy) = (
                f32::from(column) * reach / 3.0,
                f32::from(row) * reach / 3.0,
            );
            let rgb = pixel(image, centre.x + dx, centre.y + dy)?;
            (0..3).for_each(|c| sum[c] += rgb[c] / 49.0);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKIN: [u8; 3] = [205, 160, 135];
    const LIP: [u8; 3] = [180, 105, 100];

    fn points() -> Landmarks {
        let mut points = [Point::new(100.0, 100.0); 68];
        let mut put = |i: usize, x: f32, y: f32| points[i] = Point::new(x, y);
        (36..42).for_each(|i| put(i, 70.0, 70.0));
        (42..48).for_each(|i| put(i, 130.0, 70.0));
        put(2, 48.0, 100.0);
        put(14, 152.0, 100.0);
        put(31, 90.0, 108.0);
        put(33, 100.0, 112.0);
        put(35, 110.0, 108.0);
        put(48, 78.0, 135.0);
        put(54, 122.0, 135.0);
        put(51, 100.0, 128.0);
        for (i, x) in [(58, 88.0), (57, 100.0), (56, 112.0)] {
            put(i, x, 144.0);
        }
        for (i, x) in [(67, 88.0), (66, 100.0), (65, 112.0)] {
            put(i, x, 136.0);
        }
        put(8, 100.0, 175.0);
        Landmarks { points }
    }

    /// A face with lips of that colour and a line between them, changed by `change`.
    fn face(lip: [u8; 3], line: u8, change: impl Fn(f32, f32, [u8; 3]) -> [u8; 3]) -> RgbImage {
        let data = (0..200 * 200)
            .flat_map(|i| {
                let (x, y) = ((i % 200) as f32, (i / 200) as f32);
                let mouth = ((x - 100.0) / 24.0).hypot((y - 136.0) / 9.0) < 1.0;
                let seam = mouth && (y - 135.0).abs() < 1.5;
                let colour = match (seam, mouth) {
                    (true, _) => [line, line / 2, line / 2],
                    (false, true) => lip,
                    _ => SKIN,
                };
                change(x, y, colour)
            })
            .collect();
        RgbImage::from_raw(200, 200, data).unwrap()
    }

    #[test]
    fn lips_and_warm_cheeks_are_seen_whatever_the_skin() {
        let light = surface(&face(LIP, 60, |_, _, c| c), &points()).unwrap();
        assert!(light.lips > 0.1 && light.warmth > 0.08, "{light:?}");
        let darker = |_: f32, _: f32, c: [u8; 3]| c.map(|v| v / 2);
        let dark = surface(&face([170, 125, 108], 90, darker), &points()).unwrap();
        assert!(dark.lips > 0.1 && dark.warmth > 0.08, "{dark:?}");
    }

    #[test]
    fn a_white_mask_hides_the_lips_and_paper_has_no_warmth() {
        let mask = |_: f32, y: f32, c: [u8; 3]| if y > 112.0 { [235, 236, 238] } else { c };
        let hidden = surface(&face(LIP, 60, mask), &points()).unwrap();
        assert!(hidden.lips < 0.05, "{hidden:?}");
        let grey = |_: f32, _: f32, c: [u8; 3]| [luma(&c.map(f64::from)) as u8; 3];
        let print = surface(&face(LIP, 60, grey), &points()).unwrap();
        assert!(print.warmth < 0.01, "{print:?}");
    }

    #[test]
    fn what_is_dark_or_not_there_cannot_be_measured() {
        let night = |_: f32, _: f32, c: [u8; 3]| c.map(|v| v / 6);
        assert!(surface(&face(LIP, 60, night), &points()).is_none());
        let mut away = points();
        away.points.iter_mut().for_each(|p| p.x += 500.0);
        assert!(surface(&face(LIP, 60, |_, _, c| c), &away).is_none());
        let one = Landmarks {
            points: [Point::default(); 68],
        };
        assert!(surface(&face(LIP, 60, |_, _, c| c), &one).is_none());
    }
}
