//! Objects in an S3 bucket, `<prefix><name>`. An upload is spooled, encrypted, in a file without a
//! name and sent once it is whole: a slow sender holds no memory and no connection to the server,
//! and a busy server can be tried again.

use std::fs::File;
use std::path::PathBuf;

use bytes::Bytes;
use http::header::IF_NONE_MATCH;
use idproof_domain::ids::CaseId;
use s3::bucket::CHUNK_SIZE;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncSeekExt;
use tokio::sync::Semaphore;

use crate::config::UploadConfig;
use crate::disk::make_private_dir;
use crate::error::{StoreError, VaultError, blocking};
use crate::name::ObjectName;
use crate::s3::{Failure, S3};
use crate::store::Incoming;

pub(crate) struct BucketStore {
    s3: S3,
    spool: PathBuf,
    /// Mebibytes that parts on their way may take.
    memory: Semaphore,
}

/// An object of the bucket; its beginning came when it was opened.
pub(crate) struct Remote {
    first: Bytes,
}

const MIB: u64 = 1024 * 1024;
const WRITE: &str = "write an object to S3";
const READ: &str = "read an object from S3";

impl BucketStore {
    pub fn new(s3: S3, upload: &UploadConfig) -> Self {
        Self {
            s3,
            spool: upload.spool.clone(),
            memory: Semaphore::new(upload.memory_mib as usize),
        }
    }

    pub async fn initialise(&self) -> Result<(), VaultError> {
        let spool = self.spool.clone();
        blocking(move || {
            make_private_dir(&spool).map_err(|e| StoreError::io("make the spool", &e).into())
        })
        .await
    }

    pub async fn begin(&self) -> Result<(Incoming, File), VaultError> {
        let spool = self.spool.clone();
        blocking(move || {
            let file = tempfile::tempfile_in(spool)
                .map_err(|e| StoreError::io("begin an object in the spool", &e))?;
            Ok((Incoming { path: None }, file))
        })
        .await
    }

    pub async fn commit(
        &self,
        file: File,
        name: &ObjectName,
        header: &[u8],
    ) -> Result<(), VaultError> {
        let spool = |e: std::io::Error| StoreError::io("use the spool", &e);
        let file = tokio::fs::File::from_std(file);
        let bytes = file.metadata().await.map_err(spool)?.len();
        let key = self.s3.key(name.as_str());
        let file = &file;
        let (result, unsure) = self
            .s3
            .repeat(WRITE, || async {
                let _memory = self.room_for(bytes).await;
                let mut file = file.try_clone().await?;
                file.rewind().await?;
                self.s3
                    .bucket
                    .put_object_stream_builder(&key)
                    .with_max_concurrent_chunks(1)
                    .with_header(IF_NONE_MATCH, "*")?
                    .execute_stream(&mut file)
                    .await
            })
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(Failure::Refused) if unsure && self.begins_with(name, header).await? => Ok(()),
            Err(Failure::Refused) => Err(VaultError::Exists(name.clone())),
            Err(e) => Err(e.into_error(WRITE).into()),
        }
    }

    /// Waits for memory: the library holds a part, and a copy of it while sending.
    async fn room_for(&self, bytes: u64) -> Option<tokio::sync::SemaphorePermit<'_>> {
        let part = bytes.min(CHUNK_SIZE as u64).div_ceil(MIB).max(1);
        let room = u32::try_from(2 * part).unwrap_or(16);
        // The semaphore is never closed.
        self.memory.acquire_many(room).await.ok()
    }

    /// Whether an earlier attempt, its answer lost, has written the object: the header holds a
    /// random salt.
    async fn begins_with(&self, name: &ObjectName, header: &[u8]) -> Result<bool, VaultError> {
        let got = self
            .s3
            .get_range(READ, name.as_str(), 0, header.len() as u64)
            .await
            .map_err(|e| e.into_error(READ))?;
        Ok(got.bytes == header)
    }

    pub async fn open(&self, name: &ObjectName, likely: u64) -> Result<(Remote, u64), VaultError> {
        match self.s3.get_range(READ, name.as_str(), 0, likely).await {
            Ok(got) => Ok((Remote { first: got.bytes }, got.total)),
            Err(Failure::Missing) => Err(VaultError::Missing(name.clone())),
            Err(e) => Err(e.into_error(READ).into()),
        }
    }

    pub async fn read(
        &self,
        remote: &Remote,
        name: &ObjectName,
        start: u64,
        length: u64,
    ) -> Result<Bytes, VaultError> {
        let (from, to) = (usize::try_from(start), usize::try_from(start + length));
        if let (Ok(from), Ok(to)) = (from, to)
            && to <= remote.first.len()
        {
            return Ok(remote.first.slice(from..to));
        }
        match self.s3.get_range(READ, name.as_str(), start, length).await {
            Ok(got) if got.bytes.len() as u64 == length => Ok(got.bytes),
            Ok(_) => Err(StoreError::new(READ, "it became shorter meanwhile").into()),
            Err(Failure::Missing) => Err(VaultError::Missing(name.clone())),
            Err(e) => Err(e.into_error(READ).into()),
        }
    }

    pub async fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        let operation = "look for an object in S3";
        Ok(self
            .s3
            .exists(operation, name.as_str())
            .await
            .map_err(|e| e.into_error(operation))?)
    }

    pub async fn delete_many(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        let operation = "delete objects from S3";
        let paths: Vec<String> = names.iter().map(ObjectName::to_string).collect();
        let result = match &paths[..] {
            [one] => self.s3.delete(operation, one).await.map(|_| ()),
            many => self.s3.delete_many(operation, many).await,
        };
        Ok(result.map_err(|e| e.into_error(operation))?)
    }

    pub async fn objects_of(&self, case: &CaseId) -> Result<Vec<ObjectName>, VaultError> {
        let operation = "list objects in S3";
        let (mut names, mut after) = (vec![], None);
        loop {
            let page = self
                .s3
                .list(operation, &format!("{case}/"), after)
                .await
                .map_err(|e| e.into_error(operation))?;
            for name in &page.names {
                let name = name.parse().map_err(|_| {
                    StoreError::new(operation, "an object of a foreign name lies there")
                })?;
                names.push(name);
            }
            after = page.next;
            if after.is_none() {
                return Ok(names);
            }
        }
    }

    /// Gives up uploads in parts that killed processes left open.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, VaultError> {
        let operation = "sweep S3";
        let start = self.s3.key("");
        let start = (!start.is_empty()).then_some(start);
        let (pages, _) = self
            .s3
            .repeat(operation, || {
                self.s3
                    .bucket
                    .list_multiparts_uploads(start.as_deref(), None)
            })
            .await;
        let pages = pages.map_err(|e| e.into_error(operation))?;
        let mut ended = 0;
        for upload in pages.iter().flat_map(|page| &page.uploads) {
            let begun = OffsetDateTime::parse(&upload.initiated, &Rfc3339)
                .map_err(|_| StoreError::new(operation, "a time makes no sense"))?;
            if begun.unix_timestamp() >= before_ms / 1000 {
                continue;
            }
            let (aborted, _) = self
                .s3
                .repeat(operation, || {
                    self.s3.bucket.abort_upload(&upload.key, &upload.id)
                })
                .await;
            aborted.map_err(|e| e.into_error(operation))?;
            ended += 1;
        }
        Ok(ended)
    }
}
