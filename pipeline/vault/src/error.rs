use idproof_domain::ids::CaseId;

use crate::name::ObjectName;

/// Why the vault did not do what it was asked. Names ids, never content or keys.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the sender's stream broke off after {received} bytes")]
    Source {
        received: u64,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("more than the {most} bytes allowed")]
    TooLarge { most: u64 },
    #[error("{received} bytes came, {expected} were announced")]
    Length { expected: u64, received: u64 },
    #[error("the bytes do not have the SHA-256 that was announced")]
    Checksum,
    #[error("object {0} exists already; a name is written once")]
    Exists(ObjectName),
    #[error("object {0} does not exist")]
    Missing(ObjectName),
    #[error("object {name} is damaged: {damage}")]
    Damaged { name: ObjectName, damage: Damage },
    #[error("object {name} has {bytes} bytes; none at {start}")]
    Range {
        name: ObjectName,
        start: u64,
        bytes: u64,
    },
    #[error("object {0} belongs to another case than the key")]
    OtherCase(ObjectName),
    #[error("case {0} has a key already")]
    KeyExists(CaseId),
    /// Final: nothing that the key encrypted can be read any more.
    #[error("case {0} has no key: it was destroyed, or never made")]
    KeyGone(CaseId),
    #[error("the wrapped key of case {0} does not open: it is another case's, or altered")]
    WrappedKey(CaseId),
    #[error(
        "keyring entry {entry} is sealed under root key {root}, which is not configured; name that key in `keys.also`"
    )]
    UnknownRoot { entry: String, root: String },
    #[error("keyring entry {0} is damaged")]
    EntryDamaged(String),
    #[error("a sealed secret does not open: it is of another purpose or context, or altered")]
    Sealed,
    #[error("root key: {0}")]
    Root(String),
    #[error("{0} holds no keyring; initialise it, or mend where `keys.place` points")]
    NoKeyring(String),
    #[error(
        "the bucket for keys keeps old versions: a destroyed key could come back; use a bucket without versioning"
    )]
    VersionedKeys,
    #[error(
        "the bucket for keys ignores If-Match or If-None-Match: a key could be overwritten, or a destroyed one come back; use a server that honours conditional writes"
    )]
    UnconditionalKeys,
    #[error("encryption failed: {0}")]
    Crypto(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VaultError {
    /// Whether the same call may succeed later without anybody changing anything here.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(e) if e.transient)
    }
}

/// What is wrong with a stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it does not begin as an object of this vault")]
    NotAnObject,
    #[error("its format is version {0}, which this program does not know")]
    Version(u8),
    #[error("it was written under another name or for another case")]
    OtherObject,
    #[error("frame {0} is altered or out of order")]
    Frame(u32),
    #[error("its last frame is altered or cut short")]
    LastFrame,
    #[error("its end is missing")]
    Truncated,
    #[error("something was added behind its end")]
    Extended,
}

/// The disk or the S3 server did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {operation}: {detail}")]
pub struct StoreError {
    pub operation: &'static str,
    /// Whether it may work later without anybody changing anything here.
    pub transient: bool,
    pub detail: String,
}

impl StoreError {
    pub(crate) fn new(operation: &'static str, detail: impl Into<String>) -> Self {
        Self {
            operation,
            transient: false,
            detail: detail.into(),
        }
    }

    pub(crate) fn transient(operation: &'static str, detail: impl Into<String>) -> Self {
        Self {
            transient: true,
            ..Self::new(operation, detail)
        }
    }

    pub(crate) fn io(operation: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let (too_many_files, too_many_files_here) = (24, 23);
        let transient = matches!(
            error.kind(),
            K::StorageFull
                | K::QuotaExceeded
                | K::OutOfMemory
                | K::Interrupted
                | K::TimedOut
                | K::WouldBlock
                | K::ResourceBusy
                | K::StaleNetworkFileHandle
        ) || matches!(error.raw_os_error(), Some(e) if e == too_many_files || e == too_many_files_here);
        Self {
            operation,
            transient,
            // The error's own text may hold a path; its kind does not.
            detail: error.kind().to_string(),
        }
    }
}

/// Runs blocking work on the pool for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::transient("use the disk", "the work was interrupted").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_may_empty_again_and_a_forbidden_one_not() {
        let of = |errno| StoreError::io("write", &std::io::Error::from_raw_os_error(errno));
        let (enospc, emfile, eacces) = (28, 24, 13);
        assert!(of(enospc).transient);
        assert!(of(emfile).transient);
        assert!(!of(eacces).transient);
    }
}
