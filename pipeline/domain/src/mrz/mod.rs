//! Machine-readable zones: ICAO Doc 9303 parts 3 to 7 and the French card of 1995 to 2021.
//!
//! [`parse`] takes lines as they stand and reports each check digit on its own; a wrong
//! check digit is a finding, not an error. [`correct`] takes what an optical reader saw
//! and proposes the conformant zones near it, saying how many characters it changed.

mod check;
mod correct;
mod country;
mod date;
mod layout;
mod lone;
mod name;
mod repair;
mod zone;

#[cfg(test)]
mod compose;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use check::long_number;
use layout::{Layout, Span};
use zone::Zone;

pub use check::{CheckDigit, check_digit};
pub use correct::{Correction, correct};
pub use country::CountryCode;
pub use date::{DateRange, Era, MrzDate};
pub use layout::{CheckName, Format};
pub use lone::settle;

/// Why lines are no machine-readable zone. Names places only: the text is personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    #[error("lines of {lengths:?} characters: no format has them (3 × 30, 2 × 36, 2 × 44)")]
    Size { lengths: Vec<usize> },
    #[error("line {line}, column {column}: not one of A-Z, 0-9, <")]
    Character { line: usize, column: usize },
    #[error("line {line}, column {column}: {field} has a character that cannot stand there")]
    Field {
        field: Field,
        line: usize,
        column: usize,
    },
    #[error("line {line}, column {column}: {field} is no date")]
    Date {
        field: Field,
        line: usize,
        column: usize,
    },
    #[error("line {line}, column {column}: {field} is empty")]
    Empty {
        field: Field,
        line: usize,
        column: usize,
    },
}

/// An element of a zone, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    DocumentCode,
    Issuer,
    Number,
    Name,
    Birth,
    Sex,
    Expiry,
    Nationality,
    Issue,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DocumentCode => "the document code",
            Self::Issuer => "the issuing state",
            Self::Number => "the document number",
            Self::Name => "the name",
            Self::Birth => "the birth date",
            Self::Sex => "the sex",
            Self::Expiry => "the expiry date",
            Self::Nationality => "the nationality",
            Self::Issue => "the issue date",
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    Female,
    Male,
    Unspecified,
}

/// What a document code says the document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Passport,
    Visa,
    /// Any other card: identity cards, residence permits, crossing cards.
    Card,
    /// Crew member certificate.
    Crew,
    /// A code that the standard does not know.
    Other,
}

/// The contents of a machine-readable zone. Texts are without trailing fillers.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    pub format: Format,
    /// One or two characters, such as `P`, `ID`, `IR`.
    pub document_code: String,
    pub issuer: CountryCode,
    /// The whole number, long ones put together; a `<` within stands for space or hyphen.
    pub number: String,
    /// Parts with a space between.
    pub surname: String,
    /// Each name part in order; hyphens cannot be told from spaces.
    pub given_names: Vec<String>,
    /// The last position of a name field is a letter: the name may have been cut.
    pub maybe_truncated: bool,
    pub birth_date: MrzDate,
    pub sex: Sex,
    /// The French card of 1995 has none.
    pub expiry: Option<MrzDate>,
    /// The French card of 1995 has none.
    pub nationality: Option<CountryCode>,
    /// Year and month; only the French card of 1995 has it.
    pub issue: Option<MrzDate>,
    /// Optional fields in order, the rest of a long number left out; on the French card of
    /// 1995 the issuing office.
    pub optional: Vec<String>,
    /// In the order of the zone.
    pub checks: Vec<CheckDigit>,
}

impl Mrz {
    pub fn all_checks_valid(&self) -> bool {
        self.checks.iter().all(|c| c.ok)
    }

    /// How many check digits are wrong.
    pub fn wrong_checks(&self) -> usize {
        self.checks.iter().filter(|c| !c.ok).count()
    }

    /// What the document code stands for in this format (Doc 9303-4 to 7).
    pub fn kind(&self) -> DocumentKind {
        let code = self.document_code.as_bytes();
        match (self.format, code) {
            (Format::FrenchCard, b"ID") => DocumentKind::Card,
            (Format::Td3, [b'P'] | [b'P', b'A'..=b'Z']) => DocumentKind::Passport,
            (Format::MrvA | Format::MrvB, [b'V', ..]) => DocumentKind::Visa,
            (Format::Td1 | Format::Td2, b"AC") => DocumentKind::Crew,
            (Format::Td1 | Format::Td2, b"AI") => DocumentKind::Other,
            (Format::Td1 | Format::Td2, [b'A' | b'C' | b'I', ..]) => DocumentKind::Card,
            _ => DocumentKind::Other,
        }
    }
}

