//! Reads lines of print with the small network that `models/kitchen/lines` makes, where it is sure of every character.

use idproof_ports::{ModelError, ModelIdentity, RgbImage};

use super::decode::{self, Reading};
use super::own::{HEIGHT, NARROWEST, STEP, WIDEST, fed};
use super::strip::Strip;
use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};

/// Probability that the least sure character must have. Of 300 drawn lines in faces that it was not trained with, 191
/// are then read; 181 of them have the right letters and digits, where PP-OCR has 175.
const SURE: f32 = 0.8;

/// Input `[1, 1, 32, w]` grey at mean 0 and deviation 1; output `[1, w / 4, classes]` probabilities: 0 the blank, then
/// the characters of the metadata `symbols`.
pub(super) struct QuickReader {
    net: Net,
    names: Vec<char>,
}

impl QuickReader {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        let net = runtime.session(model)?;
        let symbols = net
            .metadata("symbols")
            .ok_or_else(|| net.error("no `symbols` in its metadata"))?;
        Ok(Self {
            names: symbols.chars().collect(),
            net,
        })
    }

    pub fn identity(&self) -> &ModelIdentity {
        self.net.identity()
    }

    /// The line, as wide as it is; `None` where a character is not sure or there is none.
    pub fn read(&mut self, image: &RgbImage, strip: Strip) -> Result<Option<Reading>, ModelError> {
        let width = (strip.aspect() * HEIGHT as f32) as i32;
        let width = (width.clamp(NARROWEST, WIDEST) + STEP - 1) / STEP * STEP;
        let data = fed(image, &strip, width).map_err(vision_error(&self.net))?;
        // Print covers less than its ground does: where the light is the less it is light on dark.
        let negative = data.iter().map(|v| v.powi(3)).sum::<f32>() > 0.0;
        let turned: Vec<f32> = data.iter().filter(|_| negative).map(|v| -v).collect();
        let found = self.of(data, width)?;
        if found.is_some() || !negative {
            return Ok(found);
        }
        self.of(turned, width)
    }

    fn of(&mut self, data: Vec<f32>, width: i32) -> Result<Option<Reading>, ModelError> {
        let shape = [1, 1, HEIGHT as usize, width as usize];
        let outputs = self.net.run(&shape, data)?;
        let all = (width / STEP) as usize * (self.names.len() + 1);
        match outputs.first() {
            Some(o) if o.data.len() == all => Ok(decode::sure(&o.data, &self.names, SURE)),
            _ => Err(self
                .net
                .error("its output has another size than its symbols")),
        }
    }
}
