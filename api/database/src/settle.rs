//! A person's decision takes effect: once its time to be taken back is over, if the case still
//! stands as it stood before the person, and where a second person came to the same if one must.

use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::ids::{DecisionId, ReviewId};
use idproof_ports::Random;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::notices::id_bytes;
use crate::{
    Case, Decision, DecisionOutcome, NewEvent, Result, Review, ReviewKind, ReviewState, Tx,
    UploadState,
};

/// Told to an applicant where no cause may be: also of whom coercion is suspected.
const NO_CAUSE: &str = "identity_not_established";

/// SHA-256 of what a person judges: the attempt, its files, the machine's decisions. When any of
/// it changes, what was decided on it is void.
pub fn evidence_hash(attempt: u32, uploads: &[crate::Upload], decisions: &[Decision]) -> String {
    let mut parts = vec![attempt.to_string()];
    for upload in uploads {
        if upload.state == UploadState::Complete {
            parts.push(format!("{} {}", upload.id, upload.size));
        }
    }
    parts.extend(decisions.iter().map(|d| d.id.to_string()));
    let text = parts.join("\n");
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

impl crate::Database {
    /// [`evidence_hash`] of a case as it stands.
    pub async fn evidence_of(&self, case: &Case) -> Result<String> {
        let uploads = self.uploads_of(&case.id, case.attempt).await?;
        let decisions = self.decisions_of(&case.id).await?;
        Ok(evidence_hash(case.attempt, &uploads, &decisions))
    }
}

impl Tx {
    /// Settles a decision that is due; tells what became of it. `evidence`: of the case as it was
    /// read just before; a change since shows in the case's revision.
    pub async fn settle(
        &mut self,
        id: &ReviewId,
        seen: &Case,
        evidence: &str,
        now_ms: i64,
        random: &dyn Random,
    ) -> Result<Option<ReviewState>> {
        let Some(mut case) = self.case(&seen.id).await? else {
            return Ok(None);
        };
        let Some(review) = self.review(id).await? else {
            return Ok(None);
        };
        let due = review.state == ReviewState::Undoable && review.undo_until <= now_ms;
        if !due || review.case != case.id || case.revision != seen.revision {
            return Ok(None);
        }
        if self.is_known(&case.id).await? || case.sandbox {
            self.end_review(&review.id, ReviewState::Recorded, now_ms)
                .await?;
            return Ok(Some(ReviewState::Recorded));
        }
        let disabled = self.disabled_staff().await?;
        let stands = |r: &Review| {
            r.attempt == case.attempt && r.evidence == evidence && !disabled.contains(&r.staff)
        };
        let all = self.reviews_of(&case.id).await?;
        let (waiting, stale): (Vec<&Review>, Vec<&Review>) = all
            .iter()
            .filter(|r| r.state == ReviewState::Second)
            .partition(|r| stands(r));
        for old in stale {
            self.end_review(&old.id, ReviewState::Voided, now_ms)
                .await?;
            self.note(old, ReviewState::Voided, now_ms);
        }
        if case.state != CaseState::InReview || !stands(&review) {
            self.end_review(&review.id, ReviewState::Voided, now_ms)
                .await?;
            self.note(&review, ReviewState::Voided, now_ms);
            return Ok(Some(ReviewState::Voided));
        }
        let state = self
            .weigh(&mut case, &review, &waiting, &all, now_ms, random)
            .await?;
        self.note(&review, state, now_ms);
        Ok(Some(state))
    }

    /// What follows from a decision that stands, beside those of other people.
    async fn weigh(
        &mut self,
        case: &mut Case,
        review: &Review,
        waiting: &[&Review],
        all: &[Review],
        now_ms: i64,
        random: &dyn Random,
    ) -> Result<ReviewState> {
        let other = |r: &&Review| r.staff != review.staff;
        let first = waiting.iter().copied().find(|r| other(r));
        let state = if review.kind == ReviewKind::Escalate {
            self.escalate(review, false, now_ms).await?;
            for r in waiting {
                self.end_review(&r.id, ReviewState::Disputed, now_ms)
                    .await?;
            }
            ReviewState::Effective
        } else if let Some(first) = first {
            if first.kind.agrees_with(review.kind) {
                self.end_review(&first.id, ReviewState::Effective, now_ms)
                    .await?;
                self.effect(case, review, Some(first), now_ms, random)
                    .await?;
                ReviewState::Effective
            } else {
                self.end_review(&first.id, ReviewState::Disputed, now_ms)
                    .await?;
                self.escalate(review, true, now_ms).await?;
                ReviewState::Disputed
            }
        } else {
            // Somebody else came to the same before a third person was asked.
            let same = all.iter().filter(other).rfind(|r| {
                r.state == ReviewState::Disputed
                    && r.kind.agrees_with(review.kind)
                    && r.attempt == review.attempt
                    && r.evidence == review.evidence
            });
            if review.needs_second && same.is_none() {
                ReviewState::Second
            } else {
                self.effect(case, review, same, now_ms, random).await?;
                ReviewState::Effective
            }
        };
        self.end_review(&review.id, state, now_ms).await?;
        Ok(state)
    }

    /// Makes the case's step with everything that hangs on it.
    async fn effect(
        &mut self,
        case: &mut Case,
        review: &Review,
        other: Option<&Review>,
        now_ms: i64,
        random: &dyn Random,
    ) -> Result<()> {
        let coercion = review.kind == ReviewKind::Coercion
            || other.is_some_and(|o| o.kind == ReviewKind::Coercion);
        let reasons = if coercion {
            vec![NO_CAUSE.to_owned()]
        } else {
            review.reasons.clone()
        };
        let (step, outcome) = match review.kind {
            ReviewKind::Accept => (Step::Accepted { by_human: true }, DecisionOutcome::Accept),
            ReviewKind::Retake => (
                Step::RetakeAsked {
                    reasons: reasons.clone(),
                    document: review.document,
                    video: review.video,
                },
                DecisionOutcome::Retake,
            ),
            ReviewKind::Refuse | ReviewKind::Coercion | ReviewKind::Escalate => (
                Step::Refused {
                    by_human: true,
                    reasons: reasons.clone(),
                },
                if coercion {
                    DecisionOutcome::Coercion
                } else {
                    DecisionOutcome::Refuse
                },
            ),
        };
        let decision = Decision {
            id: DecisionId::new(now_ms, id_bytes(random)),
            case: case.id.clone(),
            attempt: case.attempt,
            outcome,
            reasons: reasons.clone(),
            report: json!({
                "person": {
                    "review": review.id, "by": review.staff, "at": review.at,
                    "second_review": other.map(|o| &o.id), "second_by": other.map(|o| &o.staff),
                    "reasons": review.reasons, "evidence_sha256": review.evidence,
                }
            }),
            policy_version: String::new(),
            policy_sha256: String::new(),
            decided_by: review.staff.to_string(),
            at: now_ms,
        };
        self.insert_decision(&decision).await?;
        let actor = Actor::Staff(review.staff.to_string());
        let report = Sha256::digest(decision.report.to_string().as_bytes());
        self.record(NewEvent {
            case: Some(case.id.clone()),
            at: now_ms,
            kind: "decided".to_owned(),
            actor: actor.clone(),
            data: json!({
                "decision": decision.id, "outcome": outcome.as_str(), "review": review.id,
                "second_review": other.map(|o| &o.id), "report_sha256": format!("{report:x}"),
            }),
        });
        case.reasons = reasons;
        self.step_and_tell(case, &step, &actor, now_ms, random)
            .await
    }

    fn note(&mut self, review: &Review, state: ReviewState, now_ms: i64) {
        self.record(NewEvent {
            case: Some(review.case.clone()),
            at: now_ms,
            kind: format!("review_{}", state.as_str()),
            actor: Actor::System,
            data: json!({ "review": review.id }),
        });
    }
}
