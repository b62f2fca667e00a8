use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use idproof_domain::{CheckName, CheckPolicy, OnFail, Policy, Role, Thresholds};

use crate::cli::{PolicyArgs, PolicyCommand};
use crate::commands::UnusableInput;
use crate::terminal::say;

pub fn run(args: &PolicyArgs) -> anyhow::Result<ExitCode> {
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
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Policy> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy =
        Policy::parse(&text).map_err(|e| UnusableInput(format!("{}: {e}", file.display())))?;
    Ok(policy)
}

/// A line for every check and threshold that differs, and how many there are.
fn diff(old: &Policy, new: &Policy) {
    say(format_args!(
        "version {} -> {}",
        old.version(),
        new.version()
    ));
    let mut changes = 0;
    for name in CheckName::ALL {
        let (from, to) = (old.check(name), new.check(name));
        if from != to {
            changes += 1;
            say(format_args!(
                "checks.{name}: {} -> {}",
                shown(from),
                shown(to)
            ));
        }
    }
    for spec in Thresholds::SPECS {
        let of = |policy: &Policy| policy.thresholds().get(spec.key).unwrap_or(spec.default);
        let (from, to) = (of(old), of(new));
        if from != to {
            changes += 1;
            say(format_args!(
                "thresholds.{}: {from} -> {to} {}  ({})",
                spec.key, spec.unit, spec.meaning
            ));
        }
    }
    say(format_args!("{changes} changes"));
}

fn shown(check: CheckPolicy) -> String {
    let role = match check.role {
        Role::Required => "required",
        Role::Advisory => "advisory",
    };
    let on_fail = match check.on_fail {
        OnFail::Refuse => "refuse",
        OnFail::Review => "review",
    };
    format!("{role}, on_fail {on_fail}")
}
