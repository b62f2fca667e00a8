use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idproof_domain::ids::CaseId;
use idproof_ports::Random;

use crate::crypto::key::Key;
use crate::crypto::seal;
use crate::error::VaultError;
use crate::root::RootKey;

/// What an entry of the keyring is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryId {
    /// The master that [`crate::Secrets`] derives from.
    Secrets,
    Case(CaseId),
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets => f.write_str("secrets"),
            Self::Case(case) => case.fmt(f),
        }
    }
}

/// An entry as it is kept: one line, `idproof-key 1 <root's fingerprint> <sealed key>`.
pub(crate) struct Entry {
    pub root: String,
    sealed: Vec<u8>,
}

const TITLE: &str = "idproof-key";
const VERSION: &str = "1";

impl Entry {
    pub fn seal(
        id: &EntryId,
        key: &Key,
        root: &RootKey,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            root: root.fingerprint().to_owned(),
            sealed: seal::seal(&root.key, &context(id), key.bytes(), random)?,
        })
    }

    pub fn open(&self, id: &EntryId, root: &RootKey) -> Result<Key, VaultError> {
        seal::open(&root.key, &context(id), &self.sealed)
            .and_then(|plain| Key::from_slice(&plain))
            .ok_or_else(|| VaultError::EntryDamaged(id.to_string()))
    }

    pub fn to_line(&self) -> Vec<u8> {
        let sealed = STANDARD.encode(&self.sealed);
        format!("{TITLE} {VERSION} {} {sealed}\n", self.root).into_bytes()
    }

    pub fn parse(id: &EntryId, line: &[u8]) -> Result<Self, VaultError> {
        let damaged = || VaultError::EntryDamaged(id.to_string());
        let text = std::str::from_utf8(line).map_err(|_| damaged())?;
        let parts: Vec<&str> = text.trim_end().split(' ').collect();
        match parts[..] {
            [TITLE, VERSION, root, sealed] => Ok(Self {
                root: root.to_owned(),
                sealed: STANDARD.decode(sealed).map_err(|_| damaged())?,
            }),
            _ => Err(damaged()),
        }
    }
}

fn context(id: &EntryId) -> String {
    format!("keyring {id}")
}
