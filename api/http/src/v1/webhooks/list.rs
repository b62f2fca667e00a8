use axum::Json;
use axum::extract::State;
use idproof_database::Scope;

use super::{WebhookView, view};
use crate::auth::Integrator;
use crate::problem::Problem;
use crate::service::Service;

/// List webhook addresses
///
/// Needs `webhooks:manage`.
#[utoipa::path(get, path = "/v1/webhooks", tag = "Webhooks", operation_id = "listWebhooks",
    responses((status = 200, body = Vec<WebhookView>)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
) -> Result<Json<Vec<WebhookView>>, Problem> {
    caller.with(Scope::WebhooksManage)?;
    let key = &caller.0;
    let all = service
        .database()
        .endpoints(&key.organisation, key.sandbox)
        .await?;
    Ok(Json(all.into_iter().map(view).collect()))
}
