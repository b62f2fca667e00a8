use axum::Json;
use axum::extract::State;
use idproof_database::{Case, NewEvent, Tx};
use idproof_domain::case::Actor;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::wire::time;

/// What the applicant answers to the consent text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentBody {
    /// Of the text that was shown; it must be the current one.
    version: String,
    /// Whether a program may compare face and voice. Without, a person looks at the recording.
    biometrics: bool,
}

/// What is stored of an answer that may stand.
pub(super) fn check(service: &Service, body: &ConsentBody) -> Result<String, Problem> {
    if body.version != service.parts.enrolment.consent_version {
        return Err(Code::ConsentVersionOld.into());
    }
    Ok(json!({
        "version": body.version,
        "biometrics": body.biometrics,
        "at": time(service.now()),
    })
    .to_string())
}

/// Puts the answer into the case and into the chain of events. The case is yet to be saved.
pub(super) fn note(tx: &mut Tx, case: &mut Case, consent: String, actor: &Actor, now: i64) {
    let mut data: serde_json::Value = serde_json::from_str(&consent).unwrap_or_default();
    if let Some(object) = data.as_object_mut() {
        object.remove("at");
    }
    tx.record(NewEvent {
        case: Some(case.id.clone()),
        at: now,
        kind: "consent_given".into(),
        actor: actor.clone(),
        data,
    });
    case.consent = Some(consent);
}

/// Consent, or ask for a person instead of a program
///
/// May be answered anew until the case is handed in. Problems: `consent_version_old`, `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/consent", tag = "Cases", operation_id = "giveConsent",
    params(("id" = String, Path, description = "The case")),
    request_body = ConsentBody,
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<ConsentBody>,
) -> Result<Json<StatusView>, Problem> {
    let consent = check(&service, &body)?;
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    if !case.state.is_collecting() {
        return Err(Code::InvalidState.into());
    }
    let now = service.now();
    note(&mut tx, &mut case, consent, &access.actor, now);
    case.last_activity_at = now;
    tx.save_case(&mut case).await?;
    tx.commit().await?;
    Ok(Json(status_of(&service, &case).await?))
}
