//! The kill test: cases go their whole way while every process of the service is killed at random,
//! the database is restarted, and S3, mail server and SMS gateway refuse for a while. At the end
//! every case has ended exactly once, nothing acknowledged is lost, everybody was told once, and 72
//! hours later (a moved clock) no media are left.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test program: it fails loudly, reads the real time and prints what it finds"
)]

mod applicants;
mod audit;
mod peers;
mod set_up;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use futures_util::{StreamExt, stream};
use idproof_ports::Random;
use idproof_test_support::SeededRandom;

use applicants::{Outcome, Record};
use set_up::SetUp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Two HTTP processes and two workers over PostgreSQL and S3.
    Postgres,
    /// One process over SQLite and local files.
    Sqlite,
}

#[derive(Parser)]
struct Args {
    #[arg(long, value_enum)]
    engine: Engine,
    #[arg(long, default_value_t = 200)]
    cases: usize,
    #[arg(long, default_value_t = 100)]
    kills: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Applicants at once.
const AT_ONCE: usize = 8;

fn lot(random: &SeededRandom, below: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_be_bytes(bytes) % below
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    println!(
        "seed {}, {} cases, {} kills",
        args.seed, args.cases, args.kills
    );
    let began = Instant::now();
    let set_up = SetUp::start(args.engine).await;
    let done = Arc::new(AtomicBool::new(false));
    let trouble = tokio::spawn(set_up::trouble(
        Arc::clone(&set_up),
        SeededRandom::new(args.seed),
        args.kills,
        Arc::clone(&done),
    ));
    let records: Vec<Record> = stream::iter(0..args.cases)
        .map(|n| {
            let set_up = Arc::clone(&set_up);
            async move {
                let record = applicants::go(&set_up, n, Outcome::of(n)).await;
                if n % 20 == 19 {
                    println!("{:6.1} s  case {}", began.elapsed().as_secs_f64(), n + 1);
                }
                record
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    done.store(true, Ordering::SeqCst);
    let kills = trouble.await.unwrap();
    println!(
        "{:6.1} s  all cases ended, {kills} kills",
        began.elapsed().as_secs_f64()
    );
    assert!(kills >= args.kills, "only {kills} kills");
    set_up.calm().await;
    let found = audit::before_purge(&set_up, &records).await;
    set_up.move_clock(Duration::from_secs(73 * 3600));
    audit::after_purge(&set_up, &records, found).await;
    println!("{:6.1} s  all is right", began.elapsed().as_secs_f64());
}
