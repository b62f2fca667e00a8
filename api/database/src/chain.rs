//! The hash chain of events: append-only, each event sealed over its predecessor.

use idproof_domain::case::Actor;
use idproof_domain::ids::CaseId;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, DatabaseError, Engine, Result};

/// An event before it has its place. `data` never holds personal data: the chain outlives it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub case: Option<CaseId>,
    pub at: i64,
    pub kind: String,
    pub actor: Actor,
    pub data: serde_json::Value,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub seq: i64,
    pub case: Option<CaseId>,
    pub at: i64,
    pub kind: String,
    pub actor: Actor,
    pub data: serde_json::Value,
}

/// Where the chain ends: kept elsewhere (a notary, a log of another machine), it later shows that
/// nothing was cut off at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub seq: i64,
    /// Hexadecimal SHA-256.
    pub hash: String,
}

/// The first thing wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    #[error("event {seq} was edited: its content does not give its hash")]
    Edited { seq: i64 },
    #[error("event {seq} is missing; the next one there is {next}")]
    Missing { seq: i64, next: i64 },
    #[error("event {seq} does not follow the one before it: events were reordered or replaced")]
    Reordered { seq: i64 },
    #[error("the chain ends at {found}, its head says {head}: events were cut off or added")]
    WrongEnd { found: i64, head: i64 },
    #[error("event {seq} is not the one that the given head names")]
    OtherHead { seq: i64 },
}

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    pub events: i64,
    pub end: Chain,
    pub fault: Option<ChainFault>,
}

const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The fields as they are stored, so that hashing needs no parsing.
struct Stored<'a> {
    seq: i64,
    case: Option<&'a str>,
    at: i64,
    kind: &'a str,
    actor: &'a str,
    data: &'a str,
}

/// SHA-256 over the predecessor's hash and every field, each preceded by its length.
fn seal(previous: &str, e: &Stored<'_>) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    field(previous);
    field(&e.seq.to_string());
    field(if e.case.is_some() { "case" } else { "none" });
    field(e.case.unwrap_or_default());
    field(&e.at.to_string());
    field(e.kind);
    field(e.actor);
    field(e.data);
    format!("{:x}", hash.finalize())
}

pub(crate) async fn append(
    connection: &mut AnyConnection,
    engine: Engine,
    events: &[NewEvent],
) -> Result<()> {
    let head = match engine {
        Engine::Sqlite => "SELECT seq, hash FROM chain_head WHERE id = 1",
        Engine::Postgres => "SELECT seq, hash FROM chain_head WHERE id = 1 FOR UPDATE",
    };
    let row = sqlx::query(head).fetch_one(&mut *connection).await?;
    let reader = Reader::new("chain_head", "id", &row);
    let (mut seq, mut previous): (i64, String) = (reader.get("seq")?, reader.get("hash")?);
    for event in events {
        seq += 1;
        let case = event.case.as_ref().map(CaseId::as_str);
        let actor = json(&event.actor)?;
        let data = json(&event.data)?;
        let hash = seal(
            &previous,
            &Stored {
                seq,
                case,
                at: event.at,
                kind: &event.kind,
                actor: &actor,
                data: &data,
            },
        );
        sqlx::query(
            "INSERT INTO events (seq, case_id, at, kind, actor, data, previous, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(seq)
        .bind(case)
        .bind(event.at)
        .bind(&event.kind)
        .bind(actor)
        .bind(data)
        .bind(&previous)
        .bind(&hash)
        .execute(&mut *connection)
        .await?;
        previous = hash;
    }
    sqlx::query("UPDATE chain_head SET seq = $1, hash = $2 WHERE id = 1")
        .bind(seq)
        .bind(&previous)
        .execute(connection)
        .await?;
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| DatabaseError::Refused(format!("an event: {e}")))
}

fn event(row: &AnyRow) -> Result<Event> {
    let r = Reader::new("events", "seq", row);
    Ok(Event {
        seq: r.get("seq")?,
        case: r.parse_opt("case_id")?,
        at: r.get("at")?,
        kind: r.get("kind")?,
        actor: r.json("actor")?,
        data: r.json("data")?,
    })
}

/// Events read at a time by [`Database::verify_chain`].
const PAGE: i64 = 5_000;

