use axum::Json;
use axum::extract::State;
use idproof_domain::case::Actor;
use idproof_domain::letter::LetterStep;

use super::{LetterView, advance, held, view};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// Refuse the letter
///
/// Ends the case. For the applicant alone. Problems: `letter_elsewhere`, `letter_late`,
/// `invalid_state`, `not_found`.
#[utoipa::path(post, path = "/v1/cases/{id}/letter/refuse", tag = "Letter", operation_id = "refuseLetter",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = LetterView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<LetterView>, Problem> {
    if access.actor != Actor::Applicant {
        return Err(Code::Unauthorized.into());
    }
    let mut tx = service.database().begin().await?;
    let (mut case, mut letter) = held(&service, &mut tx, &access).await?;
    let step = LetterStep::Refuse;
    advance(&service, &mut tx, &mut case, &mut letter, step, &access).await?;
    tx.commit().await?;
    Ok(Json(view(&service, &letter)))
}
