//! One whisper.cpp context, driven token by token, on one thread. The digits model hears every
//! window at three speeds, and what it thinks comes next is the mean of the three: a voice that is
//! strange to it at one pitch is less so at another.

use std::sync::Arc;
use std::time::Duration;

use idproof_domain::Language;
use idproof_ports::{Clock, ModelError, ModelIdentity};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError,
    WhisperState,
};

use crate::grammar::{Grammar, Label, Token, words};
use crate::search::NextToken;
use crate::voice::RATE;
use crate::{SpeechModel, sound};

/// Token ids of the digits and of "*", the label for other words, in Whisper's vocabulary.
const DIGIT_ZERO: Token = 15;
const STAR: Token = 9;
/// Context to which a general Whisper is shortened: 10.24 s cost a third of its 30 s.
const GENERAL_CONTEXT: usize = 512;
/// The digits model hears the sound played this many times as fast; the first is as it was said.
const SPEEDS: [f32; 3] = [1.0, 0.88, 1.12];
const SLOWEST: f32 = 0.88;
/// whisper.cpp reflects 200 samples at the beginning; give it at least twice that.
const FEWEST_SAMPLES: usize = 400;

/// Which texts the loaded file was trained to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our own: one token a digit, "*" for other words, timestamps round each.
    Digits,
    /// OpenAI's: words.
    General,
}

/// The sound at one speed, and how far the decoder has come with it.
struct Ear {
    speed: f32,
    state: WhisperState,
    /// What the decoder's memory holds.
    fed: Vec<Token>,
}

pub(crate) struct Engine {
    context: WhisperContext,
    /// The first hears at the speed of the sound, and alone tells times.
    ears: Vec<Ear>,
    identity: ModelIdentity,
    clock: Arc<dyn Clock>,
    limit: Duration,
    /// When the present job must end, by the clock's monotonic reading.
    deadline: Duration,
    pub(crate) kind: Kind,
    prompt: Vec<Token>,
    timed: bool,
    /// The mean of the ears' scores.
    scores: Vec<f32>,
}

