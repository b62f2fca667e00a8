//! Configuration: `idproof.toml`, overridden by `IDPROOF_<SECTION>_<KEY>` from the environment
//! or a `.env` file. Checked whole at start; a mistake is named with its key and allowed values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Every setting. One struct a topic.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub models: ModelsConfig,
    pub decoder: DecoderConfig,
    pub verify: VerifyConfig,
}

/// Where models are kept and which ones speak.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// The store's directory.
    pub dir: PathBuf,
    /// A directory of model files tried before any network.
    pub mirror: Option<PathBuf>,
    /// The directory that holds the models committed with the source.
    pub repository: PathBuf,
    /// Whether package registries and public addresses may be asked.
    pub network: bool,
    /// The manifest's name of the speech model.
    pub speech: String,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            dir: "var/models".into(),
            mirror: None,
            repository: "models".into(),
            network: true,
            speech: "speech_digits".into(),
        }
    }
}

/// The sandboxed decoder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecoderConfig {
    /// The program; by default `idproof-decoder` beside this one.
    pub program: Option<PathBuf>,
    /// Seconds after which one file is given up, 1 to 600.
    pub time_limit_s: u64,
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self {
            program: None,
            time_limit_s: 120,
        }
    }
}

/// How a case is judged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyConfig {
    /// The zone whose calendar day decides about expiry and age.
    pub time_zone: String,
}

impl Default for VerifyConfig {
    fn default() -> Self {
        Self {
            time_zone: "Europe/Paris".into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{origin}: {detail}")]
    Syntax { origin: String, detail: String },
    #[error("environment variable {name}: no such setting; known are {known}")]
    UnknownVariable { name: String, known: String },
    #[error("`{key}` is {value}; {allowed}")]
    Value {
        key: &'static str,
        value: String,
        allowed: String,
    },
    #[error(".env: {0}")]
    DotEnv(String),
}

/// Settings that the environment may override, as `(section, key)`.
const KEYS: [(&str, &str); 8] = [
    ("models", "dir"),
    ("models", "mirror"),
    ("models", "repository"),
    ("models", "network"),
    ("models", "speech"),
    ("decoder", "program"),
    ("decoder", "time_limit_s"),
    ("verify", "time_zone"),
];
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
            detail: e.to_string(),
        };
        let mut table: toml::Table = toml::from_str(&text).map_err(syntax)?;
        overlay(&mut table, environment)?;
        let config: Self = table.try_into().map_err(syntax)?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let limit = self.decoder.time_limit_s;
        if !(1..=600).contains(&limit) {
            return Err(ConfigError::Value {
                key: "decoder.time_limit_s",
                value: limit.to_string(),
                allowed: "it must lie in 1 to 600".into(),
            });
        }
        if jiff::tz::TimeZone::get(&self.verify.time_zone).is_err() {
            return Err(ConfigError::Value {
                key: "verify.time_zone",
                value: self.verify.time_zone.clone(),
                allowed: "it must be an IANA zone such as Europe/Paris".into(),
            });
        }
        if let Some(mirror) = self.models.mirror.as_ref().filter(|m| !m.is_dir()) {
            return Err(ConfigError::Value {
                key: "models.mirror",
                value: mirror.display().to_string(),
                allowed: "it must be a directory of model files".into(),
            });
        }
        Ok(())
    }
}

fn overlay(
    table: &mut toml::Table,
    environment: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let variable = |section: &str, key: &str| format!("IDPROOF_{section}_{key}").to_uppercase();
    for (name, value) in environment {
        if OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let Some((section, key)) = KEYS.iter().find(|(s, k)| variable(s, k) == *name) else {
            return Err(ConfigError::UnknownVariable {
                name: name.clone(),
                known: KEYS.map(|(s, k)| variable(s, k)).join(", "),
            });
        };
        let value = match *key {
            "network" => value.parse().map(toml::Value::Boolean).ok(),
            "time_limit_s" => value.parse().map(toml::Value::Integer).ok(),
            _ => None,
        }
        .unwrap_or_else(|| toml::Value::String(value.clone()));
        let section = table
            .entry(*section)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let Some(section) = section.as_table_mut() {
            section.insert((*key).to_owned(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idproof.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Config::load(Some(&path), &environment).map_err(|e| e.to_string())
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(load("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let text = "[decoder]\ntime_limit_s = 10\n[models]\nnetwork = true\n";
        let config = load(
            text,
            &[
                ("IDPROOF_DECODER_TIME_LIMIT_S", "20"),
                ("IDPROOF_MODELS_NETWORK", "false"),
            ],
        )
        .unwrap();
        assert_eq!(config.decoder.time_limit_s, 20);
        assert!(!config.models.network);
    }

    #[test]
    fn mistakes_are_named_with_key_and_allowed_values() {
        for (text, environment, expected) in [
            (
                "[decoder]\ntime_limit_s = 0",
                None,
                "`decoder.time_limit_s` is 0; it must lie in 1 to 600",
            ),
            ("[verify]\ntime_zone = 'Mars/Base'", None, "IANA zone"),
            (
                "[models]\nmirror = '/nowhere/at/all'",
                None,
                "`models.mirror`",
            ),
            ("[modells]", None, "unknown field `modells`"),
            ("[models]\nspeach = 'x'", None, "unknown field `speach`"),
            (
                "",
                Some(("IDPROOF_MODELS_DRI", "x")),
                "IDPROOF_MODELS_DRI: no such setting",
            ),
            (
                "",
                Some(("IDPROOF_DECODER_TIME_LIMIT_S", "soon")),
                "invalid type: string",
            ),
        ] {
            let error = load(text, environment.as_slice()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
