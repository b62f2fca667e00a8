//! Who calls: an integrator with a key, an applicant with a token, or anybody. And what they may see.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idproof_database::{ApiKey, Case, Scope, Token};
use idproof_domain::case::Actor;
use idproof_domain::ids::{CaseId, UploadId};

use crate::json::changes;
use crate::layers::admission::too_often;
use crate::problem::{Code, Problem};
use crate::secret::{SecretKind, hash};
use crate::service::Service;

pub(crate) const TOKEN_PREFIX: &str = "idc_";
pub(crate) const LIVE_PREFIX: &str = "idp_live_";
pub(crate) const TEST_PREFIX: &str = "idp_test_";
/// A token's life is written anew at most so often.
const EXTEND_EVERY_MS: i64 = 3_600_000;
/// That a key was used is noted at most so often.
const NOTE_EVERY_MS: i64 = 60_000;

/// What the `Authorization` header proved.
#[derive(Clone)]
pub(crate) enum Caller {
    /// There was none.
    Nobody,
    /// There was one, but of no valid key or token.
    Unknown,
    Applicant(Arc<Holder>),
    Integrator(Arc<ApiKey>),
}

/// An applicant's token.
pub(crate) struct Holder {
    pub hash: String,
    pub token: Token,
}

/// Finds out who calls, once for every request of the API; integrators are held to their rate.
pub(crate) async fn layer(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match identify(&service, request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Caller::Integrator(key) = &caller
        && let Err(wait) = service.rates.key.ask(&key.id)
    {
        return too_often(wait).into_response();
    }
    if let Caller::Applicant(holder) = &caller
        && let Err(wait) = service.rates.case.ask(&holder.token.case)
    {
        return too_often(wait).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

async fn identify(service: &Service, headers: &HeaderMap) -> Result<Caller, Problem> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = all.next() else {
        return Ok(Caller::Nobody);
    };
    let secret = value
        .to_str()
        .ok()
        .and_then(|v| v.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    let (Some(secret), None) = (secret, all.next()) else {
        return Ok(Caller::Unknown);
    };
    let now = service.now();
    if secret.starts_with(TOKEN_PREFIX) {
        let hash = service.secrets().continuation_hash(secret)?;
        let token = service.database().token(&hash).await?;
        return Ok(match token.filter(|t| now <= t.expires_at) {
            Some(token) => Caller::Applicant(Arc::new(Holder { hash, token })),
            None => Caller::Unknown,
        });
    }
    if secret.starts_with(LIVE_PREFIX) || secret.starts_with(TEST_PREFIX) {
        let hash = hash(service.secrets(), SecretKind::ApiKey, secret)?;
        let key = service.database().api_key_by_hash(&hash).await?;
        let Some(key) = key.filter(|k| k.is_valid(now)) else {
            return Ok(Caller::Unknown);
        };
        if key.last_used_at.is_none_or(|at| at < now - NOTE_EVERY_MS) {
            let database = service.database();
            database
                .note_key_use(&key.id, now, now - NOTE_EVERY_MS)
                .await?;
        }
        return Ok(Caller::Integrator(Arc::new(key)));
    }
    Ok(Caller::Unknown)
}

fn caller(parts: &Parts) -> Caller {
    parts
        .extensions
        .get::<Caller>()
        .cloned()
        .unwrap_or(Caller::Nobody)
}

fn needs(key: &ApiKey, scope: Scope) -> Result<(), Problem> {
    if key.scopes.contains(&scope) {
        return Ok(());
    }
    Err(Problem::from(Code::ScopeMissing)
        .detail(format!("the scope `{}` is needed", scope.as_str())))
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(caller(parts))
    }
}

/// An integrator; which scope is needed the endpoint says.
pub(crate) struct Integrator(pub Arc<ApiKey>);

impl Integrator {
    pub(crate) fn with(&self, scope: Scope) -> Result<(), Problem> {
        needs(&self.0, scope)
    }
}

impl FromRequestParts<Service> for Integrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Service) -> Result<Self, Problem> {
        match caller(parts) {
            Caller::Integrator(key) => Ok(Self(key)),
            _ => Err(Code::Unauthorized.into()),
        }
    }
}

/// A case that the caller may see, and as whom they act in it. Reading needs the scope
/// `cases:read`, changing `cases:write`; the applicant's token needs none.
pub(crate) struct CaseAccess {
    /// As it was when the request began; to be read again in the transaction that changes it.
    pub case: Case,
    pub actor: Actor,
}

impl FromRequestParts<Service> for CaseAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let (caller, id) = (known(parts)?, path_id(parts, service).await?);
        let id = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
        Self::open(service, &caller, &id).await
    }
}

/// The caller, if it may do such a thing at all.
fn known(parts: &Parts) -> Result<Caller, Problem> {
    let caller = caller(parts);
    match &caller {
        Caller::Nobody | Caller::Unknown => return Err(Code::Unauthorized.into()),
        Caller::Integrator(key) if changes(&parts.method) => needs(key, Scope::CasesWrite)?,
        Caller::Integrator(key) => needs(key, Scope::CasesRead)?,
        Caller::Applicant(_) => {}
    }
    Ok(caller)
}

/// The path's `{id}`.
async fn path_id(parts: &mut Parts, service: &Service) -> Result<String, Problem> {
    let not_found = || Problem::from(Code::NotFound);
    let params = RawPathParams::from_request_parts(parts, service)
        .await
        .map_err(|_| not_found())?;
    params
        .iter()
        .find_map(|(name, value)| (name == "id").then(|| value.to_owned()))
        .ok_or_else(not_found)
}

impl CaseAccess {
    /// Whatever the caller may not see looks as if it were not there.
    pub(crate) async fn open(
        service: &Service,
        caller: &Caller,
        id: &CaseId,
    ) -> Result<Self, Problem> {
        let not_found = || Problem::from(Code::NotFound);
        let holder = match caller {
            Caller::Applicant(holder) if holder.token.case == *id => Some(holder),
            Caller::Integrator(_) => None,
            _ => return Err(not_found()),
        };
        let case = service.database().case(id).await?.ok_or_else(not_found)?;
        let actor = match caller {
            Caller::Integrator(key) => {
                if case.organisation != key.organisation || case.sandbox != key.sandbox {
                    return Err(not_found());
                }
                Actor::Integrator(key.id.to_string())
            }
            _ => Actor::Applicant,
        };
        if let Some(holder) = holder {
            let end = service.token_end(case.state, service.now());
            if end - holder.token.expires_at > EXTEND_EVERY_MS {
                service.database().extend_token(&holder.hash, end).await?;
            }
        }
        Ok(Self { case, actor })
    }
}

/// An upload of a case that the caller may see.
pub(crate) struct UploadAccess {
    pub upload: idproof_database::Upload,
    pub access: CaseAccess,
}

impl FromRequestParts<Service> for UploadAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let (caller, id) = (known(parts)?, path_id(parts, service).await?);
        let not_found = || Problem::from(Code::NotFound);
        let id: UploadId = id.parse().map_err(|_| not_found())?;
        let upload = service
            .database()
            .upload(&id)
            .await?
            .ok_or_else(not_found)?;
        let access = CaseAccess::open(service, &caller, &upload.case).await?;
        Ok(Self { upload, access })
    }
}
