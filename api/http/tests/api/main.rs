//! The API as those who call it see it: the real router on a loopback socket, a real client, real
//! databases, a real vault.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

#[path = "../common/mod.rs"]
mod common;

mod chunks;
mod codes;
mod endings;
mod floods;
mod guesses;
mod handover;
mod hostile;
mod idempotency;
mod integrators;
mod letters;
mod recordings;
mod slow;
mod way;
mod webhooks;
