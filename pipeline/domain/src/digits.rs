use std::str::FromStr;

/// The digits an applicant is asked to say: three to six of them.
///
/// `Debug` hides them: the challenge of a running attempt is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits(Vec<u8>);

#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum DigitsError {
    #[error("expected {min} to {max} digits, got {got}", min = Digits::MIN, max = Digits::MAX)]
    Length { got: usize },
    #[error("character {position} is not one of 0-9")]
    NotADigit { position: usize },
}

impl Digits {
    pub const MIN: usize = 3;
    pub const MAX: usize = 6;

    /// Each value 0..=9.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true; here because `len` is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Digits {
    type Err = DigitsError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let digits = s
            .chars()
            .enumerate()
            .map(|(i, c)| {
                c.to_digit(10)
                    .and_then(|d| u8::try_from(d).ok())
                    .ok_or(DigitsError::NotADigit { position: i + 1 })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if (Self::MIN..=Self::MAX).contains(&digits.len()) {
            Ok(Self(digits))
        } else {
            Err(DigitsError::Length { got: digits.len() })
        }
    }
}

impl std::fmt::Debug for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digits({} hidden)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_to_six_digits_are_accepted() {
        assert_eq!("372".parse::<Digits>().unwrap().as_slice(), [3, 7, 2]);
        assert!("000000".parse::<Digits>().is_ok());
    }

    #[test]
    fn anything_else_is_named() {
        assert_eq!("37".parse::<Digits>(), Err(DigitsError::Length { got: 2 }));
        assert_eq!(
            "1234567".parse::<Digits>(),
            Err(DigitsError::Length { got: 7 })
        );
        assert_eq!(
            "3x2".parse::<Digits>(),
            Err(DigitsError::NotADigit { position: 2 })
        );
        assert_eq!(
            "٣٧٢".parse::<Digits>(),
            Err(DigitsError::NotADigit { position: 1 })
        );
    }

    #[test]
    fn debug_hides_them() {
        assert!(!format!("{:?}", "372".parse::<Digits>().unwrap()).contains('7'));
    }
}
