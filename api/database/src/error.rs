use idproof_domain::case::InvalidStep;

/// What can go wrong with the database. No variant carries a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    #[error("the database refused a statement: {0}")]
    Refused(String),
    #[error("table {table}, row {row}: column {column} holds {problem}")]
    BadRow {
        table: &'static str,
        column: &'static str,
        row: String,
        problem: &'static str,
    },
    /// Somebody else changed the row first; read it again.
    #[error("case {0} was changed by somebody else meanwhile")]
    Stale(String),
    #[error(transparent)]
    Step(#[from] InvalidStep),
    #[error("`{0}` exists already")]
    Exists(&'static str),
    #[error("the migrations do not fit this database: {0}")]
    Migration(String),
    #[error("`{key}` is not usable: {problem}")]
    Config { key: &'static str, problem: String },
}

impl DatabaseError {
    /// Whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Stale(_))
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(e: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match e {
            sqlx::Error::Database(e) => match (e.kind(), e.code().as_deref()) {
                (ErrorKind::UniqueViolation, _) => Self::Exists("a row of this key"),
                // PostgreSQL: shutting down, starting up, deadlock, serialization; SQLite: busy, locked.
                (
                    _,
                    Some(
                        "57P01" | "57P02" | "57P03" | "40P01" | "40001" | "5" | "6" | "261" | "517",
                    ),
                ) => Self::Unreachable(e.message().to_owned()),
                // The message of a constraint names tables and columns, not values.
                (_, code) => Self::Refused(format!(
                    "code {}: {}",
                    code.unwrap_or("unknown"),
                    e.message()
                )),
            },
            sqlx::Error::Io(e) => Self::Unreachable(e.to_string()),
            sqlx::Error::PoolTimedOut => {
                Self::Unreachable("no connection became free in time".into())
            }
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unreachable("the connection was closed".into())
            }
            sqlx::Error::Protocol(what) => Self::Unreachable(what),
            other => Self::Refused(other.to_string()),
        }
    }
}
