use std::collections::BTreeMap;

use idproof_domain::case::CaseState;

use crate::row::Reader;
use crate::{Database, Result};

const HOUR_MS: i64 = 3_600_000;

/// What people did in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TeamHour {
    /// Cases that came to them.
    pub arrived: i64,
    pub decided: i64,
    /// How many people decided.
    pub reviewers: i64,
}

/// By hours since 1970.
pub type Arrivals = BTreeMap<i64, TeamHour>;

/// Letters on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterBacklog {
    /// Deposited; neither accepted nor refused, nor lapsed.
    pub under_way: i64,
    pub oldest_deposited: Option<i64>,
}

impl Database {
    /// What came to people and what they decided since then, hour by hour. Sandbox cases come to
    /// nobody, but decisions about known ones are work too.
    pub async fn team_hours(&self, since_ms: i64) -> Result<Arrivals> {
        let mut all = Arrivals::new();
        // Appeals are few and cases are many: joined, SQLite would walk along all cases.
        let arrived = format!(
            "SELECT hour, COUNT(*) AS n, 0 AS reviewers FROM (\
             SELECT d.at / {HOUR_MS} AS hour FROM decisions d JOIN cases c ON c.id = d.case_id \
             WHERE d.at >= $1 AND d.outcome = 'review' AND c.sandbox = 0 \
             UNION ALL SELECT a.at / {HOUR_MS} AS hour FROM appeals a WHERE a.at >= $1 \
             AND EXISTS (SELECT 1 FROM cases c WHERE c.id = a.case_id AND c.sandbox = 0)) came GROUP BY hour"
        );
        let decided = format!(
            "SELECT at / {HOUR_MS} AS hour, COUNT(*) AS n, COUNT(DISTINCT staff_id) AS reviewers \
             FROM review_decisions WHERE at >= $1 AND state <> 'undone' GROUP BY at / {HOUR_MS}"
        );
        for (sql, came) in [(arrived, true), (decided, false)] {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(since_ms)
                .fetch_all(&self.pool)
                .await?;
            for row in &rows {
                let r = Reader::new("review_decisions", "hour", row);
                let hour = all.entry(r.get("hour")?).or_default();
                let n = r.get("n")?;
                if came {
                    hour.arrived = n;
                } else {
                    hour.decided = n;
                    hour.reviewers = r.get("reviewers")?;
                }
            }
        }
        Ok(all)
    }

    /// Real cases that were handed in and whose letter has not left: in each state, how many are
    /// due by the first of `bounds`, how many later but by the second, and so on. What is due
    /// after the last one counts with the last.
    pub async fn letters_due_by(&self, bounds: &[i64]) -> Result<Vec<(CaseState, Vec<i64>)>> {
        use CaseState as S;
        // Each condition is that of an index, so that it serves.
        const STATES: [(&[S], &str); 3] = [
            (
                &[S::Submitted, S::Processing],
                "state IN ('submitted', 'processing')",
            ),
            (&[S::InReview], "state = 'in_review'"),
            (&[S::Accepted], "state = 'accepted'"),
        ];
        let last = bounds.len().saturating_sub(1);
        let places: String = bounds
            .iter()
            .take(last)
            .enumerate()
            .map(|(n, bound)| format!("WHEN letter_due_at <= {bound} THEN {n} "))
            .collect();
        let place = format!("CASE {places}ELSE {last} END");
        let mut all = Vec::new();
        for (states, condition) in STATES {
            let sql = format!(
                "SELECT state, {place} AS place, COUNT(*) AS n FROM cases WHERE {condition} AND sandbox = 0 \
                 AND letter_due_at IS NOT NULL GROUP BY state, {place}"
            );
            let mut here: Vec<(S, Vec<i64>)> = states
                .iter()
                .map(|state| (*state, vec![0; bounds.len()]))
                .collect();
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
                .fetch_all(&self.pool)
                .await?;
            for row in &rows {
                let r = Reader::new("cases", "place", row);
                let state: S = r.parse("state")?;
                let at = usize::try_from(r.get::<i64>("place")?).unwrap_or(usize::MAX);
                let of_state = here.iter_mut().find(|(s, _)| *s == state);
                if let Some(count) = of_state.and_then(|(_, counts)| counts.get_mut(at)) {
                    *count = r.get("n")?;
                }
            }
            all.extend(here);
        }
        Ok(all)
    }

    pub async fn letter_backlog(&self) -> Result<LetterBacklog> {
        let row = sqlx::query(
            "SELECT 'letters' AS id, COUNT(*) AS n, MIN(deposited_at) AS oldest FROM letters \
             WHERE state IN ('deposited', 'notified')",
        )
        .fetch_one(&self.pool)
        .await?;
        let r = Reader::new("letters", "id", &row);
        Ok(LetterBacklog {
            under_way: r.get("n")?,
            oldest_deposited: r.get("oldest")?,
        })
    }

    /// Real accepted cases whose letter has not left.
    pub async fn letters_to_leave(&self) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM cases WHERE state = 'accepted' AND sandbox = 0",
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
