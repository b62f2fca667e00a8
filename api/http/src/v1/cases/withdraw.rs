use axum::Json;
use axum::extract::State;
use idproof_domain::case::Step;

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;
use crate::v1::plain_step;

/// Give the case up
///
/// The pictures are deleted at once. Problems: `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/withdraw", tag = "Cases", operation_id = "withdrawCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<StatusView>, Problem> {
    let case = plain_step(&service, &access.case.id, &Step::Withdrawn, &access.actor).await?;
    Ok(Json(status_of(&service, &case).await?))
}
