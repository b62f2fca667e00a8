//! Signed challenges: whoever hands in a recording shows by the token which challenge it answers, for
//! which attempt and until when. What was used once only the database knows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idproof_domain::challenge::Script;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::VaultError;
use crate::secrets::{Purpose, Secrets};

/// Longer tokens are none.
const LONGEST: usize = 1024;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeClaims {
    /// The challenge's id.
    pub id: String,
    /// The attempt it was drawn for: of a case, or as an operator names it.
    pub attempt: String,
    /// Milliseconds since 1970.
    pub expires_at: i64,
    /// [`script_digest`] of what it asks.
    pub script: String,
}

/// SHA-256 of what a challenge asks, hexadecimal.
pub fn script_digest(script: &Script) -> String {
    // A script of numbers and names always has its JSON.
    let text = serde_json::to_vec(script).unwrap_or_default();
    format!("{:x}", Sha256::digest(text))
}

impl Secrets {
    /// The claims and their keyed hash, as text for an address or a file.
    pub fn sign_challenge(&self, claims: &ChallengeClaims) -> Result<String, VaultError> {
        let body = serde_json::to_vec(claims).unwrap_or_default();
        let mac = self.hmac(Purpose::Tokens, &[b"signed challenge", &body])?;
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(format!("{}.{}", text(&body), text(&mac)))
    }

    /// What a token says; `None` where it was not signed here, or was changed since.
    pub fn read_challenge(&self, token: &str) -> Result<Option<ChallengeClaims>, VaultError> {
        let Some((body, mac)) = parts(token) else {
            return Ok(None);
        };
        if !self.verify(Purpose::Tokens, &[b"signed challenge", &body], &mac)? {
            return Ok(None);
        }
        Ok(serde_json::from_slice(&body).ok())
    }
}

fn parts(token: &str) -> Option<(Vec<u8>, [u8; 32])> {
    if token.len() > LONGEST {
        return None;
    }
    let (body, mac) = token.split_once('.')?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    Some((bytes(body)?, bytes(mac)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::crypto::key::Key;

    struct Fixed(u8);

    impl idproof_ports::Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn secrets(seed: u8) -> Secrets {
        Secrets::new(Key::random(&Fixed(seed)), Arc::new(Fixed(seed)))
    }

    fn claims() -> ChallengeClaims {
        ChallengeClaims {
            id: "chl_0".into(),
            attempt: "case_0/1".into(),
            expires_at: 1_700_000_000_000,
            script: "ab".into(),
        }
    }

    #[test]
    fn a_token_says_what_was_signed_and_nothing_else() {
        let token = secrets(3).sign_challenge(&claims()).unwrap();
        assert_eq!(secrets(3).read_challenge(&token).unwrap(), Some(claims()));
        assert_eq!(secrets(4).read_challenge(&token).unwrap(), None);
        let mut later = claims();
        later.expires_at += 1;
        let other = secrets(4).sign_challenge(&later).unwrap();
        let (body, _) = other.split_once('.').unwrap();
        let (_, mac) = token.split_once('.').unwrap();
        let mixed = format!("{body}.{mac}");
        assert_eq!(secrets(3).read_challenge(&mixed).unwrap(), None);
        for broken in [
            "",
            ".",
            "a.b",
            &token[1..],
            &token[..token.len() - 1],
            &"x".repeat(5_000),
        ] {
            assert_eq!(secrets(3).read_challenge(broken).unwrap(), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_token(text in "[ -~]{0,200}") {
            prop_assert_eq!(secrets(3).read_challenge(&text).unwrap(), None);
        }

        #[test]
        fn a_changed_byte_spoils_it(place in 0usize..200, by in 1u8..=255) {
            let token = secrets(3).sign_challenge(&claims()).unwrap();
            let mut bytes = token.clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] = bytes[place].wrapping_add(by);
            if let Ok(changed) = String::from_utf8(bytes) {
                // The last character of base 64 may have bits that say nothing.
                let read = secrets(3).read_challenge(&changed).unwrap();
                prop_assert!(read.is_none() || read == Some(claims()));
            }
        }
    }
}
