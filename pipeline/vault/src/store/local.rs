//! Objects as files: `<last two characters of the case id>/<case id>/<rest, its / written as .>`.
//! They are written in `incoming` and linked to their names when whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::{Bytes, BytesMut};
use idproof_domain::ids::CaseId;

use crate::crypto::frames::Layout;
use crate::disk::{found, make_private_dir, parent, sync_dir};
use crate::error::{StoreError, VaultError, blocking};
use crate::name::ObjectName;
use crate::store::{Incoming, Lasts};

#[derive(Debug, Clone)]
pub(crate) struct LocalStore {
    root: PathBuf,
}

const INCOMING: &str = "incoming";

impl LocalStore {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING)
    }

    fn case_dir(&self, case: &CaseId) -> PathBuf {
        let case = case.as_str();
        self.root.join(&case[case.len() - 2..]).join(case)
    }

    fn path(&self, name: &ObjectName) -> PathBuf {
        self.case_dir(name.case())
            .join(name.rest().replace('/', "."))
    }

    pub async fn initialise(&self) -> Result<(), VaultError> {
        let dir = self.incoming();
        blocking(move || make_private_dir(&dir).map_err(|e| failed("make the media store", &e)))
            .await
    }

    pub async fn begin(&self) -> Result<(Incoming, File), VaultError> {
        let dir = self.incoming();
        blocking(move || {
            let (file, path) = tempfile::NamedTempFile::new_in(dir)
                .map_err(|e| failed("begin an object", &e))?
                .into_parts();
            Ok((Incoming { path: Some(path) }, file))
        })
        .await
    }

    pub async fn commit(
        &self,
        incoming: Incoming,
        file: File,
        name: &ObjectName,
        lasts: Lasts,
    ) -> Result<(), VaultError> {
        let operation = "write an object";
        let Some(path) = incoming.path else {
            return Err(StoreError::new(operation, "it was begun elsewhere").into());
        };
        let target = self.path(name);
        let taken = name.clone();
        blocking(move || {
            if lasts == Lasts::Now {
                file.sync_all().map_err(|e| failed(operation, &e))?;
            }
            match link(path, &target, lasts) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    Err(VaultError::Exists(taken))
                }
                other => other.map_err(|e| failed(operation, &e)),
            }
        })
        .await
    }

    pub async fn settle(
        &self,
        objects: Vec<(ObjectName, u64)>,
    ) -> Result<Vec<ObjectName>, VaultError> {
        let this = self.clone();
        blocking(move || {
            let mut lost = vec![];
            let mut dirs = BTreeSet::new();
            for (name, plain) in objects {
                let path = this.path(&name);
                match settle(&path, plain).map_err(|e| failed("settle an object", &e))? {
                    true => dirs.extend(path.ancestors().skip(1).take(3).map(Path::to_owned)),
                    false => lost.push(name),
                }
            }
            if !lost.is_empty() {
                this.check_present()?;
            }
            // The innermost first: what a directory names is there before it is named.
            for dir in dirs.iter().rev() {
                sync_dir(dir).map_err(|e| failed("settle an object", &e))?;
            }
            Ok(lost)
        })
        .await
    }

    pub async fn open(&self, name: &ObjectName) -> Result<(File, u64), VaultError> {
        let this = self.clone();
        let name = name.clone();
        blocking(move || {
            let operation = "read an object";
            let file = found(File::open(this.path(&name))).map_err(|e| failed(operation, &e))?;
            let Some(file) = file else {
                this.check_present()?;
                return Err(VaultError::Missing(name));
            };
            let bytes = file.metadata().map_err(|e| failed(operation, &e))?.len();
            Ok((file, bytes))
        })
        .await
    }

    pub async fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        let this = self.clone();
        let path = self.path(name);
        blocking(move || {
            let exists = path
                .try_exists()
                .map_err(|e| failed("look for an object", &e))?;
            if !exists {
                this.check_present()?;
            }
            Ok(exists)
        })
        .await
    }

    pub async fn delete_many(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        let mut by_case: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for name in names {
            let path = self.path(name);
            by_case
                .entry(parent(&path).to_owned())
                .or_default()
                .push(path);
        }
        let this = self.clone();
        blocking(move || {
            this.check_present()?;
            by_case.iter().try_for_each(|(dir, paths)| {
                delete(dir, paths).map_err(|e| failed("delete an object", &e))
            })
        })
        .await
    }

    pub async fn objects_of(&self, case: &CaseId) -> Result<Vec<ObjectName>, VaultError> {
        let this = self.clone();
        let case = case.clone();
        blocking(move || {
            this.check_present()?;
            names_in(&this.case_dir(&case), &case).map_err(|e| failed("list objects", &e))
        })
        .await
    }

    /// Removes what killed processes left in `incoming`.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, VaultError> {
        let dir = self.incoming();
        blocking(move || sweep(&dir, before_ms).map_err(|e| failed("sweep the media store", &e)))
            .await
    }

    /// An empty mount point must not look like a store whose objects are deleted.
    fn check_present(&self) -> Result<(), VaultError> {
        let incoming = self.incoming();
        if incoming.is_dir() {
            return Ok(());
        }
        let detail = format!(
            "{} is no media store; mount or initialise it",
            self.root.display()
        );
        Err(StoreError::transient("find the media store", detail).into())
    }
}

