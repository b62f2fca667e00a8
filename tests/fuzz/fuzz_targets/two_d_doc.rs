//! The content of a DataMatrix through the 2D-Doc parser. What it says was signed stood there.
#![no_main]

use idproof_domain::seal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut whole = b"DC03FR030001092D16360701".to_vec();
    whole.extend_from_slice(data);
    for content in [data, &whole] {
        if let Ok(seal) = seal::parse(content) {
            assert!(content.starts_with(&seal.signed));
            assert!(seal.signature.len() <= content.len());
        }
    }
});
