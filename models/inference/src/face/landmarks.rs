use idproof_ports::{LandmarkFinder, Landmarks, ModelError, ModelIdentity, Point, Rect, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{crop_resize, planar};

const SIDE: i32 = 112;

/// face-api's 68-point network. Input `[1, 3, 112, 112]` RGB 0..255, the face box padded
/// evenly to a square; output 136 numbers, x and y of each point as fractions of the square.
pub struct Landmarks68 {
    net: Net,
}

impl Landmarks68 {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            net: runtime.session(model)?,
        })
    }
}

impl LandmarkFinder for Landmarks68 {
    fn locate(&mut self, image: &RgbImage, face: &Rect) -> Result<Landmarks, ModelError> {
        let side = face.width.max(face.height).max(2.0);
        let centre = face.centre();
        let square = Rect {
            x: centre.x - side / 2.0,
            y: centre.y - side / 2.0,
            width: side,
            height: side,
        };
        let data = crop_resize(image, &square, SIDE, SIDE)
            .and_then(|m| planar(&m, [0, 1, 2], [0.0; 3], [1.0; 3]))
            .map_err(vision_error(&self.net))?;
        let outputs = self.net.run(&[1, 3, SIDE as usize, SIDE as usize], data)?;
        let values = match outputs.as_slice() {
            [out] if out.data.len() == 136 => &out.data,
            _ => return Err(self.net.error("expected 136 numbers")),
        };
        let mut points = [Point::default(); 68];
        for (point, xy) in points.iter_mut().zip(values.chunks_exact(2)) {
            *point = Point::new(square.x + xy[0] * side, square.y + xy[1] * side);
        }
        Ok(Landmarks { points })
    }

    fn identity(&self) -> ModelIdentity {
        self.net.identity().clone()
    }
}
