//! A new version: drafted by one person, in force only when another approves it.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{DatabaseError, PolicyState, PolicyVersion};
use idproof_domain::ids::{OrganisationId, PolicyId};
use idproof_domain::{Policy, PolicyError, completed, renamed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::labelled::{ClaimSent, held_against};
use super::standing::Standing;
use super::view::{DiffView, NameView, VersionView, diff_of, view};
use super::{CONFIGURED, READ, WRITE};
use crate::console::access::Signed;
use crate::json::Json;
use crate::problem::{Code, Problem};
use crate::service::Service;

const LONGEST_NAME: usize = 60;
const LONGEST_REASON: usize = 500;
const SHORTEST_REASON: usize = 3;
const MOST_CLAIMS: usize = 20;

/// A text that is no policy is refused with what is wrong in it.
pub(super) fn parse(text: &str) -> Result<Policy, Problem> {
    let policy = Policy::parse(text).map_err(|e| {
        let code = match &e {
            PolicyError::Syntax(_) => "syntax",
            PolicyError::NoVersion => "no_version",
            PolicyError::ChecksMissing(_) => "check_missing",
            PolicyError::CheckMustBeRequired(_) => "check_must_be_required",
            PolicyError::UnknownThreshold(_) => "unknown_threshold",
            PolicyError::OutOfRange { .. } => "out_of_range",
            PolicyError::Calibration { .. } => "calibration",
            PolicyError::BandsOverlap { .. } => "bands_overlap",
        };
        Problem::field("/text", code, e.to_string())
    })?;
    check_name(policy.version(), "/text")?;
    Ok(policy)
}

fn check_name(name: &str, pointer: &str) -> Result<(), Problem> {
    let ok = (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.trim() == name
        && !name.is_empty()
        && !name.chars().any(char::is_control);
    let wrong = || {
        let what = "`version` has 1 to 60 characters, no control characters, no blanks at its ends";
        Problem::field(pointer, "not_accepted", what)
    };
    ok.then_some(()).ok_or_else(wrong)
}

/// Why somebody changes something, in words.
pub(super) fn check_reason(reason: &str) -> Result<String, Problem> {
    let reason = reason.trim();
    let ok = (SHORTEST_REASON..=LONGEST_REASON).contains(&reason.chars().count())
        && !reason.chars().any(|c| c.is_control() && c != '\n');
    let wrong = || Problem::field("/reason", "not_accepted", "3 to 500 characters");
    ok.then(|| reason.to_owned()).ok_or_else(wrong)
}

pub(super) fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

async fn is_taken(service: &Service, name: &str) -> Result<bool, Problem> {
    Ok(
        name == service.parts.policy.version()
            || service.database().policy_name_taken(name).await?,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    text: String,
    #[serde(default)]
    organisation: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Checked {
    name: String,
    sha256: String,
    name_taken: bool,
    diff: DiffView,
}

/// Says whether a text is a policy, and what it changes.
pub(super) async fn check(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<Check>,
) -> Result<Answer<Checked>, Problem> {
    me.may(READ)?;
    let policy = parse(&sent.text)?;
    let standing = Standing::read(&service).await?;
    let scope = standing.organisation(sent.organisation.as_deref(), "/organisation")?;
    let now = standing.policy_in_force(&service, scope.as_ref())?;
    let name = policy.version().to_owned();
    let to = NameView {
        id: None,
        name: name.clone(),
    };
    Ok(Answer(Checked {
        name_taken: is_taken(&service, &name).await?,
        sha256: sha256(&sent.text),
        diff: diff_of(&now, to, &policy, &[]),
        name,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    roll_back_to: Option<String>,
    #[serde(default)]
    end_override: bool,
    #[serde(default)]
    name: Option<String>,
    reason: String,
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    claims: Vec<ClaimSent>,
}

/// What a new version says: its name, and its text unless it ends an override.
struct Content {
    name: String,
    text: Option<String>,
    rolls_back_to: Option<String>,
}

fn content(
    service: &Service,
    standing: &Standing,
    sent: &Create,
    scope: Option<&OrganisationId>,
) -> Result<Content, Problem> {
    let given = [
        sent.text.is_some(),
        sent.roll_back_to.is_some(),
        sent.end_override,
    ];
    if given.iter().filter(|g| **g).count() != 1 {
        let what = "one of text, roll_back_to and end_override";
        return Err(Problem::field("", "not_accepted", what));
    }
    if let Some(text) = &sent.text {
        if sent.name.is_some() {
            return Err(Problem::field(
                "/name",
                "not_accepted",
                "the name stands in the text",
            ));
        }
        let policy = parse(text)?;
        return Ok(Content {
            name: policy.version().to_owned(),
            text: Some(text.clone()),
            rolls_back_to: None,
        });
    }
    let name = sent.name.clone();
    let name = name.ok_or_else(|| Problem::field("/name", "empty", "the new version's name"))?;
    check_name(&name, "/name")?;
    if sent.end_override {
        let own = scope.and_then(|o| standing.latest(Some(o)));
        if own.is_none_or(|v| v.text.is_none()) {
            let what = "an organisation with a policy of its own";
            return Err(Problem::field("/organisation", "not_accepted", what));
        }
        return Ok(Content {
            name,
            text: None,
            rolls_back_to: None,
        });
    }
    let old = sent.roll_back_to.clone().unwrap_or_default();
    let unknown = || Problem::field("/roll_back_to", "unknown", "a version, or `configured`");
    let text = if old == CONFIGURED {
        service.parts.policy_text.clone()
    } else {
        let version = standing.version(&old).map_err(|_| unknown())?;
        version.text.clone().ok_or_else(unknown)?
    };
    // What it lacks because the program did not know it then is added as it ships.
    let text = completed(&text)
        .and_then(|whole| renamed(&whole.text, &name))
        .map_err(|e| Problem::field("/roll_back_to", "not_accepted", e.to_string()))?;
    parse(&text)?;
    Ok(Content {
        name,
        text: Some(text),
        rolls_back_to: Some(old),
    })
}

fn start(sent: Option<&str>, now: i64) -> Result<Option<i64>, Problem> {
    let Some(sent) = sent else { return Ok(None) };
    let wrong = |what| Problem::field("/starts_at", "not_accepted", what);
    let at = OffsetDateTime::parse(sent, &Rfc3339)
        .map_err(|_| wrong("a time such as 2026-12-01T08:00:00Z"))?;
    let ms = i64::try_from(at.unix_timestamp_nanos() / 1_000_000)
        .map_err(|_| wrong("a time within reach"))?;
    if ms <= now {
        return Err(wrong(
            "a time to come; without one it starts when it is approved",
        ));
    }
    Ok(Some(ms))
}

pub(super) async fn create(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<Create>,
) -> Result<(StatusCode, Answer<VersionView>), Problem> {
    me.may(WRITE)?;
    let reason = check_reason(&sent.reason)?;
    let standing = Standing::read(&service).await?;
    let scope = standing.organisation(sent.organisation.as_deref(), "/organisation")?;
    let content = content(&service, &standing, &sent, scope.as_ref())?;
    let now = standing.now;
    let starts_at = start(sent.starts_at.as_deref(), now)?;
    let taken = || {
        let pointer = if content.rolls_back_to.is_some() || content.text.is_none() {
            "/name"
        } else {
            "/text"
        };
        Problem::field(
            pointer,
            "name_taken",
            "there is a version of this name; choose another",
        )
    };
    if is_taken(&service, &content.name).await? {
        return Err(taken());
    }
    if sent.claims.len() > MOST_CLAIMS {
        return Err(Problem::field("/claims", "too_long", "at most 20"));
    }
    let claims = match &content.text {
        Some(text) => held_against(&service, &sent.claims, &parse(text)?).await?,
        None => Vec::new(),
    };
    let version = PolicyVersion {
        id: PolicyId::new(now, service.id_bytes()),
        sha256: sha256(content.text.as_deref().unwrap_or("")),
        name: content.name.clone(),
        organisation: scope,
        text: content.text.clone(),
        reason,
        claims: Value::Array(claims),
        rolls_back_to: content.rolls_back_to.clone(),
        author: me.staff.id.clone(),
        created_at: now,
        state: PolicyState::Drafted,
        starts_at,
        approved_by: None,
        approved_at: None,
        withdrawn_by: None,
        withdrawn_at: None,
        withdrawn_reason: None,
        shadow_since: None,
    };
    let mut tx = service.database().begin().await?;
    tx.insert_policy(&version).await.map_err(|e| match e {
        DatabaseError::Exists(_) => taken(),
        other => other.into(),
    })?;
    tx.record(me.event(None, now, "policy_drafted", about(&version)));
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        shown(&service, &me, &version.id).await?,
    ))
}

/// What the log says of a version: never the reason, which people write freely.
pub(super) fn about(version: &PolicyVersion) -> Value {
    json!({
        "policy": version.id, "name": version.name, "sha256": version.sha256,
        "organisation": version.organisation, "rolls_back_to": version.rolls_back_to,
        "ends_override": version.text.is_none(), "starts_at": version.starts_at,
    })
}

/// The version as it stands now.
pub(super) async fn shown(
    service: &Service,
    me: &Signed,
    id: &PolicyId,
) -> Result<Answer<VersionView>, Problem> {
    let standing = Standing::read(service).await?;
    let version = standing.versions.iter().find(|v| v.id == *id);
    let version = version.ok_or_else(|| Problem::from(Code::NotFound))?;
    Ok(Answer(view(service, me, &standing, version).await?))
}
