use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idproof_domain::ids::MessageId;

use crate::error::VaultError;
use crate::secrets::{Purpose, Secrets};

/// What the link in a message carries to let its reader in: a continuation token.
pub struct LinkToken {
    pub text: String,
    /// What the database keeps.
    pub hash: String,
}

impl Secrets {
    /// The token of a message. It is derived, so that it need not be stored and that every attempt
    /// to send the message sends the same one.
    pub fn link_token(&self, message: &MessageId) -> Result<LinkToken, VaultError> {
        let mac = self.hmac(Purpose::Tokens, &[b"link", message.as_str().as_bytes()])?;
        let text = format!("idc_{}", URL_SAFE_NO_PAD.encode(mac));
        let hash = self.continuation_hash(&text)?;
        Ok(LinkToken { text, hash })
    }

    /// What the database keeps of a continuation token: 64 hexadecimal digits.
    pub fn continuation_hash(&self, token: &str) -> Result<String, VaultError> {
        let mac = self.hmac(Purpose::Tokens, &[b"continuation", token.as_bytes()])?;
        Ok(mac.iter().map(|b| format!("{b:02x}")).collect())
    }
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
    fn a_message_has_one_token_and_no_other_message_has_it() {
        let secrets = Secrets::new(Key::random(&Fixed), Arc::new(Fixed));
        let one = MessageId::new(1, [1; 10]);
        let first = secrets.link_token(&one).unwrap();
        let again = secrets.link_token(&one).unwrap();
        assert_eq!((&first.text, &first.hash), (&again.text, &again.hash));
        assert!(first.text.len() == 47 && first.hash.len() == 64);
        let other = secrets.link_token(&MessageId::new(1, [2; 10])).unwrap();
        assert_ne!(first.text, other.text);
        assert_ne!(first.hash, other.hash);
    }
}
