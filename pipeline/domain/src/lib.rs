//! The domain: pure, synchronous, without I/O, clock or randomness.

pub mod digits;
pub mod language;

pub use digits::{Digits, DigitsError};
pub use language::Language;
