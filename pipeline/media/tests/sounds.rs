//! Sound files alone: every usual form of WAV decodes to 16 kHz mono, everything else is named.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Inputs, decoder};
use idproof_ports::{MediaDecoder, MediaError};

fn sound(path: &Path) -> Result<Vec<f32>, MediaError> {
    decoder().decode_sound(&path.into())
}

/// How often a second the samples rise through zero.
fn pitch(samples: &[f32]) -> f64 {
    let rising = samples
        .windows(2)
        .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
        .count();
    rising as f64 * 16_000.0 / samples.len() as f64
}

#[test]
fn every_usual_wav_becomes_16_khz_mono() {
    let inputs = Inputs::new();
    for (name, form) in [
        ("narrow.wav", "-ar 8000 -ac 1 -c:a pcm_u8"),
        ("plain.wav", "-ar 16000 -ac 1 -c:a pcm_s16le"),
        ("disc.wav", "-ar 44100 -ac 2 -c:a pcm_s24le"),
        ("wide.wav", "-ar 48000 -ac 2 -c:a pcm_s32le"),
        ("float.wav", "-ar 48000 -ac 1 -c:a pcm_f32le"),
        ("double.wav", "-ar 96000 -ac 6 -c:a pcm_f64le"),
        ("phone.wav", "-ar 8000 -ac 1 -c:a pcm_alaw"),
        ("overseas.wav", "-ar 8000 -ac 1 -c:a pcm_mulaw"),
    ] {
        let path = inputs.ffmpeg(&format!("-f lavfi -i sine=440:d=2 {form}"), name);
        let samples = sound(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(
            samples.len().abs_diff(32_000) < 200,
            "{name}: {}",
            samples.len()
        );
        assert!(
            (pitch(&samples) - 440.0).abs() < 5.0,
            "{name}: {}",
            pitch(&samples)
        );
        let peak = samples.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        // Six channels mixed down to one are quieter.
        assert!((0.02..0.3).contains(&peak), "{name}: {peak}");
    }
}

#[test]
fn what_is_no_wav_is_named() {
    let inputs = Inputs::new();
    for (name, content, words) in [
        ("a.wav", &b"Hello, I am a sound, honestly."[..], "text"),
        ("b.wav", b"", "empty"),
        ("c.wav", b"RIFF\0\0\0\0WEBPVP8 0123456789", "WebP"),
        ("d.wav", b"OggS\0\x02\0\0\0\0\0\0\0\0", "Ogg"),
    ] {
        let error = sound(&inputs.file(name, content)).unwrap_err();
        assert!(
            matches!(error, MediaError::Unsupported { .. }),
            "{name}: {error:?}"
        );
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
    let music = inputs.ffmpeg("-f lavfi -i sine=440:d=1 -c:a adpcm_ms", "e.wav");
    let error = sound(&music).unwrap_err().to_string();
    assert!(error.contains("adpcm_ms is not supported"), "{error}");
}

#[test]
fn a_broken_or_endless_wav_is_refused() {
    let inputs = Inputs::new();
    let whole = fs::read(inputs.ffmpeg("-f lavfi -i sine=440:d=1", "whole.wav")).unwrap();
    for length in [12, 20, 44] {
        let error = sound(&inputs.file("cut.wav", &whole[..length])).unwrap_err();
        assert!(
            matches!(error, MediaError::Damaged(_)),
            "{length}: {error:?}"
        );
    }
    // Cut in the middle of its samples: what is there is heard.
    let half = sound(&inputs.file("half.wav", &whole[..whole.len() / 2])).unwrap();
    assert!((7_000..9_000).contains(&half.len()), "{}", half.len());
    let long = inputs.ffmpeg("-f lavfi -i sine=440:d=75:r=8000", "long.wav");
    let error = sound(&long).unwrap_err();
    assert!(matches!(error, MediaError::LimitExceeded(_)), "{error:?}");
}
