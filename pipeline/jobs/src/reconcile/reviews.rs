use idproof_domain::ids::ReviewId;

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

/// Decisions looked at with one query.
const PAGE: i64 = 200;

/// Lets people's decisions take effect once they can no longer be taken back.
pub struct Reviews {
    context: Context,
}

impl Reviews {
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    async fn settle(&self, id: &ReviewId) -> Result<bool, JobError> {
        let database = &self.context.database;
        let Some(review) = database.review(id).await? else {
            return Ok(false);
        };
        let Some(case) = database.case(&review.case).await? else {
            return Ok(false);
        };
        let evidence = database.evidence_of(&case).await?;
        let mut tx = database.begin().await?;
        let now = self.context.now();
        let random = &*self.context.random;
        let settled = tx.settle(id, &case, &evidence, now, random).await?;
        tx.commit().await?;
        Ok(settled.is_some())
    }
}

impl Reconciler for Reviews {
    const NAME: &'static str = "reviews";

    async fn run(&self) -> Result<u64, JobError> {
        let mut settled = 0;
        loop {
            let due = self
                .context
                .database
                .reviews_due(self.context.now(), PAGE)
                .await?;
            let mut here = 0;
            for id in &due {
                // One case's trouble holds up no other.
                match self.settle(id).await {
                    Ok(done) => here += u64::from(done),
                    Err(e) => tracing::warn!(review = %id, "a decision waits: {e}"),
                }
            }
            settled += here;
            if here == 0 {
                return Ok(settled);
            }
        }
    }
}
