//! Runs a package client as an external program, with a time limit.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(50);

/// Why a client did not succeed.
pub enum Failure {
    /// There is no such program.
    NotFound,
    /// Anything else; the last words of the program are part of it.
    Other(String),
}

/// Runs `program` with `arguments` in `directory` and waits at most `limit`.
pub fn run<S: AsRef<OsStr>>(
    program: &Path,
    arguments: &[S],
    directory: &Path,
    limit: Duration,
) -> Result<(), Failure> {
    let mut log = tempfile::tempfile().map_err(other("cannot make a temporary file"))?;
    let stderr = log.try_clone().map_err(other("cannot share the log"))?;
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn();
    let mut child = match spawned {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::NotFound),
        spawned => spawned.map_err(other("cannot be started"))?,
    };
    match wait(&mut child, limit).map_err(other("cannot be waited for"))? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::Other(format!(
            "{status}: {}",
            last_words(&mut log)
        ))),
        None => Err(Failure::Other(format!(
            "took longer than {} s and was stopped",
            limit.as_secs()
        ))),
    }
}

/// The status, or nothing when the child had to be killed.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
        waited += POLL;
    }
}

/// The last lines of the program's complaints, on one line.
fn last_words(log: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = log
        .seek(SeekFrom::Start(0))
        .and_then(|_| log.take(1 << 20).read_to_end(&mut bytes));
    if read.is_err() {
        return "its messages cannot be read".to_owned();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains("A complete log of this run"))
        .collect();
    let tail = lines[lines.len().saturating_sub(4)..].join(" | ");
    let mut words: String = tail.chars().filter(|c| !c.is_control()).collect();
    if words.is_empty() {
        words.push_str("it said nothing");
    }
    words
}

fn other(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::Other(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<(), Failure> {
        run(Path::new("sh"), &["-c", script], Path::new("/"), limit)
    }

    fn message(result: Result<(), Failure>) -> String {
        match result {
            Err(Failure::Other(message)) => message,
            Err(Failure::NotFound) => "not found".to_owned(),
            Ok(()) => "success".to_owned(),
        }
    }

    #[test]
    fn the_last_words_are_kept() {
        let limit = Duration::from_secs(10);
        assert!(shell("exit 0", limit).is_ok());
        let failed = message(shell(
            "echo one >&2; echo no such package >&2; exit 3",
            limit,
        ));
        assert_eq!(failed, "exit status: 3: one | no such package");
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let stopped = message(shell("exec sleep 60", Duration::from_millis(200)));
        assert!(stopped.contains("was stopped"), "{stopped}");
    }

    #[test]
    fn a_program_that_is_not_there_is_told_apart() {
        let missing = Path::new("no-such-program-here");
        let result = run(missing, &["x"], Path::new("/"), Duration::from_secs(1));
        assert!(matches!(result, Err(Failure::NotFound)));
    }
}
