use axum::extract::State;
use axum::http::StatusCode;
use idproof_domain::case::Step;

use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;
use crate::v1::locked;

/// Delete everything about the person
///
/// Contacts, identity, codes and tokens at once; pictures and recording by the next purge. What
/// remains is that there was a case, and its events without a person. Final.
#[utoipa::path(delete, path = "/v1/cases/{id}", tag = "Cases", operation_id = "deleteCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 204)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<StatusCode, Problem> {
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    let (now, random) = (service.now(), service.random());
    tx.step_and_tell(&mut case, &Step::Deleted, &access.actor, now, random)
        .await?;
    tx.erase_person(&mut case).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
