use std::collections::HashMap;
use std::sync::Arc;

use idproof_database::NewEvent;
use idproof_domain::case::Actor;
use idproof_domain::drift::{Drift as Moved, DriftState};
use idproof_domain::ids::OrganisationId;
use idproof_domain::{CheckName, Policy, completed};
use serde_json::json;

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

/// Compares the scores of the last week with those of the weeks before, of everybody's cases and of each organisation's:
/// for the metrics at every run, for log and audit trail when something changed.
pub struct Drift {
    context: Context,
    /// The policy of the configuration.
    configured: Arc<Policy>,
}

type Found = HashMap<CheckName, Moved>;

impl Drift {
    pub fn new(context: Context, configured: Policy) -> Self {
        Self {
            context,
            configured: Arc::new(configured),
        }
    }

    /// What these cases are judged by now.
    async fn policy(&self, of: Option<&OrganisationId>, now: i64) -> Result<Arc<Policy>, JobError> {
        let database = &self.context.database;
        let Some(active) = database.policies_in_force(of, now).await?.active else {
            return Ok(Arc::clone(&self.configured));
        };
        let text = database.policy_text(&active.id).await?.unwrap_or_default();
        // Scores can be looked at by a text that lacks new checks; no case is judged by it.
        let whole = completed(&text)
            .map_err(|e| JobError::again(format!("the policy in force cannot be used: {e}")))?;
        Ok(Arc::new(whole.policy))
    }

    async fn compare(&self, of: Option<&OrganisationId>, now: i64) -> Result<Found, JobError> {
        let policy = self.policy(of, now).await?;
        let found = self.context.database.score_drift(&policy, of, now).await?;
        Ok(found.checks.into_iter().collect())
    }

    /// Tells what is otherwise than at the last run.
    async fn tell(
        &self,
        of: Option<&OrganisationId>,
        found: &Found,
        now: i64,
    ) -> Result<(), JobError> {
        let mut tx = self.context.database.begin().await?;
        for check in CheckName::ALL {
            let moved = found.get(&check);
            let state = moved.map_or(DriftState::TooFew, |d| d.state);
            let Some(before) = tx.note_drift(of, check, state, now).await? else {
                continue;
            };
            let (alarm, was) = (state == DriftState::Alarm, before == DriftState::Alarm);
            if alarm != was {
                let kind = if alarm { "drift_alarm" } else { "drift_ended" };
                tx.record(event(kind, of, check, moved, now));
            }
            if state >= DriftState::Watch || before >= DriftState::Watch {
                log(of, check, (before, state), moved);
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Numbers alone: counts and how far the distributions lie apart.
fn event(
    kind: &str,
    of: Option<&OrganisationId>,
    check: CheckName,
    moved: Option<&Moved>,
    now: i64,
) -> NewEvent {
    NewEvent {
        case: None,
        at: now,
        kind: kind.to_owned(),
        actor: Actor::System,
        data: json!({
            "organisation": of, "check": check.as_str(),
            "psi": moved.map(|d| d.psi), "ks": moved.map(|d| d.ks),
            "recent": moved.map(|d| d.recent), "reference": moved.map(|d| d.reference),
        }),
    }
}

fn log(
    of: Option<&OrganisationId>,
    check: CheckName,
    (before, state): (DriftState, DriftState),
    moved: Option<&Moved>,
) {
    let words = if state >= DriftState::Watch {
        "scores are no longer distributed as they were"
    } else {
        "scores lie where they used to again, or are too few to tell"
    };
    tracing::warn!(
        check = check.as_str(),
        organisation = of.map_or("everybody", |o| o.as_str()),
        before = before.as_str(),
        state = state.as_str(),
        psi = moved.map(|d| d.psi),
        ks = moved.map(|d| d.ks),
        recent = moved.map(|d| d.recent),
        reference = moved.map(|d| d.reference),
        "{words}"
    );
}

impl Reconciler for Drift {
    const NAME: &'static str = "drift";

    async fn run(&self) -> Result<u64, JobError> {
        let now = self.context.now();
        let everybody = self.compare(None, now).await?;
        for check in CheckName::ALL {
            // A few cases move every index: they are no news.
            let known = everybody
                .get(&check)
                .filter(|d| d.state != DriftState::TooFew);
            let alarm = known.is_some_and(|d| d.state == DriftState::Alarm);
            let psi = known.map_or(0.0, |d| d.psi);
            self.context.tally.drifted(check, psi, alarm);
        }
        self.tell(None, &everybody, now).await?;
        // One organisation moves unseen in everybody's: its share may be small, or two may move apart.
        let mut alarms: HashMap<CheckName, i64> = HashMap::new();
        for organisation in self.context.database.organisations().await? {
            let own = self.compare(Some(&organisation.id), now).await?;
            for (check, _) in own.iter().filter(|(_, d)| d.state == DriftState::Alarm) {
                *alarms.entry(*check).or_default() += 1;
            }
            self.tell(Some(&organisation.id), &own, now).await?;
        }
        for check in CheckName::ALL {
            let organisations = alarms.get(&check).copied().unwrap_or(0);
            self.context
                .tally
                .organisations_drifted(check, organisations);
        }
        Ok(0)
    }
}
