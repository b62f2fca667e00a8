use axum::extract::{Request, State};
use axum::response::Response;
use axum::{Json as Answer, RequestExt};
use idproof_database::{Staff, Stage};
use serde::{Deserialize, Serialize};

use super::{count, held, locked, record_lock, uncount};
use crate::console::access::{Agent, Signed, begin};
use crate::console::wire;
use crate::json::Json;
use crate::layers::admission::{client_of, too_often};
use crate::limits::Origin;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// Passwords above this are not hashed.
const LONGEST: usize = 1_000;

#[derive(Serialize)]
pub(super) struct Options {
    oidc: bool,
    oidc_name: Option<String>,
    language: &'static str,
}

/// What the sign-in page offers.
pub(super) async fn options(State(service): State<Service>) -> Answer<Options> {
    let oidc = &service.parts.console.oidc;
    Answer(Options {
        oidc: !oidc.issuer.is_empty(),
        oidc_name: (!oidc.name.is_empty()).then(|| oidc.name.clone()),
        language: "fr",
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    password: String,
}

/// The first step: name and password. Whatever is wrong, the answer is the same and takes as long.
pub(super) async fn handler(
    State(service): State<Service>,
    agent: Agent,
    request: Request,
) -> Result<Response, Problem> {
    if let Some(client) = client_of(request.extensions())
        && let Err(wait) = service.rates.sign_in.ask(&Origin::from(client.0))
    {
        return Err(too_often(wait));
    }
    let before = request.extensions().get::<Signed>().cloned();
    let Json(sent): Json<SignIn> = request.extract_with_state(&service).await?;
    if sent.password.len() > LONGEST {
        return Err(Code::SignInRefused.into());
    }
    let name = sent.name.trim().to_lowercase();
    let staff = service.database().staff_by_name(&name).await?;
    let charged = match &staff {
        Some(staff) => charge(&service, staff).await?,
        None => false,
    };
    let kept = staff.as_ref().and_then(|s| s.password.clone());
    let right = service.is_password(sent.password, kept).await?;
    let Some(staff) = staff.filter(|_| charged) else {
        return Err(Code::SignInRefused.into());
    };
    if !right {
        note_lock(&service, &staff).await?;
        return Err(Code::SignInRefused.into());
    }
    let mut tx = service.database().begin().await?;
    let mut staff = held(&mut tx, &staff)
        .await
        .map_err(|_| Problem::from(Code::SignInRefused))?;
    uncount(&service, &mut staff);
    tx.save_staff(&staff).await?;
    let stage = if staff.password_temporary || staff.totp.is_none() {
        Stage::Enrol
    } else {
        Stage::Totp
    };
    let before = before.map(|b| b.session);
    let begun = begin(
        &service,
        &mut tx,
        &staff,
        stage,
        "local",
        &agent.0,
        before.as_deref(),
    )
    .await?;
    tx.commit().await?;
    Ok(wire::begun(&service, &begun))
}

/// Counts the try before it is looked at, so that many at once are no more than many in a row.
/// `false`: the account may not sign in now.
async fn charge(service: &Service, staff: &Staff) -> Result<bool, Problem> {
    let mut tx = service.database().begin().await?;
    let Some(mut staff) = tx.staff(&staff.id).await? else {
        return Ok(false);
    };
    if staff.disabled_at.is_some() || locked(service, &staff).is_some() {
        return Ok(false);
    }
    count(service, &mut staff);
    tx.save_staff(&staff).await?;
    tx.commit().await?;
    Ok(true)
}

/// That a wrong password locked the account is for the log.
async fn note_lock(service: &Service, staff: &Staff) -> Result<(), Problem> {
    let mut tx = service.database().begin().await?;
    let found = tx.staff(&staff.id).await?;
    if found.is_some_and(|s| locked(service, &s).is_some()) {
        record_lock(service, &mut tx, staff);
        tx.commit().await?;
    }
    Ok(())
}
