//! How organisations appear, and what console and program change of their keys and addresses.

use std::collections::HashMap;

use idproof_domain::branding::Branding;
use idproof_domain::ids::{KeyId, OrganisationId};

use crate::keys::{self, ApiKey};
use crate::row::Reader;
use crate::{Database, Result, Tx};

/// Where in an organisation's settings this lies.
const BRANDING: &str = "branding";

type Settings = serde_json::Map<String, serde_json::Value>;

impl Database {
    /// How an organisation appears; `None`: there is no such organisation.
    pub async fn branding(&self, of: &OrganisationId) -> Result<Option<Branding>> {
        let row = sqlx::query("SELECT id, settings FROM organisations WHERE id = $1")
            .bind(of.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| {
            let r = Reader::new("organisations", "id", &row);
            let mut settings: Settings = r.json("settings")?;
            settings
                .remove(BRANDING)
                .map_or_else(|| Ok(Branding::default()), serde_json::from_value)
                .map_err(|_| r.bad("settings", "a branding of another form"))
        })
        .transpose()
    }

    pub async fn api_key(&self, id: &KeyId) -> Result<Option<ApiKey>> {
        let sql = format!("SELECT {} FROM api_keys WHERE id = $1", keys::ALL);
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(keys::key)
            .transpose()
    }

    /// Of each organisation: keys that are valid now, webhook addresses that are enabled.
    pub async fn organisation_counts(&self, now_ms: i64) -> Result<HashMap<String, (i64, i64)>> {
        let mut all: HashMap<String, (i64, i64)> = HashMap::new();
        let rows = sqlx::query(
            "SELECT organisation, COUNT(*) AS n FROM api_keys WHERE revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at >= $1) GROUP BY organisation",
        )
        .bind(now_ms)
        .fetch_all(&self.pool)
        .await?;
        for row in &rows {
            let r = Reader::new("api_keys", "organisation", row);
            all.entry(r.get("organisation")?).or_default().0 = r.get("n")?;
        }
        let rows = sqlx::query(
            "SELECT organisation, COUNT(*) AS n FROM webhook_endpoints WHERE removed_at IS NULL \
             AND enabled = 1 GROUP BY organisation",
        )
        .fetch_all(&self.pool)
        .await?;
        for row in &rows {
            let r = Reader::new("webhook_endpoints", "organisation", row);
            all.entry(r.get("organisation")?).or_default().1 = r.get("n")?;
        }
        Ok(all)
    }
}

impl Tx {
    /// Writes how an organisation appears, beside its other settings. `false`: there is none.
    pub async fn put_branding(&mut self, of: &OrganisationId, branding: &Branding) -> Result<bool> {
        let sql = format!(
            "SELECT id, settings FROM organisations WHERE id = $1{}",
            self.for_update()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .fetch_optional(self.connection())
            .await?;
        let Some(row) = row else { return Ok(false) };
        let r = Reader::new("organisations", "id", &row);
        let mut settings: Settings = r.json("settings")?;
        let value = serde_json::to_value(branding)
            .map_err(|_| r.bad("settings", "a branding that is no JSON"))?;
        settings.insert(BRANDING.to_owned(), value);
        sqlx::query("UPDATE organisations SET settings = $1 WHERE id = $2")
            .bind(serde_json::Value::from(settings).to_string())
            .bind(of.as_str())
            .execute(self.connection())
            .await?;
        Ok(true)
    }

    /// The key, held against other writers.
    pub async fn api_key(&mut self, id: &KeyId) -> Result<Option<ApiKey>> {
        let sql = format!(
            "SELECT {} FROM api_keys WHERE id = $1{}",
            keys::ALL,
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(keys::key)
            .transpose()
    }

    /// Lets a key end then.
    pub async fn end_api_key(&mut self, id: &KeyId, at_ms: i64) -> Result<()> {
        sqlx::query("UPDATE api_keys SET expires_at = $1 WHERE id = $2")
            .bind(at_ms)
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
