//! Letters for a print and post house: a directory a day, in it one PDF a letter and
//! `manifest.csv`, which names what is to be printed. What the manifest does not name is not.
//!
//! ```text
//! ROOT/2026-03-12/manifest.csv
//! ROOT/2026-03-12/let_….pdf
//! ROOT/exported/let_…          one line: the day under which it went out
//! ```
//!
//! The house takes whole days that are past. The files hold names, addresses and codes: remove
//! them with [`PrintExport::remove_before`] once they are printed. The marks in `exported` hold
//! neither and stay, so that no letter goes out twice.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use idproof_domain::ids::LetterId;
use idproof_domain::letter::LetterContent;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::LetterProvider;
use super::pdf::{Window, letter_pdf};
use crate::error::{DeliveryError, Reason};

const MANIFEST: &str = "manifest.csv";
const HEADER: &str = "letter,file,pages,sha256\n";

/// Writes letters for a print and post house. Several processes may share the directory.
#[derive(Debug, Clone)]
pub struct PrintExport {
    root: PathBuf,
    window: Window,
}

impl PrintExport {
    pub fn new(root: &Path, window: Window) -> Self {
        Self {
            root: root.into(),
            window,
        }
    }

    /// Removes the batches of days before `day`; how many there were.
    pub fn remove_before(&self, day: Date) -> std::io::Result<usize> {
        let _lock = self.lock()?;
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.root)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            if name.parse::<Date>().is_ok_and(|d| d < day) {
                std::fs::remove_dir_all(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Held until dropped; other processes wait.
    fn lock(&self) -> std::io::Result<File> {
        std::fs::create_dir_all(self.root.join("exported"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join(".lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn export(&self, id: &LetterId, pdf: &[u8], today: Date) -> std::io::Result<Exported> {
        let _lock = self.lock()?;
        let mark = self.root.join("exported").join(id.as_str());
        match std::fs::read_to_string(&mark) {
            Ok(text) if text.starts_with("out ") => return Ok(Exported::Before),
            Ok(text) => {
                // A process stopped between the mark and the end.
                let Ok(day) = text.trim().parse::<Date>() else {
                    return Ok(Exported::Unsure);
                };
                let batch = self.root.join(day.to_string());
                if !batch.is_dir() {
                    return Ok(Exported::Unsure);
                }
                if manifest(&batch)?.contains(&format!("\n{id},")) {
                    write_whole(&mark, format!("out {day}\n").as_bytes())?;
                    return Ok(Exported::Before);
                }
                remove_if_there(&batch.join(format!("{id}.pdf")))?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        let batch = self.root.join(today.to_string());
        std::fs::create_dir_all(&batch)?;
        write_whole(&mark, format!("{today}\n").as_bytes())?;
        let file = format!("{id}.pdf");
        write_whole(&batch.join(&file), pdf)?;
        let mut lines = manifest(&batch)?;
        lines.push_str(&format!("{id},{file},1,{}\n", sha256(pdf)));
        // From here on the letter is out.
        write_whole(&batch.join(MANIFEST), lines.as_bytes())?;
        write_whole(&mark, format!("out {today}\n").as_bytes())?;
        Ok(Exported::Now)
    }
}

enum Exported {
    Now,
    Before,
    /// The batch is gone, and nobody noted whether the letter was in it.
    Unsure,
}

impl LetterProvider for PrintExport {
    fn code(&self) -> &'static str {
        "print"
    }

    fn is_electronic(&self) -> bool {
        false
    }

    fn deposit(&self, content: &LetterContent, today: Date) -> Result<(), DeliveryError> {
        if content.recipient.lines.is_empty() {
            return Err(DeliveryError::permanent(Reason::NoPostalAddress));
        }
        let pdf = letter_pdf(content, self.window)?;
        if let Some(why) = pdf.unpostable {
            return Err(DeliveryError::permanent(Reason::Unpostable(why)));
        }
        match self.export(&content.letter, &pdf.bytes, today) {
            Ok(Exported::Now | Exported::Before) => Ok(()),
            Ok(Exported::Unsure) => Err(DeliveryError::permanent(Reason::MaybePrinted)),
            Err(error) => Err(DeliveryError::transient(Reason::Export(error.kind()))),
        }
    }
}

fn manifest(batch: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(batch.join(MANIFEST)) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(HEADER.to_owned()),
        other => other,
    }
}

/// Writes a file whole or not at all, and durably.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    File::open(dir)?.sync_all()
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}
