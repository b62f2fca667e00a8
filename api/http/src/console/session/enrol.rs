//! An account's own password and second factor, at its first sign-in and after a reset.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use idproof_database::Stage;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{count_wrong, held, locked, note_sign_in};
use crate::console::access::{Agent, Half, Signed, begin};
use crate::console::password::{self, check_new};
use crate::console::wire::{self, SessionView};
use crate::json::Json;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash};
use crate::service::Service;

const RECOVERY_CODES: usize = 10;

#[derive(Serialize)]
pub(super) struct Offer {
    secret: String,
    uri: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A new second factor, which its first code confirms.
pub(super) async fn offer(
    State(service): State<Service>,
    Half(signed): Half,
    Json(Nothing {}): Json<Nothing>,
) -> Result<axum::Json<Offer>, Problem> {
    signed.at(Stage::Enrol)?;
    let mut tx = service.database().begin().await?;
    let mut staff = held(&mut tx, &signed.staff).await?;
    let (sealed, secret, uri) = service.new_totp(&staff)?;
    staff.totp_offered = Some(sealed);
    tx.save_staff(&staff).await?;
    tx.commit().await?;
    Ok(axum::Json(Offer { secret, uri }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    code: String,
    new_password: String,
}

#[derive(Serialize)]
struct Confirmed {
    session: SessionView,
    recovery_codes: Vec<String>,
}

pub(super) async fn confirm(
    State(service): State<Service>,
    Half(signed): Half,
    agent: Agent,
    Json(sent): Json<Confirm>,
) -> Result<Response, Problem> {
    signed.at(Stage::Enrol)?;
    check_new(&sent.new_password, &signed.staff.name)?;
    let kept = signed.staff.password.clone();
    if service.is_password(sent.new_password.clone(), kept).await? {
        return Err(Problem::from(Code::PasswordWeak).detail("not the one that was given out"));
    }
    let hashed = service.hash_password(sent.new_password).await?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut staff = held(&mut tx, &signed.staff).await?;
    if let Some(until) = locked(&service, &staff) {
        return Err(Problem::from(Code::SignInLocked).until(until, now));
    }
    let step = match &staff.totp_offered {
        Some(sealed) => service.totp_step(&staff, sealed, sent.code.trim())?,
        None => None,
    };
    let Some(step) = step else {
        count_wrong(&service, &mut tx, &mut staff);
        tx.save_staff(&staff).await?;
        tx.commit().await?;
        return Err(Code::CodeWrong.into());
    };
    staff.totp = staff.totp_offered.take();
    staff.totp_step = step;
    staff.password = Some(hashed);
    staff.password_temporary = false;
    note_sign_in(&service, &mut staff);
    tx.save_staff(&staff).await?;
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| password::letters(service.random(), 12, 4))
        .collect();
    let hashes = codes
        .iter()
        .map(|code| hash(service.secrets(), SecretKind::RecoveryCode, code))
        .collect::<Result<Vec<_>, _>>()?;
    tx.put_recovery_codes(&staff.id, &hashes).await?;
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
    tx.end_sessions(&staff.id, Some(&begun.signed.session.id), now)
        .await?;
    let data = json!({ "session": begun.signed.session.id });
    tx.record(signed.event(None, now, "staff_enrolled", data));
    tx.commit().await?;
    let body = Confirmed {
        session: wire::session(&service, &begun.signed),
        recovery_codes: codes,
    };
    Ok(([(SET_COOKIE, begun.cookie)], axum::Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    password: String,
    new_password: String,
}

/// Another password; every other session of the account ends.
pub(super) async fn change_password(
    State(service): State<Service>,
    signed: Signed,
    Json(sent): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    check_new(&sent.new_password, &signed.staff.name)?;
    let now = service.now();
    if let Some(until) = locked(&service, &signed.staff) {
        return Err(Problem::from(Code::SignInLocked).until(until, now));
    }
    let kept = signed.staff.password.clone();
    let right = service.is_password(sent.password, kept).await?;
    let hashed = service.hash_password(sent.new_password).await?;
    let mut tx = service.database().begin().await?;
    let mut staff = held(&mut tx, &signed.staff).await?;
    if !right {
        count_wrong(&service, &mut tx, &mut staff);
        tx.save_staff(&staff).await?;
        tx.commit().await?;
        return Err(Code::SignInRefused.into());
    }
    staff.password = Some(hashed);
    staff.wrong_count = 0;
    tx.save_staff(&staff).await?;
    tx.end_sessions(&staff.id, Some(&signed.session.id), now)
        .await?;
    tx.record(signed.event(None, now, "staff_password_changed", json!({})));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
