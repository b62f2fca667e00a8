use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::notices::WEBHOOK_TEST;
use idproof_database::{Channel, Endpoint, NewMessage, Tx};
use idproof_domain::Language;
use idproof_domain::ids::{JobId, MessageId};
use serde_json::json;

use super::delivery_list::{Delivery, delivery};
use super::own;
use crate::auth::Integrator;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::time;

/// Send a test event
///
/// `webhook.test`, signed like any other. Needs `webhooks:manage`.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "Webhooks", operation_id = "testWebhook",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 202, body = Delivery)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let endpoint = own(&service, &caller, &id).await?;
    let mut tx = service.database().begin().await?;
    let id = post(&service, &mut tx, &endpoint).await?;
    tx.commit().await?;
    let sent = service.database().message(&id).await?;
    let sent = sent.ok_or_else(|| Problem::from(Code::Internal))?;
    Ok((StatusCode::ACCEPTED, Json(delivery(sent))))
}

/// Writes a test event for the address.
pub(crate) async fn post(
    service: &Service,
    tx: &mut Tx,
    endpoint: &Endpoint,
) -> Result<MessageId, Problem> {
    let now = service.now();
    let id = MessageId::new(now, service.id_bytes());
    let message = NewMessage {
        id: id.clone(),
        case: None,
        channel: Channel::Webhook,
        template: WEBHOOK_TEST.to_owned(),
        language: Language::En,
        recipient: endpoint.id.to_string(),
        data: json!({ "type": WEBHOOK_TEST, "timestamp": time(now), "data": {} }),
        dedupe: format!("test:{id}"),
        now_ms: now,
    };
    tx.post(&message, JobId::new(now, service.id_bytes()))
        .await?;
    Ok(id)
}
