use std::path::{Path, PathBuf};

use crate::commands::UnusableInput;
use crate::commands::eval::faces::is_picture;

/// One still or recording.
pub struct Sample {
    pub path: PathBuf,
    /// Below the data folder.
    pub name: String,
    /// The type of attack; `None` for a bona fide one.
    pub attack: Option<String>,
    pub still: bool,
}

/// Every sample below `attack/` and `bona-fide/`. A folder in `attack/` is a type; what lies in
/// `attack/` itself is of the type `attack`.
pub fn samples(data: &Path) -> Result<Vec<Sample>, UnusableInput> {
    let unusable = |why: &str| UnusableInput(format!("{}: {why}", data.display()));
    let mut all = Vec::new();
    for (folder, attack) in [("attack", true), ("bona-fide", false)] {
        let root = data.join(folder);
        if !root.is_dir() {
            return Err(unusable("expected the folders attack/ and bona-fide/"));
        }
        walk(&root, data, None, attack, &mut all).map_err(|e| unusable(&e.to_string()))?;
    }
    if all.is_empty() {
        return Err(unusable(
            "no stills and no recordings in attack/ and bona-fide/",
        ));
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

fn walk(
    folder: &Path,
    data: &Path,
    kind: Option<&str>,
    attack: bool,
    all: &mut Vec<Sample>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            walk(&path, data, kind.or(name.as_deref()), attack, all)?;
            continue;
        }
        let still = is_picture(&path);
        if !still && !is_recording(&path) {
            continue;
        }
        let name = path.strip_prefix(data).unwrap_or(&path);
        all.push(Sample {
            name: name.display().to_string(),
            attack: attack.then(|| kind.unwrap_or("attack").to_owned()),
            still,
            path,
        });
    }
    Ok(())
}

fn is_recording(path: &Path) -> bool {
    let known = ["webm", "mkv", "mp4", "mov", "m4v"];
    path.extension()
        .is_some_and(|e| known.iter().any(|k| e.eq_ignore_ascii_case(k)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_attack_are_types() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        assert!(samples(dir.path()).is_err());
        write("attack/print/deep/a.jpg");
        write("attack/b.mp4");
        write("attack/b.json");
        std::fs::create_dir(dir.path().join("bona-fide")).unwrap();
        let found = samples(dir.path()).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|s| (s.attack.as_deref(), s.still))
            .collect();
        assert_eq!(seen, [(Some("attack"), false), (Some("print"), true)]);
        std::fs::remove_dir_all(dir.path().join("attack")).unwrap();
        assert!(samples(dir.path()).is_err());
    }
}
