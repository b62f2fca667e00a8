//! Cases whose letter must leave in time.

use idproof_domain::case::CaseState;
use idproof_domain::ids::CaseId;

use crate::row::Reader;
use crate::{Database, MessageState, Priority, Result};

/// How many cases are near the time at which their letter must have left, or past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    pub state: CaseState,
    pub at_risk: i64,
    pub overdue: i64,
}

/// The states between handing in and the letter; one index each.
const BEFORE_LETTER: [CaseState; 4] = [
    CaseState::Submitted,
    CaseState::Processing,
    CaseState::InReview,
    CaseState::Accepted,
];

impl Database {
    /// Counts cases whose letter is due before `soon_ms` (`overdue`: before `now_ms`). Sandbox
    /// cases have no deadline.
    pub async fn deadlines(&self, now_ms: i64, soon_ms: i64) -> Result<Vec<Deadlines>> {
        let mut all = Vec::new();
        for state in BEFORE_LETTER {
            // The condition of the index that these two share, without which SQLite walks all cases.
            let index = match state {
                CaseState::Submitted | CaseState::Processing => {
                    "AND state IN ('submitted', 'processing')"
                }
                _ => "",
            };
            let sql = format!(
                "SELECT 'cases' AS id, COALESCE(SUM(CASE WHEN letter_due_at > $1 THEN 1 ELSE 0 END), 0) AS at_risk, \
                 COALESCE(SUM(CASE WHEN letter_due_at <= $1 THEN 1 ELSE 0 END), 0) AS overdue \
                 FROM cases WHERE state = '{state}' {index} AND sandbox = 0 AND letter_due_at <= $2"
            );
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(now_ms)
                .bind(soon_ms)
                .fetch_one(&self.pool)
                .await?;
            let r = Reader::new("cases", "id", &row);
            all.push(Deadlines {
                state,
                at_risk: r.get("at_risk")?,
                overdue: r.get("overdue")?,
            });
        }
        Ok(all)
    }

    /// Puts the jobs of cases whose letter is due before `soon_ms` in front of all others; returns
    /// how many moved.
    pub async fn hurry(&self, soon_ms: i64) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE jobs SET priority = $1 WHERE state = 'ready' AND kind = 'process' AND priority > $1 \
             AND subject IN (SELECT id FROM cases WHERE state IN ('submitted', 'processing') AND letter_due_at <= $2)",
        )
        .bind(Priority::URGENT.0)
        .bind(soon_ms)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Accepted cases, the most urgent first: each is to get its letter. `after`: the last of the
    /// page before.
    pub async fn awaiting_letter(
        &self,
        after: Option<&(i64, CaseId)>,
        limit: i64,
    ) -> Result<Vec<(i64, CaseId)>> {
        let (due, id) = after.map_or((i64::MIN, ""), |(due, id)| (*due, id.as_str()));
        sqlx::query(
            "SELECT id, letter_due_at FROM cases WHERE state = 'accepted' AND letter_due_at IS NOT NULL \
             AND (letter_due_at, id) > ($1, $2) ORDER BY letter_due_at, id LIMIT $3",
        )
        .bind(due)
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("cases", "id", row);
            Ok((r.get("letter_due_at")?, r.parse("id")?))
        })
        .collect()
    }

    /// What became of the newest message of this template in a case: its state, and when it left.
    pub async fn last_message(
        &self,
        case: &CaseId,
        template: &str,
    ) -> Result<Option<(MessageState, Option<i64>)>> {
        let row = sqlx::query(
            "SELECT id, state, sent_at FROM messages WHERE case_id = $1 AND template = $2 \
             ORDER BY id DESC LIMIT 1",
        )
        .bind(case.as_str())
        .bind(template)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let r = Reader::new("messages", "id", &row);
            Ok((r.parse("state")?, r.get("sent_at")?))
        })
        .transpose()
    }

    /// Cases whose letter has left but whose activation code ended unused.
    pub async fn lapsed_codes(&self, now_ms: i64, limit: i64) -> Result<Vec<CaseId>> {
        sqlx::query(
            "SELECT c.id FROM cases c JOIN codes k ON k.case_id = c.id AND k.purpose = 'activation' \
             WHERE c.state IN ('letter_sent', 'letter_opened') AND k.used_at IS NULL AND k.expires_at < $1 \
             ORDER BY c.id LIMIT $2",
        )
        .bind(now_ms)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Reader::new("cases", "id", row).parse("id"))
        .collect()
    }

    /// Removes the proofs of letters made before; returns how many.
    pub async fn forget_proofs(&self, before_ms: i64) -> Result<u64> {
        Ok(sqlx::query("DELETE FROM letter_proofs WHERE at < $1")
            .bind(before_ms)
            .execute(&self.pool)
            .await?
            .rows_affected())
    }
}
