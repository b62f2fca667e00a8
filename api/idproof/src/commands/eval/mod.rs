//! Measures models on labelled data; each kind writes `report.json` and `report.html`.

mod digits;
pub mod documents;
mod faces;
mod liveness;
mod picture;
pub mod speech;
pub mod sync;
mod truth;
mod wav;

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{EvalArgs, EvalCommand};
use crate::config::Config;

pub fn run(args: &EvalArgs, config: &Config) -> anyhow::Result<ExitCode> {
    match &args.command {
        EvalCommand::Faces(args) => faces::run(args, config),
        EvalCommand::Liveness(args) => liveness::run(args, config),
        EvalCommand::Documents(args) => documents::run(args, config),
        EvalCommand::Speech(args) => speech::run(args, config),
        EvalCommand::Sync(args) => sync::run(args, config),
    }
}

/// A bar on standard error, invisible where that is no terminal.
fn progress(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} · {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
