use std::io::Read;
use std::process::ExitCode;

use anyhow::Context;
use idproof_database::{MessageState, NewEvent};
use idproof_delivery::{Bounce, read_bounce};
use idproof_domain::case::Actor;
use serde_json::json;

use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::say;

/// A report encloses at most the mail it is about, which is small.
const MOST_BYTES: u64 = 4 << 20;
/// `EX_TEMPFAIL` of sysexits.h: the mail server keeps the report and tries again.
const EXIT_LATER: u8 = 75;

/// Notes what a report of an undeliverable mail, on standard input, says. Mails that are no such
/// reports are said to be none and end well: a mail server would send an error back to their sender.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut mail = Vec::new();
    std::io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_to_end(&mut mail)
        .context("the mail cannot be read from standard input")?;
    let bounce = match read_bounce(&mail) {
        Ok(bounce) => bounce,
        Err(e) => {
            say(format_args!("nothing to note: {e}"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    match super::runtime()?.block_on(note(&bounce, config)) {
        Ok(said) => {
            say(said);
            Ok(ExitCode::SUCCESS)
        }
        Err(e) => {
            crate::terminal::error(&e);
            Ok(ExitCode::from(EXIT_LATER))
        }
    }
}

async fn note(bounce: &Bounce, config: &Config) -> anyhow::Result<String> {
    let insides = Insides::open(config, Roots::system()).await?;
    let now = insides.now();
    let Some(message) = insides.database.message(&bounce.message).await? else {
        return Ok("nothing to note: no such message was sent from here".to_owned());
    };
    let status = bounce.status.as_deref().unwrap_or("no status");
    if !bounce.failed {
        return Ok(format!(
            "{} is late ({status}), and still under way",
            message.id
        ));
    }
    if message.state != MessageState::Sent {
        return Ok(format!(
            "nothing to note: {} is {}",
            message.id,
            message.state.as_str()
        ));
    }
    let mut tx = insides.database.begin().await?;
    let why = format!("sent, then returned by a mail server ({status})");
    if tx.return_message(&message.id, &why).await? {
        tx.record(NewEvent {
            case: message.case.clone(),
            at: now,
            kind: "message_returned".to_owned(),
            actor: Actor::System,
            data: json!({
                "message": message.id,
                "template": message.template,
                "status": bounce.status,
            }),
        });
    }
    tx.commit().await?;
    Ok(format!("{} is noted as failed: {why}", message.id))
}
