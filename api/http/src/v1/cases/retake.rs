use axum::Json;
use axum::extract::State;
use idproof_domain::case::Step;

use super::status::asked;
use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;
use crate::v1::locked;

/// Begin to take again what is asked
///
/// A new attempt begins. Pictures of the document are taken over unless they are asked for again;
/// the recording is always taken anew. Problems: `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/retake", tag = "Cases", operation_id = "startRetake",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<StatusView>, Problem> {
    let asked = asked(&service, &access.case).await?;
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    let last = case.attempt;
    let step = Step::RetakeStarted {
        attempt: last + 1,
        keep_document: asked.is_some_and(|a| !a.document),
    };
    step.apply(case.state)?;
    if let Step::RetakeStarted {
        keep_document: true,
        ..
    } = step
    {
        tx.carry_documents(&case.id, last, last + 1).await?;
    }
    case.attempt = last + 1;
    tx.step_and_tell(
        &mut case,
        &step,
        &access.actor,
        service.now(),
        service.random(),
    )
    .await?;
    tx.commit().await?;
    Ok(Json(status_of(&service, &case).await?))
}
