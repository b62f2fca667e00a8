//! Opening what somebody uploaded.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use idproof_ports::MediaError;

/// A regular file with at least one byte, and its length. The last part of the path may not
/// be a link; a pipe or device is refused without waiting for it. Errors never name the path.
pub(crate) fn open(
    path: &Path,
    expected: &'static str,
    most_bytes: u64,
) -> Result<(File, u64), MediaError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|e| unreadable(explain(&e)))?;
    let meta = file
        .metadata()
        .map_err(|_| unreadable("its size cannot be asked"))?;
    if meta.is_dir() {
        return Err(unreadable("it is a directory; name the file itself"));
    }
    if !meta.is_file() {
        return Err(unreadable("it is no regular file"));
    }
    let bytes = meta.len();
    if bytes == 0 {
        return Err(MediaError::Unsupported {
            expected,
            detail: "the file is empty; upload it again".into(),
        });
    }
    if bytes > most_bytes {
        return Err(MediaError::LimitExceeded(format!(
            "the file has {:.1} MB; at most {} MB are decoded",
            bytes as f64 / 1e6,
            most_bytes as f64 / 1e6
        )));
    }
    Ok((file, bytes))
}

fn unreadable(why: &str) -> MediaError {
    MediaError::Unreadable(why.into())
}

fn explain(error: &std::io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ELOOP) => "it is a symbolic link; name the file itself",
        Some(libc::EMFILE | libc::ENFILE) => "too many files are open",
        _ => match error.kind() {
            ErrorKind::NotFound => "there is no such file",
            ErrorKind::PermissionDenied => "no permission to read it",
            ErrorKind::NotADirectory => "a part of its path is no directory",
            _ => "opening it failed",
        },
    }
}
