use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, Tx, Upload, UploadKind, UploadState};
use idproof_domain::case::Step;
use idproof_domain::ids::{ChallengeId, UploadId};
use idproof_vault::script_digest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{UploadView, check_capture, check_digest, most_bytes, needed, view};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{Code, FieldError, Problem};
use crate::service::Service;
use crate::v1::cases::challenge::attempt_name;
use crate::v1::locked;
use crate::wire::upload_kind;

/// What is going to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    #[schema(schema_with = upload_kind)]
    kind: String,
    /// Bytes of the whole file, where they are known.
    #[serde(default)]
    #[schema(minimum = 1)]
    size: Option<i64>,
    /// SHA-256 of the whole file, hexadecimal, where it is known.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
    /// The challenge that the recording answers. For a recording, with its token.
    #[serde(default)]
    challenge_id: Option<String>,
    #[serde(default)]
    challenge_token: Option<String>,
    /// What the page reports of camera, microphone and times.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    capture: Option<serde_json::Value>,
}

struct Wanted {
    kind: UploadKind,
    size: Option<i64>,
    sha256: Option<String>,
    challenge: Option<(ChallengeId, String)>,
    capture: serde_json::Value,
}

impl NewUpload {
    fn check(self, service: &Service) -> Result<Wanted, Problem> {
        let kind: UploadKind = self.kind.parse().map_err(|()| {
            let detail = "`document_front`, `document_back` or `selfie_video`";
            Problem::field("/kind", "not_accepted", detail)
        })?;
        if let Some(size) = self.size {
            let most = most_bytes(service, kind);
            if size == 0 {
                return Err(Code::Empty.into());
            }
            if !(1..=most).contains(&size) {
                return Err(crate::json::too_large(u64::try_from(most).unwrap_or(0)));
            }
        }
        let challenge = match (self.challenge_id, self.challenge_token, kind) {
            (Some(id), Some(token), UploadKind::SelfieVideo) => {
                // An id of another form is no challenge of this service.
                let id = id
                    .parse()
                    .map_err(|_| Problem::from(Code::ChallengeForged))?;
                Some((id, token))
            }
            (None, None, UploadKind::DocumentFront | UploadKind::DocumentBack) => None,
            (.., UploadKind::SelfieVideo) => {
                let missing = |p| FieldError::new(p, "missing", "a recording answers a challenge");
                return Err(Problem::invalid(vec![
                    missing("/challenge_id"),
                    missing("/challenge_token"),
                ]));
            }
            _ => {
                let detail = "a picture answers no challenge";
                return Err(Problem::field("/challenge_id", "not_allowed", detail));
            }
        };
        let capture = self.capture.unwrap_or_else(|| serde_json::json!({}));
        check_capture(&capture)?;
        Ok(Wanted {
            kind,
            size: self.size,
            sha256: self.sha256.as_deref().map(check_digest).transpose()?,
            challenge,
            capture,
        })
    }
}

/// Whether the case can take such a file now.
fn may_take(case: &Case, kind: UploadKind) -> Result<(), Problem> {
    if case.consent.is_none() {
        return Err(Code::ConsentNeeded.into());
    }
    match kind {
        UploadKind::SelfieVideo => {
            Step::VideoUploaded.apply(case.state)?;
        }
        UploadKind::DocumentFront | UploadKind::DocumentBack => {
            Step::DocumentUploaded.apply(case.state)?;
            if !needed(case).contains(&kind) {
                let detail = "this document has no such side to photograph";
                return Err(Problem::field("/kind", "not_needed", detail));
            }
        }
    }
    Ok(())
}

/// Binds the recording to the challenge: once, and only while it is valid. What the token says is
/// believed only under its signature; whether it was used or replaced, the database knows.
async fn bind(
    service: &Service,
    tx: &mut Tx,
    case: &Case,
    id: &ChallengeId,
    token: &str,
) -> Result<(), Problem> {
    let claims = service.secrets().read_challenge(token)?;
    let Some(claims) = claims.filter(|c| c.id == id.as_str()) else {
        return Err(Code::ChallengeForged.into());
    };
    if claims.attempt != attempt_name(case) {
        return Err(Code::ChallengeForeign.into());
    }
    let now = service.now();
    if now > claims.expires_at {
        return Err(Code::ChallengeExpired.into());
    }
    // Its row goes with the case's media.
    let kept = tx.challenge(id).await?;
    let challenge = kept.ok_or_else(|| Problem::from(Code::ChallengeVoid))?;
    if script_digest(&challenge.script) != claims.script {
        return Err(Code::ChallengeForged.into());
    }
    if challenge.used_at.is_some() {
        return Err(Code::ChallengeUsed.into());
    }
    if challenge.voided_at.is_some() {
        return Err(Code::ChallengeVoid.into());
    }
    if !tx.use_challenge(id, now).await? {
        return Err(Code::ChallengeUsed.into());
    }
    Ok(())
}

/// Begin an upload
///
/// Problems: `consent_needed`, `challenge_forged`, `challenge_expired`, `challenge_foreign`,
/// `challenge_used`, `challenge_void`, `too_many_uploads`, `too_large`, `empty`, `invalid`,
/// `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/uploads", tag = "Uploads", operation_id = "openUpload",
    params(("id" = String, Path, description = "The case")),
    request_body = NewUpload,
    responses((status = 201, body = UploadView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<NewUpload>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let wanted = body.check(&service)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    may_take(&case, wanted.kind)?;
    let begun = tx.uploads_of(&case.id, case.attempt).await?.len();
    if begun >= service.parts.limits.uploads_per_attempt {
        return Err(Code::TooManyUploads.into());
    }
    if let Some((id, token)) = &wanted.challenge {
        bind(&service, &mut tx, &case, id, token).await?;
    }
    let upload = Upload {
        id: UploadId::new(now, service.id_bytes()),
        case: case.id.clone(),
        attempt: case.attempt,
        kind: wanted.kind,
        challenge: wanted.challenge.map(|(id, _)| id),
        state: UploadState::Receiving,
        declared_size: wanted.size,
        declared_sha256: wanted.sha256,
        size: 0,
        sha256: None,
        capture: wanted.capture,
        created_at: now,
        completed_at: None,
    };
    tx.insert_upload(&upload).await?;
    case.last_activity_at = now;
    tx.save_case(&mut case).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(view(&service, &upload, &[]))))
}
