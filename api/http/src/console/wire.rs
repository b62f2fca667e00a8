//! What several endpoints of the console say.

use axum::Json;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use idproof_database::Stage;
use idproof_domain::ReviewMode;
use serde::Serialize;

use super::access::{Begun, Signed};
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(super) struct SessionView {
    stage: &'static str,
    csrf: String,
    staff: Option<WhoView>,
    idle_until: String,
    expires_at: String,
    settings: Option<SettingsView>,
}

#[derive(Serialize)]
struct WhoView {
    id: String,
    name: String,
    display_name: String,
    roles: Vec<&'static str>,
    language: Option<&'static str>,
}

#[derive(Serialize)]
struct SettingsView {
    blind_first: bool,
    two_person_refusal: bool,
    two_person_override: bool,
    undo_s: u32,
    lease_s: u32,
    mode: ReviewMode,
    /// Whether the local outbox is shown: a demonstration.
    outbox: bool,
}

pub(super) fn session(service: &Service, signed: &Signed) -> SessionView {
    let ready = signed.session.stage == Stage::Ready;
    let (staff, console) = (&signed.staff, &service.parts.console);
    SessionView {
        stage: signed.session.stage.as_str(),
        csrf: signed.csrf.clone(),
        staff: ready.then(|| WhoView {
            id: staff.id.to_string(),
            name: staff.name.clone(),
            display_name: staff.display_name.clone(),
            roles: staff.roles.iter().map(|r| r.as_str()).collect(),
            language: None,
        }),
        idle_until: time(service.idle_until(&signed.session)),
        expires_at: time(signed.session.expires_at),
        settings: ready.then(|| SettingsView {
            blind_first: console.blind_first,
            two_person_refusal: console.two_person_refusal,
            two_person_override: console.two_person_override,
            undo_s: console.undo_s,
            lease_s: console.lease_s,
            mode: service.parts.review_mode,
            outbox: service.parts.outbox.is_some(),
        }),
    }
}

/// The session with its cookie.
pub(super) fn begun(service: &Service, begun: &Begun) -> Response {
    let view = session(service, &begun.signed);
    ([(SET_COOKIE, begun.cookie.clone())], Json(view)).into_response()
}
