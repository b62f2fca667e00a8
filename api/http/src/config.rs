//! The settings of the HTTP service, a struct a topic. Validated at start.

use std::net::SocketAddr;
use std::path::PathBuf;

use idproof_domain::document_kind::DocumentKind;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// For addresses that an operator may leave empty.
pub fn none_if_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom("not ADDRESS:PORT, such as 127.0.0.1:9464"))
}

/// Where the service listens and what it believes of connections.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port of the service. Plain HTTP: a reverse proxy in front ends TLS.
    pub listen: SocketAddr,
    /// Address and port of `/metrics`, apart from the service; empty for none.
    #[serde(deserialize_with = "none_if_empty")]
    pub metrics_listen: Option<SocketAddr>,
    /// The address applicants see, without a path: links in messages and QR codes begin with it.
    pub public_url: String,
    /// Networks of reverse proxies. Only from them is `X-Forwarded-For` believed.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins, such as `https://app.example`, whose pages may call the API from a browser.
    pub allowed_origins: Vec<String>,
    /// Seconds in which a request's head must have come, also the longest a connection may be
    /// idle, 1 to 300.
    pub head_timeout_s: u64,
    /// Seconds in which a JSON body must have come, 1 to 300.
    pub body_timeout_s: u64,
    /// Seconds for which an upload may stand still, 1 to 300. On average it must bring 1 KiB/s.
    pub stall_timeout_s: u64,
    /// Seconds that requests under way get to end when the service stops, 0 to 600.
    pub stop_timeout_s: u64,
    /// Connections at once, 1 to 100000.
    pub connections: usize,
    /// Connections at once from one address that is no trusted proxy, 1 to 100000.
    pub connections_per_address: usize,
    /// File of the face detector that the capture pages load; empty for none.
    pub face_detector: Option<PathBuf>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            public_url: "http://127.0.0.1:8787".into(),
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            head_timeout_s: 15,
            body_timeout_s: 20,
            stall_timeout_s: 20,
            stop_timeout_s: 20,
            connections: 2_000,
            connections_per_address: 200,
            face_detector: None,
        }
    }
}

/// How much one caller may ask for. Rates are counted in each process of its own.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Bytes of a JSON body, 1024 to 1048576.
    pub json_bytes: usize,
    /// Bytes of one chunk of an upload, 65536 to 67108864.
    pub chunk_bytes: u64,
    /// Chunks of one upload, 1 to 10000.
    pub chunks: i64,
    /// Bytes of one picture of a document, 65536 to 268435456.
    pub document_bytes: u64,
    /// Bytes of one recording, 65536 to 2147483648.
    pub video_bytes: u64,
    /// Uploads begun in one attempt of a case, 3 to 1000.
    pub uploads_per_attempt: usize,
    /// Challenges drawn in one attempt of a case, 3 to 1000. Each is another chance that digits
    /// come which somebody has a forged recording of.
    pub challenges_per_attempt: i64,
    /// Chunks being received at once; more are told to come back, 1 to 10000.
    pub chunks_at_once: usize,
    /// Requests at work at once; more are told to come back, 1 to 100000.
    pub requests_at_once: usize,
    /// Requests a minute from one address, 1 to 1000000.
    pub per_address: u32,
    /// Requests a minute in one case by its applicant, 1 to 1000000.
    pub per_case: u32,
    /// Requests a minute with one key, 1 to 1000000.
    pub per_key: u32,
    /// Cases an hour opened without a key from one address, 1 to 1000000.
    pub cases_per_address: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            json_bytes: 64 << 10,
            chunk_bytes: 8 << 20,
            chunks: 1_000,
            document_bytes: 25 << 20,
            video_bytes: 200 << 20,
            uploads_per_attempt: 40,
            challenges_per_attempt: 15,
            chunks_at_once: 100,
            requests_at_once: 500,
            per_address: 1_200,
            per_case: 600,
            per_key: 1_200,
            cases_per_address: 30,
        }
    }
}

