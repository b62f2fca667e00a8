use std::process::ExitCode;

use anyhow::Context;
use idproof_database::notices::rfc3339;
use idproof_delivery::outbox;

use crate::cli::OutboxArgs;
use crate::config::Config;
use crate::terminal::say;

/// Shows the newest messages of the local outbox, the newest last.
pub fn run(args: &OutboxArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let dir = &config.outbox.dir;
    let messages =
        outbox::list(dir, args.last).with_context(|| format!("cannot read {}", dir.display()))?;
    for message in messages.iter().rev() {
        let kind = if message.subject.is_some() {
            "e-mail"
        } else {
            "SMS"
        };
        say(format_args!(
            "--- {} {kind} to {} ({})",
            rfc3339(message.at_ms),
            message.to,
            message.path.display()
        ));
        if let Some(subject) = &message.subject {
            say(format_args!("Subject: {subject}\n"));
        }
        say(message.text.trim_end());
        say("");
    }
    if messages.is_empty() {
        say(format_args!("{}: no messages", dir.display()));
    }
    Ok(ExitCode::SUCCESS)
}
