use axum::Json;
use axum::extract::State;

use super::{WebhookView, own, view};
use crate::auth::Integrator;
use crate::path::Path;
use crate::problem::Problem;
use crate::service::Service;

/// A webhook address
///
/// Needs `webhooks:manage`.
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "Webhooks", operation_id = "getWebhook",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = WebhookView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path(id): Path<String>,
) -> Result<Json<WebhookView>, Problem> {
    Ok(Json(view(own(&service, &caller, &id).await?)))
}
