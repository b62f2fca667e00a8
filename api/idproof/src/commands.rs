//! One file a command.

pub mod doctor;
pub mod models;
pub mod policy;
pub mod verify;

/// The input cannot be used: exit status 2, nothing was decided.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableInput(pub String);
