use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{UploadKind, UploadState};
use idproof_domain::case::{CaseState, Step};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::delete_objects;
use crate::auth::UploadAccess;
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::v1::locked;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Why {
    /// Why it is thrown away.
    #[param(inline)]
    reason: Option<Reason>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// The applicant wants to do better.
    Redo,
    /// A call or another app interrupted the recording.
    Interrupted,
}

/// Throw a file away
///
/// Its bytes are deleted. A recording is then to be taken anew, under a new challenge. Problems:
/// `invalid_state` once the case is handed in.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "Uploads", operation_id = "discardUpload",
    params(("id" = String, Path, description = "The upload"), Why),
    responses((status = 204)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: UploadAccess,
    Query(why): Query<Why>,
) -> Result<StatusCode, Problem> {
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.access.case.id).await?;
    let Some(mut upload) = tx.upload(&access.upload.id).await? else {
        return Err(Code::NotFound.into());
    };
    if upload.state == UploadState::Discarded {
        return Ok(StatusCode::NO_CONTENT);
    }
    if !case.state.is_collecting() || upload.attempt != case.attempt {
        return Err(Code::InvalidState.into());
    }
    let chosen = upload.kind == UploadKind::SelfieVideo && upload.state == UploadState::Complete;
    upload.state = UploadState::Discarded;
    if let Some(reason) = why.reason {
        let reason = match reason {
            Reason::Redo => "redo",
            Reason::Interrupted => "interrupted",
        };
        upload.capture = serde_json::json!({ "discarded": reason });
    }
    tx.save_upload(&upload).await?;
    let now = service.now();
    if chosen && case.state == CaseState::VideoUploaded {
        let (step, actor) = (Step::VideoDiscarded, &access.access.actor);
        tx.step_and_tell(&mut case, &step, actor, now, service.random())
            .await?;
    } else {
        case.last_activity_at = now;
        tx.save_case(&mut case).await?;
    }
    let chunks = tx.chunks_of(&upload.id).await?;
    tx.commit().await?;
    delete_objects(&service, &chunks).await;
    Ok(StatusCode::NO_CONTENT)
}
