//! Small secrets sealed under a key: version (1) | nonce (12) | ciphertext and tag. The context
//! is associated data: what was sealed in one place does not open in another. Nonces are random,
//! which is safe for 2^32 texts a key.

use idproof_ports::Random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::crypto::key::Key;
use crate::error::VaultError;

const VERSION: u8 = 1;
const NONCE: usize = 12;

pub(crate) fn seal(
    key: &Key,
    context: &str,
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let mut body = plain.to_vec();
    let (place, context) = (Nonce::assume_unique_for_key(nonce), associated(context));
    aead(key)
        .and_then(|aead| {
            aead.seal_in_place_append_tag(place, Aad::from(context), &mut body)
                .ok()
        })
        .ok_or(VaultError::Crypto("a secret cannot be sealed"))?;
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(&nonce);
    sealed.append(&mut body);
    Ok(sealed)
}

/// `None` for anything that was not sealed under this key in this context.
pub(crate) fn open(key: &Key, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (version, rest) = sealed.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE>()?;
    let mut body = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = aead(key)?
        .open_in_place(nonce, Aad::from(associated(context)), &mut body)
        .ok()?
        .len();
    body.truncate(length);
    Some(body)
}

fn aead(key: &Key) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, key.bytes()).ok()?;
    Some(LessSafeKey::new(key))
}

fn associated(context: &str) -> Vec<u8> {
    let mut data = vec![VERSION];
    data.extend_from_slice(context.as_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(5);
        }
    }

    #[test]
    fn opens_only_under_its_key_in_its_context_and_unaltered() {
        let key = Key::random(&Counting);
        let other = Key::from_slice(&[6; 32]).unwrap();
        let sealed = seal(&key, "here", b"secret", &Counting).unwrap();
        assert_eq!(*open(&key, "here", &sealed).unwrap(), b"secret");
        assert!(open(&other, "here", &sealed).is_none());
        assert!(open(&key, "there", &sealed).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, "here", &altered).is_none(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key, "here", &sealed[..length]).is_none());
        }
    }
}
