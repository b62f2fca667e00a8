//! What people judged and decided, and what becomes of it.

use idproof_domain::ids::{CaseId, ReviewId, StaffId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// What a person decides.
    ReviewKind {
        Accept = "accept",
        Refuse = "refuse",
        Retake = "retake",
        /// A senior is to decide.
        Escalate = "escalate",
        /// A refusal whose cause, suspected coercion, is told to nobody outside.
        Coercion = "coercion",
    }
}

coded! {
    /// What became of it.
    ReviewState {
        /// Can be taken back until its time is over.
        Undoable = "undoable",
        /// A second person must come to the same.
        Second = "second",
        /// Done.
        Effective = "effective",
        /// Taken back.
        Undone = "undone",
        /// The case or its evidence changed before it took effect.
        Voided = "voided",
        /// A second person came to something else: it is a senior's.
        Disputed = "disputed",
        /// Of a known case: measures the person, changes nothing.
        Recorded = "recorded",
    }
}

coded! {
    /// What a person thinks of the two faces.
    FaceJudgement {
        Same = "same",
        Different = "different",
        Unsure = "unsure",
    }
}

impl ReviewKind {
    /// Both end with a refusal.
    pub fn agrees_with(self, other: Self) -> bool {
        let refuses = |k| matches!(k, Self::Refuse | Self::Coercion);
        self == other || (refuses(self) && refuses(other))
    }
}

/// What one person decided about one attempt of a case. Times are milliseconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct Review {
    pub id: ReviewId,
    pub case: CaseId,
    pub attempt: u32,
    pub staff: StaffId,
    pub kind: ReviewKind,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// Of a retake: what is to be taken again.
    pub document: bool,
    pub video: bool,
    /// Sealed.
    pub note: Option<String>,
    /// SHA-256 of what lay before the person.
    pub evidence: String,
    pub needs_second: bool,
    /// A second look was drawn by lot.
    pub sampled: bool,
    pub state: ReviewState,
    /// When the person took the case in hand.
    pub taken_at: i64,
    pub at: i64,
    pub undo_until: i64,
    pub ended_at: Option<i64>,
}

impl std::fmt::Debug for Review {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Review")
            .field("id", &self.id)
            .field("case", &self.case)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Why a case is a senior's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    pub case: CaseId,
    /// Whose decision led here.
    pub by: StaffId,
    pub reasons: Vec<String>,
    /// Sealed.
    pub note: Option<String>,
    pub decision: ReviewId,
    pub disputed: bool,
    pub at: i64,
}

/// One person's judgement of the two faces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub case: CaseId,
    pub attempt: u32,
    pub staff: StaffId,
    pub face: FaceJudgement,
    /// 1 (a guess) to 5 (certain).
    pub confidence: i64,
    pub at: i64,
}

const ALL: &str = "id, case_id, attempt, staff_id, kind, reasons, document, video, note, evidence, \
    needs_second, sampled, state, taken_at, at, undo_until, ended_at";

fn attempt(r: &Reader<'_>) -> Result<u32> {
    u32::try_from(r.get::<i64>("attempt")?).map_err(|_| r.bad("attempt", "a negative number"))
}

fn review(row: &AnyRow) -> Result<Review> {
    let r = Reader::new("review_decisions", "id", row);
    Ok(Review {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        attempt: attempt(&r)?,
        staff: r.parse("staff_id")?,
        kind: r.parse("kind")?,
        reasons: r.json("reasons")?,
        document: r.flag("document")?,
        video: r.flag("video")?,
        note: r.get("note")?,
        evidence: r.get("evidence")?,
        needs_second: r.flag("needs_second")?,
        sampled: r.flag("sampled")?,
        state: r.parse("state")?,
        taken_at: r.get("taken_at")?,
        at: r.get("at")?,
        undo_until: r.get("undo_until")?,
        ended_at: r.get("ended_at")?,
    })
}

fn judgement(row: &AnyRow) -> Result<Judgement> {
    let r = Reader::new("review_judgements", "case_id", row);
    Ok(Judgement {
        case: r.parse("case_id")?,
        attempt: attempt(&r)?,
        staff: r.parse("staff_id")?,
        face: r.parse("face")?,
        confidence: r.get("confidence")?,
        at: r.get("at")?,
    })
}

