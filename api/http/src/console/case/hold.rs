use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CaseView, in_hand, locked, view_of};
use crate::console::access::Signed;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::time;

pub(super) async fn show(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<CaseView>, Problem> {
    let case = in_hand(&service, &me, &id).await?;
    Ok(Answer(view_of(&service, &me, &case).await?))
}

#[derive(Serialize)]
pub(super) struct Kept {
    held_until: String,
}

/// Lengthens the hold.
pub(super) async fn keep(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Kept>, Problem> {
    let case = in_hand(&service, &me, &id).await?;
    let (now, lease) = (service.now(), service.lease());
    let holder = me.staff.id.as_str();
    if !service
        .database()
        .keep_review(&case.id, holder, now, lease)
        .await?
    {
        return Err(Code::NotHeld.into());
    }
    let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
    Ok(Answer(Kept {
        held_until: time(until),
    }))
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Why {
    Unsure,
    ConflictOfInterest,
    Technical,
    Break,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::ConflictOfInterest => "conflict_of_interest",
            Self::Technical => "technical",
            Self::Break => "break",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    why: Why,
}

/// Gives the case back undecided.
pub(super) async fn leave(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Leave>,
) -> Result<StatusCode, Problem> {
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let case = locked(&service, &mut tx, &me, &id).await?;
    let why = sent.why.as_str();
    tx.end_hold(&case.id, me.staff.id.as_str(), "left", Some(why), now)
        .await?;
    tx.record(me.event(Some(&case.id), now, "review_left", json!({ "why": why })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
