use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use idproof_domain::Language;
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
/// So much less likely (natural logarithm) may the text with one repeated label fewer be.
const NEARLY: f32 = 3.0;
/// What the expected digits are worth where not everything was listened to.
const NOT_HEARD_OUT: f32 = -99.0;

/// Hears digits with a Whisper model.
pub struct WhisperDigits {
    engine: Engine,
}

/// What was heard, and what each of several answers is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    pub voiced: Duration,
    pub heard: Vec<HeardDigit>,
    /// One an answer; `None` where nobody spoke.
    pub ratios: Option<Vec<f32>>,
    /// Share of samples that are clipped.
    pub clipped: f32,
}

/// One recording, read.
struct Listened {
    /// Whether all of it was.
    whole: bool,
    heard: Vec<HeardDigit>,
    windows: Vec<Window>,
    found: Vec<Found>,
    /// The window that the engine holds.
    held: Option<usize>,
    grammar: Grammar,
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

    /// Listens once and weighs each of `answers` (digits 0..=9): the log-probability ratio of
    /// each to any other text, as [`SpeechFindings::expected_log_ratio`] is for the digits asked.
    pub fn weigh(
        &mut self,
        samples: &[f32],
        language: Language,
        answers: &[&[u8]],
    ) -> Result<Weighed, ModelError> {
        self.engine.begin();
        let samples = sound::clean(samples);
        let voice = segments(&samples);
        let voiced = voice
            .iter()
            .filter(|s| s.voiced)
            .map(|s| s.samples.len())
            .sum();
        let (heard, ratios) = if voice.is_empty() {
            (Vec::new(), None)
        } else {
            let mut listened = self.listen(&samples, &voice, language)?;
            let ratios = answers
                .iter()
                .map(|answer| self.worth(&mut listened, language, answer))
                .collect::<Result<_, _>>()?;
            (listened.heard, Some(ratios))
        };
        Ok(Weighed {
            voiced: duration(voiced),
            heard,
            ratios,
            clipped: sound::clipped_share(&samples),
        })
    }

    /// Reads every window and tells when each digit was said.
    fn listen(
        &mut self,
        samples: &[f32],
        voice: &[Segment],
        language: Language,
    ) -> Result<Listened, ModelError> {
        let grammar = self.engine.grammar(language)?;
        let all = windows(samples, voice, self.engine.longest());
        let mut out = Listened {
            whole: all.len() <= MOST_WINDOWS,
            heard: Vec::new(),
            windows: Vec::new(),
            found: Vec::new(),
            held: None,
            grammar,
        };
        for window in all.into_iter().take(MOST_WINDOWS) {
            self.hear(&window, language)?;
            if let Some(here) = self.read(&window, voice, &out.grammar)? {
                let digits = self.placed(&here, &window, voice, language, &out.grammar)?;
                out.heard.extend(digits);
                out.held = Some(out.windows.len());
                out.windows.push(window);
                out.found.push(here);
            }
        }
        Ok(out)
    }

    /// The log-probability ratio of `answer` to any other text.
    fn worth(
        &mut self,
        listened: &mut Listened,
        language: Language,
        answer: &[u8],
    ) -> Result<f32, ModelError> {
        if !listened.whole || listened.found.is_empty() {
            return Ok(NOT_HEARD_OUT);
        }
        let expected: Vec<Label> = answer.iter().map(|d| Label::Digit(*d)).collect();
        let Listened {
            windows,
            found,
            held,
            grammar,
            ..
        } = listened;
        joint::log_ratio(found, &expected, |window, labels| {
            if *held != Some(window) {
                self.hear(&windows[window], language)?;
                *held = Some(window);
            }
            self.engine.prompt(language, false);
            score(&mut self.engine, grammar, labels)
        })
    }

    fn hear(&mut self, window: &Window, language: Language) -> Result<(), ModelError> {
        self.engine.hear(&sound::levelled(window.samples.clone()))?;
        self.engine.prompt(language, false);
        Ok(())
    }

    /// The likeliest text of the window that the engine holds.
    ///
    /// What is said twice alike is written once too often now and then. Where the text with one
    /// fewer has a label for each stretch of sound, it counts if it is nearly as likely.
    fn read(
        &mut self,
        window: &Window,
        voice: &[Segment],
        grammar: &Grammar,
    ) -> Result<Option<Found>, ModelError> {
        let Some(found) = find(&mut self.engine, grammar, &[])? else {
            return Ok(None);
        };
        let labels = &found.best.labels;
        let repeats = labels.windows(2).any(|pair| pair[0] == pair[1]);
        if !repeats || labels.len() != inside(window, voice).len() + 1 {
            return Ok(Some(found));
        }
        let next = find(&mut self.engine, grammar, std::slice::from_ref(labels))?;
        Ok(next
            .filter(|next| next.best.log_p > found.best.log_p - NEARLY)
            .filter(|next| is_said_once_more(&next.best.labels, labels))
            .or(Some(found)))
    }

    /// The digits of one window with their times in the whole sound.
    fn placed(
        &mut self,
        found: &Found,
        window: &Window,
        voice: &[Segment],
        language: Language,
        grammar: &Grammar,
    ) -> Result<Vec<HeardDigit>, ModelError> {
        let labels = &found.best.labels;
        let times = match self.engine.kind {
            Kind::Digits => {
                self.engine.prompt(language, true);
                let seconds = window.samples.len() as f32 / RATE as f32;
                let sound = inside(window, voice);
                let stamps = timing::by_model(&mut self.engine, grammar, labels, seconds)?;
                // As many stretches as labels: one each, whatever the stamps say.
                if sound.len() == labels.len() {
                    sound
                } else {
                    stamps
                        .into_iter()
                        .map(|t| window.source(t.start)..window.source(t.end))
                        .map(|t| timing::in_voice(&sound, t))
                        .collect()
                }
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

/// Whether `longer` is `shorter` with one label said once more, right behind itself.
fn is_said_once_more(shorter: &[Label], longer: &[Label]) -> bool {
    longer.len() == shorter.len() + 1
        && longer.windows(2).enumerate().any(|(place, pair)| {
            pair[0] == pair[1]
                && longer[..place] == shorter[..place]
                && longer[place + 1..] == shorter[place..]
        })
}

/// The stretches of sound that a window holds, in samples of the whole.
fn inside(window: &Window, voice: &[Segment]) -> Vec<Range<usize>> {
    voice
        .iter()
        .filter(|s| window.parts.iter().any(|p| p.contains(&s.samples.start)))
        .map(|s| s.samples.clone())
        .collect()
}

/// The voiced stretches of a window shared out among its labels, in samples of the sound.
fn shared(window: &Window, voice: &[Segment], count: usize) -> Vec<Range<usize>> {
    let inside: Vec<Range<f32>> = inside(window, voice)
        .into_iter()
        .map(|s| s.start as f32..s.end as f32)
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
        let asked = request.expected.as_slice();
        let weighed = self.weigh(request.samples, request.language, &[asked])?;
        Ok(SpeechFindings {
            voiced: weighed.voiced,
            heard: weighed.heard,
            expected_log_ratio: weighed.ratios.and_then(|r| r.first().copied()),
            clipped: weighed.clipped,
        })
    }

    fn identity(&self) -> ModelIdentity {
        self.engine.identity().clone()
    }
}
