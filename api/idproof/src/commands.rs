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

/// Threads at least, also on a small machine: one that waits for the disk must not be all there are.
const LEAST_THREADS: usize = 4;

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(LEAST_THREADS))
        .enable_all()
        .build()
        .context("no threads can be started")
}
