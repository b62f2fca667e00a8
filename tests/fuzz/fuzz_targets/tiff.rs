//! The tiff reader behind the function the decoder calls.
#![no_main]

use idproof_decoder::sniff::Kind;
use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../seed/still.rs"]
mod still;

fuzz_target!(|data: &[u8]| -> Corpus { still::decode(data, Kind::Tiff) });
