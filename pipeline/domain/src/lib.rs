//! The domain: pure, synchronous, without I/O, clock or randomness.

pub mod calendar;
pub mod case;
pub mod challenge;
mod check;
pub mod code;
pub mod confirm;
mod decide;
pub mod declared;
pub mod digits;
pub mod document;
pub mod document_kind;
pub mod endpoint;
mod evaluate;
pub mod evidence;
pub mod ids;
pub mod language;
pub mod letter;
pub mod mrz;
mod policy;
mod reason;
pub mod seal;
mod thresholds;
mod verdict;
mod voice;

pub use check::{CheckName, CheckResult, CheckStatus};
pub use decide::{Decision, Outcome, Reason, decide};
pub use digits::{Digits, DigitsError};
pub use evidence::{Evidence, Measured};
pub use language::Language;
pub use policy::{CheckPolicy, OnFail, Policy, PolicyError, Role};
pub use reason::{Part, ReasonCode};
pub use thresholds::{ThresholdSpec, Thresholds};
pub use verdict::{ReviewMode, Rules, Verdict, verdict};
pub use voice::spoken_digits;
