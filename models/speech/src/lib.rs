//! Speech: hears digits with Whisper (whisper.cpp through `whisper-rs`), on one thread.
//!
//! [`WhisperDigits`] implements the port [`DigitRecogniser`]. It finds where somebody
//! speaks, cuts that to the model's context, encodes each piece once and then reads the
//! decoder token by token under a grammar of digits. So the answer is the exact
//! likeliest text, with the log-probability ratio of the expected digits to any other
//! text. It loads our own digits model (which also knows a token for other words, and
//! timestamps) and the official multilingual models; which of the two a file is shows
//! in the size of its vocabulary.

mod engine;
mod grammar;
mod joint;
mod recogniser;
mod search;
mod sound;
mod timing;
mod voice;
mod window;

pub use idproof_ports::DigitRecogniser;
use idproof_ports::ModelIdentity;
pub use recogniser::{Weighed, WhisperDigits};

/// A ggml Whisper file, already checked against the manifest's sha256.
pub struct SpeechModel {
    pub identity: ModelIdentity,
    pub bytes: Vec<u8>,
}
