use std::fs::File;
use std::io::{IoSlice, Write};
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use idproof_ports::Random;
use sha2::{Digest, Sha256};

use crate::crypto::frames::{Cipher, FRAME, SEALED};
use crate::crypto::key::CaseKey;
use crate::error::{StoreError, VaultError};
use crate::name::ObjectName;
use crate::store::{Lasts, Store};

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
    lasts: Lasts,
) -> Result<Stored, VaultError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let cipher = Cipher::create(key, name, &**random)?;
    let header = *cipher.header();
    let (incoming, file) = store.begin().await?;
    let mut writer = Writer::begin(file, cipher, expected)?;
    let mut plain = pin!(plain);
    while let Some(piece) = plain.next().await {
        let piece = piece.map_err(|e| VaultError::Source {
            received: writer.bytes,
            source: e.into(),
        })?;
        writer.push(&piece)?;
    }
    let (stored, file) = writer.end()?;
    store.commit(incoming, file, name, &header, lasts).await?;
    Ok(stored)
}

/// Frames that are written together.
const BATCH: usize = 4;

/// Fills frames; hashes, seals and writes each batch while it is still in the processor's cache. The
/// writing is done where the bytes arrive: a quarter of a MiB into the page cache takes less time
/// than handing it to another thread. A disk that cannot keep up slows its senders down.
struct Writer {
    expected: Expected,
    bytes: u64,
    cipher: Cipher,
    hash: Sha256,
    index: u32,
    frame: Vec<u8>,
    /// Sealed frames that wait for the rest of their batch.
    batch: Vec<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    file: File,
}

impl Writer {
    fn begin(mut file: File, cipher: Cipher, expected: Expected) -> Result<Self, VaultError> {
        // A few bytes into the page cache.
        file.write_all(cipher.header()).map_err(failed)?;
        Ok(Self {
            expected,
            bytes: 0,
            cipher,
            hash: Sha256::new(),
            index: 0,
            frame: Vec::with_capacity(SEALED),
            batch: Vec::with_capacity(BATCH),
            spare: Vec::new(),
            file,
        })
    }

    fn push(&mut self, mut piece: &[u8]) -> Result<(), VaultError> {
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
                self.seal(false)?;
                if self.batch.len() == BATCH {
                    self.write()?;
                }
            }
            let room = (FRAME - self.frame.len()).min(piece.len());
            let (now, later) = piece.split_at(room);
            self.frame.extend_from_slice(now);
            piece = later;
        }
        Ok(())
    }

    fn seal(&mut self, last: bool) -> Result<(), VaultError> {
        if self.index == u32::MAX {
            return Err(VaultError::TooLarge {
                most: u64::from(u32::MAX) * FRAME as u64,
            });
        }
        let next = self.spare.pop();
        let next = next.unwrap_or_else(|| Vec::with_capacity(SEALED));
        let mut frame = std::mem::replace(&mut self.frame, next);
        self.hash.update(&frame);
        self.cipher.seal(self.index, last, &mut frame)?;
        self.index += 1;
        self.batch.push(frame);
        Ok(())
    }

    /// Hands the batch to the disk, into the page cache.
    fn write(&mut self) -> Result<(), VaultError> {
        let mut slices: Vec<IoSlice<'_>> = self.batch.iter().map(|f| IoSlice::new(f)).collect();
        let mut left = &mut slices[..];
        while !left.is_empty() {
            match self.file.write_vectored(left) {
                Ok(0) => return Err(failed(std::io::ErrorKind::WriteZero.into())),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(e)),
            }
        }
        for mut frame in self.batch.drain(..) {
            frame.clear();
            self.spare.push(frame);
        }
        Ok(())
    }

    /// What was stored, and the written file.
    fn end(mut self) -> Result<(Stored, File), VaultError> {
        if let Some(expected) = self.expected.bytes.filter(|b| *b != self.bytes) {
            return Err(VaultError::Length {
                expected,
                received: self.bytes,
            });
        }
        self.seal(true)?;
        let sha256 = self.hash.clone().finalize().into();
        if self.expected.sha256.is_some_and(|wanted| wanted != sha256) {
            return Err(VaultError::Checksum);
        }
        self.write()?;
        let stored = Stored {
            bytes: self.bytes,
            sha256,
        };
        Ok((stored, self.file))
    }
}

fn failed(error: std::io::Error) -> VaultError {
    StoreError::io("write an object", &error).into()
}
