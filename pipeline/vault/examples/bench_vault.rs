//! Why objects are sealed by AES-256-GCM: both ciphers over the same frames, on one core.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

use std::time::Instant;

use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;

const FRAME: usize = 64 * 1024;
const FRAMES: usize = 4096;

fn main() {
    println!(
        "| cipher, {} MB in frames of 64 KiB | MB/s |\n|---|---|",
        FRAME * FRAMES / 1_000_000
    );
    let aes = aes_gcm::Aes256Gcm::new(&[7; 32].into());
    measure("AES-256-GCM", |nonce, frame| {
        aes.encrypt_in_place(&nonce.into(), b"", frame)
            .expect("sealed");
    });
    let chacha = ChaCha20Poly1305::new(&[7; 32].into());
    measure("ChaCha20-Poly1305", |nonce, frame| {
        chacha
            .encrypt_in_place(&nonce.into(), b"", frame)
            .expect("sealed");
    });
}

fn measure(name: &str, mut seal: impl FnMut([u8; 12], &mut Vec<u8>)) {
    let mut frame = Vec::with_capacity(FRAME + 16);
    let began = Instant::now();
    for n in 0..FRAMES {
        frame.resize(FRAME, 1);
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&(n as u64).to_be_bytes());
        seal(nonce, &mut frame);
    }
    let rate = (FRAME * FRAMES) as f64 / 1e6 / began.elapsed().as_secs_f64();
    println!("| {name} | {rate:.0} |");
}
