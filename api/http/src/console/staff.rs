//! Accounts: made, changed, reset and disabled by administrators, the first one by command line.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch, post};
use axum::{Json as Answer, Router};
use idproof_database::notices::id_bytes;
use idproof_database::{Database, DatabaseError, NewEvent, Role, Staff, Tx};
use idproof_domain::case::Actor;
use idproof_domain::ids::StaffId;
use idproof_ports::{Clock, Random};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::access::Signed;
use super::password;
use super::session::{Sessions, sessions_of};
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem, internal};
use crate::service::Service;
use crate::wire::time;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/staff", get(list).post(create))
        .route("/staff/{id}", patch(change))
        .route("/staff/{id}/reset", post(reset))
        .route("/staff/{id}/sessions", get(sessions).delete(end_sessions))
}

/// What an account is to be.
#[derive(Debug, Clone)]
pub struct NewStaff {
    /// Typed at sign-in.
    pub name: String,
    pub display_name: String,
    pub roles: Vec<Role>,
    pub oidc_subject: Option<String>,
    /// The administrator, or nobody for the command line.
    pub by: Option<StaffId>,
}

#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    #[error("a sign-in name has 2 to 60 characters: a-z, 0-9, and . _ - @ between them")]
    Name,
    #[error("a displayed name has 1 to 80 characters and no control characters")]
    DisplayName,
    #[error("an account needs one role at least, each once")]
    Roles,
    #[error("who manages accounts or reads the log judges no cases: not a reviewer or senior too")]
    Duties,
    #[error("a subject has 1 to 255 characters")]
    Subject,
    #[error("there is an account of this name or subject")]
    Taken,
    #[error("there is no such account")]
    Unknown,
    #[error("a password cannot be hashed")]
    Hash,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn check_name(name: &str) -> Result<(), StaffError> {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@".contains(&b);
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let ok = (2..=60).contains(&bytes.len())
        && bytes.iter().all(|b| inside(*b))
        && edge(bytes.first())
        && edge(bytes.last());
    ok.then_some(()).ok_or(StaffError::Name)
}

fn check_display_name(name: &str) -> Result<(), StaffError> {
    let ok = (1..=80).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && !name.trim().is_empty();
    ok.then_some(()).ok_or(StaffError::DisplayName)
}

fn check_roles(roles: &[Role]) -> Result<(), StaffError> {
    let twice = |r: &Role| roles.iter().filter(|o| *o == r).count() > 1;
    if roles.is_empty() || roles.iter().any(twice) {
        return Err(StaffError::Roles);
    }
    let judges = roles.contains(&Role::Reviewer) || roles.contains(&Role::Senior);
    let apart = [Role::Administrator, Role::Auditor];
    if judges && apart.iter().any(|r| roles.contains(r)) {
        return Err(StaffError::Duties);
    }
    Ok(())
}

fn check_subject(subject: Option<&str>) -> Result<(), StaffError> {
    let ok =
        subject.is_none_or(|s| (1..=255).contains(&s.len()) && !s.chars().any(char::is_control));
    ok.then_some(()).ok_or(StaffError::Subject)
}

fn taken(e: DatabaseError) -> StaffError {
    match e {
        DatabaseError::Exists(_) => StaffError::Taken,
        e => e.into(),
    }
}

fn event(by: Option<&StaffId>, at: i64, kind: &str, data: serde_json::Value) -> NewEvent {
    NewEvent {
        case: None,
        at,
        kind: kind.into(),
        actor: by.map_or(Actor::System, |id| Actor::Staff(id.to_string())),
        data,
    }
}

fn role_names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|r| r.as_str()).collect()
}

