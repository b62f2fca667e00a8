//! The outbox: what is to leave, written in the transaction that causes it, sent after it.

use idproof_domain::Language;
use idproof_domain::ids::{CaseId, JobId, MessageId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::jobs::{JobKind, NewJob, Priority};
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// By which way it leaves.
    Channel { Email = "email", Sms = "sms", Webhook = "webhook", }
}
coded! {
    MessageState { Pending = "pending", Sent = "sent", Failed = "failed", }
}

/// A message before it is stored.
#[derive(Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub case: Option<CaseId>,
    pub channel: Channel,
    /// The template's name; for a webhook the event's.
    pub template: String,
    pub language: Language,
    /// Address, number, or endpoint id.
    pub recipient: String,
    /// What the template needs. Never a code: codes are derived when they are sent.
    pub data: serde_json::Value,
    /// The same message is never written twice.
    pub dedupe: String,
    pub now_ms: i64,
}

/// A message of the outbox.
#[derive(Clone, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub case: Option<CaseId>,
    pub channel: Channel,
    pub template: String,
    pub language: Language,
    pub recipient: String,
    pub data: serde_json::Value,
    pub state: MessageState,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
    pub sent_at: Option<i64>,
    /// Of a webhook: the status of the last answer.
    pub response_code: Option<i64>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .field("template", &self.template)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCounts {
    pub channel: Channel,
    pub state: MessageState,
    pub count: i64,
    pub oldest: i64,
}

pub(crate) const ALL: &str = "id, case_id, channel, template, language, recipient, data, state, attempts, \
    last_error, created_at, sent_at, response_code";

pub(crate) fn message(row: &AnyRow) -> Result<Message> {
    let r = Reader::new("messages", "id", row);
    Ok(Message {
        id: r.parse("id")?,
        case: r.parse_opt("case_id")?,
        channel: r.parse("channel")?,
        template: r.get("template")?,
        language: r.parse("language")?,
        recipient: r.get("recipient")?,
        data: r.json("data")?,
        state: r.parse("state")?,
        attempts: r.get("attempts")?,
        last_error: r.get("last_error")?,
        created_at: r.get("created_at")?,
        sent_at: r.get("sent_at")?,
        response_code: r.get("response_code")?,
    })
}

impl Tx {
    /// Writes the message and the job that sends it; `false` if the same was written before.
    pub async fn post(&mut self, new: &NewMessage, job: JobId) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO messages (id, case_id, channel, template, language, recipient, data, dedupe, state, attempts, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, $9) ON CONFLICT (dedupe) DO NOTHING",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_ref().map(CaseId::as_str))
        .bind(new.channel.as_str())
        .bind(&new.template)
        .bind(new.language.code())
        .bind(&new.recipient)
        .bind(new.data.to_string())
        .bind(&new.dedupe)
        .bind(new.now_ms)
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.enqueue(&NewJob {
            id: job,
            kind: JobKind::Deliver,
            subject: new.id.to_string(),
            dedupe: format!("deliver:{}", new.id),
            priority: Priority::NORMAL,
            run_at: new.now_ms,
            now_ms: new.now_ms,
        })
        .await
    }

    /// Notes how an attempt to send ended.
    pub async fn note_message(
        &mut self,
        id: &MessageId,
        state: MessageState,
        error: Option<&str>,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE messages SET state = $1, attempts = attempts + 1, last_error = $2, \
             sent_at = CASE WHEN $1 = 'sent' THEN $3 ELSE sent_at END WHERE id = $4",
        )
        .bind(state.as_str())
        .bind(error)
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// A message that had left came back; `false` if it is not one that had.
    pub async fn return_message(&mut self, id: &MessageId, why: &str) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE messages SET state = 'failed', last_error = $1 WHERE id = $2 AND state = 'sent'",
        )
        .bind(why)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

impl Database {
    pub async fn message(&self, id: &MessageId) -> Result<Option<Message>> {
        let sql = format!("SELECT {ALL} FROM messages WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(message)
            .transpose()
    }

    /// What has not left: for metrics and `doctor`.
    pub async fn unsent_messages(&self) -> Result<Vec<MessageCounts>> {
        sqlx::query(
            "SELECT channel, state, COUNT(*) AS n, MIN(created_at) AS oldest FROM messages \
             WHERE state <> 'sent' GROUP BY channel, state",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("messages", "channel", row);
            Ok(MessageCounts {
                channel: r.parse("channel")?,
                state: r.parse("state")?,
                count: r.get("n")?,
                oldest: r.get("oldest")?,
            })
        })
        .collect()
    }
}
