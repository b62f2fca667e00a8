use std::str::FromStr;

use idproof_domain::Language;
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::ids::{CaseId, OrganisationId};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, DatabaseError, Result, Tx};

/// The outcome an integrator asked for in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxOutcome {
    Accept,
    Review,
    Refuse,
    Retake,
}

impl SandboxOutcome {
    pub const ALL: [Self; 4] = [Self::Accept, Self::Review, Self::Refuse, Self::Retake];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Review => "review",
            Self::Refuse => "refuse",
            Self::Retake => "retake",
        }
    }
}

impl FromStr for SandboxOutcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|o| o.as_str() == text).ok_or(())
    }
}

/// A case as the database holds it. Times are milliseconds since 1970.
#[derive(Clone, PartialEq)]
pub struct Case {
    pub id: CaseId,
    pub organisation: OrganisationId,
    /// The integrator's own name for it.
    pub reference: Option<String>,
    /// What the applicant quotes on the telephone.
    pub number: String,
    pub language: Language,
    pub state: CaseState,
    pub state_since: i64,
    pub revision: i64,
    pub attempt: u32,
    pub sandbox: bool,
    pub sandbox_outcome: Option<SandboxOutcome>,
    pub email: Option<String>,
    pub email_confirmed_at: Option<i64>,
    pub phone: Option<String>,
    pub phone_confirmed_at: Option<i64>,
    /// What was consented to, and when, as JSON.
    pub consent: Option<String>,
    pub document_type: Option<String>,
    /// The declared identity as JSON.
    pub declared: Option<String>,
    /// Reason codes of the last verdict.
    pub reasons: Vec<String>,
    pub appealed: bool,
    pub created_at: i64,
    pub last_activity_at: i64,
    pub submitted_at: Option<i64>,
    /// When the last verdict fell.
    pub processed_at: Option<i64>,
    /// When the letter must have left.
    pub letter_due_at: Option<i64>,
    /// When the media must be gone.
    pub media_due_at: Option<i64>,
    pub media_purged_at: Option<i64>,
    pub review_holder: Option<String>,
    pub review_until: Option<i64>,
}

/// Shows no personal data.
impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("revision", &self.revision)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What a case begins with.
#[derive(Debug, Clone)]
pub struct NewCase {
    pub id: CaseId,
    pub organisation: OrganisationId,
    pub reference: Option<String>,
    pub number: String,
    pub language: Language,
    pub sandbox: bool,
    pub sandbox_outcome: Option<SandboxOutcome>,
    pub now_ms: i64,
}

/// Which cases of an organisation to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    pub state: Option<CaseState>,
    pub reference: Option<String>,
    /// Only those of the sandbox, or only real ones.
    pub sandbox: Option<bool>,
    /// Only cases older than this one: the last of the page before.
    pub before: Option<CaseId>,
    /// 1 to 200.
    pub limit: i64,
}

pub(crate) const ALL: &str = "id, organisation, reference, number, language, state, state_since, revision, \
    attempt, sandbox, sandbox_outcome, email, email_confirmed_at, phone, phone_confirmed_at, consent, \
    document_type, declared, reasons, appealed, created_at, last_activity_at, submitted_at, processed_at, \
    letter_due_at, media_due_at, media_purged_at, review_holder, review_until";

pub(crate) fn case(row: &AnyRow) -> Result<Case> {
    let r = Reader::new("cases", "id", row);
    Ok(Case {
        id: r.parse("id")?,
        organisation: r.parse("organisation")?,
        reference: r.get("reference")?,
        number: r.get("number")?,
        language: r.parse("language")?,
        state: r.parse("state")?,
        state_since: r.get("state_since")?,
        revision: r.get("revision")?,
        attempt: u32::try_from(r.get::<i64>("attempt")?)
            .map_err(|_| r.bad("attempt", "a negative number"))?,
        sandbox: r.flag("sandbox")?,
        sandbox_outcome: r.parse_opt("sandbox_outcome")?,
        email: r.get("email")?,
        email_confirmed_at: r.get("email_confirmed_at")?,
        phone: r.get("phone")?,
        phone_confirmed_at: r.get("phone_confirmed_at")?,
        consent: r.get("consent")?,
        document_type: r.get("document_type")?,
        declared: r.get("declared")?,
        reasons: r.json("reasons")?,
        appealed: r.flag("appealed")?,
        created_at: r.get("created_at")?,
        last_activity_at: r.get("last_activity_at")?,
        submitted_at: r.get("submitted_at")?,
        processed_at: r.get("processed_at")?,
        letter_due_at: r.get("letter_due_at")?,
        media_due_at: r.get("media_due_at")?,
        media_purged_at: r.get("media_purged_at")?,
        review_holder: r.get("review_holder")?,
        review_until: r.get("review_until")?,
    })
}

