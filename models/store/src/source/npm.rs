//! npm packages, through `npm pack`: the client's own configuration decides which registry.

use std::path::{Path, PathBuf};

use super::command::{self, Failure};
use crate::hash;
use crate::store::StoreConfig;

/// Downloads `package@version` into `directory` and checks the registry's integrity string.
pub fn download(
    config: &StoreConfig,
    directory: &Path,
    package: &str,
    version: &str,
    integrity: &str,
) -> Result<PathBuf, String> {
    let wanted = format!("{package}@{version}");
    let arguments = ["pack", "--ignore-scripts", &wanted];
    command::run(&config.npm, &arguments, directory, config.time_limit).map_err(|failure| {
        match failure {
            Failure::NotFound => format!(
                "there is no `{}` on this machine; install Node.js 20 or newer",
                config.npm.display()
            ),
            Failure::Other(why) => format!("`npm pack {wanted}`: {why}"),
        }
    })?;
    let path = only_file(directory, "tgz")?;
    let bytes = hash::read_file(&path, super::PACKAGE_LIMIT)
        .map_err(|error| format!("the package cannot be read: {error}"))?;
    check_integrity(&bytes, integrity)?;
    Ok(path)
}

fn check_integrity(bytes: &[u8], expected: &str) -> Result<(), String> {
    let actual = hash::npm_integrity(bytes);
    if actual == expected {
        Ok(())
    } else {
        Err(format!(
            "the package is refused: its integrity is {actual}, expected {expected}"
        ))
    }
}

/// The one file in `directory` that ends in `extension`.
pub fn only_file(directory: &Path, extension: &str) -> Result<PathBuf, String> {
    let explain = |error| format!("the download directory cannot be read: {error}");
    let mut found = None;
    for entry in std::fs::read_dir(directory).map_err(explain)? {
        let path = entry.map_err(explain)?.path();
        if path.extension().is_some_and(|it| it == extension) {
            if found.is_some() {
                return Err(format!("the client left several .{extension} files"));
            }
            found = Some(path);
        }
    }
    found.ok_or_else(|| format!("the client left no .{extension} file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_package_under_the_same_version_is_refused() {
        let right = hash::npm_integrity(b"package");
        assert!(check_integrity(b"package", &right).is_ok());
        let error = check_integrity(b"packagf", &right).unwrap_err();
        assert!(
            error.contains("is refused") && error.contains(&right),
            "{error}"
        );
    }

    #[test]
    fn exactly_one_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        assert!(only_file(dir.path(), "tgz").is_err());
        std::fs::write(dir.path().join("a.tgz"), b"").unwrap();
        assert!(only_file(dir.path(), "tgz").is_ok());
        std::fs::write(dir.path().join("b.tgz"), b"").unwrap();
        assert!(only_file(dir.path(), "tgz").is_err());
    }
}
