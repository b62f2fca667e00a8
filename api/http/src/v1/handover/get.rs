use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CaseAccess;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;

#[derive(Serialize, ToSchema)]
pub struct HandoverStatus {
    pub state: HandoverState,
    /// Browser and system of the device that has taken over, such as `Safari, iPhone`; absent if
    /// unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoverState {
    Waiting,
    /// The other device has taken over.
    Taken,
    Expired,
}

/// What has become of an invitation
#[utoipa::path(get, path = "/v1/cases/{id}/handover/{handover}", tag = "Hand-over", operation_id = "getHandover",
    params(
        ("id" = String, Path, description = "The case"),
        ("handover" = String, Path, description = "The invitation"),
    ),
    responses((status = 200, body = HandoverStatus)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    Path((_, handover)): Path<(String, String)>,
) -> Result<Json<HandoverStatus>, Problem> {
    let not_found = || Problem::from(Code::NotFound);
    let id = handover.parse().map_err(|_| not_found())?;
    let handover = service.database().handover(&id).await?;
    let handover = handover
        .filter(|h| h.case == access.case.id)
        .ok_or_else(not_found)?;
    let state = if handover.taken_at.is_some() {
        HandoverState::Taken
    } else if service.now() < handover.expires_at {
        HandoverState::Waiting
    } else {
        HandoverState::Expired
    };
    let device = Some(handover.taken_by).filter(|d| !d.is_empty());
    Ok(Json(HandoverStatus { state, device }))
}
