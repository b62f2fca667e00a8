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
    let by = image.width().max(image.height()).div_ceil(SIDE).max(1);
    let (width, height) = ((image.width() / by).max(1), (image.height() / by).max(1));
    let (steps, row) = (by as usize, image.width() as usize * 3);
    let n = by * by * 1_000;
    let mut luma = Vec::with_capacity(width as usize * height as usize);
    let mut sums = vec![0_u32; width as usize];
    for rows in image.data().chunks(row * steps).take(height as usize) {
        sums.fill(0);
        for line in rows.chunks_exact(row) {
            for (sum, pixels) in sums.iter_mut().zip(line.chunks(3 * steps)) {
                for p in pixels.chunks_exact(3) {
                    *sum += u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114;
                }
            }
        }
        luma.extend(sums.iter().map(|s| (s / n) as u8));
    }
    (luma, width, height)
}
