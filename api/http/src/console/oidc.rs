//! Sign-in through the organisation's own provider: OpenID Connect 1.0, code flow with PKCE
//! (RFC 7636). The provider vouches for a person, second factor included; which account they have
//! and what it may do is decided here.

use axum::Router;
use axum::extract::State;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idproof_database::{DatabaseError, Stage};
use idproof_vault::{Purpose, VaultError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

use super::access::{Agent, begin};
use super::token::{self, Keys};
use crate::layers::address::ClientAddress;
use crate::layers::admission::too_often;
use crate::limits::Origin;
use crate::problem::{Code, Problem, internal};
use crate::query::Query;
use crate::secret::new_secret;
use crate::service::Service;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/oidc/start", get(start))
        .route("/oidc/callback", get(callback))
}

const CONTEXT: &str = "sign-in through the provider";
/// How long somebody may take at the provider.
const PATIENCE_MS: i64 = 10 * 60_000;
/// How far the provider's clock may be off.
const SKEW_MS: i64 = 60_000;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Why a sign-in failed. For the log: names nobody.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the provider cannot be reached: {0}")]
    Away(String),
    #[error("the provider answered with status {0}")]
    Status(u16),
    #[error("the provider's description is of another issuer")]
    Issuer,
    #[error("the sign-in was not begun in this browser, or too long ago")]
    NotBegun,
    #[error("the provider refused")]
    Denied,
    #[error("the provider's token is not valid: {0}")]
    Token(&'static str),
    #[error("there is no account for the person")]
    NoAccount,
    #[error("the service failed: {}", .0.code.as_str())]
    Inside(Problem),
}

impl From<Problem> for Refused {
    fn from(e: Problem) -> Self {
        Self::Inside(e)
    }
}

impl From<DatabaseError> for Refused {
    fn from(e: DatabaseError) -> Self {
        Self::Inside(e.into())
    }
}

impl From<VaultError> for Refused {
    fn from(e: VaultError) -> Self {
        Self::Inside(e.into())
    }
}

/// What a provider tells of itself.
#[derive(Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// What is remembered of a sign-in under way, sealed, in the browser that began it.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    state: String,
    nonce: String,
    verifier: String,
    at: i64,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    #[serde(default)]
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

fn client() -> Result<reqwest::Client, Refused> {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|_| internal("no client can be made").into())
}

async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Refused> {
    // The address may hold what the log must not.
    let away = |e: reqwest::Error| Refused::Away(e.without_url().to_string());
    let answer = request.send().await.map_err(away)?;
    if !answer.status().is_success() {
        return Err(Refused::Status(answer.status().as_u16()));
    }
    let bytes = answer.bytes().await.map_err(away)?;
    serde_json::from_slice(&bytes)
        .map_err(|_| Refused::Token("an answer is not of the standard's form"))
}

async fn provider(service: &Service, client: &reqwest::Client) -> Result<Provider, Refused> {
    let issuer = &service.parts.console.oidc.issuer;
    let url = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let provider: Provider = answer(client.get(url)).await?;
    if provider.issuer != *issuer {
        return Err(Refused::Issuer);
    }
    Ok(provider)
}

fn callback_url(service: &Service) -> String {
    format!(
        "{}/console/api/oidc/callback",
        service.parts.http.public_url
    )
}

fn cookie_name(service: &Service) -> &'static str {
    if service.parts.http.public_url.starts_with("https://") {
        "__Host-idproof-oidc"
    } else {
        "idproof-oidc"
    }
}

/// Lax: it must come along when the provider sends the browser back.
fn cookie(service: &Service, value: &str, seconds: i64) -> HeaderValue {
    let name = cookie_name(service);
    let secure = if name.starts_with("__Host-") {
        "; Secure"
    } else {
        ""
    };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn begun(service: &Service, headers: &HeaderMap) -> Option<UnderWay> {
    let name = cookie_name(service);
    let value = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))?;
    let plain = service
        .secrets()
        .open(Purpose::Staff, CONTEXT, value)
        .ok()?;
    let under_way: UnderWay = serde_json::from_str(&plain).ok()?;
    let age = service.now() - under_way.at;
    (0..=PATIENCE_MS).contains(&age).then_some(under_way)
}

