use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{origin}: {detail}")]
    Syntax { origin: String, detail: String },
    #[error(
        "environment variable {0}: no such setting; `idproof config page` lists every variable"
    )]
    UnknownVariable(String),
    #[error("`{key}` is {value}; {allowed}")]
    Value {
        key: String,
        value: String,
        allowed: String,
    },
    #[error("environment variable {name}: {problem}")]
    Variable { name: String, problem: &'static str },
    #[error(".env: {0}")]
    DotEnv(String),
}

impl ConfigError {
    pub(crate) fn value(
        key: impl Into<String>,
        value: impl ToString,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Value {
            key: key.into(),
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }
}

impl From<idproof_vault::ConfigError> for ConfigError {
    fn from(e: idproof_vault::ConfigError) -> Self {
        Self::value(e.key, e.value, e.allowed)
    }
}

impl From<idproof_http::ConfigError> for ConfigError {
    fn from(e: idproof_http::ConfigError) -> Self {
        Self::value(e.key, e.value, e.allowed)
    }
}
