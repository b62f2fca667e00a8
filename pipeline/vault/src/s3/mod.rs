//! A bucket: every request with a time limit, repeated with growing waits while the server is
//! busy or away, its failure told in words that say whether waiting helps.

mod failure;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use idproof_ports::Random;
use s3::Bucket;
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::request::ResponseData;
use s3::serde_types::ObjectIdentifier;

use crate::config::S3Config;
use crate::error::StoreError;
pub(crate) use failure::Failure;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What must hold for an object to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition<'a> {
    /// There is none of that name.
    New,
    /// It has this entity tag.
    Is(&'a str),
}

pub(crate) struct Put {
    /// The bucket keeps what was there before.
    pub versioned: bool,
}

pub(crate) struct Got {
    pub bytes: Bytes,
    pub etag: String,
    /// Size of the whole object.
    pub total: u64,
}

pub(crate) struct Page {
    pub names: Vec<String>,
    pub next: Option<String>,
}

pub(crate) struct S3 {
    pub bucket: Box<Bucket>,
    prefix: String,
    attempts: u32,
    random: Arc<dyn Random>,
}

impl S3 {
    pub fn new(config: &S3Config, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        // Repeating is done here, where every operation can be repeated safely.
        s3::set_retries(0);
        let wrong = |detail: &str| StoreError::new("set up S3", detail);
        let region = if config.endpoint.is_empty() {
            config.region.parse().map_err(|_| wrong("no such region"))?
        } else {
            s3::Region::Custom {
                region: config.region.clone(),
                endpoint: config.endpoint.clone(),
            }
        };
        let credentials = Credentials::new(
            Some(config.access_key.reveal()),
            Some(config.secret_key.reveal()),
            None,
            None,
            None,
        )
        .map_err(|_| wrong("the access key cannot be used"))?;
        let mut bucket = Bucket::new(&config.bucket, region, credentials)
            .map_err(|_| wrong("the HTTP client cannot be made"))?;
        if config.path_style {
            bucket.set_path_style();
        }
        bucket.set_request_timeout(Some(Duration::from_secs(config.timeout_s)));
        Ok(Self {
            bucket,
            prefix: config.prefix.clone(),
            attempts: config.attempts,
            random,
        })
    }

    pub fn shown(&self) -> String {
        format!("s3://{}/{}", self.bucket.name(), self.prefix)
    }

