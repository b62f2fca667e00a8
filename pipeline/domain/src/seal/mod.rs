//! 2D-Doc (ANTS, specification 3.2.6): header and fields of the sealed DataMatrix on French
//! documents. Signatures are checked elsewhere; nothing here is trusted before.

mod fields;

use std::fmt;

use time::{Date, Duration, Month};

pub use fields::FieldId;

const GROUP: u8 = 0x1d;
const TRUNCATED: u8 = 0x1e;
const UNIT: u8 = 0x1f;
/// Longest content of a DataMatrix.
const LONGEST: usize = 2_335;

/// What is wrong with a seal's content; places only, the rest is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No 2D-Doc at all; a seal of another kind, such as that of the card of 2021.
    #[error("the content does not begin with DC: no 2D-Doc")]
    OtherKind,
    #[error("{0} bytes: longer than any DataMatrix")]
    TooLong(usize),
    #[error("the header is cut off")]
    HeaderCutOff,
    #[error("version {0:02} of the header is not known")]
    Version(u8),
    #[error("position {0}: not what the header has there")]
    Header(usize),
    #[error("no unit separator before a signature")]
    NoSignature,
    #[error("the signature is not Base32")]
    Signature,
    #[error("position {0}: no field identifier")]
    Field(usize),
    #[error("field {id} is shorter than its fixed size")]
    FieldCutOff { id: FieldId },
    #[error("field {id} stands there twice")]
    Twice { id: FieldId },
}

/// The header's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 1 to 4.
    pub version: u8,
    /// Certification authority: four characters, such as `FR03`.
    pub authority: String,
    /// Certificate within the authority, four characters.
    pub certificate: String,
    pub emitted: Option<Date>,
    pub signed: Option<Date>,
    /// Document type, two characters: `07` identity, `08` zone, `13` foreigner's.
    pub kind: String,
    pub perimeter: Option<String>,
    pub country: Option<String>,
}

impl Header {
    /// Test authorities and certificates: `XX00`, certificate `0000`.
    pub fn is_test(&self) -> bool {
        self.authority.ends_with("00") || self.certificate == "0000"
    }
}

/// A 2D-Doc taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal {
    pub header: Header,
    fields: Vec<(FieldId, String)>,
    /// What the signature covers: header and message as they stood before the unit separator.
    pub signed: Vec<u8>,
    /// `r` and `s`, as many bytes each as the curve's order has.
    pub signature: Vec<u8>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal")
            .field("header", &self.header)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

impl Seal {
    /// A field's value, trailing spaces gone.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(own, _)| own.as_str() == id)
            .map(|(_, value)| value.as_str())
    }

    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &str)> {
        self.fields.iter().map(|(id, value)| (*id, value.as_str()))
    }
}

/// Takes the content of a DataMatrix apart.
///
/// # Errors
/// See [`SealError`]; [`SealError::OtherKind`] for anything that is no 2D-Doc.
pub fn parse(content: &[u8]) -> Result<Seal, SealError> {
    if !content.starts_with(b"DC") {
        return Err(SealError::OtherKind);
    }
    if content.len() > LONGEST {
        return Err(SealError::TooLong(content.len()));
    }
    let at = content
        .iter()
        .position(|b| *b == UNIT)
        .ok_or(SealError::NoSignature)?;
    let (signed, rest) = (&content[..at], &content[at + 1..]);
    // What follows a group separator is an annex, which nobody signed.
    let signature = rest.split(|b| *b == GROUP).next().unwrap_or_default();
    let (header, length) = header(signed)?;
    Ok(Seal {
        header,
        fields: fields::read(signed, length)?,
        signed: signed.to_vec(),
        signature: base32(signature).ok_or(SealError::Signature)?,
    })
}

fn header(bytes: &[u8]) -> Result<(Header, usize), SealError> {
    let digit = |at: usize| match bytes.get(at) {
        Some(b @ b'0'..=b'9') => Ok(b - b'0'),
        Some(_) => Err(SealError::Header(at + 1)),
        None => Err(SealError::HeaderCutOff),
    };
    let version = digit(2)? * 10 + digit(3)?;
    let length = match version {
        1 | 2 => 22,
        3 => 24,
        4 => 26,
        other => return Err(SealError::Version(other)),
    };
    let Some(head) = bytes.get(..length) else {
        return Err(SealError::HeaderCutOff);
    };
    let text = |from: usize, to: usize| {
        let wrong = |b: &u8| !b.is_ascii_uppercase() && !b.is_ascii_digit();
        match head[from..to].iter().position(wrong) {
            Some(offset) => Err(SealError::Header(from + offset + 1)),
            None => Ok(String::from_utf8_lossy(&head[from..to]).into_owned()),
        }
    };
    let header = Header {
        version,
        authority: text(4, 8)?,
        certificate: text(8, 12)?,
        emitted: day(&text(12, 16)?).ok_or(SealError::Header(13))?,
        signed: day(&text(16, 20)?).ok_or(SealError::Header(17))?,
        kind: text(20, 22)?,
        perimeter: (version >= 3).then(|| text(22, 24)).transpose()?,
        country: (version >= 4).then(|| text(24, 26)).transpose()?,
    };
    Ok((header, length))
}

/// Hexadecimal days since 1 January 2000; `FFFF` is no date. The outer `None`: not hexadecimal.
fn day(text: &str) -> Option<Option<Date>> {
    let days = u16::from_str_radix(text, 16).ok()?;
    let epoch = Date::from_calendar_date(2000, Month::January, 1).ok()?;
    Some((days != u16::MAX).then(|| epoch + Duration::days(i64::from(days))))
}

/// RFC 4648, section 6, without padding.
fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    for b in text {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over is less than a byte and zero.
    (count < 5 && bits == 0).then_some(out)
}

/// What a seal is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Signed under a certificate that the operator keeps, within its period, not revoked.
    Verified,
    /// The signature is wrong.
    Forged,
    UnknownCertificate,
    Revoked,
    /// Signed outside the certificate's period, or undated.
    OutOfPeriod,
    /// A test authority or certificate: worth nothing.
    Test,
}

#[cfg(test)]
mod tests;
