//! The reviewers' queue as a list, with who holds what; known cases; pictures made by the worker.

use idproof_domain::ids::{CaseId, PictureId, StaffId};
use sqlx::any::AnyRow;

use crate::cases::{self, Case};
use crate::row::Reader;
use crate::{Database, Result, Tx};

/// A case of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueRow {
    pub case: Case,
    /// It is a senior's.
    pub escalated: bool,
    /// One person has decided; a second one must.
    pub second: bool,
    /// A decision about it can still be taken back.
    pub decided: bool,
}

/// Which cases of the queue to list.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Held now, or not.
    pub held: Option<bool>,
    pub second: bool,
    /// Only a senior's cases (`Some(true)`), or only the others.
    pub escalated: Option<bool>,
    pub language: Option<String>,
    /// A reason code.
    pub reason: Option<String>,
    pub holder: Option<StaffId>,
    /// The last one of the page before: `(letter_due_at, id)`.
    pub after: Option<(i64, CaseId)>,
    pub limit: i64,
}

/// What waits, and who holds what.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueCounts {
    pub waiting: i64,
    pub held: i64,
    pub second: i64,
    pub escalated: i64,
    pub overdue: i64,
    pub oldest_since: Option<i64>,
    /// Holder, cases, until when.
    pub holders: Vec<(StaffId, i64, i64)>,
}

/// A case whose truth is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCase {
    pub case: CaseId,
    pub number: String,
    /// `accept` or `refuse`.
    pub expected: String,
    pub at: i64,
}

/// A picture that the worker made of a case's media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub id: PictureId,
    pub case: CaseId,
    pub attempt: u32,
    /// `portrait`, `frame`, `document_front_straight`, `document_back_straight`, `findings`.
    pub kind: String,
    pub content_type: String,
    /// The object's name in the media store.
    pub object: String,
    pub size: i64,
    /// Of a frame: when after the start of the recording.
    pub at_ms: Option<i64>,
    pub created_at: i64,
}

const ESCALATED: &str = "EXISTS (SELECT 1 FROM review_escalations e WHERE e.case_id = cases.id AND e.attempt = cases.attempt)";
const SECOND: &str = "EXISTS (SELECT 1 FROM review_decisions d WHERE d.case_id = cases.id AND d.attempt = cases.attempt AND d.state = 'second')";
const DECIDED: &str =
    "EXISTS (SELECT 1 FROM review_decisions d WHERE d.case_id = cases.id AND d.state = 'undoable')";

const PICTURE: &str = "id, case_id, attempt, kind, content_type, object, size, at_ms, created_at";

fn picture(row: &AnyRow) -> Result<Picture> {
    let r = Reader::new("review_pictures", "id", row);
    Ok(Picture {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        attempt: u32::try_from(r.get::<i64>("attempt")?)
            .map_err(|_| r.bad("attempt", "a negative number"))?,
        kind: r.get("kind")?,
        content_type: r.get("content_type")?,
        object: r.get("object")?,
        size: r.get("size")?,
        at_ms: r.get("at_ms")?,
        created_at: r.get("created_at")?,
    })
}

