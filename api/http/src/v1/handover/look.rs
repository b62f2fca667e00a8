use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::device::Here;
use crate::json;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash};
use crate::service::Service;
use crate::wire::time;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookBody {
    /// What stands behind the `#` of the invitation's address.
    token: String,
}

/// Who invites: for the person at the other device to tell whether it was themselves.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    /// Browser and system of the inviting device, such as `Firefox, Windows`; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// Whether both devices reach the service from the same network. A phone on mobile data is in
    /// another one than the computer beside it.
    pub same_network: bool,
}

/// See who invites
///
/// Without a token, before the number is typed. Takes nothing. `not_found` for what is unknown,
/// used or expired.
#[utoipa::path(post, path = "/v1/handover/look", tag = "Hand-over", operation_id = "lookAtHandover",
    request_body = LookBody,
    responses((status = 200, body = Invitation)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    here: Here,
    json::Json(body): json::Json<LookBody>,
) -> Result<Json<Invitation>, Problem> {
    let token_hash = hash(service.secrets(), SecretKind::Handover, &body.token)?;
    let open = service.database().handover_of_token(&token_hash).await?;
    let handover = open
        .filter(|h| h.taken_at.is_none() && service.now() < h.expires_at)
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    Ok(Json(Invitation {
        same_network: here.network == handover.asked_from,
        device: Some(handover.asked_by).filter(|d| !d.is_empty()),
        asked_at: time(handover.created_at),
    }))
}