impl Engine {
    pub(crate) fn load(
        model: &SpeechModel,
        clock: Arc<dyn Clock>,
        limit: Duration,
    ) -> Result<Self, ModelError> {
        whisper_rs::install_logging_hooks();
        let fail = |e: WhisperError| ModelError::Failed {
            model: model.identity.name.clone(),
            detail: format!("cannot be loaded: {e}"),
        };
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false);
        let context =
            WhisperContext::new_from_buffer_with_params(&model.bytes, parameters).map_err(fail)?;
        if !context.is_multilingual() {
            return Err(ModelError::Failed {
                model: model.identity.name.clone(),
                detail: "not a multilingual Whisper".into(),
            });
        }
        let kind = if context.n_audio_ctx() < 1_500 {
            Kind::Digits
        } else {
            Kind::General
        };
        let speeds = match kind {
            Kind::Digits => &SPEEDS[..],
            Kind::General => &SPEEDS[..1],
        };
        let mut ears = Vec::new();
        for speed in speeds {
            let mut state = context.create_state().map_err(fail)?;
            if kind == Kind::General {
                shorten(&mut state).map_err(fail)?;
            }
            ears.push(Ear {
                speed: *speed,
                state,
                fed: Vec::new(),
            });
        }
        Ok(Self {
            context,
            ears,
            identity: model.identity.clone(),
            clock,
            limit,
            deadline: Duration::MAX,
            kind,
            prompt: Vec::new(),
            timed: false,
            scores: Vec::new(),
        })
    }

    pub(crate) fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Starts the clock of one job.
    pub(crate) fn begin(&mut self) {
        self.deadline = self.clock.monotonic().saturating_add(self.limit);
    }

    /// The longest sound of one pass, in samples (a tenth of a second is left for the edge).
    pub(crate) fn longest(&self) -> usize {
        let (positions, slowest) = match self.kind {
            Kind::Digits => {
                let positions = usize::try_from(self.context.n_audio_ctx()).unwrap_or(0);
                (positions, SLOWEST)
            }
            Kind::General => (GENERAL_CONTEXT, 1.0),
        };
        let most = (positions * RATE / 50).saturating_sub(RATE / 10).max(RATE);
        (most as f32 * slowest) as usize
    }

    /// What may be written in `language`.
    pub(crate) fn grammar(&self, language: Language) -> Result<Grammar, ModelError> {
        let spellings = match self.kind {
            Kind::Digits => (0_u8..10)
                .map(|d| (Label::Digit(d), vec![DIGIT_ZERO + Token::from(d)]))
                .chain([(Label::Other, vec![STAR])])
                .collect(),
            Kind::General => (0_u8..)
                .zip(words(language))
                .map(|(d, word)| {
                    let tokens = self.context.tokenize(word, 8).map_err(|e| self.failed(e))?;
                    Ok((Label::Digit(d), tokens))
                })
                .collect::<Result<_, ModelError>>()?,
        };
        Grammar::new(spellings, self.context.token_eot()).ok_or_else(|| ModelError::Failed {
            model: self.identity.name.clone(),
            detail: "its vocabulary does not tell the digits apart".into(),
        })
    }

    /// Encodes one window of at most [`Self::longest`] samples.
    pub(crate) fn hear(&mut self, samples: &[f32]) -> Result<(), ModelError> {
        for number in 0..self.ears.len() {
            self.check_time()?;
            let ear = &mut self.ears[number];
            let mut sound = sound::faster(samples, ear.speed);
            sound.resize(sound.len().max(FEWEST_SAMPLES), 0.0);
            ear.fed.clear();
            let encoded = ear
                .state
                .pcm_to_mel(&sound, 1)
                .and_then(|_| ear.state.encode(0, 1));
            encoded.map_err(|e| self.failed(e))?;
        }
        Ok(())
    }

    /// Sets what the decoder is told first; `timed` asks for timestamps.
    pub(crate) fn prompt(&mut self, language: Language, timed: bool) {
        self.timed = timed;
        let id = whisper_rs::get_lang_id(language.code()).unwrap_or(0);
        let c = &self.context;
        self.prompt = vec![c.token_sot(), c.token_lang(id), c.token_transcribe()];
        if !timed {
            self.prompt.push(c.token_not());
        }
    }

    /// The first timestamp token; each next one is 20 ms later.
    pub(crate) fn first_timestamp(&self) -> Token {
        self.context.token_beg()
    }

    fn check_time(&self) -> Result<(), ModelError> {
        if self.clock.monotonic() > self.deadline {
            return Err(ModelError::TimedOut {
                model: self.identity.name.clone(),
            });
        }
        Ok(())
    }

    /// Feeds one ear only what its decoder does not hold yet. One token a call: of several,
    /// whisper.cpp's low-level interface would return the first one's scores.
    fn feed(&mut self, number: usize, wanted: &[Token]) -> Result<(), ModelError> {
        let shared = wanted
            .iter()
            .zip(&self.ears[number].fed)
            .take_while(|(a, b)| a == b)
            .count();
        for place in shared.min(wanted.len().saturating_sub(1))..wanted.len() {
            self.check_time()?;
            let ear = &mut self.ears[number];
            ear.fed.truncate(place);
            let decoded = ear.state.decode(&wanted[place..=place], place, 1);
            decoded.map_err(|e| self.failed(e))?;
            self.ears[number].fed.push(wanted[place]);
        }
        Ok(())
    }

    fn failed(&self, e: WhisperError) -> ModelError {
        ModelError::Failed {
            model: self.identity.name.clone(),
            detail: e.to_string(),
        }
    }
}

impl NextToken for Engine {
    type Error = ModelError;

    /// The mean over the ears; of times only the first ear's, whose clock is the sound's.
    fn after(&mut self, text: &[Token]) -> Result<&[f32], ModelError> {
        let wanted: Vec<Token> = self.prompt.iter().chain(text).copied().collect();
        let listening = if self.timed { 1 } else { self.ears.len() };
        self.scores.clear();
        for number in 0..listening {
            self.feed(number, &wanted)?;
            let scores = self.ears[number].state.get_logits();
            let scores = scores.map_err(|e| self.failed(e))?;
            self.scores.resize(scores.len(), 0.0);
            let share = 1.0 / listening as f32;
            for (sum, score) in self.scores.iter_mut().zip(scores) {
                *sum += share * score;
            }
        }
        Ok(&self.scores)
    }
}

/// Makes a general Whisper's state keep a shorter audio context: `full` is the only
/// call that sets it, and what it sets stays for `encode` and `decode`.
fn shorten(state: &mut WhisperState) -> Result<(), WhisperError> {
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    parameters.set_n_threads(1);
    parameters.set_audio_ctx(i32::try_from(GENERAL_CONTEXT).unwrap_or(0));
    parameters.set_language(Some("en"));
    parameters.set_max_tokens(1);
    parameters.set_single_segment(true);
    parameters.set_temperature_inc(0.0);
    parameters.set_print_progress(false);
    state
        .full(parameters, &vec![0.0; RATE + RATE / 5])
        .map(|_| ())
}
