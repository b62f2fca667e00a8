//! What was decided about a case, by whom, on which evidence.

use idproof_domain::Outcome;
use idproof_domain::ids::{CaseId, DecisionId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// What a look at the case led to.
    DecisionOutcome {
        Accept = "accept",
        Review = "review",
        Refuse = "refuse",
        Retake = "retake",
        /// A refusal whose cause, suspected coercion, is told to nobody outside.
        Coercion = "coercion",
    }
}

impl From<Outcome> for DecisionOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accept => Self::Accept,
            Outcome::Review => Self::Review,
            Outcome::Refuse => Self::Refuse,
        }
    }
}

/// One judgement of a case. Never changed, and kept when media and personal data are gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub id: DecisionId,
    pub case: CaseId,
    pub attempt: u32,
    pub outcome: DecisionOutcome,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// `idproof_wire::Report` as JSON: checks with score and threshold, models, policy. Neither
    /// biometrics nor names. Of a person's decision: who, when, and on which machine's report.
    pub report: serde_json::Value,
    pub policy_version: String,
    pub policy_sha256: String,
    /// `policy`, `sandbox`, or the account of the person who decided.
    pub decided_by: String,
    pub at: i64,
}

const ALL: &str =
    "id, case_id, attempt, outcome, reasons, report, policy_version, policy_sha256, decided_by, at";

fn decision(row: &AnyRow) -> Result<Decision> {
    let r = Reader::new("decisions", "id", row);
    Ok(Decision {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        attempt: u32::try_from(r.get::<i64>("attempt")?)
            .map_err(|_| r.bad("attempt", "a negative number"))?,
        outcome: r.parse("outcome")?,
        reasons: r.json("reasons")?,
        report: r.json("report")?,
        policy_version: r.get("policy_version")?,
        policy_sha256: r.get("policy_sha256")?,
        decided_by: r.get("decided_by")?,
        at: r.get("at")?,
    })
}

impl Database {
    /// Every judgement of a case, oldest first.
    pub async fn decisions_of(&self, case: &CaseId) -> Result<Vec<Decision>> {
        let sql = format!("SELECT {ALL} FROM decisions WHERE case_id = $1 ORDER BY at, id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(decision)
            .collect()
    }
}

impl Tx {
    pub async fn insert_decision(&mut self, new: &Decision) -> Result<()> {
        sqlx::query(
            "INSERT INTO decisions (id, case_id, attempt, outcome, reasons, report, policy_version, policy_sha256, decided_by, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(new.outcome.as_str())
        .bind(serde_json::Value::from(new.reasons.clone()).to_string())
        .bind(new.report.to_string())
        .bind(&new.policy_version)
        .bind(&new.policy_sha256)
        .bind(&new.decided_by)
        .bind(new.at)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
