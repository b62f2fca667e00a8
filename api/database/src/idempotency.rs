//! Requests that were made under a key of the caller's, so that a repetition gets the first answer.

use crate::row::Reader;
use crate::{Database, Result};

/// What became of a request when it is begun under a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nobody made it before: do it, then [`Database::finish_request`] or [`Database::abandon_request`].
    First,
    /// The first one is still at work.
    Running,
    /// The key was used for another request.
    Other,
    /// It was answered; `body` as it was given.
    Answered { status: u16, body: String },
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "First",
            Self::Running => "Running",
            Self::Other => "Other",
            Self::Answered { .. } => "Answered(hidden)",
        })
    }
}

/// A request without an answer for so long was left by a process that died.
const LEFT_BEHIND_MS: i64 = 60_000;

impl Database {
    /// Begins a request; answers older than `keep_ms` are forgotten.
    pub async fn begin_request(
        &self,
        scope: &str,
        key: &str,
        request_hash: &str,
        keep_ms: i64,
        now_ms: i64,
    ) -> Result<Begun> {
        sqlx::query(
            "DELETE FROM idempotency WHERE scope = $1 AND key = $2 \
             AND (created_at < $3 OR (status IS NULL AND created_at < $4))",
        )
        .bind(scope)
        .bind(key)
        .bind(now_ms.saturating_sub(keep_ms))
        .bind(now_ms.saturating_sub(LEFT_BEHIND_MS))
        .execute(&self.pool)
        .await?;
        let inserted = sqlx::query(
            "INSERT INTO idempotency (scope, key, request_hash, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (scope, key) DO NOTHING",
        )
        .bind(scope)
        .bind(key)
        .bind(request_hash)
        .bind(now_ms)
        .execute(&self.pool)
        .await?;
        if inserted.rows_affected() == 1 {
            return Ok(Begun::First);
        }
        let row = sqlx::query(
            "SELECT key, request_hash, status, body FROM idempotency WHERE scope = $1 AND key = $2",
        )
        .bind(scope)
        .bind(key)
        .fetch_optional(&self.pool)
        .await?;
        // The first one was abandoned just now.
        let Some(row) = row else {
            return Ok(Begun::Running);
        };
        let r = Reader::new("idempotency", "key", &row);
        if r.get::<String>("request_hash")? != request_hash {
            return Ok(Begun::Other);
        }
        let Some(status) = r.get::<Option<i64>>("status")? else {
            return Ok(Begun::Running);
        };
        Ok(Begun::Answered {
            status: u16::try_from(status).map_err(|_| r.bad("status", "no HTTP status"))?,
            body: r.get::<Option<String>>("body")?.unwrap_or_default(),
        })
    }

    /// Keeps the answer.
    pub async fn finish_request(
        &self,
        scope: &str,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<()> {
        sqlx::query("UPDATE idempotency SET status = $1, body = $2 WHERE scope = $3 AND key = $4")
            .bind(i64::from(status))
            .bind(body)
            .bind(scope)
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets a request that is worth repeating: it failed for a passing reason.
    pub async fn abandon_request(&self, scope: &str, key: &str) -> Result<()> {
        sqlx::query("DELETE FROM idempotency WHERE scope = $1 AND key = $2 AND status IS NULL")
            .bind(scope)
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes answers older than `before_ms`; returns how many.
    pub async fn forget_requests(&self, before_ms: i64) -> Result<u64> {
        Ok(sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
            .bind(before_ms)
            .execute(&self.pool)
            .await?
            .rows_affected())
    }
}
