use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use idproof_domain::Language;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::{MailTo, Voice};
use crate::error::{DeliveryError, Reason, SettingError};
use crate::settings::{BrandSettings, MailSettings};
use crate::words::clean_name;
use crate::words::mail::{Frame, Mail, Words, frame, help, words};

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    lang: &'static str,
    words: &'a Words,
    frame: &'a Frame,
    help: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    words: &'a Words,
    frame: &'a Frame,
    help: Option<&'a str>,
}

/// Bytes a line may have (RFC 5322: 998).
const MAX_LINE: usize = 990;

/// How bodies are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are, for people who open the file.
    Readable,
    /// Quoted-printable, which every server carries.
    Safe,
}

/// Turns what a mail says into a message.
pub struct Composer {
    from: Mailbox,
    notice_from: Mailbox,
    service: String,
    help: Option<String>,
}

fn mailbox(key: &'static str, text: &str) -> Result<Mailbox, SettingError> {
    text.parse()
        .map_err(|_| SettingError::new(key, "must be `Name <address>` or an address"))
}

impl Composer {
    pub fn new(settings: &MailSettings, brand: &BrandSettings) -> Result<Self, SettingError> {
        let from = mailbox("mail.from", &settings.from)?;
        let notice_from = match &settings.notice_from {
            Some(text) => mailbox("mail.notice_from", text)?,
            None => Mailbox::new(None, from.email.clone()),
        };
        let service = clean_name(&brand.name)
            .ok_or_else(|| SettingError::new("brand.name", "must not be empty"))?;
        Ok(Self {
            from,
            notice_from,
            service,
            help: brand.help.as_deref().and_then(clean_name),
        })
    }

    /// The same message every time, to the byte, for the same arguments.
    pub fn compose(
        &self,
        to: &MailTo<'_>,
        mail: &Mail,
        encoding: Encoding,
    ) -> Result<Message, DeliveryError> {
        let no_address = || DeliveryError::permanent(Reason::NotAnAddress);
        let address: Address = to.address.parse().map_err(|_| no_address())?;
        let name = to.name.and_then(clean_name);
        let from = if mail.hides_sender() {
            &self.notice_from
        } else {
            &self.from
        };
        let (text, html) = self.bodies(mail, to.language, name.as_deref(), to.voice)?;
        let age = Duration::from_millis(u64::try_from(to.at_ms).unwrap_or(0));
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", to.id, from.email.domain())))
            .date(UNIX_EPOCH + age)
            .from(from.clone())
            .to(Mailbox::new(name, address))
            .subject(words(mail, to.language).subject)
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", to.language.code()))
            .multipart(
                MultiPart::alternative()
                    .boundary(format!("=_{}", to.id))
                    .singlepart(part(ContentType::TEXT_PLAIN, text, encoding))
                    .singlepart(part(ContentType::TEXT_HTML, html, encoding)),
            );
        message.map_err(|_| unmakeable())
    }

    /// Subject and text, without making a message of them.
    pub fn preview(
        &self,
        mail: &Mail,
        language: Language,
        name: Option<&str>,
        voice: Voice<'_>,
    ) -> Result<(String, String), DeliveryError> {
        let name = name.and_then(clean_name);
        let (text, _) = self.bodies(mail, language, name.as_deref(), voice)?;
        Ok((words(mail, language).subject.to_owned(), text))
    }

    fn bodies(
        &self,
        mail: &Mail,
        language: Language,
        name: Option<&str>,
        voice: Voice<'_>,
    ) -> Result<(String, String), DeliveryError> {
        let words = &words(mail, language);
        let service = voice.service.and_then(clean_name);
        let service = service.as_deref().unwrap_or(&self.service);
        let frame = &frame(mail, language, name, service);
        // A way to get help would tell whose letter it is.
        let contact = voice.help.and_then(clean_name);
        let help = match contact.as_ref().or(self.help.as_ref()) {
            Some(contact) if !mail.hides_sender() => Some(help(language, contact)),
            _ => None,
        };
        let help = help.as_deref();
        let lang = language.code();
        let text = Text { words, frame, help }.render();
        let html = Html {
            lang,
            words,
            frame,
            help,
        };
        match (text, html.render()) {
            (Ok(text), Ok(html)) => Ok((text, html)),
            _ => Err(unmakeable()),
        }
    }
}

fn unmakeable() -> DeliveryError {
    DeliveryError::permanent(Reason::Unmakeable("the e-mail cannot be laid out"))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn part(kind: ContentType, text: String, encoding: Encoding) -> SinglePart {
    let readable = encoding == Encoding::Readable && text.lines().all(|l| l.len() <= MAX_LINE);
    let part = SinglePart::builder().header(kind);
    if readable {
        // lettre itself takes eight bits only where it finds them shortest.
        let bytes = text.replace('\n', "\r\n").into_bytes();
        let encoding = ContentTransferEncoding::EightBit;
        return part.body(Body::dangerous_pre_encoded(bytes, encoding));
    }
    part.header(ContentTransferEncoding::QuotedPrintable)
        .body(text)
}
