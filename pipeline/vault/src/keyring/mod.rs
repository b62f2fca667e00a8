//! Wrapping keys: one a case, outside the database, each sealed under a root key. Destroying a
//! case's entry makes every copy of its media and of its row in the database unreadable for ever.

mod bucket;
mod directory;
mod entry;
mod rotate;

use std::sync::{Arc, PoisonError, RwLock};

use idproof_domain::ids::CaseId;
use idproof_ports::Random;

use crate::config::{KeyPlace, KeysConfig, RootSource};
use crate::crypto::key::Key;
use crate::error::VaultError;
use crate::root::RootKey;
use crate::s3::S3;
use crate::secrets::Secrets;
use bucket::KeyBucket;
use directory::Directory;
use entry::{Entry, EntryId};

pub use rotate::Rotation;

enum Place {
    Directory(Directory),
    Bucket(KeyBucket),
}

/// Root keys in force.
#[derive(Debug, Clone)]
struct Roots {
    /// Seals new entries.
    current: RootKey,
    /// Entries may also be sealed under these.
    also: Vec<RootKey>,
}

impl Roots {
    fn of(&self, fingerprint: &str) -> Option<&RootKey> {
        std::iter::once(&self.current)
            .chain(&self.also)
            .find(|root| root.fingerprint() == fingerprint)
    }
}

/// The wrapping keys. Several processes may use one keyring at once. Nothing is cached: a key
/// destroyed by one process is gone for all.
pub struct Keyring {
    place: Place,
    roots: RwLock<Roots>,
    secrets: Secrets,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({})", self.place.shown())
    }
}

/// What [`Keyring::initialise`] found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Initialised {
    /// A root key was made. It is to be backed up apart from database and keyring.
    pub root_key: bool,
    pub keyring: bool,
}

impl Keyring {
    /// Prepares a first start: makes the root key's file (where a file is its source) and the
    /// keyring, whichever is missing. A keyring whose root key's file is missing is an error:
    /// a new key would not open it. May be called on every start.
    pub async fn initialise(
        config: &KeysConfig,
        random: Arc<dyn Random>,
    ) -> Result<Initialised, VaultError> {
        let place = Place::new(config, &random)?;
        if let Place::Directory(directory) = &place {
            directory.initialise().await?;
        }
        let stands = place.read(&EntryId::Secrets).await.map(|e| e.is_some());
        let stands = match stands {
            Err(VaultError::NoKeyring(_)) => false,
            other => other?,
        };
        let mut done = Initialised {
            root_key: false,
            keyring: false,
        };
        if stands {
            return Ok(done);
        }
        if let Place::Bucket(bucket) = &place {
            bucket.check_conditions(&*random).await?;
        }
        if let RootSource::File(path) = &config.root {
            done.root_key = RootKey::create_file(path, &*random).await?;
        }
        let root = RootKey::load(&config.root).await?;
        let id = EntryId::Secrets;
        let entry = Entry::seal(&id, &Key::random(&*random), &root, &*random)?;
        // Another process may have been first; its keyring is as good.
        done.keyring = place.create(&id, entry.to_line()).await?;
        Ok(done)
    }

    /// Opens a keyring that [`Keyring::initialise`] has made.
    pub async fn open(config: &KeysConfig, random: Arc<dyn Random>) -> Result<Self, VaultError> {
        let place = Place::new(config, &random)?;
        let current = RootKey::load(&config.root).await?;
        let mut also = vec![];
        for source in &config.also {
            also.push(RootKey::load(source).await?);
        }
        let roots = Roots { current, also };
        let id = EntryId::Secrets;
        let Some(found) = place.read(&id).await? else {
            return Err(VaultError::NoKeyring(place.shown()));
        };
        let master = unseal(&id, &found.text, &roots)?;
        Ok(Self {
            secrets: Secrets::new(master, Arc::clone(&random)),
            place,
            roots: RwLock::new(roots),
            random,
        })
    }

    /// Keys derived for purposes other than media.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Makes the case's wrapping key. `KeyExists` where there is one.
    pub(crate) async fn create(&self, case: &CaseId) -> Result<Key, VaultError> {
        let id = EntryId::Case(case.clone());
        let key = Key::random(&*self.random);
        let entry = Entry::seal(&id, &key, &self.roots().current, &*self.random)?;
        if !self.place.create(&id, entry.to_line()).await? {
            return Err(VaultError::KeyExists(case.clone()));
        }
        Ok(key)
    }

