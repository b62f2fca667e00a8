use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::layers::{admission, headers, idempotency, observe};
use crate::service::Service;
use crate::{auth, console, docs, openapi, pages};

/// Every route of the service with everything around it. To be run by [`crate::serve`], which
/// knows where connections come from.
pub fn router(service: Service) -> Router {
    let (api, operation, document) = openapi::described();
    let api = api
        .route_layer(from_fn_with_state(service.clone(), idempotency::layer))
        .route_layer(from_fn_with_state(service.clone(), auth::layer));
    Router::new()
        .merge(api)
        .merge(operation)
        .merge(console::router(&service))
        .merge(docs::router(&document))
        .merge(pages::router())
        .fallback(pages::fallback)
        .method_not_allowed_fallback(docs::method_not_allowed)
        .layer(from_fn_with_state(service.clone(), admission::layer))
        .layer(from_fn_with_state(service.clone(), headers::layer))
        .layer(from_fn_with_state(service.clone(), observe::layer))
        .with_state(service)
}
