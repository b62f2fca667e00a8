//! The pictures below a directory and what is known about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What a picture shows and what is known to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// A document; what is known of it, where somebody wrote it down.
    Document(Option<Truth>),
    /// One line of a zone and nothing else; its text.
    Line(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Of the zone.
    pub lines: Vec<String>,
    pub about: Option<About>,
}

/// What a picture is, for the figures of the quality gate and of doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An original, photographed so that everything can be read.
    Legible,
    /// An original, with something that spoils the picture.
    Hard,
    /// The document on a display.
    Screen,
    /// A black-and-white photocopy.
    Copy,
    /// A picture whose portrait was replaced afterwards.
    EditedPortrait,
    /// A picture in which a field was written over afterwards.
    EditedField,
}

const ABOUT: [(&str, About); 4] = [
    ("legible", About::Legible),
    ("hard", About::Hard),
    ("screen", About::Screen),
    ("copy", About::Copy),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub path: PathBuf,
    /// Path below the directory, for the report.
    pub name: String,
    pub shows: Shows,
}

const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "heic", "heif", "tif", "tiff"];
const TRUTH: &str = "truth.tsv";
/// Folders below folders that are looked into.
const DEEPEST: usize = 16;

/// What a picture is by the folders it lies in, below `data`: `bona-fide`, `attack/screen`, `attack/copy`,
/// `attack/edit/portrait-TYPE`, `attack/edit/field-TYPE`; with the type of an edit.
pub fn about_folders(name: &str) -> Option<(About, Option<&str>)> {
    let mut folders = name.split('/').rev().skip(1);
    let last = folders.next()?;
    let (above, top) = (folders.next(), folders.next());
    match (top, above, last) {
        (_, Some("attack"), "screen") => Some((About::Screen, None)),
        (_, Some("attack"), "copy") => Some((About::Copy, None)),
        (Some("attack"), Some("edit"), what) if what.starts_with("portrait-") => {
            Some((About::EditedPortrait, Some(what)))
        }
        (Some("attack"), Some("edit"), what) if what.starts_with("field-") => {
            Some((About::EditedField, Some(what)))
        }
        _ if name.split('/').rev().skip(1).any(|f| f == "bona-fide") => {
            Some((About::Legible, None))
        }
        _ => None,
    }
}

/// Every picture below `data`, by name. A `truth.tsv` speaks about the pictures beside and
/// below it: `file<TAB>line1/line2[/line3][<TAB>what]`, `what` one of `legible`, `hard`, `screen`,
/// `copy`. With `kept_out` only the tenth that trainings
/// leave out (see [`is_kept_out`]).
///
/// # Errors
/// In words: no such directory, no pictures, a line of `truth.tsv` that cannot be used.
pub fn gather(data: &Path, kept_out: bool) -> Result<Vec<Picture>, String> {
    if !data.is_dir() {
        return Err(format!("{}: no such directory", data.display()));
    }
    let mut files = Vec::new();
    walk(data, 0, &mut files)?;
    let mut truth = BTreeMap::new();
    for file in files.iter().filter(|f| f.ends_with(TRUTH)) {
        read_truth(file, &mut truth)?;
    }
    let mut pictures = Vec::new();
    for path in files.into_iter().filter(|f| is_picture(f)) {
        let name = path.strip_prefix(data).unwrap_or(&path);
        let name = name.to_string_lossy().into_owned();
        let shows = match label(&path)? {
            Some(text) => Shows::Line(text),
            None => Shows::Document(truth.remove(&path)),
        };
        pictures.push(Picture { path, name, shows });
    }
    if let Some(path) = truth.keys().next() {
        return Err(format!(
            "{TRUTH} names {}, which is not there or no picture ({})",
            path.display(),
            ENDINGS.join(", ")
        ));
    }
    if kept_out {
        pictures.retain(|p| is_kept_out(&p.path));
    }
    if pictures.is_empty() {
        return Err(format!(
            "{}: no pictures below it ({})",
            data.display(),
            ENDINGS.join(", ")
        ));
    }
    pictures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pictures)
}