fn sent_back(service: &Service, why: &Refused) -> Response {
    tracing::warn!("a sign-in through the provider failed: {why}");
    let headers = [
        (
            LOCATION,
            HeaderValue::from_static("/console/?sign_in=refused"),
        ),
        (SET_COOKIE, cookie(service, "", 0)),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn configured(service: &Service) -> Result<(), Problem> {
    if service.parts.console.oidc.issuer.is_empty() {
        return Err(Code::NotFound.into());
    }
    Ok(())
}

/// Sends the browser to the provider.
async fn start(
    State(service): State<Service>,
    client: Option<axum::Extension<ClientAddress>>,
) -> Result<Response, Problem> {
    configured(&service)?;
    if let Some(axum::Extension(client)) = client
        && let Err(wait) = service.rates.sign_in.ask(&Origin::from(client.0))
    {
        return Err(too_often(wait));
    }
    Ok(match begin_at_provider(&service).await {
        Ok(response) => response,
        Err(why) => sent_back(&service, &why),
    })
}

async fn begin_at_provider(service: &Service) -> Result<Response, Refused> {
    let provider = provider(service, &client()?).await?;
    let under_way = UnderWay {
        state: new_secret("", service.random()),
        nonce: new_secret("", service.random()),
        verifier: new_secret("", service.random()),
        at: service.now(),
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(under_way.verifier.as_bytes()));
    let query = [
        ("response_type", "code"),
        ("scope", "openid"),
        ("client_id", &service.parts.console.oidc.client_id),
        ("redirect_uri", &callback_url(service)),
        ("state", &under_way.state),
        ("nonce", &under_way.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = reqwest::Url::parse_with_params(&provider.authorization_endpoint, query)
        .map_err(|_| Refused::Token("its address is none"))?;
    let plain =
        serde_json::to_string(&under_way).map_err(|_| internal("a sign-in cannot be kept"))?;
    let sealed = service.secrets().seal(Purpose::Staff, CONTEXT, &plain)?;
    let location =
        HeaderValue::try_from(url.as_str()).map_err(|_| Refused::Token("its address is none"))?;
    let headers = [
        (LOCATION, location),
        (SET_COOKIE, cookie(service, &sealed, PATIENCE_MS / 1_000)),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

#[derive(Deserialize)]
struct Callback {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

/// The provider sends the browser back here.
async fn callback(
    State(service): State<Service>,
    agent: Agent,
    headers: HeaderMap,
    Query(query): Query<Callback>,
) -> Result<Response, Problem> {
    configured(&service)?;
    Ok(match signed_in(&service, &agent, &headers, query).await {
        Ok(response) => response,
        Err(why) => sent_back(&service, &why),
    })
}

async fn signed_in(
    service: &Service,
    agent: &Agent,
    headers: &HeaderMap,
    query: Callback,
) -> Result<Response, Refused> {
    let under_way = begun(service, headers).ok_or(Refused::NotBegun)?;
    if query.state.as_deref() != Some(under_way.state.as_str()) {
        return Err(Refused::NotBegun);
    }
    let code = query.code.ok_or(Refused::Denied)?;
    let http = client()?;
    let provider = provider(service, &http).await?;
    let oidc = &service.parts.console.oidc;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &callback_url(service)),
        ("code_verifier", &under_way.verifier),
    ];
    let request = http
        .post(&provider.token_endpoint)
        .basic_auth(&oidc.client_id, Some(&oidc.client_secret))
        .form(&form);
    let tokens: Tokens = answer(request).await?;
    let keys: Keys = answer(http.get(&provider.jwks_uri)).await?;
    let claims = verified(&tokens.id_token, &keys)?;
    check(service, &claims, &under_way)?;
    let staff = service.database().staff_by_subject(&claims.sub).await?;
    let staff = staff.ok_or(Refused::NoAccount)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let staff = tx.staff(&staff.id).await?;
    let mut staff = staff
        .filter(|s| s.disabled_at.is_none())
        .ok_or(Refused::NoAccount)?;
    staff.last_sign_in_at = Some(now);
    tx.save_staff(&staff).await?;
    let begun = begin(
        service,
        &mut tx,
        &staff,
        Stage::Ready,
        "oidc",
        &agent.0,
        None,
    )
    .await?;
    let data = json!({ "session": begun.signed.session.id, "how": "oidc" });
    tx.record(begun.signed.event(None, now, "staff_signed_in", data));
    tx.commit().await?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_static("/console/"));
    headers.append(SET_COOKIE, begun.cookie);
    headers.append(SET_COOKIE, cookie(service, "", 0));
    Ok(response)
}

/// The token's claims, if one of the provider's keys has signed them. Times are looked at later.
fn verified(token: &str, keys: &Keys) -> Result<Claims, Refused> {
    let wrong = |_| Refused::Token("its form is not that of the standard");
    let claims = token::claims(token, keys).map_err(Refused::Token)?;
    serde_json::from_slice(&claims).map_err(wrong)
}

/// OpenID Connect Core 1.0, 3.1.3.7.
fn check(service: &Service, claims: &Claims, under_way: &UnderWay) -> Result<(), Refused> {
    let oidc = &service.parts.console.oidc;
    let (for_us, alone) = match &claims.aud {
        Audience::One(aud) => (*aud == oidc.client_id, true),
        Audience::Several(all) => (all.contains(&oidc.client_id), all.len() == 1),
    };
    let party = claims
        .azp
        .as_deref()
        .map_or(alone, |azp| azp == oidc.client_id);
    let expires_ms = claims.exp.saturating_mul(1_000);
    let wrong = Refused::Token;
    if claims.iss != oidc.issuer {
        return Err(wrong("it is of another issuer"));
    }
    if !for_us || !party {
        return Err(wrong("it is for somebody else"));
    }
    if expires_ms.saturating_add(SKEW_MS) <= service.now() {
        return Err(wrong("it has expired"));
    }
    if claims.nonce != under_way.nonce {
        return Err(wrong("it belongs to another sign-in"));
    }
    if claims.sub.is_empty() {
        return Err(wrong("it names nobody"));
    }
    Ok(())
}
