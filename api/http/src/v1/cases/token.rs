use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, Token, Tx};
use idproof_domain::case::{Actor, CaseState};

use super::view::{OpenedCase, opened, view};
use crate::auth::{CaseAccess, TOKEN_PREFIX};
use crate::problem::{Code, Problem};
use crate::secret::new_secret;
use crate::service::Service;
use crate::v1::locked;

/// Makes a continuation token for the case; the caller shows it once.
pub(crate) async fn new_token(
    service: &Service,
    tx: &mut Tx,
    case: &Case,
) -> Result<String, Problem> {
    let now = service.now();
    let secret = new_secret(TOKEN_PREFIX, service.random());
    let hash = service.secrets().continuation_hash(&secret)?;
    let token = Token {
        case: case.id.clone(),
        created_at: now,
        expires_at: service.token_end(case.state, now),
    };
    tx.insert_token(&hash, &token).await?;
    Ok(secret)
}

/// Make another continuation token
///
/// For an integrator whose applicant lost theirs. Earlier tokens stay good. Problems:
/// `invalid_state` once the person is deleted.
#[utoipa::path(post, path = "/v1/cases/{id}/token", tag = "Cases", operation_id = "createToken",
    params(("id" = String, Path, description = "The case")),
    responses((status = 201, body = OpenedCase)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<(StatusCode, Json<OpenedCase>), Problem> {
    if access.actor == Actor::Applicant {
        return Err(Code::Unauthorized.into());
    }
    let mut tx = service.database().begin().await?;
    let case = locked(&mut tx, &access.case.id).await?;
    if case.state == CaseState::Deleted {
        return Err(Code::InvalidState.into());
    }
    let token = new_token(&service, &mut tx, &case).await?;
    tx.commit().await?;
    let seen = view(&service, &case).await?;
    Ok((StatusCode::CREATED, Json(opened(&service, seen, token))))
}
