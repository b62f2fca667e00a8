use idproof_ports::{Mesh, MeshFinder, ModelError, ModelIdentity, Point, Rect, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{Affine, affine, inverse, planar, view};

const SIDE: i32 = 192;
/// The square that is looked at, in longer sides of the face's box (`MediaPipe`, "Face Mesh").
const ROOM: f64 = 1.5;
/// Less sure than this that there is a face, the network lays its mesh over something else.
const LEAST_SURE: f32 = 0.5;

/// `MediaPipe`'s face mesh as published with `@vladmandic/human`. Input `[1, 3, 192, 192]` RGB
/// 0..255, the eyes level; outputs 468 points (x, y, z in pixels of the input), how sure it is of
/// a face (0..=1), and contours, which are not used.
pub struct FaceMesh {
    net: Net,
}

impl FaceMesh {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }
}

impl MeshFinder for FaceMesh {
    fn lay(
        &mut self,
        image: &RgbImage,
        face: &Rect,
        eyes: [Point; 2],
    ) -> Result<Option<Mesh>, ModelError> {
        let Some(there) = upright(face, eyes) else {
            return Ok(None);
        };
        let data = view(image)
            .and_then(|view| affine(&view, there, SIDE, SIDE))
            .and_then(|m| planar(&m, [0, 1, 2], [0.0; 3], [1.0; 3]))
            .map_err(vision_error(&self.net))?;
        let outputs = self.net.run(&[1, 3, SIDE as usize, SIDE as usize], data)?;
        let of_length = |n: usize| outputs.iter().find(|o| o.data.len() == n);
        let (Some(points), Some(sure)) = (of_length(Mesh::POINTS * 3), of_length(1)) else {
            return Err(self.net.error("expected 468 points and how sure they are"));
        };
        if sure.data[0] < LEAST_SURE {
            return Ok(None);
        }
        let back = inverse(there);
        let points = points.data.chunks_exact(3).map(|p| {
            let at = |r: [f64; 3]| (r[0] * f64::from(p[0]) + r[1] * f64::from(p[1]) + r[2]) as f32;
            Point::new(at(back[0]), at(back[1]))
        });
        Ok(Mesh::new(points.collect()))
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}

/// Maps the square round the face to the network's input, the eyes level; `None` where the box is
/// empty.
fn upright(face: &Rect, [left, right]: [Point; 2]) -> Option<Affine> {
    let side = f64::from(face.width.max(face.height)) * ROOM;
    if !side.is_finite() || side < 1.0 {
        return None;
    }
    let tilt = f64::from(right.y - left.y).atan2(f64::from(right.x - left.x));
    let (sin, cos) = tilt.sin_cos();
    let (by, middle) = (f64::from(SIDE) / side, f64::from(SIDE) / 2.0);
    let (a, b) = (cos * by, sin * by);
    let (x, y) = (f64::from(face.centre().x), f64::from(face.centre().y));
    Some([
        [a, b, middle - a * x - b * y],
        [-b, a, middle + b * x - a * y],
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilted_face_is_set_upright_in_the_middle() {
        let face = Rect {
            x: 100.0,
            y: 50.0,
            width: 100.0,
            height: 120.0,
        };
        // 120 pixels and half as much again fill the square; 90 degrees clockwise.
        let eyes = [Point::new(150.0, 90.0), Point::new(150.0, 130.0)];
        let m = upright(&face, eyes).unwrap();
        let at = |x: f64, y: f64| m.map(|r| (r[0] * x + r[1] * y + r[2]).round() as i32);
        assert_eq!(at(150.0, 110.0), [96, 96]);
        assert_eq!(at(150.0, 200.0), [192, 96], "down becomes right");
        assert_eq!(at(60.0, 110.0), [96, 192], "left becomes down");
        let empty = Rect {
            width: 0.0,
            height: 0.0,
            ..face
        };
        assert!(upright(&empty, eyes).is_none());
    }
}
