use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::Channel;
use idproof_domain::ids::{JobId, MessageId};

use super::delivery_list::{Delivery, delivery};
use super::own;
use crate::auth::Integrator;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// Send a message once more
///
/// With the same id and body. Needs `webhooks:manage`. Problems: `delivery_running`.
#[utoipa::path(post, path = "/v1/webhooks/{id}/deliveries/{message}/replay", tag = "Webhooks",
    operation_id = "replayDelivery",
    params(
        ("id" = String, Path, description = "The webhook"),
        ("message" = String, Path, description = "The message"),
    ),
    responses((status = 202, body = Delivery)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path((id, message)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let endpoint = own(&service, &caller, &id).await?;
    let not_found = || Problem::from(Code::NotFound);
    let id: MessageId = message.parse().map_err(|_| not_found())?;
    let theirs = service
        .database()
        .message(&id)
        .await?
        .is_some_and(|m| m.channel == Channel::Webhook && m.recipient == endpoint.id.as_str());
    if !theirs {
        return Err(not_found());
    }
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if !tx
        .replay(&id, JobId::new(now, service.id_bytes()), now)
        .await?
    {
        return Err(Code::DeliveryRunning.into());
    }
    tx.commit().await?;
    let message = service
        .database()
        .message(&id)
        .await?
        .ok_or_else(not_found)?;
    Ok((StatusCode::ACCEPTED, Json(delivery(message))))
}
