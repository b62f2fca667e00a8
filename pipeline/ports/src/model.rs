/// Which model spoke, to be stored beside what it said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelIdentity {
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal sha256 of the file that was loaded.
    pub sha256: String,
}

/// A model failed while working. Its check becomes unavailable; the case goes to a human.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum ModelError {
    #[error("{model}: {detail}")]
    Failed { model: String, detail: String },
    #[error("{model}: took longer than its limit")]
    TimedOut { model: String },
}

/// A capability this machine does not have, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Unavailable {
    pub what: String,
    pub why: String,
}

/// A model ready to work, or the reason there is none.
pub type Capability<T> = Result<T, Unavailable>;
