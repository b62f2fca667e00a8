//! The second, smaller portrait that many documents carry beside the portrait (a ghost image), against
//! the portrait: who replaces one often leaves the other. Printed faintly, it is not always seen.

use std::sync::Mutex;

use idproof_domain::face::Comparison;
use idproof_ports::{Capability, ModelError, Rect, RgbImage};

use crate::analyse::lock;
use crate::faces::{FaceTools, Template};
use crate::shown::{Corners, ShownSide, cut_with};

/// Where the portrait ends, in widths of its face from the face.
const MARGIN: f64 = 0.5;
/// The second face is at most so many times as wide.
const SMALLER: f64 = 0.8;
/// Room round it, in widths of its face: the careful finder looks that far.
const ROOM: f32 = 0.9;
/// Grey levels that a faint face is stretched to, and the share of its pixels beyond them on either side.
const DARK: f32 = 25.0;
const LIGHT: f32 = 225.0;
const CUT: f64 = 0.02;
/// Narrower parts of a document, as shares of its width, have no room for a second portrait.
const NARROWEST: f64 = 0.25;

/// The portrait of a side, whose template is known, against a second one beside it.
///
/// # Errors
/// When a network fails.
pub(crate) fn of_side(
    tools: &Capability<Mutex<FaceTools>>,
    shown: &ShownSide,
    template: Option<&Template>,
) -> Result<Option<Comparison>, ModelError> {
    match (tools, &shown.straight, &shown.portrait, template) {
        (Ok(tools), Some(straight), Some(portrait), Some(template)) => {
            compare(&mut lock(tools), straight, portrait, template)
        }
        _ => Ok(None),
    }
}

/// Compares the face at `portrait` on the straightened document, whose template is known, with a smaller one on
/// the wider side beside it; `None` where none is seen.
///
/// # Errors
/// When a network fails.
fn compare(
    tools: &mut FaceTools,
    straight: &RgbImage,
    portrait: &Corners,
    template: &Template,
) -> Result<Option<Comparison>, ModelError> {
    let xs = portrait.map(|(x, _)| x);
    let (left, right) = xs
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
            (a.min(*x), b.max(*x))
        });
    let width = right - left;
    let before = left - MARGIN * width;
    let after = right + MARGIN * width;
    let (from, to) = if before > 1.0 - after {
        (0.0, before)
    } else {
        (after, 1.0)
    };
    // Also where a corner is no number.
    if !(width > 0.0 && to - from >= NARROWEST) {
        return Ok(None);
    }
    let Some(part) = columns(straight, from, to) else {
        return Ok(None);
    };
    let most = (SMALLER * width * f64::from(straight.width())) as f32;
    let second = small_face(tools, &part, most)?;
    Ok(second.map(|second| template.compare(&second)))
}

/// The template of the surest face that is no wider than `most` pixels; `None` where the careful finder does
/// not see it too: the other alone takes emblems for faces.
fn small_face(
    tools: &mut FaceTools,
    image: &RgbImage,
    most: f32,
) -> Result<Option<Template>, ModelError> {
    let Some(careful) = &mut tools.careful else {
        return Ok(None);
    };
    let mut faces = tools.finder.find(image)?;
    faces.retain(|f| f.bounds.width <= most);
    let surest = faces.iter().max_by(|a, b| a.score.total_cmp(&b.score));
    let Some((face, bounds)) = surest.and_then(|f| full_contrast(image, &f.bounds)) else {
        return Ok(None);
    };
    match careful.five(&face, &bounds)? {
        Some(five) => tools.embed_at(&face, &five).map(Some),
        None => Ok(None),
    }
}

