//! The scores of the last week against those of the four weeks before.

use std::collections::BTreeMap;
use std::sync::Arc;

use idproof_domain::drift::{Drift, drift};
use idproof_domain::ids::OrganisationId;
use idproof_domain::{CheckName, Policy};

use crate::{Database, Fold, Result, ScoresFilter};

const DAY_MS: i64 = 24 * 3_600_000;
const RECENT_DAYS: i64 = 7;
const REFERENCE_DAYS: i64 = 28;
/// Cases looked at on either side, the newest.
const MOST: i64 = 30_000;

type Scores = BTreeMap<CheckName, Vec<Option<f64>>>;

/// A stretch of time and how many cases it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: i64,
    pub to: i64,
    pub cases: usize,
}

/// What moved.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreDrift {
    pub recent: Period,
    pub reference: Period,
    /// Checks that have a score.
    pub checks: Vec<(CheckName, Drift)>,
}

#[derive(Default)]
struct Seen {
    cases: usize,
    scores: Scores,
}

impl Database {
    /// Compares the scores of recent cases with those of a reference period, both as this policy
    /// computes them.
    pub async fn score_drift(
        &self,
        policy: &Arc<Policy>,
        organisation: Option<&OrganisationId>,
        now_ms: i64,
    ) -> Result<ScoreDrift> {
        let border = now_ms - RECENT_DAYS * DAY_MS;
        let begin = border - REFERENCE_DAYS * DAY_MS;
        let recent = self.seen(policy, organisation, border, now_ms).await?;
        let reference = self.seen(policy, organisation, begin, border).await?;
        let none = Vec::new();
        let mut checks = Vec::new();
        for name in CheckName::ALL {
            let of = |seen: &Seen| seen.scores.get(&name).unwrap_or(&none).clone();
            let (new, old) = (of(&recent), of(&reference));
            if new.iter().chain(&old).any(Option::is_some) {
                checks.push((name, drift(&new, &old)));
            }
        }
        let period = |seen: &Seen, from, to| Period {
            from,
            to,
            cases: seen.cases,
        };
        Ok(ScoreDrift {
            recent: period(&recent, border, now_ms),
            reference: period(&reference, begin, border),
            checks,
        })
    }

    async fn seen(
        &self,
        policy: &Arc<Policy>,
        organisation: Option<&OrganisationId>,
        from: i64,
        to: i64,
    ) -> Result<Seen> {
        let filter = ScoresFilter {
            organisation: organisation.cloned(),
            since: Some(from),
            until: Some(to),
            limit: MOST,
            ..ScoresFilter::default()
        };
        let policy = Arc::clone(policy);
        self.fold_scores(
            filter,
            Fold {
                empty: Seen::default,
                step: Arc::new(move |seen: &mut Seen, _, scores| {
                    let Some(scores) = scores else { return };
                    seen.cases += 1;
                    for check in scores.decide(&policy).checks {
                        seen.scores.entry(check.name).or_default().push(check.score);
                    }
                }),
                join: |all, part| {
                    all.cases += part.cases;
                    for (name, scores) in part.scores {
                        all.scores.entry(name).or_default().extend(scores);
                    }
                },
                progress: None,
            },
        )
        .await
    }
}
