//! The directory of model files, and the rule that only the right file is handed out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StoreError;
use crate::hash;
use crate::manifest::{Manifest, ModelEntry};

/// Where models are kept and how they are fetched.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The directory of the store; made on the first pull.
    pub dir: PathBuf,
    /// A directory of model files under the names of the manifest, tried before any network.
    pub mirror: Option<PathBuf>,
    /// The directory that holds `manifest.toml`, for models that are committed beside it.
    pub repository: Option<PathBuf>,
    /// Whether package registries and public addresses may be asked at all.
    pub network: bool,
    /// The npm client.
    pub npm: PathBuf,
    /// The Python whose pip is the PyPI client.
    pub python: PathBuf,
    /// Limit for one package client, and for one download.
    pub time_limit: Duration,
}

impl StoreConfig {
    /// A store in `dir`: no mirror, network allowed, `npm` and `python3` from the path, five
    /// minutes a download.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            mirror: None,
            repository: None,
            network: true,
            npm: PathBuf::from("npm"),
            python: PathBuf::from("python3"),
            time_limit: Duration::from_secs(300),
        }
    }
}

/// A file that was right when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedModel {
    pub path: PathBuf,
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// A file's content, hashed after it was read: what is used is what was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct LoadedModel {
    pub bytes: Vec<u8>,
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl std::fmt::Debug for LoadedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, length) = (&self.name, self.bytes.len());
        write!(f, "LoadedModel({name}, {length} bytes, {})", self.sha256)
    }
}

/// Whether a model's file can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// There, and its sha256 is right.
    Ready,
    /// Not there.
    Missing,
    /// There, but another file; never loaded.
    WrongHash { actual: String },
    /// There, but it cannot be read.
    Unreadable { why: String },
}

/// A model and the state of its file.
#[derive(Debug, Clone)]
pub struct ModelState {
    pub entry: ModelEntry,
    pub path: PathBuf,
    pub status: Status,
}

/// A directory of models under one manifest.
#[derive(Debug)]
pub struct Store {
    pub(crate) config: StoreConfig,
    pub(crate) manifest: Manifest,
}

impl Store {
    /// A store; nothing is read or made yet.
    pub fn new(config: StoreConfig, manifest: Manifest) -> Self {
        Self { config, manifest }
    }

    /// The manifest of this store.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The file of `name`, checked now.
    ///
    /// For what can only be loaded by path (a shared library). Prefer [`Store::read`].
    ///
    /// # Errors
    /// Unknown name, missing file, wrong hash, unreadable file.
    pub fn locate(&self, name: &str) -> Result<VerifiedModel, StoreError> {
        let entry = self.manifest.entry(name)?;
        let path = self.path(entry);
        let actual = hash::sha256_file(&path).map_err(|error| unreadable(entry, &path, error))?;
        check(entry, &path, &actual)?;
        Ok(VerifiedModel {
            path: std::path::absolute(&path).map_err(StoreError::io("find", &path))?,
            name: entry.name.clone(),
            version: entry.version.clone(),
            sha256: actual,
        })
    }

    /// The content of the file of `name`, checked after reading.
    ///
    /// # Errors
    /// Unknown name, missing file, wrong hash, unreadable file.
    pub fn read(&self, name: &str) -> Result<LoadedModel, StoreError> {
        let entry = self.manifest.entry(name)?;
        let path = self.path(entry);
        let limit = entry.bytes;
        let (bytes, actual) = match hash::read_file(&path, limit) {
            Ok(bytes) => {
                let actual = hash::sha256(&bytes);
                (bytes, actual)
            }
            // Longer than the entry says: certainly another file, named by its own sum.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let actual =
                    hash::sha256_file(&path).map_err(|error| unreadable(entry, &path, error))?;
                (Vec::new(), actual)
            }
            Err(error) => return Err(unreadable(entry, &path, error)),
        };
        check(entry, &path, &actual)?;
        Ok(LoadedModel {
            bytes,
            name: entry.name.clone(),
            version: entry.version.clone(),
            sha256: actual,
        })
    }

    /// Every model of this platform with the state of its file, in the order of the manifest.
    pub fn list(&self) -> Vec<ModelState> {
        self.manifest
            .entries()
            .iter()
            .map(|entry| self.state(entry))
            .collect()
    }

    /// The models whose file is there, right or not.
    pub fn verify(&self) -> Vec<ModelState> {
        let mut states = self.list();
        states.retain(|state| state.status != Status::Missing);
        states
    }

    /// The state of one entry's file.
    pub(crate) fn state(&self, entry: &ModelEntry) -> ModelState {
        let path = self.path(entry);
        let status = match hash::sha256_file(&path) {
            Ok(actual) if actual == entry.sha256 => Status::Ready,
            Ok(actual) => Status::WrongHash { actual },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Status::Missing,
            Err(error) => Status::Unreadable {
                why: error.to_string(),
            },
        };
        ModelState {
            entry: entry.clone(),
            path,
            status,
        }
    }

    /// Where the file of `entry` belongs.
    pub(crate) fn path(&self, entry: &ModelEntry) -> PathBuf {
        self.config.dir.join(&entry.file)
    }
}

fn check(entry: &ModelEntry, path: &Path, actual: &str) -> Result<(), StoreError> {
    if actual == entry.sha256 {
        return Ok(());
    }
    Err(StoreError::WrongHash {
        name: entry.name.clone(),
        path: path.to_owned(),
        expected: entry.sha256.clone(),
        actual: actual.to_owned(),
    })
}

fn unreadable(entry: &ModelEntry, path: &Path, error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::NotFound {
        StoreError::Missing {
            name: entry.name.clone(),
            path: path.to_owned(),
        }
    } else {
        StoreError::Io {
            action: "read",
            path: path.to_owned(),
            source: error,
        }
    }
}
