use crate::image::{Point, Rect, RgbImage};
use crate::model::{ModelError, ModelIdentity};

/// A detected face.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    pub bounds: Rect,
    /// Detector confidence, 0..=1.
    pub score: f32,
}

/// Finds faces in a whole image, best first.
pub trait FaceFinder: Send {
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError>;
    fn identity(&self) -> ModelIdentity;
}

/// Looks longer than a [`FaceFinder`]: for stills in which that one finds nothing, and for the
/// points that embedders align a face by.
pub trait CarefulFinder: Send {
    /// Every face at several sizes and margins, best first.
    fn search(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError>;

    /// The five points (as [`Landmarks::five`] orders them) of the face at `face`; `None` where it
    /// sees none there.
    fn five(&mut self, image: &RgbImage, face: &Rect) -> Result<Option<[Point; 5]>, ModelError>;

    fn identity(&self) -> ModelIdentity;
}

/// The 68 iBUG points: 0-16 jaw, 17-26 brows, 27-35 nose, 36-41 right eye, 42-47 left eye
/// (the person's own sides), 48-67 mouth. Pixels of the image given.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmarks {
    pub points: [Point; 68],
}

impl Landmarks {
    fn mean(&self, range: std::ops::Range<usize>) -> Point {
        let n = range.len() as f32;
        let (x, y) = self.points[range]
            .iter()
            .fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
        Point::new(x / n, y / n)
    }

    /// Left eye centre in the image, right eye centre in the image, nose tip, mouth corners.
    pub fn five(&self) -> [Point; 5] {
        [
            self.mean(36..42),
            self.mean(42..48),
            self.points[30],
            self.points[48],
            self.points[54],
        ]
    }

    /// Inner-lip opening over mouth width; about 0 when closed.
    pub fn mouth_opening(&self) -> f32 {
        let width = self.points[60].distance(self.points[64]).max(1e-6);
        self.points[62].distance(self.points[66]) / width
    }

    /// The tight box round all points.
    pub fn bounds(&self) -> Rect {
        Rect::round(&self.points)
    }
}

/// Locates the landmarks of one face.
pub trait LandmarkFinder: Send {
    fn locate(&mut self, image: &RgbImage, face: &Rect) -> Result<Landmarks, ModelError>;
    fn identity(&self) -> ModelIdentity;
}

/// The 468 points of MediaPipe's face mesh, in pixels of the image given.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    points: Vec<Point>,
}

impl Mesh {
    pub const POINTS: usize = 468;

    /// `None` unless there are [`Self::POINTS`] of them.
    pub fn new(points: Vec<Point>) -> Option<Self> {
        (points.len() == Self::POINTS).then_some(Self { points })
    }

    /// The outer corners of the eyes, the image's left one first.
    pub fn eyes(&self) -> [Point; 2] {
        [self.points[33], self.points[263]]
    }

    /// How far the outer edges of the lips are apart over the mouth's width.
    pub fn outer_lip_gap(&self) -> f32 {
        let width = self.points[61].distance(self.points[291]).max(1e-6);
        self.points[0].distance(self.points[17]) / width
    }

    /// The tight box round all points.
    pub fn bounds(&self) -> Rect {
        Rect::round(&self.points)
    }
}

/// Lays a mesh over one face.
pub trait MeshFinder: Send {
    /// `face`: the box round the face from forehead to chin; `eyes`: the eyes in it, the image's
    /// left one first. `None` where the network sees no face there.
    fn lay(
        &mut self,
        image: &RgbImage,
        face: &Rect,
        eyes: [Point; 2],
    ) -> Result<Option<Mesh>, ModelError>;
    fn identity(&self) -> ModelIdentity;
}

/// A face as a vector; distances between embeddings of one model are comparable.
#[derive(Clone, PartialEq)]
pub struct Embedding(pub Vec<f32>);

impl Embedding {
    /// Euclidean distance; infinite when the lengths differ.
    pub fn distance(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return f32::INFINITY;
        }
        self.0
            .iter()
            .zip(&other.0)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>()
            .sqrt()
    }
}

impl std::fmt::Debug for Embedding {
    /// The length alone: an embedding is biometric data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedding({})", self.0.len())
    }
}

/// Turns a face into an embedding, aligned by its five points.
pub trait FaceEmbedder: Send {
    fn embed(&mut self, image: &RgbImage, five: &[Point; 5]) -> Result<Embedding, ModelError>;
    fn identity(&self) -> ModelIdentity;
}

/// Passive presentation attack detection on one frame.
pub trait LiveScorer: Send {
    /// Probability 0..=1 that the face is bona fide.
    fn live_score(&mut self, image: &RgbImage, face: &Rect) -> Result<f32, ModelError>;
    fn identities(&self) -> Vec<ModelIdentity>;
}
