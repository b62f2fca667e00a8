use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idproof_database::UploadState;
use std::sync::Arc;

use super::most_bytes;
use super::receive::{Announced, drain, keep, store};
use crate::auth::UploadAccess;
use crate::json::too_large;
use crate::path::Path;
use crate::problem::{Code, Problem, internal};
use crate::secret::hex;
use crate::service::Service;

const DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The SHA-256 of `Content-Digest: sha-256=:BASE64:` (RFC 9530).
fn announced_digest(headers: &HeaderMap) -> Option<[u8; 32]> {
    let all = headers.get_all(&DIGEST).iter();
    let mut entries = all
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','));
    let value = entries.find_map(|e| e.trim().strip_prefix("sha-256="))?;
    let encoded = value.strip_prefix(':')?.strip_suffix(':')?;
    STANDARD.decode(encoded).ok()?.try_into().ok()
}

/// What can be said before a byte of the body is read.
fn announced(service: &Service, number: &str, request: &Request) -> Result<Announced, Problem> {
    let limits = &service.parts.limits;
    let digits =
        !number.is_empty() && number.len() <= 9 && number.bytes().all(|b| b.is_ascii_digit());
    let number = digits
        .then(|| number.parse::<i64>().ok())
        .flatten()
        .filter(|n| *n < limits.chunks)
        .ok_or_else(|| {
            let detail = format!("a number from 0 to {}", limits.chunks - 1);
            Problem::field("n", "range", detail)
        })?;
    // Of a body that says its length, or of none at all.
    let size = request.body().size_hint().exact();
    let size = size.ok_or_else(|| Problem::from(Code::LengthRequired))?;
    if size == 0 {
        return Err(Code::Empty.into());
    }
    if size > limits.chunk_bytes {
        return Err(too_large(limits.chunk_bytes));
    }
    let sha256 = announced_digest(request.headers()).ok_or_else(|| {
        Problem::from(Code::BadRequest)
            .detail("a header Content-Digest: sha-256=:BASE64: is needed")
    })?;
    Ok(Announced {
        number,
        size,
        sha256,
    })
}

/// Send a chunk
///
/// In any order, several at once, each as often as needed: 204 means that it need not be sent again,
/// whatever becomes of the service's processes. A power cut may take it until the case is handed in;
/// it is then asked for again. What breaks off leaves nothing. Problems: `chunk_differs`, `upload_closed`, `digest_mismatch`,
/// `cut_off`, `too_slow`, `too_large`, `empty`, `length_required`, `overloaded`.
#[utoipa::path(put, path = "/v1/uploads/{id}/chunks/{n}", tag = "Uploads", operation_id = "putChunk",
    params(
        ("id" = String, Path, description = "The upload"),
        ("n" = u32, Path, description = "The chunk's number, from 0"),
        ("Content-Digest" = String, Header, description = "`sha-256=:BASE64:` of this chunk (RFC 9530)"),
    ),
    request_body(content = inline(Bytes), content_type = "application/octet-stream"),
    responses((status = 204, description = "The chunk is stored")))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: UploadAccess,
    Path((_, number)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let announced = announced(&service, &number, &request)?;
    let UploadAccess { upload, access } = access;
    if !access.case.state.is_collecting() {
        return Err(Code::InvalidState.into());
    }
    let there = service
        .database()
        .chunk(&upload.id, announced.number)
        .await?;
    let body = request.into_body();
    if let Some(there) = there {
        if there.sha256 != hex(&announced.sha256) {
            return Err(Code::ChunkDiffers.into());
        }
        drain(body, service).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    if upload.state != UploadState::Receiving {
        return Err(Code::UploadClosed.into());
    }
    let most = most_bytes(&service, upload.kind);
    let stored = service.database().stored_bytes(&upload.id).await?;
    if stored.saturating_add(i64::try_from(announced.size).unwrap_or(i64::MAX)) > most {
        return Err(too_large(u64::try_from(most).unwrap_or(0)));
    }
    receive(service, upload, announced, body).await
}

async fn receive(
    service: Service,
    upload: idproof_database::Upload,
    announced: Announced,
    body: Body,
) -> Result<StatusCode, Problem> {
    let permit = Arc::clone(&service.chunks)
        .try_acquire_owned()
        .map_err(|_| Problem::from(Code::Overloaded))?;
    let kept = store(&service, &upload, &announced, body).await?;
    // Goes on also when the sender hangs up.
    let work = tokio::spawn(async move {
        let noted = keep(&service, &upload, &announced, kept).await;
        drop(permit);
        noted
    });
    work.await
        .map_err(|_| internal("storing a chunk stopped"))??;
    Ok(StatusCode::NO_CONTENT)
}

/// Bytes, for the description.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body")]
struct Bytes(Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_digest_is_read_among_others_and_nothing_else_is_one() {
        let zeros = STANDARD.encode([0; 32]);
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(DIGEST, HeaderValue::from_str(text).unwrap());
            announced_digest(&headers)
        };
        assert_eq!(read(&format!("sha-256=:{zeros}:")), Some([0; 32]));
        assert_eq!(
            read(&format!("sha-512=:AA==:, sha-256=:{zeros}:")),
            Some([0; 32])
        );
        for bad in [
            "",
            "sha-256",
            "sha-256=::",
            "sha-256=:AA==:",
            &format!("sha-256={zeros}"),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
