//! Pictures and recordings as they came. They are strangers' files: the browser is told what they
//! are by their first bytes, may guess nothing, and may run nothing.

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use idproof_database::{Case, UploadState};
use idproof_vault::{CaseKey, ObjectName, Vault, VaultError};
use serde::Deserialize;
use serde_json::json;

use super::{in_hand, locked};
use crate::console::access::Signed;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem, internal};
use crate::service::Service;
use crate::v1::uploads::case_key;

/// Bytes looked at to tell what a file is.
const SNIFFED: u64 = 64;
const MOST_AT_ONCE: usize = 40;

/// Nothing in the file runs, loads or is framed, whatever it is.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// One stored part of a file.
#[derive(Clone)]
pub(super) struct Part {
    object: ObjectName,
    size: u64,
}

/// A picture or a recording, in the parts in which it is stored.
pub(super) struct File {
    pub id: String,
    pub kind: String,
    pub at_ms: Option<i64>,
    pub parts: Vec<Part>,
}

impl File {
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|p| p.size).sum()
    }
}

fn object(name: &str) -> Result<ObjectName, Problem> {
    name.parse()
        .map_err(|_| internal("the name of an object is none"))
}

/// Kind of the file in which the worker keeps what it read; shown as fields, not as a picture.
pub(super) const FINDINGS: &str = "findings";

/// Everything that is there of a case's attempt: what was sent, and what the worker made of it.
pub(super) async fn files(service: &Service, case: &Case) -> Result<Vec<File>, Problem> {
    if case.media_purged_at.is_some() {
        return Ok(Vec::new());
    }
    let database = service.database();
    let mut files = Vec::new();
    let uploads = database.uploads_of(&case.id, case.attempt).await?;
    for upload in uploads.iter().filter(|u| u.state == UploadState::Complete) {
        let mut parts = Vec::new();
        for chunk in database.chunks_of(&upload.id).await? {
            parts.push(Part {
                object: object(&chunk.object)?,
                size: u64::try_from(chunk.size).unwrap_or(0),
            });
        }
        files.push(File {
            id: upload.id.to_string(),
            kind: upload.kind.as_str().to_owned(),
            at_ms: None,
            parts,
        });
    }
    for picture in database.pictures(&case.id, case.attempt).await? {
        files.push(File {
            id: picture.id.to_string(),
            kind: picture.kind,
            at_ms: picture.at_ms,
            parts: vec![Part {
                object: object(&picture.object)?,
                size: u64::try_from(picture.size).unwrap_or(0),
            }],
        });
    }
    Ok(files)
}

/// What a file is, by its first bytes; what is none of these is bytes that a browser only keeps.
pub(super) fn sniff(head: &[u8]) -> &'static str {
    let brand = head.get(8..12).unwrap_or_default();
    match head {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [b'R', b'I', b'F', b'F', ..] if brand == b"WEBP" => "image/webp",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => match brand {
            b"heic" | b"heix" | b"mif1" | b"msf1" | b"heim" | b"heis" => "image/heic",
            b"avif" => "image/avif",
            _ => "video/mp4",
        },
        _ => "application/octet-stream",
    }
}

/// The first bytes of a file.
pub(super) async fn head(
    service: &Service,
    key: &CaseKey,
    file: &File,
) -> Result<Vec<u8>, Problem> {
    let Some(first) = file.parts.first() else {
        return Ok(Vec::new());
    };
    let until = SNIFFED.min(first.size);
    if until == 0 {
        return Ok(Vec::new());
    }
    let reader = service
        .vault()
        .get_range(key, &first.object, 0..until)
        .await?;
    Ok(reader.into_bytes(SNIFFED).await?)
}