/// What applicants are asked and told.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrolmentConfig {
    /// The service's name as applicants read it, 1 to 80 characters.
    pub name: String,
    /// Whether anybody may open a case. Otherwise only integrators with a key.
    pub open: bool,
    /// Which version of the consent text is current.
    pub consent_version: String,
    /// Whether an e-mail address must be confirmed.
    pub email: bool,
    /// Whether a telephone number must be confirmed.
    pub phone: bool,
    /// Put before telephone numbers that begin with 0, such as `+33`; empty for none.
    pub national_prefix: String,
    /// Codes of the documents that are taken.
    #[schemars(with = "Vec<String>")]
    pub documents: Vec<DocumentKind>,
    /// Whether a picture of the document may be a file instead of a photograph taken now.
    pub file_upload: bool,
    /// Digits to be said, 3 to 6.
    pub digits: usize,
    /// Whether a movement of the head is asked for in the recording. Off: how often people are
    /// understood has not been measured, because no recordings that answer it were at hand.
    pub head_movement: bool,
    /// Whether the document is to be shown again in the recording. Off, for the same reason.
    pub document_shown: bool,
    /// Minutes in which a recording must begin after its challenge is drawn, 1 to 60.
    pub challenge_minutes: i64,
    /// Hours after the last activity at which an applicant's token ends while the case is not
    /// handed in, 1 to 720.
    pub token_idle_hours: i64,
    /// Days after the last activity at which an applicant's token ends once the case is handed in,
    /// 1 to 400. The letter alone takes 15 days, its code 21.
    pub token_case_days: i64,
    /// Who helps: a telephone number, as shown.
    pub support_phone: Option<String>,
    /// Who helps: an e-mail address, as shown.
    pub support_email: Option<String>,
    /// When somebody helps, as shown.
    pub support_hours: Option<String>,
    /// Youngest age in years, 0 to 120.
    pub minimum_age: u8,
}

impl Default for EnrolmentConfig {
    fn default() -> Self {
        Self {
            name: "idproof".into(),
            open: true,
            consent_version: "2026-11".into(),
            email: true,
            phone: true,
            national_prefix: "+33".into(),
            documents: DocumentKind::ALL.to_vec(),
            file_upload: false,
            digits: 3,
            head_movement: false,
            document_shown: false,
            challenge_minutes: 10,
            token_idle_hours: 72,
            token_case_days: 40,
            support_phone: None,
            support_email: None,
            support_hours: None,
            minimum_age: 18,
        }
    }
}

/// What the capture pages measure pictures by, before they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureConfig {
    /// Pixels a millimetre of the document, at least; 1 to 40.
    pub resolution_min: f64,
    /// Share of the document that may be blurred, 0 to 1.
    pub blur_max: f64,
    /// Share of the document that may be overexposed by glare, 0 to 1.
    pub glare_max: f64,
    /// Brightness, 0 to 255, above which the darkest parts of the document are too pale.
    pub dark_end_max: f64,
    /// Brightness, 0 to 255, below which the lightest parts of the document are too dark.
    pub light_end_min: f64,
}

impl Default for CaptureConfig {
    fn default() -> Self {
        Self {
            resolution_min: 4.0,
            blur_max: 0.35,
            glare_max: 0.02,
            dark_end_max: 120.0,
            light_end_min: 90.0,
        }
    }
}

/// A setting outside its allowed range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}; {allowed}")]
pub struct ConfigError {
    pub key: &'static str,
    pub value: String,
    pub allowed: String,
}

pub(crate) fn check(
    ok: bool,
    key: &'static str,
    value: impl ToString,
    allowed: impl Into<String>,
) -> Result<(), ConfigError> {
    if ok {
        return Ok(());
    }
    Err(ConfigError {
        key,
        value: value.to_string(),
        allowed: allowed.into(),
    })
}

/// Both ends included.
macro_rules! ranges {
    ($section:literal, $config:expr, $($field:ident: $low:literal..=$high:literal,)+) => {
        $(check(
            ($low..=$high).contains(&$config.$field),
            concat!($section, ".", stringify!($field)),
            $config.$field,
            concat!("it must lie in ", $low, " to ", $high),
        )?;)+
    };
}
pub(crate) use ranges;

pub(crate) fn is_origin(text: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*', '"']))
}

impl HttpConfig {
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(
            is_origin(&self.public_url),
            "http.public_url",
            &self.public_url,
            "it must be https://HOST[:PORT] (or http://) without a path",
        )?;
        for origin in &self.allowed_origins {
            check(
                is_origin(origin),
                "http.allowed_origins",
                origin,
                "each must be https://HOST[:PORT] (or http://) without a path",
            )?;
        }
        ranges!("http", self,
            head_timeout_s: 1..=300,
            body_timeout_s: 1..=300,
            stall_timeout_s: 1..=300,
            stop_timeout_s: 0..=600,
            connections: 1..=100_000,
            connections_per_address: 1..=100_000,
        );
        Ok(())
    }
}

