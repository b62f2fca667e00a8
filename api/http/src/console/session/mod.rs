//! Signing in and out.

mod enrol;
mod list;
mod sign_in;
mod totp;

use axum::Router;
use axum::routing::{delete, get, post};
use idproof_database::{NewEvent, Staff, Tx};
use idproof_domain::case::Actor;

use crate::problem::{Code, Problem};
use crate::service::Service;

pub(super) use list::{Sessions, sessions_of};

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/options", get(sign_in::options))
        .route(
            "/session",
            get(list::current)
                .post(sign_in::handler)
                .delete(list::sign_out),
        )
        .route("/session/totp", post(totp::handler))
        .route("/session/enrolment", post(enrol::offer))
        .route("/session/enrolment/confirm", post(enrol::confirm))
        .route("/session/password", post(enrol::change_password))
        .route("/sessions", get(list::list))
        .route("/sessions/{id}", delete(list::end))
}

/// Counts a try as wrong; the account is locked when there were too many, which is told.
fn count(service: &Service, staff: &mut Staff) -> bool {
    let console = &service.parts.console;
    let now = service.now();
    if staff.locked_until.is_some_and(|until| until <= now) {
        staff.locked_until = None;
        staff.wrong_count = 0;
    }
    staff.wrong_count += 1;
    let many = staff.wrong_count >= i64::from(console.lock_after);
    if many {
        staff.locked_until = Some(now + i64::from(console.lock_minutes) * 60_000);
    }
    many
}

/// The same for a try that is known to be wrong: a lock goes into the log.
fn count_wrong(service: &Service, tx: &mut Tx, staff: &mut Staff) {
    if count(service, staff) {
        record_lock(service, tx, staff);
    }
}

fn record_lock(service: &Service, tx: &mut Tx, staff: &Staff) {
    tx.record(NewEvent {
        case: None,
        at: service.now(),
        kind: "staff_locked".into(),
        actor: Actor::System,
        data: serde_json::json!({ "staff": staff.id }),
    });
}

/// Takes back what was counted for a try that turned out right, and a lock that it alone led to.
/// What was wrong before stays counted.
fn uncount(service: &Service, staff: &mut Staff) {
    staff.wrong_count = (staff.wrong_count - 1).max(0);
    if staff.wrong_count < i64::from(service.parts.console.lock_after) {
        staff.locked_until = None;
    }
}

/// Until when the account is locked, if it is.
fn locked(service: &Service, staff: &Staff) -> Option<i64> {
    staff.locked_until.filter(|until| service.now() < *until)
}

/// Notes a complete sign-in.
fn note_sign_in(service: &Service, staff: &mut Staff) {
    staff.wrong_count = 0;
    staff.locked_until = None;
    staff.last_sign_in_at = Some(service.now());
}

/// The account, held until the transaction ends.
async fn held(tx: &mut Tx, staff: &Staff) -> Result<Staff, Problem> {
    tx.staff(&staff.id)
        .await?
        .filter(|s| s.disabled_at.is_none())
        .ok_or_else(|| Code::Unauthorized.into())
}
