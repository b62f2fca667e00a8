//! Policies as files: checked, compared, and held against what cases were judged on.

mod replay;
mod stored;
mod table;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use idproof_domain::{Policy, PolicyChange, completed, differences, renamed};

use crate::cli::{PolicyArgs, PolicyCommand};
use crate::commands::UnusableInput;
use crate::config::Config;
use crate::terminal::say;

pub fn run(args: &PolicyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    match &args.command {
        PolicyCommand::Show => say(Policy::DEFAULT_TEXT.trim_end()),
        PolicyCommand::Check { file } => {
            let policy = read(file)?;
            say(format_args!(
                "{}: version {} is valid",
                file.display(),
                policy.version()
            ));
        }
        PolicyCommand::Diff { first, second } => {
            let (old, new) = match second {
                Some(second) => (read(first)?, read(second)?),
                None => (Policy::parse(Policy::DEFAULT_TEXT)?, read(first)?),
            };
            diff(&old, &new);
        }
        PolicyCommand::Amend { file, name } => {
            say(amended(file, name.as_deref())?.trim_end());
        }
        PolicyCommand::Replay(args) => return replay::run(args, config),
        PolicyCommand::Scores { cases } => return stored::print(*cases, config),
    }
    Ok(ExitCode::SUCCESS)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The text with every check of this program, under another name where one is given.
fn amended(file: &Path, name: Option<&str>) -> anyhow::Result<String> {
    let unusable = |e| UnusableInput(format!("{}: {e}", file.display()));
    let text = completed(&text_of(file)?).map_err(unusable)?.text;
    match name {
        Some(name) => Ok(renamed(&text, name).map_err(unusable)?),
        None => Ok(text),
    }
}

fn read(file: &Path) -> anyhow::Result<Policy> {
    let text = text_of(file)?;
    let policy =
        Policy::parse(&text).map_err(|e| UnusableInput(format!("{}: {e}", file.display())))?;
    Ok(policy)
}

/// A line for every difference, and how many there are.
fn diff(old: &Policy, new: &Policy) {
    say(format_args!(
        "version {} -> {}",
        old.version(),
        new.version()
    ));
    let changes = differences(old, new);
    for change in &changes {
        say(line(change));
    }
    say(format_args!("{} changes", changes.len()));
}

fn line(c: &PolicyChange) -> String {
    let mut line = format!("{}: {} -> {}", c.key, c.from, c.to);
    if let Some(unit) = c.unit {
        line.push_str(&format!(" {unit}"));
    }
    match c.looser {
        Some(true) => line.push_str(", looser"),
        Some(false) => line.push_str(", stricter"),
        None => {}
    }
    if let Some((_, meaning)) = c.meaning {
        line.push_str(&format!("  ({meaning})"));
    }
    line
}
