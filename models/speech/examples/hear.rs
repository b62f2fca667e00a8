//! `hear MODEL LANGUAGE EXPECTED SOUND.f32...`: what the recogniser finds in raw 16 kHz
//! float32 sound. For the kitchen and for timing; the worker uses the library.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use idproof_ports::{Clock, DigitRecogniser, ModelIdentity, SpeechRequest};
use idproof_speech::{SpeechModel, WhisperDigits};

/// No limit of time is wanted here.
struct Stopped;

impl Clock for Stopped {
    fn now_ms(&self) -> i64 {
        0
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, language, expected, sounds @ ..] = arguments.as_slice() else {
        anyhow::bail!("hear MODEL LANGUAGE EXPECTED SOUND.f32...");
    };
    let model = SpeechModel {
        identity: ModelIdentity {
            name: model.clone(),
            version: String::new(),
            sha256: String::new(),
        },
        bytes: std::fs::read(model)?,
    };
    let mut recogniser = WhisperDigits::new(&model, Arc::new(Stopped), Duration::from_secs(60))?;
    let expected = expected.parse()?;
    for sound in sounds {
        let samples: Vec<f32> = std::fs::read(sound)?
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let findings = recogniser.recognise(&SpeechRequest {
            samples: &samples,
            language: language.parse()?,
            expected: &expected,
        })?;
        #[expect(clippy::print_stdout, reason = "its answer")]
        {
            println!("{findings:?}");
        }
    }
    Ok(())
}
