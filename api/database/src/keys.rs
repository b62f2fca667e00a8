//! Organisations, and the keys their programs show.

use idproof_domain::ids::{KeyId, OrganisationId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// What a key may do.
    Scope {
        /// See cases of the organisation.
        CasesRead = "cases:read",
        /// Open cases and act in them.
        CasesWrite = "cases:write",
        /// Say where the organisation wants to be told.
        WebhooksManage = "webhooks:manage",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrganisationId,
    pub name: String,
    pub created_at: i64,
}

/// A key of an integrator. The secret itself is shown once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub organisation: OrganisationId,
    pub name: String,
    /// Keyed hash of the secret.
    pub secret_hash: String,
    pub scopes: Vec<Scope>,
    /// Opens and sees sandbox cases only.
    pub sandbox: bool,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

impl ApiKey {
    /// Neither revoked nor expired.
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|until| now_ms <= until)
    }
}

pub(crate) const ALL: &str = "id, organisation, name, secret_hash, scopes, sandbox, created_at, expires_at, \
    revoked_at, last_used_at";

pub(crate) fn key(row: &AnyRow) -> Result<ApiKey> {
    let r = Reader::new("api_keys", "id", row);
    let scopes = r
        .json::<Vec<String>>("scopes")?
        .iter()
        .map(|s| s.parse().map_err(|()| r.bad("scopes", "an unknown scope")))
        .collect::<Result<_>>()?;
    Ok(ApiKey {
        id: r.parse("id")?,
        organisation: r.parse("organisation")?,
        name: r.get("name")?,
        secret_hash: r.get("secret_hash")?,
        scopes,
        sandbox: r.flag("sandbox")?,
        created_at: r.get("created_at")?,
        expires_at: r.get("expires_at")?,
        revoked_at: r.get("revoked_at")?,
        last_used_at: r.get("last_used_at")?,
    })
}

fn organisation(row: &AnyRow) -> Result<Organisation> {
    let r = Reader::new("organisations", "id", row);
    Ok(Organisation {
        id: r.parse("id")?,
        name: r.get("name")?,
        created_at: r.get("created_at")?,
    })
}

impl Database {
    /// The house's own organisation, to which cases without an integrator belong. Made on the
    /// first call.
    pub async fn own_organisation(&self, now_ms: i64) -> Result<OrganisationId> {
        let id = OrganisationId::new(0, [0; 10]);
        sqlx::query(
            "INSERT INTO organisations (id, name, settings, created_at) VALUES ($1, 'own', '{}', $2) \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(id.as_str())
        .bind(now_ms)
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    pub async fn organisation(&self, id: &OrganisationId) -> Result<Option<Organisation>> {
        sqlx::query("SELECT id, name, created_at FROM organisations WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(organisation)
            .transpose()
    }

    /// Every organisation, oldest first.
    pub async fn organisations(&self) -> Result<Vec<Organisation>> {
        sqlx::query("SELECT id, name, created_at FROM organisations ORDER BY id")
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(organisation)
            .collect()
    }

    /// The key whose secret has this hash, valid or not.
    pub async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>> {
        let sql = format!("SELECT {ALL} FROM api_keys WHERE secret_hash = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(hash)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(key)
            .transpose()
    }

    /// The keys of an organisation, oldest first.
    pub async fn api_keys(&self, of: &OrganisationId) -> Result<Vec<ApiKey>> {
        let sql = format!("SELECT {ALL} FROM api_keys WHERE organisation = $1 ORDER BY id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(key)
            .collect()
    }

    /// Notes that a key was used, if that was not noted since `since_ms`.
    pub async fn note_key_use(&self, id: &KeyId, now_ms: i64, since_ms: i64) -> Result<()> {
        sqlx::query(
            "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $3)",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .bind(since_ms)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tx {
    pub async fn insert_organisation(&mut self, new: &Organisation) -> Result<()> {
        sqlx::query(
            "INSERT INTO organisations (id, name, settings, created_at) VALUES ($1, $2, '{}', $3)",
        )
        .bind(new.id.as_str())
        .bind(&new.name)
        .bind(new.created_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    pub async fn insert_api_key(&mut self, new: &ApiKey) -> Result<()> {
        let scopes: Vec<&str> = new.scopes.iter().map(|s| s.as_str()).collect();
        sqlx::query(
            "INSERT INTO api_keys (id, organisation, name, secret_hash, scopes, sandbox, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(&new.name)
        .bind(&new.secret_hash)
        .bind(serde_json::Value::from(scopes).to_string())
        .bind(i64::from(new.sandbox))
        .bind(new.created_at)
        .bind(new.expires_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes a key back for good; `false` if there is none, or it was revoked before.
    pub async fn revoke_api_key(&mut self, id: &KeyId, now_ms: i64) -> Result<bool> {
        let done =
            sqlx::query("UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
                .bind(now_ms)
                .bind(id.as_str())
                .execute(self.connection())
                .await?;
        Ok(done.rows_affected() == 1)
    }
}
