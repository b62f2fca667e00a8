//! The second factor: time-based codes (RFC 6238), six digits, thirty seconds, SHA-1 as every
//! authenticator expects.

use idproof_database::Staff;
use idproof_vault::Purpose;
use totp_rs::{Algorithm, TOTP};

use crate::problem::{Problem, internal};
use crate::service::Service;

const STEP_S: u64 = 30;
const DIGITS: usize = 6;
/// Steps by which a clock may be off.
const SKEW: i64 = 1;
const SECRET_BYTES: usize = 20;

fn totp(secret: Vec<u8>, issuer: &str, account: &str) -> Result<TOTP, Problem> {
    // A colon would end the issuer.
    let clean = |text: &str| text.replace(':', " ");
    TOTP::new(
        Algorithm::SHA1,
        DIGITS,
        0,
        STEP_S,
        secret,
        Some(clean(issuer)),
        clean(account),
    )
    .map_err(|_| internal("a second factor cannot be made"))
}

/// The time step of a code, if it is one of those around now and none of up to `last`.
fn step_of(totp: &TOTP, code: &str, now_ms: i64, last: i64) -> Option<i64> {
    let now = now_ms.div_euclid(1_000 * i64::try_from(STEP_S).ok()?);
    let mut found = None;
    for step in now - SKEW..=now + SKEW {
        let at = u64::try_from(step).ok()?.checked_mul(STEP_S)?;
        let right = same(totp.generate(at).as_bytes(), code.as_bytes());
        if right && step > last {
            found = Some(step);
        }
    }
    found
}

/// Takes as long wherever they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (x, y)| sum | (x ^ y)) == 0
}

fn context(staff: &Staff) -> String {
    format!("second factor of {}", staff.id)
}

impl Service {
    /// A new second factor, sealed, and what an authenticator is told: the secret in base 32 and
    /// its address.
    pub(super) fn new_totp(&self, staff: &Staff) -> Result<(String, String, String), Problem> {
        let mut secret = vec![0; SECRET_BYTES];
        self.random().fill(&mut secret);
        let totp = totp(secret, &self.parts.enrolment.name, &staff.name)?;
        let text = totp.get_secret_base32();
        let sealed = self
            .secrets()
            .seal(Purpose::Staff, &context(staff), &text)?;
        Ok((sealed, text, totp.get_url()))
    }

    /// The time step of a code that this sealed factor gives and that was not used before.
    pub(super) fn totp_step(
        &self,
        staff: &Staff,
        sealed: &str,
        code: &str,
    ) -> Result<Option<i64>, Problem> {
        let text = self
            .secrets()
            .open(Purpose::Staff, &context(staff), sealed)?;
        let secret = totp_rs::Secret::Encoded(text.to_string())
            .to_bytes()
            .map_err(|_| internal("a second factor cannot be read"))?;
        let totp = totp(secret, &self.parts.enrolment.name, &staff.name)?;
        Ok(step_of(&totp, code, self.now(), staff.totp_step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, its last six digits.
    #[test]
    fn codes_are_those_of_the_standard_and_are_taken_once() {
        let totp = totp(b"12345678901234567890".to_vec(), "a:b", "ada").unwrap();
        let at = |s: i64| s * 1_000;
        assert_eq!(step_of(&totp, "287082", at(59), -1), Some(1));
        assert_eq!(
            step_of(&totp, "081804", at(1_111_111_109), 0),
            Some(37_037_036)
        );
        assert_eq!(step_of(&totp, "287082", at(59), 1), None, "used");
        assert_eq!(
            step_of(&totp, "287082", at(89), -1),
            Some(1),
            "a clock behind"
        );
        assert_eq!(step_of(&totp, "287082", at(120), -1), None, "too old");
        for wrong in ["287083", "", "28708", "2870820", "abcdef"] {
            assert_eq!(step_of(&totp, wrong, at(59), -1), None);
        }
    }
}
