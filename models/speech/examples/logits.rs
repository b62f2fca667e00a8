//! Prints whisper.cpp's scores for the kitchen's parity check (`cook.py parity`).
//!
//! `logits MODEL SOUND.f32 TOKENS...`: raw 16 kHz float32 sound; the tokens are fed one by one,
//! and every token's score is printed after each.

use anyhow::Result;
use whisper_rs::{WhisperContext, WhisperContextParameters};

fn main() -> Result<()> {
    whisper_rs::install_logging_hooks();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, sound, tokens @ ..] = arguments.as_slice() else {
        anyhow::bail!("logits MODEL SOUND.f32 TOKENS...");
    };
    let samples: Vec<f32> = std::fs::read(sound)?
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false);
    let context = WhisperContext::new_with_params(model, parameters)?;
    let mut state = context.create_state()?;
    state.pcm_to_mel(&samples, 1)?;
    state.encode(0, 1)?;
    for (place, token) in tokens.iter().enumerate() {
        state.decode(&[token.parse()?], place, 1)?;
        let shown = state.get_logits()?.iter().map(f32::to_string);
        #[expect(clippy::print_stdout, reason = "its answer")]
        {
            println!("{}", shown.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(())
}
