//! Configuration: `idproof.toml`, overridden by `IDPROOF_<SECTION>_<KEY>` from the environment
//! or a `.env` file. Checked whole at start; a mistake is named with its key and allowed values.

mod error;
mod page;
mod settings;
mod topics;

use std::collections::BTreeMap;
use std::path::Path;

use idproof_database::DatabaseConfig;
use idproof_delivery::{BrandSettings, MailSettings, SmsSettings};
use idproof_http::{CaptureConfig, ConsoleConfig, EnrolmentConfig, HttpConfig, LimitsConfig};
use idproof_vault::{RootSource, VaultConfig};
use schemars::JsonSchema;
use serde::Deserialize;

pub use error::ConfigError;
pub use page::{example, page};
pub use topics::{
    DecideConfig, DecoderConfig, LetterCarrier, LetterConfig, LogConfig, LogFormat, ModelsConfig,
    OutboxConfig, VerifyConfig, WebhooksConfig, WorkerConfig,
};

/// Every setting. One struct a topic.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub models: ModelsConfig,
    pub decoder: DecoderConfig,
    pub verify: VerifyConfig,
    pub decide: DecideConfig,
    pub database: DatabaseConfig,
    pub vault: VaultConfig,
    pub http: HttpConfig,
    pub limits: LimitsConfig,
    pub enrolment: EnrolmentConfig,
    pub capture: CaptureConfig,
    pub console: ConsoleConfig,
    pub worker: WorkerConfig,
    pub letter: LetterConfig,
    pub mail: MailSettings,
    pub sms: SmsSettings,
    pub brand: BrandSettings,
    pub webhooks: WebhooksConfig,
    pub outbox: OutboxConfig,
    pub log: LogConfig,
}

/// Variables of this prefix that are no settings.
const OTHER_VARIABLES: [&str; 2] = ["IDPROOF_CONFIG", "IDPROOF_LOG"];
const DEFAULT_FILE: &str = "idproof.toml";

/// Reads `.env` of the working directory into the environment; what is set already stays.
pub fn load_dotenv() -> Result<(), ConfigError> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(e) if e.not_found() => Ok(()),
        // The line itself may hold a secret: only its kind is said.
        Err(dotenvy::Error::LineParse(_, at)) => Err(ConfigError::DotEnv(format!(
            "a line cannot be understood at its character {at}; write NAME=value"
        ))),
        Err(e) => Err(ConfigError::DotEnv(e.to_string())),
    }
}

/// The variables of this program.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .filter(|(k, _)| k.starts_with("IDPROOF_"))
        .collect()
}

impl Config {
    /// Reads the file (`path`, else `idproof.toml` if there is one), lays the environment over
    /// it, and validates.
    pub fn load(
        path: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let path = path.or_else(|| default.exists().then_some(default));
        let (origin, text) = match path {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                    path: path.to_owned(),
                    source,
                })?;
                (path.display().to_string(), text)
            }
            None => ("built-in configuration".to_owned(), String::new()),
        };
        let syntax = |e: toml::de::Error| ConfigError::Syntax {
            origin: origin.clone(),
            // The excerpt that the parser shows could be a password.
            detail: hide(&e),
        };
        let mut table: toml::Table = toml::from_str(&text).map_err(syntax)?;
        let unknown = settings::overlay(&mut table, environment)?;
        let config: Self = table.try_into().map_err(syntax)?;
        config.known(&unknown)?;
        config.validate()?;
        Ok(config)
    }

    /// A variable that is no setting must be one that a root key is read from.
    fn known(&self, unknown: &[String]) -> Result<(), ConfigError> {
        let keys = &self.vault.keys;
        let named: Vec<&str> = std::iter::once(&keys.root)
            .chain(&keys.also)
            .filter_map(|source| match source {
                RootSource::Env(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        match unknown.iter().find(|name| {
            !OTHER_VARIABLES.contains(&name.as_str()) && !named.contains(&name.as_str())
        }) {
            Some(name) => Err(ConfigError::UnknownVariable(name.clone())),
            None => Ok(()),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.check_own()?;
        self.vault.validate("vault")?;
        self.http.validate()?;
        self.limits.validate()?;
        self.enrolment.validate()?;
        self.capture.validate()?;
        self.console.validate()?;
        self.console.fits(&self.http)?;
        Ok(())
    }

    fn check_own(&self) -> Result<(), ConfigError> {
        range("decoder.time_limit_s", self.decoder.time_limit_s, 1, 600)?;
        range("decide.attempts", self.decide.attempts, 1, 20)?;
        range("database.connections", self.database.connections, 1, 200)?;
        let worker = &self.worker;
        range("worker.analyses", worker.analyses, 1, 64)?;
        range("worker.memory_mib", worker.memory_mib, 640, 1_048_576)?;
        range("worker.deliveries", worker.deliveries, 1, 64)?;
        range("worker.attempts", worker.attempts, 1, 20)?;
        range("worker.lease_s", worker.lease_s, 3, 3_600)?;
        range("worker.poll_ms", worker.poll_ms, 20, 60_000)?;
        range("worker.reconcile_s", worker.reconcile_s, 1, 3_600)?;
        range("worker.drain_s", worker.drain_s, 0, 600)?;
        range("worker.hurry_hours", worker.hurry_hours, 1, 24)?;
        range("worker.idle_hours", worker.idle_hours, 1, 72)?;
        range("letter.proof_days", self.letter.proof_days, 366, 4_000)?;
        if jiff::tz::TimeZone::get(&self.verify.time_zone).is_err() {
            return Err(ConfigError::value(
                "verify.time_zone",
                &self.verify.time_zone,
                "it must be an IANA zone such as Europe/Paris",
            ));
        }
        if let Some(mirror) = self.models.mirror.as_ref().filter(|m| !m.is_dir()) {
            return Err(ConfigError::value(
                "models.mirror",
                mirror.display(),
                "it must be a directory of model files",
            ));
        }
        let is_http = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if let Some(traces) = self.log.traces.as_ref().filter(|t| !is_http(t)) {
            return Err(ConfigError::value(
                "log.traces",
                traces,
                "it must be an http:// or https:// address",
            ));
        }
        Ok(())
    }
}

/// Both ends included.
fn range<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    value: T,
    low: T,
    high: T,
) -> Result<(), ConfigError> {
    if low <= value && value <= high {
        return Ok(());
    }
    Err(ConfigError::value(
        key,
        value,
        format!("it must lie in {low} to {high}"),
    ))
}

/// What is wrong and where, without the line itself.
fn hide(e: &toml::de::Error) -> String {
    let shown = e.to_string();
    // `TOML parse error at line 2, column 3`, then an excerpt, then the message.
    let place = shown
        .lines()
        .next()
        .and_then(|first| first.strip_prefix("TOML parse error at "))
        .map(|place| format!("{place}: "))
        .unwrap_or_default();
    format!("{place}{}", e.message())
}

#[cfg(test)]
mod tests;
