//! What a document is, how long it is valid, and how well print, zone and declaration agree.

pub mod kind;
pub mod names;
pub mod print;
pub mod seal;
pub mod term;
