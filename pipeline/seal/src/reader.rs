//! Finds DataMatrix symbols in a photograph.

use idproof_domain::seal::{self, SealError};
use idproof_ports::{FoundSeal, ModelError, RgbImage, SealReader};
use rxing::{BarcodeFormat, DecodeHints, Exceptions, RXingResult, helpers};

use crate::Certificates;

/// Sides, as shares of the picture's, of the tiles looked at: the whole, then quarters that
/// overlap. The library finds one symbol a picture.
const TILES: [f64; 2] = [1.0, 0.5];
/// A tile's longer side is brought down to this before it is looked at.
const SIDE: u32 = 1_000;

/// rxing's DataMatrix reader over tiles of the picture. Pure Rust on pixels that the sandboxed
/// decoder gave.
pub struct MatrixReader {
    certificates: Certificates,
}

impl MatrixReader {
    pub fn new(certificates: Certificates) -> Self {
        Self { certificates }
    }
}

impl SealReader for MatrixReader {
    fn read(&mut self, image: &RgbImage) -> Result<Vec<FoundSeal>, ModelError> {
        let mut contents: Vec<Vec<u8>> = Vec::new();
        for share in TILES {
            for tile in tiles(image, share) {
                if let Some(content) = decode(tile)?
                    && !contents.contains(&content)
                {
                    contents.push(content);
                }
            }
            if !contents.is_empty() {
                break;
            }
        }
        Ok(contents.iter().map(|c| self.found(c)).collect())
    }
}

impl MatrixReader {
    fn found(&self, content: &[u8]) -> FoundSeal {
        match seal::parse(content) {
            Ok(seal) => FoundSeal::TwoDDoc {
                trust: self.certificates.judge(&seal),
                seal,
            },
            Err(SealError::OtherKind) => FoundSeal::OtherFormat,
            Err(error) => FoundSeal::Broken(error),
        }
    }
}

struct Tile {
    luma: Vec<u8>,
    width: u32,
    height: u32,
}

/// Tiles of a share of the picture, half overlapping, grey, brought down by whole steps.
fn tiles(image: &RgbImage, share: f64) -> Vec<Tile> {
    let part = |v: u32| ((f64::from(v) * share) as u32).max(1);
    let (w, h) = (part(image.width()), part(image.height()));
    let starts = |whole: u32, size: u32| -> Vec<u32> {
        let mut all: Vec<u32> = (0..whole.saturating_sub(size) + 1)
            .step_by((size / 2).max(1) as usize)
            .collect();
        all.dedup();
        all
    };
    let by = (w.max(h) / SIDE).max(1);
    let mut tiles = Vec::new();
    for y in starts(image.height(), h) {
        for x in starts(image.width(), w) {
            tiles.push(tile(image, (x, y), (w / by, h / by), by));
        }
    }
    tiles
}

fn tile(image: &RgbImage, (x0, y0): (u32, u32), (width, height): (u32, u32), by: u32) -> Tile {
    let row = image.width() as usize * 3;
    let mut luma = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0_u32;
            for k in 0..by * by {
                let px = (x0 + x * by + k % by) as usize;
                let py = (y0 + y * by + k / by) as usize;
                let p = &image.data()[py * row + px * 3..][..3];
                sum +=
                    (u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114) / 1000;
            }
            luma.push((sum / (by * by)) as u8);
        }
    }
    Tile {
        luma,
        width,
        height,
    }
}

/// The content of a DataMatrix; `None` where none is found.
fn decode(tile: Tile) -> Result<Option<Vec<u8>>, ModelError> {
    if tile.width < 8 || tile.height < 8 {
        return Ok(None);
    }
    let read = helpers::detect_in_luma_with_hints(
        tile.luma,
        tile.width,
        tile.height,
        Some(BarcodeFormat::DATA_MATRIX),
        &mut DecodeHints::default(),
    );
    match read {
        Ok(result) => Ok(Some(content(&result))),
        Err(
            Exceptions::NotFoundException(_)
            | Exceptions::ChecksumException(_)
            | Exceptions::FormatException(_)
            | Exceptions::ReaderException(_),
        ) => Ok(None),
        // The library's message may quote what it read.
        Err(_) => Err(ModelError::Failed {
            model: "datamatrix".into(),
            detail: "the reader stopped with an error".into(),
        }),
    }
}

fn content(result: &RXingResult) -> Vec<u8> {
    result.getText().as_bytes().to_vec()
}
