//! The root key: under it every entry of the keyring is sealed.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idproof_ports::Random;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::config::{RootCommand, RootSource};
use crate::crypto::key::Key;
use crate::disk;
use crate::error::{VaultError, blocking};

/// Longest text a source may give: the key has 44 characters.
const LONGEST: usize = 1024;

/// 256 secret bits from outside the database and the keyring.
#[derive(Clone)]
pub struct RootKey {
    pub(crate) key: Key,
    fingerprint: String,
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.fingerprint)
    }
}

impl RootKey {
    /// 32 bytes in base64, white space around them allowed.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let wrong = || VaultError::Root("it is not 32 bytes in base64".into());
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong())?);
        Self::new(Key::from_slice(&bytes).ok_or_else(wrong)?)
    }

    pub(crate) fn new(key: Key) -> Result<Self, VaultError> {
        let print = key.derive::<8>(b"", &[b"idproof root fingerprint"])?;
        let fingerprint = print.iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { key, fingerprint })
    }

    /// Tells root keys apart without giving them away: 16 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Reads the key where the configuration says.
    pub async fn load(source: &RootSource) -> Result<Self, VaultError> {
        match source {
            RootSource::File(path) => {
                let path = path.clone();
                blocking(move || from_file(&path)).await
            }
            RootSource::Env(name) => {
                let text = std::env::var(name).map(Zeroizing::new).map_err(|_| {
                    VaultError::Root(format!("environment variable {name} is not set"))
                })?;
                Self::parse(&text)
            }
            RootSource::Command(command) => from_command(command).await,
        }
    }

    /// Writes a new random key to a file that only its owner may read. An existing file is left
    /// alone: `false`.
    pub async fn create_file(path: &Path, random: &dyn Random) -> Result<bool, VaultError> {
        let key = Key::random(random);
        let mut text = Zeroizing::new(STANDARD.encode(key.bytes()));
        text.push('\n');
        let path = path.to_owned();
        blocking(move || write_new(&path, text.as_bytes())).await
    }
}

fn from_file(path: &Path) -> Result<RootKey, VaultError> {
    let shown = path.display();
    let wrong = |why: &str| VaultError::Root(format!("{shown} {why}"));
    let file = std::fs::File::open(path).map_err(|e| {
        wrong(match e.kind() {
            ErrorKind::NotFound => "is missing; restore it: without it no case can be read",
            ErrorKind::PermissionDenied => "may not be read by this user",
            _ => "cannot be read",
        })
    })?;
    let mode = file
        .metadata()
        .map_err(|_| wrong("cannot be read"))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(wrong("may be read by others; chmod 600 it"));
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    file.take(LONGEST as u64)
        .read_to_string(&mut text)
        .map_err(|_| wrong("is no text"))?;
    RootKey::parse(&text).map_err(|_| wrong("does not hold 32 bytes in base64"))
}

async fn from_command(command: &RootCommand) -> Result<RootKey, VaultError> {
    let shown = command.program.display();
    let wrong = |why: &str| VaultError::Root(format!("the command {shown} {why}"));
    let mut child = Command::new(&command.program)
        .args(&command.args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| wrong("cannot be started"))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(wrong("has no output"));
    };
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
    let work = async {
        stdout
            .take(LONGEST as u64)
            .read_to_end(&mut text)
            .await
            .map_err(|_| wrong("has no output"))?;
        child.wait().await.map_err(|_| wrong("was lost"))
    };
    let status = tokio::time::timeout(Duration::from_secs(command.timeout_s), work)
        .await
        .map_err(|_| wrong("took too long"))??;
    if !status.success() {
        return Err(wrong("failed"));
    }
    let text = std::str::from_utf8(&text).map_err(|_| wrong("wrote no text"))?;
    RootKey::parse(text).map_err(|_| wrong("did not write 32 bytes in base64"))
}

fn write_new(path: &Path, text: &[u8]) -> Result<bool, VaultError> {
    let failed = |e: std::io::Error| {
        VaultError::Root(format!(
            "{} cannot be written: {}",
            path.display(),
            e.kind()
        ))
    };
    if path.try_exists().map_err(failed)? {
        return Ok(false);
    }
    let parent = disk::parent(path);
    disk::make_private_dir(parent).map_err(failed)?;
    // Whole or not at all: another process may be starting at the same moment.
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(failed)?;
    file.write_all(text)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => disk::sync_dir(parent).map_err(failed).map(|()| true),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(failed(e.error)),
    }
}
