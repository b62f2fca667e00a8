//! What tests of several crates share: a clock that is moved by hand, seeded randomness, a
//! PostgreSQL and an S3 server of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod clock;
mod postgres;
mod random;
mod s3;

pub use clock::MovedClock;
pub use postgres::Postgres;
pub use random::SeededRandom;
pub use s3::{Fault, S3Server, Trouble};
