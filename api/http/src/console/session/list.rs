use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use idproof_database::StaffSession;
use idproof_domain::ids::{SessionId, StaffId};
use serde::Serialize;
use serde_json::json;

use crate::console::access::{Half, Signed, forget};
use crate::console::wire::{self, SessionView};
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::time;

/// Who is signed in, and how far.
pub(super) async fn current(
    State(service): State<Service>,
    Half(signed): Half,
) -> Json<SessionView> {
    Json(wire::session(&service, &signed))
}

pub(super) async fn sign_out(
    State(service): State<Service>,
    Half(signed): Half,
) -> Result<Response, Problem> {
    let now = service.now();
    let mut tx = service.database().begin().await?;
    tx.end_session(&signed.session.id, &signed.staff.id, now)
        .await?;
    let data = json!({ "session": signed.session.id });
    tx.record(signed.event(None, now, "staff_signed_out", data));
    tx.commit().await?;
    Ok((StatusCode::NO_CONTENT, [forget(&service)]).into_response())
}

#[derive(Serialize)]
pub(in crate::console) struct Sessions {
    sessions: Vec<OneSession>,
}

#[derive(Serialize)]
struct OneSession {
    id: String,
    current: bool,
    created_at: String,
    last_seen_at: String,
    expires_at: String,
    via: String,
    agent: String,
}

/// The sessions of an account that are not over.
pub(in crate::console) async fn sessions_of(
    service: &Service,
    staff: &StaffId,
    current: &SessionId,
) -> Result<Json<Sessions>, Problem> {
    let all = service
        .database()
        .staff_sessions(staff, service.now(), service.seen_after())
        .await?;
    let one = |s: StaffSession| OneSession {
        current: s.id == *current,
        id: s.id.to_string(),
        created_at: time(s.created_at),
        last_seen_at: time(s.seen_at),
        expires_at: time(s.expires_at),
        via: s.via,
        agent: s.agent,
    };
    Ok(Json(Sessions {
        sessions: all.into_iter().map(one).collect(),
    }))
}

pub(super) async fn list(
    State(service): State<Service>,
    signed: Signed,
) -> Result<Json<Sessions>, Problem> {
    sessions_of(&service, &signed.staff.id, &signed.session.id).await
}

/// Ends one of one's own sessions.
pub(super) async fn end(
    State(service): State<Service>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if !tx.end_session(&id, &signed.staff.id, now).await? {
        return Err(Code::NotFound.into());
    }
    tx.record(signed.event(None, now, "staff_session_ended", json!({ "session": id })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
