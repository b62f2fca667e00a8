//! Text messages: through a configurable HTTP gateway, or into the local outbox.

use std::path::Path;
use std::time::Duration;

use idproof_domain::Language;
use idproof_domain::endpoint::{AddressRules, check_url};
use idproof_domain::ids::MessageId;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use url::Url;

use crate::error::{DeliveryError, Reason, SettingError};
use crate::http::{authorities, client, judge};
use crate::outbox::{Outbox, SmsFile};
use crate::settings::{BrandSettings, SmsFormat, SmsSettings, SmsTransport};
use crate::words::sms::{MAX_NAME, Sms, septets};

/// To whom a text message goes, and as which message.
#[derive(Clone)]
pub struct SmsTo<'a> {
    pub id: &'a MessageId,
    /// E.164: `+` and 8 to 15 digits.
    pub number: &'a str,
    pub language: Language,
    /// When the message was made, milliseconds since 1970.
    pub at_ms: i64,
}

/// Sends text messages.
pub struct SmsSender {
    service: String,
    way: Way,
}

enum Way {
    Outbox(Outbox),
    Gateway(Box<Gateway>),
}

impl SmsSender {
    /// `outbox` is the local outbox's directory, used where the settings ask for it.
    pub fn new(
        settings: &SmsSettings,
        brand: &BrandSettings,
        outbox: &Path,
    ) -> Result<Self, SettingError> {
        let service = brand.short_name.clone();
        if !septets(&service).is_some_and(|n| (1..=MAX_NAME).contains(&n)) {
            return Err(SettingError::new(
                "brand.short_name",
                "must be 1 to 20 characters of the GSM alphabet",
            ));
        }
        let way = match settings.transport {
            SmsTransport::Outbox => Way::Outbox(Outbox::new(outbox)),
            SmsTransport::Gateway => Way::Gateway(Box::new(Gateway::new(settings)?)),
        };
        Ok(Self { service, way })
    }

    /// Returns once the gateway (or the disk) has taken the message.
    pub async fn send(&self, to: SmsTo<'_>, sms: &Sms) -> Result<(), DeliveryError> {
        let digits = to.number.strip_prefix('+').unwrap_or("");
        if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DeliveryError::permanent(Reason::NotANumber));
        }
        let text = sms.text(to.language, &self.service);
        match &self.way {
            Way::Outbox(outbox) => {
                let file = SmsFile {
                    to: to.number.to_owned(),
                    at_ms: to.at_ms,
                    text,
                };
                let json = serde_json::to_vec_pretty(&file).map_err(|_| {
                    DeliveryError::permanent(Reason::Unmakeable("the text cannot be written"))
                })?;
                outbox.put(to.id, "json", json).await
            }
            Way::Gateway(gateway) => gateway.send(to.id, to.number, &text).await,
        }
    }
}

/// A gateway that takes an HTTP POST.
struct Gateway {
    client: Client,
    url: Url,
    headers: HeaderMap,
    idempotency: Option<HeaderName>,
    body: Body,
    limit: Duration,
}

/// The request's body, its placeholders still in place. They are filled in after parsing, so
/// that nothing in a number or text can break out of its field.
enum Body {
    Json(serde_json::Value),
    Form(Vec<(String, String)>),
}

impl Body {
    fn parse(settings: &SmsSettings) -> Result<Self, SettingError> {
        let wrong = |what| SettingError::new("sms.body", what);
        for placeholder in ["{to}", "{text}"] {
            if !settings.body.contains(placeholder) {
                return Err(wrong(format!("must hold {placeholder}")));
            }
        }
        match settings.format {
            SmsFormat::Json => serde_json::from_str(&settings.body)
                .map(Self::Json)
                .map_err(|e| wrong(format!("is no JSON: {e}"))),
            SmsFormat::Form => {
                let fields = url::form_urlencoded::parse(settings.body.as_bytes());
                Ok(Self::Form(fields.into_owned().collect()))
            }
        }
    }

    fn fill(&self, fill: &dyn Fn(&str) -> String) -> (&'static str, String) {
        match self {
            Self::Json(value) => ("application/json", fill_json(value, fill).to_string()),
            Self::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields.iter().map(|(name, value)| (name, fill(value))));
                ("application/x-www-form-urlencoded", form.finish())
            }
        }
    }
}

