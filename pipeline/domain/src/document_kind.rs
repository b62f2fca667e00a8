//! The documents an applicant may show.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A side of a document that is photographed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Front,
    Back,
}

/// What the document is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    Card,
    Booklet,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $shape:ident, [$($side:ident),+], $fr:literal, $en:literal;)+) => {
        /// A kind of document. Codes are stable: they are in the database, the API and the pages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum DocumentKind {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl DocumentKind {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The sides to photograph; those of a booklet are its page of data.
            pub fn sides(self) -> &'static [Side] {
                match self { $(Self::$variant => &[$(Side::$side),+],)+ }
            }

            pub fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)+ }
            }

            /// What people call it, in French and in English.
            pub fn label(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($fr, $en),)+ }
            }
        }
    };
}

kinds! {
    /// Card format, since 2021.
    FrenchCard = "fr_card", Card, [Front, Back],
        "Carte d'identité française (format carte bancaire)", "French identity card (bank card size)";
    /// Laminated, 1995 to 2021.
    FrenchOldCard = "fr_card_1995", Card, [Front, Back],
        "Carte d'identité française (ancien modèle bleu)", "French identity card (older blue model)";
    FrenchPassport = "fr_passport", Booklet, [Front],
        "Passeport français", "French passport";
    FrenchPermit = "fr_permit", Card, [Front, Back],
        "Titre de séjour français", "French residence permit";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of document that is accepted")]
pub struct UnknownDocument;

impl FromStr for DocumentKind {
    type Err = UnknownDocument;

    fn from_str(text: &str) -> Result<Self, UnknownDocument> {
        Self::ALL
            .iter()
            .copied()
            .find(|k| k.as_str() == text)
            .ok_or(UnknownDocument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_a_booklet_has_one_side() {
        for kind in DocumentKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(kind.sides().len() == 1, kind.shape() == Shape::Booklet);
        }
        assert_eq!("library_card".parse::<DocumentKind>(), Err(UnknownDocument));
    }
}
