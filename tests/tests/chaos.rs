//! The kill test in its short form; `make chaos` runs it in full.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::process::Command;

use idproof_test_support::built;

fn short(engine: &str) {
    let done = Command::new(built("examples/chaos"))
        .args(["--engine", engine, "--cases", "20", "--kills", "12"])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn every_case_ends_once_on_postgres_and_s3_while_processes_are_killed() {
    short("postgres");
}

#[test]
fn every_case_ends_once_on_sqlite_while_the_process_is_killed() {
    short("sqlite");
}
