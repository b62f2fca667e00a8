use axum::Json;
use axum::extract::State;

use super::{LetterView, view};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// The letter, without its content
///
/// Problems: `not_found` while there is none.
#[utoipa::path(get, path = "/v1/cases/{id}/letter", tag = "Letter", operation_id = "getLetter",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = LetterView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<LetterView>, Problem> {
    let letter = service.database().letter_of(&access.case.id).await?;
    let letter = letter.ok_or_else(|| Problem::from(Code::NotFound))?;
    Ok(Json(view(&service, &letter)))
}
