//! Reads strips with PP-OCR's recogniser.

use idproof_ports::{ModelError, ModelIdentity, RgbImage};

use super::decode::{self, Reading};
use super::strip::Strip;
use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};
use crate::vision::planar;

const HEIGHT: i32 = 48;
const NARROWEST: i32 = 96;
const WIDEST: i32 = 2400;
/// Strips recognised together.
const BATCH: usize = 6;
/// Pixels a step.
const STEP: i32 = 8;

/// Input `[n, 3, 48, w]` BGR in -1..=1, zero-padded at right; output
/// `[n, w / 8, classes]` probabilities: 0 the blank, then the lines of the model's own
/// metadata `character`, then a space.
pub(super) struct Recogniser {
    net: Net,
    classes: usize,
    names: Vec<String>,
    symbols: Vec<(usize, u8)>,
}

/// What a strip so wide is padded to.
fn padded(width: i32) -> i32 {
    (width.max(NARROWEST) + STEP - 1) / STEP * STEP
}

impl Recogniser {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        let net = runtime.session(model)?;
        let characters = net
            .metadata("character")
            .ok_or_else(|| net.error("no character list in its metadata"))?;
        let mut names = vec![String::new()];
        names.extend(characters.lines().map(str::to_owned));
        names.push(" ".to_owned());
        Ok(Self {
            symbols: decode::zone_classes(&names),
            classes: names.len(),
            net,
            names,
        })
    }

    pub fn identity(&self) -> &ModelIdentity {
        self.net.identity()
    }

    /// An OpenCV failure on the way to this network.
    pub fn vision_error(&self) -> impl Fn(opencv::Error) -> ModelError + '_ {
        vision_error(&self.net)
    }

    /// The text of each strip, in the order given.
    pub fn read(&mut self, image: &RgbImage, strips: &[Strip]) -> Result<Vec<Reading>, ModelError> {
        let names = std::mem::take(&mut self.names);
        let readings = self.each(image, strips, 1.0, |p| decode::free(p, &names));
        self.names = names;
        readings
    }

    /// The text of each strip in `A-Z0-9<`, in the order given; `stretch` widens the strips.
    pub fn read_zone(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        stretch: f32,
    ) -> Result<Vec<Reading>, ModelError> {
        let classes = self.classes;
        let symbols = std::mem::take(&mut self.symbols);
        let readings = self.each(image, strips, stretch, |p| {
            decode::zone(p, classes, &symbols)
        });
        self.symbols = symbols;
        readings
    }

    fn each(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        stretch: f32,
        decode: impl Fn(&[f32]) -> Reading,
    ) -> Result<Vec<Reading>, ModelError> {
        let width = |s: &Strip| {
            let natural = s.aspect() * stretch * HEIGHT as f32;
            (natural.ceil() as i32).clamp(STEP, WIDEST)
        };
        let mut order: Vec<usize> = (0..strips.len()).collect();
        order.sort_by_key(|i| width(&strips[*i]));
        let mut readings = vec![Reading::default(); strips.len()];
        // Padding costs as much as print, and blurs what the network sees beside it.
        let fed = |i: &usize| padded(width(&strips[*i]));
        let mut left = order.as_slice();
        while let Some(first) = left.first() {
            let n = left
                .iter()
                .take(BATCH)
                .take_while(|i| fed(i) == fed(first))
                .count();
            let (batch, rest) = left.split_at(n.max(1));
            left = rest;
            let widths: Vec<i32> = batch.iter().map(|i| width(&strips[*i])).collect();
            let padded = padded(widths[0]);
            let mut data = Vec::new();
            for (i, w) in batch.iter().zip(&widths) {
                self.append(image, &strips[*i], *w, padded, &mut data)?;
            }
            let shape = [batch.len(), 3, HEIGHT as usize, padded as usize];
            let outputs = self.net.run(&shape, data)?;
            let per_strip = (padded / STEP) as usize * self.classes;
            let Some(output) = outputs
                .first()
                .filter(|o| o.data.len() == per_strip * batch.len())
            else {
                return Err(self.net.error("its output has another size than its list"));
            };
            for (i, probabilities) in batch.iter().zip(output.data.chunks_exact(per_strip)) {
                readings[*i] = decode(probabilities);
            }
        }
        Ok(readings)
    }

    /// Appends one strip, `[3, 48, padded]`.
    fn append(
        &self,
        image: &RgbImage,
        strip: &Strip,
        width: i32,
        padded: i32,
        data: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        let fail = vision_error(&self.net);
        let cut = strip.cut(image, width, HEIGHT).map_err(&fail)?;
        let planes = planar(&cut, [2, 1, 0], [127.5; 3], [1.0 / 127.5; 3]).map_err(&fail)?;
        for row in planes.chunks_exact(width as usize) {
            data.extend_from_slice(row);
            data.extend(std::iter::repeat_n(0.0, (padded - width) as usize));
        }
        Ok(())
    }
}
