//! The scores of the last week against those of the four weeks before.

use std::collections::BTreeMap;
use std::sync::Arc;

use idproof_domain::drift::{Drift, DriftState, drift};
use idproof_domain::ids::OrganisationId;
use idproof_domain::{CheckName, Policy};

use crate::row::Reader;
use crate::{Database, Fold, Result, ScoresFilter, Tx};

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

impl Tx {
    /// Notes how the scores of a check stand; the state before, where this is another one. Of several who see the
    /// same change at once, one is told. Nothing noted yet counts as too few cases.
    pub async fn note_drift(
        &mut self,
        organisation: Option<&OrganisationId>,
        check: CheckName,
        state: DriftState,
        now_ms: i64,
    ) -> Result<Option<DriftState>> {
        let scope = organisation.map_or("", |o| o.as_str());
        let sql = format!(
            "SELECT check_name, state FROM drift_states WHERE scope = $1 AND check_name = $2{}",
            self.for_update()
        );
        let before = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(scope)
            .bind(check.as_str())
            .fetch_optional(self.connection())
            .await?
            .map(|row| Reader::new("drift_states", "check_name", &row).parse("state"))
            .transpose()?
            .unwrap_or(DriftState::TooFew);
        if before == state {
            return Ok(None);
        }
        let noted = sqlx::query(
            "INSERT INTO drift_states (scope, check_name, state, since) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (scope, check_name) DO UPDATE SET state = excluded.state, since = excluded.since \
             WHERE drift_states.state <> excluded.state",
        )
        .bind(scope)
        .bind(check.as_str())
        .bind(state.as_str())
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok((noted.rows_affected() == 1).then_some(before))
    }
}
