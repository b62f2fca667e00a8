//! Filling the store.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::{Attempt, StoreError};
use crate::hash;
use crate::manifest::{ModelEntry, PullPolicy};
use crate::progress::{Event, Progress};
use crate::source::{self, Fetcher};
use crate::store::{Status, Store};

/// Files that are being written carry this prefix; left over, they are removed by the next pull.
const PARTIAL: &str = ".partial-";
const LOCK: &str = ".lock";

/// What became of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The right file was in the store.
    AlreadyThere,
    /// The right file is there now; `source` gave it, those in `tried` did not.
    Fetched { source: String, tried: Vec<Attempt> },
    /// No source gave it.
    Failed { tried: Vec<Attempt> },
}

/// A model and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    pub name: String,
    pub policy: PullPolicy,
    pub outcome: Outcome,
}

/// What became of every model that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullReport {
    pub models: Vec<Pulled>,
}

impl PullReport {
    /// One error for each model that no source gave, in order.
    pub fn failures(&self) -> impl Iterator<Item = (PullPolicy, StoreError)> {
        self.models.iter().filter_map(|model| match &model.outcome {
            Outcome::Failed { tried } => Some((
                model.policy,
                StoreError::NoSource {
                    name: model.name.clone(),
                    tried: tried.clone(),
                },
            )),
            _ => None,
        })
    }

    /// Whether every model that is required is there.
    pub fn complete(&self) -> bool {
        self.failures()
            .all(|(policy, _)| policy != PullPolicy::Required)
    }
}

impl Store {
    /// Brings the models `names` into the store; none named: all that are pulled by default.
    ///
    /// Sources are tried in order and every failure is kept. A file appears under its name only
    /// whole and checked. One pull at a time works in a store; another waits.
    ///
    /// # Errors
    /// Unknown name, or the store directory cannot be written. A model that no source gives is not
    /// an error here but an [`Outcome::Failed`].
    pub fn pull(
        &self,
        names: &[&str],
        progress: &mut dyn Progress,
    ) -> Result<PullReport, StoreError> {
        let names = if names.is_empty() {
            self.manifest.default_names()
        } else {
            names.to_vec()
        };
        let entries = names
            .iter()
            .map(|name| self.manifest.entry(name))
            .collect::<Result<Vec<_>, _>>()?;
        let dir = &self.config.dir;
        fs::create_dir_all(dir).map_err(StoreError::io("make", dir))?;
        let _lock = lock(dir, progress)?;
        remove_leftovers(dir)?;
        let mut fetcher = Fetcher::new(&self.config);
        let mut report = PullReport::default();
        for entry in entries {
            progress.event(Event::Started {
                model: &entry.name,
                bytes: entry.bytes,
            });
            let outcome = self.pull_one(entry, &mut fetcher, progress)?;
            match &outcome {
                Outcome::AlreadyThere => progress.event(Event::Ready {
                    model: &entry.name,
                    source: "store",
                }),
                Outcome::Fetched { source, .. } => progress.event(Event::Ready {
                    model: &entry.name,
                    source,
                }),
                Outcome::Failed { .. } => progress.event(Event::Failed { model: &entry.name }),
            }
            report.models.push(Pulled {
                name: entry.name.clone(),
                policy: entry.pull,
                outcome,
            });
        }
        Ok(report)
    }

    fn pull_one(
        &self,
        entry: &ModelEntry,
        fetcher: &mut Fetcher<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, StoreError> {
        let state = self.state(entry);
        let why = match state.status {
            Status::Ready => return Ok(Outcome::AlreadyThere),
            Status::Missing => "not there".to_owned(),
            Status::WrongHash { actual } => wrong_hash(&actual, None, entry),
            Status::Unreadable { why } => why,
        };
        let mut tried = vec![failed(entry, "store", why, progress)];
        for place in 0..=entry.source.len() {
            let (words, bytes) = match place.checked_sub(1) {
                None => {
                    let words = "mirror".to_owned();
                    trying(entry, &words, progress);
                    (words, fetcher.mirror(entry))
                }
                Some(index) => {
                    let origin = &entry.source[index];
                    let words = source::in_words(origin);
                    trying(entry, &words, progress);
                    (words, fetcher.fetch(entry, origin, progress))
                }
            };
            let right = bytes.and_then(|bytes| match hash::sha256(&bytes) {
                actual if actual == entry.sha256 => Ok(bytes),
                actual => Err(wrong_hash(&actual, Some(bytes.len()), entry)),
            });
            match right {
                Ok(bytes) => {
                    write(&self.config.dir, &entry.file, &bytes)?;
                    return Ok(Outcome::Fetched {
                        source: words,
                        tried,
                    });
                }
                Err(why) => tried.push(failed(entry, &words, why, progress)),
            }
        }
        Ok(Outcome::Failed { tried })
    }
}

fn trying(entry: &ModelEntry, source: &str, progress: &mut dyn Progress) {
    progress.event(Event::Trying {
        model: &entry.name,
        source,
    });
}

fn failed(entry: &ModelEntry, source: &str, why: String, progress: &mut dyn Progress) -> Attempt {
    progress.event(Event::SourceFailed {
        model: &entry.name,
        source,
        why: &why,
    });
    Attempt {
        source: source.to_owned(),
        why,
    }
}

fn wrong_hash(actual: &str, length: Option<usize>, entry: &ModelEntry) -> String {
    let expected = &entry.sha256;
    let length = length.map_or_else(String::new, |length| format!(" of {length} bytes"));
    format!("another file{length}: its sha256 is {actual}, expected {expected}")
}

/// Writes beside the target and renames, so that the name never shows half a file.
fn write(dir: &Path, file: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let target = dir.join(file);
    let fail = |action| StoreError::io(action, target.clone());
    let mut partial = tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempfile_in(dir)
        .map_err(fail("write"))?;
    partial.write_all(bytes).map_err(fail("write"))?;
    let readable = fs::Permissions::from_mode(0o644);
    let handle = partial.as_file();
    handle.set_permissions(readable).map_err(fail("write"))?;
    handle.sync_all().map_err(fail("write"))?;
    partial
        .persist(&target)
        .map_err(|error| fail("put in place")(error.error))?;
    Ok(())
}

/// Held until dropped; the system releases it when the process ends, however it ends.
fn lock(dir: &Path, progress: &mut dyn Progress) -> Result<File, StoreError> {
    let path = dir.join(LOCK);
    let file = File::create(&path).map_err(StoreError::io("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress.event(Event::Waiting);
            file.lock().map_err(StoreError::io("lock", &path))?;
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
    }
}

/// Removes what a pull that was killed has left.
fn remove_leftovers(dir: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
        let entry = entry.map_err(StoreError::io("read", dir))?;
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            let path = entry.path();
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}
