//! What the image targets share.

use idproof_decoder::sniff::{HEAD, Kind, sniff};
use idproof_decoder::{Source, decode_image};
use idproof_protocol::Limits;
use libfuzzer_sys::Corpus;

/// Decodes `data` if its first bytes are of the wanted kind; a picture must be whole.
pub fn decode(data: &[u8], wanted: Kind) -> Corpus {
    if sniff(&data[..data.len().min(HEAD)]) != wanted {
        return Corpus::Reject;
    }
    let limits = Limits {
        image_pixels: 1 << 20,
        ..Limits::default()
    };
    if let Ok(image) = decode_image(&Source::from_memory(data), &limits) {
        let pixels = u64::from(image.width) * u64::from(image.height);
        assert!(pixels > 0 && pixels <= limits.image_pixels);
        assert_eq!(image.pixels.len() as u64, 3 * pixels);
        assert!((1..=8).contains(&image.orientation));
    }
    Corpus::Keep
}