impl std::fmt::Debug for Mrz {
    /// Format, issuer and check digits: all else is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mrz")
            .field("format", &self.format)
            .field("document_code", &self.document_code)
            .field("issuer", &self.issuer)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sex(hidden)")
    }
}

/// Reads a zone: its lines top to bottom, of one format's exact size, in `A-Z0-9<`.
///
/// # Errors
/// Size, a foreign character, an element that cannot be what it should be; never a wrong
/// check digit.
pub fn parse<S: AsRef<str>>(lines: &[S]) -> Result<Mrz, MrzError> {
    let zone = Zone::new(lines)?;
    let layout = zone.format.layout();
    let issuer = letters(&zone, layout.issuer, Field::Issuer)?;
    let (surname, given_names) = name::read(&zone, layout)?;
    let date = |span: Span, field: Field| {
        MrzDate::parse(zone.text(span)).map_err(|offset| MrzError::Date {
            field,
            line: span.line + 1,
            column: span.start + offset + 1,
        })
    };
    let date_of = |span: Option<Span>, field| span.map(|s| date(s, field)).transpose();
    Ok(Mrz {
        format: zone.format,
        document_code: document_code(&zone, layout)?,
        issuer: CountryCode::new(&issuer),
        number: number(&zone, layout)?,
        surname,
        given_names,
        maybe_truncated: name::maybe_truncated(&zone, layout),
        birth_date: date(layout.birth, Field::Birth)?,
        sex: sex(&zone, layout.sex)?,
        expiry: date_of(layout.expiry, Field::Expiry)?,
        nationality: layout
            .nationality
            .map(|s| letters(&zone, s, Field::Nationality))
            .transpose()?
            .map(|code| CountryCode::new(&code)),
        issue: date_of(layout.issue, Field::Issue)?,
        optional: optional(&zone, layout),
        checks: check::all(&zone, layout),
    })
}

fn document_code(zone: &Zone, layout: &Layout) -> Result<String, MrzError> {
    let text = zone.string(layout.code);
    if text.starts_with(|c: char| c.is_ascii_uppercase()) {
        Ok(text.trim_end_matches('<').to_owned())
    } else {
        Err(MrzError::Field {
            field: Field::DocumentCode,
            line: layout.code.line + 1,
            column: layout.code.start + 1,
        })
    }
}

/// The characters of a span that may only hold letters and fillers.
fn letters(zone: &Zone, span: Span, field: Field) -> Result<String, MrzError> {
    match zone.text(span).iter().position(u8::is_ascii_digit) {
        None => Ok(zone.string(span)),
        Some(offset) => Err(MrzError::Field {
            field,
            line: span.line + 1,
            column: span.start + offset + 1,
        }),
    }
}

fn number(zone: &Zone, layout: &Layout) -> Result<String, MrzError> {
    let mut text = zone.string(layout.number);
    if let Some((rest, _)) = long_number(zone, layout) {
        text.push_str(&zone.string(rest));
    }
    let text = text.trim_end_matches('<');
    if text.is_empty() {
        return Err(MrzError::Empty {
            field: Field::Number,
            line: layout.number.line + 1,
            column: layout.number.start + 1,
        });
    }
    Ok(text.to_owned())
}

fn sex(zone: &Zone, span: Span) -> Result<Sex, MrzError> {
    match zone.text(span) {
        b"F" => Ok(Sex::Female),
        b"M" => Ok(Sex::Male),
        // `X` belongs to the visual zone, yet some documents print it here.
        b"<" | b"X" => Ok(Sex::Unspecified),
        _ => Err(MrzError::Field {
            field: Field::Sex,
            line: span.line + 1,
            column: span.start + 1,
        }),
    }
}

fn optional(zone: &Zone, layout: &Layout) -> Vec<String> {
    let taken = long_number(zone, layout).map(|(_, digit)| digit);
    layout
        .optional
        .iter()
        .map(|span| match taken {
            Some(digit) if digit.line == span.line => Span {
                start: digit.end,
                ..*span
            },
            _ => *span,
        })
        .map(|span| zone.string(span).trim_matches('<').to_owned())
        .collect()
}
