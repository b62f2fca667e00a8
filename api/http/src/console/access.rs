//! Who works in the console: a cookie that scripts cannot read, a token against forged requests,
//! an account with roles. Integrators' keys and applicants' tokens open nothing here, and the
//! cookie nothing under `/v1`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idproof_database::{NewEvent, Role, Staff, StaffSession, Stage, Tx};
use idproof_domain::case::Actor;
use idproof_domain::ids::{CaseId, SessionId};
use serde_json::Value;

use crate::json::changes;
use crate::problem::{Code, Problem};
use crate::secret::{self, SecretKind, hash, new_secret};
use crate::service::Service;

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long a sign-in may stay half done.
const HALF_MS: i64 = 10 * MINUTE_MS;
/// That a session is in use is noted at most so often.
const NOTE_EVERY_MS: i64 = 30_000;
const LONGEST_AGENT: usize = 200;

/// A session that is not over, with its account.
#[derive(Clone)]
pub(super) struct Signed {
    pub session: Arc<StaffSession>,
    pub staff: Arc<Staff>,
    /// Against forged requests.
    pub csrf: String,
}

impl Service {
    /// `__Host-` binds a cookie to this very host and to TLS; without TLS, as on a developer's
    /// machine, browsers refuse it.
    fn cookie_name(&self) -> &'static str {
        if self.is_tls() {
            "__Host-idproof-console"
        } else {
            "idproof-console"
        }
    }

    fn is_tls(&self) -> bool {
        self.parts.http.public_url.starts_with("https://")
    }

    pub(super) fn csrf(&self, token: &str) -> Result<String, Problem> {
        Ok(hash(self.secrets(), SecretKind::Csrf, token)?)
    }

    fn idle_ms(&self) -> i64 {
        i64::from(self.parts.console.idle_minutes) * MINUTE_MS
    }

    /// When a session ends if it is not used any more.
    pub(super) fn idle_until(&self, session: &StaffSession) -> i64 {
        session
            .seen_at
            .saturating_add(self.idle_ms())
            .min(session.expires_at)
    }

    /// A session seen after then has not ended for want of use.
    pub(super) fn seen_after(&self) -> i64 {
        self.now().saturating_sub(self.idle_ms())
    }
}

/// The cookie's value. Two of a name are none: one of them was planted.
fn cookie(service: &Service, headers: &HeaderMap) -> Option<String> {
    let name = service.cookie_name();
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, value)| value.to_owned());
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Finds out who is at work, and refuses what pages of others had a browser send.
pub(super) async fn layer(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&service, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(service: &Service, request: &mut Request) -> Result<(), Problem> {
    let changing = changes(request.method());
    if changing && !same_origin(service, request.headers()) {
        return Err(Code::CsrfWrong.into());
    }
    let Some(token) = cookie(service, request.headers()) else {
        return Ok(());
    };
    let Some(signed) = find(service, &token).await? else {
        return Ok(());
    };
    let signing_in = request.uri().path() == "/console/api/session"
        && request.method() == axum::http::Method::POST;
    if changing && !signing_in {
        let sent = request.headers().get(&CSRF).and_then(|v| v.to_str().ok());
        let right = sent
            .map(|sent| secret::matches(service.secrets(), SecretKind::Csrf, &token, sent))
            .transpose()?;
        if right != Some(true) {
            return Err(Code::CsrfWrong.into());
        }
    }
    let now = service.now();
    if now - signed.session.seen_at >= NOTE_EVERY_MS {
        service
            .database()
            .note_session(&signed.session.id, now)
            .await?;
    }
    request.extensions_mut().insert(signed);
    Ok(())
}

/// Whether a browser says, or does not deny, that the request comes from the console itself.
fn same_origin(service: &Service, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(&FETCH_SITE)
        && site.as_bytes() != b"same-origin"
    {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    let there = origin.split_once("://").map(|(_, host)| host);
    origin == service.parts.http.public_url || (host.is_some() && there == host)
}

async fn find(service: &Service, token: &str) -> Result<Option<Signed>, Problem> {
    let kept = hash(service.secrets(), SecretKind::Session, token)?;
    let Some(session) = service.database().staff_session(&kept).await? else {
        return Ok(None);
    };
    let now = service.now();
    if session.ended_at.is_some() || now >= service.idle_until(&session) {
        return Ok(None);
    }
    let staff = service.database().staff(&session.staff).await?;
    let Some(staff) = staff.filter(|s| s.disabled_at.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Signed {
        session: session.into(),
        staff: staff.into(),
        csrf: service.csrf(token)?,
    }))
}

impl Signed {
    /// Who is signed in, however far.
    pub(super) fn of(parts: &Parts) -> Result<Self, Problem> {
        let signed = parts.extensions.get::<Self>();
        signed.cloned().ok_or_else(|| Code::Unauthorized.into())
    }

    pub(super) fn may(&self, any: &[Role]) -> Result<(), Problem> {
        if any.iter().any(|role| self.staff.has(*role)) {
            return Ok(());
        }
        let names: Vec<&str> = any.iter().map(|r| r.as_str()).collect();
        Err(Problem::from(Code::RoleMissing)
            .detail(format!("one of these is needed: {}", names.join(", "))))
    }

    /// For those who judge cases.
    pub(super) fn judges(&self) -> Result<(), Problem> {
        self.may(&[Role::Reviewer, Role::Senior])
    }

    pub(super) fn at(&self, stage: Stage) -> Result<(), Problem> {
        if self.session.stage == stage {
            Ok(())
        } else {
            Err(Code::StageWrong.into())
        }
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::Staff(self.staff.id.to_string())
    }

    /// Something that this person did; to be recorded in the transaction that does it.
    pub(super) fn event(
        &self,
        case: Option<&CaseId>,
        at: i64,
        kind: &str,
        data: Value,
    ) -> NewEvent {
        NewEvent {
            case: case.cloned(),
            at,
            kind: kind.to_owned(),
            actor: self.actor(),
            data,
        }
    }
}

/// Who is signed in and has done all that a sign-in asks for.
impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let signed = Self::of(parts)?;
        signed.at(Stage::Ready)?;
        Ok(signed)
    }
}

