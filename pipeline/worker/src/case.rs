use std::sync::Mutex;
use std::time::Duration;

use idproof_domain::attack::Recorder;
use idproof_domain::challenge::Script;
use idproof_domain::declared::DeclaredIdentity;
use idproof_domain::document_kind::DocumentKind;
use idproof_domain::{Digits, Language};
use idproof_ports::{
    Capability, DigitRecogniser, DocumentFinder, LiveScorer, MediaError, MediaFile, SealReader,
    TextReader,
};
use time::Date;

use crate::faces::FaceTools;

/// What the applicant handed in and was asked for.
pub struct CaseInput {
    /// One or two photographs: front, back.
    pub documents: Vec<MediaFile>,
    pub video: MediaFile,
    pub digits: Digits,
    pub language: Language,
    /// The whole challenge with its times; without it the digits alone are asked for.
    pub script: Option<Script>,
    /// How the recording is said to have been made.
    pub capture: CaptureFacts,
    pub declared: Option<DeclaredIdentity>,
    /// The kind of document the applicant announced, where they were asked.
    pub announced: Option<DocumentKind>,
    /// The legal day on which the media were handed in.
    pub today: Date,
}

/// What the sender's page reports of how it recorded. Nothing here is believed where it speaks
/// for the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaptureFacts {
    pub recorder: Recorder,
    /// The camera's name as the browser gives it.
    pub camera: Option<String>,
}

/// Every model capability, or why there is none. Each sits behind a lock: stages of one case
/// run side by side and share them.
pub struct Analysers {
    pub faces: Capability<Mutex<FaceTools>>,
    pub liveness: Capability<Mutex<Box<dyn LiveScorer>>>,
    pub text: Capability<Mutex<Box<dyn TextReader>>>,
    pub seals: Capability<Mutex<Box<dyn SealReader>>>,
    pub outlines: Mutex<Box<dyn DocumentFinder>>,
    pub speech: Capability<Mutex<Box<dyn DigitRecogniser>>>,
}

/// Input that cannot be used at all. Nothing is decided: the sender must send something else.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum InputError {
    #[error("document {number}: {source}")]
    Document { number: usize, source: MediaError },
    #[error("video: {source}")]
    Video { source: MediaError },
    #[error("give one or two document photographs, not {0}")]
    DocumentCount(usize),
}

/// The parts of an analysis that take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Document,
    Video,
    Speech,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Video => "video",
            Self::Speech => "speech",
        }
    }
}

/// Told how far an analysis is. Called from several threads.
pub trait Progress: Sync {
    fn started(&self, stage: Stage);
    /// How much of the recording has been seen.
    fn seen(&self, stage: Stage, at: Duration);
    fn finished(&self, stage: Stage, took: Duration);
}

/// Whether an error of the decoder is the file's fault (send another one) or ours (a human looks).
pub(crate) fn is_input_fault(error: &MediaError) -> bool {
    match error {
        MediaError::Unreadable(_)
        | MediaError::Unsupported { .. }
        | MediaError::LimitExceeded(_)
        | MediaError::Damaged(_) => true,
        MediaError::TimedOut(_) | MediaError::DecoderFailed(_) | MediaError::Unavailable(_) => {
            false
        }
    }
}
