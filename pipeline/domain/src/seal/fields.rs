//! The message: fields one after another.

use std::fmt;

use super::{GROUP, SealError, TRUNCATED};

/// Two characters that name a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId([u8; 2]);

impl FieldId {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl fmt::Display for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Fields of fixed size, which no separator ends: document type, nationality, sex, birth date,
/// country of birth. Every other field is read to its separator.
const FIXED: [(&[u8; 2], usize); 5] = [(b"65", 2), (b"67", 2), (b"68", 1), (b"69", 8), (b"6C", 2)];

/// Every field from `from` on; truncated ones carry what there is.
pub(super) fn read(bytes: &[u8], from: usize) -> Result<Vec<(FieldId, String)>, SealError> {
    let mut at = from;
    let mut found: Vec<(FieldId, String)> = Vec::new();
    while at < bytes.len() {
        let id = match bytes.get(at..at + 2) {
            Some(&[a, b]) if is_id(a) && is_id(b) => FieldId([a, b]),
            _ => return Err(SealError::Field(at + 1)),
        };
        at += 2;
        let rest = &bytes[at..];
        let ends = |b: &u8| matches!(*b, GROUP | TRUNCATED);
        let fixed = FIXED.iter().find(|(own, _)| **own == id.0);
        let length = match fixed {
            Some((_, size)) if rest.len() < *size || rest[..*size].iter().any(ends) => {
                return Err(SealError::FieldCutOff { id });
            }
            Some((_, size)) => *size,
            None => rest.iter().position(ends).unwrap_or(rest.len()),
        };
        if found.iter().any(|(own, _)| *own == id) {
            return Err(SealError::Twice { id });
        }
        let value = String::from_utf8_lossy(&rest[..length]);
        found.push((id, value.trim_end().to_owned()));
        at += length;
        // Some writers end fixed fields too.
        if bytes.get(at).is_some_and(ends) {
            at += 1;
        }
    }
    Ok(found)
}

fn is_id(b: u8) -> bool {
    b.is_ascii_digit() || b.is_ascii_uppercase()
}
