use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};

use crate::crypto::frames::{Cipher, FRAME, HEADER, Layout, SEALED};
use crate::crypto::key::CaseKey;
use crate::error::{Damage, VaultError};
use crate::name::ObjectName;
use crate::store::{Source, Store};

/// Frames asked for at once: 256 KiB of a file, 2 MiB of a bucket.
const LOCAL_BLOCK: u32 = 4;
const BUCKET_BLOCK: u32 = 32;

/// The plain bytes of an object, or of a part of it, frame by frame. What comes before an error
/// is genuine; that nothing is missing is known only once the end has come.
pub struct PlainReader {
    store: Arc<Store>,
    source: Source,
    name: ObjectName,
    cipher: Cipher,
    layout: Layout,
    /// Frames yet to be fetched.
    frames: Range<u32>,
    /// Stored frames at hand, the first of which has this index.
    block: BytesMut,
    next: u32,
    /// Plain bytes wanted: the place of the next one, and where they end.
    at: u64,
    end: u64,
}

impl std::fmt::Debug for PlainReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlainReader({}, {}..{})", self.name, self.at, self.end)
    }
}

impl PlainReader {
    /// `range` is in plain bytes, its end cut to the object's; `None` for all.
    pub(crate) async fn open(
        store: Arc<Store>,
        key: &CaseKey,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Self, VaultError> {
        let (source, stored) = store.open(name, likely(range.as_ref())).await?;
        let damaged = |damage| VaultError::Damaged {
            name: name.clone(),
            damage,
        };
        let layout = Layout::of_stored(stored).map_err(damaged)?;
        let header = store.read(&source, name, 0, HEADER as u64).await?;
        let header = header
            .first_chunk::<HEADER>()
            .ok_or_else(|| damaged(Damage::Truncated))?;
        let cipher = Cipher::of_stored(key, name, *header)?;
        let wanted = range.unwrap_or(0..layout.plain);
        let end = wanted.end.min(layout.plain);
        if wanted.start > end || (wanted.start == end && layout.plain > 0) {
            return Err(VaultError::Range {
                name: name.clone(),
                start: wanted.start,
                bytes: layout.plain,
            });
        }
        let first = frame_of(wanted.start);
        Ok(Self {
            frames: first..frame_of(end.saturating_sub(1)) + 1,
            next: first,
            at: wanted.start,
            end,
            store,
            source,
            name: name.clone(),
            cipher,
            layout,
            block: BytesMut::new(),
        })
    }

    /// Plain bytes of the whole object.
    pub fn total(&self) -> u64 {
        self.layout.plain
    }

    /// Plain bytes that are still to come.
    pub fn remaining(&self) -> u64 {
        self.end - self.at
    }

    /// The next plain bytes, at most 64 KiB; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, VaultError> {
        if self.block.is_empty() && !self.fetch().await? {
            return Ok(None);
        }
        let mut frame = self.block.split_to(SEALED.min(self.block.len()));
        let index = self.next;
        let last = index + 1 == self.layout.frames;
        if let Err(damage) = self.cipher.open(index, last, &mut frame) {
            // Nothing more comes after an error.
            self.frames = 0..0;
            self.block.clear();
            return Err(VaultError::Damaged {
                name: self.name.clone(),
                damage,
            });
        }
        self.next += 1;
        let begins = u64::from(index) * FRAME as u64;
        let skip = usize::try_from(self.at - begins).unwrap_or(FRAME);
        let upto = usize::try_from(self.end - begins)
            .unwrap_or(FRAME)
            .min(frame.len());
        let plain = frame.freeze().slice(skip.min(upto)..upto);
        self.at += plain.len() as u64;
        Ok(Some(plain))
    }

    /// Fetches the next block of frames; `false` where none is left.
    async fn fetch(&mut self) -> Result<bool, VaultError> {
        if self.frames.is_empty() {
            return Ok(false);
        }
        let block = match self.source {
            Source::Local(_) => LOCAL_BLOCK,
            Source::Bucket(_) => BUCKET_BLOCK,
        };
        let until = self.frames.end.min(self.frames.start.saturating_add(block));
        let start = Layout::offset(self.frames.start);
        let end = if until == self.layout.frames {
            let last = self.layout.plain - u64::from(until - 1) * FRAME as u64;
            Layout::offset(until - 1) + last + (SEALED - FRAME) as u64
        } else {
            Layout::offset(until)
        };
        let bytes = self
            .store
            .read(&self.source, &self.name, start, end - start)
            .await?;
        self.block = bytes.into();
        self.frames.start = until;
        Ok(true)
    }

    /// As a stream, for an HTTP body.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, VaultError>> + Send {
        stream::try_unfold(self, |mut reader| async move {
            Ok(reader.next().await?.map(|bytes| (bytes, reader)))
        })
    }

    /// All of it in memory; `TooLarge` where it has more than `most` bytes.
    pub async fn into_bytes(mut self, most: u64) -> Result<Vec<u8>, VaultError> {
        if self.remaining() > most {
            return Err(VaultError::TooLarge { most });
        }
        let mut all = Vec::with_capacity(usize::try_from(self.remaining()).unwrap_or(0));
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }
}

/// Plain bytes of an object, by its stored size.
pub(crate) async fn size(store: &Store, name: &ObjectName) -> Result<u64, VaultError> {
    let (_, stored) = store.open(name, HEADER as u64).await?;
    let layout = Layout::of_stored(stored).map_err(|damage| VaultError::Damaged {
        name: name.clone(),
        damage,
    })?;
    Ok(layout.plain)
}

/// How much of a bucket's object to ask for at first: its header, and what is wanted of the first
/// block of frames.
fn likely(range: Option<&Range<u64>>) -> u64 {
    match range {
        None => Layout::offset(BUCKET_BLOCK),
        Some(r) if r.start < FRAME as u64 => {
            let frames = frame_of(r.end.saturating_sub(1)).saturating_add(1);
            Layout::offset(frames.min(BUCKET_BLOCK))
        }
        Some(_) => HEADER as u64,
    }
}

fn frame_of(byte: u64) -> u32 {
    u32::try_from(byte / FRAME as u64).unwrap_or(u32::MAX)
}
