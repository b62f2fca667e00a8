use std::sync::Mutex;

use idproof_domain::evidence::Speech;
use idproof_domain::{Digits, Language, Measured, ReasonCode};
use idproof_ports::{
    Capability, DigitRecogniser, HeardDigit, ModelIdentity, SpeechFindings, SpeechRequest,
};

/// Listens for the digits asked for, and tells them as they were heard. `samples` are 16 kHz mono.
pub(crate) fn listen(
    recogniser: &Capability<Mutex<Box<dyn DigitRecogniser>>>,
    samples: &[f32],
    language: Language,
    expected: &Digits,
) -> (Measured<Speech>, Vec<HeardDigit>, Vec<ModelIdentity>) {
    let recogniser = match recogniser {
        Ok(r) => r,
        Err(why) => {
            let missing = Measured::unavailable(ReasonCode::ModelUnavailable, why.to_string());
            return (missing, Vec::new(), Vec::new());
        }
    };
    let mut recogniser = super::analyse::lock(recogniser);
    let request = SpeechRequest {
        samples,
        language,
        expected,
    };
    let findings = recogniser.recognise(&request);
    let identity = vec![recogniser.identity()];
    match findings {
        Ok(f) => (
            Measured::Value(summarise(&f, expected.as_slice())),
            f.heard,
            identity,
        ),
        Err(e) => (
            Measured::unavailable(ReasonCode::ModelFailed, e.to_string()),
            Vec::new(),
            identity,
        ),
    }
}

/// What is judged of an answer to `expected`, digits 0..=9.
pub fn summarise(f: &SpeechFindings, expected: &[u8]) -> Speech {
    let heard: Vec<u8> = f.heard.iter().map(|h| h.digit).collect();
    Speech {
        voiced_seconds: f.voiced.as_secs_f64(),
        asked: expected.len(),
        as_asked: heard == expected,
        heard: heard.len(),
        least_confidence: f
            .heard
            .iter()
            .map(|h| f64::from(h.confidence))
            .fold(1.0, f64::min),
        log_ratio: f.expected_log_ratio.map(f64::from),
    }
}
