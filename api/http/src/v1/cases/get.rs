use axum::Json;
use axum::extract::State;

use super::view::{CaseView, view};
use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;

/// A case
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "Cases", operation_id = "getCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = CaseView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<CaseView>, Problem> {
    Ok(Json(view(&service, &access.case).await?))
}
