//! What if: recent cases and labelled scores under a proposed policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{CaseScores, DecisionOutcome, Fold, ScoresFilter};
use idproof_domain::ids::OrganisationId;
use idproof_domain::replay::{Change, Fate, Moved, Replay};
use idproof_domain::scores::Opened;
use idproof_domain::{CheckName, CheckStatus, Policy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::READ;
use super::draft::parse;
use super::labelled::measured;
use super::standing::{Named, Standing};
use super::view::{DiffView, NameView, diff_of};
use crate::console::access::Signed;
use crate::console::statistics::Rate;
use crate::json::Json;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

const DEFAULT_CASES: i64 = 10_000;
const MOST_CASES: i64 = 100_000;
/// Cases that are named.
const NAMED: usize = 500;
const DAY_MS: f64 = 24.0 * 3_600_000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    cases: Option<i64>,
    #[serde(default)]
    labelled: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(super) struct WhatIf {
    name: String,
    against: NameView,
    cases: u32,
    without_scores: i64,
    unreadable: u32,
    since: Option<String>,
    until: Option<String>,
    took_ms: i64,
    before: Shares,
    after: Shares,
    recorded: Counts,
    changed: u32,
    checks: Vec<CheckMoves>,
    cases_that_change: Vec<ChangeView>,
    cases_that_change_left_out: u32,
    per_day: PerDay,
    labelled: Vec<Value>,
    diff: DiffView,
}

#[derive(Serialize)]
struct Shares {
    accept: Rate,
    review: Rate,
    refuse: Rate,
    retake: Rate,
}

impl Shares {
    fn new(counts: [u32; 4], of: u32) -> Self {
        let rate = |fate: Fate| Rate::new(counts[fate as usize], of);
        Self {
            accept: rate(Fate::Accept),
            review: rate(Fate::Review),
            refuse: rate(Fate::Refuse),
            retake: rate(Fate::Retake),
        }
    }
}

#[derive(Serialize, Default)]
struct Counts {
    accept: u32,
    review: u32,
    refuse: u32,
    retake: u32,
}

impl Counts {
    fn add(&mut self, outcome: DecisionOutcome, n: u32) {
        *match outcome {
            DecisionOutcome::Accept => &mut self.accept,
            DecisionOutcome::Review => &mut self.review,
            DecisionOutcome::Retake => &mut self.retake,
            DecisionOutcome::Refuse | DecisionOutcome::Coercion => &mut self.refuse,
        } += n;
    }
}

#[derive(Serialize, Default)]
struct StatusCounts {
    passed: u32,
    borderline: u32,
    failed: u32,
    unavailable: u32,
}

impl StatusCounts {
    fn add(&mut self, status: CheckStatus, n: u32) {
        *match status {
            CheckStatus::Passed => &mut self.passed,
            CheckStatus::Borderline => &mut self.borderline,
            CheckStatus::Failed => &mut self.failed,
            CheckStatus::Unavailable => &mut self.unavailable,
        } += n;
    }
}

#[derive(Serialize)]
struct CheckMoves {
    check: &'static str,
    before: StatusCounts,
    after: StatusCounts,
    moves: Vec<MoveView>,
}

#[derive(Serialize)]
struct MoveView {
    from: &'static str,
    to: &'static str,
    cases: u32,
}

#[derive(Serialize)]
struct ChangeView {
    case: String,
    attempt: u32,
    at: String,
    from: &'static str,
    to: &'static str,
    by: Vec<MovedView>,
}

#[derive(Serialize)]
struct MovedView {
    check: &'static str,
    from: &'static str,
    to: &'static str,
}

#[derive(Serialize)]
struct PerDay {
    before: f64,
    after: f64,
}

fn change(c: Change) -> ChangeView {
    let moved = |m: Moved| MovedView {
        check: m.check.as_str(),
        from: m.from.as_str(),
        to: m.to.as_str(),
    };
    ChangeView {
        case: c.case,
        attempt: c.attempt,
        at: time(c.at),
        from: c.from.as_str(),
        to: c.to.as_str(),
        by: c.by.into_iter().map(moved).collect(),
    }
}

fn checks(replay: &Replay) -> Vec<CheckMoves> {
    let mut all: BTreeMap<usize, CheckMoves> = BTreeMap::new();
    for m in replay.moves() {
        let place = CheckName::ALL.iter().position(|c| *c == m.check);
        let entry = all.entry(place.unwrap_or(0)).or_insert_with(|| CheckMoves {
            check: m.check.as_str(),
            before: StatusCounts::default(),
            after: StatusCounts::default(),
            moves: Vec::new(),
        });
        entry.before.add(m.from, m.cases);
        entry.after.add(m.to, m.cases);
        if m.from != m.to {
            entry.moves.push(MoveView {
                from: m.from.as_str(),
                to: m.to.as_str(),
                cases: m.cases,
            });
        }
    }
    all.into_values().collect()
}

/// What the walk over stored scores gathers.
struct Gathered {
    replay: Replay,
    recorded: Counts,
    unreadable: u32,
    /// Of the newest and the oldest case.
    newest: Option<i64>,
    oldest: Option<i64>,
}

impl Gathered {
    fn empty() -> Self {
        Self {
            replay: Replay::new(NAMED),
            recorded: Counts::default(),
            unreadable: 0,
            newest: None,
            oldest: None,
        }
    }

    fn add(&mut self, row: &CaseScores, scores: Option<&Opened>, before: &Policy, after: &Policy) {
        self.newest = self.newest.max(Some(row.at));
        self.oldest = Some(self.oldest.map_or(row.at, |o| o.min(row.at)));
        let Some(scores) = scores else {
            self.unreadable += 1;
            return;
        };
        self.recorded.add(row.outcome, 1);
        let under = row.circumstances();
        self.replay
            .add(row.case.as_str(), row.at, scores, &under, before, after);
    }

    fn join(&mut self, later: Self) {
        self.replay.join(later.replay);
        self.unreadable += later.unreadable;
        let r = later.recorded;
        self.recorded.accept += r.accept;
        self.recorded.review += r.review;
        self.recorded.refuse += r.refuse;
        self.recorded.retake += r.retake;
        self.newest = self.newest.max(later.newest);
        self.oldest = match (self.oldest, later.oldest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// Cases of the scope. Where everybody's policy is looked at, those of organisations with their own are
/// left out: they are not judged by it.
async fn gather(
    service: &Service,
    standing: &Standing,
    scope: Option<&OrganisationId>,
    limit: i64,
    policies: [&Policy; 2],
) -> Result<Gathered, Problem> {
    let others: Vec<OrganisationId> = standing
        .organisations
        .iter()
        .map(|o| o.id.clone())
        .filter(|o| scope.is_none() && standing.latest(Some(o)).is_some_and(|v| v.text.is_some()))
        .collect();
    let [before, after] = policies.map(|p| Arc::new(p.clone()));
    let filter = ScoresFilter {
        organisation: scope.cloned(),
        limit,
        ..ScoresFilter::default()
    };
    let fold = Fold {
        empty: Gathered::empty,
        step: Arc::new(move |gathered: &mut Gathered, row, scores| {
            if !others.contains(&row.organisation) {
                gathered.add(row, scores, &before, &after);
            }
        }),
        join: Gathered::join,
        progress: None,
    };
    Ok(service.database().fold_scores(filter, fold).await?)
}

fn proposed(service: &Service, standing: &Standing, asked: &Asked) -> Result<Named, Problem> {
    match (&asked.text, &asked.version) {
        (Some(text), None) => {
            let policy = parse(text)?;
            Ok(Named {
                id: String::new(),
                name: policy.version().to_owned(),
                policy,
                missing: Vec::new(),
            })
        }
        (None, Some(version)) => standing
            .policy(service, version)
            .map_err(|_| Problem::field("/version", "unknown", "a version that has a text")),
        _ => Err(Problem::field("", "not_accepted", "either text or version")),
    }
}

pub(super) async fn replay(
    State(service): State<Service>,
    me: Signed,
    Json(asked): Json<Asked>,
) -> Result<Answer<WhatIf>, Problem> {
    me.may(READ)?;
    let limit = asked.cases.unwrap_or(DEFAULT_CASES);
    if !(1..=MOST_CASES).contains(&limit) {
        return Err(Problem::field("/cases", "not_accepted", "1 to 100000"));
    }
    let began = service.now();
    let standing = Standing::read(&service).await?;
    let scope = standing.organisation(asked.organisation.as_deref(), "/organisation")?;
    let after = proposed(&service, &standing, &asked)?;
    let before = standing.policy_in_force(&service, scope.as_ref())?;
    let labelled = measured(
        &service,
        asked.labelled.as_deref(),
        &before.policy,
        &after.policy,
    )
    .await?;
    let policies = [&before.policy, &after.policy];
    let found = gather(&service, &standing, scope.as_ref(), limit, policies).await?;
    let without_scores = match found.oldest.zip(found.newest) {
        None => 0,
        Some((from, to)) => {
            service
                .database()
                .decisions_without_scores(from, to)
                .await?
        }
    };
    let replay = found.replay;
    let (old, new, cases) = (replay.before, replay.after, replay.cases);
    let days = found
        .oldest
        .zip(found.newest)
        .map_or(1.0, |(a, b)| ((b - a) as f64 / DAY_MS).max(1.0));
    let per_day = |counts: [u32; 4]| f64::from(counts[Fate::Review as usize]) / days;
    let named = u32::try_from(replay.changes.len()).unwrap_or(u32::MAX);
    let to = NameView {
        id: Some(after.id).filter(|id| !id.is_empty()),
        name: after.name.clone(),
    };
    Ok(Answer(WhatIf {
        against: NameView::of(&before),
        diff: diff_of(&before, to, &after.policy, &after.missing),
        name: after.name,
        cases,
        without_scores,
        unreadable: found.unreadable,
        since: found.oldest.map(time),
        until: found.newest.map(time),
        took_ms: service.now() - began,
        before: Shares::new(old, cases),
        after: Shares::new(new, cases),
        recorded: found.recorded,
        changed: replay.changed,
        checks: checks(&replay),
        cases_that_change_left_out: replay.changed - named,
        cases_that_change: replay.changes.into_iter().map(change).collect(),
        per_day: PerDay {
            before: per_day(old),
            after: per_day(new),
        },
        labelled,
    }))
}
