//! How well a photograph shows a document: the measures of the capture page
//! (`reviewer-ui/capture/src/capture/measures.ts`), and two that need the whole photograph.

use std::ops::Range;

use idproof_domain::evidence::Surface;
use idproof_ports::{Point, Quad, RgbImage};

use crate::card::{Card, Found};
use crate::reduce::reduced;
use crate::rim;
use crate::straighten::{PER_MM, resolution, straighten};

/// Pixels either way over which the blur measure averages, and as far on the longer steps aslant.
const HALF: usize = 4;
const ASLANT: usize = 3;
/// All three colours at least so bright: nothing is left there.
const BURNT: u8 = 250;
/// Half the side of the square that must be burnt round a pixel.
const PATCH: usize = 4;
/// Pixels of the picture of the document alone for one that is measured, along a side, from which it serves.
const FINE: f64 = 1.5;
/// A corner nearer to the picture's border than this share of its longer side touches it: outlines
/// that run along it were found 0.006 to 0.007 inside.
const TOUCHES: f32 = 0.008;

/// Measures the document at `card`, or the whole photograph where it was not found; `straight` shows that document
/// alone, `scale` is what its zone tells, in pixels a millimetre.
pub(crate) fn look(
    image: &RgbImage,
    card: Option<&Card>,
    straight: Option<&RgbImage>,
    scale: Option<f64>,
) -> Surface {
    let there = card.map(|c| resolution(&c.quad, c.format));
    let flat = card
        .zip(there)
        .and_then(|(c, r)| flat(image, c, straight, PER_MM.min(r)));
    let whole = || at_scale(image, scale);
    let covered = card.map_or(0.0, |c| rim::covered(image, &c.quad, c.format));
    let flat = flat.unwrap_or_else(whole);
    let grey = luma(&flat);
    let (w, h) = (flat.width() as usize, flat.height() as usize);
    let (dark_end, light_end) = ends(&grey);
    Surface {
        // The zone's pitch is the better ruler: what is taken for the outline may be another.
        resolution: scale.or(there),
        blur: blur(&grey, w, h),
        glare: glare(&flat),
        dark_end,
        light_end,
        cut_off: card.is_some_and(|c| match c.found {
            Found::Outline => {
                is_cut_off(image, &c.quad) && !c.told.is_some_and(|t| is_well_inside(image, &t))
            }
            Found::Zone => is_beyond(image, &c.quad),
        }),
        covered,
    }
}

/// The document at so many pixels a millimetre: out of the picture that shows it alone where that is fine enough to
/// lose nothing, which reads a fifth of the pixels.
fn flat(
    image: &RgbImage,
    card: &Card,
    straight: Option<&RgbImage>,
    per_mm: f64,
) -> Option<RgbImage> {
    let fine = |s: &&RgbImage| f64::from(s.width()) >= FINE * per_mm * card.format.width;
    match straight.filter(fine) {
        Some(straight) => straighten(straight, &all_of(straight), card.format, per_mm),
        None => straighten(image, &card.quad, card.format, per_mm),
    }
}

fn all_of(image: &RgbImage) -> Quad {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let corners = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)];
    Quad {
        corners: corners.map(|(x, y)| Point::new(x, y)),
    }
}

/// The whole photograph brought near to [`PER_MM`] by whole steps.
fn at_scale(image: &RgbImage, scale: Option<f64>) -> RgbImage {
    let by = scale.map_or(1.0, |s| (s / PER_MM).round().clamp(1.0, 8.0)) as u32;
    reduced(image, by).unwrap_or_else(|| image.clone())
}

/// BT.601, not rounded.
fn luma(image: &RgbImage) -> Vec<f32> {
    image
        .data()
        .chunks_exact(3)
        .map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]))
        .collect()
}

