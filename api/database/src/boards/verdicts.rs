use super::BoardFilter;
use crate::row::Reader;
use crate::{Database, DecisionOutcome, Result};

/// Verdicts of one kind. Of retakes, those with the same causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetakeCount {
    pub outcome: DecisionOutcome,
    pub by_person: bool,
    /// Reason codes; empty but for retakes.
    pub reasons: Vec<String>,
    pub count: i64,
}

/// How long one case waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeToDecision {
    pub ms: i64,
    /// A person decided, not the machine alone.
    pub by_person: bool,
}

/// A policy that judged cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySeen {
    pub version: String,
    pub sha256: String,
    pub cases: i64,
    pub first_at: i64,
    pub last_at: i64,
}

/// A model that spoke in one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSeen {
    pub name: String,
    pub version: String,
    pub sha256: String,
    pub at: i64,
}

const BY_PERSON: &str = "CASE WHEN d.decided_by IN ('policy', 'sandbox') THEN 0 ELSE 1 END";
const CHOSEN: &str = "c.sandbox = $2 AND ($3 = '' OR c.organisation = $3)";

impl Database {
    /// Verdicts since then, counted, with the causes of retakes.
    pub async fn verdicts_since(
        &self,
        filter: &BoardFilter,
        since_ms: i64,
    ) -> Result<Vec<RetakeCount>> {
        const CAUSES: &str = "CASE WHEN d.outcome = 'retake' THEN d.reasons ELSE '[]' END";
        let sql = format!(
            "SELECT outcome, causes, by_person, COUNT(*) AS n FROM (\
             SELECT d.outcome AS outcome, {CAUSES} AS causes, {BY_PERSON} AS by_person \
             FROM decisions d JOIN cases c ON c.id = d.case_id WHERE d.at >= $1 \
             AND d.outcome IN ('accept', 'refuse', 'coercion', 'retake') AND {CHOSEN}) v \
             GROUP BY outcome, causes, by_person"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(since_ms)
            .bind(filter.sandbox())
            .bind(filter.organisation())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let r = Reader::new("decisions", "outcome", row);
                Ok(RetakeCount {
                    outcome: r.parse("outcome")?,
                    by_person: r.flag("by_person")?,
                    reasons: r.json("causes")?,
                    count: r.get("n")?,
                })
            })
            .collect()
    }

    /// From handing in the attempt that was accepted or refused to that, of verdicts since then,
    /// in no order. At most `limit`.
    pub async fn times_to_decision(
        &self,
        filter: &BoardFilter,
        since_ms: i64,
        limit: i64,
    ) -> Result<Vec<TimeToDecision>> {
        let sql = format!(
            "SELECT MIN(d.at) - c.submitted_at AS took, MIN({BY_PERSON}) AS by_person \
             FROM decisions d JOIN cases c ON c.id = d.case_id WHERE d.at >= $1 \
             AND d.outcome IN ('accept', 'refuse', 'coercion') AND d.attempt = c.attempt \
             AND d.at >= c.submitted_at AND {CHOSEN} GROUP BY c.id, c.submitted_at LIMIT $4"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(since_ms)
            .bind(filter.sandbox())
            .bind(filter.organisation())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let r = Reader::new("decisions", "took", row);
                Ok(TimeToDecision {
                    ms: r.get("took")?,
                    by_person: r.flag("by_person")?,
                })
            })
            .collect()
    }

    /// Policies by which the machine judged since then, the last to speak first.
    pub async fn policies_since(&self, since_ms: i64) -> Result<Vec<PolicySeen>> {
        sqlx::query(
            "SELECT policy_version, policy_sha256, COUNT(*) AS n, MIN(at) AS first_at, MAX(at) AS last_at \
             FROM decisions WHERE at >= $1 AND decided_by = 'policy' \
             GROUP BY policy_version, policy_sha256 ORDER BY MAX(at) DESC, policy_version DESC LIMIT 200",
        )
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("decisions", "policy_version", row);
            Ok(PolicySeen {
                version: r.get("policy_version")?,
                sha256: r.get("policy_sha256")?,
                cases: r.get("n")?,
                first_at: r.get("first_at")?,
                last_at: r.get("last_at")?,
            })
        })
        .collect()
    }

    /// The models of the newest machine reports since then, a list a report, newest first.
    pub async fn models_since(&self, since_ms: i64, reports: i64) -> Result<Vec<Vec<ModelSeen>>> {
        sqlx::query(
            "SELECT id, report, at FROM decisions WHERE at >= $1 AND decided_by = 'policy' \
             ORDER BY at DESC LIMIT $2",
        )
        .bind(since_ms)
        .bind(reports)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("decisions", "id", row);
            let (report, at): (Report, i64) = (r.json("report")?, r.get("at")?);
            Ok(report
                .models
                .into_iter()
                .map(|m| ModelSeen {
                    name: m.name,
                    version: m.version,
                    sha256: m.sha256,
                    at,
                })
                .collect())
        })
        .collect()
    }
}

/// What is read of a report.
#[derive(serde::Deserialize)]
struct Report {
    #[serde(default)]
    models: Vec<Model>,
}

#[derive(serde::Deserialize)]
struct Model {
    name: String,
    version: String,
    sha256: String,
}