/// Makes an account; returns it with its password, which is stored nowhere and good for one
/// sign-in: show it once. Blocks while it hashes.
pub async fn create_staff(
    database: &Database,
    clock: &dyn Clock,
    random: &dyn Random,
    new: NewStaff,
) -> Result<(Staff, String), StaffError> {
    check_name(&new.name)?;
    check_display_name(&new.display_name)?;
    check_roles(&new.roles)?;
    check_subject(new.oidc_subject.as_deref())?;
    let now = clock.now_ms();
    let plain = password::temporary(random);
    let staff = Staff {
        id: StaffId::new(now, id_bytes(random)),
        name: new.name,
        display_name: new.display_name,
        roles: new.roles,
        password: Some(password::hash_now(&plain, random).ok_or(StaffError::Hash)?),
        password_temporary: true,
        totp: None,
        totp_offered: None,
        totp_step: 0,
        oidc_subject: new.oidc_subject,
        wrong_count: 0,
        locked_until: None,
        created_at: now,
        issued_by: new
            .by
            .as_ref()
            .map_or("system", |id| id.as_str())
            .to_owned(),
        disabled_at: None,
        last_sign_in_at: None,
    };
    let mut tx = database.begin().await?;
    tx.insert_staff(&staff).await.map_err(taken)?;
    let data = json!({ "staff": staff.id, "roles": role_names(&staff.roles) });
    tx.record(event(new.by.as_ref(), now, "staff_created", data));
    tx.commit().await?;
    Ok((staff, plain))
}

/// Gives an account a new password for one sign-in and takes its second factor, its recovery
/// codes and its sessions away. Blocks while it hashes.
pub async fn reset_staff(
    database: &Database,
    clock: &dyn Clock,
    random: &dyn Random,
    id: &StaffId,
    by: Option<&StaffId>,
) -> Result<String, StaffError> {
    let plain = password::temporary(random);
    let hash = password::hash_now(&plain, random).ok_or(StaffError::Hash)?;
    let now = clock.now_ms();
    let mut tx = database.begin().await?;
    let mut staff = tx.staff(id).await?.ok_or(StaffError::Unknown)?;
    staff.password = Some(hash);
    staff.password_temporary = true;
    staff.totp = None;
    staff.totp_offered = None;
    staff.wrong_count = 0;
    staff.locked_until = None;
    staff.issued_by = by.map_or("system", |id| id.as_str()).to_owned();
    tx.save_staff(&staff).await?;
    tx.put_recovery_codes(id, &[]).await?;
    tx.end_sessions(id, None, now).await?;
    tx.record(event(by, now, "staff_reset", json!({ "staff": id })));
    tx.commit().await?;
    Ok(plain)
}

impl From<StaffError> for Problem {
    fn from(e: StaffError) -> Self {
        let said = e.to_string();
        match e {
            StaffError::Name => Self::field("/name", "not_accepted", said),
            StaffError::DisplayName => Self::field("/display_name", "not_accepted", said),
            StaffError::Roles | StaffError::Duties => Self::field("/roles", "not_accepted", said),
            StaffError::Subject => Self::field("/oidc_subject", "not_accepted", said),
            StaffError::Taken => Self::field("/name", "taken", said),
            StaffError::Unknown => Code::NotFound.into(),
            StaffError::Hash => internal("a password cannot be hashed"),
            StaffError::Database(e) => e.into(),
        }
    }
}

#[derive(Serialize)]
struct StaffView {
    id: String,
    name: String,
    display_name: String,
    roles: Vec<&'static str>,
    disabled: bool,
    locked_until: Option<String>,
    totp: bool,
    recovery_codes_left: i64,
    oidc_subject: Option<String>,
    created_at: String,
    last_sign_in_at: Option<String>,
}

async fn view(service: &Service, staff: &Staff) -> Result<StaffView, Problem> {
    let now = service.now();
    Ok(StaffView {
        id: staff.id.to_string(),
        name: staff.name.clone(),
        display_name: staff.display_name.clone(),
        roles: role_names(&staff.roles),
        disabled: staff.disabled_at.is_some(),
        locked_until: staff.locked_until.filter(|until| now < *until).map(time),
        totp: staff.totp.is_some(),
        recovery_codes_left: service.database().recovery_codes_left(&staff.id).await?,
        oidc_subject: staff.oidc_subject.clone(),
        created_at: time(staff.created_at),
        last_sign_in_at: staff.last_sign_in_at.map(time),
    })
}

#[derive(Serialize)]
struct Listed {
    items: Vec<StaffView>,
}

