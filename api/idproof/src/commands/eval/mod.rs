//! Measures models on labelled data; each kind writes `report.json` and `report.html`.

mod digits;
pub mod documents;
pub mod speech;
pub mod sync;
mod truth;
mod wav;

use std::process::ExitCode;

use crate::cli::{EvalArgs, EvalCommand};
use crate::config::Config;

pub fn run(args: &EvalArgs, config: &Config) -> anyhow::Result<ExitCode> {
    match &args.command {
        EvalCommand::Documents(args) => documents::run(args, config),
        EvalCommand::Speech(args) => speech::run(args, config),
        EvalCommand::Sync(args) => sync::run(args, config),
    }
}
