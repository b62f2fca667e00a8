//! Cases whose letter must leave in time.

use idproof_domain::case::CaseState;
use idproof_domain::ids::CaseId;

use crate::row::Reader;
use crate::{Database, Priority, Result};

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
            let sql = format!(
                "SELECT 'cases' AS id, COALESCE(SUM(CASE WHEN letter_due_at > $1 THEN 1 ELSE 0 END), 0) AS at_risk, \
                 COALESCE(SUM(CASE WHEN letter_due_at <= $1 THEN 1 ELSE 0 END), 0) AS overdue \
                 FROM cases WHERE state = '{state}' AND sandbox = 0 AND letter_due_at <= $2"
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
}
