use axum::extract::State;
use axum::response::Response;
use idproof_database::Stage;
use serde::Deserialize;
use serde_json::json;

use super::{count_wrong, held, locked, note_sign_in};
use crate::console::access::{Agent, Half, begin};
use crate::console::wire;
use crate::json::Json;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Second {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    recovery_code: Option<String>,
}

/// The second step: a code of the authenticator, or one kept for when it is lost.
pub(super) async fn handler(
    State(service): State<Service>,
    Half(signed): Half,
    agent: Agent,
    Json(sent): Json<Second>,
) -> Result<Response, Problem> {
    signed.at(Stage::Totp)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut staff = held(&mut tx, &signed.staff).await?;
    if let Some(until) = locked(&service, &staff) {
        return Err(Problem::from(Code::SignInLocked).until(until, now));
    }
    let (right, how) = match (&sent.code, &sent.recovery_code, staff.totp.clone()) {
        (Some(code), None, Some(sealed)) => {
            let step = service.totp_step(&staff, &sealed, code.trim())?;
            staff.totp_step = step.unwrap_or(staff.totp_step);
            (step.is_some(), "totp")
        }
        (None, Some(code), _) => {
            let typed = code.trim().to_lowercase();
            let kept = hash(service.secrets(), SecretKind::RecoveryCode, &typed)?;
            let used = tx.use_recovery_code(&staff.id, &kept, now).await?;
            (used, "recovery_code")
        }
        _ => {
            return Err(Problem::field(
                "",
                "not_accepted",
                "either `code` or `recovery_code`",
            ));
        }
    };
    if !right {
        count_wrong(&service, &mut tx, &mut staff);
        tx.save_staff(&staff).await?;
        tx.commit().await?;
        return Err(Code::CodeWrong.into());
    }
    note_sign_in(&service, &mut staff);
    tx.save_staff(&staff).await?;
    let session = &signed.session;
    let begun = begin(
        &service,
        &mut tx,
        &staff,
        Stage::Ready,
        &session.via,
        &agent.0,
        Some(session),
    )
    .await?;
    let data = json!({ "session": begun.signed.session.id, "how": how });
    tx.record(signed.event(None, now, "staff_signed_in", data));
    tx.commit().await?;
    Ok(wire::begun(&service, &begun))
}
