//! The database: cases and their events, jobs, outbox, keys. SQLite or PostgreSQL behind one SQL
//! text. A repository a file; not found is `Ok(None)`; a row that cannot be understood is an
//! error naming table, column and row, never a default.

pub mod boards;
mod cases;
mod chain;
mod challenges;
mod coded;
mod codes;
mod deadlines;
mod decisions;
mod error;
mod idempotency;
mod jobs;
mod keys;
mod letters;
mod messages;
pub mod notices;
mod organisations;
mod persons;
mod pool;
mod purge;
mod queue;
mod review;
mod reviews;
mod row;
mod sessions;
mod settle;
mod staff;
mod tokens;
mod tx;
mod uploads;
mod webhooks;

pub use cases::{Case, CaseFilter, NewCase, SandboxOutcome};
pub use chain::{Chain, ChainFault, ChainReport, Event, NewEvent};
pub use challenges::Challenge;
pub use codes::Code;
pub use deadlines::Deadlines;
pub use decisions::{Decision, DecisionOutcome};
pub use error::DatabaseError;
pub use idempotency::Begun;
pub use jobs::{Claimed, JobCounts, JobKind, JobRow, NewJob, Priority, RetryPolicy};
pub use keys::{ApiKey, Organisation, Scope};
pub use letters::{LetterSettings, StoredLetter, StoredProof};
pub use messages::{Channel, Message, MessageCounts, MessageState, NewMessage};
pub use pool::{Database, DatabaseConfig, Engine};
pub use purge::{DueMedia, IdleCase, PurgeBacklog};
pub use queue::{KnownCase, Picture, QueueCounts, QueueFilter, QueueRow};
pub use review::{MOST_HELD, ReviewCounts, Taken, Taking};
pub use reviews::{Escalation, FaceJudgement, Judgement, Review, ReviewKind, ReviewState};
pub use sessions::{StaffSession, Stage};
pub use settle::evidence_hash;
pub use staff::{Role, Staff};
pub use tokens::{Handover, Token};
pub use tx::Tx;
pub use uploads::{Chunk, Upload, UploadKind, UploadState};
pub use webhooks::Endpoint;

pub(crate) type Result<T, E = DatabaseError> = std::result::Result<T, E>;