/// A small file whole.
pub(super) async fn whole(
    service: &Service,
    key: &CaseKey,
    file: &File,
    most: u64,
) -> Result<Vec<u8>, Problem> {
    let mut all = Vec::new();
    for part in &file.parts {
        let reader = service.vault().get(key, &part.object).await?;
        all.extend(
            reader
                .into_bytes(most.saturating_sub(all.len() as u64))
                .await?,
        );
    }
    Ok(all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unmask {
    media: Vec<String>,
}

/// Opens pictures or recordings: from now on they may be fetched, and it is on record who saw them.
pub(super) async fn unmask(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Unmask>,
) -> Result<StatusCode, Problem> {
    let case = in_hand(&service, &me, &id).await?;
    let files = files(&service, &case).await?;
    if sent.media.is_empty() || sent.media.len() > MOST_AT_ONCE {
        return Err(Problem::field(
            "/media",
            "length",
            "1 to 40 of the case's media",
        ));
    }
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let case = locked(&service, &mut tx, &me, &id).await?;
    for (n, wanted) in sent.media.iter().enumerate() {
        let file = files.iter().find(|f| f.id == *wanted && f.kind != FINDINGS);
        let file = file.ok_or_else(|| {
            Problem::field(
                &format!("/media/{n}"),
                "not_accepted",
                "one of the case's media",
            )
        })?;
        tx.note_view(&case.id, &me.staff.id, &file.id, now).await?;
        let data = json!({ "media": file.id, "media_kind": file.kind });
        tx.record(me.event(Some(&case.id), now, "media_viewed", data));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A picture or recording, whole or in part.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Path((id, media)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let case = in_hand(&service, &me, &id).await?;
    let since = service.database().taken_at(&case.id, &me.staff.id).await?;
    let since = since.ok_or_else(|| Problem::from(Code::NotHeld))?;
    let seen = service
        .database()
        .views(&case.id, &me.staff.id, since)
        .await?;
    let files = files(&service, &case).await?;
    let file = files
        .into_iter()
        .find(|f| f.id == media && f.kind != FINDINGS)
        .ok_or_else(|| {
            let gone = case.media_purged_at.is_some();
            Problem::from(if gone {
                Code::MediaGone
            } else {
                Code::NotFound
            })
        })?;
    if !seen.contains(&file.id) {
        return Err(Code::MediaMasked.into());
    }
    let key = case_key(&service, &case.id).await?;
    let kind = sniff(&head(&service, &key, &file).await?);
    let total = file.size();
    let wanted = range(&headers, total)?;
    let part = wanted.clone().unwrap_or(0..total);
    let mut response = Response::builder()
        .status(if wanted.is_some() {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        })
        .header(CONTENT_TYPE, kind)
        .header(CONTENT_DISPOSITION, "inline")
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(CONTENT_LENGTH, part.end - part.start);
    if wanted.is_some() {
        let text = format!("bytes {}-{}/{total}", part.start, part.end - 1);
        response = response.header(CONTENT_RANGE, text);
    }
    let bytes = read(service.vault().clone(), key, file.parts, part);
    response
        .body(Body::from_stream(bytes))
        .map(IntoResponse::into_response)
        .map_err(|_| internal("a media answer cannot be made"))
}

/// The one part that `Range` asks for (RFC 9110); `None`: the whole. Several parts are answered
/// with the whole, as the standard allows.
fn range(headers: &HeaderMap, total: u64) -> Result<Option<Range<u64>>, Problem> {
    let Some(text) = headers.get(RANGE).map(HeaderValue::as_bytes) else {
        return Ok(None);
    };
    let Some(spec) = std::str::from_utf8(text)
        .ok()
        .and_then(|t| t.strip_prefix("bytes="))
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.trim().split_once('-'))
    else {
        return Ok(None);
    };
    let wrong = || Problem::from(Code::RangeWrong).detail(format!("the file has {total} bytes"));
    let (start, end) = match spec {
        ("", last) => {
            let last: u64 = last.parse().map_err(|_| wrong())?;
            (total.saturating_sub(last), total)
        }
        (first, "") => (first.parse().map_err(|_| wrong())?, total),
        (first, last) => {
            let last: u64 = last.parse().map_err(|_| wrong())?;
            (
                first.parse().map_err(|_| wrong())?,
                last.saturating_add(1).min(total),
            )
        }
    };
    if start >= end {
        return Err(wrong());
    }
    Ok(Some(start..end))
}

/// The parts of the file that lie within, one behind the other.
fn read(
    vault: Vault,
    key: CaseKey,
    parts: Vec<Part>,
    wanted: Range<u64>,
) -> impl Stream<Item = Result<Bytes, VaultError>> + Send {
    let mut begins = 0;
    let mut pieces = Vec::new();
    for part in parts {
        let ends = begins + part.size;
        let from = wanted.start.max(begins);
        let to = wanted.end.min(ends);
        if from < to {
            pieces.push((part.object, from - begins..to - begins));
        }
        begins = ends;
    }
    stream::iter(pieces)
        .then(move |(object, range)| {
            let (vault, key) = (vault.clone(), key.clone());
            async move {
                let reader = vault.get_range(&key, &object, range).await;
                match reader {
                    Ok(reader) => reader.into_stream().left_stream(),
                    Err(e) => stream::once(async { Err(e) }).right_stream(),
                }
            }
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Option<Range<u64>>, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, text.parse().unwrap());
        range(&headers, 100).map_err(|p| p.code)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(range(&HeaderMap::new(), 100).unwrap(), None);
        assert_eq!(asked("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(asked("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-10"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-1000"), Ok(Some(0..100)));
        assert_eq!(asked("bytes=5-1000"), Ok(Some(5..100)));
        for whole in ["bytes=0-1,5-6", "lines=1-2", "bytes"] {
            assert_eq!(asked(whole), Ok(None), "{whole}");
        }
        for wrong in [
            "bytes=100-",
            "bytes=9-5",
            "bytes=a-b",
            "bytes=-0",
            "bytes=-",
        ] {
            assert_eq!(asked(wrong), Err(Code::RangeWrong), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0rest"), "image/jpeg");
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\nrest"), "image/png");
        assert_eq!(sniff(b"RIFF....WEBPVP8 "), "image/webp");
        assert_eq!(sniff(b"\x1a\x45\xdf\xa3...."), "video/webm");
        assert_eq!(sniff(b"\0\0\0\x18ftypheic...."), "image/heic");
        assert_eq!(sniff(b"\0\0\0\x18ftypisom...."), "video/mp4");
        for none in [
            &b""[..],
            b"<!doctype html>",
            b"<svg xmlns=",
            b"%PDF-1.7",
            b"RIFF....AVI ",
        ] {
            assert_eq!(sniff(none), "application/octet-stream");
        }
    }
}
