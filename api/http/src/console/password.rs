//! Passwords: argon2id (RFC 9106) with the parameters that OWASP recommends (19 MiB, two passes).

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use idproof_ports::Random;

use crate::problem::{Code, Problem, internal};
use crate::service::Service;

pub(crate) const SHORTEST: usize = 12;
pub(crate) const LONGEST: usize = 200;
/// Of no password: compared with where an account has none, so that it takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$aWRwcm9vZi1ub2JvZHk$4vZQ9ZxkX3kP4b5Xf2lqv5wq8b0M2cJt1kM1q7b0f0E";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The hash to keep, in the PHC string format; `None` where none can be made.
pub(crate) fn hash_now(password: &str, random: &dyn Random) -> Option<String> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).ok()?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

fn fits(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept)
        .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A password that nobody chose: 100 bits.
pub(crate) fn temporary(random: &dyn Random) -> String {
    letters(random, 20, 5)
}

/// Letters and digits that are not mistaken for each other, in groups.
pub(crate) fn letters(random: &dyn Random, count: usize, group: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut bytes = vec![0; count];
    random.fill(&mut bytes);
    let mut text = String::new();
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % group == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    text
}

impl Service {
    /// Whether the password has this hash. Without a hash it takes as long and is wrong.
    pub(super) async fn is_password(
        &self,
        password: String,
        kept: Option<String>,
    ) -> Result<bool, Problem> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let fits = self.hashing(move || fits(&password, &kept)).await?;
        Ok(fits && known)
    }

    pub(super) async fn hash_password(&self, password: String) -> Result<String, Problem> {
        let random = std::sync::Arc::clone(&self.parts.random);
        self.hashing(move || hash_now(&password, &*random))
            .await?
            .ok_or_else(|| internal("a password cannot be hashed"))
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = std::sync::Arc::clone(&self.hashing);
        let permit = permit
            .try_acquire_owned()
            .map_err(|_| Problem::from(Code::Overloaded))?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
        .map_err(|_| internal("hashing a password stopped"))
    }
}

/// Whether a new password may be one.
pub(super) fn check_new(password: &str, name: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) || password.to_lowercase().contains(name) {
        return Err(Problem::from(Code::PasswordWeak).detail(format!(
            "{SHORTEST} to {LONGEST} characters, without your sign-in name"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_test_support::SeededRandom;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let random = SeededRandom::new(1);
        let hash = hash_now("correct horse battery", &random).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits("correct horse battery", &hash));
        assert!(!fits("correct horse batterz", &hash));
        assert!(!fits("correct horse battery", "nonsense"));
        // What stands in for no account is a hash that costs as much as another.
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(nobody.params.to_string(), "m=19456,t=2,p=1");
        assert_ne!(
            hash_now("a password", &random),
            hash_now("a password", &random)
        );
    }

    #[test]
    fn a_new_password_is_long_and_names_nobody() {
        assert!(check_new("long enough to be one", "ada").is_ok());
        for bad in ["short", "ADA and more letters", &"x".repeat(201)] {
            assert!(check_new(bad, "ada").is_err(), "{bad}");
        }
    }
}
