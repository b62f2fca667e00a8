//! Integrators, for whoever runs the service: organisations, their keys and webhooks, how they
//! appear, and the sandbox. Keys and secrets are an administrator's; what happens to messages and
//! sandbox cases is an operator's too.

mod keys;
mod organisations;
mod sandbox;
mod settings;
mod webhooks;

use axum::Router;
use axum::routing::{get, patch, post};
use idproof_database::{Organisation, Role};

use crate::problem::{Code, Problem};
use crate::service::Service;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route(
            "/organisations",
            get(organisations::list).post(organisations::create),
        )
        .route(
            "/organisations/{id}/settings",
            get(settings::get).put(settings::put),
        )
        .route(
            "/organisations/{id}/keys",
            get(keys::list).post(keys::create),
        )
        .route("/keys/{id}/rotate", post(keys::rotate))
        .route("/keys/{id}/revoke", post(keys::revoke))
        .route(
            "/organisations/{id}/webhooks",
            get(webhooks::list).post(webhooks::create),
        )
        .route(
            "/webhooks/{id}",
            patch(webhooks::change).delete(webhooks::remove),
        )
        .route("/webhooks/{id}/secret", post(webhooks::rotate))
        .route("/webhooks/{id}/test", post(webhooks::test))
        .route("/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route(
            "/webhooks/{id}/deliveries/{message}/replay",
            post(webhooks::replay),
        )
        .route("/sandbox/outcomes", get(sandbox::outcomes))
        .route("/sandbox/cases", get(sandbox::list).post(sandbox::create))
}

const SEE: &[Role] = &[Role::Operator, Role::Administrator, Role::Auditor];
const ADMIN: &[Role] = &[Role::Administrator];

const HOUR_MS: i64 = 3_600_000;

/// The organisation of the path.
async fn organisation(service: &Service, id: &str) -> Result<Organisation, Problem> {
    let not_found = || Problem::from(Code::NotFound);
    let id = id.parse().map_err(|_| not_found())?;
    let found = service.database().organisation(&id).await?;
    found.ok_or_else(not_found)
}

/// How long what is replaced stays good, in milliseconds.
fn overlap(hours: i64, most: i64) -> Result<i64, Problem> {
    if (0..=most).contains(&hours) {
        return Ok(hours * HOUR_MS);
    }
    let detail = format!("0 to {most}");
    Err(Problem::field("/overlap_hours", "not_accepted", detail))
}
