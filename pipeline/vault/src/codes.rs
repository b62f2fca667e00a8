use idproof_domain::code::SixDigits;
use idproof_domain::confirm::CodePurpose;
use idproof_domain::ids::CaseId;

use crate::error::VaultError;
use crate::secrets::{Purpose, Secrets};

/// Six-digit codes are not stored: whoever sends one derives it from the nonce in the database.
impl Secrets {
    /// The digits that belong to a nonce.
    pub fn code(
        &self,
        purpose: CodePurpose,
        case: &CaseId,
        nonce: &str,
    ) -> Result<SixDigits, VaultError> {
        let parts = ["digits", purpose.as_str(), case.as_str(), nonce].map(str::as_bytes);
        Ok(SixDigits::from_mac(&self.hmac(Purpose::Codes, &parts)?))
    }

    /// What the database keeps to compare with: 64 hexadecimal digits.
    pub fn code_hash(
        &self,
        purpose: CodePurpose,
        case: &CaseId,
        code: &SixDigits,
    ) -> Result<String, VaultError> {
        let mac = self.hmac(Purpose::Codes, &hash_parts(purpose, case, code))?;
        Ok(mac.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Whether the typed code has this hash, compared in constant time.
    pub fn is_code(
        &self,
        purpose: CodePurpose,
        case: &CaseId,
        typed: &SixDigits,
        hash: &str,
    ) -> Result<bool, VaultError> {
        let Some(expected) = from_hex(hash) else {
            return Ok(false);
        };
        self.verify(Purpose::Codes, &hash_parts(purpose, case, typed), &expected)
    }
}

/// 64 hexadecimal digits as bytes.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn hash_parts<'a>(purpose: CodePurpose, case: &'a CaseId, code: &'a SixDigits) -> [&'a [u8]; 4] {
    ["hash", purpose.as_str(), case.as_str(), code.reveal()].map(str::as_bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crypto::key::Key;

    struct Fixed;

    impl idproof_ports::Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(3);
        }
    }

    #[test]
    fn a_code_belongs_to_its_purpose_case_and_nonce() {
        let secrets = Secrets::new(Key::random(&Fixed), Arc::new(Fixed));
        let (case, other) = (CaseId::new(1, [1; 10]), CaseId::new(1, [2; 10]));
        let code = |purpose, case, nonce| secrets.code(purpose, case, nonce).unwrap();
        let email = code(CodePurpose::Email, &case, "n");
        assert_eq!(
            email.reveal(),
            code(CodePurpose::Email, &case, "n").reveal()
        );
        for different in [
            code(CodePurpose::Phone, &case, "n"),
            code(CodePurpose::Email, &other, "n"),
            code(CodePurpose::Email, &case, "m"),
        ] {
            assert_ne!(email.reveal(), different.reveal());
        }
        let hash = secrets
            .code_hash(CodePurpose::Email, &case, &email)
            .unwrap();
        let is = |purpose, case, code, hash: &str| secrets.is_code(purpose, case, code, hash);
        assert!(is(CodePurpose::Email, &case, &email, &hash).unwrap());
        assert!(!is(CodePurpose::Phone, &case, &email, &hash).unwrap());
        assert!(!is(CodePurpose::Email, &other, &email, &hash).unwrap());
        let wrong = "000000".parse().unwrap();
        assert!(!is(CodePurpose::Email, &case, &wrong, &hash).unwrap());
        for broken in ["", "zz", &hash[1..], &"é".repeat(32)] {
            assert!(!is(CodePurpose::Email, &case, &email, broken).unwrap());
        }
    }
}
