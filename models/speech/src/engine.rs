//! One whisper.cpp context, driven token by token, on one thread.

use std::sync::Arc;
use std::time::Duration;

use idproof_domain::Language;
use idproof_ports::{Clock, ModelError, ModelIdentity};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError,
    WhisperState,
};

use crate::SpeechModel;
use crate::grammar::{Grammar, Label, Token, words};
use crate::search::NextToken;
use crate::voice::RATE;

/// The vocabulary of the digits model, whose ids the kitchen's `model.py` lists: ten digits, "*" for
/// other words, the end, the prompt, and timestamps 40 ms apart from 0 to 5.12 s.
pub(crate) mod digits {
    use super::Token;

    pub(crate) const STAR: Token = 10;
    pub(crate) const END: Token = 11;
    pub(crate) const START: Token = 12;
    pub(crate) const ENGLISH: Token = 13;
    pub(crate) const FRENCH: Token = 14;
    pub(crate) const TRANSCRIBE: Token = 15;
    pub(crate) const NO_TIMES: Token = 16;
    pub(crate) const FIRST_TIME: Token = 17;
    pub(crate) const TOKENS: Token = FIRST_TIME + 129;
}
/// Context to which a general Whisper is shortened: 10.24 s cost a third of its 30 s.
const GENERAL_CONTEXT: usize = 512;
/// whisper.cpp reflects 200 samples at the beginning; give it at least twice that.
const FEWEST_SAMPLES: usize = 400;

/// Which texts the loaded file was trained to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our own, with a vocabulary of its own: one token a digit, "*" for other words, timestamps round each.
    Digits,
    /// OpenAI's: words.
    General,
}

pub(crate) struct Engine {
    context: WhisperContext,
    state: WhisperState,
    /// What the decoder's memory holds.
    fed: Vec<Token>,
    identity: ModelIdentity,
    clock: Arc<dyn Clock>,
    limit: Duration,
    /// When the present job must end, by the clock's monotonic reading.
    deadline: Duration,
    pub(crate) kind: Kind,
    prompt: Vec<Token>,
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
        let kind = if context.n_vocab() == digits::TOKENS {
            Kind::Digits
        } else if context.is_multilingual() {
            Kind::General
        } else {
            return Err(ModelError::Failed {
                model: model.identity.name.clone(),
                detail: "neither the digits model nor a multilingual Whisper".into(),
            });
        };
        let mut state = context.create_state().map_err(fail)?;
        if kind == Kind::General {
            shorten(&mut state).map_err(fail)?;
        }
        Ok(Self {
            context,
            state,
            fed: Vec::new(),
            identity: model.identity.clone(),
            clock,
            limit,
            deadline: Duration::MAX,
            kind,
            prompt: Vec::new(),
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
        let positions = match self.kind {
            Kind::Digits => usize::try_from(self.context.n_audio_ctx()).unwrap_or(0),
            Kind::General => GENERAL_CONTEXT,
        };
        (positions * RATE / 50).saturating_sub(RATE / 10).max(RATE)
    }

    /// What may be written in `language`.
    pub(crate) fn grammar(&self, language: Language) -> Result<Grammar, ModelError> {
        let spellings = match self.kind {
            Kind::Digits => (0_u8..10)
                .map(|d| (Label::Digit(d), vec![Token::from(d)]))
                .chain([(Label::Other, vec![digits::STAR])])
                .collect(),
            Kind::General => (0_u8..)
                .zip(words(language))
                .map(|(d, word)| {
                    let tokens = self.context.tokenize(word, 8).map_err(|e| self.failed(e))?;
                    Ok((Label::Digit(d), tokens))
                })
                .collect::<Result<_, ModelError>>()?,
        };
        let end = match self.kind {
            Kind::Digits => digits::END,
            Kind::General => self.context.token_eot(),
        };
        Grammar::new(spellings, end).ok_or_else(|| ModelError::Failed {
            model: self.identity.name.clone(),
            detail: "its vocabulary does not tell the digits apart".into(),
        })
    }

    /// Encodes one window of at most [`Self::longest`] samples.
    pub(crate) fn hear(&mut self, samples: &[f32]) -> Result<(), ModelError> {
        self.check_time()?;
        self.fed.clear();
        let mut sound = samples.to_vec();
        sound.resize(sound.len().max(FEWEST_SAMPLES), 0.0);
        let encoded = self
            .state
            .pcm_to_mel(&sound, 1)
            .and_then(|_| self.state.encode(0, 1));
        encoded.map_err(|e| self.failed(e))
    }

    /// Sets what the decoder is told first; `timed` asks for timestamps.
    pub(crate) fn prompt(&mut self, language: Language, timed: bool) {
        let c = &self.context;
        let (prompt, no_times) = match (self.kind, language) {
            (Kind::Digits, Language::En) => (
                [digits::START, digits::ENGLISH, digits::TRANSCRIBE],
                digits::NO_TIMES,
            ),
            (Kind::Digits, Language::Fr) => (
                [digits::START, digits::FRENCH, digits::TRANSCRIBE],
                digits::NO_TIMES,
            ),
            (Kind::General, _) => {
                let id = whisper_rs::get_lang_id(language.code()).unwrap_or(0);
                (
                    [c.token_sot(), c.token_lang(id), c.token_transcribe()],
                    c.token_not(),
                )
            }
        };
        self.prompt = prompt.into();
        if !timed {
            self.prompt.push(no_times);
        }
    }

    fn check_time(&self) -> Result<(), ModelError> {
        if self.clock.monotonic() > self.deadline {
            return Err(ModelError::TimedOut {
                model: self.identity.name.clone(),
            });
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

    /// Feeds only what the decoder does not hold yet. One token a call: of several, whisper.cpp's
    /// low-level interface would return the first one's scores.
    fn after(&mut self, text: &[Token]) -> Result<&[f32], ModelError> {
        let wanted: Vec<Token> = self.prompt.iter().chain(text).copied().collect();
        let shared = wanted.iter().zip(&self.fed);
        let shared = shared.take_while(|(a, b)| a == b).count();
        for place in shared.min(wanted.len().saturating_sub(1))..wanted.len() {
            self.check_time()?;
            self.fed.truncate(place);
            let decoded = self.state.decode(&wanted[place..=place], place, 1);
            decoded.map_err(|e| self.failed(e))?;
            self.fed.push(wanted[place]);
        }
        self.state.get_logits().map_err(|e| self.failed(e))
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
