//! One file a command.

pub mod audit;
pub mod bounce;
pub mod challenge;
pub mod config;
pub mod doctor;
pub mod eval;
pub mod jobs;
pub mod keys;
pub mod migrate;
pub mod models;
pub mod outbox;
pub mod policy;
pub mod purge;
pub mod run;
pub mod staff;
pub mod vault;
pub mod verify;

use anyhow::Context;

/// The input cannot be used: exit status 2, nothing was decided.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableInput(pub String);

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads can be started")
}
