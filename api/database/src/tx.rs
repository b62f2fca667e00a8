use idproof_domain::calendar::media_due;
use idproof_domain::case::{Actor, Step};
use idproof_domain::ids::CaseId;
use sqlx::{Any, AnyConnection, Transaction};

use crate::chain::{self, NewEvent};
use crate::{Case, Engine, Result};

/// One transaction. Its events enter the chain as its last act, so that the chain's head is held
/// shortly; dropping it undoes everything.
pub struct Tx {
    inner: Transaction<'static, Any>,
    engine: Engine,
    events: Vec<NewEvent>,
}

impl Tx {
    pub(crate) fn new(inner: Transaction<'static, Any>, engine: Engine) -> Self {
        Self {
            inner,
            engine,
            events: Vec::new(),
        }
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// For statements of a repository.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// `FOR UPDATE` where the engine knows it; SQLite has one writer anyway.
    pub(crate) fn for_update(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE",
        }
    }

    /// Puts an event at the end of the chain when the transaction commits.
    pub fn record(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Makes the step: changes the case with its deadline for media, saves it, records the event.
    pub async fn step(
        &mut self,
        case: &mut Case,
        step: &Step,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<()> {
        let to = step.apply(case.state)?;
        if to != case.state {
            case.state = to;
            case.state_since = now_ms;
        }
        case.last_activity_at = now_ms;
        note_deadline(case, step, now_ms);
        self.save_case(case).await?;
        self.record_step(&case.id, step, actor, now_ms);
        Ok(())
    }

    /// Records a step without changing the case's row.
    pub fn record_step(&mut self, case: &CaseId, step: &Step, actor: &Actor, now_ms: i64) {
        let mut data = serde_json::to_value(step).unwrap_or_default();
        if let Some(object) = data.as_object_mut() {
            object.remove("kind");
        }
        self.record(NewEvent {
            case: Some(case.clone()),
            at: now_ms,
            kind: step.kind().to_owned(),
            actor: actor.clone(),
            data,
        });
    }

    pub async fn commit(mut self) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        if !events.is_empty() {
            chain::append(&mut self.inner, self.engine, &events).await?;
        }
        self.inner.commit().await?;
        Ok(())
    }
}

/// When the verdict fell, and until when media may be kept: 72 hours from a verdict that ends the
/// processing, no longer than now once the case is over, for as long as it takes while it is open.
fn note_deadline(case: &mut Case, step: &Step, now_ms: i64) {
    match step {
        Step::Accepted { .. } | Step::Refused { .. } => {
            case.processed_at = Some(now_ms);
            case.media_due_at = Some(media_due(now_ms));
        }
        Step::SentToReview { .. } | Step::RetakeAsked { .. } => case.processed_at = Some(now_ms),
        Step::Appealed => case.media_due_at = None,
        Step::Withdrawn | Step::Expired | Step::Deleted => {
            case.media_due_at = Some(case.media_due_at.map_or(now_ms, |due| due.min(now_ms)));
        }
        _ => {}
    }
    if !matches!(case.state, idproof_domain::case::CaseState::InReview) {
        case.review_holder = None;
        case.review_until = None;
    }
}
