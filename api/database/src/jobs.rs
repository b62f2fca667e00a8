//! The queue: leases, attempts counted at claim, back-off, poison jobs parked. Jobs carry ids,
//! never blobs, and are idempotent.

use std::str::FromStr;
use std::time::Duration;

use idproof_domain::ids::JobId;
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, Engine, Result, Tx};

/// What is to be done; the subject says to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Analyse and judge a case. Subject: the case.
    Process,
    /// Send a message of the outbox. Subject: the message.
    Deliver,
}

impl JobKind {
    pub const ALL: [Self; 2] = [Self::Process, Self::Deliver];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Deliver => "deliver",
        }
    }
}

impl FromStr for JobKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(())
    }
}

/// Smaller runs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub i64);

impl Priority {
    pub const URGENT: Self = Self(10);
    pub const NORMAL: Self = Self(50);
    pub const LOW: Self = Self(90);
}

#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    /// The same work is never queued twice.
    pub dedupe: String,
    pub priority: Priority,
    pub run_at: i64,
    pub now_ms: i64,
}

/// A job under a lease. Whoever holds the token may finish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    /// This attempt included.
    pub attempts: i64,
    pub token: String,
}

/// How failed attempts are spaced, and when a job counts as poison.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    pub most_attempts: i64,
    pub first: Duration,
    pub longest: Duration,
}

impl RetryPolicy {
    /// The wait after the given number of attempts: doubled each time.
    pub fn wait(&self, attempts: i64) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 30)).unwrap_or(30);
        self.first
            .saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(self.longest)
    }
}

/// A job as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    pub state: String,
    pub attempts: i64,
    pub run_at: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
}

/// How many jobs of a kind there are in each condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    pub kind: JobKind,
    pub ready: i64,
    pub leased: i64,
    pub parked: i64,
    /// When the oldest job that is due was due, if there is one.
    pub oldest_due: Option<i64>,
}

fn job_row(row: &AnyRow) -> Result<JobRow> {
    let r = Reader::new("jobs", "id", row);
    Ok(JobRow {
        id: r.parse("id")?,
        kind: r.parse("kind")?,
        subject: r.get("subject")?,
        state: r.get("state")?,
        attempts: r.get("attempts")?,
        run_at: r.get("run_at")?,
        last_error: r.get("last_error")?,
        created_at: r.get("created_at")?,
    })
}

impl Tx {
    /// Queues a job with the state change it belongs to; `false` if the same was queued before.
    pub async fn enqueue(&mut self, job: &NewJob) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO jobs (id, kind, subject, dedupe, priority, run_at, attempts, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, 'ready', $7) ON CONFLICT (dedupe) DO NOTHING",
        )
        .bind(job.id.as_str())
        .bind(job.kind.as_str())
        .bind(&job.subject)
        .bind(&job.dedupe)
        .bind(job.priority.0)
        .bind(job.run_at)
        .bind(job.now_ms)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Marks a claimed job done, in the transaction of its result. `false`: the lease was lost, so
    /// somebody else may be at it; the transaction must not be committed.
    pub async fn finish_job(&mut self, job: &Claimed, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'done', finished_at = $1, lease_until = NULL, lease_token = NULL, last_error = NULL \
             WHERE id = $2 AND lease_token = $3 AND state = 'ready'",
        )
        .bind(now_ms)
        .bind(job.id.as_str())
        .bind(&job.token)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Parks a claimed job with its reason; a human looks. `false`: the lease was lost.
    pub async fn park_job(&mut self, job: &Claimed, why: &str, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'parked', finished_at = $1, lease_until = NULL, lease_token = NULL, last_error = $2 \
             WHERE id = $3 AND lease_token = $4 AND state = 'ready'",
        )
        .bind(now_ms)
        .bind(why)
        .bind(job.id.as_str())
        .bind(&job.token)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

