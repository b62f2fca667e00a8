//! Does a finger, or another thing of the colour of skin, reach over the document from outside?

use idproof_ports::{Point, Quad, RgbImage};

use crate::straighten::{Format, homography, resolution, straighten, times};

/// Pixels a millimetre at which it is looked for.
const PER_MM: f64 = 2.0;
/// How much of what lies round the document is looked at, in millimetres.
const AROUND: f64 = 8.0;
/// Nearer to the edge than this, in millimetres, things may lie beside the document: outlines are that unsure.
const UNSURE: f64 = 4.0;
/// The rim, in millimetres from the edge, and how far in a thing must reach that covers more than margins.
const RIM: f64 = 5.0;
const DEEP: f64 = 12.0;

/// The share of the side that is covered most, 0..=1.
pub(crate) fn covered(image: &RgbImage, quad: &Quad, format: Format) -> f64 {
    let per_mm = PER_MM.min(resolution(quad, format));
    let around = Format {
        width: format.width + 2.0 * AROUND,
        height: format.height + 2.0 * AROUND,
    };
    let wider = wider(quad, AROUND / format.width, AROUND / format.height);
    let Some(flat) = straighten(image, &wider, around, per_mm) else {
        return 0.0;
    };
    let document = Document {
        width: flat.width() as usize,
        height: flat.height() as usize,
        around: AROUND * per_mm,
    };
    let paper = paper(&flat, &document);
    let skin: Vec<bool> = flat
        .data()
        .chunks_exact(3)
        .map(|p| is_skin([p[0], p[1], p[2]], paper))
        .collect();
    let over = from_outside(&skin, &document, per_mm);
    most_of_a_side(&over, &document, RIM * per_mm)
}

/// The quadrilateral of the document with so much more on every side, as shares of its width and height.
fn wider(quad: &Quad, across: f64, down: f64) -> Quad {
    let m = homography(quad);
    let place = |u: f64, v: f64| {
        let (x, y, z) = times(&m, u, v);
        Point::new((x / z) as f32, (y / z) as f32)
    };
    let (left, right, top, bottom) = (-across, 1.0 + across, -down, 1.0 + down);
    Quad {
        corners: [
            place(left, top),
            place(right, top),
            place(right, bottom),
            place(left, bottom),
        ],
    }
}

/// A straightened picture of the document and what lies round it, `around` pixels on every side.
struct Document {
    width: usize,
    height: usize,
    around: f64,
}

impl Document {
    /// Pixels from the nearest edge of the document; negative outside.
    fn depth(&self, at: usize) -> f64 {
        let (x, y) = (
            (at % self.width) as f64 + 0.5,
            (at / self.width) as f64 + 0.5,
        );
        let (w, h) = (self.width as f64, self.height as f64);
        x.min(w - x).min(y).min(h - y) - self.around
    }
}

/// The pixels of things that lie both well outside and deep inside of the document.
fn from_outside(skin: &[bool], document: &Document, per_mm: f64) -> Vec<bool> {
    let mut over = vec![false; skin.len()];
    let mut seen = vec![false; skin.len()];
    let mut thing = Vec::new();
    for start in 0..skin.len() {
        if seen[start] || !skin[start] {
            continue;
        }
        thing.clear();
        thing.push(start);
        seen[start] = true;
        let (mut out, mut deepest, mut next) = (false, 0.0_f64, 0);
        while let Some(at) = thing.get(next).copied() {
            next += 1;
            let depth = document.depth(at);
            out |= depth < -UNSURE * per_mm;
            deepest = deepest.max(depth);
            let x = at % document.width;
            let beside = [
                (x > 0).then(|| at - 1),
                (x + 1 < document.width).then(|| at + 1),
                at.checked_sub(document.width),
                Some(at + document.width),
            ];
            for other in beside.into_iter().flatten() {
                if skin.get(other) == Some(&true) && !seen[other] {
                    seen[other] = true;
                    thing.push(other);
                }
            }
        }
        if out && deepest > DEEP * per_mm {
            thing.iter().for_each(|at| over[*at] = true);
        }
    }
    over
}

