//! Pictures and recordings: in numbered chunks, each acknowledged once it is stored.

mod chunk;
mod complete;
mod discard;
mod get;
mod open;
mod receive;

use idproof_database::{Case, Chunk, Upload, UploadKind, UploadState};
use idproof_domain::document_kind::{DocumentKind, Side};
use idproof_domain::ids::CaseId;
use idproof_vault::{CaseKey, ObjectName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem, internal};
use crate::service::Service;
use crate::wire::{upload_kind, upload_state};

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(open::handler))
        .routes(routes!(get::handler, discard::handler))
        .routes(routes!(complete::handler))
        .routes(routes!(chunk::handler))
}

/// A file being received.
#[derive(Serialize, ToSchema)]
pub struct UploadView {
    #[schema(pattern = "^upl_[0-9a-z]{26}$")]
    pub id: String,
    #[schema(schema_with = upload_kind)]
    pub kind: &'static str,
    #[schema(schema_with = upload_state)]
    pub state: &'static str,
    pub challenge_id: Option<String>,
    /// The chunks that are stored; what is missing is to be sent again.
    pub received: Vec<ReceivedChunk>,
    /// Bytes of all of them.
    pub size: i64,
    /// Bytes that one chunk may have.
    pub chunk_bytes: u64,
}

/// A chunk that is stored.
#[derive(Serialize, ToSchema)]
pub struct ReceivedChunk {
    /// From 0.
    pub n: i64,
    pub size: i64,
}

fn view(service: &Service, upload: &Upload, chunks: &[Chunk]) -> UploadView {
    UploadView {
        id: upload.id.to_string(),
        kind: upload.kind.as_str(),
        state: upload.state.as_str(),
        challenge_id: upload.challenge.as_ref().map(ToString::to_string),
        received: chunks
            .iter()
            .map(|c| ReceivedChunk {
                n: c.number,
                size: c.size,
            })
            .collect(),
        size: chunks.iter().map(|c| c.size).sum(),
        chunk_bytes: service.parts.limits.chunk_bytes,
    }
}

/// What one file of that kind may weigh.
fn most_bytes(service: &Service, kind: UploadKind) -> i64 {
    let limits = &service.parts.limits;
    let most = match kind {
        UploadKind::SelfieVideo => limits.video_bytes,
        UploadKind::DocumentFront | UploadKind::DocumentBack => limits.document_bytes,
    };
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// The uploads that a declared document needs.
fn needed(case: &Case) -> Vec<UploadKind> {
    let kind: Option<DocumentKind> = case.document_type.as_deref().and_then(|t| t.parse().ok());
    let sides = kind.map_or(&[Side::Front, Side::Back][..], DocumentKind::sides);
    sides
        .iter()
        .map(|side| match side {
            Side::Front => UploadKind::DocumentFront,
            Side::Back => UploadKind::DocumentBack,
        })
        .collect()
}

/// The sides of the document that are not there yet.
pub(crate) fn missing_documents(case: &Case, uploads: &[Upload]) -> Vec<UploadKind> {
    let there = |kind: &UploadKind| {
        uploads
            .iter()
            .any(|u| u.kind == *kind && u.state == UploadState::Complete)
    };
    let mut needed = needed(case);
    needed.retain(|kind| !there(kind));
    needed
}

/// The key to a case's media.
pub(crate) async fn case_key(service: &Service, case: &CaseId) -> Result<CaseKey, Problem> {
    let wrapped = service.database().case_key(case).await?;
    let Some(wrapped) = wrapped.and_then(|w| w.parse().ok()) else {
        return Err(Code::MediaGone.into());
    };
    Ok(service.vault().open_case(case, &wrapped).await?)
}

pub(crate) fn object_name(text: &str) -> Result<ObjectName, Problem> {
    text.parse()
        .map_err(|_| internal("the name of an object is none"))
}

/// Deletes what a discarded upload leaves. What fails here the worker's sweep finds later.
async fn delete_objects(service: &Service, chunks: &[Chunk]) {
    let mut names = Vec::new();
    for chunk in chunks {
        if let Ok(name) = object_name(&chunk.object) {
            names.push(name);
        }
    }
    if let Err(e) = service.vault().delete_many(&names).await {
        tracing::warn!(error = %e, "objects are left for the sweep");
        return;
    }
    let now = service.now();
    for name in &names {
        let noted = service
            .database()
            .note_object_deleted(name.as_str(), now)
            .await;
        if let Err(e) = noted {
            tracing::warn!(error = %e, "deleted objects are left for the sweep");
            return;
        }
    }
}

/// Longest report of a page on camera, microphone and times, as JSON.
const LARGEST_CAPTURE: usize = 32 << 10;

fn check_capture(capture: &serde_json::Value) -> Result<(), Problem> {
    let ok = capture.is_object() && capture.to_string().len() <= LARGEST_CAPTURE;
    if ok {
        return Ok(());
    }
    let detail = format!("an object of at most {LARGEST_CAPTURE} bytes");
    Err(Problem::field("/capture", "not_accepted", detail))
}

/// A digest as 64 hexadecimal digits, in lower case.
fn check_digest(text: &str) -> Result<String, Problem> {
    match crate::secret::from_hex(text) {
        Some(_) => Ok(text.to_ascii_lowercase()),
        None => Err(Problem::field(
            "/sha256",
            "not_a_digest",
            "64 hexadecimal digits",
        )),
    }
}
