//! Entries as files: `secrets.key`, and `<last two characters of the case id>/<case id>.key`.
//!
//! Whoever changes an entry holds the lock of the directory it lies in, so that a rotation never
//! brings back what is being destroyed; readers share it, so that none sees an entry half
//! overwritten. A new text goes to `<name>.new` first; destroying removes that too, and a listing
//! shows it, so a copy that a killed process left behind is found.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use idproof_domain::ids::CaseId;

use crate::disk::{found, make_private_dir, sync_dir};
use crate::error::{StoreError, VaultError, blocking};
use crate::keyring::entry::EntryId;

#[derive(Debug, Clone)]
pub(crate) struct Directory {
    root: PathBuf,
}

/// Where one entry lies.
struct Place {
    dir: PathBuf,
    entry: PathBuf,
    new: PathBuf,
}

impl Directory {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn shown(&self) -> String {
        self.root.display().to_string()
    }

    pub async fn initialise(&self) -> Result<(), VaultError> {
        let root = self.root.clone();
        blocking(move || make_private_dir(&root).map_err(|e| failed("make the keyring", &e))).await
    }

    fn place(&self, id: &EntryId) -> Place {
        let name = id.to_string();
        let dir = match id {
            EntryId::Secrets => self.root.clone(),
            EntryId::Case(_) => self.root.join(&name[name.len() - 2..]),
        };
        Place {
            entry: dir.join(format!("{name}.key")),
            new: dir.join(format!("{name}.new")),
            dir,
        }
    }

    /// `false` where the entry exists.
    pub async fn create(&self, id: &EntryId, text: Vec<u8>) -> Result<bool, VaultError> {
        let place = self.place(id);
        let root = self.root.clone();
        blocking(move || create(&root, &place, &text).map_err(|e| failed("create a key", &e))).await
    }

    /// `None` is believed only while the keyring itself is there.
    pub async fn read(&self, id: &EntryId) -> Result<Option<Vec<u8>>, VaultError> {
        let place = self.place(id);
        let this = self.clone();
        blocking(move || {
            let text = read(&place).map_err(|e| failed("read a key", &e))?;
            if text.is_none() {
                this.check_present()?;
            }
            Ok(text)
        })
        .await
    }

    /// `false` where the entry is no longer what it was.
    pub async fn replace(
        &self,
        id: &EntryId,
        old: Vec<u8>,
        text: Vec<u8>,
    ) -> Result<bool, VaultError> {
        let place = self.place(id);
        blocking(move || replace(&place, &old, &text).map_err(|e| failed("replace a key", &e)))
            .await
    }

    /// Whether the entry existed.
    pub async fn destroy(&self, id: &EntryId) -> Result<bool, VaultError> {
        let place = self.place(id);
        let this = self.clone();
        blocking(move || {
            let existed = destroy(&place).map_err(|e| failed("destroy a key", &e))?;
            if !existed {
                this.check_present()?;
            }
            Ok(existed)
        })
        .await
    }

    /// The cases of one subfolder after another; `after` is the subfolder that came last.
    pub async fn page(
        &self,
        after: Option<String>,
    ) -> Result<Option<(Vec<CaseId>, String)>, VaultError> {
        let root = self.root.clone();
        blocking(move || page(&root, after.as_deref()).map_err(|e| failed("list keys", &e))).await
    }

    /// An empty mount point must not look like a keyring whose keys are destroyed.
    fn check_present(&self) -> Result<(), VaultError> {
        let there = self
            .place(&EntryId::Secrets)
            .entry
            .try_exists()
            .map_err(|e| failed("read the keyring", &e))?;
        there
            .then_some(())
            .ok_or_else(|| VaultError::NoKeyring(self.shown()))
    }
}

fn failed(operation: &'static str, error: &io::Error) -> VaultError {
    StoreError::io(operation, error).into()
}

fn read(place: &Place) -> io::Result<Option<Vec<u8>>> {
    let Some(dir) = found(File::open(&place.dir))? else {
        return Ok(None);
    };
    dir.lock_shared()?;
    found(std::fs::read(&place.entry))
}

/// Holds the directory's lock until dropped; `None` where there is no such directory.
fn lock(dir: &Path) -> io::Result<Option<File>> {
    let Some(dir) = found(File::open(dir))? else {
        return Ok(None);
    };
    dir.lock()?;
    Ok(Some(dir))
}

fn create(root: &Path, place: &Place, text: &[u8]) -> io::Result<bool> {
    if !place.dir.try_exists()? {
        make_private_dir(&place.dir)?;
        sync_dir(root)?;
    }
    let Some(dir) = lock(&place.dir)? else {
        return Err(io::ErrorKind::NotFound.into());
    };
    if place.entry.try_exists()? {
        return Ok(false);
    }
    write(place, text)?;
    dir.sync_all()?;
    Ok(true)
}

fn write(place: &Place, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&place.new)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&place.new, &place.entry)
}

fn replace(place: &Place, old: &[u8], text: &[u8]) -> io::Result<bool> {
    let Some(dir) = lock(&place.dir)? else {
        return Ok(false);
    };
    // Held open, so that the old text can be overwritten once the new one stands.
    let Some(mut previous) = found(OpenOptions::new().write(true).open(&place.entry))? else {
        return Ok(false);
    };
    if std::fs::read(&place.entry)? != old {
        return Ok(false);
    }
    write(place, text)?;
    dir.sync_all()?;
    blank(&mut previous)?;
    Ok(true)
}

fn destroy(place: &Place) -> io::Result<bool> {
    let Some(dir) = lock(&place.dir)? else {
        return Ok(false);
    };
    let mut existed = false;
    for path in [&place.entry, &place.new] {
        if let Some(mut file) = found(OpenOptions::new().write(true).open(path))? {
            blank(&mut file)?;
            std::fs::remove_file(path)?;
            existed = true;
        }
    }
    dir.sync_all()?;
    Ok(existed)
}

/// Overwrites a file. Disks that write elsewhere keep the old blocks for a while; what lies there
/// is sealed under the root key.
fn blank(file: &mut File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.write_all(&vec![0; length])?;
    file.sync_all()
}

fn page(root: &Path, after: Option<&str>) -> io::Result<Option<(Vec<CaseId>, String)>> {
    let mut next: Option<String> = None;
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        let later = after.is_none_or(|after| name.as_str() > after);
        if later && next.as_ref().is_none_or(|n| name < *n) && entry.file_type()?.is_dir() {
            next = Some(name);
        }
    }
    let Some(shard) = next else {
        return Ok(None);
    };
    let mut cases = vec![];
    for entry in std::fs::read_dir(root.join(&shard))? {
        let name = entry?.file_name();
        let case = name
            .to_str()
            .and_then(|n| n.strip_suffix(".key").or_else(|| n.strip_suffix(".new")))
            .and_then(|n| n.parse().ok());
        cases.extend(case);
    }
    cases.sort();
    cases.dedup();
    Ok(Some((cases, shard)))
}
