use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::Period;
use idproof_domain::CheckName;
use idproof_domain::drift::Drift;
use serde::{Deserialize, Serialize};

use super::READ;
use super::standing::Standing;
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    organisation: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DriftView {
    recent: PeriodView,
    reference: PeriodView,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct PeriodView {
    from: String,
    to: String,
    cases: usize,
}

#[derive(Serialize)]
struct Item {
    check: &'static str,
    recent: usize,
    reference: usize,
    missing_recent: usize,
    missing_reference: usize,
    psi: f64,
    ks: f64,
    p: f64,
    state: &'static str,
    bins: Vec<BinView>,
}

#[derive(Serialize)]
struct BinView {
    to: Option<f64>,
    recent: u32,
    reference: u32,
}

fn period(p: Period) -> PeriodView {
    PeriodView {
        from: time(p.from),
        to: time(p.to),
        cases: p.cases,
    }
}

fn item((check, d): (CheckName, Drift)) -> Item {
    Item {
        check: check.as_str(),
        recent: d.recent,
        reference: d.reference,
        missing_recent: d.missing.0,
        missing_reference: d.missing.1,
        psi: d.psi,
        ks: d.ks,
        p: d.p,
        state: d.state.as_str(),
        bins: d
            .bins
            .into_iter()
            .map(|b| BinView {
                to: b.to,
                recent: b.recent,
                reference: b.reference,
            })
            .collect(),
    }
}

/// Whether scores are distributed as they were.
pub(super) async fn drift(
    State(service): State<Service>,
    me: Signed,
    Query(asked): Query<Asked>,
) -> Result<Answer<DriftView>, Problem> {
    me.may(READ)?;
    let standing = Standing::read(&service).await?;
    let scope = standing.organisation(asked.organisation.as_deref(), "organisation")?;
    let policy = Arc::new(standing.policy_in_force(&service, scope.as_ref())?.policy);
    let found = service
        .database()
        .score_drift(&policy, scope.as_ref(), standing.now)
        .await?;
    Ok(Answer(DriftView {
        recent: period(found.recent),
        reference: period(found.reference),
        items: found.checks.into_iter().map(item).collect(),
    }))
}
