//! The few parts of an X.509 certificate (RFC 5280, 4.1) that a seal is checked with: period
//! and elliptic-curve key. Nothing is verified here; the operator chose the file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::{Date, Month};

/// Object identifiers of the curves, as they stand in DER (RFC 5480, 2.1.1.1).
pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub(crate) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// `id-ecPublicKey`.
const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

const SEQUENCE: u8 = 0x30;
const IDENTIFIER: u8 = 0x06;
const BITS: u8 = 0x03;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;

pub(crate) struct Parsed {
    pub first: Date,
    pub last: Date,
    /// The curve's object identifier.
    pub curve: Vec<u8>,
    /// The point.
    pub key: Vec<u8>,
}

/// Elements one after another.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Tag and contents of the next element, of definite length below 16 MiB.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, first) = (*self.0.first()?, *self.0.get(1)?);
        let (length, head) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x83 => {
                let count = usize::from(first & 0x7f);
                let bytes = self.0.get(2..2 + count)?;
                let length = bytes.iter().fold(0, |l, b| l << 8 | usize::from(*b));
                (length, 2 + count)
            }
            _ => return None,
        };
        let contents = self.0.get(head..head.checked_add(length)?)?;
        self.0 = &self.0[head + length..];
        Some((tag, contents))
    }

    fn of(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(own, _)| *own == tag).map(|(_, c)| c)
    }
}

/// `None` for what is no certificate with an elliptic-curve key.
pub(crate) fn certificate(der: &[u8]) -> Option<Parsed> {
    let whole = Elements(der).of(SEQUENCE)?;
    let mut parts = Elements(Elements(whole).of(SEQUENCE)?);
    let (tag, _) = parts.next()?;
    if tag == VERSION {
        parts.next()?; // serial number
    }
    parts.of(SEQUENCE)?; // algorithm of the certificate's own signature
    parts.of(SEQUENCE)?; // issuer
    let mut period = Elements(parts.of(SEQUENCE)?);
    let (first, last) = (day(period.next()?)?, day(period.next()?)?);
    parts.of(SEQUENCE)?; // subject
    let mut info = Elements(parts.of(SEQUENCE)?);
    let mut algorithm = Elements(info.of(SEQUENCE)?);
    if algorithm.of(IDENTIFIER)? != EC_KEY {
        return Some(Parsed {
            first,
            last,
            curve: Vec::new(),
            key: Vec::new(),
        });
    }
    let curve = algorithm.of(IDENTIFIER)?.to_vec();
    // The first byte counts unused bits.
    let (unused, key) = info.of(BITS)?.split_first()?;
    (*unused == 0).then(|| Parsed {
        first,
        last,
        curve,
        key: key.to_vec(),
    })
}

/// `YYMMDD…` (1950 to 2049) or `YYYYMMDD…`.
fn day((tag, text): (u8, &[u8])) -> Option<Date> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let (year, at) = match tag {
        UTC_TIME => {
            let short = number(0, 2)?;
            (
                if short < 50 {
                    2000 + short
                } else {
                    1900 + short
                },
                2,
            )
        }
        GENERAL_TIME => (number(0, 4)?, 4),
        _ => return None,
    };
    let month = Month::try_from(u8::try_from(number(at, at + 2)?).ok()?).ok()?;
    let day = u8::try_from(number(at + 2, at + 4)?).ok()?;
    Date::from_calendar_date(i32::from(year), month, day).ok()
}

/// The DER inside PEM (RFC 7468); anything else as it is.
pub(crate) fn unarmoured(bytes: &[u8]) -> Option<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    if !bytes.starts_with(b"-----BEGIN") {
        return Some(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let inner = text.split_once(BEGIN)?.1.split_once(END)?.0;
    let inner: String = inner.split_whitespace().collect();
    STANDARD.decode(inner).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_none() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x03\x30\x01\x02",
            b"not a certificate",
        ] {
            assert!(certificate(bytes).is_none());
        }
        assert!(unarmoured(b"-----BEGIN CERTIFICATE-----\n!").is_none());
    }
}
