use idproof_ports::{LiveScorer, ModelError, ModelIdentity, Rect, RgbImage};

use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::{crop_resize, planar};

const SIDE: i32 = 80;
/// Class index of a bona fide face (Silent-Face-Anti-Spoofing, model card).
const LIVE: usize = 1;

/// The MiniFASNet pair of Silent-Face-Anti-Spoofing: two crops round the face, 2.7 and 4.0
/// times its box, each `[1, 3, 80, 80]` BGR 0..255; softmax over three classes, mean of both.
pub struct MiniFasPair {
    narrow: Net,
    wide: Net,
}

impl MiniFasPair {
    /// `narrow` is `minifasnet_v2_2.7_80`, `wide` is `minifasnet_v1se_4.0_80`.
    pub fn new(
        runtime: &Runtime,
        narrow: &ModelFile,
        wide: &ModelFile,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            narrow: runtime.session(narrow)?,
            wide: runtime.session(wide)?,
        })
    }
}

impl LiveScorer for MiniFasPair {
    fn live_score(&mut self, image: &RgbImage, face: &Rect) -> Result<f32, ModelError> {
        let narrow = score(&mut self.narrow, image, face, 2.7)?;
        let wide = score(&mut self.wide, image, face, 4.0)?;
        Ok(f32::midpoint(narrow, wide))
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![self.narrow.identity().clone(), self.wide.identity().clone()]
    }
}

fn score(net: &mut Net, image: &RgbImage, face: &Rect, scale: f32) -> Result<f32, ModelError> {
    let rect = crop_round(image, face, scale);
    let data = crop_resize(image, &rect, SIDE, SIDE)
        .and_then(|m| planar(&m, [2, 1, 0], [0.0; 3], [1.0; 3]))
        .map_err(vision_error(net))?;
    let outputs = net.run(&[1, 3, SIDE as usize, SIDE as usize], data)?;
    let logits = match outputs.as_slice() {
        [out] if out.data.len() == 3 => &out.data,
        _ => return Err(net.error("expected three classes")),
    };
    let top = logits.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = logits.iter().map(|v| (v - top).exp()).sum();
    Ok((logits[LIVE] - top).exp() / sum)
}

/// The box grown by `scale` (less where the image is smaller), shifted to stay inside.
fn crop_round(image: &RgbImage, face: &Rect, scale: f32) -> Rect {
    let (iw, ih) = (image.width() as f32, image.height() as f32);
    let scale = scale
        .min((iw - 1.0) / face.width.max(1.0))
        .min((ih - 1.0) / face.height.max(1.0));
    let (width, height) = (face.width * scale, face.height * scale);
    let centre = face.centre();
    Rect {
        x: (centre.x - width / 2.0).clamp(0.0, (iw - width).max(0.0)),
        y: (centre.y - height / 2.0).clamp(0.0, (ih - height).max(0.0)),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crop_stays_inside() {
        let image = RgbImage::from_raw(200, 100, vec![0; 200 * 100 * 3]).unwrap();
        let face = Rect {
            x: 150.0,
            y: 5.0,
            width: 30.0,
            height: 40.0,
        };
        for scale in [1.0, 2.7, 4.0] {
            let r = crop_round(&image, &face, scale);
            assert!(r.x >= 0.0 && r.y >= 0.0);
            assert!(r.x + r.width <= 200.0 && r.y + r.height <= 100.0);
        }
    }
}
