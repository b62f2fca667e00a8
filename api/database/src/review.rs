//! Cases that wait for a human: one reviewer at a time holds one, for a while.

use std::time::Duration;

use idproof_domain::ids::{CaseId, StaffId};

use crate::Role;
use crate::cases::{self, Case};
use crate::row::Reader;
use crate::{Database, Engine, Result, Staff, Tx};

/// What waits for a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewCounts {
    pub waiting: i64,
    /// Of these, held by a reviewer now.
    pub held: i64,
    /// Since when the oldest one waits.
    pub oldest_since: Option<i64>,
}

/// Cases that one person may hold at once: the one on the screen and the next.
pub const MOST_HELD: i64 = 2;
/// A case that somebody has laid aside is not offered to them again for so long.
const LAID_ASIDE_MS: i64 = 4 * 3_600_000;

/// Who asks for a case, and which.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    pub staff: &'a Staff,
    pub now_ms: i64,
    pub lease: Duration,
    /// Held already and to be kept: another one is wanted.
    pub beside: Option<&'a CaseId>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    Case(Box<Case>),
    /// There is none that this person may have.
    Nothing,
    /// They hold as many as they may.
    Limit,
}

fn later(now_ms: i64, lease: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

/// Nobody holds it, nothing about it can still be taken back, and this person ($3; issued by $5)
/// may have it: they have not judged this attempt before, nor somebody whose account they gave out
/// or who gave out theirs; it is no senior's, or they are one ($4); they have not laid it aside.
const FREE: &str = "(cases.review_until IS NULL OR cases.review_until <= $2) \
    AND NOT EXISTS (SELECT 1 FROM review_decisions d JOIN staff s ON s.id = d.staff_id WHERE d.case_id = cases.id \
    AND (d.state = 'undoable' OR (d.state IN ('second', 'disputed') AND d.attempt = cases.attempt \
    AND (d.staff_id = $3 OR s.issued_by = $3 OR d.staff_id = $5)))) \
    AND ($4 = 1 OR NOT EXISTS (SELECT 1 FROM review_escalations e WHERE e.case_id = cases.id AND e.attempt = cases.attempt)) \
    AND NOT EXISTS (SELECT 1 FROM review_takes t WHERE t.case_id = cases.id AND t.staff_id = $3 AND t.how = 'left' \
    AND (t.why = 'conflict_of_interest' OR t.ended_at > $6))";

impl Database {
    /// Lengthens the hold; `false` when it was lost or the case is no longer in review.
    pub async fn keep_review(
        &self,
        case: &CaseId,
        holder: &str,
        now_ms: i64,
        lease: Duration,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE cases SET review_until = $1, revision = revision + 1 \
             WHERE id = $2 AND review_holder = $3 AND review_until > $4 AND state = 'in_review'",
        )
        .bind(later(now_ms, lease))
        .bind(case.as_str())
        .bind(holder)
        .bind(now_ms)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// For metrics.
    pub async fn review_counts(&self, now_ms: i64) -> Result<ReviewCounts> {
        let row = sqlx::query(
            "SELECT 'cases' AS id, COUNT(*) AS waiting, \
             COALESCE(SUM(CASE WHEN review_until > $1 THEN 1 ELSE 0 END), 0) AS held, \
             MIN(state_since) AS oldest FROM cases WHERE state = 'in_review' AND sandbox = 0",
        )
        .bind(now_ms)
        .fetch_one(&self.pool)
        .await?;
        let r = Reader::new("cases", "id", &row);
        Ok(ReviewCounts {
            waiting: r.get("waiting")?,
            held: r.get("held")?,
            oldest_since: r.get("oldest")?,
        })
    }

    /// Since when this person has had the case in hand, while they hold it.
    pub async fn taken_at(&self, case: &CaseId, staff: &StaffId) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(
            "SELECT taken_at FROM review_takes WHERE case_id = $1 AND staff_id = $2 AND ended_at IS NULL \
             ORDER BY taken_at DESC LIMIT 1",
        )
        .bind(case.as_str())
        .bind(staff.as_str())
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Media of the case that this person has unmasked since then.
    pub async fn views(
        &self,
        case: &CaseId,
        staff: &StaffId,
        since_ms: i64,
    ) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "SELECT media FROM review_views WHERE case_id = $1 AND staff_id = $2 AND at >= $3",
        )
        .bind(case.as_str())
        .bind(staff.as_str())
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?)
    }

    /// How often each person has laid a case aside since then.
    pub async fn skips_since(&self, since_ms: i64) -> Result<Vec<(StaffId, i64)>> {
        sqlx::query(
            "SELECT staff_id, COUNT(*) AS n FROM review_takes WHERE how = 'left' AND ended_at >= $1 GROUP BY staff_id",
        )
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("review_takes", "staff_id", row);
            Ok((r.parse("staff_id")?, r.get("n")?))
        })
        .collect()
    }
}

