//! What the service's database tells: deadlines, letters, purge, messages, jobs.

use idproof_database::notices::rfc3339;
use idproof_database::{Database, MessageState};
use idproof_domain::Policy;

use super::Findings;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::say;

const HOUR_MS: i64 = 3_600_000;

pub(super) fn look(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    if let Some(file) = config.database.url.strip_prefix("sqlite:")
        && !std::path::Path::new(file.trim_start_matches("//")).exists()
    {
        say("  –        service: no database yet; `idproof all` makes one");
        return Ok(());
    }
    if let Err(e) = crate::service::check(config) {
        findings.bad("settings", e, "mend the setting that is named");
    }
    crate::commands::runtime()?.block_on(async {
        let insides = match Insides::open(config, Roots::system()).await {
            Ok(insides) => insides,
            Err(e) => {
                let remedy = "see the message; `idproof migrate` prepares a first start";
                findings.bad("service", format_args!("{e:#}"), remedy);
                return Ok(());
            }
        };
        let now = insides.now();
        let soon = now.saturating_add(config.worker.hurry_hours * HOUR_MS);
        letters(&insides.database, now, soon, findings).await?;
        purge(&insides.database, now, findings).await?;
        messages(&insides.database, findings).await?;
        policies(&insides.database, now, findings).await?;
        jobs(&insides.database, now, findings).await
    })
}

async fn letters(
    database: &Database,
    now: i64,
    soon: i64,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let (mut at_risk, mut overdue) = (0, 0);
    for state in database.deadlines(now, soon).await? {
        at_risk += state.at_risk;
        overdue += state.overdue;
    }
    if overdue > 0 {
        findings.bad(
            "letters",
            format_args!("{overdue} should have left by now, {at_risk} soon"),
            "see that workers run and that reviewers clear their queue; the log names what holds a letter up",
        );
    } else {
        findings.good(
            "letters",
            format_args!("none overdue, {at_risk} near their deadline"),
        );
    }
    Ok(())
}

async fn purge(database: &Database, now: i64, findings: &mut Findings) -> anyhow::Result<()> {
    let backlog = database.purge_backlog(now).await?;
    match backlog.oldest_due {
        Some(oldest) if now - oldest > HOUR_MS => findings.bad(
            "purge",
            format_args!(
                "the media of {} cases are kept too long, the oldest since {}",
                backlog.cases,
                rfc3339(oldest)
            ),
            "see that a worker runs and reaches the media store; `idproof purge --dry-run` lists them",
        ),
        _ => findings.good("purge", format_args!("{} cases due", backlog.cases)),
    }
    Ok(())
}

async fn messages(database: &Database, findings: &mut Findings) -> anyhow::Result<()> {
    let mut waiting = 0;
    for counts in database.unsent_messages().await? {
        if counts.state == MessageState::Failed {
            findings.bad(
                "messages",
                format_args!(
                    "{} by {} could not be sent, the oldest of {}",
                    counts.count,
                    counts.channel.as_str(),
                    rfc3339(counts.oldest)
                ),
                "the log says why; `idproof jobs list`, then `idproof jobs unpark` sends those that were given up",
            );
        } else {
            waiting += counts.count;
        }
    }
    findings.good("messages", format_args!("{waiting} on their way"));
    Ok(())
}

/// A version that was approved before the program was replaced may lack what it knows now.
async fn policies(database: &Database, now: i64, findings: &mut Findings) -> anyhow::Result<()> {
    let own = database.organisations().await?.into_iter().map(|o| o.id);
    let mut seen = Vec::new();
    for scope in std::iter::once(None).chain(own.map(Some)) {
        let found = database.policies_in_force(scope.as_ref(), now).await?;
        let Some(version) = found.active.filter(|v| !seen.contains(&v.id)) else {
            continue;
        };
        let text = database.policy_text(&version.id).await?.unwrap_or_default();
        match Policy::parse(&text) {
            Ok(_) => findings.good("policy", format_args!("{} in force", version.name)),
            Err(e) => findings.bad(
                "policy",
                format_args!("{} is in force and cannot be used: {e}", version.name),
                "cases wait: open this version in the console, propose it again with the checks that are new, and let a second person approve it",
            ),
        }
        seen.push(version.id);
    }
    Ok(())
}

async fn jobs(database: &Database, now: i64, findings: &mut Findings) -> anyhow::Result<()> {
    for counts in database.job_counts(now).await? {
        let kind = counts.kind.as_str();
        if counts.parked > 0 {
            findings.bad(
                &format!("jobs {kind}"),
                format_args!("{} were given up", counts.parked),
                "`idproof jobs list` says why; `idproof jobs unpark` puts them back",
            );
        } else {
            findings.good(
                &format!("jobs {kind}"),
                format_args!("{} ready, {} at work", counts.ready, counts.leased),
            );
        }
    }
    Ok(())
}
