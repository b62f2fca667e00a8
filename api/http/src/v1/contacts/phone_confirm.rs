use axum::Json;
use axum::extract::State;
use idproof_domain::confirm::CodePurpose;

use super::confirm;
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::Problem;
use crate::service::Service;
use crate::v1::cases::{CodeBody, StatusView, status_of};

/// Enter the code that came by SMS
///
/// Problems: `code_wrong` with `remaining`, `code_locked` with `until`, `code_expired`,
/// `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/phone/confirm", tag = "Contacts", operation_id = "confirmPhone",
    params(("id" = String, Path, description = "The case")),
    request_body = CodeBody,
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<CodeBody>,
) -> Result<Json<StatusView>, Problem> {
    let case = confirm(&service, &access, CodePurpose::Phone, &body.code).await?;
    Ok(Json(status_of(&service, &case).await?))
}
