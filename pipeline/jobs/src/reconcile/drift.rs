use std::sync::Arc;

use idproof_domain::drift::DriftState;
use idproof_domain::{CheckName, Policy};

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

/// Compares the scores of the last week with those of the weeks before, for the metrics and the log.
pub struct Drift {
    context: Context,
    /// The policy of the configuration.
    configured: Arc<Policy>,
}

impl Drift {
    pub fn new(context: Context, configured: Policy) -> Self {
        Self {
            context,
            configured: Arc::new(configured),
        }
    }

    /// What everybody's cases are judged by now.
    async fn policy(&self, now: i64) -> Result<Arc<Policy>, JobError> {
        let database = &self.context.database;
        let Some(active) = database.policies_in_force(None, now).await?.active else {
            return Ok(Arc::clone(&self.configured));
        };
        let text = database.policy_text(&active.id).await?.unwrap_or_default();
        let policy = Policy::parse(&text)
            .map_err(|e| JobError::again(format!("the policy in force cannot be used: {e}")))?;
        Ok(Arc::new(policy))
    }
}

impl Reconciler for Drift {
    const NAME: &'static str = "drift";

    async fn run(&self) -> Result<u64, JobError> {
        let now = self.context.now();
        let policy = self.policy(now).await?;
        let found = self
            .context
            .database
            .score_drift(&policy, None, now)
            .await?;
        for check in CheckName::ALL {
            let drift = found.checks.iter().find(|(name, _)| *name == check);
            let state = drift.map_or(DriftState::TooFew, |(_, d)| d.state);
            // A few cases move every index: they are no news.
            let known = drift.filter(|_| state != DriftState::TooFew);
            let psi = known.map_or(0.0, |(_, d)| d.psi);
            let alarm = state == DriftState::Alarm;
            self.context.tally.drifted(check, psi, alarm);
            if let Some((_, d)) = known.filter(|_| state >= DriftState::Watch) {
                tracing::warn!(
                    check = check.as_str(),
                    state = state.as_str(),
                    psi = d.psi,
                    ks = d.ks,
                    recent = d.recent,
                    reference = d.reference,
                    "scores are no longer distributed as they were"
                );
            }
        }
        Ok(0)
    }
}
