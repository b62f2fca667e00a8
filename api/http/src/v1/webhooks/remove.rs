use axum::extract::State;
use axum::http::StatusCode;

use super::own;
use crate::auth::Integrator;
use crate::path::Path;
use crate::problem::Problem;
use crate::service::Service;

/// Remove a webhook address
///
/// With its secret. Needs `webhooks:manage`.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "Webhooks", operation_id = "removeWebhook",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let endpoint = own(&service, &caller, &id).await?;
    let mut tx = service.database().begin().await?;
    tx.remove_endpoint(&endpoint.id, service.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
