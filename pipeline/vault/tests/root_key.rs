//! The root key comes from a file, the environment or a program; what is not one is refused with
//! a reason, and without being shown.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{in_a_child, random};
use idproof_vault::{RootCommand, RootKey, RootSource, VaultError};

/// 32 bytes in base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const RUBBISH: [&str; 5] = [
    "",
    "sesame",
    // 31 and 33 bytes.
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
];

fn write(path: &Path, text: &[u8], mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

async fn reason(source: &RootSource) -> String {
    match RootKey::load(source).await {
        Err(VaultError::Root(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_only_its_owner_may_read_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.key");
    let source = RootSource::File(path.clone());
    let expected = RootKey::parse(KEY).unwrap();
    for mode in [0o600, 0o400, 0o700] {
        write(&path, format!("\n {KEY} \n").as_bytes(), mode);
        let key = RootKey::load(&source).await.unwrap();
        assert_eq!(key.fingerprint(), expected.fingerprint());
        assert_eq!(
            format!("{key:?}"),
            format!("RootKey({})", key.fingerprint())
        );
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.key");
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666] {
        write(&path, KEY.as_bytes(), mode);
        let why = reason(&RootSource::File(path.clone())).await;
        assert!(why.contains("may be read by others; chmod 600 it"), "{why}");
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_holds_rubbish_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let source = |name: &str| RootSource::File(dir.path().join(name));
    let why = reason(&source("none")).await;
    assert!(why.contains("is missing; restore it"), "{why}");
    let folder = RootSource::File(dir.path().to_owned());
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(reason(&folder).await.contains("is no text"));
    let path = dir.path().join("root.key");
    for text in RUBBISH {
        write(&path, text.as_bytes(), 0o600);
        let why = reason(&source("root.key")).await;
        assert!(why.ends_with("does not hold 32 bytes in base64"), "{why}");
        assert!(text.is_empty() || !why.contains(text), "{why}");
    }
    write(&path, &[0xff; 40], 0o600);
    assert!(reason(&source("root.key")).await.contains("is no text"));
    write(&path, &[b'A'; 1 << 20], 0o600);
    assert!(reason(&source("root.key")).await.contains("base64"));
}

#[tokio::test]
async fn a_new_file_is_private_and_an_old_one_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/root.key");
    assert!(RootKey::create_file(&path, &*random()).await.unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let before = std::fs::read(&path).unwrap();
    assert!(!RootKey::create_file(&path, &*random()).await.unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    RootKey::load(&RootSource::File(path)).await.unwrap();
}

const VARIABLE: &str = "IDPROOF_TEST_ROOT";

#[tokio::test]
async fn a_variable_is_taken_only_if_it_holds_a_key() {
    let source = RootSource::Env(VARIABLE.into());
    let Ok(value) = std::env::var(VARIABLE) else {
        let why = reason(&source).await;
        assert_eq!(why, format!("environment variable {VARIABLE} is not set"));
        let this = "a_variable_is_taken_only_if_it_holds_a_key";
        for value in RUBBISH.into_iter().chain([KEY]) {
            in_a_child(this, &[(VARIABLE, value)]);
        }
        return;
    };
    if value == KEY {
        let key = RootKey::load(&source).await.unwrap();
        let expected = RootKey::parse(KEY).unwrap();
        assert_eq!(key.fingerprint(), expected.fingerprint());
    } else {
        let why = reason(&source).await;
        assert_eq!(why, "it is not 32 bytes in base64");
    }
}

/// A shell script as the program that is asked.
fn script(dir: &Path, text: &str, timeout_s: u64) -> RootSource {
    let program = dir.join("key.sh");
    write(&program, format!("#!/bin/sh\n{text}\n").as_bytes(), 0o700);
    RootSource::Command(RootCommand {
        // Through the shell: a file just written may still be open in a child about to start.
        program: PathBuf::from("/bin/sh"),
        args: vec![program.display().to_string()],
        timeout_s,
    })
}

#[tokio::test]
async fn a_program_that_prints_a_key_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let source = script(dir.path(), &format!("echo noise >&2; echo {KEY}"), 10);
    let key = RootKey::load(&source).await.unwrap();
    let expected = RootKey::parse(KEY).unwrap();
    assert_eq!(key.fingerprint(), expected.fingerprint());
}

#[tokio::test]
async fn a_program_that_fails_hangs_or_prints_rubbish_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let key_then = |more: &str| format!("echo {KEY}; {more}");
    let scripts = [
        (key_then("exit 3"), "failed"),
        (key_then("kill -9 $$"), "failed"),
        ("echo sesame".to_owned(), "did not write 32 bytes in base64"),
        (String::new(), "did not write 32 bytes in base64"),
        (key_then("echo more"), "did not write 32 bytes in base64"),
        ("printf '\\377\\377'".to_owned(), "wrote no text"),
        // More than is read: its pipe breaks.
        ("exec yes".to_owned(), "failed"),
    ];
    for (text, expected) in scripts {
        let why = reason(&script(dir.path(), &text, 10)).await;
        assert!(why.ends_with(expected), "{text}: {why}");
        assert!(!why.contains(KEY) && !why.contains("sesame"), "{why}");
    }
    for text in [key_then("exec sleep 60"), "exec sleep 60".to_owned()] {
        let why = reason(&script(dir.path(), &text, 1)).await;
        assert!(why.ends_with("took too long"), "{why}");
    }
    let missing = RootSource::Command(RootCommand {
        program: dir.path().join("none"),
        args: vec![],
        timeout_s: 10,
    });
    assert!(reason(&missing).await.ends_with("cannot be started"));
}

/// The program that took too long is ended, not left behind.
#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let text = format!("echo $$ > {}; exec sleep 60", pid.display());
    reason(&script(dir.path(), &text, 1)).await;
    let pid = std::fs::read_to_string(pid).unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", pid.trim()));
    for _ in 0..500 {
        let state = std::fs::read_to_string(&status).unwrap_or_default();
        if state.is_empty() || state.contains("State:\tZ") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it still runs");
}
