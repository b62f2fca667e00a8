//! What tests of several crates share: a clock that is moved by hand, seeded randomness, a
//! PostgreSQL and an S3 server of their own, the program run as a process, and an applicant who
//! uses its API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod applicant;
mod clock;
mod postgres;
mod program;
mod random;
mod s3;

pub use applicant::{
    Answer, Applicant, Codes, OutboxCodes, code_of_mail, content_digest, six_digits,
};
pub use clock::MovedClock;
pub use postgres::Postgres;
pub use program::{Program, built, free_port};
pub use random::SeededRandom;
pub use s3::{Fault, S3Server, Trouble};
