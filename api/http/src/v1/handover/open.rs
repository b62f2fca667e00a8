use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::Handover;
use idproof_domain::case::CaseState;
use idproof_domain::ids::HandoverId;
use serde::Serialize;
use utoipa::ToSchema;

use super::device::Here;
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash, new_secret};
use crate::service::Service;
use crate::v1::locked;
use crate::wire::time;

/// An invitation.
#[derive(Serialize, ToSchema)]
pub struct HandoverView {
    #[schema(pattern = "^hov_[0-9a-z]{26}$")]
    pub id: String,
    /// For the other device, such as in a QR code; holds a secret behind its `#`.
    pub url: String,
    /// To be shown here and entered there.
    #[schema(pattern = "^[0-9]{3}$")]
    pub code_number: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
}

const LIFE_MS: i64 = 5 * 60_000;

/// Invite another device
///
/// Good for five minutes, once, with the number. A new invitation ends the one before. The token
/// of this device stays good.
#[utoipa::path(post, path = "/v1/cases/{id}/handover", tag = "Hand-over", operation_id = "createHandover",
    params(("id" = String, Path, description = "The case")),
    responses((status = 201, body = HandoverView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    here: Here,
) -> Result<(StatusCode, Json<HandoverView>), Problem> {
    let now = service.now();
    let token = new_secret("idh_", service.random());
    let number = format!("{:03}", service.lot(1_000));
    let secrets = service.secrets();
    let handover = Handover {
        id: HandoverId::new(now, service.id_bytes()),
        case: access.case.id.clone(),
        number_hash: hash(
            secrets,
            SecretKind::HandoverNumber,
            &format!("{token} {number}"),
        )?,
        created_at: now,
        expires_at: now + LIFE_MS,
        wrong_count: 0,
        taken_at: None,
        asked_by: here.device,
        asked_from: here.network,
        taken_by: String::new(),
    };
    let mut tx = service.database().begin().await?;
    let case = locked(&mut tx, &access.case.id).await?;
    if case.state == CaseState::Deleted {
        return Err(Code::InvalidState.into());
    }
    let token_hash = hash(secrets, SecretKind::Handover, &token)?;
    tx.insert_handover(&handover, &token_hash).await?;
    tx.commit().await?;
    let view = HandoverView {
        id: handover.id.to_string(),
        url: format!("{}/handover#{token}", service.parts.http.public_url),
        code_number: number,
        expires_at: time(handover.expires_at),
    };
    Ok((StatusCode::CREATED, Json(view)))
}
