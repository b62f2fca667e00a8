//! Request ids, the log line of a request, its counters. Logs name route templates and ids; never
//! a query, a body, or anything a person typed.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use idproof_ports::Stopwatch;
use tracing::Instrument;

use crate::problem::Code;
use crate::secret::hex;
use crate::service::Service;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) async fn layer(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let watch = Stopwatch::start(&*service.parts.clock);
    let id = format!("req_{}", hex(&service.id_bytes()));
    let method = method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("request", id, method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let code = response.extensions().get::<Code>().map(|c| c.as_str());
    let took = watch.elapsed();
    span.in_scope(|| {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status, code, took_ms, "answered");
    });
    let metrics = &service.parts.metrics;
    metrics.answered(method, &route, status, took);
    if let Some(code) = code {
        metrics.problem(code);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A method's name; those that strangers make up are one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
