use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{ApiKey, Scope};
use idproof_domain::ids::KeyId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ADMIN, HOUR_MS, SEE, organisation, overlap};
use crate::console::access::Signed;
use crate::console::boards::RUN;
use crate::json::Json;
use crate::keys::{self, KeyError, NewKey};
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::time;

const DAY_MS: i64 = 24 * HOUR_MS;
/// Hours for which a key that is replaced may stay good.
const LONGEST_OVERLAP: i64 = 720;
const MOST_DAYS: i64 = 3_650;

#[derive(Serialize)]
pub(super) struct Keys {
    scopes: Vec<&'static str>,
    items: Vec<Item>,
}

#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    sandbox: bool,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    state: &'static str,
}

fn item(key: &ApiKey, now: i64) -> Item {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        _ if !key.is_valid(now) => "expired",
        (None, Some(_)) => "ending",
        (None, None) => "valid",
    };
    Item {
        id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.iter().map(|s| s.as_str()).collect(),
        sandbox: key.sandbox,
        created_at: time(key.created_at),
        expires_at: key.expires_at.map(time),
        revoked_at: key.revoked_at.map(time),
        last_used_at: key.last_used_at.map(time),
        state,
    }
}

impl From<KeyError> for Problem {
    fn from(e: KeyError) -> Self {
        let said = e.to_string();
        match e {
            KeyError::Name => Self::field("/name", "length", said),
            KeyError::NoScope => Self::field("/scopes", "not_accepted", said),
            KeyError::NoOrganisation => Code::NotFound.into(),
            KeyError::Database(e) => e.into(),
            KeyError::Vault(e) => e.into(),
        }
    }
}

pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Keys>, Problem> {
    me.may(SEE)?;
    let organisation = organisation(&service, &id).await?;
    let keys = service.database().api_keys(&organisation.id).await?;
    let now = service.now();
    Ok(Answer(Keys {
        scopes: Scope::ALL.iter().map(|s| s.as_str()).collect(),
        items: keys.iter().rev().map(|k| item(k, now)).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    scopes: Vec<String>,
    sandbox: bool,
    #[serde(default)]
    days: Option<i64>,
}

/// A key with its secret, which is shown this once.
#[derive(Serialize)]
pub(super) struct Made {
    key: Item,
    secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Item>,
}

fn scopes(sent: &[String]) -> Result<Vec<Scope>, Problem> {
    let mut scopes = Vec::new();
    for text in sent {
        let scope: Scope = text.parse().map_err(|()| {
            let known: Vec<&str> = Scope::ALL.iter().map(|s| s.as_str()).collect();
            let detail = format!("one or more of {}", known.join(", "));
            Problem::field("/scopes", "not_accepted", detail)
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

pub(super) async fn create(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<New>,
) -> Result<(StatusCode, Answer<Made>), Problem> {
    me.may(ADMIN)?;
    let organisation = organisation(&service, &id).await?;
    let now = service.now();
    if sent.days.is_some_and(|d| !(1..=MOST_DAYS).contains(&d)) {
        let detail = format!("1 to {MOST_DAYS}, or null");
        return Err(Problem::field("/days", "not_accepted", detail));
    }
    let new = NewKey {
        organisation: organisation.id,
        name: sent.name,
        scopes: scopes(&sent.scopes)?,
        sandbox: sent.sandbox,
        expires_at: sent.days.map(|d| now + d * DAY_MS),
    };
    if new.name.contains(char::is_control) {
        let detail = "no control characters";
        return Err(Problem::field("/name", "not_accepted", detail));
    }
    let (key, secret) = keys::prepare(service.secrets(), now, service.random(), new)?;
    let mut tx = service.database().begin().await?;
    keys::insert(&mut tx, &key, me.actor()).await?;
    tx.commit().await?;
    let made = Made {
        key: item(&key, now),
        secret,
        replaces: None,
    };
    Ok((StatusCode::CREATED, Answer(made)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    overlap_hours: i64,
}

fn id_of(text: &str) -> Result<KeyId, Problem> {
    text.parse().map_err(|_| Code::NotFound.into())
}

/// Makes another key of the same kind and lets the old one end a while later.
pub(super) async fn rotate(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Rotation>,
) -> Result<(StatusCode, Answer<Made>), Problem> {
    me.may(ADMIN)?;
    let id = id_of(&id)?;
    let overlap = overlap(sent.overlap_hours, LONGEST_OVERLAP)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let old = tx.api_key(&id).await?;
    let mut old = old.ok_or_else(|| Problem::from(Code::NotFound))?;
    if !old.is_valid(now) {
        return Err(Problem::from(Code::InvalidState).detail("the key is expired or revoked"));
    }
    let life = old.expires_at.map(|end| end - old.created_at);
    let new = NewKey {
        organisation: old.organisation.clone(),
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        sandbox: old.sandbox,
        expires_at: life.map(|life| now + life),
    };
    let (key, secret) = keys::prepare(service.secrets(), now, service.random(), new)?;
    // Good up to and including its last millisecond.
    let end = now + overlap - 1;
    let end = old.expires_at.map_or(end, |at| at.min(end));
    old.expires_at = Some(end);
    tx.insert_api_key(&key).await?;
    tx.end_api_key(&old.id, end).await?;
    let data = json!({ "key": key.id, "replaces": old.id, "until": time(end) });
    tx.record(me.event(None, now, "key_rotated", data));
    tx.commit().await?;
    let made = Made {
        key: item(&key, now),
        secret,
        replaces: Some(item(&old, now)),
    };
    Ok((StatusCode::CREATED, Answer(made)))
}

pub(super) async fn revoke(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    me.may(RUN)?;
    let id = id_of(&id)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if tx.api_key(&id).await?.is_none() {
        return Err(Code::NotFound.into());
    }
    if !tx.revoke_api_key(&id, now).await? {
        return Err(Problem::from(Code::InvalidState).detail("the key was revoked before"));
    }
    tx.record(me.event(None, now, "key_revoked", json!({ "key": id })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
