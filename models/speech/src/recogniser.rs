use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use idproof_ports::{
    Clock, DigitRecogniser, HeardDigit, ModelError, ModelIdentity, SpeechFindings, SpeechRequest,
};

use crate::engine::{Engine, Kind};
use crate::grammar::{Grammar, Label};
use crate::search::{Found, find, score};
use crate::voice::{RATE, Segment, segments};
use crate::window::{Window, windows};
use crate::{SpeechModel, joint, sound, timing};

/// More speech than this many windows is not an answer to a challenge.
const MOST_WINDOWS: usize = 12;
/// What the expected digits are worth where not everything was listened to.
const NOT_HEARD_OUT: f32 = -99.0;

/// Hears digits with a Whisper model.
pub struct WhisperDigits {
    engine: Engine,
}

impl WhisperDigits {
    /// Loads the model; a job that takes longer than `limit` by `clock` fails with
    /// [`ModelError::TimedOut`] at the next token.
    pub fn new(
        model: &SpeechModel,
        clock: Arc<dyn Clock>,
        limit: Duration,
    ) -> Result<Self, ModelError> {
        Engine::load(model, clock, limit).map(|engine| Self { engine })
    }

    fn listen(
        &mut self,
        request: &SpeechRequest<'_>,
        samples: &[f32],
        voice: &[Segment],
    ) -> Result<(Vec<HeardDigit>, f32), ModelError> {
        let expected: Vec<Label> = request
            .expected
            .as_slice()
            .iter()
            .map(|d| Label::Digit(*d))
            .collect();
        let grammar = self.engine.grammar(request.language)?;
        let all = windows(samples, voice, self.engine.longest());
        let (mut heard, mut found) = (Vec::new(), Vec::new());
        for window in all.iter().take(MOST_WINDOWS) {
            self.hear(window, request)?;
            if let Some(here) = find(&mut self.engine, &grammar)? {
                heard.extend(self.placed(&here, window, voice, request, &grammar)?);
                found.push((window, here));
            }
        }
        if all.len() > MOST_WINDOWS || found.is_empty() {
            return Ok((heard, NOT_HEARD_OUT));
        }
        let (cut, found): (Vec<&Window>, Vec<Found>) = found.into_iter().unzip();
        let mut held = cut.len() - 1;
        let ratio = joint::log_ratio(&found, &expected, |window, labels| {
            if held != window {
                self.hear(cut[window], request)?;
                held = window;
            }
            self.engine.prompt(request.language, false);
            score(&mut self.engine, &grammar, labels)
        })?;
        Ok((heard, ratio))
    }

    fn hear(&mut self, window: &Window, request: &SpeechRequest<'_>) -> Result<(), ModelError> {
        self.engine.hear(&sound::levelled(window.samples.clone()))?;
        self.engine.prompt(request.language, false);
        Ok(())
    }

    /// The digits of one window with their times in the whole sound.
    fn placed(
        &mut self,
        found: &Found,
        window: &Window,
        voice: &[Segment],
        request: &SpeechRequest<'_>,
        grammar: &Grammar,
    ) -> Result<Vec<HeardDigit>, ModelError> {
        let labels = &found.best.labels;
        let times = match self.engine.kind {
            Kind::Digits => {
                self.engine.prompt(request.language, true);
                let seconds = window.samples.len() as f32 / RATE as f32;
                timing::by_model(&mut self.engine, grammar, labels, seconds)?
                    .into_iter()
                    .map(|t| window.source(t.start)..window.source(t.end))
                    .collect()
            }
            Kind::General => shared(window, voice, labels.len()),
        };
        Ok(labels
            .iter()
            .zip(&found.best.confidence)
            .zip(times)
            .filter_map(|((label, sure), time)| match label {
                Label::Other => None,
                Label::Digit(digit) => Some(HeardDigit {
                    digit: *digit,
                    start: duration(time.start),
                    end: duration(time.end.max(time.start)),
                    confidence: sure.clamp(0.0, 1.0),
                }),
            })
            .collect())
    }
}

/// The voiced stretches of a window shared out among its labels, in samples of the sound.
fn shared(window: &Window, voice: &[Segment], count: usize) -> Vec<Range<usize>> {
    let inside: Vec<Range<f32>> = voice
        .iter()
        .filter(|s| window.parts.iter().any(|p| p.contains(&s.samples.start)))
        .map(|s| s.samples.start as f32..s.samples.end as f32)
        .collect();
    timing::by_voice(&inside, count)
        .into_iter()
        .map(|r| r.start as usize..r.end as usize)
        .collect()
}

fn duration(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / RATE as u64)
}

impl DigitRecogniser for WhisperDigits {
    fn recognise(&mut self, request: &SpeechRequest<'_>) -> Result<SpeechFindings, ModelError> {
        self.engine.begin();
        let samples = sound::clean(request.samples);
        let voice = segments(&samples);
        let voiced = voice
            .iter()
            .filter(|s| s.voiced)
            .map(|s| s.samples.len())
            .sum();
        let (heard, expected_log_ratio) = if voice.is_empty() {
            (Vec::new(), None)
        } else {
            let (heard, ratio) = self.listen(request, &samples, &voice)?;
            (heard, Some(ratio))
        };
        Ok(SpeechFindings {
            voiced: duration(voiced),
            heard,
            expected_log_ratio,
            clipped: sound::clipped_share(&samples),
        })
    }

    fn identity(&self) -> ModelIdentity {
        self.engine.identity().clone()
    }
}
