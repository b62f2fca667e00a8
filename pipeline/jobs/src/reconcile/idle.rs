use std::time::Duration;

use idproof_database::IdleCase;
use idproof_domain::case::{Actor, CaseState, Step};

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

/// Cases looked at with one query.
const PAGE: i64 = 200;

/// Ends cases that their applicants have left, so that their media can go.
pub struct Idle {
    context: Context,
    after: Duration,
}

impl Idle {
    /// `after`: how long nothing may happen; the law of the house says 72 hours.
    pub fn new(context: Context, after: Duration) -> Self {
        Self { context, after }
    }

    async fn expire(&self, idle: &IdleCase, before_ms: i64) -> Result<bool, JobError> {
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let Some(mut case) = tx.case(&idle.case).await? else {
            return Ok(false);
        };
        let waits = case.state.is_collecting() || case.state == CaseState::RetakeAsked;
        if !waits || case.last_activity_at > before_ms {
            return Ok(false);
        }
        tx.step_and_tell(
            &mut case,
            &Step::Expired,
            &Actor::System,
            now,
            &*self.context.random,
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Reconciler for Idle {
    const NAME: &'static str = "idle";

    async fn run(&self) -> Result<u64, JobError> {
        let after = i64::try_from(self.after.as_millis()).unwrap_or(i64::MAX);
        let before_ms = self.context.now().saturating_sub(after);
        let mut ended = 0;
        loop {
            let page = self.context.database.idle_cases(before_ms, PAGE).await?;
            let mut here = 0;
            for idle in &page {
                here += u64::from(self.expire(idle, before_ms).await?);
            }
            ended += here;
            // A page that did not shrink is somebody else's work at this moment.
            if here == 0 {
                return Ok(ended);
            }
        }
    }
}
