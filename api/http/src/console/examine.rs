//! For auditors: closed cases, the log of events, and the evidence of a case as a signed file.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json as Answer, Router};
use idproof_database::Role;
use idproof_domain::case::{Actor, CaseState};
use idproof_domain::ids::CaseId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::Signed;
use super::evidence::{self, Jws};
use super::queue::names;
use crate::path::Path;
use crate::problem::{Code, Problem, internal};
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/cases", get(cases))
        .route("/cases/{id}/evidence.json", get(evidence_json))
        .route("/cases/{id}/evidence.pdf", get(evidence_pdf))
        .route("/evidence-key", get(evidence_key))
        .route("/audit", get(audit))
}

const EXAMINE: &[Role] = &[Role::Auditor, Role::Senior];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseQuery {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Cases {
    items: Vec<CaseItem>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct CaseItem {
    id: String,
    number: String,
    state: &'static str,
    attempt: u32,
    created_at: String,
    processed_at: Option<String>,
    media_purged_at: Option<String>,
    outcome: Option<&'static str>,
}

fn limit_of(limit: Option<i64>) -> Result<i64, Problem> {
    let limit = limit.unwrap_or(50);
    if (1..=200).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::field("limit", "not_accepted", "1 to 200"))
    }
}

/// Cases of every organisation, newest first, without the people behind them.
async fn cases(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<CaseQuery>,
) -> Result<Answer<Cases>, Problem> {
    me.may(EXAMINE)?;
    let limit = limit_of(query.limit)?;
    let state = query.state.as_deref();
    if state.is_some_and(|s| s.parse::<CaseState>().is_err()) {
        return Err(Problem::field("state", "not_accepted", "a state of a case"));
    }
    let number = query.number.as_deref();
    if number.is_some_and(|n| n.is_empty() || n.len() > 40 || n.contains('\0')) {
        return Err(Problem::field(
            "number",
            "not_accepted",
            "the number of a case",
        ));
    }
    let before = query.cursor.map(|c| c.parse::<CaseId>()).transpose();
    let before =
        before.map_err(|_| Problem::field("cursor", "not_accepted", "one from the page before"))?;
    let database = service.database();
    let mut found = database
        .cases_to_examine(state, number, before.as_ref(), limit + 1)
        .await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        found.pop();
    }
    let next_cursor = found.last().filter(|_| more).map(|c| c.id.to_string());
    let mut items = Vec::new();
    for case in found {
        let decisions = database.decisions_of(&case.id).await?;
        items.push(CaseItem {
            id: case.id.to_string(),
            state: case.state.as_str(),
            attempt: case.attempt,
            created_at: time(case.created_at),
            processed_at: case.processed_at.map(time),
            media_purged_at: case.media_purged_at.map(time),
            outcome: decisions.last().map(|d| d.outcome.as_str()),
            number: case.number,
        });
    }
    Ok(Answer(Cases { items, next_cursor }))
}

async fn exported(
    service: &Service,
    me: &Signed,
    id: &str,
    form: &str,
) -> Result<evidence::File, Problem> {
    me.may(EXAMINE)?;
    let not_found = || Problem::from(Code::NotFound);
    let id: CaseId = id.parse().map_err(|_| not_found())?;
    let case = service.database().case(&id).await?.ok_or_else(not_found)?;
    // Whoever is still to judge a case must not read what others said of it.
    if case.state == CaseState::InReview && !me.staff.has(Role::Auditor) {
        return Err(Code::InvalidState.into());
    }
    let file = evidence::of(service, &case).await?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let data = json!({ "form": form, "sha256": file.sha256 });
    tx.record(me.event(Some(&id), now, "evidence_exported", data));
    tx.commit().await?;
    Ok(file)
}

fn attachment(id: &str, form: &str) -> String {
    let id: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    format!("attachment; filename=\"evidence-{id}.{form}\"")
}

async fn evidence_json(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = exported(&service, &me, &id, "json").await?;
    let headers = [(CONTENT_DISPOSITION, attachment(&id, "json"))];
    Ok((headers, Answer::<Jws>(file.jws)).into_response())
}

async fn evidence_pdf(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = exported(&service, &me, &id, "pdf").await?;
    let sheet = evidence::sheet(&service, &file)?;
    let render = Arc::clone(&service.parts.evidence_pdf);
    let pdf = tokio::task::spawn_blocking(move || render(&sheet))
        .await
        .map_err(|_| internal("setting an evidence file stopped"))?
        .map_err(|error| {
            tracing::error!(error, "an evidence file cannot be set");
            Problem::from(Code::Internal)
        })?;
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, attachment(&id, "pdf")),
    ];
    Ok((headers, pdf).into_response())
}

/// What evidence files are verified with (RFC 8037).
async fn evidence_key(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Value>, Problem> {
    me.may(EXAMINE)?;
    Ok(Answer(evidence::public_key(&service)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    before: Option<i64>,
    #[serde(default)]
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Audit {
    items: Vec<AuditItem>,
    next_before: Option<i64>,
}

#[derive(Serialize)]
struct AuditItem {
    seq: i64,
    at: String,
    case: Option<String>,
    kind: String,
    actor: ActorView,
    data: Value,
}

#[derive(Serialize)]
struct ActorView {
    #[serde(rename = "type")]
    type_: &'static str,
    id: Option<String>,
    display_name: Option<String>,
}

fn actor(actor: Actor, names: &HashMap<String, String>) -> ActorView {
    let (type_, id) = match actor {
        Actor::Applicant => ("applicant", None),
        Actor::Integrator(id) => ("integrator", Some(id)),
        Actor::Staff(id) => ("staff", Some(id)),
        Actor::System => ("system", None),
    };
    ActorView {
        type_,
        display_name: id.as_ref().and_then(|id| names.get(id).cloned()),
        id,
    }
}

/// The log of events, newest first.
async fn audit(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<AuditQuery>,
) -> Result<Answer<Audit>, Problem> {
    me.may(&[Role::Auditor])?;
    let limit = limit_of(query.limit)?;
    let case = query.case.map(|c| c.parse::<CaseId>()).transpose();
    let case = case.map_err(|_| Problem::field("case", "not_accepted", "the id of a case"))?;
    let events = service
        .database()
        .events_before(case.as_ref(), query.kind.as_deref(), query.before, limit)
        .await?;
    let full = events.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next_before = events.last().filter(|_| full).map(|e| e.seq);
    let names = names(&service).await?;
    let item = |e: idproof_database::Event| AuditItem {
        seq: e.seq,
        at: time(e.at),
        case: e.case.map(|c| c.to_string()),
        kind: e.kind,
        actor: actor(e.actor, &names),
        data: e.data,
    };
    Ok(Answer(Audit {
        items: events.into_iter().map(item).collect(),
        next_before,
    }))
}