impl Database {
    pub async fn case(&self, id: &CaseId) -> Result<Option<Case>> {
        let sql = format!("SELECT {ALL} FROM cases WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(case)
            .transpose()
    }

    /// A page of an organisation's cases, newest first.
    pub async fn cases(&self, of: &OrganisationId, filter: &CaseFilter) -> Result<Vec<Case>> {
        let sql = format!(
            "SELECT {ALL} FROM cases WHERE organisation = $1 \
             AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR reference = $3) AND ($4 IS NULL OR id < $4) \
             AND ($5 IS NULL OR sandbox = $5) ORDER BY id DESC LIMIT $6"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .bind(filter.state.map(CaseState::as_str))
            .bind(filter.reference.as_deref())
            .bind(filter.before.as_ref().map(CaseId::as_str))
            .bind(filter.sandbox.map(i64::from))
            .bind(filter.limit.clamp(1, 201))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(case)
            .collect()
    }

    /// How many submitted cases a worker will take before this one, itself included.
    pub async fn place_in_queue(&self, of: &Case) -> Result<Option<i64>> {
        if !matches!(of.state, CaseState::Submitted | CaseState::Processing) {
            return Ok(None);
        }
        let ahead: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM cases WHERE state IN ('submitted', 'processing') AND state_since < $1",
        )
        .bind(of.state_since)
        .fetch_one(&self.pool)
        .await?;
        Ok(Some(ahead + 1))
    }
}

impl Tx {
    /// The case, held against other writers until the end of the transaction.
    pub async fn case(&mut self, id: &CaseId) -> Result<Option<Case>> {
        let sql = format!("SELECT {ALL} FROM cases WHERE id = $1{}", self.for_update());
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(case)
            .transpose()
    }

    pub async fn insert_case(&mut self, new: NewCase, actor: &Actor) -> Result<Case> {
        let now = new.now_ms;
        let case = Case {
            id: new.id,
            organisation: new.organisation,
            reference: new.reference,
            number: new.number,
            language: new.language,
            state: CaseState::Created,
            state_since: now,
            revision: 0,
            attempt: 1,
            sandbox: new.sandbox,
            sandbox_outcome: new.sandbox_outcome,
            email: None,
            email_confirmed_at: None,
            phone: None,
            phone_confirmed_at: None,
            consent: None,
            document_type: None,
            declared: None,
            reasons: Vec::new(),
            appealed: false,
            created_at: now,
            last_activity_at: now,
            submitted_at: None,
            processed_at: None,
            letter_due_at: None,
            media_due_at: None,
            media_purged_at: None,
            review_holder: None,
            review_until: None,
        };
        sqlx::query(
            "INSERT INTO cases (id, organisation, reference, number, language, state, state_since, revision, \
             attempt, sandbox, sandbox_outcome, reasons, appealed, created_at, last_activity_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 1, $8, $9, '[]', 0, $7, $7)",
        )
        .bind(case.id.as_str())
        .bind(case.organisation.as_str())
        .bind(case.reference.as_deref())
        .bind(&case.number)
        .bind(case.language.code())
        .bind(case.state.as_str())
        .bind(now)
        .bind(i64::from(case.sandbox))
        .bind(case.sandbox_outcome.map(SandboxOutcome::as_str))
        .execute(self.connection())
        .await?;
        self.record_step(&case.id, &Step::Created, actor, now);
        Ok(case)
    }

    /// Writes every field that can change. Fails with `Stale` if somebody else wrote meanwhile.
    pub async fn save_case(&mut self, case: &mut Case) -> Result<()> {
        let reasons = serde_json::to_string(&case.reasons)
            .map_err(|e| DatabaseError::Refused(format!("the reasons: {e}")))?;
        let done = sqlx::query(
            "UPDATE cases SET state = $1, state_since = $2, revision = revision + 1, attempt = $3, email = $4, \
             email_confirmed_at = $5, phone = $6, phone_confirmed_at = $7, consent = $8, document_type = $9, \
             declared = $10, reasons = $11, appealed = $12, last_activity_at = $13, submitted_at = $14, \
             processed_at = $15, letter_due_at = $16, media_due_at = $17, media_purged_at = $18, \
             review_holder = $19, review_until = $20, language = $21, reference = $22 WHERE id = $23 AND revision = $24",
        )
        .bind(case.state.as_str())
        .bind(case.state_since)
        .bind(i64::from(case.attempt))
        .bind(case.email.as_deref())
        .bind(case.email_confirmed_at)
        .bind(case.phone.as_deref())
        .bind(case.phone_confirmed_at)
        .bind(case.consent.as_deref())
        .bind(case.document_type.as_deref())
        .bind(case.declared.as_deref())
        .bind(reasons)
        .bind(i64::from(case.appealed))
        .bind(case.last_activity_at)
        .bind(case.submitted_at)
        .bind(case.processed_at)
        .bind(case.letter_due_at)
        .bind(case.media_due_at)
        .bind(case.media_purged_at)
        .bind(case.review_holder.as_deref())
        .bind(case.review_until)
        .bind(case.language.code())
        .bind(case.reference.as_deref())
        .bind(case.id.as_str())
        .bind(case.revision)
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 {
            return Err(DatabaseError::Stale(case.id.to_string()));
        }
        case.revision += 1;
        Ok(())
    }
}
