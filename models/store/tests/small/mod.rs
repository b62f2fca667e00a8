//! A store of one small model, `toy`, for the tests that need no network and no real model.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use idproof_models::{Event, Manifest, Outcome, Progress, Store, StoreConfig};
use sha2::Digest as _;
use tempfile::TempDir;

/// The content of the right file.
pub const TOY: &[u8] = b"the right file of the toy model";

/// A directory with a `store`, a `mirror` and a `repository` below it.
pub struct Place {
    pub root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["store", "mirror", "repository"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A configuration that uses all three directories, and package clients that do not exist.
    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            mirror: Some(self.path("mirror")),
            repository: Some(self.path("repository")),
            npm: PathBuf::from("no-npm-here"),
            python: PathBuf::from("no-python-here"),
            time_limit: Duration::from_secs(5),
            ..StoreConfig::new(self.path("store"))
        }
    }

    /// A store whose manifest is [`manifest`] with these sources.
    pub fn store(&self, sources: &str) -> Store {
        Store::new(self.config(), Manifest::parse(&manifest(sources)).unwrap())
    }

    /// An executable shell script called `name`.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let (path, text) = (self.path(name), self.path(&format!("{name}.txt")));
        fs::write(&text, format!("#!/bin/sh\nset -e\n{body}\n")).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by a process of its own: a file that this one had open for writing may still be
        // open in a child that another test is starting, and could not be run ("text file busy").
        let copied = Command::new("cp").arg("-p").arg(&text).arg(&path).status();
        assert!(copied.unwrap().success());
        path
    }

    /// The names in the store directory, but for the lock.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path("store"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".lock")
            .collect();
        names.sort();
        names
    }
}

/// A manifest of the one model `toy`, whose file is `toy.bin` and holds [`TOY`].
pub fn manifest(sources: &str) -> String {
    format!(
        "format = 1\n[[model]]\nname = \"toy\"\nversion = \"1\"\ntask = \"speech\"\nkind = \"ggml\"\n\
         file = \"toy.bin\"\nbytes = {}\nsha256 = \"{}\"\nlicence = \"MIT\"\n\
         card = \"https://example.org\"\npull = \"required\"\npreprocessing = \"none\"\n{sources}",
        TOY.len(),
        sha256(TOY)
    )
}

/// An npm source with this integrity and these members.
pub fn npm_source(integrity: &str, members: &[&str], more: &str) -> String {
    format!(
        "[[model.source]]\nkind = \"npm\"\npackage = \"@scope/toy\"\nversion = \"1.2.3\"\n\
         integrity = \"{integrity}\"\nmembers = {members:?}\n{more}\n"
    )
}

/// A PyPI source with this sum and this member.
pub fn pypi_source(sha256: &str, member: &str) -> String {
    format!(
        "[[model.source]]\nkind = \"pypi\"\npackage = \"toy\"\nversion = \"1.2.3\"\n\
         sha256 = \"{sha256}\"\nmembers = [\"{member}\"]\n"
    )
}

/// A `.tgz` of these files.
pub fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut builder = tar::Builder::new(encoder);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// A wheel of one file.
pub fn wheel(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file(name, options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

pub fn sha256(bytes: &[u8]) -> String {
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn integrity(bytes: &[u8]) -> String {
    let digest = sha2::Sha512::digest(bytes);
    let encoded = base64::engine::general_purpose::STANDARD.encode(digest);
    format!("sha512-{encoded}")
}

/// Pulls `toy`; what became of it.
pub fn pull(store: &Store) -> Outcome {
    let mut report = store.pull(&["toy"], &mut idproof_models::Silent).unwrap();
    report.models.remove(0).outcome
}

/// Pulls `toy`, which must fail; the error in words.
pub fn pull_error(store: &Store) -> String {
    let report = store.pull(&["toy"], &mut idproof_models::Silent).unwrap();
    assert!(!report.complete());
    let mut failures = report.failures();
    failures.next().expect("the pull fails").1.to_string()
}

/// Keeps every event as a line.
#[derive(Default)]
pub struct Lines(pub Vec<String>);

impl Progress for Lines {
    fn event(&mut self, event: Event<'_>) {
        self.0.push(match event {
            Event::Waiting => "waiting".to_owned(),
            Event::Started { model, bytes } => format!("started {model} {bytes}"),
            Event::Trying { source, .. } => format!("trying {source}"),
            Event::Bytes { done, total, .. } => format!("bytes {done} {total:?}"),
            Event::SourceFailed { source, why, .. } => format!("failed {source}: {why}"),
            Event::Converting { .. } => "converting".to_owned(),
            Event::Ready { model, source } => format!("ready {model} {source}"),
            Event::Failed { model } => format!("gave up {model}"),
        });
    }
}

/// Whether the file at `path` holds `bytes`.
pub fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|found| found == bytes)
}
