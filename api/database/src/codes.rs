//! Six-digit codes: what is kept of them. How they may be used is in `idproof_domain::confirm`.

use idproof_domain::confirm::{CodePurpose, CodeRecord};
use idproof_domain::ids::CaseId;
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, Result, Tx};

/// A code of a case. The digits are derived from the nonce under a key outside the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    pub case: CaseId,
    pub purpose: CodePurpose,
    pub nonce: String,
    /// Keyed hash of the digits.
    pub hash: String,
    /// The address or number that is being confirmed.
    pub target: Option<String>,
    pub record: CodeRecord,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code")
            .field("case", &self.case)
            .field("purpose", &self.purpose)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

const ALL: &str = "case_id, purpose, nonce, hash, target, created_at, expires_at, window_since, sent_at, \
    sent_count, wrong_count, locked_until, used_at";

fn code(row: &AnyRow) -> Result<Code> {
    let r = Reader::new("codes", "case_id", row);
    let count = |column| -> Result<u32> {
        u32::try_from(r.get::<i64>(column)?).map_err(|_| r.bad(column, "a negative number"))
    };
    Ok(Code {
        case: r.parse("case_id")?,
        purpose: r.parse("purpose")?,
        nonce: r.get("nonce")?,
        hash: r.get("hash")?,
        target: r.get("target")?,
        record: CodeRecord {
            created_at: r.get("created_at")?,
            expires_at: r.get("expires_at")?,
            window_since: r.get("window_since")?,
            sent_at: r.get("sent_at")?,
            sent_count: count("sent_count")?,
            wrong_count: count("wrong_count")?,
            locked_until: r.get("locked_until")?,
            used_at: r.get("used_at")?,
        },
    })
}

impl Database {
    pub async fn code(&self, case: &CaseId, purpose: CodePurpose) -> Result<Option<Code>> {
        let sql = format!("SELECT {ALL} FROM codes WHERE case_id = $1 AND purpose = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .bind(purpose.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(code)
            .transpose()
    }
}

impl Tx {
    /// The code, held against other guesses.
    pub async fn code(&mut self, case: &CaseId, purpose: CodePurpose) -> Result<Option<Code>> {
        let sql = format!(
            "SELECT {ALL} FROM codes WHERE case_id = $1 AND purpose = $2{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .bind(purpose.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(code)
            .transpose()
    }

    /// Writes the code in the place of the last of its purpose.
    pub async fn put_code(&mut self, code: &Code) -> Result<()> {
        let r = &code.record;
        sqlx::query(
            "INSERT INTO codes (case_id, purpose, nonce, hash, target, created_at, expires_at, window_since, sent_at, \
             sent_count, wrong_count, locked_until, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (case_id, purpose) DO UPDATE SET nonce = excluded.nonce, hash = excluded.hash, \
             target = excluded.target, created_at = excluded.created_at, expires_at = excluded.expires_at, \
             window_since = excluded.window_since, sent_at = excluded.sent_at, sent_count = excluded.sent_count, \
             wrong_count = excluded.wrong_count, locked_until = excluded.locked_until, used_at = excluded.used_at",
        )
        .bind(code.case.as_str())
        .bind(code.purpose.as_str())
        .bind(&code.nonce)
        .bind(&code.hash)
        .bind(code.target.as_deref())
        .bind(r.created_at)
        .bind(r.expires_at)
        .bind(r.window_since)
        .bind(r.sent_at)
        .bind(i64::from(r.sent_count))
        .bind(i64::from(r.wrong_count))
        .bind(r.locked_until)
        .bind(r.used_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
