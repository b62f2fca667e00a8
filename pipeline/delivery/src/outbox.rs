//! The local outbox: a directory that takes messages in place of a server. For demonstrations
//! and tests; what it holds is personal data.

use std::io::Write;
use std::path::{Path, PathBuf};

use idproof_domain::ids::MessageId;
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

use crate::error::{DeliveryError, Reason};

/// Files larger than this are not ours.
const MAX_FILE: u64 = 4 << 20;

/// Writes messages.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    dir: PathBuf,
}

/// A text message as its file holds it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SmsFile {
    pub to: String,
    pub at_ms: i64,
    pub text: String,
}

/// A message in the outbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: MessageId,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub to: String,
    /// An e-mail's subject; `None` for a text message.
    pub subject: Option<String>,
    pub text: String,
    pub html: Option<String>,
    pub path: PathBuf,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.id)
    }
}

impl Outbox {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.into() }
    }

    /// Writes a file whole or not at all. A message that is there already is left as it is: it
    /// was taken before.
    pub(crate) async fn put(
        &self,
        id: &MessageId,
        extension: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(), DeliveryError> {
        let dir = self.dir.clone();
        let path = dir.join(format!("{id}.{extension}"));
        let written = tokio::task::spawn_blocking(move || write_new(&dir, &path, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DeliveryError::transient(Reason::Outbox(error.kind()))),
            Err(_) => Err(DeliveryError::transient(Reason::Outbox(
                std::io::ErrorKind::Other,
            ))),
        }
    }
}

fn write_new(dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e.error),
    }
}

/// The newest messages of an outbox, newest first, at most `limit`. Files that are no messages
/// are passed over. An outbox that does not exist yet is empty.
pub fn list(dir: &Path, limit: usize) -> std::io::Result<Vec<Entry>> {
    let files = match std::fs::read_dir(dir) {
        Ok(files) => files,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found: Vec<(MessageId, PathBuf)> = files
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .filter_map(|file| Some((id_of(&file.path())?, file.path())))
        .collect();
    // Ids sort by age.
    found.sort_by(|a, b| b.cmp(a));
    let entries = found.into_iter().filter_map(|(id, path)| read(id, path));
    Ok(entries.take(limit).collect())
}

fn id_of(path: &Path) -> Option<MessageId> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn read(id: MessageId, path: PathBuf) -> Option<Entry> {
    if std::fs::metadata(&path).ok()?.len() > MAX_FILE {
        return None;
    }
    let bytes = std::fs::read(&path).ok()?;
    match path.extension()?.to_str()? {
        "eml" => {
            let mail = MessageParser::default().parse(&bytes)?;
            Some(Entry {
                id,
                at_ms: mail.date()?.to_timestamp().checked_mul(1000)?,
                to: mail.to()?.first()?.address()?.to_owned(),
                subject: Some(mail.subject()?.to_owned()),
                text: mail.body_text(0)?.into_owned(),
                html: mail.body_html(0).map(|h| h.into_owned()),
                path,
            })
        }
        "json" => {
            let sms: SmsFile = serde_json::from_slice(&bytes).ok()?;
            Some(Entry {
                id,
                at_ms: sms.at_ms,
                to: sms.to,
                subject: None,
                text: sms.text,
                html: None,
                path,
            })
        }
        _ => None,
    }
}