/// How little blurring again changes the differences between neighbours; the worst of four
/// directions, since a hand that moves blurs along its own way alone. 1 where there is nothing to
/// blur.
fn blur(grey: &[f32], width: usize, height: usize) -> f64 {
    let directions = [
        ((1, 0), HALF),
        ((0, 1), HALF),
        ((1, 1), ASLANT),
        ((-1, 1), ASLANT),
    ];
    directions
        .into_iter()
        .map(|(step, half)| lost(grey, (width, height), step, half))
        .fold(0.0, f64::max)
}

/// Along steps of so many pixels across and down, averaged over `half` of them either way.
fn lost(grey: &[f32], (width, height): (usize, usize), step: (isize, isize), half: usize) -> f64 {
    let (across, down) = (inner(width, step.0, half), inner(height, step.1, half));
    let (step, half) = (step.1 * width as isize + step.0, half as isize);
    let at = |i: usize, steps: isize| f64::from(grey[i.wrapping_add_signed(steps * step)]);
    let box_of = (2 * half + 1) as f64;
    let (mut all, mut kept) = (0.0_f64, 0.0_f64);
    for y in down {
        for i in across.clone().map(|x| y * width + x) {
            let own = (at(i, 0) - at(i, -1)).abs();
            // A running mean moves by what enters it less what leaves it.
            let moved = at(i, half) - at(i, -half - 1);
            all += own;
            kept += (own - moved.abs() / box_of).max(0.0);
        }
    }
    if all > 0.0 { 1.0 - kept / all } else { 1.0 }
}

/// From where to where the whole mean lies in the picture.
fn inner(size: usize, step: isize, half: usize) -> Range<usize> {
    match step {
        0 => 0..size,
        1.. => half + 1..size.saturating_sub(half),
        _ => half..size.saturating_sub(half + 1),
    }
}

/// Share of the pixels round which a whole square is burnt.
fn glare(image: &RgbImage) -> f64 {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let (row, pixels) = (w + 1, image.data());
    let mut sums = vec![0_u32; row * (h + 1)];
    for y in 0..h {
        let mut sum = 0;
        for x in 0..w {
            let p = &pixels[(y * w + x) * 3..][..3];
            sum += u32::from(p.iter().all(|v| *v >= BURNT));
            sums[(y + 1) * row + x + 1] = sums[y * row + x + 1] + sum;
        }
    }
    let mut count = 0_usize;
    for y in 0..h {
        let (y0, y1) = (y.saturating_sub(PATCH), (y + PATCH + 1).min(h));
        for x in 0..w {
            let (x0, x1) = (x.saturating_sub(PATCH), (x + PATCH + 1).min(w));
            let burnt = (sums[y1 * row + x1] + sums[y0 * row + x0])
                - (sums[y0 * row + x1] + sums[y1 * row + x0]);
            count += usize::from(burnt as usize == (y1 - y0) * (x1 - x0));
        }
    }
    count as f64 / (w * h) as f64
}

/// The luma below which a fiftieth, and above which a tenth of the pixels lie.
fn ends(grey: &[f32]) -> (f64, f64) {
    let mut counts = [0_usize; 256];
    for v in grey {
        counts[(v.round() as usize).min(255)] += 1;
    }
    let below = |share: f64| {
        let mut sum = 0;
        (0..256)
            .find(|level| {
                sum += counts[*level];
                sum as f64 >= share * grey.len() as f64
            })
            .unwrap_or(255) as f64
    };
    (below(0.02), below(0.9))
}

/// Some, but not all, of the corners touch the picture's border: a scan cut to the document touches
/// it with all four, or has three in corners of the picture where the outline missed one.
fn is_cut_off(image: &RgbImage, quad: &Quad) -> bool {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let near = TOUCHES * w.max(h);
    let borders = |c: &Point| {
        let beside = c.x < near || c.x > w - near;
        let above_or_below = c.y < near || c.y > h - near;
        (beside, above_or_below)
    };
    let count = |which: fn((bool, bool)) -> bool| {
        let corners = quad.corners.iter();
        corners.filter(|c| which(borders(c))).count()
    };
    let touching = count(|(x, y)| x || y);
    let in_corners = count(|(x, y)| x && y);
    (1..4).contains(&touching) && in_corners < 3
}

