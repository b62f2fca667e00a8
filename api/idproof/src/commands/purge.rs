use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use idproof_database::notices::rfc3339;
use idproof_domain::ids::CaseId;
use idproof_jobs::{Context, Idle, Purge, Reconciler, Tally};
use tokio::sync::Notify;

use crate::cli::PurgeArgs;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::say;

const PAGE: i64 = 500;

/// Deletes the media that are due now, as the worker does; or shows which are, and why.
pub fn run(args: &PurgeArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        let insides = Insides::open(config, Roots::system()).await?;
        if args.dry_run {
            return show(&insides, config).await;
        }
        let context = Context {
            database: insides.database.clone(),
            clock: Arc::clone(&insides.roots.clock),
            random: Arc::clone(&insides.roots.random),
            tally: Arc::new(Tally::default()),
            bell: Arc::new(Notify::new()),
        };
        let idle = Duration::from_secs(config.worker.idle_hours * 3600);
        let ended = Idle::new(context.clone(), idle).run().await?;
        let done = Purge::new(context, insides.vault.clone()).purge().await?;
        say(format_args!(
            "{ended} abandoned cases ended; the media of {} cases are gone ({} objects, each verified); \
             {} had no key any more; {} failed",
            done.cases, done.objects, done.without_key, done.failed
        ));
        Ok(if done.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

async fn show(insides: &Insides, config: &Config) -> anyhow::Result<ExitCode> {
    let now = insides.now();
    let due = show_due(insides, now).await?;
    let locked_out = show_locked_out(insides, now).await?;
    let idle_ms = i64::try_from(config.worker.idle_hours)? * 3_600_000;
    let idle = insides
        .database
        .idle_cases(now.saturating_sub(idle_ms), i64::MAX)
        .await?;
    for case in &idle {
        say(format_args!(
            "{}  would end: nothing has happened since {}",
            case.case,
            rfc3339(case.last_activity_at)
        ));
    }
    say(format_args!(
        "{} cases with {} objects would be purged, {} abandoned cases would end first. \
         Nothing was changed.",
        due.0 + locked_out.0,
        due.1 + locked_out.1,
        idle.len()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Cases and objects.
type Counts = (u64, i64);

async fn show_due(insides: &Insides, now: i64) -> anyhow::Result<Counts> {
    let mut counts = (0, 0);
    let mut after = None;
    loop {
        let database = &insides.database;
        let page = database.due_media(now, after.as_ref(), PAGE).await?;
        for due in &page {
            counts = (counts.0 + 1, counts.1 + due.objects);
            say(format_args!(
                "{}  {} objects  due since {}  {}",
                due.case,
                due.objects,
                rfc3339(due.due_at),
                why(due.state)
            ));
        }
        match page.into_iter().next_back() {
            Some(last) => after = Some(last),
            None => return Ok(counts),
        }
    }
}

async fn show_locked_out(insides: &Insides, now: i64) -> anyhow::Result<Counts> {
    let mut counts = (0, 0);
    let mut after: Option<CaseId> = None;
    loop {
        let database = &insides.database;
        let page = database.open_media(now, after.as_ref(), PAGE).await?;
        for open in &page {
            if insides.vault.keyring().exists(&open.case).await? {
                continue;
            }
            counts = (counts.0 + 1, counts.1 + open.objects);
            say(format_args!(
                "{}  {} objects  its key was destroyed: the database is older than its purge ({})",
                open.case,
                open.objects,
                open.state.as_str()
            ));
        }
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.case),
            None => return Ok(counts),
        }
    }
}

fn why(state: idproof_domain::case::CaseState) -> String {
    use idproof_domain::case::CaseState;
    match state {
        CaseState::Withdrawn | CaseState::Expired | CaseState::Deleted => {
            format!("the case ended ({})", state.as_str())
        }
        _ => format!("72 hours after processing ({})", state.as_str()),
    }
}