impl Tx {
    /// Gives a person the case whose letter is due first and that they may have; one they hold
    /// already comes before any other. Cases of the sandbox are nobody's work.
    pub async fn take_next(&mut self, taking: &Taking<'_>) -> Result<Taken> {
        if let Some(held) = self.held_by(taking, None).await? {
            return Ok(Taken::Case(Box::new(held)));
        }
        let which = format!("cases.sandbox = 0 AND {FREE} AND cases.id <> $7");
        let beside = taking.beside.map_or("", |id| id.as_str());
        self.take(taking, &which, beside).await
    }

    /// Gives a person this very case, if they may have it.
    pub async fn take_case(&mut self, taking: &Taking<'_>, id: &CaseId) -> Result<Taken> {
        if let Some(held) = self.held_by(taking, Some(id)).await? {
            return Ok(Taken::Case(Box::new(held)));
        }
        let which = format!("cases.sandbox = 0 AND {FREE} AND cases.id = $7");
        self.take(taking, &which, id.as_str()).await
    }

    /// Gives a person a known case that they have not judged yet.
    pub async fn take_known(&mut self, taking: &Taking<'_>) -> Result<Taken> {
        let which = format!(
            "EXISTS (SELECT 1 FROM review_known k WHERE k.case_id = cases.id) AND {FREE} AND cases.id <> $7 \
             AND NOT EXISTS (SELECT 1 FROM review_decisions d WHERE d.case_id = cases.id AND d.staff_id = $3 \
             AND d.state = 'recorded')"
        );
        let beside = taking.beside.map_or("", |id| id.as_str());
        self.take(taking, &which, beside).await
    }

    async fn held_by(
        &mut self,
        taking: &Taking<'_>,
        only: Option<&CaseId>,
    ) -> Result<Option<Case>> {
        let sql = format!(
            "UPDATE cases SET review_until = $1, revision = revision + 1 WHERE id = (\
             SELECT id FROM cases WHERE state = 'in_review' AND review_holder = $2 AND review_until > $3 \
             AND id <> $4 AND ($5 = '' OR id = $5) ORDER BY letter_due_at, id LIMIT 1) RETURNING {}",
            cases::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(later(taking.now_ms, taking.lease))
            .bind(taking.staff.id.as_str())
            .bind(taking.now_ms)
            .bind(taking.beside.map_or("", |id| id.as_str()))
            .bind(only.map_or("", |id| id.as_str()))
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(cases::case)
            .transpose()
    }

    async fn take(&mut self, taking: &Taking<'_>, which: &str, id: &str) -> Result<Taken> {
        let (me, now) = (taking.staff.id.as_str(), taking.now_ms);
        let held: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM cases WHERE review_holder = $1 AND review_until > $2 AND state = 'in_review'",
        )
        .bind(me)
        .bind(now)
        .fetch_one(self.connection())
        .await?;
        if held >= MOST_HELD {
            return Ok(Taken::Limit);
        }
        let skip = match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE OF cases SKIP LOCKED",
        };
        let sql = format!(
            "UPDATE cases SET review_holder = $3, review_until = $1, revision = revision + 1 WHERE id = (\
             SELECT cases.id FROM cases WHERE cases.state = 'in_review' AND {which} \
             ORDER BY cases.letter_due_at, cases.id LIMIT 1{skip}) RETURNING {}",
            cases::ALL
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(later(now, taking.lease))
            .bind(now)
            .bind(me)
            .bind(i64::from(taking.staff.has(Role::Senior)))
            .bind(&taking.staff.issued_by)
            .bind(now.saturating_sub(LAID_ASIDE_MS))
            .bind(id)
            .fetch_optional(self.connection())
            .await?;
        let Some(row) = row else {
            return Ok(Taken::Nothing);
        };
        let case = cases::case(&row)?;
        self.end_takes(&case.id, None, "lapsed", None, now).await?;
        self.begin_take(&case.id, &taking.staff.id, now).await?;
        Ok(Taken::Case(Box::new(case)))
    }

