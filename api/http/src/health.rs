//! Whether the process lives, and whether it can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_domain::ids::CaseId;
use idproof_vault::ObjectName;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
}

#[derive(Serialize, ToSchema)]
pub struct Health {
    pub ready: bool,
    pub database: bool,
    pub media_store: bool,
}

/// Longest wait for the database and for the media store.
const WAIT: Duration = Duration::from_secs(3);

/// The process lives
#[utoipa::path(get, path = "/health/live", tag = "Operation", operation_id = "getLive",
    responses((status = 204, description = "It lives")))]
async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The service can serve
///
/// Asks the database and the media store.
#[utoipa::path(get, path = "/health/ready", tag = "Operation", operation_id = "getReady",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(State(service): State<Service>) -> (StatusCode, Json<Health>) {
    let database = tokio::time::timeout(WAIT, service.database().ping());
    let media_store = tokio::time::timeout(WAIT, reaches_store(&service));
    let (database, media_store) = tokio::join!(database, media_store);
    let database = matches!(database, Ok(Ok(())));
    let media_store = matches!(media_store, Ok(true));
    let ready = database && media_store;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = Health {
        ready,
        database,
        media_store,
    };
    (status, Json(health))
}

/// Asks for an object that no case has.
async fn reaches_store(service: &Service) -> bool {
    let nobody = CaseId::new(0, [0; 10]);
    match ObjectName::new(&nobody, "ready") {
        Ok(name) => service.vault().exists(&name).await.is_ok(),
        Err(_) => false,
    }
}
