use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{DatabaseError, Review, ReviewKind, ReviewState};
use idproof_domain::Part;
use idproof_domain::ReasonCode;
use idproof_domain::ids::ReviewId;
use idproof_vault::Purpose;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::choices::{escalation_codes, part_name, refusal_codes, retake_codes};
use super::machine::{of_machine, overrides};
use super::view::{has_decided, note_context};
use super::{in_hand, locked};
use crate::console::access::Signed;
use crate::console::queue::pending;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, FieldError, Problem};
use crate::service::Service;
use crate::wire::time;

const LONGEST_NOTE: usize = 2_000;
const MOST_REASONS: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    pub kind: String,
    #[serde(default)]
    pub reasons: Vec<String>,
    #[serde(default)]
    pub document: bool,
    #[serde(default)]
    pub video: bool,
    #[serde(default)]
    pub note: Option<String>,
}

/// A decision that makes sense by itself.
pub(super) struct Wish {
    pub kind: ReviewKind,
    pub reasons: Vec<ReasonCode>,
    pub document: bool,
    pub video: bool,
    note: Option<String>,
}

fn allowed(kind: ReviewKind) -> Vec<ReasonCode> {
    match kind {
        ReviewKind::Accept | ReviewKind::Coercion => Vec::new(),
        ReviewKind::Refuse => refusal_codes().collect(),
        ReviewKind::Retake => retake_codes().map(|(code, _)| code).collect(),
        ReviewKind::Escalate => escalation_codes().collect(),
    }
}

impl Sent {
    pub(super) fn check(self) -> Result<Wish, Problem> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, code, detail: &str| {
            errors.push(FieldError::new(pointer, code, detail));
        };
        let Ok(kind) = self.kind.parse::<ReviewKind>() else {
            let known = "accept, refuse, retake, escalate or coercion";
            return Err(Problem::field("/kind", "not_accepted", known));
        };
        let allowed = allowed(kind);
        let mut reasons = Vec::new();
        for (n, text) in self.reasons.iter().enumerate() {
            match allowed.iter().find(|c| c.as_str() == text) {
                Some(code) if !reasons.contains(code) => reasons.push(*code),
                Some(_) => {}
                None => wrong(
                    &format!("/reasons/{n}"),
                    "not_accepted",
                    "none of those for this decision",
                ),
            }
        }
        if self.reasons.len() > MOST_REASONS || (reasons.is_empty() && !allowed.is_empty()) {
            wrong("/reasons", "length", "1 to 10 reasons");
        }
        if kind == ReviewKind::Retake {
            if !self.document && !self.video {
                wrong("/video", "not_accepted", "something must be taken again");
            }
        } else if self.document || self.video {
            wrong("/document", "not_allowed", "only of a retake");
        }
        let note = self
            .note
            .map(|n| n.trim().to_owned())
            .filter(|n| !n.is_empty());
        if note
            .as_ref()
            .is_some_and(|n| n.chars().count() > LONGEST_NOTE || n.contains('\0'))
        {
            wrong("/note", "length", "up to 2000 characters");
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(Wish {
            kind,
            reasons,
            document: self.document,
            video: self.video,
            note,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Decided {
    id: String,
    undo_until: String,
    needs_second: bool,
}

/// Writes a decision down. It takes effect when it can no longer be taken back.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Sent>,
) -> Result<Answer<Decided>, Problem> {
    let wish = sent.check()?;
    let seen = in_hand(&service, &me, &id).await?;
    let database = service.database();
    let judged = database
        .judgement(&seen.id, seen.attempt, &me.staff.id)
        .await?;
    if service.parts.console.blind_first && judged.is_none() {
        return Err(Code::JudgementNeeded.into());
    }
    let decisions = database.decisions_of(&seen.id).await?;
    let uploads = database.uploads_of(&seen.id, seen.attempt).await?;
    let evidence = idproof_database::evidence_hash(seen.attempt, &uploads, &decisions);
    let console = &service.parts.console;
    let two = match wish.kind {
        ReviewKind::Refuse | ReviewKind::Coercion => console.two_person_refusal,
        ReviewKind::Accept => {
            console.two_person_override && overrides(of_machine(&decisions, seen.attempt))
        }
        ReviewKind::Retake | ReviewKind::Escalate => false,
    };
    let ends = matches!(
        wish.kind,
        ReviewKind::Accept | ReviewKind::Refuse | ReviewKind::Coercion
    );
    let sampled = ends && service.drawn(console.double_share);
    let taken_at = database.taken_at(&seen.id, &me.staff.id).await?;

    let now = service.now();
    let mut tx = database.begin().await?;
    let case = locked(&service, &mut tx, &me, &id).await?;
    if case.attempt != seen.attempt {
        return Err(Code::ChangedMeanwhile.into());
    }
    let reviews = tx.reviews_of(&case.id).await?;
    if pending(&reviews) {
        return Err(Code::DecisionPending.into());
    }
    if has_decided(&reviews, &me, &evidence) {
        return Err(Code::HeldElsewhere.into());
    }
    let review_id = ReviewId::new(now, service.id_bytes());
    let note = wish
        .note
        .as_deref()
        .map(|note| {
            let context = note_context(review_id.as_str());
            service.secrets().seal(Purpose::Staff, &context, note)
        })
        .transpose()?;
    let review = Review {
        id: review_id,
        case: case.id.clone(),
        attempt: case.attempt,
        staff: me.staff.id.clone(),
        kind: wish.kind,
        reasons: wish.reasons.iter().map(ToString::to_string).collect(),
        document: wish.document,
        video: wish.video,
        note,
        evidence,
        needs_second: two || sampled,
        sampled,
        state: ReviewState::Undoable,
        taken_at: taken_at.unwrap_or(now),
        at: now,
        undo_until: now + i64::from(console.undo_s) * 1_000,
        ended_at: None,
    };
    tx.insert_review(&review).await.map_err(|e| match e {
        DatabaseError::Exists(_) => Code::DecisionPending.into(),
        e => Problem::from(e),
    })?;
    tx.end_hold(&case.id, me.staff.id.as_str(), "decided", None, now)
        .await?;
    let data = json!({
        "review": review.id, "decision": review.kind.as_str(), "reasons": review.reasons,
        "attempt": review.attempt, "evidence_sha256": review.evidence,
    });
    tx.record(me.event(Some(&case.id), now, "review_decided", data));
    tx.commit().await?;
    Ok(Answer(Decided {
        id: review.id.to_string(),
        undo_until: time(review.undo_until),
        needs_second: two,
    }))
}

#[derive(Serialize)]
pub(super) struct ReasonView {
    code: &'static str,
    meaning: &'static str,
    retake: Option<&'static str>,
}

/// Every reason there is.
pub(super) async fn reasons(_: Signed) -> Answer<Vec<ReasonView>> {
    let view = |code: &ReasonCode| ReasonView {
        code: code.as_str(),
        meaning: code.meaning(),
        retake: code.to_retake().map(|part: Part| part_name(part)),
    };
    Answer(ReasonCode::ALL.iter().map(view).collect())
}
