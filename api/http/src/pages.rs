//! The capture pages, built into the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::problem::{Code, Problem};
use crate::service::Service;

static PAGES: Dir<'static> = include_dir!("$OUT_DIR/pages");

/// What a page may do: its own scripts and styles, the camera, its own service; nothing else.
/// Were the file not readable, a page would get the API's headers and could do nothing at all.
static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let written: BTreeMap<String, String> =
        serde_json::from_str(include_str!("../../../reviewer-ui/headers.json")).unwrap_or_default();
    written
        .into_iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        })
        .collect()
});
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The detector's runtime comes packed and is unpacked by the page.
const PACKED: &str = "application/gzip";
const HOUR: &str = "public, max-age=3600";

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>idproof</title></head>\
    <body><h1>The capture pages are not built</h1>\
    <p>The API works. To have the pages, run <code>make pages</code>, then build the program again.</p>\
    <p>The API is described at <a href=\"/docs\">/docs</a>.</p></body></html>\n";

pub(crate) fn router() -> Router<Service> {
    Router::new()
        .route("/", get(index))
        .route("/continue", get(index))
        .route("/handover", get(index))
        .route("/assets/{*path}", get(asset))
        .route("/models/face_detector.onnx", get(face_detector))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new(PACKED))),
        )
}

/// The page itself, which never stays in a cache: a link to it may hold a secret.
async fn index() -> Response {
    let (status, html) = match PAGES.get_file("index.html") {
        Some(file) => (StatusCode::OK, file.contents()),
        None => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT.as_bytes()),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    let page = Bytes::from_static(html);
    (status, HEADERS.clone(), headers, page).into_response()
}

/// What a file is, by the end of its name.
pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "gz" => PACKED,
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn file(path: &str, cache: &'static str) -> Option<Response> {
    let file = PAGES.get_file(path)?;
    let headers = [(CONTENT_TYPE, content_type(path)), (CACHE_CONTROL, cache)];
    let content = Bytes::from_static(file.contents());
    Some((HEADERS.clone(), headers, content).into_response())
}

/// A file whose name holds the hash of its content.
async fn asset(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    file(path, FOR_EVER).unwrap_or_else(|| Problem::from(Code::NotFound).into_response())
}

async fn face_detector(State(service): State<Service>) -> Response {
    match &service.face_detector {
        Some(model) => {
            let headers = [
                (CONTENT_TYPE, "application/octet-stream"),
                (CACHE_CONTROL, HOUR),
            ];
            (headers, model.clone()).into_response()
        }
        None => Problem::from(Code::NotFound).into_response(),
    }
}

/// First parts of paths that are no pages.
const OURS: [&str; 8] = [
    "v1",
    "console",
    "health",
    "docs",
    "openapi.json",
    "metrics",
    "assets",
    "models",
];

/// Any other path: a file beside the page, or the page itself for whoever wants to read.
pub(crate) async fn fallback(request: Request) -> Response {
    let not_found = || Problem::from(Code::NotFound).into_response();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_found();
    }
    let path = request.uri().path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if OURS.contains(&first) {
        return not_found();
    }
    if path.contains('.') {
        return file(path, HOUR).unwrap_or_else(not_found);
    }
    let reads = request
        .headers()
        .get(ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.contains("text/html"));
    if !reads {
        return not_found();
    }
    let mut page = index().await;
    if PAGES.get_file("index.html").is_none() {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    page
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_SECURITY_POLICY;

    use super::*;

    #[test]
    fn the_headers_written_beside_the_pages_are_all_sent() {
        let written = include_str!("../../../reviewer-ui/headers.json");
        assert_eq!(HEADERS.len(), written.matches("\": \"").count());
        let policy = HEADERS[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        for never in ["'unsafe-inline'", "'unsafe-eval'", "https:", "*"] {
            assert!(!policy.contains(never), "{never}");
        }
    }
}
