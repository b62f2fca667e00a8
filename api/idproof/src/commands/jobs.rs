use std::process::ExitCode;

use idproof_database::notices::rfc3339;

use crate::cli::{JobsArgs, JobsCommand};
use crate::commands::UnusableInput;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::say;

/// Parked jobs shown at most.
const SHOWN: i64 = 1_000;

/// Shows the queue and its parked jobs, and puts parked ones back.
pub fn run(args: &JobsArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        let insides = Insides::open(config, Roots::system()).await?;
        match &args.command {
            JobsCommand::List => list(&insides).await,
            JobsCommand::Unpark { ids, all } => unpark(&insides, ids, *all).await,
        }
    })
}

async fn list(insides: &Insides) -> anyhow::Result<ExitCode> {
    for kind in insides.database.job_counts(insides.now()).await? {
        say(format_args!(
            "{:10} {} ready, {} at work, {} parked",
            kind.kind.as_str(),
            kind.ready,
            kind.leased,
            kind.parked
        ));
    }
    for job in insides.database.parked_jobs(SHOWN).await? {
        say(format_args!(
            "{}  {:8} of {}  made {}  {} attempts: {}",
            job.id,
            job.kind.as_str(),
            job.subject,
            rfc3339(job.created_at),
            job.attempts,
            job.last_error.as_deref().unwrap_or("no reason was kept")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn unpark(insides: &Insides, ids: &[String], all: bool) -> anyhow::Result<ExitCode> {
    let mut wanted = Vec::new();
    for id in ids {
        let id = id
            .parse()
            .map_err(|_| UnusableInput(format!("{id:?} is not the id of a job (job_…)")))?;
        wanted.push(id);
    }
    if all {
        let parked = insides.database.parked_jobs(i64::MAX).await?;
        wanted.extend(parked.into_iter().map(|job| job.id));
    }
    let mut missed = 0;
    for id in &wanted {
        let put_back = insides.database.unpark(id, insides.now()).await?;
        missed += usize::from(!put_back);
        say(format_args!(
            "{id}: {}",
            if put_back { "put back" } else { "not parked" }
        ));
    }
    Ok(if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
