//! Labelled scores: sets that `idproof eval` wrote, and claims that are held against them.

use axum::Json as Answer;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use idproof_database::LabelledSet;
use idproof_domain::catalogue::{Band, band_at};
use idproof_domain::ids::LabelledId;
use idproof_domain::{CheckName, Policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::standing::Standing;
use super::view::Who;
use super::{READ, WRITE};
use crate::console::access::Signed;
use crate::json::too_large;
use crate::path::Path;
use crate::problem::{Code, Problem, internal};
use crate::service::Service;
use crate::wire::time;

/// Most bytes of a set.
const MOST: usize = 32 << 20;
/// Most sets at once.
const MOST_SETS: usize = 50;

/// A set that can be used.
pub struct Labelled {
    pub name: String,
    pub check: CheckName,
    /// Which threshold of it, where it has several.
    pub threshold: Option<String>,
    /// Counts, groups and species.
    pub summary: Value,
}

/// The thresholds of a check in one policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub accept: f64,
    pub refuse: Option<f64>,
    pub higher_is_better: bool,
}

/// A rate that is claimed to be at most so much.
pub struct Asked<'a> {
    /// `fmr`, `fnmr`, `apcer` or `bpcer`.
    pub rate: &'a str,
    pub at_most: f64,
}

/// Whether data carry a claim.
pub struct Support {
    pub supported: bool,
    /// Verdict, reasons, counts and interval.
    pub view: Value,
}

/// Reads and measures labelled scores: the composition root puts what measures models behind it.
/// Errors are for whoever sent the set; they repeat nothing of it.
pub trait LabelledScores: Send + Sync {
    fn read(&self, content: &[u8]) -> Result<Labelled, String>;

    /// Error rates at the limits in force and at proposed ones, with intervals, curve and groups.
    fn measure(&self, content: &[u8], before: Limits, after: Limits) -> Result<Value, String>;

    /// `None`: the set knows no such rate.
    fn support(
        &self,
        content: &[u8],
        asked: &Asked<'_>,
        at: Limits,
    ) -> Result<Option<Support>, String>;
}

impl Labelled {
    fn band(&self, policy: &Policy) -> Option<Band> {
        band_at(self.check, self.threshold.as_deref(), policy)
    }
}

impl From<Band> for Limits {
    fn from(band: Band) -> Self {
        Self {
            accept: band.accept,
            refuse: band.refuse.map(|(_, value)| value),
            higher_is_better: band.higher_is_better,
        }
    }
}

#[derive(Serialize)]
pub(super) struct SetView {
    id: String,
    name: String,
    #[serde(flatten)]
    summary: Value,
    sha256: String,
    added_by: Who,
    added_at: String,
}

fn view(standing: &Standing, set: LabelledSet) -> SetView {
    SetView {
        id: set.id.to_string(),
        name: set.name,
        summary: set.summary,
        sha256: set.sha256,
        added_by: Who::new(standing, &set.added_by),
        added_at: time(set.added_at),
    }
}

#[derive(Serialize)]
pub(super) struct Sets {
    items: Vec<SetView>,
}

pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Sets>, Problem> {
    me.may(READ)?;
    let standing = Standing::read(&service).await?;
    let sets = service.database().labelled_sets().await?;
    Ok(Answer(Sets {
        items: sets.into_iter().map(|s| view(&standing, s)).collect(),
    }))
}

/// Keeps the file that `idproof eval` wrote.
pub(super) async fn add(
    State(service): State<Service>,
    me: Signed,
    request: Request,
) -> Result<(StatusCode, Answer<SetView>), Problem> {
    me.may(WRITE)?;
    let database = service.database();
    if database.labelled_sets().await?.len() >= MOST_SETS {
        return Err(Problem::from(Code::PolicyState).detail("there are 50 sets; remove one first"));
    }
    let limit = Duration::from_secs(service.parts.http.body_timeout_s.max(60));
    let read = tokio::time::timeout(limit, to_bytes(request.into_body(), MOST)).await;
    let bytes = read
        .map_err(|_| Problem::from(Code::TooSlow))?
        .map_err(|_| too_large(MOST as u64))?;
    let content =
        String::from_utf8(bytes.to_vec()).map_err(|_| Problem::from(Code::MalformedJson))?;
    let scores = Arc::clone(&service.parts.labelled);
    let (found, content) = blocking(move || (scores.read(content.as_bytes()), content)).await?;
    let found = found.map_err(|what| Problem::field("", "not_accepted", what))?;
    if found.band(&service.parts.policy).is_none() {
        let (pointer, what) = match found.threshold {
            Some(_) => (
                "/threshold",
                "a threshold of the check, not one that refuses",
            ),
            None => (
                "/check",
                "a check whose score is accepted from a threshold on",
            ),
        };
        return Err(Problem::field(pointer, "not_accepted", what));
    }
    let now = service.now();
    let set = LabelledSet {
        id: LabelledId::new(now, service.id_bytes()),
        name: found.name,
        summary: found.summary,
        sha256: super::draft::sha256(&content),
        added_by: me.staff.id.clone(),
        added_at: now,
    };
    let mut tx = database.begin().await?;
    tx.insert_labelled(&set, &content).await?;
    let data = json!({ "labelled": set.id, "sha256": set.sha256 });
    tx.record(me.event(None, now, "labelled_added", data));
    tx.commit().await?;
    let standing = Standing::read(&service).await?;
    Ok((StatusCode::CREATED, Answer(view(&standing, set))))
}

