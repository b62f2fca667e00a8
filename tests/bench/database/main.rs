//! What the database costs: what applicants, reviewers, workers and reconcilers ask of PostgreSQL
//! among a million cases, jobs claimed by many at once, and the purge of many cases' media, each
//! beside what was asked of it and beside a floor of the same run.
//!
//! `bench_database [CASES]`: a tenth as many cases are purged. The server syncs to disk, as a
//! real one does. `bench_database sqlite [CASES]`: the boards over one SQLite file.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

mod claims;
mod fill;
mod purge;
mod queries;
mod s3;
mod sqlite;

use std::time::{Duration, Instant};

use idproof_database::{Database, DatabaseConfig};
use idproof_test_support::Postgres;

/// Settings of a small server for a database of some gigabytes; it syncs as by default, and is
/// vacuumed once it is filled.
const OPTIONS: &str = "-c fsync=on -c shared_buffers=1GB -c work_mem=64MB -c maintenance_work_mem=512MB \
    -c max_wal_size=8GB -c random_page_cost=1.1 -c autovacuum=off -c max_connections=100";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(s3::ARGUMENT) {
        return s3::serve();
    }
    let on_sqlite = first.as_deref() == Some(sqlite::ARGUMENT);
    let number = if on_sqlite { arguments.next() } else { first };
    let cases = number.map_or(1_000_000, |n| n.parse().expect("a number of cases"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if on_sqlite {
        runtime.block_on(sqlite::measure(cases));
    } else {
        runtime.block_on(measure(cases));
    }
}

async fn measure(cases: i64) {
    let server = Postgres::start_with(OPTIONS);
    let database = open(&server).await;
    let began = Instant::now();
    fill::fill(&database, cases).await;
    let size: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())")
        .fetch_one(database.pool())
        .await
        .expect("its size");
    println!(
        "{cases} cases, {} MB, made in {} s; {} cores\n",
        size / 1_000_000,
        began.elapsed().as_secs(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    queries::measure(&database).await;
    claims::measure(&database).await;
    drop(database);
    purge::measure(&server, cases / 10).await;
}

/// A fresh database with its tables.
async fn open(server: &Postgres) -> Database {
    let config = DatabaseConfig {
        url: server.database().await,
        connections: 40,
    };
    let database = Database::open(&config).await.expect("a database");
    database.migrate().await.expect("its tables");
    database
}

async fn run(database: &Database, sql: &str) {
    let result = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(database.pool())
        .await;
    if let Err(e) = result {
        println!("{sql}");
        panic!("{e}");
    }
}

/// How long things took, to be asked for their middle and their slowest.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    /// The time below which this share of them lies.
    fn share(&self, of: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() - 1) as f64 * of) as usize;
        sorted[at]
    }

    /// A row of a table.
    fn row(&self, what: &str, asked: &str) {
        println!(
            "| {what} | {} | {} | {asked} |",
            ms(self.share(0.5)),
            ms(self.share(0.99))
        );
    }
}

fn ms(d: Duration) -> String {
    format!("{:.2}", d.as_secs_f64() * 1000.0)
}