/// The tenth of the labelled lines that the kitchen never trains on: by the first byte of
/// the sha256 of the file's name.
fn is_kept_out(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    let first = Sha256::digest(name.unwrap_or_default().as_bytes())[0];
    usize::from(first) * 10 / 256 == 0
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() && depth < DEEPEST {
            walk(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

/// The text beside a picture of one line: `NAME.gt.txt` beside `NAME.tif`.
fn label(path: &Path) -> Result<Option<String>, String> {
    let file = path.with_extension("gt.txt");
    if !file.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let line = text.trim();
    if line.is_empty() || line.lines().count() != 1 {
        return Err(format!("{}: one line of text expected", file.display()));
    }
    Ok(Some(line.to_owned()))
}

fn read_truth(file: &Path, truth: &mut BTreeMap<PathBuf, Truth>) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what: &str| format!("{}, line {number}: {what}", file.display());
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, zone)) = line.split_once('\t') else {
            return Err(wrong("expected file<TAB>line1/line2[/line3]"));
        };
        let (zone, about) = match zone.split_once('\t') {
            None => (zone, None),
            Some((zone, what)) => {
                let known = ABOUT.iter().find(|a| a.0 == what.trim());
                let known =
                    known.ok_or_else(|| wrong("what a picture is: legible, hard, screen, copy"))?;
                (zone, Some(known.1))
            }
        };
        let lines: Vec<String> = zone.trim().split('/').map(str::to_owned).collect();
        if !(2..=3).contains(&lines.len()) {
            return Err(wrong("a zone has two or three lines, with / between them"));
        }
        let symbol = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<';
        if !lines.iter().all(|l| !l.is_empty() && l.bytes().all(symbol)) {
            return Err(wrong("lines of a zone hold A-Z, 0-9 and < alone"));
        }
        let path = folder.join(name.trim());
        if truth.insert(path, Truth { lines, about }).is_some() {
            return Err(wrong("this file has a line already"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn pictures_are_found_with_what_is_known_about_them() {
        let dir = folder(&[
            ("a/x.JPG", ""),
            ("a/truth.tsv", "# zones\nx.JPG\tAB<1/CD<2\r\n\n"),
            ("b/line.tif", ""),
            ("b/line.gt.txt", "P<UTO\n"),
            ("c.png", ""),
            ("notes.txt", ""),
        ]);
        let found = gather(dir.path(), false).unwrap();
        let shows: Vec<_> = found.iter().map(|p| (p.name.as_str(), &p.shows)).collect();
        let zone = Shows::Document(Some(Truth {
            lines: vec!["AB<1".into(), "CD<2".into()],
            about: None,
        }));
        assert_eq!(
            shows,
            [
                ("a/x.JPG", &zone),
                ("b/line.tif", &Shows::Line("P<UTO".into())),
                ("c.png", &Shows::Document(None)),
            ]
        );
    }

    #[test]
    fn folders_tell_what_a_picture_is() {
        let of = about_folders;
        assert_eq!(
            of("fit/bona-fide/sent-on/a.jpg"),
            Some((About::Legible, None))
        );
        assert_eq!(of("x/attack/copy/a.jpg"), Some((About::Copy, None)));
        let edit = "attack/edit/field-flat/a.jpg";
        assert_eq!(of(edit), Some((About::EditedField, Some("field-flat"))));
        let edit = "x/attack/edit/portrait-sharp/a.jpg";
        assert_eq!(of(edit).map(|w| w.0), Some(About::EditedPortrait));
        for name in [
            "a.jpg",
            "attack/a.jpg",
            "edit/field-flat/a.jpg",
            "copy/a.jpg",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_picture_is_may_stand_behind_its_zone() {
        let dir = folder(&[("x.jpg", ""), ("truth.tsv", "x.jpg\tA/B\tcopy\n")]);
        let found = gather(dir.path(), false).unwrap();
        let Shows::Document(Some(truth)) = &found[0].shows else {
            panic!("{found:?}");
        };
        assert_eq!(truth.about, Some(About::Copy));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let error = |files: &[(&str, &str)]| gather(folder(files).path(), false).unwrap_err();
        assert!(error(&[("notes.txt", "")]).contains("no pictures below it"));
        let bad = |truth: &str| error(&[("x.jpg", ""), ("truth.tsv", truth)]);
        assert!(bad("\nx.jpg AB/CD").contains("truth.tsv, line 2: expected file<TAB>"));
        assert!(bad("x.jpg\tA/B\tgood").contains("line 1: what a picture is"));
        assert!(bad("x.jpg\tAB").contains("line 1: a zone has two or three lines"));
        assert!(bad("x.jpg\tab/cd").contains("line 1: lines of a zone hold"));
        assert!(bad("x.jpg\tA/B\nx.jpg\tA/B").contains("line 2: this file has a line already"));
        assert!(bad("y.jpg\tA/B").contains("y.jpg, which is not there"));
        assert!(error(&[("l.tif", ""), ("l.gt.txt", " \n")]).contains("one line of text"));
        let nowhere = gather(Path::new("/nowhere/at/all"), false).unwrap_err();
        assert!(nowhere.contains("no such directory"));
    }

    #[test]
    fn the_tenth_kept_out_is_the_kitchen_s() {
        // python: hashlib.sha256(name.encode()).digest()[0] * 10 // 256 == 0
        assert!(is_kept_out(Path::new("x/line-20.tif")));
        assert!(!is_kept_out(Path::new("x/line-59.tif")));
    }
}
