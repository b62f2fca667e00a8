//! Registered letters and the proofs their steps leave. What may happen to a letter is in
//! `idproof_domain::letter`.

use idproof_domain::calendar::{Calendar, CalendarError};
use idproof_domain::code::SixDigits;
use idproof_domain::ids::{CaseId, LetterId};
use idproof_domain::letter::{
    Letter, LetterContent, LetterRow, Party, Proof, ProofKind, code_valid_until,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Case, Database, Result, Tx};

/// What stands on every letter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LetterSettings {
    /// Who sends it, as printed.
    pub sender: String,
    /// The sender's address, line by line.
    pub sender_lines: Vec<String>,
    /// Where the code is typed in, as people write an address: `id.example.org`.
    pub site: String,
    /// Where help is found: an address, a number.
    pub help: Option<String>,
}

impl Default for LetterSettings {
    fn default() -> Self {
        Self {
            sender: "idproof".into(),
            sender_lines: Vec::new(),
            site: "127.0.0.1:8787".into(),
            help: None,
        }
    }
}

/// What a letter needs of the declared identity.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Addressee {
    birth_name: Option<String>,
    usage_name: Option<String>,
    first_names: Names,
    postal_address: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    Text(String),
    List(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

fn addressee(case: &Case) -> Party {
    let declared: Addressee = case
        .declared
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let first = match declared.first_names {
        Names::Text(text) => text.split_whitespace().next().map(str::to_owned),
        Names::List(list) => list.into_iter().next(),
    };
    let last = declared.usage_name.or(declared.birth_name);
    let name: Vec<String> = [first, last].into_iter().flatten().collect();
    Party {
        name: name.join(" "),
        lines: declared.postal_address,
    }
}

/// A letter of a case.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLetter {
    pub id: LetterId,
    pub case: CaseId,
    /// The provider's name as configured.
    pub provider: String,
    /// From it the activation code is derived under a key outside the database.
    pub nonce: String,
    pub letter: Letter,
}

impl std::fmt::Debug for StoredLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredLetter")
            .field("id", &self.id)
            .field("case", &self.case)
            .field("letter", &self.letter)
            .finish_non_exhaustive()
    }
}

/// A proof as it is kept: what it says, and the seal over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProof {
    pub kind: ProofKind,
    pub at: i64,
    pub body: String,
    pub seal: String,
}

impl StoredLetter {
    /// What the letter says; the same every time it is asked while the case has its person.
    pub fn content(
        &self,
        case: &Case,
        code: SixDigits,
        settings: &LetterSettings,
        calendar: &Calendar,
    ) -> Result<LetterContent, CalendarError> {
        let made_at = self.letter.deposited_at();
        let until = code_valid_until(made_at);
        let ends =
            Timestamp::from_millisecond(until).map_err(|_| CalendarError::OutOfRange(until))?;
        Ok(LetterContent {
            letter: self.id.clone(),
            case_number: case.number.clone(),
            language: case.language,
            sender: Party {
                name: settings.sender.clone(),
                lines: settings.sender_lines.clone(),
            },
            recipient: addressee(case),
            code,
            made_on: calendar.day_of(made_at)?,
            valid_until: calendar.zone().to_datetime(ends),
            site: settings.site.clone(),
            help: settings.help.clone(),
        })
    }
}

const ALL: &str = "id, case_id, provider, state, nonce, deposited_at, notified_at, reminded_at, \
    accept_until, closed_at";

fn letter(row: &AnyRow) -> Result<StoredLetter> {
    let r = Reader::new("letters", "id", row);
    let stored = LetterRow {
        state: r.parse("state")?,
        deposited_at: r.get("deposited_at")?,
        notified_at: r.get("notified_at")?,
        reminded_at: r.get("reminded_at")?,
        accept_until: r.get("accept_until")?,
        closed_at: r.get("closed_at")?,
    };
    Ok(StoredLetter {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        provider: r.get("provider")?,
        nonce: r.get("nonce")?,
        letter: Letter::try_from(stored)
            .map_err(|_| r.bad("state", "a state that its times contradict"))?,
    })
}