/// The face in grey with some room round it, from nearly black to nearly white, and its place there.
fn full_contrast(image: &RgbImage, face: &Rect) -> Option<(RgbImage, Rect)> {
    let grey = |p: &[u8]| {
        let [r, g, b] = [0, 1, 2].map(|c| f32::from(p[c]));
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let of = |image: &RgbImage| -> Vec<f32> { image.data().chunks_exact(3).map(grey).collect() };
    let mut inner = of(&cut_with(image, face, 0.0)?);
    let mut at = |share: f64| {
        let place = (inner.len().checked_sub(1)? as f64 * share) as usize;
        Some(*inner.select_nth_unstable_by(place, f32::total_cmp).1)
    };
    let (dark, light) = (at(CUT)?, at(1.0 - CUT)?);
    let room = face.width.max(face.height) * ROOM;
    let wider = cut_with(image, face, room)?;
    let by = (LIGHT - DARK) / (light - dark).max(1.0);
    let data = of(&wider).into_iter();
    let data = data.flat_map(|v| [((v - dark) * by + DARK).clamp(0.0, 255.0) as u8; 3]);
    let bounds = Rect {
        x: face.x - (face.x - room).max(0.0).floor(),
        y: face.y - (face.y - room).max(0.0).floor(),
        ..*face
    };
    RgbImage::from_raw(wider.width(), wider.height(), data.collect()).map(|face| (face, bounds))
}

/// What lies between two shares of the picture's width.
fn columns(image: &RgbImage, from: f64, to: f64) -> Option<RgbImage> {
    let place = |share: f64| (share.clamp(0.0, 1.0) * f64::from(image.width())) as usize;
    let (from, to) = (place(from), place(to));
    let rows = image.data().chunks_exact(image.width() as usize * 3);
    let cut: Vec<&[u8]> = rows.filter_map(|row| row.get(from * 3..to * 3)).collect();
    RgbImage::from_raw(to.checked_sub(from)? as u32, image.height(), cut.concat())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use idproof_ports::{
        CarefulFinder, Embedding, Face, FaceEmbedder, FaceFinder, LandmarkFinder, Landmarks,
        ModelIdentity, Point,
    };

    use super::*;

    const SIZE: (u32, u32) = (400, 250);
    /// The portrait, on the left.
    const PORTRAIT: Corners = [(0.1, 0.3), (0.3, 0.3), (0.3, 0.7), (0.1, 0.7)];

    /// A second face of that width on black: faint, and so many hundredths of it lighter than the rest.
    fn document(light: u32, width: u32) -> RgbImage {
        let grey = |i: u32| {
            let (x, y) = (
                (i % SIZE.0).wrapping_sub(260),
                (i / SIZE.0).wrapping_sub(100),
            );
            match x < width && y < width {
                true if x * 100 < light * width => 130,
                true => 110,
                false => 0,
            }
        };
        let data = (0..SIZE.0 * SIZE.1).flat_map(|i| [grey(i); 3]);
        RgbImage::from_raw(SIZE.0, SIZE.1, data.collect()).unwrap()
    }

    /// Sees what is not black as a face; its embedding is the share of it that is nearly white.
    struct Grey {
        blind: bool,
        looked_at: Arc<Mutex<Vec<u32>>>,
    }

    fn identity() -> ModelIdentity {
        ModelIdentity {
            name: "grey".into(),
            version: "1".into(),
            sha256: String::new(),
        }
    }

    impl FaceFinder for Grey {
        fn find(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
            self.looked_at.lock().unwrap().push(image.width());
            let lit = |i: &usize| image.data()[i * 3] > 0;
            let places: Vec<usize> = (0..image.data().len() / 3).filter(lit).collect();
            let w = image.width() as usize;
            let xs = || places.iter().map(|i| (i % w) as f32);
            let (Some(left), Some(right)) = (xs().reduce(f32::min), xs().reduce(f32::max)) else {
                return Ok(Vec::new());
            };
            let bounds = Rect {
                x: left,
                y: (places[0] / w) as f32,
                width: right - left + 1.0,
                height: right - left + 1.0,
            };
            Ok(vec![Face { bounds, score: 0.8 }])
        }

        fn identity(&self) -> ModelIdentity {
            identity()
        }
    }

    impl CarefulFinder for Grey {
        fn search(&mut self, _: &RgbImage) -> Result<Vec<Face>, ModelError> {
            Ok(Vec::new())
        }

        fn five(&mut self, _: &RgbImage, face: &Rect) -> Result<Option<[Point; 5]>, ModelError> {
            Ok((!self.blind).then_some([face.centre(); 5]))
        }

        fn identity(&self) -> ModelIdentity {
            identity()
        }
    }

    impl LandmarkFinder for Grey {
        fn locate(&mut self, _: &RgbImage, _: &Rect) -> Result<Landmarks, ModelError> {
            unreachable!("the careful finder gives the points")
        }

        fn identity(&self) -> ModelIdentity {
            identity()
        }
    }

    impl FaceEmbedder for Grey {
        fn embed(&mut self, image: &RgbImage, _: &[Point; 5]) -> Result<Embedding, ModelError> {
            let above = |most: u8| image.data().iter().filter(|v| **v > most).count() as f32;
            Ok(Embedding(vec![above(200) / above(0)]))
        }

        fn identity(&self) -> ModelIdentity {
            identity()
        }
    }

    type Widths = Arc<Mutex<Vec<u32>>>;

    fn tools(blind: bool, looked_at: &Widths) -> FaceTools {
        let grey = || {
            Box::new(Grey {
                blind,
                looked_at: looked_at.clone(),
            })
        };
        FaceTools {
            finder: grey(),
            landmarks: grey(),
            mesh: None,
            careful: Some(grey()),
            embedders: vec![grey()],
        }
    }

    /// The distance to a portrait of which 30 hundredths are lighter, and the widths of the pictures looked at.
    fn found(image: &RgbImage, portrait: &Corners, blind: bool) -> (Option<f64>, Vec<u32>) {
        let mut seeing = tools(false, &Widths::default());
        let template = small_face(&mut seeing, &document(30, 40), 100.0);
        let template = template.unwrap().unwrap();
        let looked_at = Widths::default();
        let mut tools = tools(blind, &looked_at);
        let comparison = compare(&mut tools, image, portrait, &template).unwrap();
        let widths = looked_at.lock().unwrap().clone();
        (comparison.map(|c| c.distances[0].1), widths)
    }

    #[test]
    fn the_second_portrait_is_compared_with_the_portrait() {
        let (distance, widths) = found(&document(30, 40), &PORTRAIT, false);
        assert!(distance.unwrap() < 1e-6);
        // Beyond the portrait and its margin.
        assert!(
            widths.len() == 1 && widths[0].abs_diff(240) <= 1,
            "{widths:?}"
        );
        let (distance, _) = found(&document(70, 40), &PORTRAIT, false);
        assert!((distance.unwrap() - 0.4).abs() < 1e-3, "{distance:?}");
    }

    #[test]
    fn where_none_is_seen_nothing_is_said() {
        let none = RgbImage::from_raw(SIZE.0, SIZE.1, vec![0; 300_000]).unwrap();
        assert_eq!(found(&none, &PORTRAIT, false).0, None);
        // One as large as the portrait, and one that the careful finder does not see.
        assert_eq!(found(&document(70, 70), &PORTRAIT, false).0, None);
        assert_eq!(found(&document(70, 40), &PORTRAIT, true).0, None);
        // A portrait that leaves no room, and one whose place is no number.
        let wide = [(0.1, 0.3), (0.9, 0.3), (0.9, 0.7), (0.1, 0.7)];
        let nowhere = [(f64::NAN, 0.3); 4];
        for portrait in [wide, nowhere] {
            assert_eq!(found(&document(70, 40), &portrait, false), (None, vec![]));
        }
    }
}