/// How far inside the picture, as a share of the document's width, its corners lie where the zone
/// says more of its place than an outline that touches the border.
const WELL: f32 = 0.02;
/// How much of the document, as a share of its longer side, may lie beyond the picture before it is
/// cut off, where only the zone tells its place.
const UNSURE: f32 = 0.06;

/// Every corner lies in the picture, further from its border than the zone's word is unsure.
fn is_well_inside(image: &RgbImage, quad: &Quad) -> bool {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let least = WELL * quad.corners[0].distance(quad.corners[1]);
    quad.corners
        .iter()
        .all(|c| c.x > least && c.y > least && c.x < w - least && c.y < h - least)
}

/// A corner that lies well outside the picture. The place that a zone tells is a few millimetres
/// unsure.
fn is_beyond(image: &RgbImage, quad: &Quad) -> bool {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let least = UNSURE * quad.corners[0].distance(quad.corners[1]);
    quad.corners
        .iter()
        .any(|c| c.x < -least || c.y < -least || c.x > w + least || c.y > h + least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::straighten::{CARD, PAGE};
    use idproof_domain::ReasonCode;

    fn look(image: &RgbImage, card: Option<&Card>, scale: Option<f64>) -> Surface {
        super::look(image, card, None, scale)
    }

    fn image(w: u32, h: u32, f: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        let data = (0..w * h).flat_map(|i| f(i % w, i / w)).collect();
        RgbImage::from_raw(w, h, data).unwrap()
    }

    fn print(x: u32, y: u32) -> [u8; 3] {
        if (x / 3 + y / 5).is_multiple_of(3) {
            [30; 3]
        } else {
            [200; 3]
        }
    }

    fn card(quad: Quad) -> Card {
        Card {
            quad,
            format: CARD,
            found: Found::Outline,
            told: None,
        }
    }

    fn quad(x0: f32, y0: f32, x1: f32, y1: f32) -> Quad {
        let p = Point::new;
        Quad {
            corners: [p(x0, y0), p(x1, y0), p(x1, y1), p(x0, y1)],
        }
    }

    #[test]
    fn sharp_print_is_sharp_and_smooth_shading_is_blurred() {
        let sharp = look(&image(300, 200, print), None, None);
        let smooth = look(
            &image(300, 200, |x, y| {
                let wave = (f64::from(x) / 14.0).sin() * 80.0 + (f64::from(y) / 17.0).sin() * 40.0;
                [(128.0 + wave) as u8; 3]
            }),
            None,
            None,
        );
        assert!(sharp.blur < 0.45, "{sharp:?}");
        assert!(smooth.blur > 0.8, "{smooth:?}");
        let blank = look(&image(40, 40, |_, _| [128; 3]), None, None);
        assert_eq!(blank.blur, 1.0);
    }

    /// Blocks of ink by no pattern, as a camera shows them that moves by twelve such steps.
    fn moved(x: u32, y: u32, step: (u32, u32)) -> [u8; 3] {
        let ink = |x: u32, y: u32| {
            let (x, y) = (x / 3, y / 4);
            u32::from((x * x * 7 + y * y * 13 + x * y * 5) % 11 < 4)
        };
        let hits = (0..12).map(|k| ink(x + k * step.0, y + k * step.1));
        [(220 - 15 * hits.sum::<u32>()) as u8; 3]
    }

    #[test]
    fn movement_aslant_is_named_as_blur_as_movement_across_is() {
        let reasons = |step| {
            let surface = look(&image(300, 200, |x, y| moved(x, y, step)), None, None);
            let limits = idproof_domain::Thresholds::default();
            idproof_domain::judge_document_quality(&[surface], &limits).reasons
        };
        assert_eq!(reasons((0, 0)), []);
        for step in [(1, 0), (0, 1), (1, 1)] {
            assert_eq!(reasons(step), [ReasonCode::DocumentBlurred], "{step:?}");
        }
    }

    #[test]
    fn light_is_told_by_its_ends_and_glare_by_burnt_patches() {
        let dark = look(
            &image(200, 120, |x, y| print(x, y).map(|v| v / 4)),
            None,
            None,
        );
        assert!(dark.light_end < 90.0);
        let bright = look(
            &image(200, 120, |x, y| print(x, y).map(|v| 155 + v / 2)),
            None,
            None,
        );
        assert!(bright.dark_end > 120.0);
        let spot = image(200, 120, |x, y| {
            if (50..90).contains(&x) && (40..80).contains(&y) {
                [255; 3]
            } else {
                print(x, y)
            }
        });
        let spot = look(&spot, None, None);
        assert!((0.03..0.07).contains(&spot.glare), "{spot:?}");
        assert_eq!(look(&image(200, 120, print), None, None).glare, 0.0);
    }

    #[test]
    fn a_document_that_leaves_the_picture_is_cut_off() {
        let picture = image(400, 300, print);
        let cut = |q: Quad| look(&picture, Some(&card(q)), None).cut_off;
        assert!(!cut(quad(40.0, 40.0, 360.0, 240.0)));
        assert!(cut(quad(0.0, 40.0, 320.0, 240.0)));
        assert!(!cut(quad(0.0, 0.0, 400.0, 300.0)));
        // As far inside as outlines are found that run along the border, and a little further.
        assert!(cut(quad(2.8, 40.0, 320.0, 240.0)));
        assert!(!cut(quad(3.4, 40.0, 320.0, 240.0)));
        // A scan of which the outline misses one corner.
        let mut scan = quad(2.0, 2.0, 398.0, 298.0);
        scan.corners[3] = Point::new(40.0, 260.0);
        assert!(!cut(scan));
        // A card of which one corner lies outside the picture.
        let mut aside = quad(80.0, 60.0, 399.0, 299.0);
        aside.corners[1] = Point::new(399.0, 90.0);
        aside.corners[3] = Point::new(110.0, 299.0);
        assert!(cut(aside));
        // Told by the zone alone, it may lie a little aside.
        let told = |q: Quad| {
            let card = Card {
                found: Found::Zone,
                ..card(q)
            };
            look(&picture, Some(&card), None).cut_off
        };
        assert!(!told(quad(-15.0, 5.0, 380.0, 250.0)));
        assert!(told(quad(20.0, -60.0, 380.0, 170.0)));
    }

    #[test]
    fn out_of_the_document_alone_the_measures_are_the_same() {
        // A document of 40 px/mm as a card, 27 as a page, in a little perspective.
        let photograph = image(3_600, 2_400, |x, y| match (x / 40 + y / 60) % 7 {
            0 => [20, 30, 40],
            1 => [120, 110, 100],
            _ => [210, 215, 205],
        });
        let p = Point::new;
        let placed = card(Quad {
            corners: [
                p(90.0, 70.0),
                p(3_500.0, 110.0),
                p(3_470.0, 2_290.0),
                p(60.0, 2_240.0),
            ],
        });
        for format in [CARD, PAGE] {
            let placed = Card {
                format,
                ..placed.clone()
            };
            let straight = placed.straight(&photograph).unwrap();
            let own = super::look(&photograph, Some(&placed), None, None);
            let alone = super::look(&photograph, Some(&placed), Some(&straight), None);
            assert!((own.blur - alone.blur).abs() < 0.01, "{own:?} {alone:?}");
            assert_eq!((own.dark_end, own.glare), (alone.dark_end, alone.glare));
            assert_eq!(
                (own.resolution, own.covered),
                (alone.resolution, alone.covered)
            );
        }
        // One that shows the document coarsely does not serve.
        let coarse = straighten(&photograph, &placed.quad, CARD, 8.0).unwrap();
        let own = super::look(&photograph, Some(&placed), None, None);
        let by_itself = super::look(&photograph, Some(&placed), Some(&coarse), None);
        assert_eq!(by_itself, own);
    }

    #[test]
    fn an_outline_that_runs_to_the_border_is_outweighed_by_the_zone_s_place() {
        let picture = image(400, 300, print);
        let touching = card(quad(0.0, 40.0, 320.0, 240.0));
        assert!(look(&picture, Some(&touching), None).cut_off);
        let told = |told| Card {
            told: Some(told),
            ..touching.clone()
        };
        let inside = told(quad(20.0, 44.0, 320.0, 236.0));
        assert!(!look(&picture, Some(&inside), None).cut_off);
        let doubtful = told(quad(2.0, 44.0, 320.0, 236.0));
        assert!(look(&picture, Some(&doubtful), None).cut_off);
    }

    /// The capture page is held to the same file by `reviewer-ui/capture/tests/quality.test.mjs`.
    #[test]
    fn the_page_measures_the_same_by_the_same_limits() {
        let shared: serde_json::Value =
            serde_json::from_str(include_str!("../tests/quality.json")).unwrap();
        let number = |v: &serde_json::Value| v.as_f64().unwrap();
        let t = idproof_domain::Thresholds::default();
        for (name, own) in [
            ("resolution_min", t.document_resolution_min),
            ("blur_max", t.document_blur_max),
            ("glare_max", t.document_glare_max),
            ("dark_end_max", t.document_dark_end_max),
            ("light_end_min", t.document_light_end_min),
        ] {
            assert_eq!(number(&shared["limits"][name]), own, "{name}");
        }
        let print = |x: u32, y: u32| (x * 7 + y * 11) % 5 < 2;
        let grey = |v: u32| [v as u8; 3];
        let of = |name: &str, x: u32, y: u32| match name {
            "print" => grey(if print(x, y) { 30 } else { 220 }),
            "smooth" => {
                let v = (60 + ((x * 2 + y) % 160).abs_diff(80)) as u8;
                [v, v - 10, v + 20]
            }
            "soft_print" => grey(90 + 20 * ((x + 3 * y) % 12).abs_diff(6)),
            "moved" => moved(x, y, (1, 1)),
            "lamp" if x.abs_diff(40).pow(2) + y.abs_diff(30).pow(2) < 300 => grey(255),
            "lamp" => grey(if print(x, y) { 40 } else { 190 }),
            "dark" => grey(if print(x, y) { 5 } else { 70 }),
            "bright" => grey(if print(x, y) { 170 } else { 248 }),
            other => panic!("no formula for {other}"),
        };
        let side = |name: &str| shared[name].as_u64().unwrap() as u32;
        for wanted in shared["pictures"].as_array().unwrap() {
            let name = wanted["name"].as_str().unwrap();
            let picture = image(side("width"), side("height"), |x, y| of(name, x, y));
            let seen = look(&picture, None, None);
            assert!((seen.blur - number(&wanted["blur"])).abs() < 1e-5, "{name}");
            assert!(
                (seen.glare - number(&wanted["glare"])).abs() < 1e-5,
                "{name}"
            );
            assert_eq!(seen.dark_end, number(&wanted["dark_end"]), "{name}");
            assert_eq!(seen.light_end, number(&wanted["light_end"]), "{name}");
        }
    }

    #[test]
    fn the_zone_s_ruler_outweighs_the_outline_s() {
        let picture = image(400, 300, print);
        let q = quad(40.0, 40.0, 360.0, 240.0);
        let seen = look(&picture, Some(&card(q)), Some(7.5));
        assert_eq!(seen.resolution, Some(7.5));
        let seen = look(&picture, Some(&card(q)), None).resolution.unwrap();
        assert!((seen - 200.0 / 53.98).abs() < 0.01);
        assert_eq!(look(&picture, None, None).resolution, None);
        let dot = image(1, 1, |_, _| [9; 3]);
        assert!(look(&dot, None, Some(100.0)).blur == 1.0);
    }
}
