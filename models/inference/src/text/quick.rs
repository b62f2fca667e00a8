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

/// What the network makes of a line.
#[derive(Clone)]
pub(super) enum Seen {
    /// Every character is sure.
    Surely(Reading),
    Unsurely(Reading),
    Nothing,
}

impl Seen {
    pub fn surely(&self) -> Option<&Reading> {
        match self {
            Self::Surely(reading) => Some(reading),
            Self::Unsurely(_) | Self::Nothing => None,
        }
    }

    /// Above 1 where all is sure.
    fn confidence(&self) -> f32 {
        match self {
            Self::Surely(reading) => 1.0 + reading.confidence,
            Self::Unsurely(reading) => reading.confidence,
            Self::Nothing => 0.0,
        }
    }

    pub fn reading(self) -> Option<Reading> {
        match self {
            Self::Surely(reading) | Self::Unsurely(reading) => Some(reading),
            Self::Nothing => None,
        }
    }
}

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

    /// The line, as wide as it is.
    pub fn read(&mut self, image: &RgbImage, strip: Strip) -> Result<Seen, ModelError> {
        let width = (strip.aspect() * HEIGHT as f32) as i32;
        let width = (width.clamp(NARROWEST, WIDEST) + STEP - 1) / STEP * STEP;
        let data = fed(image, &strip, width).map_err(vision_error(&self.net))?;
        // Print covers less than its ground does: where the light is the less it is light on dark.
        let negative = data.iter().map(|v| v.powi(3)).sum::<f32>() > 0.0;
        let turned: Vec<f32> = data.iter().filter(|_| negative).map(|v| -v).collect();
        let found = self.of(data, width)?;
        if !negative || matches!(found, Seen::Surely(_)) {
            return Ok(found);
        }
        let other = self.of(turned, width)?;
        Ok(if other.confidence() > found.confidence() {
            other
        } else {
            found
        })
    }

    fn of(&mut self, data: Vec<f32>, width: i32) -> Result<Seen, ModelError> {
        let shape = [1, 1, HEIGHT as usize, width as usize];
        let outputs = self.net.run(&shape, data)?;
        let all = (width / STEP) as usize * (self.names.len() + 1);
        match outputs.first() {
            Some(o) if o.data.len() == all => Ok(match decode::named(&o.data, &self.names, SURE) {
                Some((reading, true)) => Seen::Surely(reading),
                Some((reading, false)) => Seen::Unsurely(reading),
                None => Seen::Nothing,
            }),
            _ => Err(self
                .net
                .error("its output has another size than its symbols")),
        }
    }
}
