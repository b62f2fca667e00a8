//! TIFF, as scanners write it: its first page, grey or RGB, 8 or 16 bits.

use std::io::BufReader;

use idproof_protocol::{ErrorCode, Failure, Limits};
use tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::{Stored, check_size};
use crate::source::Source;

pub(super) fn decode(source: &Source, limits: &Limits) -> Result<Stored, Failure> {
    let mut bounds = TiffLimits::default();
    let most = usize::try_from(limits.image_pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    bounds.decoding_buffer_size = most;
    bounds.intermediate_buffer_size = most;
    let mut decoder = Decoder::new(BufReader::new(source.clone()))
        .map_err(explain)?
        .with_limits(bounds);
    let (width, height) = decoder.dimensions().map_err(explain)?;
    check_size(width, height, limits)?;
    let colours = decoder.colortype().map_err(explain)?;
    // No orientation is the common case; a broken one is no reason to refuse.
    let orientation = decoder
        .find_tag_unsigned::<u8>(Tag::Orientation)
        .ok()
        .flatten()
        .filter(|o| (1..=8).contains(o))
        .unwrap_or(1);
    let samples = match decoder.read_image().map_err(explain)? {
        DecodingResult::U8(samples) => samples,
        // The upper byte: what an 8-bit scan would have given.
        DecodingResult::U16(samples) => samples.iter().map(|v| (v >> 8) as u8).collect(),
        _ => return Err(unsupported()),
    };
    let a_pixel = match colours {
        ColorType::Gray(8 | 16) => 1,
        ColorType::RGB(8 | 16) => 3,
        ColorType::RGBA(8 | 16) => 4,
        _ => return Err(unsupported()),
    };
    let count = width as usize * height as usize;
    if samples.len() != count * a_pixel {
        return Err(damaged());
    }
    let mut pixels = Vec::new();
    pixels
        .try_reserve_exact(count * 3)
        .map_err(|_| crate::no_memory())?;
    for pixel in samples.chunks_exact(a_pixel) {
        match *pixel {
            [grey] => pixels.extend([grey; 3]),
            [r, g, b, ..] => pixels.extend([r, g, b]),
            _ => return Err(damaged()),
        }
    }
    Ok(Stored {
        width,
        height,
        orientation,
        by_editor: false,
        pixels,
    })
}

/// In words of our own: a library's message may quote the file.
fn explain(error: TiffError) -> Failure {
    match error {
        TiffError::LimitsExceeded | TiffError::IntSizeError => Failure::new(
            ErrorCode::LimitExceeded,
            "the TIFF needs more memory than is allowed",
        ),
        TiffError::UnsupportedError(_) => unsupported(),
        TiffError::IoError(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
            crate::unreadable()
        }
        _ => damaged(),
    }
}

fn unsupported() -> Failure {
    Failure::new(
        ErrorCode::Unsupported,
        "this kind of TIFF is not supported; send a plain JPEG photo",
    )
}

fn damaged() -> Failure {
    Failure::new(ErrorCode::Damaged, "the TIFF is cut off or corrupt")
}
