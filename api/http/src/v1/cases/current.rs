use axum::Json;
use axum::extract::State;

use super::view::{CaseView, view};
use crate::auth::{Caller, CaseAccess};
use crate::problem::{Code, Problem};
use crate::service::Service;

/// The case of the token that comes with the request
#[utoipa::path(get, path = "/v1/cases/current", tag = "Cases", operation_id = "getCurrentCase",
    responses((status = 200, body = CaseView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<CaseView>, Problem> {
    let Caller::Applicant(holder) = &caller else {
        return Err(Code::Unauthorized.into());
    };
    let access = CaseAccess::open(&service, &caller, &holder.token.case).await?;
    Ok(Json(view(&service, &access.case).await?))
}
