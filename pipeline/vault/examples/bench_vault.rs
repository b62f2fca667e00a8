//! Why objects are sealed by AES-256-GCM: both ciphers over the same frames, on one core.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

use std::time::Instant;

use ring::aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const FRAME: usize = 64 * 1024;
const FRAMES: usize = 4096;

fn main() {
    println!(
        "| cipher, {} MB in frames of 64 KiB | MB/s |\n|---|---|",
        FRAME * FRAMES / 1_000_000
    );
    measure("AES-256-GCM", &AES_256_GCM);
    measure("ChaCha20-Poly1305", &CHACHA20_POLY1305);
}

fn measure(name: &str, cipher: &'static Algorithm) {
    let key = LessSafeKey::new(UnboundKey::new(cipher, &[7; 32]).expect("a key"));
    let mut frame = Vec::with_capacity(FRAME + 16);
    let began = Instant::now();
    for n in 0..FRAMES {
        frame.resize(FRAME, 1);
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut frame)
            .expect("sealed");
    }
    let rate = (FRAME * FRAMES) as f64 / 1e6 / began.elapsed().as_secs_f64();
    println!("| {name} | {rate:.0} |");
}
