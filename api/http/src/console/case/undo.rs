use axum::Json as Answer;
use axum::extract::State;
use idproof_database::ReviewState;
use idproof_domain::ids::ReviewId;
use serde::Serialize;
use serde_json::json;

use super::{CaseView, view_of};
use crate::console::access::Signed;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(super) struct Undone {
    case: CaseView,
}

/// Takes a decision back while that is possible; the case is in hand again.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Undone>, Problem> {
    me.judges()?;
    let not_found = || Problem::from(Code::NotFound);
    let id: ReviewId = id.parse().map_err(|_| not_found())?;
    let found = service.database().review(&id).await?;
    let found = found
        .filter(|r| r.staff == me.staff.id)
        .ok_or_else(not_found)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    // First the case, then what hangs on it: as whoever settles the decision does.
    tx.case(&found.case).await?.ok_or_else(not_found)?;
    let review = tx.review(&id).await?.ok_or_else(not_found)?;
    if review.state != ReviewState::Undoable || review.undo_until <= now {
        return Err(Code::UndoLate.into());
    }
    if !tx
        .hold_again(&review.case, &me.staff.id, now, service.lease())
        .await?
    {
        return Err(Code::HeldElsewhere.into());
    }
    tx.end_review(&id, ReviewState::Undone, now).await?;
    tx.record(me.event(
        Some(&review.case),
        now,
        "review_undone",
        json!({ "review": id }),
    ));
    tx.commit().await?;
    let case = service
        .database()
        .case(&review.case)
        .await?
        .ok_or_else(not_found)?;
    let case = view_of(&service, &me, &case).await?;
    Ok(Answer(Undone { case }))
}

#[derive(Serialize)]
pub(super) struct Own {
    items: Vec<OwnItem>,
}

#[derive(Serialize)]
struct OwnItem {
    id: String,
    case: String,
    number: String,
    kind: &'static str,
    at: String,
    state: &'static str,
    undo_until: String,
}

/// What this person decided last.
pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Own>, Problem> {
    const LAST: i64 = 50;
    me.judges()?;
    let database = service.database();
    let mut items = Vec::new();
    for review in database.reviews_by(&me.staff.id, LAST).await? {
        let case = database.case(&review.case).await?;
        let number = case.map(|c| c.number).unwrap_or_default();
        // A known case looks like one that was decided.
        let state = match review.state {
            ReviewState::Recorded => ReviewState::Effective,
            other => other,
        };
        items.push(OwnItem {
            id: review.id.to_string(),
            case: review.case.to_string(),
            number,
            kind: review.kind.as_str(),
            at: time(review.at),
            state: state.as_str(),
            undo_until: time(review.undo_until),
        });
    }
    Ok(Answer(Own { items }))
}