impl Database {
    /// The newest letter of a case.
    pub async fn letter_of(&self, case: &CaseId) -> Result<Option<StoredLetter>> {
        let sql = format!("SELECT {ALL} FROM letters WHERE case_id = $1 ORDER BY id DESC LIMIT 1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(letter)
            .transpose()
    }

    /// Letters under way that are still open: for notices, reminders and lapses.
    pub async fn open_letters(
        &self,
        after: Option<&LetterId>,
        limit: i64,
    ) -> Result<Vec<StoredLetter>> {
        let sql = format!(
            "SELECT {ALL} FROM letters WHERE state IN ('deposited', 'notified') \
             AND ($1 IS NULL OR id > $1) AND EXISTS (SELECT 1 FROM cases c WHERE c.id = letters.case_id \
             AND c.state = 'letter_sent') ORDER BY id LIMIT $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after.map(LetterId::as_str))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(letter)
            .collect()
    }

    /// The newest letters of all, newest first.
    pub async fn newest_letters(&self, limit: i64) -> Result<Vec<StoredLetter>> {
        let sql = format!("SELECT {ALL} FROM letters ORDER BY id DESC LIMIT $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(letter)
            .collect()
    }

    /// The proofs of a letter, oldest first.
    pub async fn proofs_of(&self, id: &LetterId) -> Result<Vec<StoredProof>> {
        sqlx::query(
            "SELECT kind, at, body, seal FROM letter_proofs WHERE letter_id = $1 ORDER BY at, kind",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("letter_proofs", "kind", row);
            let kind: String = r.get("kind")?;
            Ok(StoredProof {
                kind: serde_json::from_value(kind.into())
                    .map_err(|_| r.bad("kind", "an unknown value"))?,
                at: r.get("at")?,
                body: r.get("body")?,
                seal: r.get("seal")?,
            })
        })
        .collect()
    }
}

impl Tx {
    pub async fn insert_letter(&mut self, new: &StoredLetter) -> Result<()> {
        let row = new.letter.to_row();
        sqlx::query(
            "INSERT INTO letters (id, case_id, provider, state, nonce, deposited_at, notified_at, reminded_at, \
             accept_until, closed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(&new.provider)
        .bind(row.state.as_str())
        .bind(&new.nonce)
        .bind(row.deposited_at)
        .bind(row.notified_at)
        .bind(row.reminded_at)
        .bind(row.accept_until)
        .bind(row.closed_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The newest letter of a case, held against other writers.
    pub async fn letter_of(&mut self, case: &CaseId) -> Result<Option<StoredLetter>> {
        let sql = format!(
            "SELECT {ALL} FROM letters WHERE case_id = $1 ORDER BY id DESC LIMIT 1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(letter)
            .transpose()
    }

    /// Writes where the letter stands.
    pub async fn save_letter(&mut self, letter: &StoredLetter) -> Result<()> {
        let row = letter.letter.to_row();
        sqlx::query(
            "UPDATE letters SET state = $1, notified_at = $2, reminded_at = $3, accept_until = $4, closed_at = $5 \
             WHERE id = $6",
        )
        .bind(row.state.as_str())
        .bind(row.notified_at)
        .bind(row.reminded_at)
        .bind(row.accept_until)
        .bind(row.closed_at)
        .bind(letter.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps a proof; one of each kind a letter.
    pub async fn insert_proof(
        &mut self,
        id: &LetterId,
        proof: Proof,
        body: &str,
        seal: &str,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO letter_proofs (letter_id, kind, at, body, seal) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.as_str())
        .bind(proof.kind.as_str())
        .bind(proof.at)
        .bind(body)
        .bind(seal)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
