use idproof_domain::case::CaseState;
use idproof_domain::ids::OrganisationId;

use super::BoardFilter;
use crate::row::Reader;
use crate::{Database, Result};

/// The way of a case, from its opening to its activation: kinds of steps.
pub const WAY: [&str; 10] = [
    "created",
    "contact_confirmed",
    "identity_declared",
    "document_uploaded",
    "video_uploaded",
    "submitted",
    "accepted",
    "letter_sent",
    "letter_opened",
    "activated",
];
const SUBMITTED: usize = 5;
const ACCEPTED: usize = 6;
const ACTIVATED: usize = 9;

/// What became of a case where it came no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunnelEnd {
    /// Still under way, or activated.
    Open,
    Refused,
    /// Withdrawn, expired or deleted, without a verdict against it.
    Dropped,
}

/// Cases of one organisation that came as far as that and no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunnelRow {
    pub organisation: OrganisationId,
    /// A place in [`WAY`].
    pub reached: usize,
    pub end: FunnelEnd,
    pub cases: i64,
}

/// How far a case in this state has come at least; `again`: it is not at its first attempt.
fn reached(state: CaseState, again: bool) -> usize {
    use CaseState as S;
    let place = match state {
        S::Created => 0,
        S::ContactConfirmed => 1,
        S::IdentityDeclared => 2,
        S::DocumentUploaded => 3,
        S::VideoUploaded => 4,
        S::Submitted | S::Processing | S::InReview | S::RetakeAsked | S::Refused => SUBMITTED,
        S::Accepted => ACCEPTED,
        S::LetterSent => 7,
        S::LetterOpened => 8,
        S::Activated | S::Suspended => ACTIVATED,
        // What they came to, their events tell.
        S::Withdrawn | S::Expired | S::Deleted => 0,
    };
    if again { place.max(SUBMITTED) } else { place }
}

const CHOSEN: &str = "c.created_at >= $1 AND c.created_at < $2 AND c.sandbox = $3 AND ($4 = '' OR c.organisation = $4)";
const ENDED: &str = "('withdrawn', 'expired', 'deleted')";

impl Database {
    /// How far the cases came that were opened in this time.
    pub async fn funnel(
        &self,
        filter: &BoardFilter,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<FunnelRow>> {
        let mut all = self.funnel_open(filter, from_ms, to_ms).await?;
        all.extend(self.funnel_ended(filter, from_ms, to_ms).await?);
        Ok(all)
    }

    /// Of cases that have not ended, their state tells enough.
    async fn funnel_open(
        &self,
        filter: &BoardFilter,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<FunnelRow>> {
        let sql = format!(
            "SELECT organisation, state, CASE WHEN attempt > 1 THEN 1 ELSE 0 END AS again, COUNT(*) AS n \
             FROM cases c WHERE {CHOSEN} AND c.state NOT IN {ENDED} \
             GROUP BY organisation, state, CASE WHEN attempt > 1 THEN 1 ELSE 0 END"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from_ms)
            .bind(to_ms)
            .bind(filter.sandbox())
            .bind(filter.organisation())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let r = Reader::new("cases", "organisation", row);
                let state: CaseState = r.parse("state")?;
                Ok(FunnelRow {
                    organisation: r.parse("organisation")?,
                    reached: reached(state, r.flag("again")?),
                    end: if state == CaseState::Refused {
                        FunnelEnd::Refused
                    } else {
                        FunnelEnd::Open
                    },
                    cases: r.get("n")?,
                })
            })
            .collect()
    }

    /// Of cases that have ended, what happened to them before.
    async fn funnel_ended(
        &self,
        filter: &BoardFilter,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<FunnelRow>> {
        // Grouped by the event's case and not by the case itself, which would have SQLite walk along
        // all cases instead of those of this time.
        let places: String = (1..)
            .zip(&WAY[1..])
            .map(|(place, kind)| format!("WHEN '{kind}' THEN {place} "))
            .collect();
        let sql = format!(
            "SELECT organisation, place, refused, COUNT(*) AS n FROM (\
             SELECT MIN(c.organisation) AS organisation, MAX(CASE e.kind {places}ELSE 0 END) AS place, \
             MAX(CASE WHEN e.kind = 'refused' THEN 1 ELSE 0 END) AS refused \
             FROM cases c JOIN events e ON e.case_id = c.id WHERE {CHOSEN} AND c.state IN {ENDED} \
             GROUP BY e.case_id) ended GROUP BY organisation, place, refused"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from_ms)
            .bind(to_ms)
            .bind(filter.sandbox())
            .bind(filter.organisation())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let r = Reader::new("cases", "organisation", row);
                let reached = usize::try_from(r.get::<i64>("place")?)
                    .ok()
                    .filter(|place| *place < WAY.len())
                    .ok_or_else(|| r.bad("state", "no place on the way"))?;
                let end = if reached == ACTIVATED {
                    FunnelEnd::Open
                } else if reached < ACCEPTED && r.flag("refused")? {
                    FunnelEnd::Refused
                } else {
                    FunnelEnd::Dropped
                };
                Ok(FunnelRow {
                    organisation: r.parse("organisation")?,
                    reached,
                    end,
                    cases: r.get("n")?,
                })
            })
            .collect()
    }
}
