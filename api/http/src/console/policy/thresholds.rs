//! Every threshold with its meaning, and how the scores of recent cases lie about it.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{DecisionOutcome, Fold, ScoresFilter};
use idproof_domain::catalogue::CATALOGUE;
use idproof_domain::{OnFail, Policy, Role as CheckRole};
use serde::{Deserialize, Serialize};

use super::READ;
use super::standing::Standing;
use super::view::{NameView, Words};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

const DAY_MS: i64 = 24 * 3_600_000;
/// Cases looked at, the newest.
const MOST: i64 = 20_000;
const BINS: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    days: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Catalogue {
    organisation: Option<String>,
    since: String,
    cases: usize,
    policy: NameView,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    key: &'static str,
    check: &'static str,
    unit: &'static str,
    min: f64,
    max: f64,
    default: f64,
    value: f64,
    meaning: Words,
    side: &'static str,
    higher_is_better: bool,
    partner: Option<&'static str>,
    role: &'static str,
    on_fail: &'static str,
    histogram: Histogram,
    quantiles: Option<Quantiles>,
}

#[derive(Serialize)]
struct Histogram {
    low: f64,
    high: f64,
    bins: Vec<Bin>,
    n: usize,
    missing: usize,
    below: usize,
    above: usize,
}

#[derive(Serialize, Default, Clone)]
struct Bin {
    from: f64,
    to: f64,
    accept: u32,
    refuse: u32,
    review: u32,
    retake: u32,
}

#[derive(Serialize)]
struct Quantiles {
    p05: f64,
    p50: f64,
    p95: f64,
}

/// The numbers of recent cases, a list for each threshold.
#[derive(Default)]
struct Numbers {
    cases: usize,
    of: Vec<Vec<(f64, DecisionOutcome)>>,
}

impl Numbers {
    fn empty() -> Self {
        Self {
            cases: 0,
            of: vec![Vec::new(); CATALOGUE.len()],
        }
    }
}

fn at(sorted: &[(f64, DecisionOutcome)], share: f64) -> Option<f64> {
    let place = (sorted.len().checked_sub(1)? as f64 * share).round() as usize;
    sorted.get(place).map(|(v, _)| *v)
}

/// From the first to the last hundredth of the numbers, and whatever must be seen beside them.
fn range(sorted: &[(f64, DecisionOutcome)], seen: &[f64], spec: (f64, f64)) -> (f64, f64) {
    let Some((low, high)) = at(sorted, 0.01).zip(at(sorted, 0.99)) else {
        return spec;
    };
    let low = seen.iter().copied().fold(low, f64::min);
    let high = seen.iter().copied().fold(high, f64::max);
    let margin = ((high - low) * 0.05).max((spec.1 - spec.0) * 0.005);
    (low - margin, high + margin)
}

fn histogram(
    sorted: &[(f64, DecisionOutcome)],
    cases: usize,
    (low, high): (f64, f64),
) -> Histogram {
    let width = (high - low) / BINS as f64;
    let mut bins: Vec<Bin> = (0..BINS)
        .map(|i| Bin {
            from: low + i as f64 * width,
            to: low + (i + 1) as f64 * width,
            ..Bin::default()
        })
        .collect();
    let (mut below, mut above) = (0, 0);
    for (value, outcome) in sorted {
        if *value < low {
            below += 1;
        } else if *value > high {
            above += 1;
        } else {
            let place = ((value - low) / width) as usize;
            let bin = &mut bins[place.min(BINS - 1)];
            *match outcome {
                DecisionOutcome::Accept => &mut bin.accept,
                DecisionOutcome::Review => &mut bin.review,
                DecisionOutcome::Retake => &mut bin.retake,
                DecisionOutcome::Refuse | DecisionOutcome::Coercion => &mut bin.refuse,
            } += 1;
        }
    }
    Histogram {
        low,
        high,
        bins,
        n: sorted.len(),
        missing: cases - sorted.len(),
        below,
        above,
    }
}

