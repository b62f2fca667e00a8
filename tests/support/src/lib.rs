//! What tests of several crates share: a clock that is moved by hand, seeded randomness, and a
//! PostgreSQL of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod clock;
mod postgres;
mod random;

pub use clock::MovedClock;
pub use postgres::Postgres;
pub use random::SeededRandom;
