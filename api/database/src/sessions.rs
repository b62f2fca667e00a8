//! Sign-ins of the console: only the hash of what the browser holds is here.

use idproof_domain::ids::{SessionId, StaffId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// How far a sign-in has come.
    Stage {
        /// The password was right; a code is due.
        Totp = "totp",
        /// The password was right; the account's own password and codes are to be set up.
        Enrol = "enrol",
        /// Signed in.
        Ready = "ready",
    }
}

/// A sign-in. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSession {
    pub id: SessionId,
    pub staff: StaffId,
    pub stage: Stage,
    /// `local` or `oidc`.
    pub via: String,
    /// What the browser calls itself.
    pub agent: String,
    pub created_at: i64,
    pub seen_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
}

const ALL: &str = "id, staff_id, stage, via, agent, created_at, seen_at, expires_at, ended_at";

fn session(row: &AnyRow) -> Result<StaffSession> {
    let r = Reader::new("staff_sessions", "id", row);
    Ok(StaffSession {
        id: r.parse("id")?,
        staff: r.parse("staff_id")?,
        stage: r.parse("stage")?,
        via: r.get("via")?,
        agent: r.get("agent")?,
        created_at: r.get("created_at")?,
        seen_at: r.get("seen_at")?,
        expires_at: r.get("expires_at")?,
        ended_at: r.get("ended_at")?,
    })
}

impl Database {
    /// The sign-in whose secret has this hash, over or not.
    pub async fn staff_session(&self, hash: &str) -> Result<Option<StaffSession>> {
        let sql = format!("SELECT {ALL} FROM staff_sessions WHERE hash = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(hash)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(session)
            .transpose()
    }

    /// An account's sign-ins that are not over, newest first.
    pub async fn staff_sessions(
        &self,
        of: &StaffId,
        now_ms: i64,
        seen_after_ms: i64,
    ) -> Result<Vec<StaffSession>> {
        let sql = format!(
            "SELECT {ALL} FROM staff_sessions WHERE staff_id = $1 AND ended_at IS NULL \
             AND expires_at > $2 AND seen_at > $3 ORDER BY id DESC"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .bind(now_ms)
            .bind(seen_after_ms)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(session)
            .collect()
    }

    /// Notes that a sign-in is in use.
    pub async fn note_session(&self, id: &SessionId, now_ms: i64) -> Result<()> {
        sqlx::query("UPDATE staff_sessions SET seen_at = $1 WHERE id = $2 AND ended_at IS NULL")
            .bind(now_ms)
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes sign-ins that ended before; returns how many.
    pub async fn forget_staff_sessions(&self, before_ms: i64) -> Result<u64> {
        Ok(
            sqlx::query("DELETE FROM staff_sessions WHERE expires_at < $1")
                .bind(before_ms)
                .execute(&self.pool)
                .await?
                .rows_affected(),
        )
    }
}

impl Tx {
    pub async fn insert_session(&mut self, new: &StaffSession, hash: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO staff_sessions (id, hash, staff_id, stage, via, agent, created_at, seen_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(new.id.as_str())
        .bind(hash)
        .bind(new.staff.as_str())
        .bind(new.stage.as_str())
        .bind(&new.via)
        .bind(&new.agent)
        .bind(new.created_at)
        .bind(new.seen_at)
        .bind(new.expires_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends a sign-in of the account; `false` if there is none, or it had ended.
    pub async fn end_session(&mut self, id: &SessionId, of: &StaffId, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE staff_sessions SET ended_at = $1 WHERE id = $2 AND staff_id = $3 AND ended_at IS NULL",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .bind(of.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends every sign-in of the account but `except`; returns how many.
    pub async fn end_sessions(
        &mut self,
        of: &StaffId,
        except: Option<&SessionId>,
        now_ms: i64,
    ) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE staff_sessions SET ended_at = $1 WHERE staff_id = $2 AND ended_at IS NULL AND id <> $3",
        )
        .bind(now_ms)
        .bind(of.as_str())
        .bind(except.map_or("", |id| id.as_str()))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }
}
