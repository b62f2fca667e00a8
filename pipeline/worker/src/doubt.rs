//! What speaks against an original document in front of the camera. Scores, never verdicts.

use idproof_domain::evidence::Doubt;
use idproof_ports::{Point, Quad, RgbImage};

use crate::fft;

/// Side of the square patches whose spectrum is looked at.
const PATCH: usize = 256;
/// Patches across and down the document.
const ACROSS: usize = 3;
const DOWN: usize = 2;
/// Waves longer than this many pixels are print and light, not a pixel grid.
const LONGEST_WAVE: f64 = 16.0;
/// A peak so many times the median of its ring scores 1.
const STRONGEST: f64 = 4_000.0;
/// Squares along a picture's longer side whose colour is looked at, the least pixels of one, and how
/// many tell something of a document.
const SQUARES: usize = 175;
const LEAST_SQUARE: usize = 8;
const FEWEST_SQUARES: usize = 50;
/// Mean luma below which colours say nothing, and the value from which a colour is burnt.
const DARK: f64 = 40.0;
const BURNT: f64 = 250.0;
/// How much of the document, from its middle, is looked at.
const INNER: f32 = 0.9;
/// Mean distance in colour at and above which there is colour. On 51 pictures, made-up and real, simulated
/// copies on warm paper in uneven light lie at 0.005 to 0.019, originals in colour at 0.010 to 0.34.
const COLOURED: f64 = 0.07;

/// Measures the document inside `quad`, or the whole photograph; of edits nothing yet.
pub(crate) fn doubt(image: &RgbImage, quad: Option<&Quad>) -> Doubt {
    let (x0, y0, x1, y1) = bounds(image, quad);
    Doubt {
        screen: screen(image, (x0, y0, x1, y1)),
        copy: copy(image, quad, (x0, y0, x1, y1)),
        portrait: None,
        field: None,
        line: None,
        second: None,
        by_editor: false,
    }
}

type Bounds = (usize, usize, usize, usize);

fn bounds(image: &RgbImage, quad: Option<&Quad>) -> Bounds {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let Some(quad) = quad else {
        return (0, 0, w, h);
    };
    let xs = quad.corners.map(|c| c.x);
    let ys = quad.corners.map(|c| c.y);
    let least = |v: [f32; 4]| v.into_iter().fold(f32::INFINITY, f32::min).max(0.0) as usize;
    let most = |v: [f32; 4], end: usize| (v.into_iter().fold(0.0, f32::max) as usize).min(end);
    let (x0, y0, x1, y1) = (least(xs), least(ys), most(xs, w), most(ys, h));
    if x1 > x0 && y1 > y0 {
        (x0, y0, x1, y1)
    } else {
        (0, 0, w, h)
    }
}

/// How much one short wave stands out of the spectrum: a screen's pixel grid and its moiré
/// are sharp peaks, which neither print nor paper has so strong. 0..=1, on a logarithmic scale;
/// the median of the patches, so that one hatched corner decides nothing. 0 where the picture
/// is too small.
fn screen(image: &RgbImage, (x0, y0, x1, y1): Bounds) -> f64 {
    if x1 - x0 < PATCH || y1 - y0 < PATCH {
        return 0.0;
    }
    let row = image.width() as usize * 3;
    let mut scores: Vec<f64> = Vec::new();
    for k in 0..ACROSS * DOWN {
        let place = |i: usize, n: usize, from: usize, to: usize| {
            from + (to - from - PATCH) * i / (n - 1).max(1)
        };
        let (px, py) = (
            place(k % ACROSS, ACROSS, x0, x1),
            place(k / ACROSS, DOWN, y0, y1),
        );
        let patch: Vec<f64> = (0..PATCH * PATCH)
            .map(|i| luma_at(image.data(), (py + i / PATCH) * row + (px + i % PATCH) * 3))
            .collect();
        scores.push(peak(&patch));
    }
    scores.sort_by(f64::total_cmp);
    scores[scores.len() / 2]
}

/// The strongest peak against the median of its ring, over both directions of waves.
fn peak(patch: &[f64]) -> f64 {
    let power = fft::power(patch, PATCH);
    let half = PATCH / 2;
    let least = PATCH as f64 / LONGEST_WAVE;
    let mut rings: Vec<Vec<f64>> = vec![Vec::new(); half];
    // Every wave stands there twice, once for either direction: half of the rows have them all.
    for (i, value) in power.iter().enumerate().take(half * PATCH) {
        // Signed frequencies; the axes hold what edges of the patch leave behind.
        let signed = |f: usize| {
            if f > half {
                f as f64 - PATCH as f64
            } else {
                f as f64
            }
        };
        let (fx, fy) = (signed(i % PATCH), signed(i / PATCH));
        let radius = fx.hypot(fy);
        if radius >= least && radius < half as f64 && fx.abs() > 1.5 && fy.abs() > 1.5 {
            rings[radius as usize].push(*value);
        }
    }
    let mut strongest = 1.0_f64;
    for ring in rings.iter_mut().filter(|r| r.len() > 8) {
        let most = ring.iter().copied().fold(0.0, f64::max);
        let middle = ring.len() / 2;
        let (_, median, _) = ring.select_nth_unstable_by(middle, f64::total_cmp);
        strongest = strongest.max(most / median.max(1e-9));
    }
    (strongest.ln() / STRONGEST.ln()).clamp(0.0, 1.0)
}

/// BT.601, of the pixel whose first byte stands at `i`.
fn luma_at(data: &[u8], i: usize) -> f64 {
    0.299 * f64::from(data[i]) + 0.587 * f64::from(data[i + 1]) + 0.114 * f64::from(data[i + 2])
}

