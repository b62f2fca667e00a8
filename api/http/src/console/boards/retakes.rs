use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::DecisionOutcome;
use serde::Serialize;

use super::share::{SMALLEST, Share, is_small};
use super::{Chosen, SEE};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(super) struct Retakes {
    since: String,
    smallest: i64,
    verdicts: i64,
    retakes: Share,
    by_person: Option<i64>,
    causes: Vec<Cause>,
}

#[derive(Serialize)]
struct Cause {
    reason: String,
    share: Share,
}

pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(chosen): Query<Chosen>,
) -> Result<Answer<Retakes>, Problem> {
    me.may(SEE)?;
    let filter = chosen.filter(&service).await?;
    let since = chosen.since(&service)?;
    let counts = service.database().verdicts_since(&filter, since).await?;
    let (mut verdicts, mut retakes, mut by_person) = (0, 0, 0);
    let mut causes: BTreeMap<String, i64> = BTreeMap::new();
    for row in counts {
        verdicts += row.count;
        if row.outcome != DecisionOutcome::Retake {
            continue;
        }
        retakes += row.count;
        if row.by_person {
            by_person += row.count;
        }
        let mut reasons = row.reasons;
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            *causes.entry(reason).or_default() += row.count;
        }
    }
    let hidden = is_small(verdicts) || is_small(retakes);
    let mut causes: Vec<(String, i64)> = causes.into_iter().collect();
    // Which causes there were in so few retakes would say too much already.
    causes.retain(|_| !hidden);
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(Answer(Retakes {
        since: time(since),
        smallest: SMALLEST,
        verdicts,
        retakes: Share::new(retakes, verdicts),
        by_person: (!hidden).then_some(by_person),
        causes: causes
            .into_iter()
            .map(|(reason, n)| Cause {
                reason,
                share: Share::new(n, retakes),
            })
            .collect(),
    }))
}
