//! The bytes under scrutiny: a file by descriptor, or memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Clones share the bytes, not the position.
#[derive(Clone)]
pub struct Source {
    bytes: Bytes,
    length: u64,
    at: u64,
}

#[derive(Clone)]
enum Bytes {
    File(Arc<File>),
    Memory(Arc<[u8]>),
}

impl Source {
    /// A regular file; its descriptor's own position is neither used nor moved.
    pub fn from_file(file: File) -> io::Result<Self> {
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(Self {
            length: meta.len(),
            bytes: Bytes::File(Arc::new(file)),
            at: 0,
        })
    }

    pub fn from_memory(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len() as u64,
            bytes: Bytes::Memory(bytes.into()),
            at: 0,
        }
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Up to `n` bytes from the start.
    pub fn head(&self, n: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(n);
        let mut from_start = self.clone();
        from_start.at = 0;
        from_start.take(n as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = match &self.bytes {
            Bytes::File(file) => file.read_at(buf, self.at)?,
            Bytes::Memory(bytes) => {
                let from = usize::try_from(self.at)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                let n = buf.len().min(bytes.len() - from);
                buf[..n].copy_from_slice(&bytes[from..][..n]);
                n
            }
        };
        self.at = self.at.saturating_add(n as u64);
        Ok(n)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = target
            .filter(|&at| at <= i64::MAX as u64)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
