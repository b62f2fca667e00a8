use std::fmt;
use std::str::FromStr;

use idproof_domain::ids::CaseId;

/// The name of one stored object: a case id, then one or more parts of `a-z 0-9 _ -`, joined by
/// `/`, at most [`ObjectName::LONGEST`] characters. There is no way to write a path outside the
/// store with it. The caller makes names unique; a name is written once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    text: String,
    case: CaseId,
}

/// Not the name of an object. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an object: a case id, then parts of a-z 0-9 _ - joined by /")]
pub struct ObjectNameError;

impl ObjectName {
    pub const LONGEST: usize = 200;

    /// `rest` is what follows the case id and its `/`.
    pub fn new(case: &CaseId, rest: &str) -> Result<Self, ObjectNameError> {
        let text = format!("{case}/{rest}");
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
        let parts_ok = rest
            .split('/')
            .all(|part| !part.is_empty() && part.bytes().all(allowed));
        if !parts_ok || text.len() > Self::LONGEST {
            return Err(ObjectNameError);
        }
        Ok(Self {
            text,
            case: case.clone(),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn case(&self) -> &CaseId {
        &self.case
    }

    /// What follows the case id and its `/`.
    pub fn rest(&self) -> &str {
        self.text
            .split_once('/')
            .map(|(_, rest)| rest)
            .unwrap_or_default()
    }
}

impl FromStr for ObjectName {
    type Err = ObjectNameError;

    fn from_str(text: &str) -> Result<Self, ObjectNameError> {
        let (case, rest) = text.split_once('/').ok_or(ObjectNameError)?;
        Self::new(&case.parse().map_err(|_| ObjectNameError)?, rest)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        let case = CaseId::new(1, [7; 10]);
        let name = ObjectName::new(&case, "upl_1/0001").unwrap();
        assert_eq!(name.rest(), "upl_1/0001");
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
        let long = "a".repeat(ObjectName::LONGEST);
        for rest in [
            "", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "A", "a b", "a\0", "é",
            "a.key", "a\\b", &long,
        ] {
            assert_eq!(ObjectName::new(&case, rest), Err(ObjectNameError), "{rest}");
        }
        for text in [
            "",
            "a",
            "a/b",
            "../x",
            "case_1/a",
            "upl_00000000000000000000000000/a",
        ] {
            assert!(text.parse::<ObjectName>().is_err(), "{text}");
        }
    }
}