pub(super) async fn remove(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    me.may(WRITE)?;
    let id: LabelledId = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if !tx.remove_labelled(&id, now).await? {
        return Err(Code::NotFound.into());
    }
    tx.record(me.event(None, now, "labelled_removed", json!({ "labelled": id })));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs what takes its time where that holds up nobody else.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| internal("a measurement stopped unexpectedly"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimSent {
    set: String,
    rate: String,
    at_most: f64,
}

/// Holds each claim against its set at the thresholds of the policy that makes it.
pub(super) async fn held_against(
    service: &Service,
    claims: &[ClaimSent],
    policy: &Policy,
) -> Result<Vec<Value>, Problem> {
    let sets = service.database().labelled_sets().await?;
    let mut all = Vec::new();
    for (i, claim) in claims.iter().enumerate() {
        let wrong = |field: &str, code, what: String| {
            Problem::field(&format!("/claims/{i}/{field}"), code, what)
        };
        if !(claim.at_most > 0.0 && claim.at_most < 1.0) {
            return Err(wrong("at_most", "not_accepted", "between 0 and 1".into()));
        }
        let set = sets.iter().find(|s| s.id.as_str() == claim.set);
        let set = set.ok_or_else(|| wrong("set", "unknown", "a labelled set".into()))?;
        let content = service.database().labelled_content(&set.id).await?;
        let content = content.ok_or_else(|| wrong("set", "unknown", "a labelled set".into()))?;
        let scores = Arc::clone(&service.parts.labelled);
        let (policy, rate, at_most) = (policy.clone(), claim.rate.clone(), claim.at_most);
        let found = blocking(move || -> Result<_, String> {
            let set = scores.read(content.as_bytes())?;
            let band = set.band(&policy).ok_or("the check has no such threshold")?;
            let asked = Asked {
                rate: &rate,
                at_most,
            };
            let support = scores.support(content.as_bytes(), &asked, band.into())?;
            Ok(support.map(|s| (band, s)))
        })
        .await?
        .map_err(|what| wrong("set", "not_accepted", what))?;
        let (band, support) = found.ok_or_else(|| {
            wrong(
                "rate",
                "not_accepted",
                "a rate that the set measures".into(),
            )
        })?;
        all.push(json!({
            "set": set.id, "set_name": set.name, "set_sha256": set.sha256, "rate": claim.rate,
            "at_most": claim.at_most, "threshold": band.accept_key, "value": band.accept, "support": support.view,
        }));
    }
    Ok(all)
}

/// The sets that are asked for, or all, measured under two policies.
pub(super) async fn measured(
    service: &Service,
    asked: Option<&[String]>,
    before: &Policy,
    after: &Policy,
) -> Result<Vec<Value>, Problem> {
    let sets = service.database().labelled_sets().await?;
    if let Some(asked) = asked
        && let Some(i) = asked
            .iter()
            .position(|id| !sets.iter().any(|s| s.id.as_str() == id))
    {
        let pointer = format!("/labelled/{i}");
        return Err(Problem::field(&pointer, "unknown", "a labelled set"));
    }
    let wanted = |set: &LabelledSet| asked.is_none_or(|a| a.iter().any(|id| id == set.id.as_str()));
    let mut all = Vec::new();
    for set in sets.into_iter().filter(wanted) {
        let Some(content) = service.database().labelled_content(&set.id).await? else {
            continue;
        };
        let scores = Arc::clone(&service.parts.labelled);
        let (before, after) = (before.clone(), after.clone());
        let found = blocking(move || -> Result<_, String> {
            let set = scores.read(content.as_bytes())?;
            let bands = set.band(&before).zip(set.band(&after));
            let (old, new) = bands.ok_or("the check has no such threshold")?;
            let view = scores.measure(content.as_bytes(), old.into(), new.into())?;
            Ok((old, new, view))
        })
        .await?
        .map_err(|what| {
            tracing::error!(set = %set.id, "a labelled set cannot be measured: {what}");
            internal("a labelled set cannot be measured")
        })?;
        all.push(with_keys(&set, found));
    }
    Ok(all)
}

fn with_keys(set: &LabelledSet, (old, new, mut view): (Band, Band, Value)) -> Value {
    view["set"] = json!(set.id);
    view["accept"] = json!({ "key": new.accept_key, "before": old.accept, "after": new.accept });
    view["refuse"] = match (old.refuse, new.refuse) {
        (Some((key, before)), Some((_, after))) => {
            json!({ "key": key, "before": before, "after": after })
        }
        _ => Value::Null,
    };
    view
}
