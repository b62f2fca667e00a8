use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use idproof_ports::Random;
use sha2::Sha256;
use sha2::digest::KeyInit;
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::crypto::key::{KEY_BYTES, Key};
use crate::crypto::seal;
use crate::error::VaultError;

/// What a derived key is for. Keys of different purposes have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Confirmation and activation codes.
    Codes,
    /// Continuation tokens and integrators' keys.
    Tokens,
    /// Secrets that sign webhooks.
    Webhooks,
    /// Proofs of registered letters.
    Letters,
    /// Keyed fingerprints of personal data, to compare without keeping it.
    Fingerprints,
    /// What people who work in the console hold or write: second factors, notes.
    Staff,
    /// Signs evidence files.
    Evidence,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Codes => "codes",
            Self::Tokens => "tokens",
            Self::Webhooks => "webhooks",
            Self::Letters => "letters",
            Self::Fingerprints => "fingerprints",
            Self::Staff => "staff",
            Self::Evidence => "evidence",
        }
    }
}

/// Keys bound to a purpose, derived by HKDF-SHA256 from a master that the keyring holds sealed.
/// Rotating the root key leaves them as they are.
#[derive(Clone)]
pub struct Secrets {
    master: Key,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

impl Secrets {
    pub(crate) fn new(master: Key, random: Arc<dyn Random>) -> Self {
        Self { master, random }
    }

    /// HMAC-SHA256 over the parts, each preceded by its length: `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn hmac(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<[u8; 32], VaultError> {
        Ok(self.mac(purpose, parts)?.finalize().into_bytes().into())
    }

    /// Whether `expected` is the parts' HMAC, compared in constant time.
    pub fn verify(
        &self,
        purpose: Purpose,
        parts: &[&[u8]],
        expected: &[u8; 32],
    ) -> Result<bool, VaultError> {
        Ok(self.mac(purpose, parts)?.verify(expected.into()).is_ok())
    }

    /// Encrypts a short text, to be kept in the database. It opens only with the same purpose and
    /// context; let the context name the row it belongs to.
    pub fn seal(&self, purpose: Purpose, context: &str, plain: &str) -> Result<String, VaultError> {
        let key = self.key(purpose, "seal")?;
        let sealed = seal::seal(&key, context, plain.as_bytes(), &*self.random)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The text that [`Secrets::seal`] took.
    pub fn open(
        &self,
        purpose: Purpose,
        context: &str,
        sealed: &str,
    ) -> Result<Zeroizing<String>, VaultError> {
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| VaultError::Sealed)?;
        let key = self.key(purpose, "seal")?;
        let plain = seal::open(&key, context, &sealed).ok_or(VaultError::Sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Sealed)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<Hmac<Sha256>, VaultError> {
        let key = self.key(purpose, "mac")?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.bytes())
            .map_err(|_| VaultError::Crypto("a key has the wrong length"))?;
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(mac)
    }

    fn key(&self, purpose: Purpose, usage: &str) -> Result<Key, VaultError> {
        let info: [&[u8]; 4] = [
            b"idproof ",
            purpose.name().as_bytes(),
            b" ",
            usage.as_bytes(),
        ];
        let bytes = self.master.derive::<KEY_BYTES>(b"", &info)?;
        Key::from_slice(bytes.as_ref()).ok_or(VaultError::Crypto("a key has the wrong length"))
    }
}