fn failed(operation: &'static str, error: &io::Error) -> VaultError {
    StoreError::io(operation, error).into()
}

/// Exactly these bytes.
pub(crate) async fn read(file: Arc<File>, start: u64, length: u64) -> Result<Bytes, VaultError> {
    blocking(move || {
        let length = usize::try_from(length)
            .map_err(|_| StoreError::new("read an object", "it does not fit in memory"))?;
        let mut bytes = BytesMut::zeroed(length);
        file.read_exact_at(&mut bytes, start)
            .map_err(|e| failed("read an object", &e))?;
        Ok(bytes.freeze())
    })
    .await
}

/// Waits until the disk has the file. `false` where it is not there, or not as long as it should be.
fn settle(path: &Path, plain: u64) -> io::Result<bool> {
    let Some(file) = found(File::open(path))? else {
        return Ok(false);
    };
    if file.metadata()?.len() != Layout::stored(plain) {
        return Ok(false);
    }
    file.sync_all()?;
    Ok(true)
}

/// Gives a written file its name, unless the name is taken.
fn link(mut path: tempfile::TempPath, target: &Path, lasts: Lasts) -> io::Result<()> {
    let dir = parent(target);
    // The case's last object may be deleted, and its directory with it, at this very moment.
    for _ in 0..10 {
        if !dir.try_exists()? {
            make_private_dir(dir)?;
            let shard = parent(dir);
            if lasts == Lasts::Now {
                sync_dir(shard)?;
                sync_dir(parent(shard))?;
            }
        }
        match path.persist_noclobber(target) {
            Ok(()) if lasts == Lasts::OnceSettled => return Ok(()),
            Ok(()) => return sync_dir(dir),
            Err(e) if e.error.kind() == io::ErrorKind::NotFound => path = e.path,
            Err(e) => return Err(e.error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn delete(dir: &Path, paths: &[PathBuf]) -> io::Result<()> {
    for path in paths {
        found(std::fs::remove_file(path))?;
    }
    if found(sync_dir(dir))?.is_none() {
        return Ok(());
    }
    match std::fs::remove_dir(dir) {
        Ok(()) => sync_dir(parent(dir)),
        Err(e) => match e.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound => Ok(()),
            _ => Err(e),
        },
    }
}

fn names_in(dir: &Path, case: &CaseId) -> io::Result<Vec<ObjectName>> {
    let mut names = vec![];
    let Some(entries) = found(std::fs::read_dir(dir))? else {
        return Ok(names);
    };
    for entry in entries {
        let file = entry?.file_name();
        let name = file
            .to_str()
            .and_then(|rest| ObjectName::new(case, &rest.replace('.', "/")).ok());
        names.push(name.ok_or(io::ErrorKind::InvalidData)?);
    }
    names.sort();
    Ok(names)
}

fn sweep(dir: &Path, before_ms: i64) -> io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // It may have become an object meanwhile.
        let Some(meta) = found(entry.metadata())? else {
            continue;
        };
        let written = meta.modified()?.duration_since(UNIX_EPOCH);
        let written_ms = written.map_or(0, |t| i64::try_from(t.as_millis()).unwrap_or(i64::MAX));
        if written_ms < before_ms && found(std::fs::remove_file(entry.path()))?.is_some() {
            removed += 1;
        }
    }
    Ok(removed)
}