/// Who is signed in, however far.
pub(super) struct Half(pub Signed);

impl<S: Sync> FromRequestParts<S> for Half {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Signed::of(parts).map(Self)
    }
}

/// What the browser calls itself, for the list of sessions.
pub(super) struct Agent(pub String);

impl<S: Sync> FromRequestParts<S> for Agent {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let text = parts.headers.get(USER_AGENT).and_then(|v| v.to_str().ok());
        Ok(Self(
            text.unwrap_or("").chars().take(LONGEST_AGENT).collect(),
        ))
    }
}

/// A session that has just begun, and the cookie that opens it.
pub(super) struct Begun {
    pub signed: Signed,
    pub cookie: HeaderValue,
}

/// Begins a session, or the next stage of one: under a new secret, so that nobody who knew the
/// old one has part in what the account may do now.
pub(super) async fn begin(
    service: &Service,
    tx: &mut Tx,
    staff: &Staff,
    stage: Stage,
    via: &str,
    agent: &str,
    before: Option<&StaffSession>,
) -> Result<Begun, Problem> {
    let now = service.now();
    if let Some(before) = before {
        tx.end_session(&before.id, &before.staff, now).await?;
    }
    let life = match stage {
        Stage::Ready => i64::from(service.parts.console.session_hours) * HOUR_MS,
        Stage::Totp | Stage::Enrol => HALF_MS,
    };
    let session = StaffSession {
        id: SessionId::new(now, service.id_bytes()),
        staff: staff.id.clone(),
        stage,
        via: via.to_owned(),
        agent: agent.to_owned(),
        created_at: now,
        seen_at: now,
        expires_at: now.saturating_add(life),
        ended_at: None,
    };
    let token = new_secret("", service.random());
    let kept = hash(service.secrets(), SecretKind::Session, &token)?;
    tx.insert_session(&session, &kept).await?;
    Ok(Begun {
        cookie: cookie_of(service, &token),
        signed: Signed {
            csrf: service.csrf(&token)?,
            session: session.into(),
            staff: staff.clone().into(),
        },
    })
}

fn cookie_of(service: &Service, token: &str) -> HeaderValue {
    let secure = if service.is_tls() { "; Secure" } else { "" };
    let name = service.cookie_name();
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Takes the cookie away.
pub(super) fn forget(service: &Service) -> (HeaderName, HeaderValue) {
    let secure = if service.is_tls() { "; Secure" } else { "" };
    let name = service.cookie_name();
    let text = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{secure}");
    let value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    (SET_COOKIE, value)
}
