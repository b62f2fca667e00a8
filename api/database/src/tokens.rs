//! What lets an applicant come back: continuation tokens, and invitations to go on elsewhere.
//! Only keyed hashes are here.

use idproof_domain::ids::{CaseId, HandoverId};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, Result, Tx};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub case: CaseId,
    pub created_at: i64,
    pub expires_at: i64,
}

/// An invitation to continue on another device.
#[derive(Clone, PartialEq, Eq)]
pub struct Handover {
    pub id: HandoverId,
    pub case: CaseId,
    pub number_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub wrong_count: i64,
    pub taken_at: Option<i64>,
    /// Coarse name of the inviting device, empty if unknown.
    pub asked_by: String,
    /// Keyed hash of the network it was in.
    pub asked_from: String,
    /// As `asked_by`, of the device that took it.
    pub taken_by: String,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover")
            .field("id", &self.id)
            .field("case", &self.case)
            .finish_non_exhaustive()
    }
}

const HANDOVER: &str = "id, case_id, number_hash, created_at, expires_at, wrong_count, taken_at, \
    asked_by, asked_from, taken_by";

fn handover(row: &AnyRow) -> Result<Handover> {
    let r = Reader::new("handovers", "id", row);
    Ok(Handover {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        number_hash: r.get("number_hash")?,
        created_at: r.get("created_at")?,
        expires_at: r.get("expires_at")?,
        wrong_count: r.get("wrong_count")?,
        taken_at: r.get("taken_at")?,
        asked_by: r.get("asked_by")?,
        asked_from: r.get("asked_from")?,
        taken_by: r.get("taken_by")?,
    })
}

impl Database {
    /// The token of this hash, also when it has expired.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>> {
        let row = sqlx::query("SELECT case_id, created_at, expires_at FROM tokens WHERE hash = $1")
            .bind(hash)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let r = Reader::new("tokens", "case_id", &row);
        Ok(Some(Token {
            case: r.parse("case_id")?,
            created_at: r.get("created_at")?,
            expires_at: r.get("expires_at")?,
        }))
    }

    /// Lengthens a token's life; never shortens it.
    pub async fn extend_token(&self, hash: &str, expires_at: i64) -> Result<()> {
        sqlx::query("UPDATE tokens SET expires_at = $1 WHERE hash = $2 AND expires_at < $1")
            .bind(expires_at)
            .bind(hash)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn handover(&self, id: &HandoverId) -> Result<Option<Handover>> {
        let sql = format!("SELECT {HANDOVER} FROM handovers WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(handover)
            .transpose()
    }

    /// The invitation of this hash.
    pub async fn handover_of_token(&self, token_hash: &str) -> Result<Option<Handover>> {
        let sql = format!("SELECT {HANDOVER} FROM handovers WHERE token_hash = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(token_hash)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(handover)
            .transpose()
    }

    /// Removes tokens and invitations that ended before; returns how many.
    pub async fn forget_ended_tokens(&self, before_ms: i64) -> Result<u64> {
        let mut gone = 0;
        for sql in [
            "DELETE FROM tokens WHERE expires_at < $1",
            "DELETE FROM handovers WHERE expires_at < $1",
        ] {
            gone += sqlx::query(sql)
                .bind(before_ms)
                .execute(&self.pool)
                .await?
                .rows_affected();
        }
        Ok(gone)
    }
}

impl Tx {
    /// Writes a token; one that is there already is left as it is.
    pub async fn insert_token(&mut self, hash: &str, token: &Token) -> Result<()> {
        sqlx::query(
            "INSERT INTO tokens (hash, case_id, created_at, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(hash)
        .bind(token.case.as_str())
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Lengthens the life of every living token of a case; never shortens it.
    pub async fn extend_tokens_of(
        &mut self,
        case: &CaseId,
        now_ms: i64,
        expires_at: i64,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE tokens SET expires_at = $1 WHERE case_id = $2 AND expires_at < $1 AND expires_at > $3",
        )
        .bind(expires_at)
        .bind(case.as_str())
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes back every token and invitation of a case.
    pub async fn drop_tokens(&mut self, case: &CaseId) -> Result<()> {
        for sql in [
            "DELETE FROM tokens WHERE case_id = $1",
            "DELETE FROM handovers WHERE case_id = $1",
        ] {
            sqlx::query(sql)
                .bind(case.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Writes an invitation; any earlier one of the case that nobody took ends.
    pub async fn insert_handover(&mut self, new: &Handover, token_hash: &str) -> Result<()> {
        sqlx::query(
            "UPDATE handovers SET expires_at = $1 WHERE case_id = $2 AND taken_at IS NULL AND expires_at > $1",
        )
        .bind(new.created_at)
        .bind(new.case.as_str())
        .execute(self.connection())
        .await?;
        sqlx::query(
            "INSERT INTO handovers (id, case_id, token_hash, number_hash, created_at, expires_at, wrong_count, \
             asked_by, asked_from) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(token_hash)
        .bind(&new.number_hash)
        .bind(new.created_at)
        .bind(new.expires_at)
        .bind(&new.asked_by)
        .bind(&new.asked_from)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The invitation of this hash, held against other takers.
    pub async fn handover_by_token(&mut self, token_hash: &str) -> Result<Option<Handover>> {
        let sql = format!(
            "SELECT {HANDOVER} FROM handovers WHERE token_hash = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(token_hash)
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(handover)
            .transpose()
    }

    /// Writes how often it was guessed wrongly, when and by which device it was taken, when it ends.
    pub async fn save_handover(&mut self, handover: &Handover) -> Result<()> {
        sqlx::query(
            "UPDATE handovers SET wrong_count = $1, taken_at = $2, expires_at = $3, taken_by = $4 WHERE id = $5",
        )
        .bind(handover.wrong_count)
        .bind(handover.taken_at)
        .bind(handover.expires_at)
        .bind(&handover.taken_by)
        .bind(handover.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
