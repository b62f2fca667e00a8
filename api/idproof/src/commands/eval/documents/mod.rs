//! `idproof eval documents`: how well documents are read, on labelled pictures.

mod material;
mod measure;
mod page;
mod scores;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use idproof_domain::Policy;

use crate::cli::EvalDocumentsArgs;
use crate::clock::SystemClock;
use crate::commands::UnusableInput;
use crate::compose;
use crate::config::Config;
use crate::terminal::say;
use measure::Measures;

pub fn run(args: &EvalDocumentsArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let material = material::gather(&args.data, args.kept_out).map_err(UnusableInput)?;
    let clock = Arc::new(SystemClock::new());
    let store = compose::store(config)?;
    let analysers = compose::analysers(config, &store, clock.clone());
    let decoder = compose::decoder(config, clock.clone())?;
    if let Err(why) = &analysers.text {
        bail!("{why}; `idproof doctor` says how to get it");
    }
    let policy = Policy::parse(Policy::DEFAULT_TEXT)?;
    let mut measures = Measures::new(&analysers, &decoder, &*clock, policy);
    measures.all(&material);
    let report = page::report(args, &material, &measures);
    report
        .write(&args.out)
        .with_context(|| format!("cannot write the report into {}", args.out.display()))?;
    for (file, set) in scores::sets(&measures.rows, &args.data) {
        set.write_as(&args.out, file)?;
        say(format_args!("{file}: {} labelled scores", set.items.len()));
    }
    for line in page::summary(&measures) {
        say(line);
    }
    say(format_args!("Report: {}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}
