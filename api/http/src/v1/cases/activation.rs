use axum::Json;
use axum::extract::State;
use idproof_domain::case::{CaseState, Step};
use idproof_domain::confirm::CodePurpose;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::contacts::typed;
use crate::v1::locked;

/// A code as it was typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeBody {
    /// Six digits; spaces and hyphens between them are left out.
    #[schema(example = "123456", max_length = 40)]
    pub code: String,
}

/// Enter the code from the letter
///
/// Problems: `code_wrong` with `remaining`, `code_locked` with `until`, `code_expired`,
/// `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/activation", tag = "Letter", operation_id = "activate",
    params(("id" = String, Path, description = "The case")),
    request_body = CodeBody,
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<CodeBody>,
) -> Result<Json<StatusView>, Problem> {
    let typed = typed(&body.code)?;
    let (now, purpose) = (service.now(), CodePurpose::Activation);
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    if !matches!(case.state, CaseState::LetterSent | CaseState::LetterOpened) {
        return Err(Code::InvalidState.into());
    }
    let Some(mut code) = tx.code(&case.id, purpose).await? else {
        return Err(Code::CodeExpired.into());
    };
    let refused = |e| Problem::of_code(e, now);
    code.record.open(now).map_err(refused)?;
    let right = service
        .secrets()
        .is_code(purpose, &case.id, &typed, &code.hash)?;
    let answer;
    (code.record, answer) = code.record.guessed(right, now);
    tx.put_code(&code).await?;
    if answer.is_ok() {
        let step = Step::Activated;
        tx.step_and_tell(&mut case, &step, &access.actor, now, service.random())
            .await?;
    }
    tx.commit().await?;
    answer.map_err(refused)?;
    Ok(Json(status_of(&service, &case).await?))
}
