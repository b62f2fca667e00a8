//! Still images: JPEG, PNG, WebP, TIFF (what scanners write), and HEIC where it is built in.

use std::io::{Cursor, Read};

use idproof_protocol::{ErrorCode, Failure, Image, Limits};
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};

use crate::orient;
use crate::sniff::{HEAD, Kind, sniff};
use crate::source::Source;

mod editor;
#[cfg(feature = "heic")]
mod heic;
mod tiff;

/// A decoded image before it is turned upright.
struct Stored {
    width: u32,
    height: u32,
    orientation: u8,
    by_editor: bool,
    /// `3 * width * height` bytes.
    pixels: Vec<u8>,
}

/// Decodes one image and turns it upright.
/// Its size is read and checked before its pixels are allocated.
pub fn decode_image(source: &Source, limits: &Limits) -> Result<Image, Failure> {
    let file_bytes = source.length();
    crate::check_length(file_bytes, limits)?;
    let head = source.head(HEAD).map_err(|_| crate::unreadable())?;
    let kind = sniff(&head);
    let (format, stored) = match kind {
        Kind::Jpeg => ("jpeg", jpeg(&load(source)?, limits)?),
        Kind::Png => ("png", png(source, &head, limits)?),
        Kind::Webp => ("webp", webp(source, limits)?),
        Kind::Tiff => ("tiff", tiff::decode(source, limits)?),
        Kind::Heic => ("heic", heic_image(source, limits)?),
        other => {
            let detail = format!("this is {}; send a JPEG, PNG or WebP photo", other.words());
            return Err(Failure::new(ErrorCode::Unsupported, detail));
        }
    };
    let (width, height) = orient::upright(stored.width, stored.height, stored.orientation);
    let pixels = orient::apply_packed(
        stored.pixels,
        stored.width,
        stored.height,
        stored.orientation,
    )
    .ok_or_else(|| Failure::new(ErrorCode::Internal, "an image of another size"))?;
    Ok(Image {
        format: format.into(),
        file_bytes,
        stored_width: stored.width,
        stored_height: stored.height,
        orientation: stored.orientation,
        by_editor: stored.by_editor,
        width,
        height,
        pixels,
    })
}

/// The whole file in memory; its length was checked.
fn load(source: &Source) -> Result<Vec<u8>, Failure> {
    let length = usize::try_from(source.length()).map_err(|_| crate::unreadable())?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| crate::no_memory())?;
    let mut from = source.clone();
    from.read_to_end(&mut bytes)
        .map_err(|_| crate::unreadable())?;
    Ok(bytes)
}

fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Stored, Failure> {
    let markers = jpeg_markers(bytes);
    if let Some((width, height)) = markers.size {
        check_size(width, height, limits)?;
    }
    // The decoder fills the missing part of a cut JPEG with grey and says nothing.
    if !markers.ends {
        return Err(Failure::new(
            ErrorCode::Damaged,
            "the JPEG is cut off; send the whole file",
        ));
    }
    let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(|e| explain("JPEG", &e))?;
    Ok(Stored {
        by_editor: markers.by_editor,
        ..pixels("JPEG", decoder, limits)?
    })
}

fn png(source: &Source, head: &[u8], limits: &Limits) -> Result<Stored, Failure> {
    // The header chunk comes first and at a fixed place (PNG 1.2, 5.6 and 11.2.2).
    if let Some(&[a, b, c, d, e, f, g, h]) = head.get(16..24) {
        let (width, height) = (
            u32::from_be_bytes([a, b, c, d]),
            u32::from_be_bytes([e, f, g, h]),
        );
        check_size(width, height, limits)?;
    }
    let reader = std::io::BufReader::new(source.clone());
    let decoder =
        PngDecoder::with_limits(reader, image_limits(limits)).map_err(|e| explain("PNG", &e))?;
    pixels("PNG", decoder, limits)
}

fn webp(source: &Source, limits: &Limits) -> Result<Stored, Failure> {
    let reader = std::io::BufReader::new(source.clone());
    let decoder = WebPDecoder::new(reader).map_err(|e| explain("WebP", &e))?;
    pixels("WebP", decoder, limits)
}

#[cfg(feature = "heic")]
fn heic_image(source: &Source, limits: &Limits) -> Result<Stored, Failure> {
    heic::decode(&load(source)?, limits)
}

