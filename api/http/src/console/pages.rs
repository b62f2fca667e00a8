//! The console's pages, built into the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};
use tower_http::compression::CompressionLayer;

use crate::pages::content_type;
use crate::problem::{Code, Problem};
use crate::service::Service;

static PAGES: Dir<'static> = include_dir!("$OUT_DIR/console");

/// What a page may do: its own scripts and styles, its own service; no camera, no frame around it.
static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let written: BTreeMap<String, String> = serde_json::from_str(WRITTEN).unwrap_or_default();
    written
        .into_iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        })
        .collect()
});
const WRITTEN: &str = include_str!(concat!(env!("OUT_DIR"), "/console-headers.json"));
const FOR_EVER: &str = "public, max-age=31536000, immutable";

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>idproof console</title></head>\
    <body><h1>The console's pages are not built</h1>\
    <p>Its API works. To have the pages, run <code>make pages</code>, then build the program again.</p></body></html>\n";

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/console", get(moved))
        .route("/console/", get(index))
        .route("/console/{*path}", get(file))
        .layer(CompressionLayer::new())
}

async fn moved() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "/console/")]).into_response()
}

async fn index() -> Response {
    let (status, html) = match PAGES.get_file("index.html") {
        Some(file) => (StatusCode::OK, file.contents()),
        None => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT.as_bytes()),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, HEADERS.clone(), headers, Bytes::from_static(html)).into_response()
}

/// A file, or the page itself for an address within it.
async fn file(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/console/");
    if path.starts_with("api/") || path == "api" {
        return Problem::from(Code::NotFound).into_response();
    }
    if let Some(file) = PAGES.get_file(path).filter(|_| path != "index.html") {
        // Only there do names hold the hash of the content.
        let cache = if path.starts_with("assets/") {
            FOR_EVER
        } else {
            "no-cache"
        };
        let headers = [(CONTENT_TYPE, content_type(path)), (CACHE_CONTROL, cache)];
        return (
            HEADERS.clone(),
            headers,
            Bytes::from_static(file.contents()),
        )
            .into_response();
    }
    if path.contains('.') {
        return Problem::from(Code::NotFound).into_response();
    }
    index().await
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_SECURITY_POLICY;

    use super::*;

    #[test]
    fn the_headers_written_beside_the_pages_are_all_sent() {
        assert_eq!(HEADERS.len(), WRITTEN.matches("\": \"").count());
        let policy = HEADERS[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        for never in ["'unsafe-inline'", "'unsafe-eval'", "https:", "*"] {
            assert!(!policy.contains(never), "{never}");
        }
    }
}
