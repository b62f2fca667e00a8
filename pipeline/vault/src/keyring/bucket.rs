//! Entries as objects of a bucket without versioning: `<prefix>secrets`, `<prefix>cases/<case id>`.
//! Replacing is conditional on what was read, so that a rotation never brings back what is being
//! destroyed.

use idproof_domain::ids::CaseId;
use idproof_ports::Random;

use crate::error::VaultError;
use crate::keyring::entry::EntryId;
use crate::s3::{Condition, Failure, S3};

pub(crate) struct KeyBucket {
    s3: S3,
}

const CASES: &str = "cases/";

impl KeyBucket {
    pub fn new(s3: S3) -> Self {
        Self { s3 }
    }

    pub fn shown(&self) -> String {
        self.s3.shown()
    }

    fn path(id: &EntryId) -> String {
        match id {
            EntryId::Secrets => id.to_string(),
            EntryId::Case(case) => format!("{CASES}{case}"),
        }
    }

    /// `false` where the entry exists.
    pub async fn create(&self, id: &EntryId, text: Vec<u8>) -> Result<bool, VaultError> {
        let path = Self::path(id);
        match self
            .s3
            .put("create a key", &path, &text, Condition::New)
            .await
        {
            Ok(put) if put.versioned => {
                // What was written cannot be destroyed: better not to have it.
                let _ = self.s3.delete("remove a key", &path).await;
                Err(VaultError::VersionedKeys)
            }
            Ok(_) => Ok(true),
            Err(Failure::Refused) => Ok(false),
            Err(e) => Err(e.into_error("create a key").into()),
        }
    }

    pub async fn read(&self, id: &EntryId) -> Result<Option<(Vec<u8>, String)>, VaultError> {
        match self.s3.get("read a key", &Self::path(id)).await {
            Ok(got) => Ok(Some((got.bytes.to_vec(), got.etag))),
            Err(Failure::Missing) => Ok(None),
            Err(e) => Err(e.into_error("read a key").into()),
        }
    }

    /// `false` where the entry is no longer what it was.
    pub async fn replace(
        &self,
        id: &EntryId,
        etag: &str,
        text: Vec<u8>,
    ) -> Result<bool, VaultError> {
        let put = self
            .s3
            .put("replace a key", &Self::path(id), &text, Condition::Is(etag))
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(Failure::Refused | Failure::Missing) => Ok(false),
            Err(e) => Err(e.into_error("replace a key").into()),
        }
    }

    /// Whether the entry existed.
    pub async fn destroy(&self, id: &EntryId) -> Result<bool, VaultError> {
        let operation = "destroy a key";
        let path = Self::path(id);
        let existed = self
            .s3
            .exists(operation, &path)
            .await
            .map_err(|e| e.into_error(operation))?;
        let versioned = self
            .s3
            .delete(operation, &path)
            .await
            .map_err(|e| e.into_error(operation))?;
        if versioned {
            return Err(VaultError::VersionedKeys);
        }
        Ok(existed)
    }

    /// The next cases; `after` is the token that the page before gave.
    pub async fn page(
        &self,
        after: Option<String>,
    ) -> Result<(Vec<CaseId>, Option<String>), VaultError> {
        let operation = "list keys";
        let page = self
            .s3
            .list(operation, CASES, after)
            .await
            .map_err(|e| e.into_error(operation))?;
        let cases = page
            .names
            .iter()
            .filter_map(|name| name.strip_prefix(CASES)?.parse().ok())
            .collect();
        Ok((cases, page.next))
    }

    /// Refuses a server that would overwrite an entry it was told not to.
    pub async fn check_conditions(&self, random: &dyn Random) -> Result<(), VaultError> {
        let operation = "try conditional writes";
        let mut bytes = [0; 10];
        random.fill(&mut bytes);
        let probe = EntryId::Case(CaseId::new(0, bytes));
        let path = Self::path(&probe);
        self.create(&probe, b"probe".to_vec()).await?;
        let mut outcomes = vec![];
        for condition in [
            Condition::New,
            Condition::Is("\"00000000000000000000000000000000\""),
        ] {
            outcomes.push(self.s3.put(operation, &path, b"other", condition).await);
        }
        self.s3
            .delete(operation, &path)
            .await
            .map_err(|e| e.into_error(operation))?;
        for outcome in outcomes {
            match outcome {
                Err(Failure::Refused) => {}
                Ok(_) => return Err(VaultError::UnconditionalKeys),
                Err(e) => return Err(e.into_error(operation).into()),
            }
        }
        Ok(())
    }
}
