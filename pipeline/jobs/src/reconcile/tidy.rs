use std::time::Duration;

use idproof_vault::{ObjectName, Vault};

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

const HOUR: i64 = 3_600_000;
/// How long the answer to a request is kept for its repetition.
const REQUESTS: i64 = 24 * HOUR;
/// How long a token is kept after its end: until then its holder is told that it ended.
const TOKENS: i64 = 30 * 24 * HOUR;
/// Older than the longest upload of one chunk.
const STRAY: i64 = 2 * HOUR;
/// Objects deleted with one call.
const BATCH: i64 = 500;

/// Removes what nobody needs any more: old answers, ended tokens, objects that no upload names.
pub struct Tidy {
    context: Context,
    vault: Vault,
}

impl Tidy {
    pub fn new(context: Context, vault: Vault) -> Self {
        Self { context, vault }
    }

    /// Objects of discarded uploads, and of chunks whose receiver died before it noted them.
    async fn strays(&self, now: i64) -> Result<u64, JobError> {
        let database = &self.context.database;
        let mut removed = 0;
        loop {
            let strays = database.stray_objects(now - STRAY, BATCH).await?;
            let names = strays
                .iter()
                .map(|(name, _)| name.parse::<ObjectName>())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| JobError::give_up(e.to_string()))?;
            self.vault.delete_many(&names).await?;
            for (name, _) in &strays {
                database.note_object_deleted(name, now).await?;
            }
            removed += strays.len() as u64;
            if strays.is_empty() {
                return Ok(removed);
            }
        }
    }
}

impl Reconciler for Tidy {
    const NAME: &'static str = "tidy";

    async fn run(&self) -> Result<u64, JobError> {
        let now = self.context.now();
        let database = &self.context.database;
        let mut gone = database.forget_requests(now - REQUESTS).await?;
        gone += database.forget_ended_tokens(now - TOKENS).await?;
        gone += database.forget_staff_sessions(now - TOKENS).await?;
        gone += self.strays(now).await?;
        gone += self
            .vault
            .sweep_unfinished(now, Duration::from_secs(24 * 3600))
            .await?;
        Ok(gone)
    }
}
