use std::collections::HashMap;

use idproof_domain::ids::{EndpointId, JobId, MessageId};

use crate::messages::{self, Message};
use crate::row::Reader;
use crate::{Channel, Database, MessageState, Result, Tx};

/// What waits for a webhook address, and what failed there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointCounts {
    pub pending: i64,
    pub failed: i64,
}

impl Database {
    /// Messages that have not left, newest first. `before`: the last of the page before.
    pub async fn messages_in_trouble(
        &self,
        state: MessageState,
        channel: Option<Channel>,
        before: Option<&MessageId>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        let sql = format!(
            "SELECT {} FROM messages WHERE state <> 'sent' AND state = $1 AND ($2 = '' OR channel = $2) \
             AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4",
            messages::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(state.as_str())
            .bind(channel.map_or("", Channel::as_str))
            .bind(before.map_or("", |id| id.as_str()))
            .bind(limit.clamp(1, 201))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(messages::message)
            .collect()
    }

    /// Of every webhook address that something has not reached.
    pub async fn endpoint_counts(&self) -> Result<HashMap<String, EndpointCounts>> {
        let mut all: HashMap<String, EndpointCounts> = HashMap::new();
        for state in [MessageState::Pending, MessageState::Failed] {
            // Both conditions on the state: of the index, and of what is asked.
            let rows = sqlx::query(
                "SELECT recipient, COUNT(*) AS n FROM messages WHERE state <> 'sent' AND state = $1 \
                 AND channel = 'webhook' GROUP BY recipient",
            )
            .bind(state.as_str())
            .fetch_all(&self.pool)
            .await?;
            for row in &rows {
                let r = Reader::new("messages", "recipient", row);
                let counts = all.entry(r.get("recipient")?).or_default();
                let n = r.get("n")?;
                if state == MessageState::Pending {
                    counts.pending = n;
                } else {
                    counts.failed = n;
                }
            }
        }
        Ok(all)
    }

    /// When something last reached a webhook address.
    pub async fn last_delivery(&self, to: &EndpointId) -> Result<Option<i64>> {
        let found: Option<Option<i64>> = sqlx::query_scalar(
            "SELECT sent_at FROM messages WHERE channel = 'webhook' AND recipient = $1 AND state = 'sent' \
             ORDER BY id DESC LIMIT 1",
        )
        .bind(to.as_str())
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Sends a message that has failed once more, in place of the job that was given up over it.
    /// `false`: it has not failed, or its person was removed.
    pub async fn retry_message(&mut self, id: &MessageId, job: JobId, now_ms: i64) -> Result<bool> {
        let failed: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM messages WHERE id = $1 AND state = 'failed' AND recipient <> ''",
        )
        .bind(id.as_str())
        .fetch_one(self.connection())
        .await?;
        if failed != 1 || !self.replay(id, job, now_ms).await? {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE jobs SET state = 'done', finished_at = $1 WHERE subject = $2 AND kind = 'deliver' AND state = 'parked'",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(true)
    }

    /// Notes what the receiver of a webhook answered; `None`: nothing.
    pub async fn note_response(&mut self, id: &MessageId, code: Option<u16>) -> Result<()> {
        sqlx::query("UPDATE messages SET response_code = $1 WHERE id = $2")
            .bind(code.map(i64::from))
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
