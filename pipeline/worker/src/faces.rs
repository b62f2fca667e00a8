//! Faces through every network that looks at them.

use idproof_domain::face::Comparison;
use idproof_ports::{
    CarefulFinder, Embedding, Face, FaceEmbedder, FaceFinder, LandmarkFinder, Landmarks,
    MeshFinder, ModelError, ModelIdentity, Point, Rect, RgbImage,
};

use crate::reduce::reduced;

/// Margins round a still, as shares of its longer side, with which a face is looked for again.
const MARGINS: [f32; 2] = [0.3, 0.6];
/// Pixels of a still's longer side that are enough to see a face.
const ENOUGH: u32 = 1_024;

/// The networks that look at faces; they only make sense together.
pub struct FaceTools {
    pub finder: Box<dyn FaceFinder>,
    pub landmarks: Box<dyn LandmarkFinder>,
    /// Shows how a mouth moves. Without it lips are not held against a voice.
    pub mesh: Option<Box<dyn MeshFinder>>,
    /// For stills in which the finder sees nothing, and for the points that embedders align by.
    /// Without it the landmarks give those points.
    pub careful: Option<Box<dyn CarefulFinder>>,
    /// Every one that is here; never none.
    pub embedders: Vec<Box<dyn FaceEmbedder>>,
}

/// One face as every embedder sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<(String, Embedding)>);

impl Template {
    /// The Euclidean distance of each embedder that both have.
    pub fn compare(&self, other: &Self) -> Comparison {
        let of = |name: &str| other.0.iter().find(|(n, _)| n == name).map(|(_, e)| e);
        Comparison {
            distances: self
                .0
                .iter()
                .filter_map(|(name, e)| Some((name.clone(), f64::from(e.distance(of(name)?)))))
                .collect(),
        }
    }
}

/// Every template against the one that is nearest to all of them, that one left out.
pub(crate) fn against_most_typical(all: &[&Template]) -> Vec<Comparison> {
    let sum = |t: &Template| -> f64 {
        let each = all.iter().flat_map(|o| t.compare(o).distances);
        each.map(|(_, d)| d).sum()
    };
    let typical = all
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| sum(a).total_cmp(&sum(b)));
    let Some((place, typical)) = typical else {
        return Vec::new();
    };
    all.iter()
        .enumerate()
        .filter(|(i, _)| *i != place)
        .map(|(_, t)| typical.compare(t))
        .collect()
}

/// The main face of a still.
pub struct Enrolled {
    pub face: Face,
    pub landmarks: Landmarks,
    pub template: Template,
}

impl FaceTools {
    pub fn identities(&self) -> Vec<ModelIdentity> {
        let mut all = vec![self.finder.identity(), self.landmarks.identity()];
        all.extend(self.mesh.iter().map(|m| m.identity()));
        all.extend(self.careful.iter().map(|c| c.identity()));
        all.extend(self.embedders.iter().map(|e| e.identity()));
        all
    }

    /// Finds the main face of a still and embeds it; `None` when there is no face.
    ///
    /// # Errors
    /// When a network fails.
    pub fn enrol(&mut self, image: &RgbImage) -> Result<Option<Enrolled>, ModelError> {
        match self.enrol_at_a_glance(image)? {
            Some(found) => Ok(Some(found)),
            None => self.enrol_at_length(image),
        }
    }

    /// As [`Self::enrol`], by the finder's own look alone: a tenth of the cost where there is no
    /// face, and faces that fill the still or are small in it may go unseen.
    ///
    /// # Errors
    /// When a network fails.
    pub fn enrol_at_a_glance(&mut self, image: &RgbImage) -> Result<Option<Enrolled>, ModelError> {
        let faces = self.finder.find(image)?;
        self.enrolled(image, &faces)
    }

    /// As [`Self::enrol`], where a glance showed nothing.
    ///
    /// # Errors
    /// When a network fails.
    pub fn enrol_at_length(&mut self, image: &RgbImage) -> Result<Option<Enrolled>, ModelError> {
        let faces = self.search(image)?;
        self.enrolled(image, &faces)
    }

    fn enrolled(
        &mut self,
        image: &RgbImage,
        faces: &[Face],
    ) -> Result<Option<Enrolled>, ModelError> {
        let Some(face) = main_face(faces).cloned() else {
            return Ok(None);
        };
        let landmarks = self.landmarks.locate(image, &face.bounds)?;
        let template = self.embed(image, &face.bounds, &landmarks)?;
        Ok(Some(Enrolled {
            face,
            landmarks,
            template,
        }))
    }

