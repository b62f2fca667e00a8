use std::process::ExitCode;

use anyhow::Context;
use idproof_domain::Policy;

use crate::cli::{PolicyArgs, PolicyCommand};
use crate::commands::UnusableInput;
use crate::terminal::say;

pub fn run(args: &PolicyArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        PolicyCommand::Show => say(Policy::DEFAULT_TEXT.trim_end()),
        PolicyCommand::Check { file } => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let policy = Policy::parse(&text)
                .map_err(|e| UnusableInput(format!("{}: {e}", file.display())))?;
            say(format_args!(
                "{}: version {} is valid",
                file.display(),
                policy.version()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
