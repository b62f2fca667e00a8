//! Where encrypted objects lie. Knows nothing of keys.

mod bucket;
mod local;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use idproof_domain::ids::CaseId;
use idproof_ports::Random;
use tempfile::TempPath;

use crate::config::{StoreConfig, UploadConfig};
use crate::error::VaultError;
use crate::name::ObjectName;
use crate::s3::S3;
use bucket::BucketStore;
use local::LocalStore;

pub(crate) enum Store {
    Local(LocalStore),
    Bucket(BucketStore),
}

/// The place of an object being written: invisible, and gone when dropped.
pub(crate) struct Incoming {
    /// `None` where the file has no name at all.
    path: Option<TempPath>,
}

/// When a written object withstands a power cut. A bucket's server sees to it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    Now,
    OnceSettled,
}

/// An object being read.
pub(crate) enum Source {
    Local(Arc<File>),
    Bucket(bucket::Remote),
}

impl Store {
    pub fn new(
        config: &StoreConfig,
        upload: &UploadConfig,
        random: &Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        Ok(match config {
            StoreConfig::Local(local) => Self::Local(LocalStore::new(local.dir.clone())),
            StoreConfig::S3(s3) => {
                let s3 = S3::new(s3, Arc::clone(random))?;
                Self::Bucket(BucketStore::new(s3, upload))
            }
        })
    }

    pub async fn initialise(&self) -> Result<(), VaultError> {
        match self {
            Self::Local(local) => local.initialise().await,
            Self::Bucket(bucket) => bucket.initialise().await,
        }
    }

    /// A place for a new object, and its file.
    pub async fn begin(&self) -> Result<(Incoming, File), VaultError> {
        match self {
            Self::Local(local) => local.begin().await,
            Self::Bucket(bucket) => bucket.begin().await,
        }
    }

    /// Makes a written object visible under its name, for good. `header` is how it begins.
    pub async fn commit(
        &self,
        incoming: Incoming,
        file: File,
        name: &ObjectName,
        header: &[u8],
        lasts: Lasts,
    ) -> Result<(), VaultError> {
        match self {
            Self::Local(local) => local.commit(incoming, file, name, lasts).await,
            Self::Bucket(bucket) => bucket.commit(file, name, header).await,
        }
    }

    /// Makes objects of one case last, each given with its plain bytes; returns those that are not
    /// there whole.
    pub async fn settle(
        &self,
        objects: Vec<(ObjectName, u64)>,
    ) -> Result<Vec<ObjectName>, VaultError> {
        match self {
            Self::Local(local) => local.settle(objects).await,
            Self::Bucket(_) => Ok(vec![]),
        }
    }

    /// The object and its stored size. A bucket sends the first `likely` bytes along.
    pub async fn open(&self, name: &ObjectName, likely: u64) -> Result<(Source, u64), VaultError> {
        match self {
            Self::Local(local) => {
                let (file, bytes) = local.open(name).await?;
                Ok((Source::Local(Arc::new(file)), bytes))
            }
            Self::Bucket(bucket) => {
                let (remote, bytes) = bucket.open(name, likely).await?;
                Ok((Source::Bucket(remote), bytes))
            }
        }
    }

    /// Exactly these bytes of an opened object.
    pub async fn read(
        &self,
        source: &Source,
        name: &ObjectName,
        start: u64,
        length: u64,
    ) -> Result<Bytes, VaultError> {
        match (self, source) {
            (Self::Bucket(bucket), Source::Bucket(remote)) => {
                bucket.read(remote, name, start, length).await
            }
            (_, Source::Local(file)) => local::read(Arc::clone(file), start, length).await,
            // A source is only ever read through the store that opened it.
            (Self::Local(_), Source::Bucket(_)) => Err(VaultError::Missing(name.clone())),
        }
    }

    pub async fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        match self {
            Self::Local(local) => local.exists(name).await,
            Self::Bucket(bucket) => bucket.exists(name).await,
        }
    }

    pub async fn delete_many(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        match self {
            Self::Local(local) => local.delete_many(names).await,
            Self::Bucket(bucket) => bucket.delete_many(names).await,
        }
    }

    pub async fn objects_of(&self, case: &CaseId) -> Result<Vec<ObjectName>, VaultError> {
        match self {
            Self::Local(local) => local.objects_of(case).await,
            Self::Bucket(bucket) => bucket.objects_of(case).await,
        }
    }

    pub async fn sweep(&self, now_ms: i64, age: Duration) -> Result<u64, VaultError> {
        let before_ms = now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        match self {
            Self::Local(local) => local.sweep(before_ms).await,
            Self::Bucket(bucket) => bucket.sweep(before_ms).await,
        }
    }
}
