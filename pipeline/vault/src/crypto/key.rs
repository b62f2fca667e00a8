use std::fmt;

use hkdf::Hkdf;
use idproof_domain::ids::CaseId;
use idproof_ports::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::VaultError;

pub(crate) const KEY_BYTES: usize = 32;

/// 256 secret bits; wiped when dropped, hidden from `Debug`.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random.fill(bytes.as_mut());
        Self(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// HKDF-SHA256 of this key.
    pub fn derive<const N: usize>(
        &self,
        salt: &[u8],
        info: &[&[u8]],
    ) -> Result<Zeroizing<[u8; N]>, VaultError> {
        let mut out = Zeroizing::new([0; N]);
        Hkdf::<Sha256>::new(Some(salt), self.bytes())
            .expand_multi_info(info, out.as_mut())
            .map_err(|_| VaultError::Crypto("a derived key would be too long"))?;
        Ok(out)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What encrypts the media of one case. Only [`crate::Vault::open_case`] and
/// [`crate::Vault::new_case`] give it out; hold it no longer than the work at hand.
#[derive(Debug, Clone)]
pub struct CaseKey {
    pub(crate) case: CaseId,
    pub(crate) key: Key,
}

impl CaseKey {
    pub fn case(&self) -> &CaseId {
        &self.case
    }
}
