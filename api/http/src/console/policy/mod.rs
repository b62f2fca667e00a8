//! The policy that cases are judged by: its versions, what a change would do, and whether the scores
//! still are what they were. Operators draft, another operator approves; auditors and seniors read.

mod agreement;
mod draft;
mod drift;
mod labelled;
mod list;
mod replay;
mod standing;
mod steps;
mod thresholds;
mod view;

use axum::Router;
use axum::routing::{delete, get, post};
use idproof_database::Role;

use crate::service::Service;

pub use labelled::{Asked, Labelled, LabelledScores, Limits, Support};

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/policies", get(list::list).post(draft::create))
        .route("/policies/check", post(draft::check))
        .route("/policies/replay", post(replay::replay))
        .route("/policies/thresholds", get(thresholds::thresholds))
        .route("/policies/drift", get(drift::drift))
        .route(
            "/policies/labelled",
            get(labelled::list).post(labelled::add),
        )
        .route("/policies/labelled/{id}", delete(labelled::remove))
        .route("/policies/{id}", get(list::show))
        .route("/policies/{id}/diff", get(list::diff))
        .route("/policies/{id}/approve", post(steps::approve))
        .route("/policies/{id}/withdraw", post(steps::withdraw))
        .route("/policies/{id}/shadow", post(steps::shadow))
        .route("/policies/{id}/agreement", get(agreement::agreement))
}

const READ: &[Role] = &[Role::Operator, Role::Auditor, Role::Senior];
const WRITE: &[Role] = &[Role::Operator];
/// The policy of the configuration, where ids of versions stand.
const CONFIGURED: &str = "configured";
