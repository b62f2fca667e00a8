use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::{Stream, stream};
use idproof_domain::ids::CaseId;
use idproof_ports::Random;

use crate::config::VaultConfig;
use crate::crypto::key::{CaseKey, Key};
use crate::crypto::seal;
use crate::error::VaultError;
use crate::keyring::{Initialised, Keyring};
use crate::media::{self, Expected, PlainReader, Stored};
use crate::name::ObjectName;
use crate::secrets::Secrets;
use crate::store::{Lasts, Store};

/// A case's media key, sealed under the case's wrapping key: what the database keeps. Without the
/// keyring's entry it is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(String);

impl WrappedKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WrappedKey {
    type Err = Infallible;

    /// Whether it is one shows when it is opened.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// Encrypted media and the keys to them.
#[derive(Clone)]
pub struct Vault {
    store: Arc<Store>,
    keyring: Arc<Keyring>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.keyring)
    }
}

impl Vault {
    /// Prepares a first start: directories, the root key's file, the keyring. Whatever stands is
    /// left alone. To be called where there is no database yet, or on an operator's word: beside a
    /// database in use, a missing keyring is a loss to be restored, not replaced.
    pub async fn initialise(
        config: &VaultConfig,
        random: Arc<dyn Random>,
    ) -> Result<Initialised, VaultError> {
        let store = Store::new(&config.store, &config.upload, &random)?;
        store.initialise().await?;
        Keyring::initialise(&config.keys, random).await
    }

    /// Opens what [`Vault::initialise`] has prepared.
    pub async fn open(config: &VaultConfig, random: Arc<dyn Random>) -> Result<Self, VaultError> {
        let store = Store::new(&config.store, &config.upload, &random)?;
        if matches!(store, Store::Bucket(_)) {
            // The spool holds nothing: a machine that joins makes its own.
            store.initialise().await?;
        }
        let keyring = Keyring::open(&config.keys, Arc::clone(&random)).await?;
        Ok(Self {
            store: Arc::new(store),
            keyring: Arc::new(keyring),
            random,
        })
    }

    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Keys derived for purposes other than media.
    pub fn secrets(&self) -> &Secrets {
        self.keyring.secrets()
    }

