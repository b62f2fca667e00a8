use std::future::Future;
use std::time::Duration;

use idproof_database::{Claimed, DatabaseError, JobKind, RetryPolicy, Tx};

/// Why a job did not end well. The text is kept beside the job: ids and causes, nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may work later; not before `after`, where that is known.
    #[error("{why}")]
    Again {
        why: String,
        after: Option<Duration>,
    },
    /// It will not work: the job is parked and a human looks.
    #[error("{why}")]
    GiveUp { why: String },
}

impl JobError {
    pub fn again(why: impl Into<String>) -> Self {
        Self::Again {
            why: why.into(),
            after: None,
        }
    }

    pub fn give_up(why: impl Into<String>) -> Self {
        Self::GiveUp { why: why.into() }
    }
}

/// A row that cannot be understood stays so; anything else of the database is worth another try.
impl From<DatabaseError> for JobError {
    fn from(e: DatabaseError) -> Self {
        match e {
            DatabaseError::BadRow { .. } => Self::give_up(e.to_string()),
            _ => Self::again(e.to_string()),
        }
    }
}

/// Does one kind of job. Whatever it does may be done twice: a worker can die at any moment.
pub trait Handler: Send + Sync + 'static {
    const KIND: JobKind;

    /// How attempts are spaced, and how many there are.
    fn retry(&self) -> RetryPolicy;

    /// Does the work. What comes of it is written in the transaction that is returned open: the
    /// runner marks the job done in the same one, or throws it away where the lease was lost.
    fn handle(&self, job: &Claimed) -> impl Future<Output = Result<Tx, JobError>> + Send;

    /// Hands what a parked job was about to a human, in the transaction that parks it.
    fn give_up(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        why: &str,
    ) -> impl Future<Output = Result<(), JobError>> + Send;
}
