use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use idproof_ports::Random;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::crypto::frames::{Cipher, FRAME, SEALED};
use crate::crypto::key::CaseKey;
use crate::error::{StoreError, VaultError};
use crate::name::ObjectName;
use crate::store::{Incoming, Store};

/// What is expected of plain bytes to be stored. What does not hold leaves no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// More is refused, as soon as it comes.
    pub most_bytes: u64,
    /// The exact number, where it was announced.
    pub bytes: Option<u64>,
    /// Their SHA-256, where it was announced.
    pub sha256: Option<[u8; 32]>,
}

impl Expected {
    pub fn at_most(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            bytes: None,
            sha256: None,
        }
    }
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Plain bytes.
    pub bytes: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
}

pub(crate) async fn put<S, E>(
    store: &Store,
    random: &Arc<dyn Random>,
    key: &CaseKey,
    name: &ObjectName,
    plain: S,
    expected: Expected,
) -> Result<Stored, VaultError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let cipher = Cipher::create(key, name, &**random)?;
    let mut writer = Writer::begin(store.begin().await?, cipher, expected).await?;
    let mut plain = pin!(plain);
    while let Some(piece) = plain.next().await {
        let piece = piece.map_err(|e| VaultError::Source {
            received: writer.bytes,
            source: e.into(),
        })?;
        writer.push(&piece).await?;
    }
    let (stored, incoming, cipher) = writer.end().await?;
    store.commit(incoming, name, cipher.header()).await?;
    Ok(stored)
}

/// Fills frames, seals them, hands them to the disk.
struct Writer {
    incoming: Incoming,
    cipher: Cipher,
    expected: Expected,
    frame: Vec<u8>,
    index: u32,
    hash: Sha256,
    bytes: u64,
}

impl Writer {
    async fn begin(
        mut incoming: Incoming,
        cipher: Cipher,
        expected: Expected,
    ) -> Result<Self, VaultError> {
        incoming
            .file
            .write_all(cipher.header())
            .await
            .map_err(failed)?;
        Ok(Self {
            incoming,
            cipher,
            expected,
            frame: Vec::with_capacity(SEALED),
            index: 0,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    async fn push(&mut self, mut piece: &[u8]) -> Result<(), VaultError> {
        let bytes = self.bytes + piece.len() as u64;
        if bytes > self.expected.most_bytes {
            return Err(VaultError::TooLarge {
                most: self.expected.most_bytes,
            });
        }
        if let Some(expected) = self.expected.bytes.filter(|expected| bytes > *expected) {
            return Err(VaultError::Length {
                expected,
                received: bytes,
            });
        }
        self.bytes = bytes;
        while !piece.is_empty() {
            // A full frame waits: only what follows tells that it is not the last.
            if self.frame.len() == FRAME {
                self.flush(false).await?;
                self.index += 1;
            }
            let room = (FRAME - self.frame.len()).min(piece.len());
            let (now, later) = piece.split_at(room);
            self.frame.extend_from_slice(now);
            piece = later;
        }
        Ok(())
    }

    async fn flush(&mut self, last: bool) -> Result<(), VaultError> {
        if self.index == u32::MAX {
            return Err(VaultError::TooLarge {
                most: u64::from(u32::MAX) * FRAME as u64,
            });
        }
        self.hash.update(&self.frame);
        self.cipher.seal(self.index, last, &mut self.frame)?;
        self.incoming
            .file
            .write_all(&self.frame)
            .await
            .map_err(failed)?;
        self.frame.clear();
        Ok(())
    }

    async fn end(mut self) -> Result<(Stored, Incoming, Cipher), VaultError> {
        if let Some(expected) = self.expected.bytes.filter(|b| *b != self.bytes) {
            return Err(VaultError::Length {
                expected,
                received: self.bytes,
            });
        }
        self.flush(true).await?;
        let sha256 = self.hash.finalize().into();
        if self.expected.sha256.is_some_and(|wanted| wanted != sha256) {
            return Err(VaultError::Checksum);
        }
        let stored = Stored {
            bytes: self.bytes,
            sha256,
        };
        Ok((stored, self.incoming, self.cipher))
    }
}

fn failed(error: std::io::Error) -> VaultError {
    StoreError::io("write an object", &error).into()
}