    /// Makes the keys of a new case. Where the returned key does not reach the database, destroy
    /// the case's entry again.
    pub async fn new_case(&self, case: &CaseId) -> Result<WrappedKey, VaultError> {
        let wrapping = self.keyring.create(case).await?;
        let media = Key::random(&*self.random);
        let sealed = seal::seal(&wrapping, &context(case), media.bytes(), &*self.random)?;
        Ok(WrappedKey(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Unwraps a case's media key. `KeyGone` once the case's entry is destroyed.
    pub async fn open_case(
        &self,
        case: &CaseId,
        wrapped: &WrappedKey,
    ) -> Result<CaseKey, VaultError> {
        let wrapping = self.keyring.get(case).await?;
        let key = URL_SAFE_NO_PAD
            .decode(&wrapped.0)
            .ok()
            .and_then(|sealed| seal::open(&wrapping, &context(case), &sealed))
            .and_then(|plain| Key::from_slice(&plain))
            .ok_or_else(|| VaultError::WrappedKey(case.clone()))?;
        Ok(CaseKey {
            case: case.clone(),
            key,
        })
    }

    /// Destroys a case's wrapping key: every copy of its media and of its row in the database is
    /// unreadable from now on, for ever. Tells whether there was one; may be repeated.
    pub async fn destroy_case(&self, case: &CaseId) -> Result<bool, VaultError> {
        self.keyring.destroy(case).await
    }

    /// Encrypts and stores a stream of plain bytes under a new name. Whatever goes wrong, also a
    /// caller that stops waiting, leaves no object. Holds a few frames of 64 KiB in memory.
    pub async fn put<S, E>(
        &self,
        key: &CaseKey,
        name: &ObjectName,
        plain: S,
        expected: Expected,
    ) -> Result<Stored, VaultError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        check_case(key, name)?;
        let lasts = Lasts::Now;
        media::put(&self.store, &self.random, key, name, plain, expected, lasts).await
    }

    /// As [`Vault::put`], but a local disk is not waited for: the object survives the end of every
    /// process at once, a power cut only after [`Vault::settle`].
    pub async fn put_soon<S, E>(
        &self,
        key: &CaseKey,
        name: &ObjectName,
        plain: S,
        expected: Expected,
    ) -> Result<Stored, VaultError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        check_case(key, name)?;
        let lasts = Lasts::OnceSettled;
        media::put(&self.store, &self.random, key, name, plain, expected, lasts).await
    }

    /// Makes objects of one case last, each given with its plain bytes. Returns those that are not
    /// there whole, as after a power cut.
    pub async fn settle(
        &self,
        objects: Vec<(ObjectName, u64)>,
    ) -> Result<Vec<ObjectName>, VaultError> {
        self.store.settle(objects).await
    }

    /// [`Vault::put`] for bytes at hand.
    pub async fn put_bytes(
        &self,
        key: &CaseKey,
        name: &ObjectName,
        plain: Bytes,
    ) -> Result<Stored, VaultError> {
        let expected = Expected::at_most(plain.len() as u64);
        let plain = stream::once(async { Ok::<_, Infallible>(plain) });
        self.put(key, name, plain, expected).await
    }

    /// Opens an object to be read from its start.
    pub async fn get(&self, key: &CaseKey, name: &ObjectName) -> Result<PlainReader, VaultError> {
        check_case(key, name)?;
        PlainReader::open(Arc::clone(&self.store), key, name, None).await
    }

    /// Opens a part of an object: plain bytes from `range.start` to before `range.end`, or to the
    /// object's end if that comes first. Only the frames concerned are fetched.
    pub async fn get_range(
        &self,
        key: &CaseKey,
        name: &ObjectName,
        range: Range<u64>,
    ) -> Result<PlainReader, VaultError> {
        check_case(key, name)?;
        PlainReader::open(Arc::clone(&self.store), key, name, Some(range)).await
    }

    /// Plain bytes of an object, by its stored size; true only if the object is not damaged.
    pub async fn size(&self, name: &ObjectName) -> Result<u64, VaultError> {
        media::size(&self.store, name).await
    }

    /// Whether the object is there: asks the disk or the server, and fails rather than guess where
    /// the store itself is away.
    pub async fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        self.store.exists(name).await
    }

    /// Deletes an object, there or not.
    pub async fn delete(&self, name: &ObjectName) -> Result<(), VaultError> {
        self.store.delete_many(std::slice::from_ref(name)).await
    }

    /// Deletes objects, there or not: a bucket takes a thousand with one request. After an error
    /// some may be left; call again.
    pub async fn delete_many(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        self.store.delete_many(names).await
    }

    /// Every object of a case that the store holds, known to the database or not.
    pub async fn objects_of(&self, case: &CaseId) -> Result<Vec<ObjectName>, VaultError> {
        self.store.objects_of(case).await
    }

    /// Decrypts several objects, one behind the other, into a file that exists only in memory and
    /// can no longer be changed, positioned at its start. `most_bytes` bounds the whole. The
    /// memory is the system's, and counts as this process's: keep swap encrypted or off.
    pub async fn to_anonymous_file(
        &self,
        key: &CaseKey,
        names: &[ObjectName],
        most_bytes: u64,
    ) -> Result<File, VaultError> {
        names.iter().try_for_each(|name| check_case(key, name))?;
        media::to_anonymous_file(&self.store, key, names, most_bytes).await
    }

    /// Removes what uploads cut short by a killed process have left, if older than `age`. Returns
    /// how many. `age` must exceed the longest upload.
    pub async fn sweep_unfinished(&self, now_ms: i64, age: Duration) -> Result<u64, VaultError> {
        self.store.sweep(now_ms, age).await
    }
}

fn context(case: &CaseId) -> String {
    format!("media key of {case}")
}

fn check_case(key: &CaseKey, name: &ObjectName) -> Result<(), VaultError> {
    if name.case() == key.case() {
        Ok(())
    } else {
        Err(VaultError::OtherCase(name.clone()))
    }
}