/// The largest share of a side along which most of the rim is covered.
fn most_of_a_side(over: &[bool], document: &Document, rim: f64) -> f64 {
    let (w, h) = (document.width, document.height);
    let first = document.around.round() as usize;
    let rim = rim.round().max(1.0) as usize;
    let side = |length: usize, at: &dyn Fn(usize, usize) -> usize| {
        let along = first..length.saturating_sub(first);
        let covered = |i: &usize| {
            let count = (first..first + rim).filter(|d| over.get(at(*i, *d)) == Some(&true));
            2 * count.count() > rim
        };
        let all = along.len().max(1) as f64;
        along.filter(covered).count() as f64 / all
    };
    [
        side(w, &|i, d| d * w + i),
        side(w, &|i, d| (h - 1).saturating_sub(d) * w + i),
        side(h, &|i, d| i * w + d),
        side(h, &|i, d| i * w + (w - 1).saturating_sub(d)),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

/// Luma, Cb and Cr.
fn colour([r, g, b]: [u8; 3]) -> (f64, f64, f64) {
    let (r, g, b) = (f64::from(r), f64::from(g), f64::from(b));
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    (y, 128.0 + 0.564 * (b - y), 128.0 + 0.713 * (r - y))
}

/// Median Cb and Cr of every seventh pixel of the document.
fn paper(flat: &RgbImage, document: &Document) -> (f64, f64) {
    let pixels = flat.data().chunks_exact(3).enumerate().step_by(7);
    let (mut cb, mut cr): (Vec<f64>, Vec<f64>) = pixels
        .filter(|(at, _)| document.depth(*at) > 0.0)
        .map(|(_, p)| colour([p[0], p[1], p[2]]))
        .map(|(_, cb, cr)| (cb, cr))
        .unzip();
    let median = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(128.0)
    };
    (median(&mut cb), median(&mut cr))
}

/// How far skin is from the paper, in Cb and Cr together.
const APART: f64 = 18.0;

/// The colour of skin (Chai and Ngan, 1999: Cb 77..=127, Cr 133..=173) and not that of the document: some are printed on
/// paper of a warm tint, which is nearly grey; skin is not.
fn is_skin(pixel: [u8; 3], paper: (f64, f64)) -> bool {
    let (y, cb, cr) = colour(pixel);
    if (cb - paper.0).abs() + (cr - paper.1).abs() < APART {
        return false;
    }
    (77.0..=122.0).contains(&cb) && (138.0..=173.0).contains(&cr) && y > 50.0 && y < 235.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::straighten::CARD;

    /// A card of 856 x 540 pixels on a table.
    fn image(f: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        let data = (0..1_000 * 700).flat_map(|i| f(i % 1_000, i / 1_000));
        RgbImage::from_raw(1_000, 700, data.collect()).unwrap()
    }

    fn on_card(x: u32, y: u32) -> bool {
        (72..928).contains(&x) && (80..620).contains(&y)
    }

    fn seen(f: impl Fn(u32, u32) -> [u8; 3]) -> f64 {
        let corners = [(72.0, 80.0), (928.0, 80.0), (928.0, 620.0), (72.0, 620.0)];
        let quad = Quad {
            corners: corners.map(|(x, y)| Point::new(x, y)),
        };
        covered(&image(f), &quad, CARD)
    }

    fn print(x: u32, y: u32) -> [u8; 3] {
        let lit = (x / 3 + y / 5).is_multiple_of(3);
        if on_card(x, y) && lit {
            [30; 3]
        } else {
            [200; 3]
        }
    }

    const FINGER: [u8; 3] = [205, 150, 125];
    /// From below, 160 pixels wide, to 200 pixels into the card.
    fn is_finger(x: u32, y: u32) -> bool {
        (400..560).contains(&x) && y > 420
    }

    #[test]
    fn a_finger_from_outside_is_seen_and_measured_by_its_width() {
        let with = seen(|x, y| if is_finger(x, y) { FINGER } else { print(x, y) });
        assert!((with - 160.0 / 856.0).abs() < 0.02, "{with}");
        assert_eq!(seen(print), 0.0);
    }

    #[test]
    fn a_fingertip_on_the_margin_covers_nothing() {
        let tip = |x: u32, y: u32| (400..560).contains(&x) && y > 560;
        assert_eq!(
            seen(|x, y| if tip(x, y) { FINGER } else { print(x, y) }),
            0.0
        );
    }

    #[test]
    fn what_is_printed_in_the_colour_of_skin_is_no_finger_nor_is_a_table() {
        let portrait = |x: u32, y: u32| (100..300).contains(&x) && (140..400).contains(&y);
        let printed = |x, y| if portrait(x, y) { FINGER } else { print(x, y) };
        assert_eq!(seen(printed), 0.0);
        // A table of that colour, of which the outline takes a strip along.
        let wood = |x: u32, y: u32| {
            if on_card(x, y) && y < 600 {
                print(x, y)
            } else {
                FINGER
            }
        };
        assert_eq!(seen(wood), 0.0);
    }

    #[test]
    fn paper_of_a_warm_tint_is_no_finger_and_a_finger_on_it_is_one() {
        let tinted = |x: u32, y: u32| {
            let [v, ..] = print(x, y).map(|v| v / 2 + 80);
            [v + 40, v + 8, v]
        };
        assert_eq!(seen(tinted), 0.0);
        let with = seen(|x, y| {
            if is_finger(x, y) {
                [190, 110, 80]
            } else {
                tinted(x, y)
            }
        });
        assert!(with > 0.12, "{with}");
    }
}
