//! Prints whisper.cpp's scores for the kitchen's parity check (`cook.py parity`).
//!
//! `logits MODEL SOUND.f32 LANGUAGE TOKENS...`: raw 16 kHz float32 sound; the tokens are fed
//! after the prompt one by one, and the scores of the digits, "*" and the end are printed
//! before each and after the last.

use anyhow::{Context, Result};
use whisper_rs::{WhisperContext, WhisperContextParameters};

fn main() -> Result<()> {
    whisper_rs::install_logging_hooks();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, sound, language, tokens @ ..] = arguments.as_slice() else {
        anyhow::bail!("logits MODEL SOUND.f32 LANGUAGE TOKENS...");
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
    let id = whisper_rs::get_lang_id(language).context("unknown language")?;
    let prompt = [
        context.token_sot(),
        context.token_lang(id),
        context.token_transcribe(),
        context.token_not(),
    ];
    let fed = tokens
        .iter()
        .map(|t| t.parse())
        .collect::<Result<Vec<i32>, _>>()?;
    for (place, token) in prompt.iter().chain(&fed).enumerate() {
        state.decode(&[*token], place, 1)?;
        if place + 1 < prompt.len() {
            continue;
        }
        let all = state.get_logits()?;
        let shown = (15..25).chain([9, 50_257]).map(|t| all[t].to_string());
        #[expect(clippy::print_stdout, reason = "its answer")]
        {
            println!("{}", shown.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(())
}
