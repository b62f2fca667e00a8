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

use std::path::Path;
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

/// What a set of labelled scores is called: what was measured, and the folder it came from.
fn set_name(what: &str, data: &Path) -> String {
    let folder = data.file_name().unwrap_or_default().to_string_lossy();
    let clean: String = folder.chars().filter(|c| !c.is_control()).collect();
    format!("{what} {clean}")
        .trim_end()
        .chars()
        .take(120)
        .collect()
}

/// Enough places for any threshold; a hundred thousand scores stay a small file.
fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
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

/// A count on standard error of what has no known end, invisible where that is no terminal.
pub(super) fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} · {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
