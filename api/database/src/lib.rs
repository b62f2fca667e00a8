//! The database: cases and their events, jobs, outbox, keys. SQLite or PostgreSQL behind one SQL
//! text. A repository a file; not found is `Ok(None)`; a row that cannot be understood is an
//! error naming table, column and row, never a default.

mod cases;
mod chain;
mod error;
mod jobs;
mod messages;
mod pool;
mod row;
mod tx;

pub use cases::{Case, CaseFilter, NewCase, SandboxOutcome};
pub use chain::{Chain, ChainFault, ChainReport, Event, NewEvent};
pub use error::DatabaseError;
pub use jobs::{Claimed, JobCounts, JobKind, JobRow, NewJob, Priority, RetryPolicy};
pub use messages::{Channel, Message, MessageCounts, MessageState, NewMessage};
pub use pool::{Database, DatabaseConfig, Engine};
pub use tx::Tx;

pub(crate) type Result<T, E = DatabaseError> = std::result::Result<T, E>;
