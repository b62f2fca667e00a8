//! Finds DataMatrix symbols in a picture.

use idproof_domain::seal::{self, SealError};
use idproof_ports::{FoundSeal, ModelError, RgbImage, SealReader};
use zxingcpp::{BarcodeFormat, BarcodeReader, ImageFormat, ImageView};

use crate::Certificates;

/// A picture's longer side is brought down to about this before it is looked at: a symbol of a
/// card keeps four pixels a module where the card fills the picture.
const SIDE: u32 = 2_400;
/// Symbols read of one picture.
const MOST: i32 = 8;

/// zxing-cpp's DataMatrix reader. It sees pixels that the sandboxed decoder gave, in a buffer whose
/// size the library checks.
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
        let mut contents = symbols(image)?;
        contents.dedup();
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

/// The content of every DataMatrix, in an order of its own.
fn symbols(image: &RgbImage) -> Result<Vec<Vec<u8>>, ModelError> {
    // The library's messages may quote what it read.
    let failed = |_| ModelError::Failed {
        model: "datamatrix".into(),
        detail: "the reader stopped with an error".into(),
    };
    let (luma, width, height) = grey(image);
    let view = ImageView::from_slice(&luma, width, height, ImageFormat::Lum).map_err(failed)?;
    let reader = BarcodeReader::new()
        .formats(BarcodeFormat::DataMatrix)
        .try_harder(true)
        .try_invert(false)
        .max_number_of_symbols(MOST);
    let found = reader.from(&view).map_err(failed)?;
    let mut contents: Vec<Vec<u8>> = found
        .iter()
        .filter(|b| b.is_valid())
        .map(zxingcpp::Barcode::bytes)
        .collect();
    contents.sort();
    Ok(contents)
}

/// Luma, brought down by whole steps; width and height.
fn grey(image: &RgbImage) -> (Vec<u8>, u32, u32) {
    let by = (image.width().max(image.height()) / SIDE).max(1);
    let (width, height) = ((image.width() / by).max(1), (image.height() / by).max(1));
    let row = image.width() as usize * 3;
    let mut luma = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0_u32;
            for k in 0..by * by {
                let (px, py) = ((x * by + k % by) as usize, (y * by + k / by) as usize);
                let p = image.data().get(py * row + px * 3..).unwrap_or_default();
                if let [r, g, b, ..] = p {
                    sum += (u32::from(*r) * 299 + u32::from(*g) * 587 + u32::from(*b) * 114) / 1000;
                }
            }
            luma.push((sum / (by * by)) as u8);
        }
    }
    (luma, width, height)
}
