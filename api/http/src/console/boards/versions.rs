use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{SEE, days, days_of};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

/// Reports read for the models in them.
const REPORTS: i64 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    #[serde(default)]
    days: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Versions {
    since: String,
    policies: Vec<PolicyView>,
    reports: usize,
    models: Vec<ModelView>,
}

#[derive(Serialize)]
struct PolicyView {
    version: String,
    sha256: String,
    cases: i64,
    first_at: String,
    last_at: String,
    in_force: bool,
}

#[derive(Serialize)]
struct ModelView {
    name: String,
    version: String,
    sha256: String,
    reports: u32,
    last_at: String,
    in_force: bool,
}

/// Which policies judged and which models spoke of late: what the reports say, not the settings.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<Window>,
) -> Result<Answer<Versions>, Problem> {
    me.may(SEE)?;
    let days = days(&service, days_of(query.days, 7)?)?;
    let since = days.first().map_or(service.now(), |d| d.from);
    let database = service.database();
    let policies = database.policies_since(since).await?;
    let newest = policies.first().map(|p| p.last_at);
    let reports = database.models_since(since, REPORTS).await?;
    // By name and hash: how often, when last, whether in the newest report that names any.
    let mut models: BTreeMap<(String, String), ModelView> = BTreeMap::new();
    let speaking = reports.iter().position(|models| !models.is_empty());
    for (place, report) in reports.iter().enumerate() {
        for model in report {
            let key = (model.name.clone(), model.sha256.clone());
            let view = models.entry(key).or_insert_with(|| ModelView {
                name: model.name.clone(),
                version: model.version.clone(),
                sha256: model.sha256.clone(),
                reports: 0,
                // Reports come newest first.
                last_at: time(model.at),
                in_force: false,
            });
            view.reports += 1;
            view.in_force |= Some(place) == speaking;
        }
    }
    let mut models: Vec<ModelView> = models.into_values().collect();
    models.sort_by(|a, b| {
        let newer = b.last_at.cmp(&a.last_at);
        b.in_force
            .cmp(&a.in_force)
            .then(a.name.cmp(&b.name))
            .then(newer)
    });
    Ok(Answer(Versions {
        since: time(since),
        policies: policies
            .into_iter()
            .map(|p| PolicyView {
                in_force: Some(p.last_at) == newest,
                version: p.version,
                sha256: p.sha256,
                cases: p.cases,
                first_at: time(p.first_at),
                last_at: time(p.last_at),
            })
            .collect(),
        reports: reports.len(),
        models,
    }))
}
