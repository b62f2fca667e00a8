//! The queue: what waits, who holds what, the next case under a lease.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use idproof_database::{Case, QueueFilter, QueueRow, ReviewState, Role, Staff, Taken, Taking};
use idproof_domain::ReasonCode;
use idproof_domain::case::CaseState;
use idproof_domain::ids::{CaseId, StaffId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::access::Signed;
use super::case::{CaseView, view_of};
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/queue", get(list))
        .route("/queue/counts", get(counts))
        .route("/queue/next", post(next))
        .route("/queue/{id}/take", post(take))
        .route("/queue/{id}/return", post(give_back))
}

const SEE_QUEUE: &[Role] = &[Role::Reviewer, Role::Senior, Role::Operator];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    holder: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<i64>,
}

#[derive(Serialize)]
struct List {
    items: Vec<ItemView>,
    next_cursor: Option<String>,
    counts: CountsView,
}

#[derive(Serialize)]
struct ItemView {
    id: String,
    number: String,
    language: &'static str,
    due_at: Option<String>,
    overdue: bool,
    waiting_since: String,
    attempt: u32,
    document_type: Option<String>,
    appealed: bool,
    reasons: Vec<String>,
    escalated: bool,
    second: bool,
    holder: Option<HolderView>,
    can_take: bool,
}

#[derive(Serialize)]
struct HolderView {
    id: String,
    display_name: String,
    until: String,
    me: bool,
}

#[derive(Serialize)]
struct CountsView {
    waiting: i64,
    held: i64,
    mine: i64,
    second: i64,
    escalated: i64,
    overdue: i64,
    oldest_since: Option<String>,
    holders: Vec<HoldersView>,
}

#[derive(Serialize)]
struct HoldersView {
    id: String,
    display_name: String,
    cases: i64,
    until: String,
}

/// What accounts are called, by id.
pub(super) async fn names(service: &Service) -> Result<HashMap<String, String>, Problem> {
    let all = service.database().all_staff().await?;
    Ok(all
        .into_iter()
        .map(|s| (s.id.to_string(), s.display_name))
        .collect())
}

fn filter_of(query: &ListQuery, me: &Signed) -> Result<QueueFilter, Problem> {
    let wrong = |field, what| Problem::field(field, "not_accepted", what);
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(wrong("limit", "1 to 200"));
    }
    let mut filter = QueueFilter {
        limit: limit + 1,
        ..QueueFilter::default()
    };
    match query.state.as_deref() {
        None => {}
        Some("waiting") => filter.held = Some(false),
        Some("held") => filter.held = Some(true),
        Some("second") => filter.second = true,
        Some("escalated") => filter.escalated = Some(true),
        Some(_) => return Err(wrong("state", "waiting, held, second or escalated")),
    }
    if let Some(language) = &query.language {
        if !["fr", "en"].contains(&language.as_str()) {
            return Err(wrong("language", "fr or en"));
        }
        filter.language = Some(language.clone());
    }
    if let Some(reason) = &query.reason {
        if !ReasonCode::ALL.iter().any(|c| c.as_str() == reason) {
            return Err(wrong("reason", "a reason code"));
        }
        filter.reason = Some(reason.clone());
    }
    filter.holder = match query.holder.as_deref() {
        None => None,
        Some("me") => Some(me.staff.id.clone()),
        Some(id) => Some(
            id.parse()
                .map_err(|_| wrong("holder", "`me` or an account"))?,
        ),
    };
    if let Some(cursor) = &query.cursor {
        let parsed = cursor
            .split_once('.')
            .and_then(|(due, id)| Some((due.parse().ok()?, id.parse::<CaseId>().ok()?)));
        filter.after = Some(parsed.ok_or_else(|| wrong("cursor", "one from the page before"))?);
    }
    Ok(filter)
}

/// Codes that tell what the machine thinks of the face: kept back from whoever is to judge blind.
fn tells_of_face(code: &str) -> bool {
    use ReasonCode as R;
    [
        R::FaceMismatch,
        R::FaceUncertain,
        R::PresentationAttackLikely,
        R::LivenessUncertain,
        R::FaceDoesNotMove,
        R::MotionUncertain,
    ]
    .iter()
    .any(|c| c.as_str() == code)
}

struct Lister<'a> {
    service: &'a Service,
    me: &'a Staff,
    names: HashMap<String, String>,
    /// Whether they may know what the machine thinks and what colleagues decided.
    sees_all: bool,
}

impl Lister<'_> {
    fn item(&self, row: QueueRow) -> ItemView {
        let now = self.service.now();
        let case = row.case;
        let held = case.review_until.filter(|until| *until > now);
        let holder = case
            .review_holder
            .as_ref()
            .zip(held)
            .map(|(id, until)| HolderView {
                display_name: self.names.get(id).cloned().unwrap_or_default(),
                me: *id == self.me.id.as_str(),
                id: id.clone(),
                until: time(until),
            });
        let free = holder.as_ref().is_none_or(|h| h.me);
        let for_me = self.me.judges() && (!row.escalated || self.me.has(Role::Senior));
        let blind = self.service.parts.console.blind_first && !self.sees_all;
        ItemView {
            id: case.id.to_string(),
            number: case.number,
            language: case.language.code(),
            due_at: case.letter_due_at.map(time),
            overdue: case.letter_due_at.is_some_and(|due| due <= now),
            waiting_since: time(case.state_since),
            attempt: case.attempt,
            document_type: case.document_type,
            appealed: case.appealed,
            reasons: case
                .reasons
                .into_iter()
                .filter(|code| !blind || !tells_of_face(code))
                .collect(),
            escalated: row.escalated,
            second: self.sees_all && row.second,
            can_take: free && !row.decided && for_me,
            holder,
        }
    }
}

