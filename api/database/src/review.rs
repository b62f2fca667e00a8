//! Cases that wait for a human: one reviewer at a time holds one, for a while.

use std::time::Duration;

use idproof_domain::ids::CaseId;

use crate::cases::{self, Case};
use crate::row::Reader;
use crate::{Database, Engine, Result, Tx};

/// What waits for a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewCounts {
    pub waiting: i64,
    /// Of these, held by a reviewer now.
    pub held: i64,
    /// Since when the oldest one waits.
    pub oldest_since: Option<i64>,
}

fn later(now_ms: i64, lease: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

impl Database {
    /// Gives a reviewer the case whose letter is due first and that nobody holds; one they hold
    /// already comes before any other. Cases of the sandbox are nobody's work.
    pub async fn next_for_review(
        &self,
        holder: &str,
        now_ms: i64,
        lease: Duration,
    ) -> Result<Option<Case>> {
        let skip = match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE SKIP LOCKED",
        };
        for free in [
            "review_holder = $1 AND review_until > $3",
            "(review_until IS NULL OR review_until <= $3)",
        ] {
            let sql = format!(
                "UPDATE cases SET review_holder = $1, review_until = $2, revision = revision + 1 WHERE id = (\
                 SELECT id FROM cases WHERE state = 'in_review' AND sandbox = 0 AND {free} \
                 ORDER BY letter_due_at, id LIMIT 1{skip}) RETURNING {}",
                cases::ALL
            );
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(holder)
                .bind(later(now_ms, lease))
                .bind(now_ms)
                .fetch_optional(&self.pool)
                .await?;
            if let Some(row) = row {
                return Ok(Some(cases::case(&row)?));
            }
        }
        Ok(None)
    }

    /// Lengthens the hold; `false` when it was lost or the case is no longer in review.
    pub async fn keep_review(
        &self,
        case: &CaseId,
        holder: &str,
        now_ms: i64,
        lease: Duration,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE cases SET review_until = $1, revision = revision + 1 \
             WHERE id = $2 AND review_holder = $3 AND review_until > $4 AND state = 'in_review'",
        )
        .bind(later(now_ms, lease))
        .bind(case.as_str())
        .bind(holder)
        .bind(now_ms)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a case back undecided.
    pub async fn leave_review(&self, case: &CaseId, holder: &str) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE cases SET review_holder = NULL, review_until = NULL, revision = revision + 1 \
             WHERE id = $1 AND review_holder = $2",
        )
        .bind(case.as_str())
        .bind(holder)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A page of the queue in the order of work: most urgent first. `after` is the last of the
    /// page before, as `(letter_due_at, id)`.
    pub async fn review_queue(
        &self,
        after: Option<(i64, &CaseId)>,
        limit: i64,
    ) -> Result<Vec<Case>> {
        let sql = format!(
            "SELECT {} FROM cases WHERE state = 'in_review' AND sandbox = 0 \
             AND (letter_due_at, id) > ($1, $2) ORDER BY letter_due_at, id LIMIT $3",
            cases::ALL
        );
        let (due, id) = after.map_or((i64::MIN, ""), |(due, id)| (due, id.as_str()));
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(due)
            .bind(id)
            .bind(limit.clamp(1, 200))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(cases::case)
            .collect()
    }

    /// For metrics.
    pub async fn review_counts(&self, now_ms: i64) -> Result<ReviewCounts> {
        let row = sqlx::query(
            "SELECT 'cases' AS id, COUNT(*) AS waiting, \
             COALESCE(SUM(CASE WHEN review_until > $1 THEN 1 ELSE 0 END), 0) AS held, \
             MIN(state_since) AS oldest FROM cases WHERE state = 'in_review' AND sandbox = 0",
        )
        .bind(now_ms)
        .fetch_one(&self.pool)
        .await?;
        let r = Reader::new("cases", "id", &row);
        Ok(ReviewCounts {
            waiting: r.get("waiting")?,
            held: r.get("held")?,
            oldest_since: r.get("oldest")?,
        })
    }
}

impl Tx {
    /// The case, held against other writers, if this reviewer holds it now.
    pub async fn case_in_review(
        &mut self,
        id: &CaseId,
        holder: &str,
        now_ms: i64,
    ) -> Result<Option<Case>> {
        Ok(self.case(id).await?.filter(|case| {
            case.review_holder.as_deref() == Some(holder)
                && case.review_until.is_some_and(|until| until > now_ms)
        }))
    }
}