impl Database {
    /// A case's events, oldest first.
    pub async fn events_of(&self, case: &CaseId) -> Result<Vec<Event>> {
        sqlx::query("SELECT seq, case_id, at, kind, actor, data FROM events WHERE case_id = $1 ORDER BY seq")
            .bind(case.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(event)
            .collect()
    }

    /// A case's events, oldest first, each with its predecessor's hash and its own.
    pub async fn sealed_events_of(&self, case: &CaseId) -> Result<Vec<(Event, String, String)>> {
        sqlx::query(
            "SELECT seq, case_id, at, kind, actor, data, previous, hash FROM events WHERE case_id = $1 ORDER BY seq",
        )
        .bind(case.as_str())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("events", "seq", row);
            Ok((event(row)?, r.get("previous")?, r.get("hash")?))
        })
        .collect()
    }

    /// Events before that place in the chain, newest first: of a case, of a kind, or all.
    pub async fn events_before(
        &self,
        case: Option<&CaseId>,
        kind: Option<&str>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let of_case = if case.is_some() {
            "case_id = $1"
        } else {
            "$1 = ''"
        };
        let sql = format!(
            "SELECT seq, case_id, at, kind, actor, data FROM events WHERE {of_case} \
             AND ($2 = '' OR kind = $2) AND seq < $3 ORDER BY seq DESC LIMIT $4"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.map_or("", |c| c.as_str()))
            .bind(kind.unwrap_or(""))
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit.clamp(1, 200))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(event)
            .collect()
    }

    pub async fn chain_head(&self) -> Result<Chain> {
        let row = sqlx::query("SELECT id, seq, hash FROM chain_head WHERE id = 1")
            .fetch_one(&self.pool)
            .await?;
        let r = Reader::new("chain_head", "id", &row);
        Ok(Chain {
            seq: r.get("seq")?,
            hash: r.get("hash")?,
        })
    }

    /// Walks the whole chain in bounded memory and stops at the first fault. With `known`, an
    /// earlier end kept elsewhere, it also shows that history before it is the same.
    /// `progress` hears the number of events walked.
    pub async fn verify_chain(
        &self,
        known: Option<&Chain>,
        mut progress: impl FnMut(i64),
    ) -> Result<ChainReport> {
        let head = self.chain_head().await?;
        let mut end = Chain {
            seq: 0,
            hash: GENESIS.to_owned(),
        };
        let mut fault = None;
        'walk: loop {
            let rows = sqlx::query(
                "SELECT seq, case_id, at, kind, actor, data, previous, hash FROM events \
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
            )
            .bind(end.seq)
            .bind(head.seq)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let r = Reader::new("events", "seq", row);
                match check(&r, &end)? {
                    Ok(next) => end = next,
                    Err(found) => {
                        fault = Some(found);
                        break 'walk;
                    }
                }
                if known.is_some_and(|k| k.seq == end.seq && k.hash != end.hash) {
                    fault = Some(ChainFault::OtherHead { seq: end.seq });
                    break 'walk;
                }
            }
            progress(end.seq);
        }
        let last: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM events")
            .fetch_one(&self.pool)
            .await?;
        let beyond = known.is_some_and(|k| k.seq > end.seq);
        // The head is read again: events may have come since.
        let now = self.chain_head().await?;
        if fault.is_none() && (end != head || last > now.seq || beyond) {
            fault = Some(ChainFault::WrongEnd {
                found: last,
                head: head.seq,
            });
        }
        Ok(ChainReport {
            events: end.seq,
            end,
            fault,
        })
    }
}

fn check(r: &Reader<'_>, before: &Chain) -> Result<std::result::Result<Chain, ChainFault>> {
    let seq: i64 = r.get("seq")?;
    if seq != before.seq + 1 {
        return Ok(Err(ChainFault::Missing {
            seq: before.seq + 1,
            next: seq,
        }));
    }
    let (case, kind): (Option<String>, String) = (r.get("case_id")?, r.get("kind")?);
    let (actor, data): (String, String) = (r.get("actor")?, r.get("data")?);
    let (previous, hash): (String, String) = (r.get("previous")?, r.get("hash")?);
    let stored = Stored {
        seq,
        case: case.as_deref(),
        at: r.get("at")?,
        kind: &kind,
        actor: &actor,
        data: &data,
    };
    if seal(&previous, &stored) != hash {
        return Ok(Err(ChainFault::Edited { seq }));
    }
    if previous != before.hash {
        return Ok(Err(ChainFault::Reordered { seq }));
    }
    Ok(Ok(Chain { seq, hash }))
}
