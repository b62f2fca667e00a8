//! E-mail: laid out once, as text and HTML, then sent by SMTP or written to the local outbox.

mod bounce;
mod compose;
mod smtp;

use std::path::Path;

use idproof_domain::Language;
use idproof_domain::ids::MessageId;

use crate::error::{DeliveryError, SettingError};
use crate::outbox::Outbox;
use crate::settings::{BrandSettings, MailSettings, MailTransport};
use crate::words::mail::Mail;

pub use bounce::{Bounce, NoBounce, read_bounce};
use compose::Composer;
use smtp::Smtp;

/// In whose name a message speaks, where that is not the service's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Voice<'a> {
    pub service: Option<&'a str>,
    /// Where help is found.
    pub help: Option<&'a str>,
}

/// To whom a mail goes, and as which message.
#[derive(Clone)]
pub struct MailTo<'a> {
    /// Makes the Message-ID, so that a repetition can be told.
    pub id: &'a MessageId,
    pub address: &'a str,
    /// The applicant's name as they typed it, for greeting and header.
    pub name: Option<&'a str>,
    pub language: Language,
    pub voice: Voice<'a>,
    /// When the message was made, milliseconds since 1970: the same at every attempt.
    pub at_ms: i64,
}

/// Sends e-mails.
pub struct Mailer {
    composer: Composer,
    way: Way,
}

enum Way {
    Outbox(Outbox),
    Smtp(Box<Smtp>),
}

impl Mailer {
    /// `outbox` is the local outbox's directory, used where the settings ask for it.
    pub fn new(
        settings: &MailSettings,
        brand: &BrandSettings,
        outbox: &Path,
    ) -> Result<Self, SettingError> {
        let composer = Composer::new(settings, brand)?;
        let way = match settings.transport {
            MailTransport::Outbox => Way::Outbox(Outbox::new(outbox)),
            MailTransport::Smtp => Way::Smtp(Box::new(Smtp::new(settings)?)),
        };
        Ok(Self { composer, way })
    }

    /// Subject and text as they would be sent.
    pub fn preview(
        &self,
        mail: &Mail,
        language: Language,
        name: Option<&str>,
        voice: Voice<'_>,
    ) -> Result<(String, String), DeliveryError> {
        self.composer.preview(mail, language, name, voice)
    }

    /// Returns once the server (or the disk) has taken the mail.
    pub async fn send(&self, to: MailTo<'_>, mail: &Mail) -> Result<(), DeliveryError> {
        match &self.way {
            Way::Outbox(outbox) => {
                let message = self
                    .composer
                    .compose(&to, mail, compose::Encoding::Readable)?;
                outbox.put(to.id, "eml", message.formatted()).await
            }
            Way::Smtp(smtp) => {
                let message = self.composer.compose(&to, mail, compose::Encoding::Safe)?;
                smtp.send(message).await
            }
        }
    }
}
