//! Decodes media through the sandboxed child process `idproof-decoder`.
//!
//! The parent opens the file (no links, no devices), hands the descriptor over and
//! reads [`idproof_protocol`] messages from the child's pipe. It treats the child as
//! hostile: lengths, sizes, order and amount of what it says are checked again, its
//! time is bounded, its death is named. Nothing the child writes reaches a log.

mod child;
mod decoder;
mod file;
mod pipe;
mod status;
mod verdict;

pub use decoder::{Decoder, DecoderConfig};
pub use idproof_protocol::Limits;
pub use status::{AttemptResult, SandboxStatus};