    /// Notes that somebody has the case in hand from now on.
    pub async fn begin_take(&mut self, case: &CaseId, staff: &StaffId, now_ms: i64) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_takes (case_id, staff_id, taken_at) VALUES ($1, $2, $3) \
             ON CONFLICT (case_id, staff_id, taken_at) DO UPDATE SET ended_at = NULL, how = NULL, why = NULL",
        )
        .bind(case.as_str())
        .bind(staff.as_str())
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn end_takes(
        &mut self,
        case: &CaseId,
        of: Option<&str>,
        how: &str,
        why: Option<&str>,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE review_takes SET ended_at = $1, how = $2, why = $3 \
             WHERE case_id = $4 AND ended_at IS NULL AND ($5 = '' OR staff_id = $5)",
        )
        .bind(now_ms)
        .bind(how)
        .bind(why)
        .bind(case.as_str())
        .bind(of.unwrap_or(""))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends a hold: `how` is `decided`, `left` or `returned`. `false`: it was not theirs.
    pub async fn end_hold(
        &mut self,
        case: &CaseId,
        holder: &str,
        how: &str,
        why: Option<&str>,
        now_ms: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE cases SET review_holder = NULL, review_until = NULL, revision = revision + 1 \
             WHERE id = $1 AND review_holder = $2",
        )
        .bind(case.as_str())
        .bind(holder)
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        self.end_takes(case, Some(holder), how, why, now_ms).await?;
        Ok(true)
    }

    /// Gives the case back to whoever has just taken their decision back, unless another has it.
    pub async fn hold_again(
        &mut self,
        case: &CaseId,
        staff: &StaffId,
        now_ms: i64,
        lease: Duration,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE cases SET review_holder = $1, review_until = $2, revision = revision + 1 \
             WHERE id = $3 AND state = 'in_review' AND (review_until IS NULL OR review_until <= $4 OR review_holder = $1)",
        )
        .bind(staff.as_str())
        .bind(later(now_ms, lease))
        .bind(case.as_str())
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        self.begin_take(case, staff, now_ms).await?;
        Ok(true)
    }

    /// The case, held against other writers, if this reviewer holds it now.
    pub async fn case_in_review(
        &mut self,
        id: &CaseId,
        holder: &str,
        now_ms: i64,
    ) -> Result<Option<Case>> {
        Ok(self.case(id).await?.filter(|case| {
            case.state == idproof_domain::case::CaseState::InReview
                && case.review_holder.as_deref() == Some(holder)
                && case.review_until.is_some_and(|until| until > now_ms)
        }))
    }

    /// Notes that a picture or recording was unmasked.
    pub async fn note_view(
        &mut self,
        case: &CaseId,
        staff: &StaffId,
        media: &str,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_views (case_id, staff_id, media, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (case_id, staff_id, media) DO UPDATE SET at = $4",
        )
        .bind(case.as_str())
        .bind(staff.as_str())
        .bind(media)
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