#[cfg(not(feature = "heic"))]
fn heic_image(_: &Source, _: &Limits) -> Result<Stored, Failure> {
    Err(Failure::new(
        ErrorCode::Unsupported,
        "HEIC is not built into this decoder; send the photo as JPEG",
    ))
}

/// Limits for the image library's own allocations.
fn image_limits(limits: &Limits) -> image::Limits {
    let mut own = image::Limits::no_limits();
    own.max_alloc = Some(limits.image_pixels.saturating_mul(8));
    own
}

/// Refuses the size, then decodes.
fn pixels(name: &str, mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Stored, Failure> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    // No orientation is the common case; a broken EXIF block is no reason to refuse.
    let orientation = decoder.orientation().map_or(1, |o| o.to_exif());
    // Not every codec supports every limit: the size above and RLIMIT_AS hold in any case.
    let _ = decoder.set_limits(image_limits(limits));
    let image = DynamicImage::from_decoder(decoder).map_err(|e| explain(name, &e))?;
    Ok(Stored {
        width,
        height,
        orientation,
        by_editor: false,
        pixels: image.into_rgb8().into_raw(),
    })
}

/// Before anything is allocated for it.
fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), Failure> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Failure::new(ErrorCode::Damaged, "the image has no pixels"));
    }
    if pixels > limits.image_pixels {
        let most = limits.image_pixels as f64 / 1e6;
        let detail = format!(
            "the image is {width}x{height} pixels; at most {most} million pixels are decoded"
        );
        return Err(Failure::new(ErrorCode::LimitExceeded, detail));
    }
    Ok(())
}

/// In words of our own: a library's message may quote the file.
fn explain(name: &str, error: &ImageError) -> Failure {
    match error {
        ImageError::Limits(_) => Failure::new(
            ErrorCode::LimitExceeded,
            format!("the {name} needs more memory than is allowed"),
        ),
        ImageError::Unsupported(_) => Failure::new(
            ErrorCode::Unsupported,
            format!("this kind of {name} is not supported; send a plain JPEG photo"),
        ),
        ImageError::IoError(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
            crate::unreadable()
        }
        _ => Failure::new(
            ErrorCode::Damaged,
            format!("the {name} is cut off or corrupt"),
        ),
    }
}

/// The segment of EXIF and of XMP.
const APP1: u8 = 0xe1;

/// What the markers of a JPEG tell before anything is decoded.
#[derive(Debug, Default, PartialEq, Eq)]
struct JpegMarkers {
    /// Width and height of the first frame header.
    size: Option<(u32, u32)>,
    /// An end-of-image marker follows the first scan.
    ends: bool,
    /// A picture editor has left its name in EXIF or XMP.
    by_editor: bool,
}

/// Segments are stepped over by their length, so that a thumbnail's markers do not count
/// (ITU-T T.81, B.1.1 and B.2.2).
fn jpeg_markers(bytes: &[u8]) -> JpegMarkers {
    let mut markers = JpegMarkers::default();
    let mut at = 2;
    loop {
        match bytes.get(at..at + 2) {
            Some(&[0xff, 0xff]) => at += 1,
            Some(&[0xff, 0xda]) => break,
            Some(&[0xff, 0x01 | 0xd0..=0xd8]) => at += 2,
            Some(&[0xff, marker]) => {
                let Some(segment) = bytes.get(at + 2..) else {
                    return markers;
                };
                let word = |i: usize| match segment.get(i..i + 2) {
                    Some(&[high, low]) => Some(u16::from_be_bytes([high, low])),
                    _ => None,
                };
                let frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
                if let (true, None, Some(height), Some(width)) =
                    (frame, markers.size, word(3), word(5))
                {
                    markers.size = Some((width.into(), height.into()));
                }
                if marker == APP1 {
                    let length = word(0).map_or(0, usize::from).min(segment.len());
                    markers.by_editor |= editor::is_named_in(&segment[..length]);
                }
                match word(0) {
                    Some(length) => at += 2 + usize::from(length).max(2),
                    None => return markers,
                }
            }
            // No marker where one belongs: the decoder will say what it thinks of that.
            Some(_) => break,
            None => return markers,
        }
    }
    // From the end: that is where it stands in a whole file.
    markers.ends = bytes
        .get(at..)
        .is_some_and(|scan| scan.windows(2).rev().any(|w| w == [0xff, 0xd9]));
    markers
}
