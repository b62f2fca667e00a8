//! Where integrators want to be told, and what was sent there.

use idproof_domain::ids::{EndpointId, MessageId, OrganisationId};
use sqlx::any::AnyRow;

use crate::messages::{self, Message};
use crate::row::Reader;
use crate::{Case, Database, JobKind, NewJob, Priority, Result, Tx};

/// A webhook address of an organisation.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub organisation: OrganisationId,
    pub url: String,
    /// Sealed; see `idproof_vault::Secrets::open`, purpose `Webhooks`, context the id.
    pub secret: String,
    /// The secret before it, sealed likewise, and until when it signs too.
    pub old_secret: Option<(String, i64)>,
    /// Names of events; `*` is all of them.
    pub events: Vec<String>,
    /// Hears of sandbox cases only, or of real ones only.
    pub sandbox: bool,
    pub enabled: bool,
    pub created_at: i64,
}

/// The address may hold a secret of the integrator's.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    fn hears(&self, event: &str) -> bool {
        self.events.iter().any(|e| e == "*" || e == event)
    }
}

const ALL: &str = "id, organisation, url, secret, old_secret, old_secret_until, events, sandbox, enabled, created_at";

fn endpoint(row: &AnyRow) -> Result<Endpoint> {
    let r = Reader::new("webhook_endpoints", "id", row);
    let (old, until): (Option<String>, Option<i64>) =
        (r.get("old_secret")?, r.get("old_secret_until")?);
    Ok(Endpoint {
        old_secret: old.zip(until),
        id: r.parse("id")?,
        organisation: r.parse("organisation")?,
        url: r.get("url")?,
        secret: r.get("secret")?,
        events: r.json("events")?,
        sandbox: r.flag("sandbox")?,
        enabled: r.flag("enabled")?,
        created_at: r.get("created_at")?,
    })
}

fn events_json(events: &[String]) -> String {
    serde_json::Value::from(events).to_string()
}

impl Database {
    /// An endpoint that was not removed.
    pub async fn endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>> {
        let sql =
            format!("SELECT {ALL} FROM webhook_endpoints WHERE id = $1 AND removed_at IS NULL");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(endpoint)
            .transpose()
    }

    /// The endpoints of an organisation, oldest first.
    pub async fn endpoints(&self, of: &OrganisationId, sandbox: bool) -> Result<Vec<Endpoint>> {
        let sql = format!(
            "SELECT {ALL} FROM webhook_endpoints WHERE organisation = $1 AND sandbox = $2 \
             AND removed_at IS NULL ORDER BY id"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .bind(i64::from(sandbox))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(endpoint)
            .collect()
    }

    /// What was sent or is to be sent to an endpoint, newest first.
    pub async fn deliveries(
        &self,
        to: &EndpointId,
        before: Option<&MessageId>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        let sql = format!(
            "SELECT {} FROM messages WHERE channel = 'webhook' AND recipient = $1 \
             AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            messages::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(to.as_str())
            .bind(before.map(MessageId::as_str))
            .bind(limit.clamp(1, 201))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(messages::message)
            .collect()
    }
}

impl Tx {
    pub async fn insert_endpoint(&mut self, new: &Endpoint) -> Result<()> {
        sqlx::query(
            "INSERT INTO webhook_endpoints (id, organisation, url, secret, events, sandbox, enabled, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(&new.url)
        .bind(&new.secret)
        .bind(events_json(&new.events))
        .bind(i64::from(new.sandbox))
        .bind(i64::from(new.enabled))
        .bind(new.created_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// How many endpoints an organisation has; nobody adds to them until the transaction ends.
    pub async fn count_endpoints(&mut self, of: &OrganisationId, sandbox: bool) -> Result<i64> {
        let sql = format!(
            "SELECT id FROM organisations WHERE id = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .fetch_optional(self.connection())
            .await?;
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM webhook_endpoints WHERE organisation = $1 AND sandbox = $2 \
             AND removed_at IS NULL",
        )
        .bind(of.as_str())
        .bind(i64::from(sandbox))
        .fetch_one(self.connection())
        .await?)
    }

    /// Writes address, events, secrets and whether it is enabled.
    pub async fn save_endpoint(&mut self, endpoint: &Endpoint) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE webhook_endpoints SET url = $1, events = $2, enabled = $3, secret = $4, old_secret = $5, \
             old_secret_until = $6 WHERE id = $7 AND removed_at IS NULL",
        )
        .bind(&endpoint.url)
        .bind(events_json(&endpoint.events))
        .bind(i64::from(endpoint.enabled))
        .bind(&endpoint.secret)
        .bind(endpoint.old_secret.as_ref().map(|(secret, _)| secret.as_str()))
        .bind(endpoint.old_secret.as_ref().map(|(_, until)| *until))
        .bind(endpoint.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes it and forgets its secret.
    pub async fn remove_endpoint(&mut self, id: &EndpointId, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE webhook_endpoints SET removed_at = $1, enabled = 0, secret = '', old_secret = NULL WHERE id = $2 AND removed_at IS NULL",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Sends nothing more there until the integrator enables it again.
    pub async fn disable_endpoint(&mut self, id: &EndpointId) -> Result<()> {
        sqlx::query("UPDATE webhook_endpoints SET enabled = 0 WHERE id = $1")
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    pub(crate) async fn endpoints_hearing(
        &mut self,
        case: &Case,
        event: &str,
    ) -> Result<Vec<EndpointId>> {
        let sql = format!(
            "SELECT {ALL} FROM webhook_endpoints WHERE organisation = $1 AND sandbox = $2 \
             AND enabled = 1 AND removed_at IS NULL ORDER BY id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.organisation.as_str())
            .bind(i64::from(case.sandbox))
            .fetch_all(self.connection())
            .await?;
        let mut ids = Vec::new();
        for row in &rows {
            let endpoint = endpoint(row)?;
            if endpoint.hears(event) {
                ids.push(endpoint.id);
            }
        }
        Ok(ids)
    }

    /// Sends a message once more, whatever became of it before. `false`: it is under way.
    pub async fn replay(
        &mut self,
        id: &MessageId,
        job: idproof_domain::ids::JobId,
        now_ms: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE messages SET state = 'pending', last_error = NULL WHERE id = $1 AND state <> 'pending'",
        )
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        let job_id = job.to_string();
        self.enqueue(&NewJob {
            id: job,
            kind: JobKind::Deliver,
            subject: id.to_string(),
            dedupe: format!("deliver:{id}:{job_id}"),
            priority: Priority::NORMAL,
            run_at: now_ms,
            now_ms,
        })
        .await
    }
}
