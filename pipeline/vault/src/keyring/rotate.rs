use std::sync::PoisonError;

use super::{Keyring, Place, unseal};
use crate::error::VaultError;
use crate::keyring::entry::{Entry, EntryId};
use crate::root::RootKey;

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotation {
    /// Entries now sealed under the new root key.
    pub sealed_anew: u64,
    /// Entries that were so already, from a rotation cut short or made since.
    pub already: u64,
    /// Entries that no configured root key opens; each is named in the log.
    pub unreadable: u64,
}

enum Turned {
    Anew,
    Already,
    Gone,
}

impl Keyring {
    /// Seals every entry under `new`, and new ones from now on; entries under the keys used so far
    /// still open. May be called again after it was cut short. Every other process must already
    /// accept `new` (`keys.also`); the old root key may be thrown away once this has ended without
    /// an unreadable entry and no process is left that seals under it.
    pub async fn rotate_root(&self, new: RootKey) -> Result<Rotation, VaultError> {
        if let Place::Bucket(bucket) = &self.place {
            bucket.check_conditions(&*self.random).await?;
        }
        self.adopt(&new);
        let mut done = Rotation::default();
        self.count(&EntryId::Secrets, &new, &mut done).await?;
        let mut pages = self.cases();
        while let Some(cases) = pages.next().await? {
            for case in cases {
                self.count(&EntryId::Case(case), &new, &mut done).await?;
            }
        }
        Ok(done)
    }

    fn adopt(&self, new: &RootKey) {
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        if roots.current.fingerprint() != new.fingerprint() {
            let old = std::mem::replace(&mut roots.current, new.clone());
            roots.also.push(old);
        }
    }

    async fn count(
        &self,
        id: &EntryId,
        new: &RootKey,
        done: &mut Rotation,
    ) -> Result<(), VaultError> {
        match self.turn(id, new).await {
            Ok(Turned::Anew) => done.sealed_anew += 1,
            Ok(Turned::Already) => done.already += 1,
            Ok(Turned::Gone) => {}
            Err(e @ (VaultError::UnknownRoot { .. } | VaultError::EntryDamaged(_))) => {
                tracing::error!(entry = %id, "a keyring entry cannot be rotated: {e}");
                done.unreadable += 1;
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn turn(&self, id: &EntryId, new: &RootKey) -> Result<Turned, VaultError> {
        // An entry changes only by another rotation or its destruction, so this ends soon.
        loop {
            let Some(found) = self.place.read(id).await? else {
                return Ok(Turned::Gone);
            };
            if Entry::parse(id, &found.text)?.root == new.fingerprint() {
                return Ok(Turned::Already);
            }
            let key = unseal(id, &found.text, &self.roots())?;
            let text = Entry::seal(id, &key, new, &*self.random)?.to_line();
            if self.place.replace(id, found, text).await? {
                return Ok(Turned::Anew);
            }
        }
    }
}
