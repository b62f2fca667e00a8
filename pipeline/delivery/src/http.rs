//! What text messages and webhooks have in common: an HTTP client that follows nothing and asks
//! no proxy, and what its answers mean.

use std::path::Path;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, ClientBuilder, Response, StatusCode, redirect};

use crate::error::{DeliveryError, Reason, SettingError};

/// The longest wait that another side may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn client(limit: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("idproof/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .http1_only()
        .timeout(limit)
}

/// The certificate authorities of a PEM file.
pub(crate) fn authorities(
    key: &'static str,
    path: &Path,
) -> Result<Vec<Certificate>, SettingError> {
    let pem = read_pem(key, path)?;
    Certificate::from_pem_bundle(&pem)
        .map_err(|_| SettingError::new(key, "holds a damaged certificate"))
}

/// A PEM file that holds at least one certificate.
pub(crate) fn read_pem(key: &'static str, path: &Path) -> Result<Vec<u8>, SettingError> {
    let pem =
        std::fs::read(path).map_err(|e| SettingError::new(key, format!("cannot be read: {e}")))?;
    let marker = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(marker.len()).any(|w| w == marker) {
        Ok(pem)
    } else {
        Err(SettingError::new(key, "holds no certificate in PEM"))
    }
}

/// What came back: taken, with its status; to be tried again, or never to be.
pub(crate) fn judge(
    result: Result<Response, reqwest::Error>,
    final_codes: &[StatusCode],
    limit: Duration,
) -> Result<u16, DeliveryError> {
    let response = match result {
        Ok(response) => response,
        Err(error) => return Err(DeliveryError::transient(failure(&error, limit))),
    };
    let status = response.status();
    let code = status.as_u16();
    if status.is_success() {
        return Ok(code);
    }
    let reason = match status {
        s if s.is_redirection() => Reason::Redirect(code),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reason::Login(code),
        _ => Reason::Answered {
            code,
            enhanced: None,
        },
    };
    if final_codes.contains(&status) {
        return Err(DeliveryError::permanent(reason));
    }
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|v| v.to_str().ok()?.trim().parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    Err(DeliveryError::Transient {
        reason,
        retry_after,
    })
}

fn failure(error: &reqwest::Error, limit: Duration) -> Reason {
    if error.is_timeout() {
        return Reason::TimedOut(limit);
    }
    if std::error::Error::source(error).is_some_and(is_tls) {
        return Reason::Tls;
    }
    if error.is_connect() {
        Reason::NoConnection
    } else {
        Reason::BrokenOff
    }
}

/// Errors of rustls arrive as invalid data, in an I/O error that may stand in another.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        return io.kind() == std::io::ErrorKind::InvalidData
            || io.get_ref().is_some_and(|inner| is_tls(inner));
    }
    error.source().is_some_and(is_tls)
}
