//! What an operator configures. One struct a topic; checked whole when the adapter is made.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// E-mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// `outbox` writes files, `smtp` sends.
    pub transport: MailTransport,
    /// Who the mails are from: `Name <address>`.
    pub from: String,
    /// Who notices of registered e-letters are from. They must not name the letter's sender, so
    /// give an address that does not either. Without it: the address of `from` without its name.
    pub notice_from: Option<String>,
    /// The address to which mail servers report what they could not deliver; pipe what comes there
    /// into `idproof bounce`. Without it: the address each mail is from.
    pub return_path: Option<String>,
    /// The server's name, which its certificate must carry.
    pub host: String,
    /// Port of the server. Without it: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    pub port: Option<u16>,
    /// `starttls`, `tls` or `none`. Both encrypted ones are obligatory: no fall back to clear text.
    pub security: MailSecurity,
    /// Who signs in at the server; without it nobody does.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Seconds that one mail may take, 1 to 600.
    pub timeout_s: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    Outbox,
    Smtp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    Starttls,
    Tls,
    None,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: MailTransport::Outbox,
            from: "idproof <no-reply@localhost.localdomain>".into(),
            notice_from: None,
            return_path: None,
            host: "localhost".into(),
            port: None,
            security: MailSecurity::Starttls,
            username: None,
            password: None,
            ca_file: None,
            timeout_s: 60,
        }
    }
}

/// Text messages, through any gateway that takes an HTTP POST.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SmsSettings {
    /// `outbox` writes files, `gateway` sends.
    pub transport: SmsTransport,
    /// The gateway's URL. Plain http only on the own machine.
    pub url: String,
    /// `json` or `form`.
    pub format: SmsFormat,
    /// The request's body, with `{to}`, `{text}` and `{id}` where number, text and message id go:
    /// JSON whose strings hold them, or `name={to}&other={text}`.
    pub body: String,
    /// Further headers, each `Name: value`.
    pub headers: Vec<String>,
    /// The header that carries the message id, by which a gateway tells a repetition; empty for none.
    pub idempotency_header: String,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// With `password`, sent as `Authorization: Basic`.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Seconds that one message may take, 1 to 600.
    pub timeout_s: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmsTransport {
    Outbox,
    Gateway,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmsFormat {
    Json,
    Form,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            transport: SmsTransport::Outbox,
            url: String::new(),
            format: SmsFormat::Json,
            body: r#"{"to": "{to}", "text": "{text}"}"#.into(),
            headers: Vec::new(),
            idempotency_header: "Idempotency-Key".into(),
            token: None,
            username: None,
            password: None,
            ca_file: None,
            timeout_s: 30,
        }
    }
}

/// How the service presents itself in messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrandSettings {
    /// The service's name, as applicants know it.
    pub name: String,
    /// Its name in text messages: at most 20 characters of the GSM alphabet.
    pub short_name: String,
    /// Where applicants find help: an address, a number.
    pub help: Option<String>,
}

impl Default for BrandSettings {
    fn default() -> Self {
        Self {
            name: "idproof".into(),
            short_name: "idproof".into(),
            help: None,
        }
    }
}
