use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_domain::case::Step;
use serde::Deserialize;
use utoipa::ToSchema;

use super::status::has_media;
use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;

/// What the refused applicant answers.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppealBody {
    /// For the person who looks again.
    #[schema(max_length = 2000, required = false)]
    text: Option<String>,
}

const LONGEST: usize = 2_000;

/// Ask a person to look again
///
/// Once, after a refusal, while the pictures exist. Problems: `appeal_used`, `media_gone`,
/// `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/appeal", tag = "Cases", operation_id = "appealCase",
    params(("id" = String, Path, description = "The case")),
    request_body = AppealBody,
    responses((status = 202, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::OptionalJson(body): json::OptionalJson<AppealBody>,
) -> Result<(StatusCode, Json<StatusView>), Problem> {
    let text = body.text.unwrap_or_default();
    if text.chars().count() > LONGEST || text.contains('\0') {
        let detail = format!("at most {LONGEST} characters of text");
        return Err(Problem::field("/text", "length", detail));
    }
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    Step::Appealed.apply(case.state)?;
    if case.appealed {
        return Err(Code::AppealUsed.into());
    }
    if !has_media(&case, now) {
        return Err(Code::MediaGone.into());
    }
    case.appealed = true;
    tx.insert_appeal(&case.id, text.trim(), now).await?;
    tx.step_and_tell(
        &mut case,
        &Step::Appealed,
        &access.actor,
        now,
        service.random(),
    )
    .await?;
    tx.commit().await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(status_of(&service, &case).await?),
    ))
}
