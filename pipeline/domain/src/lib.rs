//! The domain: pure, synchronous, without I/O, clock or randomness.

pub mod calendar;
pub mod case;
mod check;
pub mod code;
mod decide;
pub mod declared;
pub mod digits;
pub mod endpoint;
mod evaluate;
pub mod evidence;
pub mod ids;
pub mod language;
pub mod letter;
pub mod mrz;
mod policy;
mod reason;
mod thresholds;

pub use check::{CheckName, CheckResult, CheckStatus};
pub use decide::{Decision, Outcome, Reason, decide};
pub use digits::{Digits, DigitsError};
pub use evidence::{Evidence, Measured};
pub use language::Language;
pub use policy::{CheckPolicy, OnFail, Policy, PolicyError, Role};
pub use reason::ReasonCode;
pub use thresholds::{ThresholdSpec, Thresholds};
