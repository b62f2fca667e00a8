use idproof_database::{Channel, MessageState};
use idproof_domain::case::CaseState;

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;
use crate::tally::Waiting;

/// Reads from the database what waits, for the metrics, and puts cases near their deadline first.
pub struct Gauges {
    context: Context,
    /// How long before its deadline a case counts as at risk.
    margin_ms: i64,
}

impl Gauges {
    pub fn new(context: Context, margin_ms: i64) -> Self {
        Self { context, margin_ms }
    }

    fn set(&self, what: &'static str, condition: &'static str, count: i64) {
        let waiting = Waiting { what, condition };
        self.context
            .tally
            .waiting
            .get_or_create(&waiting)
            .set(count);
    }

    fn oldest(&self, what: &'static str, condition: &'static str, since: Option<i64>, now: i64) {
        let waiting = Waiting { what, condition };
        let seconds = since.map_or(0, |since| (now - since).max(0) / 1000);
        self.context
            .tally
            .oldest
            .get_or_create(&waiting)
            .set(seconds);
    }

    async fn jobs(&self, now: i64) -> Result<(), JobError> {
        for counts in self.context.database.job_counts(now).await? {
            let kind = counts.kind.as_str();
            self.set(kind, "ready", counts.ready);
            self.set(kind, "leased", counts.leased);
            self.set(kind, "parked", counts.parked);
            self.oldest(kind, "ready", counts.oldest_due, now);
        }
        Ok(())
    }

    async fn messages(&self, now: i64) -> Result<(), JobError> {
        let found = self.context.database.unsent_messages().await?;
        for channel in Channel::ALL {
            for state in [MessageState::Pending, MessageState::Failed] {
                let entry = found
                    .iter()
                    .find(|m| m.channel == *channel && m.state == state);
                let (what, condition) = (channel.as_str(), state.as_str());
                self.set(what, condition, entry.map_or(0, |m| m.count));
                self.oldest(what, condition, entry.map(|m| m.oldest), now);
            }
        }
        Ok(())
    }

    async fn deadlines(&self, now: i64) -> Result<(), JobError> {
        let soon = now.saturating_add(self.margin_ms);
        let (mut at_risk, mut overdue) = (0, 0);
        for found in self.context.database.deadlines(now, soon).await? {
            at_risk += found.at_risk;
            overdue += found.overdue;
            if found.overdue > 0 && found.state == CaseState::Accepted {
                tracing::error!(cases = found.overdue, "letters should have left by now");
            }
        }
        self.set("letter", "at_risk", at_risk);
        self.set("letter", "overdue", overdue);
        Ok(())
    }
}

impl Reconciler for Gauges {
    const NAME: &'static str = "gauges";

    async fn run(&self) -> Result<u64, JobError> {
        let now = self.context.now();
        let database = &self.context.database;
        self.jobs(now).await?;
        self.messages(now).await?;
        self.deadlines(now).await?;
        let review = database.review_counts(now).await?;
        self.set("review", "waiting", review.waiting);
        self.set("review", "held", review.held);
        self.oldest("review", "waiting", review.oldest_since, now);
        let backlog = database.purge_backlog(now).await?;
        self.set("purge", "overdue", backlog.cases);
        self.oldest("purge", "overdue", backlog.oldest_due, now);
        Ok(database.hurry(now.saturating_add(self.margin_ms)).await?)
    }
}