    pub fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Writes a small object whole.
    pub async fn put(
        &self,
        operation: &'static str,
        path: &str,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Put, Failure> {
        let key = self.key(path);
        let (header, value) = match condition {
            Condition::New => ("if-none-match", "*"),
            Condition::Is(etag) => ("if-match", etag),
        };
        let (result, unsure) = self
            .repeat(operation, || async {
                self.bucket
                    .put_object_builder(&key, bytes)
                    .with_header(header, value)?
                    .execute()
                    .await
            })
            .await;
        match result {
            Ok(response) => Ok(Put {
                versioned: is_versioned(&response),
            }),
            // An earlier attempt may have succeeded with its answer lost.
            Err(Failure::Refused) if unsure && matches!(condition, Condition::New) => {
                let got = self.get(operation, path).await?;
                if got.bytes == bytes {
                    return Ok(Put { versioned: false });
                }
                Err(Failure::Refused)
            }
            Err(e) => Err(e),
        }
    }

    /// Reads a small object whole.
    pub async fn get(&self, operation: &'static str, path: &str) -> Result<Got, Failure> {
        let key = self.key(path);
        let (result, _) = self
            .repeat(operation, || self.bucket.get_object(&key))
            .await;
        let response = result?;
        Ok(Got {
            etag: header(&response, "etag").unwrap_or_default(),
            total: response.bytes().len() as u64,
            bytes: response.into_bytes(),
        })
    }

    /// Reads at most `length` bytes from `start` on; fewer come only at the object's end.
    pub async fn get_range(
        &self,
        operation: &'static str,
        path: &str,
        start: u64,
        length: u64,
    ) -> Result<Got, Failure> {
        let key = self.key(path);
        let end = start.saturating_add(length.max(1)) - 1;
        let (result, _) = self
            .repeat(operation, || {
                self.bucket.get_object_range(&key, start, Some(end))
            })
            .await;
        let response = match result {
            Err(Failure::OutOfRange) => {
                return Ok(Got {
                    bytes: Bytes::new(),
                    etag: String::new(),
                    total: 0,
                });
            }
            other => other?,
        };
        let total: u64 = header(&response, "content-range")
            .and_then(|range| range.rsplit_once('/')?.1.parse().ok())
            .ok_or_else(|| Failure::other("the server ignores ranges"))?;
        let bytes = response.into_bytes();
        if bytes.len() as u64 != length.max(1).min(total.saturating_sub(start)) {
            return Err(Failure::other("the server sent another range"));
        }
        Ok(Got {
            bytes,
            etag: String::new(),
            total,
        })
    }

    /// Reads the object's first byte: unlike a mere look at its headers, the answer tells a
    /// missing object from a missing bucket.
    pub async fn exists(&self, operation: &'static str, path: &str) -> Result<bool, Failure> {
        match self.get_range(operation, path, 0, 1).await {
            Ok(_) => Ok(true),
            Err(Failure::Missing) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Deletes an object, there or not. Tells whether the bucket keeps a version of it.
    pub async fn delete(&self, operation: &'static str, path: &str) -> Result<bool, Failure> {
        let key = self.key(path);
        let (result, _) = self
            .repeat(operation, || self.bucket.delete_object(&key))
            .await;
        match result {
            Ok(response) => Ok(is_versioned(&response)),
            Err(Failure::Missing) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Deletes objects, there or not, a thousand with one request.
    pub async fn delete_many(
        &self,
        operation: &'static str,
        paths: &[String],
    ) -> Result<(), Failure> {
        for some in paths.chunks(1000) {
            let (result, _) = self
                .repeat(operation, || async {
                    let objects: Vec<_> = some
                        .iter()
                        .map(|path| ObjectIdentifier::new(self.key(path)))
                        .collect();
                    self.bucket.delete_objects(objects).await
                })
                .await;
            let result = result?;
            if let Some(error) = result.errors.first() {
                return Err(Failure::of_code(&error.code));
            }
            if result.deleted.len() != some.len() {
                return Err(Failure::other("the server did not confirm every deletion"));
            }
        }
        Ok(())
    }

    /// Up to a thousand names that begin with `start`, after the page that gave `after`.
    pub async fn list(
        &self,
        operation: &'static str,
        start: &str,
        after: Option<String>,
    ) -> Result<Page, Failure> {
        let start = self.key(start);
        let (result, _) = self
            .repeat(operation, || {
                self.bucket
                    .list_page(start.clone(), None, after.clone(), None, Some(1000))
            })
            .await;
        let (page, _) = result?;
        if page.is_truncated && page.next_continuation_token.is_none() {
            return Err(Failure::other("the server cut a list short"));
        }
        Ok(Page {
            names: page
                .contents
                .into_iter()
                .filter_map(|object| Some(object.key.strip_prefix(&self.prefix)?.to_owned()))
                .collect(),
            next: page.next_continuation_token.filter(|_| page.is_truncated),
        })
    }

    /// Calls until it succeeds, fails for good or was tried often enough. Also tells whether an
    /// attempt before the last may have taken effect.
    pub async fn repeat<T, F, C>(
        &self,
        operation: &'static str,
        mut call: F,
    ) -> (Result<T, Failure>, bool)
    where
        F: FnMut() -> C,
        C: Future<Output = Result<T, S3Error>>,
    {
        let mut attempt = 1;
        loop {
            match call().await.map_err(Failure::from) {
                Err(Failure::Other {
                    transient: true,
                    detail,
                }) if attempt < self.attempts => {
                    tracing::warn!(
                        operation,
                        attempt,
                        detail,
                        "S3 did not answer well; trying again"
                    );
                    tokio::time::sleep(self.wait(attempt)).await;
                    attempt += 1;
                }
                result => return (result, attempt > 1),
            }
        }
    }

    /// Doubles with every attempt; between half and whole, so that many waiters spread.
    fn wait(&self, attempt: u32) -> Duration {
        let whole = FIRST_WAIT
            .saturating_mul(1 << (attempt - 1).min(16))
            .min(LONGEST_WAIT);
        let mut byte = [0];
        self.random.fill(&mut byte);
        whole / 2 + whole / 2 * u32::from(byte[0]) / 255
    }
}

fn header(response: &ResponseData, name: &str) -> Option<String> {
    response.headers().remove(name)
}

fn is_versioned(response: &ResponseData) -> bool {
    header(response, "x-amz-delete-marker").is_some()
        || header(response, "x-amz-version-id").is_some_and(|version| version != "null")
}
