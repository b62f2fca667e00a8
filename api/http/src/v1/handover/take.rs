use axum::Json;
use axum::extract::State;
use idproof_domain::case::CaseState;
use serde::Deserialize;
use utoipa::ToSchema;

use super::device::Here;
use crate::json;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash, matches};
use crate::service::Service;
use crate::v1::cases::new_token;
use crate::v1::cases::view::{OpenedCase, opened, view};
use crate::v1::locked;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBody {
    /// What stands behind the `#` of the invitation's address.
    token: String,
    /// The number that the other device shows.
    number: String,
}

/// After so many wrong numbers the invitation ends.
const TRIES: i64 = 3;

/// Take an invitation
///
/// Without a token. Gives this device one of its own. The third wrong number ends the invitation.
/// Problems: `not_found` for what is unknown, used or expired, `number_wrong` with `remaining`.
#[utoipa::path(post, path = "/v1/handover", tag = "Hand-over", operation_id = "takeHandover",
    request_body = TakeBody,
    responses((status = 200, body = OpenedCase)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    here: Here,
    json::Json(body): json::Json<TakeBody>,
) -> Result<Json<OpenedCase>, Problem> {
    let not_found = || Problem::from(Code::NotFound);
    let (now, secrets) = (service.now(), service.secrets());
    let mut tx = service.database().begin().await?;
    let token_hash = hash(secrets, SecretKind::Handover, &body.token)?;
    let open = tx.handover_by_token(&token_hash).await?;
    let mut handover = open
        .filter(|h| h.taken_at.is_none() && now < h.expires_at)
        .ok_or_else(not_found)?;
    let typed = format!("{} {}", body.token, body.number.trim());
    if !matches(
        secrets,
        SecretKind::HandoverNumber,
        &typed,
        &handover.number_hash,
    )? {
        handover.wrong_count += 1;
        let remaining = u32::try_from(TRIES - handover.wrong_count).unwrap_or(0);
        if remaining == 0 {
            handover.expires_at = now;
        }
        tx.save_handover(&handover).await?;
        tx.commit().await?;
        return Err(Problem {
            remaining: Some(remaining),
            ..Code::NumberWrong.into()
        });
    }
    handover.taken_at = Some(now);
    handover.taken_by = here.device;
    tx.save_handover(&handover).await?;
    let case = locked(&mut tx, &handover.case).await?;
    if case.state == CaseState::Deleted {
        return Err(not_found());
    }
    let token = new_token(&service, &mut tx, &case).await?;
    tx.commit().await?;
    let seen = view(&service, &case).await?;
    Ok(Json(opened(&service, seen, token)))
}
