//! Challenges: one valid at a time for an attempt of a case.

use idproof_domain::challenge::Script;
use idproof_domain::ids::{CaseId, ChallengeId};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, DatabaseError, Result, Tx};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub id: ChallengeId,
    pub case: CaseId,
    pub attempt: u32,
    pub script: Script,
    pub created_at: i64,
    pub expires_at: i64,
    /// A later one was drawn then.
    pub voided_at: Option<i64>,
    /// A recording was bound to it then.
    pub used_at: Option<i64>,
}

const ALL: &str = "id, case_id, attempt, script, created_at, expires_at, voided_at, used_at";

fn challenge(row: &AnyRow) -> Result<Challenge> {
    let r = Reader::new("challenges", "id", row);
    Ok(Challenge {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        attempt: u32::try_from(r.get::<i64>("attempt")?)
            .map_err(|_| r.bad("attempt", "a negative number"))?,
        script: r.json("script")?,
        created_at: r.get("created_at")?,
        expires_at: r.get("expires_at")?,
        voided_at: r.get("voided_at")?,
        used_at: r.get("used_at")?,
    })
}

impl Database {
    pub async fn challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>> {
        let sql = format!("SELECT {ALL} FROM challenges WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(challenge)
            .transpose()
    }
}

impl Database {
    /// Notes that a recording outside any case answered this challenge; `false` where one did before.
    /// Forgets those that have expired: nobody can use them any more.
    pub async fn use_signed_challenge(
        &self,
        id: &str,
        expires_at: i64,
        now_ms: i64,
    ) -> Result<bool> {
        sqlx::query("DELETE FROM used_challenges WHERE expires_at < $1")
            .bind(now_ms)
            .execute(&self.pool)
            .await?;
        let done = sqlx::query(
            "INSERT INTO used_challenges (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(expires_at)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

impl Tx {
    /// Writes a new challenge and voids every other of the case.
    pub async fn draw_challenge(&mut self, new: &Challenge) -> Result<()> {
        let script = serde_json::to_string(&new.script)
            .map_err(|e| DatabaseError::Refused(format!("a challenge: {e}")))?;
        sqlx::query(
            "UPDATE challenges SET voided_at = $1 WHERE case_id = $2 AND voided_at IS NULL",
        )
        .bind(new.created_at)
        .bind(new.case.as_str())
        .execute(self.connection())
        .await?;
        sqlx::query(
            "INSERT INTO challenges (id, case_id, attempt, script, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(script)
        .bind(new.created_at)
        .bind(new.expires_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The challenge, held against other users.
    pub async fn challenge(&mut self, id: &ChallengeId) -> Result<Option<Challenge>> {
        let sql = format!(
            "SELECT {ALL} FROM challenges WHERE id = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(challenge)
            .transpose()
    }

    /// The newest challenge of a case, valid or not.
    pub async fn last_challenge(&mut self, case: &CaseId) -> Result<Option<Challenge>> {
        let sql =
            format!("SELECT {ALL} FROM challenges WHERE case_id = $1 ORDER BY id DESC LIMIT 1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(challenge)
            .transpose()
    }

    /// How many were drawn in an attempt.
    pub async fn count_challenges(&mut self, case: &CaseId, attempt: u32) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM challenges WHERE case_id = $1 AND attempt = $2",
        )
        .bind(case.as_str())
        .bind(i64::from(attempt))
        .fetch_one(self.connection())
        .await?)
    }

    /// Binds a recording to it: once. `false`: one was bound before, or it is void.
    pub async fn use_challenge(&mut self, id: &ChallengeId, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE challenges SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND voided_at IS NULL",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
