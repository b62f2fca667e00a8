//! The policy in the console, as those see it who change it: the real router on a loopback socket, real
//! databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

#[path = "../common/mod.rs"]
mod common;

mod judged_by;
mod rights;
mod shadow;
mod upgrade;
mod versions;
mod what_if;