impl LimitsConfig {
    pub fn validate(&self) -> Result<(), ConfigError> {
        ranges!("limits", self,
            json_bytes: 1_024..=1_048_576,
            chunk_bytes: 65_536..=67_108_864,
            chunks: 1..=10_000,
            document_bytes: 65_536..=268_435_456,
            video_bytes: 65_536..=2_147_483_648,
            uploads_per_attempt: 3..=1_000,
            challenges_per_attempt: 3..=1_000,
            chunks_at_once: 1..=10_000,
            requests_at_once: 1..=100_000,
            per_address: 1..=1_000_000,
            per_case: 1..=1_000_000,
            per_key: 1..=1_000_000,
            cases_per_address: 1..=1_000_000,
        );
        Ok(())
    }
}

impl EnrolmentConfig {
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(
            (1..=80).contains(&self.name.chars().count()),
            "enrolment.name",
            format!("{:?}", self.name),
            "it must have 1 to 80 characters",
        )?;
        check(
            !self.consent_version.is_empty() && self.consent_version.len() <= 40,
            "enrolment.consent_version",
            format!("{:?}", self.consent_version),
            "it must have 1 to 40 characters",
        )?;
        check(
            self.email || self.phone,
            "enrolment.email",
            "false, and enrolment.phone too",
            "at least one of them must be asked for",
        )?;
        let digits = self.national_prefix.strip_prefix('+');
        check(
            self.national_prefix.is_empty()
                || digits.is_some_and(|d| {
                    (1..=4).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit())
                }),
            "enrolment.national_prefix",
            format!("{:?}", self.national_prefix),
            "it must be a country's prefix such as +33, or empty",
        )?;
        check(
            !self.documents.is_empty(),
            "enrolment.documents",
            "empty",
            "at least one kind of document must be taken",
        )?;
        ranges!("enrolment", self,
            digits: 3..=6,
            challenge_minutes: 1..=60,
            token_idle_hours: 1..=720,
            token_case_days: 1..=400,
            minimum_age: 0..=120,
        );
        Ok(())
    }
}

impl CaptureConfig {
    pub fn validate(&self) -> Result<(), ConfigError> {
        ranges!("capture", self,
            resolution_min: 1.0..=40.0,
            blur_max: 0.0..=1.0,
            glare_max: 0.0..=1.0,
            dark_end_max: 0.0..=255.0,
            light_end_min: 0.0..=255.0,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> Result<HttpConfig, String> {
        let config: HttpConfig = toml::from_str(text).map_err(|e| e.to_string())?;
        config.validate().map_err(|e| e.to_string())?;
        Ok(config)
    }

    #[test]
    fn what_ships_is_valid() {
        HttpConfig::default().validate().unwrap();
        LimitsConfig::default().validate().unwrap();
        EnrolmentConfig::default().validate().unwrap();
        CaptureConfig::default().validate().unwrap();
        let capture: CaptureConfig = toml::from_str("glare_max = nan").unwrap();
        assert!(capture.validate().is_err());
    }

    #[test]
    fn mistakes_are_named_with_key_and_allowed_values() {
        for (text, expected) in [
            (
                "public_url = 'example.org'",
                "`http.public_url` is example.org",
            ),
            ("public_url = 'https://a.example/x'", "without a path"),
            ("allowed_origins = ['*']", "`http.allowed_origins`"),
            (
                "head_timeout_s = 0",
                "`http.head_timeout_s` is 0; it must lie in 1 to 300",
            ),
            ("trusted_proxies = ['10.0.0.0/40']", "invalid"),
            ("lissten = '127.0.0.1:1'", "unknown field"),
        ] {
            let error = http(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(http("trusted_proxies = ['10.0.0.0/8', '::1/128']").is_ok());
        let limits: LimitsConfig = toml::from_str("chunk_bytes = 1").unwrap();
        assert!(
            limits
                .validate()
                .unwrap_err()
                .to_string()
                .contains("limits.chunk_bytes")
        );
        for (text, key) in [
            ("digits = 7", "enrolment.digits"),
            ("email = false\nphone = false", "enrolment.email"),
            ("documents = []", "enrolment.documents"),
            ("national_prefix = '0033'", "enrolment.national_prefix"),
            ("name = ''", "enrolment.name"),
        ] {
            let config: EnrolmentConfig = toml::from_str(text).unwrap();
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
