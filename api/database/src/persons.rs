//! What is kept of the person behind a case beside the case itself, and how it is removed.

use idproof_domain::ids::CaseId;

use crate::row::Reader;
use crate::{Case, Database, Result, Tx};

impl Database {
    /// The case's media key, wrapped; see `idproof_vault::Vault`.
    pub async fn case_key(&self, case: &CaseId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT case_id, wrapped FROM case_keys WHERE case_id = $1")
            .bind(case.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Reader::new("case_keys", "case_id", &row).get("wrapped"))
            .transpose()
    }

    /// What a refused applicant answered.
    pub async fn appeal(&self, case: &CaseId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT case_id, text FROM appeals WHERE case_id = $1")
            .bind(case.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Reader::new("appeals", "case_id", &row).get("text"))
            .transpose()
    }
}

impl Tx {
    pub async fn insert_case_key(
        &mut self,
        case: &CaseId,
        wrapped: &str,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query("INSERT INTO case_keys (case_id, wrapped, created_at) VALUES ($1, $2, $3)")
            .bind(case.as_str())
            .bind(wrapped)
            .bind(now_ms)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Forgets the wrapped key, once the key that wraps it is destroyed.
    pub async fn drop_case_key(&mut self, case: &CaseId) -> Result<()> {
        sqlx::query("DELETE FROM case_keys WHERE case_id = $1")
            .bind(case.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    pub async fn insert_appeal(&mut self, case: &CaseId, text: &str, now_ms: i64) -> Result<()> {
        sqlx::query("INSERT INTO appeals (case_id, text, at) VALUES ($1, $2, $3)")
            .bind(case.as_str())
            .bind(text)
            .bind(now_ms)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Removes everything about the person from the case and what hangs on it: contacts, declared
    /// identity, codes, tokens, the appeal's words, what the page told of devices, addresses of
    /// messages that have left. What has not left keeps its address until it has: the person must
    /// still learn that their data are gone. The media are the purge's, due since the step.
    pub async fn erase_person(&mut self, case: &mut Case) -> Result<()> {
        case.email = None;
        case.phone = None;
        case.declared = None;
        case.reference = None;
        self.save_case(case).await?;
        for sql in [
            "DELETE FROM codes WHERE case_id = $1",
            "DELETE FROM appeals WHERE case_id = $1",
            "UPDATE uploads SET capture = '{}' WHERE case_id = $1",
            "UPDATE review_decisions SET note = NULL WHERE case_id = $1",
            "UPDATE messages SET recipient = '' WHERE case_id = $1 AND channel <> 'webhook' AND state <> 'pending'",
        ] {
            sqlx::query(sql)
                .bind(case.id.as_str())
                .execute(self.connection())
                .await?;
        }
        self.drop_tokens(&case.id).await
    }
}
