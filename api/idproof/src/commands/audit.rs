//! Walks the chain of events.

use std::process::ExitCode;

use idproof_database::Chain;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{AuditArgs, AuditCommand};
use crate::commands::UnusableInput;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::{note, say};

pub fn run(args: &AuditArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        let insides = Insides::open(config, Roots::system()).await?;
        match &args.command {
            AuditCommand::Head => {
                let head = insides.database.chain_head().await?;
                say(format_args!("{}:{}", head.seq, head.hash));
                Ok(ExitCode::SUCCESS)
            }
            AuditCommand::Verify { head } => {
                let known = head.as_deref().map(parse).transpose()?;
                verify(&insides, known.as_ref()).await
            }
        }
    })
}

async fn verify(insides: &Insides, known: Option<&Chain>) -> anyhow::Result<ExitCode> {
    let head = insides.database.chain_head().await?;
    let bar = ProgressBar::new(u64::try_from(head.seq).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} events, {eta} left") {
        bar.set_style(style);
    }
    let report = insides
        .database
        .verify_chain(known, |seq| {
            bar.set_position(u64::try_from(seq).unwrap_or(0))
        })
        .await?;
    bar.finish_and_clear();
    match report.fault {
        None => {
            say(format_args!(
                "{} events, the chain is whole.",
                report.events
            ));
            say(format_args!("end: {}:{}", report.end.seq, report.end.hash));
            if known.is_none() {
                note(
                    "Keep the end elsewhere and give it with --head next time: only then does it \
                     show that the whole history was not rewritten.",
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(fault) => {
            say(format_args!(
                "BROKEN after {} whole events: {fault}",
                report.events
            ));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn parse(text: &str) -> anyhow::Result<Chain> {
    let wrong = || UnusableInput("--head wants SEQ:HASH, as `idproof audit head` prints it".into());
    let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match seq.parse() {
        Ok(seq) if is_hash => Ok(Chain {
            seq,
            hash: hash.to_ascii_lowercase(),
        }),
        _ => Err(wrong().into()),
    }
}
