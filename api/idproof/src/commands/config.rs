use std::process::ExitCode;

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config;
use crate::terminal::say;

/// Whoever comes here has a configuration that was checked whole.
pub fn run(args: &ConfigArgs, loaded: &config::Config) -> anyhow::Result<ExitCode> {
    match args.command {
        ConfigCommand::Page => say(config::page().trim_end()),
        ConfigCommand::Example => say(config::example().trim_end()),
        ConfigCommand::Check => {
            crate::service::check(loaded)?;
            say("The configuration is valid.");
        }
    }
    Ok(ExitCode::SUCCESS)
}