async fn list(State(service): State<Service>, signed: Signed) -> Result<Answer<Listed>, Problem> {
    signed.may(&[Role::Administrator])?;
    let mut items = Vec::new();
    for staff in service.database().all_staff().await? {
        items.push(view(&service, &staff).await?);
    }
    Ok(Answer(Listed { items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    display_name: String,
    roles: Vec<String>,
    #[serde(default)]
    oidc_subject: Option<String>,
}

fn roles_of(names: &[String]) -> Result<Vec<Role>, Problem> {
    let role = |name: &String| {
        name.parse()
            .map_err(|()| Problem::field("/roles", "not_accepted", "an unknown role"))
    };
    names.iter().map(role).collect()
}

#[derive(Serialize)]
struct Created {
    staff: StaffView,
    password: String,
}

async fn create(
    State(service): State<Service>,
    signed: Signed,
    Json(sent): Json<Create>,
) -> Result<(StatusCode, Answer<Created>), Problem> {
    signed.may(&[Role::Administrator])?;
    let new = NewStaff {
        name: sent.name.trim().to_lowercase(),
        display_name: sent.display_name.trim().to_owned(),
        roles: roles_of(&sent.roles)?,
        oidc_subject: sent.oidc_subject,
        by: Some(signed.staff.id.clone()),
    };
    let parts = &service.parts;
    let (staff, password) =
        create_staff(&parts.database, &*parts.clock, &*parts.random, new).await?;
    let staff = view(&service, &staff).await?;
    Ok((StatusCode::CREATED, Answer(Created { staff, password })))
}

/// A field that was sent, be it as null.
fn sent<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default, deserialize_with = "sent")]
    oidc_subject: Option<Option<String>>,
}

fn staff_id(text: &str) -> Result<StaffId, Problem> {
    text.parse().map_err(|_| Code::NotFound.into())
}

async fn change(
    State(service): State<Service>,
    signed: Signed,
    Path(id): Path<String>,
    Json(change): Json<Change>,
) -> Result<Answer<StaffView>, Problem> {
    signed.may(&[Role::Administrator])?;
    let id = staff_id(&id)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut staff = tx
        .staff(&id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    let before = staff.clone();
    if let Some(name) = change.display_name {
        check_display_name(&name)?;
        staff.display_name = name;
    }
    if let Some(roles) = change.roles {
        staff.roles = roles_of(&roles)?;
        check_roles(&staff.roles)?;
    }
    if let Some(subject) = change.oidc_subject {
        check_subject(subject.as_deref())?;
        staff.oidc_subject = subject;
    }
    if let Some(disabled) = change.disabled {
        staff.disabled_at = disabled.then(|| before.disabled_at.unwrap_or(now));
    }
    keeps_an_administrator(&mut tx, &before, &staff).await?;
    tx.save_staff(&staff).await.map_err(taken)?;
    if staff.roles != before.roles || staff.disabled_at != before.disabled_at {
        tx.end_sessions(&id, None, now).await?;
    }
    let data = json!({
        "staff": id, "roles": role_names(&staff.roles), "disabled": staff.disabled_at.is_some(),
    });
    tx.record(signed.event(None, now, "staff_changed", data));
    tx.commit().await?;
    Ok(Answer(view(&service, &staff).await?))
}

async fn keeps_an_administrator(tx: &mut Tx, before: &Staff, after: &Staff) -> Result<(), Problem> {
    let is = |s: &Staff| s.has(Role::Administrator) && s.disabled_at.is_none();
    if is(before) && !is(after) && tx.administrators().await?.iter().all(|id| *id == before.id) {
        return Err(Code::LastAdministrator.into());
    }
    Ok(())
}

#[derive(Serialize)]
struct Reset {
    password: String,
}

async fn reset(
    State(service): State<Service>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Reset>, Problem> {
    signed.may(&[Role::Administrator])?;
    let parts = &service.parts;
    let by = Some(&signed.staff.id);
    let password = reset_staff(
        &parts.database,
        &*parts.clock,
        &*parts.random,
        &staff_id(&id)?,
        by,
    )
    .await?;
    Ok(Answer(Reset { password }))
}

async fn sessions(
    State(service): State<Service>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Sessions>, Problem> {
    signed.may(&[Role::Administrator])?;
    sessions_of(&service, &staff_id(&id)?, &signed.session.id).await
}

async fn end_sessions(
    State(service): State<Service>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    signed.may(&[Role::Administrator])?;
    let id = staff_id(&id)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    tx.staff(&id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    tx.end_sessions(&id, None, now).await?;
    tx.record(signed.event(None, now, "staff_sessions_ended", json!({ "staff": id })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
