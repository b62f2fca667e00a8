//! Six-digit codes: confirmation of an e-mail address or a telephone, activation by letter.

use std::str::FromStr;

/// A six-digit code. `Debug` hides it, nothing displays it, and two are never compared: what is
/// typed is compared by keyed hash.
#[derive(Clone)]
pub struct SixDigits([u8; 6]);

/// Says nothing of what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has six digits")]
pub struct NotSixDigits;

impl SixDigits {
    /// From a keyed hash (HMAC-SHA256 of a nonce). The first 128 bits modulo 10^6: no code is
    /// likelier than another by more than 10^6 / 2^128.
    pub fn from_mac(mac: &[u8; 32]) -> Self {
        let mut rest = mac[..16]
            .iter()
            .fold(0u128, |n, byte| (n << 8) | u128::from(*byte));
        let mut digits = [b'0'; 6];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        Self(digits)
    }

    /// The digits themselves: for the letter, the message and the hash, nothing else.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// In two groups, as people read them: `123 456`.
    pub fn grouped(&self) -> String {
        let code = self.reveal();
        format!("{} {}", &code[..3], &code[3..])
    }
}

impl FromStr for SixDigits {
    type Err = NotSixDigits;

    /// As people type it: spaces and hyphens between the digits are left out.
    fn from_str(typed: &str) -> Result<Self, NotSixDigits> {
        let mut digits = [0u8; 6];
        let mut n = 0;
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            if n == 6 || !c.is_ascii_digit() {
                return Err(NotSixDigits);
            }
            digits[n] = u8::try_from(c).map_err(|_| NotSixDigits)?;
            n += 1;
        }
        (n == 6).then_some(Self(digits)).ok_or(NotSixDigits)
    }
}

impl std::fmt::Debug for SixDigits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SixDigits(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mac(low: u128) -> [u8; 32] {
        let mut mac = [0xff; 32];
        mac[..16].copy_from_slice(&low.to_be_bytes());
        mac
    }

    #[test]
    fn the_hash_gives_its_remainder_with_leading_zeros() {
        assert_eq!(SixDigits::from_mac(&mac(0)).reveal(), "000000");
        assert_eq!(SixDigits::from_mac(&mac(7_000_042)).reveal(), "000042");
        // 2^128 - 1 = …768211455
        assert_eq!(SixDigits::from_mac(&mac(u128::MAX)).reveal(), "211455");
    }

    #[test]
    fn it_is_typed_with_or_without_spaces() {
        for typed in ["123456", " 123 456 ", "12-34-56", "123\u{a0}456"] {
            assert_eq!(typed.parse::<SixDigits>().unwrap().reveal(), "123456");
        }
        for typed in [
            "",
            "12345",
            "1234567",
            "12345x",
            "１２３４５６",
            "+12345",
            "123456٧",
        ] {
            assert!(typed.parse::<SixDigits>().is_err(), "{typed}");
        }
        assert_eq!("123456".parse::<SixDigits>().unwrap().grouped(), "123 456");
    }

    #[test]
    fn debug_hides_it() {
        let code: SixDigits = "473829".parse().unwrap();
        assert_eq!(format!("{code:?}"), "SixDigits(hidden)");
    }

    proptest! {
        #[test]
        fn every_hash_gives_a_code_that_can_be_typed(mac: [u8; 32]) {
            let code = SixDigits::from_mac(&mac);
            prop_assert!(code.reveal().parse::<SixDigits>().is_ok());
        }
    }
}
