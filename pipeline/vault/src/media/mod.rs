//! Objects written and read through their encryption.

mod anonymous;
mod get;
mod put;

pub use get::PlainReader;
pub use put::{Expected, Stored};

pub(crate) use anonymous::fill as to_anonymous_file;
pub(crate) use get::size;
pub(crate) use put::put;
