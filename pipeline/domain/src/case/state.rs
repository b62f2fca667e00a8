use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)+) => {
        /// Where a case stands. Codes are stable: they are in the database, the API and the pages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum CaseState {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl CaseState {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

states! {
    /// Opened; nothing is known yet.
    Created = "created";
    /// E-mail address and telephone number answered with their codes.
    ContactConfirmed = "contact_confirmed";
    /// The applicant has told who they are.
    IdentityDeclared = "identity_declared";
    /// Every side of the document is stored.
    DocumentUploaded = "document_uploaded";
    /// The recording is stored too: all that is missing is the applicant's confirmation.
    VideoUploaded = "video_uploaded";
    /// Handed in; waits for a worker.
    Submitted = "submitted";
    /// A worker has it.
    Processing = "processing";
    /// Waits for a human.
    InReview = "in_review";
    /// The applicant is asked for better pictures, with the cause named.
    RetakeAsked = "retake_asked";
    /// Identity proven; the letter with the activation code is due.
    Accepted = "accepted";
    /// Identity not proven; an appeal is possible while the media exist.
    Refused = "refused";
    /// The letter has left.
    LetterSent = "letter_sent";
    /// The letter was opened: the applicant holds the code.
    LetterOpened = "letter_opened";
    /// The code was entered: the identity is in use.
    Activated = "activated";
    /// In use, but held by its owner, for instance after losing the phone.
    Suspended = "suspended";
    /// Given up by the applicant.
    Withdrawn = "withdrawn";
    /// Not finished in time.
    Expired = "expired";
    /// Personal data removed at the applicant's wish.
    Deleted = "deleted";
}

impl CaseState {
    /// The applicant is still collecting: contact, identity, pictures.
    pub fn is_collecting(self) -> bool {
        self <= Self::VideoUploaded
    }

    /// Nothing happens any more but deletion.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Expired | Self::Deleted)
    }

    /// Media are needed, so that they may not be purged unless the case is abandoned.
    pub fn needs_media(self) -> bool {
        self.is_collecting()
            || matches!(
                self,
                Self::Submitted | Self::Processing | Self::InReview | Self::RetakeAsked
            )
    }
}

impl fmt::Display for CaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a case")]
pub struct UnknownState;

impl FromStr for CaseState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .iter()
            .copied()
            .find(|s| s.as_str() == text)
            .ok_or(UnknownState)
    }
}