impl Database {
    pub async fn review(&self, id: &ReviewId) -> Result<Option<Review>> {
        let sql = format!("SELECT {ALL} FROM review_decisions WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(review)
            .transpose()
    }

    /// What people decided about a case, oldest first.
    pub async fn reviews_of(&self, case: &CaseId) -> Result<Vec<Review>> {
        self.reviews("case_id = $1 ORDER BY at, id", case.as_str(), 1_000)
            .await
    }

    /// What a person decided, newest first.
    pub async fn reviews_by(&self, staff: &StaffId, limit: i64) -> Result<Vec<Review>> {
        self.reviews(
            "staff_id = $1 ORDER BY at DESC, id DESC",
            staff.as_str(),
            limit,
        )
        .await
    }

    async fn reviews(&self, which: &str, of: &str, limit: i64) -> Result<Vec<Review>> {
        let sql = format!("SELECT {ALL} FROM review_decisions WHERE {which} LIMIT $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(review)
            .collect()
    }

    /// Decisions of everybody since then, oldest first.
    pub async fn reviews_since(&self, since_ms: i64, limit: i64) -> Result<Vec<Review>> {
        let sql =
            format!("SELECT {ALL} FROM review_decisions WHERE at >= $1 ORDER BY at, id LIMIT $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(since_ms)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(review)
            .collect()
    }

    /// Decisions whose time to be taken back is over, the oldest first.
    pub async fn reviews_due(&self, now_ms: i64, limit: i64) -> Result<Vec<ReviewId>> {
        sqlx::query(
            "SELECT id FROM review_decisions WHERE state = 'undoable' AND undo_until <= $1 \
             ORDER BY undo_until, id LIMIT $2",
        )
        .bind(now_ms)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Reader::new("review_decisions", "id", row).parse("id"))
        .collect()
    }

    /// What a person thought of the faces, if they have said so.
    pub async fn judgement(
        &self,
        case: &CaseId,
        attempt: u32,
        by: &StaffId,
    ) -> Result<Option<Judgement>> {
        sqlx::query(
            "SELECT case_id, attempt, staff_id, face, confidence, at FROM review_judgements \
             WHERE case_id = $1 AND attempt = $2 AND staff_id = $3",
        )
        .bind(case.as_str())
        .bind(i64::from(attempt))
        .bind(by.as_str())
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(judgement)
        .transpose()
    }

    /// What everybody thought of the faces of a case, oldest first.
    pub async fn judgements_of(&self, case: &CaseId) -> Result<Vec<Judgement>> {
        sqlx::query(
            "SELECT case_id, attempt, staff_id, face, confidence, at FROM review_judgements \
             WHERE case_id = $1 ORDER BY at, staff_id",
        )
        .bind(case.as_str())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(judgement)
        .collect()
    }

    /// Judgements of faces since then.
    pub async fn judgements_since(&self, since_ms: i64) -> Result<Vec<Judgement>> {
        sqlx::query(
            "SELECT case_id, attempt, staff_id, face, confidence, at FROM review_judgements \
             WHERE at >= $1 ORDER BY at, staff_id",
        )
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(judgement)
        .collect()
    }

    /// Why an attempt is a senior's, if it is.
    pub async fn escalation(&self, case: &CaseId, attempt: u32) -> Result<Option<Escalation>> {
        sqlx::query(
            "SELECT e.case_id AS case_id, d.staff_id AS staff_id, d.reasons AS reasons, d.note AS note, \
             e.decision_id AS decision_id, e.disputed AS disputed, e.at AS at FROM review_escalations e \
             JOIN review_decisions d ON d.id = e.decision_id WHERE e.case_id = $1 AND e.attempt = $2",
        )
        .bind(case.as_str())
        .bind(i64::from(attempt))
        .fetch_optional(&self.pool)
        .await?
        .map(|row| {
            let r = Reader::new("review_escalations", "case_id", &row);
            Ok(Escalation {
                case: r.parse("case_id")?,
                by: r.parse("staff_id")?,
                reasons: r.json("reasons")?,
                note: r.get("note")?,
                decision: r.parse("decision_id")?,
                disputed: r.flag("disputed")?,
                at: r.get("at")?,
            })
        })
        .transpose()
    }
}

impl Tx {
    /// `Exists` where another decision about the case can still be taken back.
    pub async fn insert_review(&mut self, new: &Review) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_decisions (id, case_id, attempt, staff_id, kind, reasons, document, video, note, \
             evidence, needs_second, sampled, state, taken_at, at, undo_until) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(new.staff.as_str())
        .bind(new.kind.as_str())
        .bind(serde_json::Value::from(new.reasons.clone()).to_string())
        .bind(i64::from(new.document))
        .bind(i64::from(new.video))
        .bind(new.note.as_deref())
        .bind(&new.evidence)
        .bind(i64::from(new.needs_second))
        .bind(i64::from(new.sampled))
        .bind(new.state.as_str())
        .bind(new.taken_at)
        .bind(new.at)
        .bind(new.undo_until)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The decision, held against other writers.
    pub async fn review(&mut self, id: &ReviewId) -> Result<Option<Review>> {
        let sql = format!(
            "SELECT {ALL} FROM review_decisions WHERE id = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(review)
            .transpose()
    }

    /// What people decided about a case, oldest first. To be asked while the case is held.
    pub async fn reviews_of(&mut self, case: &CaseId) -> Result<Vec<Review>> {
        let sql = format!("SELECT {ALL} FROM review_decisions WHERE case_id = $1 ORDER BY at, id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .fetch_all(self.connection())
            .await?
            .iter()
            .map(review)
            .collect()
    }

    pub async fn end_review(
        &mut self,
        id: &ReviewId,
        state: ReviewState,
        now_ms: i64,
    ) -> Result<()> {
        let ended = (state != ReviewState::Second).then_some(now_ms);
        sqlx::query("UPDATE review_decisions SET state = $1, ended_at = $2 WHERE id = $3")
            .bind(state.as_str())
            .bind(ended)
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Writes down what somebody thinks of the faces: once. `false`: they have said so before.
    pub async fn judge(&mut self, new: &Judgement) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO review_judgements (case_id, attempt, staff_id, face, confidence, at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (case_id, attempt, staff_id) DO NOTHING",
        )
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(new.staff.as_str())
        .bind(new.face.as_str())
        .bind(new.confidence)
        .bind(new.at)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Makes the attempt a senior's.
    pub async fn escalate(&mut self, by: &Review, disputed: bool, now_ms: i64) -> Result<()> {
        sqlx::query(
            "INSERT INTO review_escalations (case_id, attempt, decision_id, disputed, at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (case_id, attempt) DO NOTHING",
        )
        .bind(by.case.as_str())
        .bind(i64::from(by.attempt))
        .bind(by.id.as_str())
        .bind(i64::from(disputed))
        .bind(now_ms)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
