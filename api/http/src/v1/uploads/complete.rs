use axum::Json;
use axum::extract::State;
use idproof_database::{Case, Chunk, Tx, Upload, UploadKind, UploadState};
use idproof_domain::case::{Actor, Step};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    UploadView, case_key, check_capture, check_digest, delete_objects, missing_documents,
    object_name, view,
};
use crate::auth::UploadAccess;
use crate::json;
use crate::problem::{Code, Problem};
use crate::secret::hex;
use crate::service::Service;
use crate::v1::locked;

/// What the sender says was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteBody {
    /// How many chunks the file has.
    #[schema(minimum = 1)]
    chunks: i64,
    /// SHA-256 of the whole file, hexadecimal.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
    /// What the page reports of camera, microphone and times; takes the place of what it reported
    /// at the beginning.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    capture: Option<serde_json::Value>,
}

/// Every chunk from 0 to the last, and none beyond.
fn check_chunks(chunks: &[Chunk], count: i64) -> Result<i64, Problem> {
    if count == 0 || (count > 0 && chunks.is_empty()) {
        return Err(Code::Empty.into());
    }
    let missing: Vec<String> = (0..count)
        .filter(|n| !chunks.iter().any(|c| c.number == *n))
        .take(20)
        .map(|n| n.to_string())
        .collect();
    if !missing.is_empty() {
        let detail = format!("send again: {}", missing.join(", "));
        return Err(Problem::from(Code::ChunksMissing).detail(detail));
    }
    if chunks.iter().any(|c| c.number >= count) {
        let detail = "more chunks were sent than that";
        return Err(Problem::field("/chunks", "range", detail));
    }
    Ok(chunks.iter().map(|c| c.size).sum())
}

/// The digest of the whole file, read back from the vault.
async fn digest(service: &Service, upload: &Upload, chunks: &[Chunk]) -> Result<String, Problem> {
    let key = case_key(service, &upload.case).await?;
    let mut hash = Sha256::new();
    for chunk in chunks {
        let mut reader = service
            .vault()
            .get(&key, &object_name(&chunk.object)?)
            .await?;
        while let Some(bytes) = reader.next().await? {
            hash.update(&bytes);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Marks what the new file takes the place of; returns its chunks.
async fn replace(tx: &mut Tx, upload: &Upload) -> Result<Vec<Chunk>, Problem> {
    let mut gone = Vec::new();
    for mut other in tx.uploads_of(&upload.case, upload.attempt).await? {
        if other.kind == upload.kind
            && other.id != upload.id
            && other.state == UploadState::Complete
        {
            other.state = UploadState::Discarded;
            tx.save_upload(&other).await?;
            gone.extend(tx.chunks_of(&other.id).await?);
        }
    }
    Ok(gone)
}

/// The step that the whole file means for its case, if it means one.
async fn step_of(tx: &mut Tx, case: &Case, upload: &Upload) -> Result<Option<Step>, Problem> {
    if upload.kind != UploadKind::SelfieVideo {
        let uploads = tx.uploads_of(&case.id, case.attempt).await?;
        let all = missing_documents(case, &uploads).is_empty();
        return Ok(all.then_some(Step::DocumentUploaded));
    }
    let challenge = match &upload.challenge {
        Some(id) => tx.challenge(id).await?,
        None => None,
    };
    // A later one was drawn: this recording answers what is no longer asked.
    if challenge.is_none_or(|c| c.voided_at.is_some() || c.attempt != case.attempt) {
        return Err(Code::ChallengeVoid.into());
    }
    Ok(Some(Step::VideoUploaded))
}

async fn close(
    service: &Service,
    tx: &mut Tx,
    case: &mut Case,
    upload: &mut Upload,
    actor: &Actor,
) -> Result<Vec<Chunk>, Problem> {
    let now = service.now();
    upload.state = UploadState::Complete;
    upload.completed_at = Some(now);
    tx.save_upload(upload).await?;
    let gone = replace(tx, upload).await?;
    match step_of(tx, case, upload).await? {
        Some(step) => {
            tx.step_and_tell(case, &step, actor, now, service.random())
                .await?;
        }
        None => {
            Step::DocumentUploaded.apply(case.state)?;
            case.last_activity_at = now;
            tx.save_case(case).await?;
        }
    }
    Ok(gone)
}

/// Say that everything was sent
///
/// Checks that every chunk is there and, if told, the whole file's size and digest. An earlier file
/// of the same kind is replaced. Problems: `chunks_missing`, `digest_mismatch`, `size_wrong`,
/// `empty`, `challenge_void`, `upload_closed`, `invalid_state`.
#[utoipa::path(post, path = "/v1/uploads/{id}/complete", tag = "Uploads", operation_id = "completeUpload",
    params(("id" = String, Path, description = "The upload")),
    request_body = CompleteBody,
    responses((status = 200, body = UploadView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: UploadAccess,
    json::Json(body): json::Json<CompleteBody>,
) -> Result<Json<UploadView>, Problem> {
    let UploadAccess { upload, access } = access;
    let told = body.sha256.as_deref().map(check_digest).transpose()?;
    if let Some(capture) = &body.capture {
        check_capture(capture)?;
    }
    if !(0..=service.parts.limits.chunks).contains(&body.chunks) {
        return Err(Problem::field("/chunks", "range", "as many as were sent"));
    }
    match upload.state {
        UploadState::Discarded => return Err(Code::UploadClosed.into()),
        UploadState::Receiving if !access.case.state.is_collecting() => {
            return Err(Code::InvalidState.into());
        }
        _ => {}
    }
    let chunks = service.database().chunks_of(&upload.id).await?;
    let size = check_chunks(&chunks, body.chunks)?;
    if upload.state == UploadState::Complete {
        // The same answer to the same request.
        return Ok(Json(view(&service, &upload, &chunks)));
    }
    if upload
        .declared_size
        .is_some_and(|declared| declared != size)
    {
        return Err(Code::SizeWrong.into());
    }
    let wanted: Vec<&String> = told.iter().chain(&upload.declared_sha256).collect();
    let sha256 = match wanted.first() {
        Some(_) => Some(digest(&service, &upload, &chunks).await?),
        None => None,
    };
    if wanted.iter().any(|w| Some(*w) != sha256.as_ref()) {
        return Err(Code::DigestMismatch.into());
    }

    let mut tx = service.database().begin_soon().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    let mut upload = tx
        .upload(&upload.id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    let same = tx.chunks_of(&upload.id).await?.len() == chunks.len();
    if upload.state != UploadState::Receiving || upload.attempt != case.attempt || !same {
        return Err(Code::UploadClosed.into());
    }
    upload.size = size;
    upload.sha256 = sha256;
    if let Some(capture) = body.capture {
        upload.capture = capture;
    }
    let gone = close(&service, &mut tx, &mut case, &mut upload, &access.actor).await?;
    tx.commit().await?;
    delete_objects(&service, &gone).await;
    Ok(Json(view(&service, &upload, &chunks)))
}
