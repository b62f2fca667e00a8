use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use idproof_domain::case::Actor;
use std::sync::Arc;

use super::{content, is_electronic};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem, internal};
use crate::service::Service;

/// The letter as a PDF
///
/// Once it is accepted; for the applicant alone. Problems: `letter_not_opened`,
/// `letter_elsewhere`, `not_found`.
#[utoipa::path(get, path = "/v1/cases/{id}/letter.pdf", tag = "Letter", operation_id = "getLetterPdf",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, content_type = "application/pdf", body = inline(Pdf))))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Response, Problem> {
    if access.actor != Actor::Applicant {
        return Err(Code::Unauthorized.into());
    }
    let letter = service.database().letter_of(&access.case.id).await?;
    let letter = letter.ok_or_else(|| Problem::from(Code::NotFound))?;
    if !is_electronic(&service, &letter) {
        return Err(Code::LetterElsewhere.into());
    }
    if !letter.letter.shows_sender() {
        return Err(Code::LetterNotOpened.into());
    }
    let content = content(&service, &access.case, &letter)?;
    let render = Arc::clone(&service.parts.letter_pdf);
    let pdf = tokio::task::spawn_blocking(move || render(&content))
        .await
        .map_err(|_| internal("setting a letter stopped"))?
        .map_err(|error| {
            tracing::error!(error, "a letter cannot be set");
            Problem::from(Code::Internal)
        })?;
    let headers = [
        (CONTENT_TYPE, "application/pdf"),
        (CONTENT_DISPOSITION, "attachment; filename=\"letter.pdf\""),
    ];
    Ok((headers, pdf).into_response())
}

/// Bytes, for the description.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body")]
struct Pdf(Vec<u8>);