    /// Faces that a longer look shows, or else the finder within a margin.
    fn search(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
        let mut found = match &mut self.careful {
            Some(careful) => careful.search(image)?,
            None => Vec::new(),
        };
        // The finder sees a few hundred pixels: a margin round more of them is memory alone.
        let by = image.width().max(image.height()).div_ceil(ENOUGH);
        let small = reduced(image, by);
        let (small, by) = small.as_ref().map_or((image, 1), |s| (s, by));
        for margin in MARGINS {
            if !found.is_empty() {
                break;
            }
            let (wider, room) = widened(small, margin);
            found = self.finder.find(&wider)?;
            for face in &mut found {
                let (room, by) = (room as f32, by as f32);
                face.bounds = Rect {
                    x: (face.bounds.x - room) * by,
                    y: (face.bounds.y - room) * by,
                    width: face.bounds.width * by,
                    height: face.bounds.height * by,
                };
            }
        }
        Ok(found)
    }

    /// The template of the face at `bounds`.
    ///
    /// # Errors
    /// When a network fails.
    pub fn embed(
        &mut self,
        image: &RgbImage,
        bounds: &Rect,
        landmarks: &Landmarks,
    ) -> Result<Template, ModelError> {
        let five = self.five(image, bounds, landmarks)?;
        self.embed_at(image, &five)
    }

    /// The template of the face whose eyes, nose and corners of the mouth lie there.
    ///
    /// # Errors
    /// When a network fails.
    pub fn embed_at(
        &mut self,
        image: &RgbImage,
        five: &[Point; 5],
    ) -> Result<Template, ModelError> {
        self.embedders
            .iter_mut()
            .map(|e| Ok((e.identity().name, e.embed(image, five)?)))
            .collect::<Result<_, _>>()
            .map(Template)
    }

    fn five(
        &mut self,
        image: &RgbImage,
        bounds: &Rect,
        landmarks: &Landmarks,
    ) -> Result<[Point; 5], ModelError> {
        let careful = match &mut self.careful {
            Some(careful) => careful.five(image, bounds)?,
            None => None,
        };
        Ok(careful.unwrap_or_else(|| landmarks.five()))
    }
}

/// Faces this much less sure than the surest compete with it by size.
const AS_SURE: f32 = 0.15;

/// The surest face; among those about as sure, the largest: a ghost image is smaller.
fn main_face(faces: &[Face]) -> Option<&Face> {
    let surest = faces.iter().map(|f| f.score).fold(0.0, f32::max);
    faces
        .iter()
        .filter(|f| f.score >= surest - AS_SURE)
        .max_by(|a, b| a.bounds.width.total_cmp(&b.bounds.width))
}

/// The image within a margin on every side in the colour of its nearest edge, and the margin in
/// pixels. Detectors miss faces that fill a picture to its edges.
fn widened(image: &RgbImage, margin: f32) -> (RgbImage, u32) {
    let (w, h) = (image.width(), image.height());
    let by = (w.max(h) as f32 * margin) as u32;
    let (width, height) = (w + 2 * by, h + 2 * by);
    let mut data = Vec::with_capacity(3 * width as usize * height as usize);
    let row_bytes = 3 * w as usize;
    for y in 0..height {
        let y = y.saturating_sub(by).min(h - 1) as usize;
        let row = &image.data()[y * row_bytes..(y + 1) * row_bytes];
        let (first, last) = (&row[..3], &row[row_bytes - 3..]);
        (0..by).for_each(|_| data.extend_from_slice(first));
        data.extend_from_slice(row);
        (0..by).for_each(|_| data.extend_from_slice(last));
    }
    match RgbImage::from_raw(width, height, data) {
        Some(wider) => (wider, by),
        None => (image.clone(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(names: &[(&str, f32)]) -> Template {
        Template(
            names
                .iter()
                .map(|(n, v)| ((*n).to_owned(), Embedding(vec![*v, 0.0])))
                .collect(),
        )
    }

    #[test]
    fn templates_are_compared_by_embedder() {
        let (a, b) = (
            template(&[("x", 0.0), ("y", 1.0)]),
            template(&[("y", 3.0), ("x", 0.5)]),
        );
        let found = a.compare(&b).distances;
        assert_eq!(found, [("x".to_owned(), 0.5), ("y".to_owned(), 2.0)]);
        assert_eq!(a.compare(&template(&[("y", 1.0)])).distances.len(), 1);
    }

    #[test]
    fn a_margin_repeats_the_edge() {
        let image = RgbImage::from_raw(2, 1, vec![1, 1, 1, 9, 9, 9]).unwrap();
        let (wider, by) = widened(&image, 0.5);
        assert_eq!((wider.width(), wider.height(), by), (4, 3, 1));
        assert_eq!(&wider.data()[..12], [1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9]);
    }

    fn face(x: f32, width: f32, score: f32) -> Face {
        let bounds = Rect {
            x,
            y: 0.0,
            width,
            height: width,
        };
        Face { bounds, score }
    }

    #[test]
    fn the_main_face_is_the_largest_of_the_sure_ones() {
        let faces = [
            face(0.0, 50.0, 0.95),
            face(100.0, 200.0, 0.9),
            face(300.0, 400.0, 0.5),
        ];
        assert_eq!(main_face(&faces).unwrap().bounds.width, 200.0);
        assert!(main_face(&[]).is_none());
    }
}
