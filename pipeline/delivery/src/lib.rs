//! Everything that leaves the service: e-mails, text messages, webhooks and letters. Adapters
//! only: what is due, when, and how often it is tried is decided elsewhere.

mod error;
mod http;
mod letter;
mod mail;
pub mod outbox;
mod secret;
mod settings;
mod sms;
mod webhook;
mod words;

pub use error::{DeliveryError, Reason, SettingError};
pub use letter::{
    ElectronicLetter, LetterPdf, LetterProvider, PdfError, PrintExport, Sheet, Unpostable, Window,
    letter_pdf, sheet_pdf,
};
pub use mail::{Bounce, MailTo, Mailer, NoBounce, Voice, read_bounce};
pub use secret::Secret;
pub use settings::{
    BrandSettings, MailSecurity, MailSettings, MailTransport, SmsFormat, SmsSettings, SmsTransport,
};
pub use sms::{SmsSender, SmsTo};
pub use webhook::{
    Lookup, MAX_BODY, NotASecret, Resolver, SystemResolver, WebhookSecret, WebhookSender,
};
pub use words::advice::advice;
pub use words::mail::Mail;
pub use words::sms::Sms;
pub use words::{Link, NotALink};
