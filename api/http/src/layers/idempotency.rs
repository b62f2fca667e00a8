//! `Idempotency-Key`: an integrator that repeats a POST gets the first answer, sealed while kept.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idproof_database::Begun;
use idproof_vault::Purpose;
use sha2::{Digest, Sha256};

use crate::auth::Caller;
use crate::json;
use crate::problem::{Code, Problem, internal};
use crate::secret::hex;
use crate::service::Service;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long an answer is kept.
pub(crate) const KEEP_MS: i64 = 24 * 3_600_000;
const LONGEST_KEY: usize = 255;
/// Answers are as small as requests; what is larger is not kept.
const LARGEST_ANSWER: usize = 1 << 20;

pub(crate) async fn layer(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let caller = match request.extensions().get::<Caller>() {
        Some(Caller::Integrator(key)) => key.id.to_string(),
        _ => return next.run(request).await,
    };
    if request.method() != Method::POST || !request.headers().contains_key(&HEADER) {
        return next.run(request).await;
    }
    match once(&service, &caller, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// The key as it was sent: printable, not too long.
fn key_of(request: &Request) -> Result<String, Problem> {
    let mut all = request.headers().get_all(&HEADER).iter();
    let (first, more) = (all.next(), all.next());
    let key = first.and_then(|v| v.to_str().ok()).unwrap_or("");
    if more.is_some() || key.is_empty() || key.len() > LONGEST_KEY {
        let wanted = format!("one Idempotency-Key of 1 to {LONGEST_KEY} printable characters");
        return Err(Problem::from(Code::BadRequest).detail(wanted));
    }
    Ok(key.to_owned())
}

async fn once(
    service: &Service,
    scope: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key_of(&request)?;
    let (parts, body) = request.into_parts();
    let body = json::read(body, service).await?;
    let mut hash = Sha256::new();
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.path().as_bytes(),
        parts.uri.query().unwrap_or("").as_bytes(),
        &body,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hex(&hash.finalize());
    let database = service.database();
    let context = format!("answer to {scope} {key}");
    match database
        .begin_request(scope, &key, &hash, KEEP_MS, service.now())
        .await?
    {
        Begun::Running => return Err(Code::IdempotencyRunning.into()),
        Begun::Other => return Err(Code::IdempotencyKeyReused.into()),
        Begun::Answered { status, body } => return replay(service, &context, status, &body),
        Begun::First => {}
    }
    let request = Request::from_parts(parts, Body::from(body));
    let (service, scope) = (service.clone(), scope.to_owned());
    // The caller may hang up; the answer is kept all the same.
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&service, &scope, &key, &context, response).await
    });
    work.await.map_err(|_| internal("a request stopped"))?
}

/// Keeps an answer that would come again; forgets the key after a failure that may pass.
async fn keep(
    service: &Service,
    scope: &str,
    key: &str,
    context: &str,
    response: Response,
) -> Result<Response, Problem> {
    let status = response.status();
    let passing = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || response.extensions().get() == Some(&Code::ChangedMeanwhile);
    if passing {
        service.database().abandon_request(scope, key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_ANSWER)
        .await
        .map_err(|_| internal("an answer is too large to keep"))?;
    let text = std::str::from_utf8(&body).map_err(|_| internal("an answer is no text"))?;
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let sealed =
        service
            .secrets()
            .seal(Purpose::Tokens, context, &format!("{content_type}\n{text}"))?;
    service
        .database()
        .finish_request(scope, key, status.as_u16(), &sealed)
        .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(
    service: &Service,
    context: &str,
    status: u16,
    sealed: &str,
) -> Result<Response, Problem> {
    let plain = service.secrets().open(Purpose::Tokens, context, sealed)?;
    let (content_type, body) = plain.split_once('\n').unwrap_or(("", ""));
    let status = StatusCode::from_u16(status).map_err(|_| internal("a kept status is none"))?;
    let mut response = (status, body.to_owned()).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    if let Ok(value) = HeaderValue::from_str(content_type)
        && !content_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
