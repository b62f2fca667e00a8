//! Where the face and its mouth are in each frame of a recording.

use std::time::Duration;

use idproof_ports::{
    LandmarkFinder, Landmarks, Mesh, MeshFinder, ModelError, Point, Rect, RgbImage,
};

use crate::lips::Mouth;

/// A mesh that overlaps less than this with the face lies over something else.
const SAME_FACE: f32 = 0.4;
/// The mesh reaches this much further up than the landmarks' brows, in heights of their box.
const FOREHEAD: f32 = 0.3;

/// Follows a face between the frames in which it is looked for.
#[derive(Debug, Clone, Default)]
pub struct MouthTracker {
    pub mouth: Mouth,
    looked: Option<Duration>,
    held: Option<(Rect, Point)>,
    mesh: Option<Mesh>,
}

impl MouthTracker {
    /// Whether the frame comes so soon after the last look that the face need not be searched.
    pub fn only_follows(&self, at: Duration, gap: Duration) -> bool {
        self.looked.is_some_and(|last| at < last + gap)
    }

    /// A face was searched: `face` is the largest one and its landmarks.
    pub fn looked(&mut self, at: Duration, face: Option<(&Rect, &Landmarks)>) {
        self.looked = Some(at);
        self.held = face.map(|(bounds, landmarks)| (*bounds, middle(landmarks)));
    }

    /// Finds the landmarks where the face was last; `None` where there was none.
    pub fn follow(
        &mut self,
        image: &RgbImage,
        finder: &mut dyn LandmarkFinder,
    ) -> Result<Option<Landmarks>, ModelError> {
        let Some((bounds, was)) = &mut self.held else {
            return Ok(None);
        };
        let landmarks = finder.locate(image, bounds)?;
        let now = middle(&landmarks);
        bounds.x += now.x - was.x;
        bounds.y += now.y - was.y;
        *was = now;
        Ok(Some(landmarks))
    }

    /// Looks at the mouth of the face that `landmarks` show, from where the mesh lay before.
    pub fn see_mouth(
        &mut self,
        at: Duration,
        image: &RgbImage,
        landmarks: &Landmarks,
        finder: &mut dyn MeshFinder,
    ) -> Result<(), ModelError> {
        let bounds = landmarks.bounds();
        let held = self.mesh.take();
        let held = held.filter(|m| m.bounds().iou(&bounds) >= SAME_FACE);
        let (face, eyes) = if let Some(mesh) = &held {
            (mesh.bounds(), mesh.eyes())
        } else {
            let [left, right, ..] = landmarks.five();
            let forehead = FOREHEAD * bounds.height;
            let face = Rect {
                y: bounds.y - forehead,
                height: bounds.height + forehead,
                ..bounds
            };
            (face, [left, right])
        };
        self.mesh = finder.lay(image, &face, eyes)?;
        if let Some(mesh) = &self.mesh {
            self.mouth.push(at, mesh);
        }
        Ok(())
    }
}

/// Between the eyes.
fn middle(landmarks: &Landmarks) -> Point {
    let [left, right, ..] = landmarks.five();
    Point::new((left.x + right.x) / 2.0, (left.y + right.y) / 2.0)
}

#[cfg(test)]
mod tests {
    use idproof_ports::ModelIdentity;

    use super::*;

    /// Lays the mesh where it is told to look; remembers where that was.
    #[derive(Default)]
    struct Obedient {
        asked: Vec<Rect>,
        blind: bool,
    }

    impl MeshFinder for Obedient {
        fn lay(
            &mut self,
            _: &RgbImage,
            face: &Rect,
            eyes: [Point; 2],
        ) -> Result<Option<Mesh>, ModelError> {
            self.asked.push(*face);
            let mut points = vec![face.centre(); Mesh::POINTS];
            points[33] = eyes[0];
            points[263] = eyes[1];
            points[1] = Point::new(face.x, face.y);
            points[2] = Point::new(face.x + face.width, face.y + face.height);
            Ok((!self.blind).then(|| Mesh::new(points)).flatten())
        }

        fn identity(&self) -> ModelIdentity {
            ModelIdentity {
                name: "mesh".into(),
                version: "1".into(),
                sha256: String::new(),
            }
        }
    }

    #[test]
    fn the_mesh_goes_on_from_where_it_lay_while_it_lies_on_the_face() {
        let image = RgbImage::from_raw(2, 2, vec![0; 12]).unwrap();
        let at = |x: f32| {
            let corner =
                |i: usize| Point::new(x + 100.0 * (i % 2) as f32, 100.0 + 20.0 * (i % 6) as f32);
            Landmarks {
                points: std::array::from_fn(corner),
            }
        };
        let mut finder = Obedient::default();
        let mut tracker = MouthTracker::default();
        let mut see = |ms: u64, x: f32, finder: &mut Obedient| {
            let at_ms = Duration::from_millis(ms);
            tracker.see_mouth(at_ms, &image, &at(x), finder).unwrap();
            tracker.mouth.track().len()
        };
        see(0, 100.0, &mut finder);
        see(60, 110.0, &mut finder);
        assert_eq!(finder.asked[0].x, 100.0);
        assert!(finder.asked[0].y < 100.0, "the forehead is in it");
        assert_eq!(finder.asked[1], finder.asked[0], "it goes on from there");
        see(120, 400.0, &mut finder);
        assert_eq!(finder.asked[2].x, 400.0, "another face");
        finder.blind = true;
        assert_eq!(see(180, 400.0, &mut finder), 3, "nothing was seen");
    }
}