/// How much the document is of one colour, light and dark alike: 1 for a black-and-white copy, on
/// paper of whatever tint and in whatever light; 0 where colours differ, as on every French document.
/// The mean distance, over squares of the document, of the logarithms of red and of blue over green
/// from their medians.
fn copy(image: &RgbImage, quad: Option<&Quad>, (x0, y0, x1, y1): Bounds) -> f64 {
    let side = (image.width().max(image.height()) as usize / SQUARES).max(LEAST_SQUARE);
    let mut colours: Vec<(f64, f64)> = Vec::new();
    for y in (y0..y1.saturating_sub(side - 1)).step_by(side) {
        for x in (x0..x1.saturating_sub(side - 1)).step_by(side) {
            let half = side as f32 / 2.0;
            let middle = Point::new(x as f32 + half, y as f32 + half);
            if quad.is_none_or(|q| is_inside(q, middle)) {
                colours.extend(square(image, x, y, side));
            }
        }
    }
    if colours.len() < FEWEST_SQUARES {
        return 0.0;
    }
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut all: Vec<f64> = colours.iter().map(of).collect();
        let middle = all.len() / 2;
        *all.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let (red, blue) = (median(|c| c.0), median(|c| c.1));
    let apart = |c: &(f64, f64)| (c.0 - red).hypot(c.1 - blue);
    let mean = colours.iter().map(apart).sum::<f64>() / colours.len() as f64;
    (1.0 - mean / COLOURED).clamp(0.0, 1.0)
}

/// Logarithms of a square's red and blue over green; `None` where it is too dark or burnt to tell.
fn square(image: &RgbImage, x: usize, y: usize, side: usize) -> Option<(f64, f64)> {
    let row = image.width() as usize * 3;
    let (mut sums, mut n) = ([0.0_f64; 3], 0.0);
    for line in (y..y + side).step_by(2) {
        let pixels = image
            .data()
            .get(line * row + x * 3..line * row + (x + side) * 3)?;
        for p in pixels.chunks_exact(3).step_by(2) {
            sums.iter_mut()
                .zip(p)
                .for_each(|(sum, v)| *sum += f64::from(*v));
            n += 1.0;
        }
    }
    let [r, g, b] = sums.map(|s| s / n);
    let told = (r + g + b) / 3.0 > DARK && r.max(g).max(b) < BURNT;
    told.then(|| {
        // A little grey keeps noise in the dark from looking like colour.
        let over = |v: f64| ((v + 4.0) / (g + 4.0)).ln();
        (over(r), over(b))
    })
}

/// Well inside the corners, where nothing of the table is.
fn is_inside(quad: &Quad, at: Point) -> bool {
    let centre = quad.corners.iter().fold(Point::default(), |sum, c| {
        Point::new(sum.x + c.x / 4.0, sum.y + c.y / 4.0)
    });
    let inner = quad.corners.map(|c| {
        Point::new(
            centre.x + (c.x - centre.x) * INNER,
            centre.y + (c.y - centre.y) * INNER,
        )
    });
    (0..4).all(|i| {
        let (a, b) = (inner[i], inner[(i + 1) % 4]);
        (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x) >= 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(f: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        let data = (0..700 * 520).flat_map(|i| f(i % 700, i / 700)).collect();
        RgbImage::from_raw(700, 520, data).unwrap()
    }

    /// Uneven print on tinted, slightly noisy paper.
    fn print(x: u32, y: u32) -> [u8; 3] {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7 & 15;
        let ink = (x / 37 + y / 23).is_multiple_of(5) && (x * x / 90 + y) % 11 < 6;
        let v = if ink { 60 } else { 190 } + noise as u8;
        [v, v - 20, v - 5]
    }

    #[test]
    fn a_pixel_grid_stands_out() {
        let plain = doubt(&image(print), None).screen;
        let grid = doubt(
            &image(|x, y| {
                let wave = (f64::from(x) * 0.9 + f64::from(y) * 0.35).sin()
                    * (f64::from(y) * 0.8 - f64::from(x) * 0.3).sin();
                print(x, y).map(|v| (f64::from(v) + 18.0 * wave).clamp(0.0, 255.0) as u8)
            }),
            None,
        )
        .screen;
        assert!(grid > plain + 0.15, "{plain} {grid}");
    }

    #[test]
    fn a_black_and_white_copy_has_one_colour_on_whatever_paper() {
        // Paper and ink of two tints each, as on any document.
        let original = image(|x, y| {
            let [v, ..] = print(x, y);
            match (x / 90 + y / 70) % 3 {
                0 => [v, v - 20, v - 5],
                1 => [v - 15, v, v - 10],
                _ => [v - 30, v - 18, v],
            }
        });
        assert!(doubt(&original, None).copy < 0.1);
        assert_eq!(doubt(&image(|x, y| [print(x, y)[0]; 3]), None).copy, 1.0);
        // Lamplight that falls off to one side, on cream paper.
        let warm = image(|x, y| {
            let v = f64::from(print(x, y)[0]) * (1.0 - f64::from(x) / 2_000.0);
            [v, v * 0.93, v * 0.8].map(|v| v as u8)
        });
        let found = doubt(&warm, None).copy;
        assert!(found > 0.85, "{found}");
    }

    #[test]
    fn small_and_even_pictures_do_no_harm() {
        let dot = RgbImage::from_raw(1, 1, vec![9; 3]).unwrap();
        assert_eq!(doubt(&dot, None).screen, 0.0);
        assert!(doubt(&image(|_, _| [128; 3]), None).screen.is_finite());
    }
}
