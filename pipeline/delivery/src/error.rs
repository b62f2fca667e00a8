use std::time::Duration;

use idproof_domain::endpoint::AddressRefused;

use crate::letter::{PdfError, Unpostable};

/// Why something did not leave. Its text holds no address, number, name, code or body: it is
/// stored beside the message and shown to operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// To be tried again, not before `retry_after` where the other side asked for that. Also
    /// what an operator must put right, so that nothing is lost meanwhile.
    #[error("{reason}; it will be tried again")]
    Transient {
        reason: Reason,
        retry_after: Option<Duration>,
    },
    /// Trying again would not help.
    #[error("{reason}")]
    Permanent { reason: Reason },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the recipient is no e-mail address")]
    NotAnAddress,
    #[error("the recipient is no telephone number in international form (+ and 8 to 15 digits)")]
    NotANumber,
    /// The code, and the enhanced one of RFC 3463 where the server gave it.
    #[error("the server answered {code}{}", enhanced.as_ref().map(|e| format!(" ({e})")).unwrap_or_default())]
    Answered { code: u16, enhanced: Option<String> },
    #[error("the server refused our login ({0}): check user name and password")]
    Login(u16),
    #[error("the server does not offer what is configured: {0}")]
    NotOffered(&'static str),
    #[error("the server redirects ({0}), which is not followed")]
    Redirect(u16),
    #[error("no connection to the server")]
    NoConnection,
    #[error("no secure connection to the server: check its certificate and name")]
    Tls,
    #[error("the connection broke off; it may have been taken")]
    BrokenOff,
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error(transparent)]
    Address(#[from] AddressRefused),
    #[error("{size} bytes are more than the {limit} allowed")]
    TooLarge { size: usize, limit: usize },
    #[error("the message could not be made: {0}")]
    Unmakeable(&'static str),
    #[error("cannot write to the local outbox: {0}")]
    Outbox(std::io::ErrorKind),
    #[error(transparent)]
    Letter(#[from] PdfError),
    #[error("a printed letter needs a postal address")]
    NoPostalAddress,
    #[error(transparent)]
    Unpostable(#[from] Unpostable),
    #[error(
        "the letter's batch is gone and may have held it: ask the print house before sending it again"
    )]
    MaybePrinted,
    #[error("cannot write to the print house's directory: {0}")]
    Export(std::io::ErrorKind),
}

impl DeliveryError {
    pub(crate) fn permanent(reason: Reason) -> Self {
        Self::Permanent { reason }
    }

    pub(crate) fn transient(reason: Reason) -> Self {
        Self::Transient {
            reason,
            retry_after: None,
        }
    }

    /// The status or code that the other side answered with, if it did.
    pub fn code(&self) -> Option<u16> {
        match self.reason() {
            Reason::Answered { code, .. } | Reason::Login(code) | Reason::Redirect(code) => {
                Some(*code)
            }
            _ => None,
        }
    }

    pub fn reason(&self) -> &Reason {
        match self {
            Self::Transient { reason, .. } | Self::Permanent { reason } => reason,
        }
    }
}

/// A setting that cannot be used. `key` is as in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {problem}")]
pub struct SettingError {
    pub key: &'static str,
    pub problem: String,
}

impl SettingError {
    pub(crate) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { key, problem }
    }
}
