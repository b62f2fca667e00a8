//! Memory does not grow with what is streamed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use bytes::Bytes;
use common::{FRAME, Place, case, in_a_child, name};
use futures_util::stream;
use idproof_vault::{Expected, Vault};

const LOT: &str = "IDPROOF_TEST_STREAMED";
const PIECES: usize = 3200;
/// 200 MB.
const BYTES: u64 = (PIECES * FRAME) as u64;

/// Most bytes this process has had resident.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

async fn round(vault: &Vault, pieces: usize, rest: &str) {
    let key = case(vault).await;
    let name = name(&key, rest);
    let plain = stream::iter((0..pieces).map(|i| {
        let byte = i.to_le_bytes()[0];
        Ok::<_, std::io::Error>(Bytes::from(vec![byte; FRAME]))
    }));
    let stored = vault
        .put(&key, &name, plain, Expected::at_most(BYTES))
        .await
        .unwrap();
    let mut reader = vault.get(&key, &name).await.unwrap();
    let mut got = 0;
    while let Some(some) = reader.next().await.unwrap() {
        got += some.len() as u64;
    }
    assert_eq!(got, stored.bytes);
    assert_eq!(got, (pieces * FRAME) as u64);
}

/// Runs in a program of its own, so that no other test is counted.
async fn bounded(place: Place, test: &str, most: u64) {
    if std::env::var_os(LOT).is_none() {
        return in_a_child(test, &[(LOT, "1")]);
    }
    let vault = place.vault().await;
    // What a first round needs once: code, threads, connections, one part of an upload.
    round(&vault, PIECES / 4, "warm").await;
    let before = peak();
    round(&vault, PIECES, "much").await;
    let grown = peak() - before;
    assert!(
        grown <= most,
        "{BYTES} bytes streamed took {grown} of memory"
    );
}

#[tokio::test]
async fn two_hundred_megabytes_pass_through_a_directory_in_a_few() {
    let test = "two_hundred_megabytes_pass_through_a_directory_in_a_few";
    bounded(Place::local(), test, 4 << 20).await;
}

#[tokio::test]
async fn two_hundred_megabytes_pass_through_s3_in_two_parts() {
    let test = "two_hundred_megabytes_pass_through_s3_in_two_parts";
    bounded(Place::s3(), test, 24 << 20).await;
}