async fn list(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Answer<List>, Problem> {
    me.may(SEE_QUEUE)?;
    let mut filter = filter_of(&query, &me)?;
    // Whoever judges must not know that somebody has judged before, and cannot look for it.
    let judges = me.staff.judges();
    if judges && filter.second {
        return Err(Code::RoleMissing.into());
    }
    if judges && !me.staff.has(Role::Senior) {
        if filter.escalated == Some(true) {
            return Err(Code::RoleMissing.into());
        }
        filter.escalated = Some(false);
    }
    let mut rows = service.database().queue(&filter, service.now()).await?;
    let more = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|row| format!("{}.{}", row.case.letter_due_at.unwrap_or(0), row.case.id));
    let lister = Lister {
        service: &service,
        me: &me.staff,
        names: names(&service).await?,
        sees_all: !judges,
    };
    Ok(Answer(List {
        items: rows.into_iter().map(|row| lister.item(row)).collect(),
        next_cursor,
        counts: counts_of(&service, &me, &lister.names).await?,
    }))
}

async fn counts_of(
    service: &Service,
    me: &Signed,
    names: &HashMap<String, String>,
) -> Result<CountsView, Problem> {
    let counts = service.database().queue_counts(service.now()).await?;
    let mine = counts.holders.iter().find(|(id, ..)| *id == me.staff.id);
    Ok(CountsView {
        waiting: counts.waiting,
        held: counts.held,
        mine: mine.map_or(0, |(_, n, _)| *n),
        second: counts.second,
        escalated: counts.escalated,
        overdue: counts.overdue,
        oldest_since: counts.oldest_since.map(time),
        holders: counts
            .holders
            .into_iter()
            .map(|(id, cases, until)| HoldersView {
                display_name: names.get(id.as_str()).cloned().unwrap_or_default(),
                id: id.to_string(),
                cases,
                until: time(until),
            })
            .collect(),
    })
}

async fn counts(State(service): State<Service>, me: Signed) -> Result<Answer<CountsView>, Problem> {
    me.may(SEE_QUEUE)?;
    let names = names(&service).await?;
    Ok(Answer(counts_of(&service, &me, &names).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    #[serde(default)]
    beside: Option<String>,
}

#[derive(Serialize)]
struct Given {
    case: Option<CaseView>,
}

impl Service {
    pub(super) fn lease(&self) -> Duration {
        Duration::from_secs(u64::from(self.parts.console.lease_s))
    }

    /// Whether a lot of this share falls.
    pub(super) fn drawn(&self, share: f64) -> bool {
        const OF: u32 = 1_000_000;
        f64::from(self.lot(OF)) < share * f64::from(OF)
    }
}

async fn next(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<Next>,
) -> Result<Answer<Given>, Problem> {
    me.judges()?;
    let beside = sent
        .beside
        .map(|id| id.parse::<CaseId>())
        .transpose()
        .map_err(|_| Problem::field("/beside", "not_accepted", "the id of a case"))?;
    let now = service.now();
    let taking = Taking {
        staff: &me.staff,
        now_ms: now,
        lease: service.lease(),
        beside: beside.as_ref(),
    };
    let mut tx = service.database().begin().await?;
    let mut taken = Taken::Nothing;
    if service.drawn(service.parts.console.known_share) {
        taken = tx.take_known(&taking).await?;
    }
    if matches!(taken, Taken::Nothing) {
        taken = tx.take_next(&taking).await?;
    }
    let case = match taken {
        Taken::Case(case) => case,
        Taken::Nothing => return Ok(Answer(Given { case: None })),
        Taken::Limit => return Err(Code::HoldLimit.into()),
    };
    tx.record(me.event(Some(&case.id), now, "review_taken", json!({})));
    tx.commit().await?;
    given(&service, &me, &case).await
}

async fn given(service: &Service, me: &Signed, case: &Case) -> Result<Answer<Given>, Problem> {
    let case = Some(view_of(service, me, case).await?);
    Ok(Answer(Given { case }))
}

fn case_id(text: &str) -> Result<CaseId, Problem> {
    text.parse().map_err(|_| Code::NotFound.into())
}

async fn take(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Given>, Problem> {
    me.judges()?;
    let id = case_id(&id)?;
    let now = service.now();
    let taking = Taking {
        staff: &me.staff,
        now_ms: now,
        lease: service.lease(),
        beside: None,
    };
    let mut tx = service.database().begin().await?;
    let case = tx
        .case(&id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    if case.state != CaseState::InReview {
        return Err(Code::InvalidState.into());
    }
    let case = match tx.take_case(&taking, &id).await? {
        Taken::Case(case) => case,
        Taken::Nothing => return Err(Code::HeldElsewhere.into()),
        Taken::Limit => return Err(Code::HoldLimit.into()),
    };
    // Whoever picks and chooses shows in the log.
    tx.record(me.event(
        Some(&case.id),
        now,
        "review_taken",
        json!({ "chosen": true }),
    ));
    tx.commit().await?;
    given(&service, &me, &case).await
}

/// Takes a colleague's hold away.
async fn give_back(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    me.may(&[Role::Senior, Role::Operator])?;
    let id = case_id(&id)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let case = tx
        .case(&id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    let holder = case
        .review_holder
        .as_deref()
        .and_then(|h| h.parse::<StaffId>().ok())
        .ok_or_else(|| Problem::from(Code::NotHeld))?;
    tx.end_hold(&id, holder.as_str(), "returned", None, now)
        .await?;
    tx.record(me.event(Some(&id), now, "review_returned", json!({ "from": holder })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a decision about the case can still be taken back.
pub(super) fn pending(reviews: &[idproof_database::Review]) -> bool {
    reviews.iter().any(|r| r.state == ReviewState::Undoable)
}
