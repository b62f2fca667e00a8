use std::time::Duration;

use idproof_domain::{Digits, Language};

use crate::model::{ModelError, ModelIdentity};

/// What to listen to, and for what.
pub struct SpeechRequest<'a> {
    /// 16 kHz mono, -1..=1. Any length, also empty.
    pub samples: &'a [f32],
    pub language: Language,
    /// The digits the applicant was asked to say.
    pub expected: &'a Digits,
}

/// One digit that was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardDigit {
    /// 0..=9.
    pub digit: u8,
    /// From the start of the samples.
    pub start: Duration,
    pub end: Duration,
    /// Posterior of this digit among the ten, 0..=1.
    pub confidence: f32,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechFindings {
    /// Sum of the segments with voice.
    pub voiced: Duration,
    /// In the order they were said; empty when nothing intelligible was.
    pub heard: Vec<HeardDigit>,
    /// Natural logarithm of P(expected string) over P(best other string); positive when the
    /// expected digits are the best explanation. `None` when nothing was said.
    pub expected_log_ratio: Option<f32>,
    /// The share of time, 0..=1, at which the samples are clipped.
    pub clipped: f32,
}

/// Recognises spoken digits.
pub trait DigitRecogniser: Send {
    fn recognise(&mut self, request: &SpeechRequest<'_>) -> Result<SpeechFindings, ModelError>;
    fn identity(&self) -> ModelIdentity;
}