fn fill_json(value: &serde_json::Value, fill: &dyn Fn(&str) -> String) -> serde_json::Value {
    use serde_json::Value as V;
    match value {
        V::String(text) => V::String(fill(text)),
        V::Array(items) => items.iter().map(|v| fill_json(v, fill)).collect(),
        V::Object(fields) => fields
            .iter()
            .map(|(name, v)| (name.clone(), fill_json(v, fill)))
            .collect(),
        other => other.clone(),
    }
}

/// Replaces the placeholders in one pass: what is filled in is not looked at again.
fn fill_text(template: &str, id: &str, to: &str, text: &str) -> String {
    let mut out = String::with_capacity(template.len() + text.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("{to}", to), ("{text}", text), ("{id}", id)];
        match known.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

impl Gateway {
    fn new(settings: &SmsSettings) -> Result<Self, SettingError> {
        if !(1..=600).contains(&settings.timeout_s) {
            return Err(SettingError::new("sms.timeout_s", "must be 1 to 600"));
        }
        let limit = Duration::from_secs(settings.timeout_s);
        let mut builder = client(limit);
        if let Some(path) = &settings.ca_file {
            for certificate in authorities("sms.ca_file", path)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder
            .build()
            .map_err(|_| SettingError::new("sms.url", "no HTTP client can be made for it"))?;
        Ok(Self {
            client,
            url: gateway_url(&settings.url)?,
            headers: headers(settings)?,
            idempotency: match settings.idempotency_header.as_str() {
                "" => None,
                name => Some(header_name("sms.idempotency_header", name)?),
            },
            body: Body::parse(settings)?,
            limit,
        })
    }

    async fn send(&self, id: &MessageId, to: &str, text: &str) -> Result<(), DeliveryError> {
        let (kind, body) = self
            .body
            .fill(&|template| fill_text(template, id.as_str(), to, text));
        let mut request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, kind)
            .body(body);
        if let Some(name) = &self.idempotency {
            request = request.header(name, id.as_str());
        }
        judge(request.send().await, FINAL, self.limit).map(|_| ())
    }
}

/// Answers that mean this message rather than the moment or our settings.
const FINAL: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::GONE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
];

/// The operator chooses the gateway, so it may stand in a private network; but what it is sent
/// is personal data, so clear text goes no further than the own machine.
fn gateway_url(text: &str) -> Result<Url, SettingError> {
    let wrong = |what: &str| SettingError::new("sms.url", what);
    let url = Url::parse(text).map_err(|_| wrong("must be an https URL"))?;
    let own = AddressRules {
        allow_http: true,
        allowed_networks: "127.0.0.0/8".parse().into_iter().collect(),
    };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if local && check_url(text, &own).is_ok() => Ok(url),
        _ => Err(wrong("must be an https URL; http only on the own machine")),
    }
}

fn header_name(key: &'static str, name: &str) -> Result<HeaderName, SettingError> {
    name.parse()
        .map_err(|_| SettingError::new(key, "is no name of a header"))
}

fn headers(settings: &SmsSettings) -> Result<HeaderMap, SettingError> {
    let mut headers = HeaderMap::new();
    for line in &settings.headers {
        let wrong = || SettingError::new("sms.headers", "each must be `Name: value`");
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
        // Gateways put keys into headers of their own.
        value.set_sensitive(true);
        headers.insert(header_name("sms.headers", name.trim())?, value);
    }
    let login = match (&settings.token, &settings.username, &settings.password) {
        (None, None, None) => return Ok(headers),
        (Some(token), None, None) => format!("Bearer {}", token.reveal()),
        (None, Some(user), Some(password)) => {
            use base64::Engine;
            let pair = format!("{user}:{}", password.reveal());
            let engine = base64::engine::general_purpose::STANDARD;
            format!("Basic {}", engine.encode(pair))
        }
        _ => {
            return Err(SettingError::new(
                "sms.token",
                "give either a token, or user name and password",
            ));
        }
    };
    let mut value = HeaderValue::from_str(&login)
        .map_err(|_| SettingError::new("sms.token", "holds characters a header cannot carry"))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let filled = fill_text("{to}|{text}|{id}|{other}|{", "msg_1", "+33", "{to} {id}");
        assert_eq!(filled, "+33|{to} {id}|msg_1|{other}|{");
    }

    #[test]
    fn a_gateway_elsewhere_needs_https() {
        for url in [
            "https://sms.example.org/send",
            "https://10.0.0.1/",
            "http://127.0.0.1:8080/",
        ] {
            assert!(gateway_url(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "sms.example.org",
            "http://sms.example.org/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
        ] {
            assert_eq!(gateway_url(url).unwrap_err().key, "sms.url", "{url}");
        }
    }
}
