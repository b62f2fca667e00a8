use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use super::PlainReader;
use crate::crypto::key::CaseKey;
use crate::error::{StoreError, VaultError};
use crate::name::ObjectName;
use crate::store::Store;

const OPERATION: &str = "hold media in memory";

/// See [`crate::Vault::to_anonymous_file`].
pub(crate) async fn fill(
    store: &Arc<Store>,
    key: &CaseKey,
    names: &[ObjectName],
    most_bytes: u64,
) -> Result<File, VaultError> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = memfd_create("idproof-media", flags).map_err(|e| failed(e.into()))?;
    let mut file = File::from(fd);
    let mut room = most_bytes;
    for name in names {
        let mut reader = PlainReader::open(Arc::clone(store), key, name, None).await?;
        room = room
            .checked_sub(reader.total())
            .ok_or(VaultError::TooLarge { most: most_bytes })?;
        while let Some(bytes) = reader.next().await? {
            file.write_all(&bytes).map_err(failed)?;
        }
    }
    file.rewind().map_err(failed)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    fcntl_add_seals(&file, seals).map_err(|e| failed(e.into()))?;
    Ok(file)
}

fn failed(error: std::io::Error) -> VaultError {
    StoreError::io(OPERATION, &error).into()
}
