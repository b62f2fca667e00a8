use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

use crate::error::{DeliveryError, Reason, SettingError};
use crate::http::read_pem;
use crate::settings::{MailSecurity, MailSettings};

/// A submission server. One connection a mail: the volume of letters needs no pool.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    return_path: Option<Address>,
    limit: Duration,
}

impl Smtp {
    pub(super) fn new(settings: &MailSettings) -> Result<Self, SettingError> {
        if settings.host.is_empty() {
            return Err(SettingError::new("mail.host", "must name the server"));
        }
        if !(1..=600).contains(&settings.timeout_s) {
            return Err(SettingError::new("mail.timeout_s", "must be 1 to 600"));
        }
        let (tls, port) = match settings.security {
            MailSecurity::None => (Tls::None, 25),
            MailSecurity::Starttls => (Tls::Required(parameters(settings)?), 587),
            MailSecurity::Tls => (Tls::Wrapper(parameters(settings)?), 465),
        };
        let limit = Duration::from_secs(settings.timeout_s);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(limit));
        match (&settings.username, &settings.password) {
            (Some(user), Some(password)) => {
                let password = password.reveal().to_owned();
                builder = builder.credentials(Credentials::new(user.clone(), password));
            }
            (None, None) => {}
            _ => {
                return Err(SettingError::new(
                    "mail.username",
                    "user name and password go together",
                ));
            }
        }
        if settings.username.is_some() && settings.security == MailSecurity::None {
            return Err(SettingError::new(
                "mail.security",
                "a password is not sent in clear text: use `starttls` or `tls`",
            ));
        }
        let return_path = settings.return_path.as_deref().map(str::parse);
        let return_path = return_path
            .transpose()
            .map_err(|_| SettingError::new("mail.return_path", "must be one bare address"))?;
        Ok(Self {
            transport: builder.build(),
            return_path,
            limit,
        })
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        let to = message.envelope().to().to_vec();
        let ascii = to.iter().all(|a| a.to_string().is_ascii());
        let from = self.return_path.as_ref().or(message.envelope().from());
        let envelope = Envelope::new(from.cloned(), to)
            .map_err(|_| DeliveryError::permanent(Reason::NotAnAddress))?;
        let text = message.formatted();
        let sent = self.transport.send_raw(&envelope, &text);
        match tokio::time::timeout(self.limit, sent).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error, ascii, self.limit)),
            Err(_) => Err(DeliveryError::transient(Reason::TimedOut(self.limit))),
        }
    }
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, SettingError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = read_pem("mail.ca_file", path)?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|_| SettingError::new("mail.ca_file", "holds a damaged certificate"))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build()
        .map_err(|_| SettingError::new("mail.host", "is no name a certificate could carry"))
}

/// Replies that mean our login, not the mail (RFC 4954).
const LOGIN: [u16; 4] = [530, 534, 535, 538];

/// The server's own words are left out: they often repeat the address.
fn classify(error: &Error, ascii: bool, limit: Duration) -> DeliveryError {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        if LOGIN.contains(&code) {
            return DeliveryError::transient(Reason::Login(code));
        }
        let enhanced = std::error::Error::source(error).and_then(|s| enhanced(&s.to_string()));
        let reason = Reason::Answered { code, enhanced };
        return if error.is_permanent() {
            DeliveryError::permanent(reason)
        } else {
            DeliveryError::transient(reason)
        };
    }
    if error.is_client() && !ascii {
        // The server does not carry addresses outside ASCII (RFC 6531).
        return DeliveryError::permanent(Reason::NotAnAddress);
    }
    DeliveryError::transient(if error.is_timeout() {
        Reason::TimedOut(limit)
    } else if error.is_tls() {
        Reason::Tls
    } else if error.is_client() {
        Reason::NotOffered("encryption or a way to log in")
    } else if error.is_response() {
        Reason::BrokenOff
    } else {
        connection(error)
    })
}

fn connection(error: &Error) -> Reason {
    use std::io::ErrorKind as K;
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                K::InvalidData => Reason::Tls,
                K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
                    Reason::BrokenOff
                }
                _ => Reason::NoConnection,
            };
        }
        source = inner.source();
    }
    Reason::NoConnection
}

/// The status code of RFC 3463 at the start of a reply, if there is one.
fn enhanced(reply: &str) -> Option<String> {
    let first = reply.split_whitespace().next()?;
    let parts: Vec<&str> = first.split('.').collect();
    let digits = |s: &str| !s.is_empty() && s.len() <= 3 && s.bytes().all(|b| b.is_ascii_digit());
    let ok = parts.len() == 3 && parts.iter().all(|p| digits(p));
    ok.then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_status_code_is_kept_of_a_reply() {
        assert_eq!(
            enhanced("5.1.1 <zoe@example.org> unknown"),
            Some("5.1.1".into())
        );
        for reply in ["", "zoe@example.org unknown", "5.1", "5.1.1.1 x", "a.b.c"] {
            assert_eq!(enhanced(reply), None);
        }
    }
}
