//! The capture pages, built into the program.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};
use tower_http::compression::CompressionLayer;

use crate::problem::{Code, Problem};
use crate::service::Service;

static PAGES: Dir<'static> = include_dir!("$OUT_DIR/pages");

/// What a page may do: its own scripts and styles, the camera, its own service; nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
    worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(self), microphone=(self), geolocation=(), display-capture=(), \
    payment=(), usb=(), interest-cohort=()";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const HOUR: &str = "public, max-age=3600";

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>idproof</title></head>\
    <body><h1>The capture pages are not built</h1>\
    <p>The API works. To have the pages, run <code>npm ci</code> and <code>npm run build</code> in \
    <code>reviewer-ui</code>, then build the program again.</p>\
    <p>The API is described at <a href=\"/docs\">/docs</a>.</p></body></html>\n";

pub(crate) fn router() -> Router<Service> {
    Router::new()
        .route("/", get(index))
        .route("/continue", get(index))
        .route("/handover", get(index))
        .route("/assets/{*path}", get(asset))
        .route("/models/face_detector.onnx", get(face_detector))
        .layer(CompressionLayer::new())
}

/// The page itself, which never stays in a cache: a link to it may hold a secret.
async fn index() -> Response {
    let html: &[u8] = match PAGES.get_file("index.html") {
        Some(file) => file.contents(),
        None => NOT_BUILT.as_bytes(),
    };
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    (headers, html.to_vec()).into_response()
}

/// What a file is, by the end of its name.
fn content_type(path: &str) -> &'static str {
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
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn file(path: &str, cache: &'static str) -> Option<Response> {
    let file = PAGES.get_file(path)?;
    let headers = [
        (CONTENT_TYPE, content_type(path)),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    Some((headers, Bytes::from_static(file.contents())).into_response())
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
const OURS: [&str; 7] = [
    "v1",
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
