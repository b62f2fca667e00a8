//! Registered letters: a port for whoever carries them, and the two carriers that are built in.

mod export;
mod pdf;
mod sheet;
mod typeset;

use idproof_domain::letter::LetterContent;
use jiff::civil::Date;

use crate::error::{DeliveryError, Reason};

pub use export::PrintExport;
pub use pdf::{LetterPdf, PdfError, Unpostable, Window, letter_pdf};
pub use sheet::{Sheet, sheet_pdf};

/// Carries letters. Blocking: call it where blocking is allowed.
pub trait LetterProvider: Send + Sync {
    /// Stable name, stored with each letter.
    fn code(&self) -> &'static str;

    /// Whether the letter is notified, accepted and opened on the service's own pages.
    fn is_electronic(&self) -> bool;

    /// Takes a letter on `today`, the local day. Given the same letter again, whenever, it does
    /// nothing: a letter is carried once.
    fn deposit(&self, content: &LetterContent, today: Date) -> Result<(), DeliveryError>;
}

/// The built-in registered e-letter. Its life is in `idproof_domain::letter`; depositing it
/// leaves nothing outside the service.
#[derive(Debug, Clone, Copy, Default)]
pub struct ElectronicLetter;

impl LetterProvider for ElectronicLetter {
    fn code(&self) -> &'static str {
        "electronic"
    }

    fn is_electronic(&self) -> bool {
        true
    }

    /// Makes sure that the letter can be shown when its addressee opens it.
    fn deposit(&self, content: &LetterContent, _today: Date) -> Result<(), DeliveryError> {
        letter_pdf(content, Window::default()).map(|_| ())?;
        Ok(())
    }
}

impl From<PdfError> for DeliveryError {
    fn from(error: PdfError) -> Self {
        Self::permanent(Reason::Letter(error))
    }
}
