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
mod console_access;
mod console_boards;
mod console_decide;
mod console_integrators;
mod console_oidc;
mod console_operators;
mod console_queue;
mod console_roles;
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
