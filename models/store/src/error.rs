//! The one error of this crate.

use std::path::PathBuf;

use crate::convert::ConvertError;

/// A source that was tried for a model, and why it did not give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which source, in words.
    pub source: String,
    /// Why it failed.
    pub why: String,
}

/// Why a model is not to be had, or the manifest not to be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("models manifest: {0}")]
    Manifest(String),
    #[error("there is no model called {name}; known: {known}")]
    UnknownModel { name: String, known: String },
    #[error("{name}: {} is not there; run `idproof models pull {name}`", path.display())]
    Missing { name: String, path: PathBuf },
    #[error(
        "{name}: refused, {} is not the file that was meant: its sha256 is {actual}, expected {expected}",
        path.display()
    )]
    WrongHash {
        name: String,
        path: PathBuf,
        expected: String,
        actual: String,
    },
    #[error("{name}: no source has it; tried {}", tried_in_words(tried))]
    NoSource { name: String, tried: Vec<Attempt> },
    #[error("{name}: {source}")]
    Convert { name: String, source: ConvertError },
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

impl StoreError {
    /// Wraps an input/output error: `cannot {action} {path}`.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn tried_in_words(tried: &[Attempt]) -> String {
    let words: Vec<String> = tried
        .iter()
        .map(|attempt| format!("{}: {}", attempt.source, attempt.why))
        .collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join("; ")
    }
}
