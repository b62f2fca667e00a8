//! A case in somebody's hand: what they see, judge and decide.

mod choices;
mod decide;
mod fields;
mod hold;
mod judgement;
mod machine;
mod media;
mod preview;
mod undo;
mod video;
mod view;

use axum::Router;
use axum::routing::{get, post};
use idproof_database::{Case, Tx};
use idproof_domain::ids::CaseId;

use super::access::Signed;
use crate::problem::{Code, Problem};
use crate::service::Service;

pub(super) use view::{CaseView, open_note, view_of};

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/cases/{id}", get(hold::show))
        .route("/cases/{id}/keep", post(hold::keep))
        .route("/cases/{id}/leave", post(hold::leave))
        .route("/cases/{id}/judgement", post(judgement::handler))
        .route("/cases/{id}/views", post(media::unmask))
        .route("/cases/{id}/media/{media}", get(media::handler))
        .route("/cases/{id}/preview", post(preview::handler))
        .route("/cases/{id}/decision", post(decide::handler))
        .route("/decisions", get(undo::list))
        .route("/decisions/{id}/undo", post(undo::handler))
        .route("/reasons", get(decide::reasons))
}

fn case_id(text: &str) -> Result<CaseId, Problem> {
    text.parse().map_err(|_| Code::NotFound.into())
}

/// The case, if this person holds it now.
async fn in_hand(service: &Service, me: &Signed, id: &str) -> Result<Case, Problem> {
    me.judges()?;
    let case = service.database().case(&case_id(id)?).await?;
    let case = case.ok_or_else(|| Problem::from(Code::NotFound))?;
    let now = service.now();
    let held = case.state == idproof_domain::case::CaseState::InReview
        && case.review_holder.as_deref() == Some(me.staff.id.as_str())
        && case.review_until.is_some_and(|until| until > now);
    if held {
        Ok(case)
    } else {
        Err(Code::NotHeld.into())
    }
}

/// The same within a transaction, held against other writers until its end.
async fn locked(service: &Service, tx: &mut Tx, me: &Signed, id: &str) -> Result<Case, Problem> {
    me.judges()?;
    tx.case_in_review(&case_id(id)?, me.staff.id.as_str(), service.now())
        .await?
        .ok_or_else(|| Code::NotHeld.into())
}