pub(super) async fn thresholds(
    State(service): State<Service>,
    me: Signed,
    Query(asked): Query<Asked>,
) -> Result<Answer<Catalogue>, Problem> {
    me.may(READ)?;
    let days = asked.days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(Problem::field("days", "not_accepted", "1 to 366"));
    }
    let standing = Standing::read(&service).await?;
    let scope = standing.organisation(asked.organisation.as_deref(), "organisation")?;
    let now = standing.policy_in_force(&service, scope.as_ref())?;
    let name = NameView::of(&now);
    let policy = Arc::new(now.policy);
    let since = standing.now.saturating_sub(days * DAY_MS);
    let filter = ScoresFilter {
        organisation: scope.clone(),
        since: Some(since),
        limit: MOST,
        ..ScoresFilter::default()
    };
    let judge = Arc::clone(&policy);
    let fold = Fold {
        empty: Numbers::empty,
        step: Arc::new(move |numbers: &mut Numbers, row, scores| {
            let Some(scores) = scores else { return };
            let decision = scores.decide(&judge);
            numbers.cases += 1;
            for (entry, list) in CATALOGUE.iter().zip(&mut numbers.of) {
                if let Some(number) = entry.number(scores.evidence(), &decision, &judge) {
                    list.push((number, row.outcome));
                }
            }
        }),
        join: |all, part| {
            all.cases += part.cases;
            for (all, part) in all.of.iter_mut().zip(part.of) {
                all.extend(part);
            }
        },
        progress: None,
    };
    let mut numbers = service.database().fold_scores(filter, fold).await?;
    let mut items = Vec::new();
    for (entry, list) in CATALOGUE.iter().zip(&mut numbers.of) {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        items.extend(item(&policy, entry, list, numbers.cases));
    }
    Ok(Answer(Catalogue {
        organisation: scope.map(|o| o.to_string()),
        since: time(since),
        cases: numbers.cases,
        policy: name,
        items,
    }))
}

fn item(
    policy: &Policy,
    entry: &idproof_domain::catalogue::ThresholdEntry,
    sorted: &[(f64, DecisionOutcome)],
    cases: usize,
) -> Option<Item> {
    let spec = entry.spec()?;
    let value = policy.thresholds().get(entry.key)?;
    let partner = entry.partner.and_then(|key| policy.thresholds().get(key));
    let mut seen = vec![value];
    seen.extend(partner);
    let check = policy.check(entry.check);
    Some(Item {
        key: entry.key,
        check: entry.check.as_str(),
        unit: spec.unit,
        min: spec.min,
        max: spec.max,
        default: spec.default,
        value,
        meaning: Words {
            fr: entry.fr,
            en: spec.meaning,
        },
        side: entry.side.as_str(),
        higher_is_better: entry.side.higher_is_better(),
        partner: entry.partner,
        role: match check.role {
            CheckRole::Required => "required",
            CheckRole::Advisory => "advisory",
        },
        on_fail: match check.on_fail {
            OnFail::Refuse => "refuse",
            OnFail::Review => "review",
        },
        histogram: histogram(sorted, cases, range(sorted, &seen, (spec.min, spec.max))),
        quantiles: at(sorted, 0.05)
            .zip(at(sorted, 0.5))
            .zip(at(sorted, 0.95))
            .map(|((p05, p50), p95)| Quantiles { p05, p50, p95 }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_a_bin_or_counted_beside_them() {
        let mut sorted: Vec<(f64, DecisionOutcome)> = (0..1000)
            .map(|i| (f64::from(i) / 10.0, DecisionOutcome::Accept))
            .collect();
        sorted.push((1e9, DecisionOutcome::Refuse));
        let range = range(&sorted, &[-5.0, 50.0], (0.0, 100.0));
        assert!(
            range.0 < -5.0 && range.1 > 98.0 && range.1 < 200.0,
            "{range:?}"
        );
        let found = histogram(&sorted, 1100, range);
        let inside: u32 = found.bins.iter().map(|b| b.accept + b.refuse).sum();
        assert_eq!(inside as usize + found.below + found.above, 1001);
        assert_eq!((found.n, found.missing), (1001, 99));
        assert!(found.above >= 1);
        let empty = histogram(&[], 7, super::range(&[], &[0.5], (0.0, 1.0)));
        assert_eq!((empty.low, empty.high, empty.missing), (0.0, 1.0, 7));
        // All the same, at the threshold.
        let same = vec![(0.5, DecisionOutcome::Review); 9];
        let found = histogram(&same, 9, super::range(&same, &[0.5], (0.0, 1.0)));
        assert_eq!(found.bins.iter().map(|b| b.review).sum::<u32>(), 9);
    }
}