impl Database {
    /// A page of the queue, most urgent first.
    pub async fn queue(&self, filter: &QueueFilter, now_ms: i64) -> Result<Vec<QueueRow>> {
        let sql = format!(
            "SELECT {}, CASE WHEN {ESCALATED} THEN 1 ELSE 0 END AS escalated, \
             CASE WHEN {SECOND} THEN 1 ELSE 0 END AS second, CASE WHEN {DECIDED} THEN 1 ELSE 0 END AS decided \
             FROM cases WHERE state = 'in_review' AND sandbox = 0 AND (letter_due_at, id) > ($1, $2) \
             AND ($3 = -1 OR (CASE WHEN review_until > $4 THEN 1 ELSE 0 END) = $3) \
             AND ($5 = 0 OR {SECOND}) AND ($6 = -1 OR (CASE WHEN {ESCALATED} THEN 1 ELSE 0 END) = $6) \
             AND ($7 = '' OR language = $7) AND ($8 = '' OR reasons LIKE $8) \
             AND ($9 = '' OR (review_holder = $9 AND review_until > $4)) \
             ORDER BY letter_due_at, id LIMIT $10",
            cases::ALL
        );
        let (due, id) = filter
            .after
            .as_ref()
            .map_or((i64::MIN, ""), |(due, id)| (*due, id.as_str()));
        let reason = filter
            .reason
            .as_ref()
            .map_or_else(String::new, |code| format!("%\"{code}\"%"));
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(due)
            .bind(id)
            .bind(filter.held.map_or(-1, i64::from))
            .bind(now_ms)
            .bind(i64::from(filter.second))
            .bind(filter.escalated.map_or(-1, i64::from))
            .bind(filter.language.as_deref().unwrap_or(""))
            .bind(reason)
            .bind(filter.holder.as_ref().map_or("", |s| s.as_str()))
            .bind(filter.limit.clamp(1, 201))
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let r = Reader::new("cases", "id", row);
                Ok(QueueRow {
                    case: cases::case(row)?,
                    escalated: r.flag("escalated")?,
                    second: r.flag("second")?,
                    decided: r.flag("decided")?,
                })
            })
            .collect()
    }

    pub async fn queue_counts(&self, now_ms: i64) -> Result<QueueCounts> {
        let sql = format!(
            "SELECT 'cases' AS id, COUNT(*) AS waiting, \
             COALESCE(SUM(CASE WHEN review_until > $1 THEN 1 ELSE 0 END), 0) AS held, \
             COALESCE(SUM(CASE WHEN {SECOND} THEN 1 ELSE 0 END), 0) AS second, \
             COALESCE(SUM(CASE WHEN {ESCALATED} THEN 1 ELSE 0 END), 0) AS escalated, \
             COALESCE(SUM(CASE WHEN letter_due_at <= $1 THEN 1 ELSE 0 END), 0) AS overdue, \
             MIN(state_since) AS oldest FROM cases WHERE state = 'in_review' AND sandbox = 0"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now_ms)
            .fetch_one(&self.pool)
            .await?;
        let r = Reader::new("cases", "id", &row);
        let holders = sqlx::query(
            "SELECT review_holder AS id, COUNT(*) AS n, MAX(review_until) AS until FROM cases \
             WHERE state = 'in_review' AND review_holder IS NOT NULL AND review_until > $1 \
             GROUP BY review_holder ORDER BY review_holder",
        )
        .bind(now_ms)
        .fetch_all(&self.pool)
        .await?;
        Ok(QueueCounts {
            waiting: r.get("waiting")?,
            held: r.get("held")?,
            second: r.get("second")?,
            escalated: r.get("escalated")?,
            overdue: r.get("overdue")?,
            oldest_since: r.get("oldest")?,
            holders: holders
                .iter()
                .filter_map(|row| {
                    let r = Reader::new("cases", "id", row);
                    // A holder that is no account holds nothing that anybody could work on.
                    let id = r.parse("id").ok()?;
                    Some(r.get("n").and_then(|n| Ok((id, n, r.get("until")?))))
                })
                .collect::<Result<_>>()?,
        })
    }

    /// Known cases, oldest first.
    pub async fn known_cases(&self) -> Result<Vec<KnownCase>> {
        sqlx::query(
            "SELECT k.case_id AS case_id, c.number AS number, k.expected AS expected, k.at AS at \
             FROM review_known k JOIN cases c ON c.id = k.case_id ORDER BY k.at, k.case_id",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("review_known", "case_id", row);
            Ok(KnownCase {
                case: r.parse("case_id")?,
                number: r.get("number")?,
                expected: r.get("expected")?,
                at: r.get("at")?,
            })
        })
        .collect()
    }

    /// What the worker made of an attempt's media.
    pub async fn pictures(&self, case: &CaseId, attempt: u32) -> Result<Vec<Picture>> {
        let sql = format!(
            "SELECT {PICTURE} FROM review_pictures WHERE case_id = $1 AND attempt = $2 ORDER BY id"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .bind(i64::from(attempt))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(picture)
            .collect()
    }

    /// Other cases of the same confirmed address or number: their ids, numbers and states.
    pub async fn cases_of_same_contact(&self, of: &Case, limit: i64) -> Result<Vec<Case>> {
        let sql = format!(
            "SELECT {} FROM cases WHERE id <> $1 AND sandbox = $2 AND organisation = $3 \
             AND ((email IS NOT NULL AND email = $4) OR (phone IS NOT NULL AND phone = $5)) \
             ORDER BY id DESC LIMIT $6",
            cases::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.id.as_str())
            .bind(i64::from(of.sandbox))
            .bind(of.organisation.as_str())
            .bind(of.email.as_deref())
            .bind(of.phone.as_deref())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(cases::case)
            .collect()
    }

    /// Cases of every organisation, newest first, for whoever examines them afterwards.
    pub async fn cases_to_examine(
        &self,
        state: Option<&str>,
        number: Option<&str>,
        before: Option<&CaseId>,
        limit: i64,
    ) -> Result<Vec<Case>> {
        let sql = format!(
            "SELECT {} FROM cases WHERE ($1 = '' OR state = $1) AND ($2 = '' OR number = $2) \
             AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4",
            cases::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(state.unwrap_or(""))
            .bind(number.unwrap_or(""))
            .bind(before.map_or("", |id| id.as_str()))
            .bind(limit.clamp(1, 201))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(cases::case)
            .collect()
    }
}

impl Tx {
    /// Notes what is true of a case that is mixed into the queues; puts it in the place of an
    /// earlier note.
    pub async fn put_known_case(
        &mut self,
        case: &CaseId,
        expected: &str,
        by: &StaffId,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_known (case_id, expected, set_by, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (case_id) DO UPDATE SET expected = $2, set_by = $3, at = $4",
        )
        .bind(case.as_str())
        .bind(expected)
        .bind(by.as_str())
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    pub async fn drop_known_case(&mut self, case: &CaseId) -> Result<bool> {
        let done = sqlx::query("DELETE FROM review_known WHERE case_id = $1")
            .bind(case.as_str())
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether the truth about the case is known: then decisions about it change nothing.
    pub async fn is_known(&mut self, case: &CaseId) -> Result<bool> {
        let n: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM review_known WHERE case_id = $1")
            .bind(case.as_str())
            .fetch_one(self.connection())
            .await?;
        Ok(n > 0)
    }

    pub async fn insert_picture(&mut self, new: &Picture) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_pictures (id, case_id, attempt, kind, content_type, object, size, at_ms, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(&new.kind)
        .bind(&new.content_type)
        .bind(&new.object)
        .bind(new.size)
        .bind(new.at_ms)
        .bind(new.created_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
