//! Stored scores as lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use idproof_database::{CaseScores, Database, DecisionOutcome, Fold, ScoresFilter};
use idproof_domain::ids::{CaseId, OrganisationId};
use idproof_domain::replay::Circumstances;
use idproof_domain::scores::{Opened, Scores};
use idproof_domain::{ReviewMode, Rules};
use serde::{Deserialize, Serialize};

use crate::commands::UnusableInput;
use crate::config::Config;

/// One attempt of a case.
#[derive(Serialize, Deserialize)]
pub struct Line<'a> {
    case: CaseId,
    attempt: u32,
    organisation: OrganisationId,
    at: i64,
    policy_version: String,
    policy_sha256: String,
    outcome: String,
    person: bool,
    mode: ReviewMode,
    most_attempts: u32,
    #[serde(borrow)]
    scores: Scores<'a>,
}

impl<'a> Line<'a> {
    fn of(row: &'a CaseScores) -> Option<Self> {
        Some(Self {
            case: row.case.clone(),
            attempt: row.attempt,
            organisation: row.organisation.clone(),
            at: row.at,
            policy_version: row.policy_version.clone(),
            policy_sha256: row.policy_sha256.clone(),
            outcome: row.outcome.as_str().to_owned(),
            person: row.person,
            mode: row.rules.mode,
            most_attempts: row.rules.most_attempts,
            scores: row.scores()?,
        })
    }
}

pub async fn open(config: &Config) -> anyhow::Result<Database> {
    let database = Database::open(&config.database).await?;
    database.check_schema().await?;
    Ok(database)
}

/// Prints the newest stored scores, newest first.
pub fn print(cases: u32, config: &Config) -> anyhow::Result<ExitCode> {
    crate::commands::runtime()?.block_on(async {
        let database = open(config).await?;
        let filter = ScoresFilter {
            limit: i64::from(cases),
            ..ScoresFilter::default()
        };
        let fold = Fold {
            empty: String::new,
            step: Arc::new(|text: &mut String, row: &CaseScores, _| {
                let line = Line::of(row).and_then(|l| serde_json::to_string(&l).ok());
                if let Some(line) = line {
                    text.push_str(&line);
                    text.push('\n');
                }
            }),
            join: |all, part| {
                // A closed pipe is the reader's choice.
                let _ = std::io::stdout().write_all(part.as_bytes());
                all.clear();
            },
            progress: None,
        };
        database.fold_scores(filter, fold).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// What a line of a file holds.
pub struct Read {
    pub case: String,
    pub at: i64,
    pub under: Circumstances,
    pub scores: Opened,
}

/// Reads a file that [`print`] wrote, a case at a time.
pub fn each(path: &Path, mut with: impl FnMut(Read)) -> anyhow::Result<()> {
    let file =
        std::fs::File::open(path).map_err(|e| UnusableInput(format!("{}: {e}", path.display())))?;
    for (n, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let read = parse(&line);
        let place = || format!("{}, line {}", path.display(), n + 1);
        with(read.map_err(|what| UnusableInput(format!("{}: {what}", place())))?);
    }
    Ok(())
}

fn parse(line: &str) -> Result<Read, String> {
    let line: Line<'_> =
        serde_json::from_str(line).map_err(|_| "these are no stored scores".to_owned())?;
    let known = line.outcome.parse::<DecisionOutcome>();
    known.map_err(|()| "an unknown outcome".to_owned())?;
    Ok(Read {
        case: line.case.to_string(),
        at: line.at,
        under: Circumstances {
            attempt: line.attempt,
            person: line.person,
            rules: Rules {
                mode: line.mode,
                most_attempts: line.most_attempts,
            },
        },
        scores: line.scores.open().map_err(|e| e.to_string())?,
    })
}
