//! Who is let in: not more at once than the service can do, not more from one address than fair.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::layers::address::{self, ClientAddress};
use crate::limits::Origin;
use crate::problem::{Code, Problem};
use crate::service::Service;

pub(crate) async fn layer(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &service.parts.http.trusted_proxies;
    let client = address::client(request.extensions(), request.headers(), trusted);
    request.extensions_mut().insert(client);
    if let Err(wait) = service.rates.address.ask(&Origin::from(client.0)) {
        return too_often(wait).into_response();
    }
    if too_many(request.headers()) {
        return Problem::from(Code::HeadersTooLarge).into_response();
    }
    let Ok(_permit) = service.requests.try_acquire() else {
        return Problem::from(Code::Overloaded).into_response();
    };
    service.parts.metrics.at_work.inc();
    let _counted = Counted(&service);
    next.run(request).await
}

/// Headers of a request, and their bytes. The server itself reads no more than it has to: see
/// `crate::server`.
const HEADERS: usize = 64;
const HEADERS_BYTES: usize = 16 << 10;

fn too_many(headers: &HeaderMap) -> bool {
    let bytes = headers.iter().map(|(n, v)| n.as_str().len() + v.len());
    headers.len() > HEADERS || bytes.sum::<usize>() > HEADERS_BYTES
}

/// Counts down also when the caller hangs up.
struct Counted<'a>(&'a Service);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.parts.metrics.at_work.dec();
    }
}

/// The answer to a caller above its rate.
pub(crate) fn too_often(wait: std::time::Duration) -> Problem {
    Problem {
        retry_after_s: Some(wait.as_secs().saturating_add(1)),
        ..Code::RateLimited.into()
    }
}

/// The address that [`layer`] found.
pub(crate) fn client_of(extensions: &axum::http::Extensions) -> Option<ClientAddress> {
    extensions.get::<ClientAddress>().copied()
}
