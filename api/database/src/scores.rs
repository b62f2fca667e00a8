//! What cases were judged on, kept when their media are gone.

use std::str::FromStr;

use idproof_domain::ids::{CaseId, OrganisationId, PolicyId};
use idproof_domain::replay::Circumstances;
use idproof_domain::scores::Scores;
use idproof_domain::{ReviewMode, Rules};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, DecisionOutcome, Result, Tx};

/// The scores of one attempt of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseScores {
    pub case: CaseId,
    pub attempt: u32,
    pub organisation: OrganisationId,
    /// Milliseconds since 1970.
    pub at: i64,
    pub policy_version: String,
    pub policy_sha256: String,
    pub outcome: DecisionOutcome,
    /// A person had to look whatever the machine found.
    pub person: bool,
    pub rules: Rules,
    /// [`Scores`] as JSON.
    pub scores: String,
    /// The shadow, and what it would have done.
    pub shadow: Option<(PolicyId, DecisionOutcome)>,
}

impl CaseScores {
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            attempt: self.attempt,
            person: self.person,
            rules: self.rules,
        }
    }

    /// `None`: they cannot be read.
    pub fn scores(&self) -> Option<Scores<'_>> {
        serde_json::from_str(&self.scores).ok()
    }

    /// Puts scores into the form that is stored.
    pub fn text_of(scores: &Scores<'_>) -> Result<String> {
        serde_json::to_string(scores)
            .map_err(|e| crate::DatabaseError::Refused(format!("scores cannot be written: {e}")))
    }
}

/// Which stored scores to read: newest first.
#[derive(Debug, Clone, Default)]
pub struct ScoresFilter {
    pub organisation: Option<OrganisationId>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// The last one of the page before, or where to begin: earlier than that.
    pub before: Option<(i64, CaseId, u32)>,
    pub limit: i64,
}

/// What a shadow would have done beside what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    pub active: DecisionOutcome,
    pub shadow: DecisionOutcome,
    pub cases: i64,
}

/// Walks pass over a hundred thousand rows, and a column costs more than what is in it: all short ones
/// are one, with the one that may hold blanks at its end.
const ALL: &str = "case_id, at, scores, attempt || ' ' || organisation || ' ' || policy_sha256 || ' ' || outcome || ' ' || \
    person || ' ' || mode || ' ' || most_attempts || ' ' || COALESCE(shadow_version, '-') || ' ' || \
    COALESCE(shadow_outcome, '-') || ' ' || policy_version AS facts";

fn scores(row: &AnyRow) -> Result<CaseScores> {
    let r = Reader::new("case_scores", "case_id", row);
    let facts: String = r.get("facts")?;
    let mut facts = Facts {
        r: &r,
        words: facts.splitn(10, ' '),
    };
    let attempt = facts.parse("attempt")?;
    let organisation = facts.parse("organisation")?;
    let policy_sha256 = facts.word("policy_sha256")?.to_owned();
    let outcome = facts.parse("outcome")?;
    let person = facts.parse::<u8>("person")? != 0;
    let rules = Rules {
        mode: facts.parse::<ReviewMode>("mode")?,
        most_attempts: facts.parse("most_attempts")?,
    };
    let shadow: Option<PolicyId> = facts.optional("shadow_version")?;
    let would: Option<DecisionOutcome> = facts.optional("shadow_outcome")?;
    Ok(CaseScores {
        case: r.parse("case_id")?,
        attempt,
        organisation,
        at: r.get("at")?,
        policy_version: facts.word("policy_version")?.to_owned(),
        policy_sha256,
        outcome,
        person,
        rules,
        scores: r.get("scores")?,
        shadow: shadow.zip(would),
    })
}

/// The short columns of a row, in the order of [`ALL`].
struct Facts<'a, I> {
    r: &'a Reader<'a>,
    words: I,
}

impl<'a, I: Iterator<Item = &'a str>> Facts<'_, I> {
    fn word(&mut self, column: &'static str) -> Result<&'a str> {
        self.words
            .next()
            .ok_or_else(|| self.r.bad(column, "no value"))
    }

    fn parse<T: FromStr>(&mut self, column: &'static str) -> Result<T> {
        self.word(column)?
            .parse()
            .map_err(|_| self.r.bad(column, "an unknown value"))
    }

    fn optional<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>> {
        match self.word(column)? {
            "-" => Ok(None),
            word => {
                let value = word.parse();
                Ok(Some(
                    value.map_err(|_| self.r.bad(column, "an unknown value"))?,
                ))
            }
        }
    }
}