    /// The case's wrapping key. `KeyGone` where it was destroyed or never made.
    pub(crate) async fn get(&self, case: &CaseId) -> Result<Key, VaultError> {
        let id = EntryId::Case(case.clone());
        let Some(found) = self.place.read(&id).await? else {
            return Err(VaultError::KeyGone(case.clone()));
        };
        unseal(&id, &found.text, &self.roots())
    }

    /// Whether the case has a wrapping key, readable or not. Asks the disk or the server.
    pub async fn exists(&self, case: &CaseId) -> Result<bool, VaultError> {
        let id = EntryId::Case(case.clone());
        Ok(self.place.read(&id).await?.is_some())
    }

    /// Destroys the case's wrapping key, for ever. Tells whether there was one; may be repeated.
    pub async fn destroy(&self, case: &CaseId) -> Result<bool, VaultError> {
        self.place.destroy(&EntryId::Case(case.clone())).await
    }

    /// The cases that have a wrapping key, page by page.
    pub fn cases(&self) -> CasePages<'_> {
        CasePages {
            place: &self.place,
            after: None,
            done: false,
        }
    }

    fn roots(&self) -> Roots {
        self.roots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn unseal(id: &EntryId, text: &[u8], roots: &Roots) -> Result<Key, VaultError> {
    let entry = Entry::parse(id, text)?;
    let root = roots
        .of(&entry.root)
        .ok_or_else(|| VaultError::UnknownRoot {
            entry: id.to_string(),
            root: shown_fingerprint(&entry.root),
        })?;
    entry.open(id, root)
}

/// The fingerprint comes from outside: nothing else may reach a log through it.
fn shown_fingerprint(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect()
}

/// Walks over the cases of a keyring. Cases made or destroyed meanwhile may be missed or shown.
pub struct CasePages<'a> {
    place: &'a Place,
    after: Option<String>,
    done: bool,
}

impl CasePages<'_> {
    /// The next cases, at times none; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<CaseId>>, VaultError> {
        if self.done {
            return Ok(None);
        }
        let (cases, after) = self.place.page(self.after.take()).await?;
        self.done = after.is_none();
        self.after = after;
        Ok(Some(cases))
    }
}

/// An entry's text, and what replacing it is to be conditional on.
struct Found {
    text: Vec<u8>,
    etag: String,
}

impl Place {
    fn new(config: &KeysConfig, random: &Arc<dyn Random>) -> Result<Self, VaultError> {
        Ok(match &config.place {
            KeyPlace::Directory(directory) => {
                Self::Directory(Directory::new(directory.dir.clone()))
            }
            KeyPlace::S3(s3) => Self::Bucket(KeyBucket::new(S3::new(s3, Arc::clone(random))?)),
        })
    }

    fn shown(&self) -> String {
        match self {
            Self::Directory(directory) => directory.shown(),
            Self::Bucket(bucket) => bucket.shown(),
        }
    }

    async fn create(&self, id: &EntryId, text: Vec<u8>) -> Result<bool, VaultError> {
        match self {
            Self::Directory(directory) => directory.create(id, text).await,
            Self::Bucket(bucket) => bucket.create(id, text).await,
        }
    }

    async fn read(&self, id: &EntryId) -> Result<Option<Found>, VaultError> {
        Ok(match self {
            Self::Directory(directory) => directory.read(id).await?.map(|text| Found {
                text,
                etag: String::new(),
            }),
            Self::Bucket(bucket) => bucket
                .read(id)
                .await?
                .map(|(text, etag)| Found { text, etag }),
        })
    }

    async fn replace(&self, id: &EntryId, old: Found, text: Vec<u8>) -> Result<bool, VaultError> {
        match self {
            Self::Directory(directory) => directory.replace(id, old.text, text).await,
            Self::Bucket(bucket) => bucket.replace(id, &old.etag, text).await,
        }
    }

    async fn destroy(&self, id: &EntryId) -> Result<bool, VaultError> {
        match self {
            Self::Directory(directory) => directory.destroy(id).await,
            Self::Bucket(bucket) => bucket.destroy(id).await,
        }
    }

    async fn page(
        &self,
        after: Option<String>,
    ) -> Result<(Vec<CaseId>, Option<String>), VaultError> {
        match self {
            Self::Directory(directory) => Ok(match directory.page(after).await? {
                Some((cases, shard)) => (cases, Some(shard)),
                None => (vec![], None),
            }),
            Self::Bucket(bucket) => bucket.page(after).await,
        }
    }
}
