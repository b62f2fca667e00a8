//! Opening what somebody uploaded.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use idproof_ports::{MediaError, MediaFile};

/// A regular file with at least one byte, and its length. The last part of the path may not
/// be a link; a pipe or device is refused without waiting for it. Errors never name the path.
/// A file that is open already is opened once more, read-only and with a position of its own.
pub(crate) fn open(
    file: &MediaFile,
    expected: &'static str,
    most_bytes: u64,
) -> Result<(File, u64), MediaError> {
    let mut options = OpenOptions::new();
    options.read(true);
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = match file {
        MediaFile::Path(path) => options.custom_flags(flags | libc::O_NOFOLLOW).open(path),
        // The link is the kernel's own; the descriptor stays open for as long as it is followed.
        MediaFile::Open(file) => options
            .custom_flags(flags)
            .open(format!("/proc/self/fd/{}", file.as_raw_fd())),
    }
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