fn mode(mode: ReviewMode) -> &'static str {
    match mode {
        ReviewMode::Borderline => "borderline",
        ReviewMode::EveryCase => "every-case",
    }
}

impl Database {
    /// A page of stored scores, newest first.
    pub async fn case_scores(&self, filter: &ScoresFilter) -> Result<Vec<CaseScores>> {
        let sql = format!(
            "SELECT {ALL} FROM case_scores WHERE (at, case_id, attempt) < ($1, $2, $3) AND at >= $4 {} \
             ORDER BY at DESC, case_id DESC, attempt DESC LIMIT $6",
            // A column compared with what may be anything keeps an engine from using its index.
            if filter.organisation.is_some() {
                "AND organisation = $5"
            } else {
                "AND $5 = ''"
            }
        );
        let (at, case, attempt) = filter.before.as_ref().map_or(
            (filter.until.unwrap_or(i64::MAX), "", 0),
            |(at, case, attempt)| (*at, case.as_str(), i64::from(*attempt)),
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(at)
            .bind(case)
            .bind(attempt)
            .bind(filter.since.unwrap_or(i64::MIN))
            .bind(filter.organisation.as_ref().map_or("", |o| o.as_str()))
            .bind(filter.limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(scores)
            .collect()
    }

    /// Decisions of the machine since then that left no scores: nothing was analysed, or before
    /// scores were kept.
    pub async fn decisions_without_scores(&self, since_ms: i64, until_ms: i64) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM decisions d JOIN cases c ON c.id = d.case_id \
             WHERE d.at >= $1 AND d.at <= $2 AND d.decided_by = 'policy' AND c.sandbox = 0 \
             AND NOT EXISTS (SELECT 1 FROM case_scores s WHERE s.case_id = d.case_id AND s.attempt = d.attempt)",
        )
        .bind(since_ms)
        .bind(until_ms)
        .fetch_one(&self.pool)
        .await?)
    }

    /// What a version would have done since then, beside what was done.
    pub async fn agreement(&self, shadow: &PolicyId, since_ms: i64) -> Result<Vec<Agreement>> {
        sqlx::query(
            "SELECT 'case_scores' AS case_id, outcome, shadow_outcome, COUNT(*) AS n FROM case_scores \
             WHERE shadow_version = $1 AND at >= $2 GROUP BY outcome, shadow_outcome ORDER BY outcome, shadow_outcome",
        )
        .bind(shadow.as_str())
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("case_scores", "case_id", row);
            Ok(Agreement {
                active: r.parse("outcome")?,
                shadow: r.parse("shadow_outcome")?,
                cases: r.get("n")?,
            })
        })
        .collect()
    }

    /// The newest cases of one cell of that table.
    pub async fn agreement_cases(
        &self,
        shadow: &PolicyId,
        since_ms: i64,
        cell: &Agreement,
        limit: i64,
    ) -> Result<Vec<CaseId>> {
        sqlx::query(
            "SELECT case_id FROM case_scores WHERE shadow_version = $1 AND at >= $2 AND outcome = $3 \
             AND shadow_outcome = $4 ORDER BY at DESC, case_id DESC LIMIT $5",
        )
        .bind(shadow.as_str())
        .bind(since_ms)
        .bind(cell.active.as_str())
        .bind(cell.shadow.as_str())
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Reader::new("case_scores", "case_id", row).parse("case_id"))
        .collect()
    }
}

impl Tx {
    pub async fn insert_case_scores(&mut self, new: &CaseScores) -> Result<()> {
        sqlx::query(
            "INSERT INTO case_scores (case_id, attempt, organisation, at, policy_version, policy_sha256, outcome, person, \
             mode, most_attempts, scores, shadow_version, shadow_outcome) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (case_id, attempt) DO UPDATE SET \
             at = $4, policy_version = $5, policy_sha256 = $6, outcome = $7, person = $8, mode = $9, most_attempts = $10, \
             scores = $11, shadow_version = $12, shadow_outcome = $13",
        )
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(new.organisation.as_str())
        .bind(new.at)
        .bind(&new.policy_version)
        .bind(&new.policy_sha256)
        .bind(new.outcome.as_str())
        .bind(i64::from(new.person))
        .bind(mode(new.rules.mode))
        .bind(i64::from(new.rules.most_attempts))
        .bind(&new.scores)
        .bind(new.shadow.as_ref().map(|(id, _)| id.as_str()))
        .bind(new.shadow.as_ref().map(|(_, outcome)| outcome.as_str()))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
