use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{WebhookView, checked_events, checked_url, events_or_none, own, view};
use crate::auth::Integrator;
use crate::json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// What is to change; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    #[schema(schema_with = events_or_none, required = false)]
    events: Option<Vec<String>>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// Change a webhook address
///
/// Needs `webhooks:manage`. Problems: `address_refused`, `invalid`.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "Webhooks", operation_id = "updateWebhook",
    params(("id" = String, Path, description = "The webhook")),
    request_body = WebhookChange,
    responses((status = 200, body = WebhookView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path(id): Path<String>,
    json::Json(change): json::Json<WebhookChange>,
) -> Result<Json<WebhookView>, Problem> {
    let mut endpoint = own(&service, &caller, &id).await?;
    if let Some(url) = change.url {
        endpoint.url = checked_url(&service, &url)?;
    }
    if let Some(events) = change.events {
        endpoint.events = checked_events(events)?;
    }
    if let Some(enabled) = change.enabled {
        endpoint.enabled = enabled;
    }
    let mut tx = service.database().begin().await?;
    if !tx.save_endpoint(&endpoint).await? {
        return Err(Code::NotFound.into());
    }
    tx.commit().await?;
    Ok(Json(view(endpoint)))
}
