//! One whisper.cpp context and state, driven token by token, on one thread.

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
use crate::sound;
use crate::voice::RATE;

/// Token ids of the digits and of "*", the label for other words, in Whisper's vocabulary.
const DIGIT_ZERO: Token = 15;
const STAR: Token = 9;
/// Context to which a general Whisper is shortened: 10.24 s cost a third of its 30 s.
const GENERAL_CONTEXT: usize = 512;
/// whisper.cpp reflects 200 samples at the beginning; give it at least twice that.
const FEWEST_SAMPLES: usize = 400;
/// How fast a digits model hears each window: as it is, slower and faster. Pitch, formants and tempo
/// are then those of other people, of whom the model may know one better; what the decoder says of all
/// is averaged. The kitchen measures by the same (`models/kitchen/speech/listen.py`).
const VIEWS: [f32; 5] = [1.0, 0.86, 0.93, 1.08, 1.16];

/// Which texts the loaded file was trained to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our own: one token a digit, "*" for other words, timestamps round each.
    Digits,
    /// OpenAI's: words.
    General,
}

pub(crate) struct Engine {
    context: WhisperContext,
    /// The first hears the sound as it is.
    views: Vec<View>,
    identity: ModelIdentity,
    clock: Arc<dyn Clock>,
    limit: Duration,
    /// When the present job must end, by the clock's monotonic reading.
    deadline: Duration,
    pub(crate) kind: Kind,
    prompt: Vec<Token>,
    /// Whether the first view alone is asked.
    alone: bool,
    /// The scores that [`NextToken::after`] gave last.
    scores: Vec<f32>,
}

/// One way of hearing the window.
struct View {
    speed: f32,
    state: WhisperState,
    /// Whether the window fits at this speed.
    holds: bool,
    /// What the decoder's memory holds.
    fed: Vec<Token>,
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
            Kind::Digits => &VIEWS[..],
            Kind::General => &VIEWS[..1],
        };
        let mut views = Vec::with_capacity(speeds.len());
        for speed in speeds {
            let mut state = context.create_state().map_err(fail)?;
            if kind == Kind::General {
                shorten(&mut state).map_err(fail)?;
            }
            views.push(View {
                speed: *speed,
                state,
                holds: false,
                fed: Vec::new(),
            });
        }
        Ok(Self {
            context,
            views,
            identity: model.identity.clone(),
            clock,
            limit,
            deadline: Duration::MAX,
            kind,
            prompt: Vec::new(),
            alone: false,
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

    /// Encodes one window of at most [`Self::longest`] samples, in every view that it fits.
    pub(crate) fn hear(&mut self, samples: &[f32]) -> Result<(), ModelError> {
        let longest = self.longest();
        for k in 0..self.views.len() {
            self.check_time()?;
            let view = &mut self.views[k];
            let mut sound = sound::at_speed(samples, view.speed);
            view.fed.clear();
            view.holds = view.speed >= 1.0 || sound.len() <= longest;
            if !view.holds {
                continue;
            }
            sound.resize(sound.len().max(FEWEST_SAMPLES), 0.0);
            let heard = view
                .state
                .pcm_to_mel(&sound, 1)
                .and_then(|()| view.state.encode(0, 1));
            heard.map_err(|e| self.failed(e))?;
        }
        Ok(())
    }

    /// Sets what the decoder is told first; `timed` asks for timestamps, which only the sound as it is
    /// can give.
    pub(crate) fn prompt(&mut self, language: Language, timed: bool) {
        let id = whisper_rs::get_lang_id(language.code()).unwrap_or(0);
        let c = &self.context;
        self.prompt = vec![c.token_sot(), c.token_lang(id), c.token_transcribe()];
        if !timed {
            self.prompt.push(c.token_not());
        }
        self.alone = timed;
    }

    /// The first timestamp token; each next one is 20 ms later.
    pub(crate) fn first_timestamp(&self) -> Token {
        self.context.token_beg()
    }

    /// Brings the decoder of one view to hold `wanted`.
    fn feed(&mut self, view: usize, wanted: &[Token]) -> Result<(), ModelError> {
        let fed = &self.views[view].fed;
        let shared = wanted.iter().zip(fed).take_while(|(a, b)| a == b).count();
        for place in shared.min(wanted.len().saturating_sub(1))..wanted.len() {
            self.check_time()?;
            let here = &mut self.views[view];
            here.fed.truncate(place);
            let decoded = here.state.decode(&wanted[place..=place], place, 1);
            decoded.map_err(|e| self.failed(e))?;
            self.views[view].fed.push(wanted[place]);
        }
        Ok(())
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

    /// The mean of the views' scores. Feeds only what a decoder does not hold yet. One token a call:
    /// of several, whisper.cpp's low-level interface would return the first one's scores.
    fn after(&mut self, text: &[Token]) -> Result<&[f32], ModelError> {
        let wanted: Vec<Token> = self.prompt.iter().chain(text).copied().collect();
        let asked = if self.alone { 1 } else { self.views.len() };
        let (mut scores, mut count) = (std::mem::take(&mut self.scores), 0);
        scores.clear();
        for k in (0..asked)
            .filter(|k| self.views[*k].holds)
            .collect::<Vec<_>>()
        {
            self.feed(k, &wanted)?;
            let here = self.views[k].state.get_logits();
            let here = here.map_err(|e| self.failed(e))?;
            scores.resize(here.len(), 0.0);
            scores.iter_mut().zip(here).for_each(|(s, h)| *s += h);
            count += 1;
        }
        scores.iter_mut().for_each(|s| *s /= count.max(1) as f32);
        self.scores = scores;
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
