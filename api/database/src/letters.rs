//! Registered letters and the proofs their steps leave. What may happen to a letter is in
//! `idproof_domain::letter`.

use idproof_domain::ids::{CaseId, LetterId};
use idproof_domain::letter::{Letter, LetterRow, Proof, ProofKind};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, Result, Tx};

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

    /// Letters still open, by their last day: for notices, reminders and lapses.
    pub async fn open_letters(
        &self,
        after: Option<&LetterId>,
        limit: i64,
    ) -> Result<Vec<StoredLetter>> {
        let sql = format!(
            "SELECT {ALL} FROM letters WHERE state IN ('deposited', 'notified') \
             AND ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2"
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