impl Database {
    /// Takes the most urgent job that is due and not leased; counts the attempt, also where the
    /// last worker died of it: whoever takes a job with more attempts than are allowed parks it.
    /// `token` is a fresh random text.
    pub async fn claim(
        &self,
        kinds: &[JobKind],
        now_ms: i64,
        lease: Duration,
        token: &str,
    ) -> Result<Option<Claimed>> {
        let until = now_ms + i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2);
        let skip = match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE SKIP LOCKED",
        };
        let kinds: Vec<String> = kinds.iter().map(|k| format!("'{}'", k.as_str())).collect();
        let sql = format!(
            "UPDATE jobs SET attempts = attempts + 1, lease_until = $1, lease_token = $2 WHERE id = (\
             SELECT id FROM jobs WHERE state = 'ready' AND kind IN ({}) AND run_at <= $3 \
             AND (lease_until IS NULL OR lease_until <= $3) \
             ORDER BY priority, run_at, id LIMIT 1{skip}) \
             RETURNING id, kind, subject, attempts",
            kinds.join(", ")
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(until)
            .bind(token)
            .bind(now_ms)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let r = Reader::new("jobs", "id", &row);
        Ok(Some(Claimed {
            id: r.parse("id")?,
            kind: r.parse("kind")?,
            subject: r.get("subject")?,
            attempts: r.get("attempts")?,
            token: token.to_owned(),
        }))
    }

    /// Lengthens the lease; `false` when it was lost.
    pub async fn heartbeat(&self, job: &Claimed, until: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND lease_token = $3 AND state = 'ready'",
        )
        .bind(until)
        .bind(job.id.as_str())
        .bind(&job.token)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a failed job back for a later attempt.
    pub async fn retry_later(&self, job: &Claimed, run_at: i64, why: &str) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET run_at = $1, lease_until = NULL, lease_token = NULL, last_error = $2 \
             WHERE id = $3 AND lease_token = $4 AND state = 'ready'",
        )
        .bind(run_at)
        .bind(why)
        .bind(job.id.as_str())
        .bind(&job.token)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a job back untouched, its attempt uncounted: the process is stopping.
    pub async fn release(&self, job: &Claimed) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET attempts = attempts - 1, lease_until = NULL, lease_token = NULL \
             WHERE id = $1 AND lease_token = $2 AND state = 'ready'",
        )
        .bind(job.id.as_str())
        .bind(&job.token)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts a parked job back with fresh attempts.
    pub async fn unpark(&self, id: &JobId, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'ready', attempts = 0, run_at = $1, finished_at = NULL WHERE id = $2 AND state = 'parked'",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The parked jobs, oldest first.
    pub async fn parked_jobs(&self, limit: i64) -> Result<Vec<JobRow>> {
        sqlx::query(
            "SELECT id, kind, subject, state, attempts, run_at, last_error, created_at FROM jobs \
             WHERE state = 'parked' ORDER BY created_at, id LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(job_row)
        .collect()
    }

    /// For metrics: one entry a kind.
    pub async fn job_counts(&self, now_ms: i64) -> Result<Vec<JobCounts>> {
        let mut all = Vec::new();
        for kind in JobKind::ALL {
            let row = sqlx::query(
                "SELECT COALESCE(SUM(CASE WHEN state = 'ready' AND (lease_until IS NULL OR lease_until <= $1) THEN 1 ELSE 0 END), 0) AS ready, \
                 COALESCE(SUM(CASE WHEN state = 'ready' AND lease_until > $1 THEN 1 ELSE 0 END), 0) AS leased, \
                 COALESCE(SUM(CASE WHEN state = 'parked' THEN 1 ELSE 0 END), 0) AS parked, \
                 MIN(CASE WHEN state = 'ready' AND run_at <= $1 THEN run_at END) AS oldest_due, $2 AS kind \
                 FROM jobs WHERE kind = $2 AND state <> 'done'",
            )
            .bind(now_ms)
            .bind(kind.as_str())
            .fetch_one(&self.pool)
            .await?;
            let r = Reader::new("jobs", "kind", &row);
            all.push(JobCounts {
                kind,
                ready: r.get("ready")?,
                leased: r.get("leased")?,
                parked: r.get("parked")?,
                oldest_due: r.get("oldest_due")?,
            });
        }
        Ok(all)
    }
}
