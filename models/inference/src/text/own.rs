//! Reads rows of a machine-readable zone with the network that `models/kitchen/mrz` makes.

use idproof_ports::{ModelError, ModelIdentity, RgbImage};
use opencv::core::Vec3b;
use opencv::prelude::*;

use super::decode::{self, Reading};
use super::strip::Strip;
use super::vision_error;
use crate::runtime::{ModelFile, Net, Runtime};

pub(super) const HEIGHT: i32 = 32;
/// Columns a step of the output covers.
pub(super) const STEP: i32 = 4;
/// Columns a symbol is best fed with; trained with 9.5 to 23.
const PITCH: f32 = 15.0;
/// A row whose symbols came out this far from that is read again at the right width.
const GOOD_PITCHES: std::ops::RangeInclusive<f32> = 12.0..=19.0;
pub(super) const NARROWEST: i32 = 64;
pub(super) const WIDEST: i32 = 1600;

/// Input `[n, 1, 32, w]` grey, each row at mean 0 and deviation 1; output `[n, w / 4, 38]`
/// probabilities: 0 the blank, then the symbols named by the metadata `symbols`.
pub(super) struct LineReader {
    net: Net,
    symbols: Vec<u8>,
}

impl LineReader {
    pub fn new(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        let net = runtime.session(model)?;
        let symbols = net
            .metadata("symbols")
            .ok_or_else(|| net.error("no `symbols` in its metadata"))?
            .into_bytes();
        let of_a_zone = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'<';
        if !symbols.iter().all(of_a_zone) {
            return Err(net.error("its symbols are not those of a zone"));
        }
        Ok(Self { net, symbols })
    }

    pub fn identity(&self) -> &ModelIdentity {
        self.net.identity()
    }

    /// One row; once more at a better width where its symbols came out too narrow or wide.
    pub fn read(&mut self, image: &RgbImage, strip: Strip) -> Result<Reading, ModelError> {
        let width = (strip.aspect() * HEIGHT as f32) as i32;
        let first = self.at_width(image, &[strip], width)?.remove(0);
        let better = best_width(width, first.text.len());
        if better == width {
            return Ok(first);
        }
        let second = self.at_width(image, &[strip], better)?.remove(0);
        Ok(if second.confidence >= first.confidence {
            second
        } else {
            first
        })
    }

    /// Rows of one zone, all as wide as `symbols` symbols want it.
    pub fn read_rows(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        symbols: usize,
    ) -> Result<Vec<Reading>, ModelError> {
        self.at_width(image, strips, (symbols as f32 * PITCH) as i32)
    }

    fn at_width(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        width: i32,
    ) -> Result<Vec<Reading>, ModelError> {
        if strips.is_empty() {
            return Ok(Vec::new());
        }
        let width = (width.clamp(NARROWEST, WIDEST) + STEP - 1) / STEP * STEP;
        let mut data = Vec::with_capacity(strips.len() * (HEIGHT * width) as usize);
        for strip in strips {
            data.extend(fed(image, strip, width).map_err(vision_error(&self.net))?);
        }
        let shape = [strips.len(), 1, HEIGHT as usize, width as usize];
        let outputs = self.net.run(&shape, data)?;
        let classes = self.symbols.len() + 1;
        let per_strip = (width / STEP) as usize * classes;
        match outputs.first() {
            Some(o) if o.data.len() == per_strip * strips.len() => Ok(o
                .data
                .chunks_exact(per_strip)
                .map(|p| decode::plain(p, &self.symbols))
                .collect()),
            _ => Err(self
                .net
                .error("its output has another size than its symbols")),
        }
    }
}

/// The width at which that many symbols have the pitch the network reads best.
fn best_width(width: i32, symbols: usize) -> i32 {
    let pitch = width as f32 / symbols.max(1) as f32;
    if symbols < 3 || GOOD_PITCHES.contains(&pitch) {
        return width;
    }
    (symbols as f32 * PITCH) as i32
}

/// One line as our networks are fed, `32 * width` numbers.
pub(super) fn fed(image: &RgbImage, strip: &Strip, width: i32) -> opencv::Result<Vec<f32>> {
    let cut = strip.cut(image, width, HEIGHT)?;
    let grey: Vec<f32> = cut
        .data_typed::<Vec3b>()?
        .iter()
        .map(|p| {
            (0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])) / 255.0
        })
        .collect();
    let n = grey.len().max(1) as f32;
    let mean = grey.iter().sum::<f32>() / n;
    let deviation = (grey.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
    Ok(grey
        .into_iter()
        .map(|v| (v - mean) / (deviation + 0.02))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_fed_at_the_pitch_that_is_read_best() {
        assert_eq!(best_width(600, 40), 600);
        assert_eq!(best_width(300, 44), 660);
        assert_eq!(best_width(2000, 30), 450);
        assert_eq!(best_width(500, 0), 500);
    }
}
