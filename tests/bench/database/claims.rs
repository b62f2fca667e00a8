//! Jobs claimed by sixteen at once, among all those that are done.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use idproof_database::{Claimed, Database, JobKind};

use crate::fill::NOW;
use crate::run;

const CLAIMERS: usize = 16;
/// Jobs that each claimer holds at once: together a thousand are leased, as with many workers.
const HELD: usize = 64;
const ROUNDS: usize = 20;
const TOUCHED: usize = 500;
const LEASE: Duration = Duration::from_secs(600);

async fn queue(database: &Database, jobs: usize, round: &str) {
    let sql = format!(
        "INSERT INTO jobs (id, kind, subject, dedupe, priority, run_at, attempts, state, created_at) \
         SELECT 'job_' || lpad(n::text, 20, '0') || substr(md5('{round}'), 1, 6), 'process', 'case_' || lpad(n::text, 26, '0'), \
         '{round}' || n, 50, {NOW} - 1000, 0, 'ready', {NOW} FROM generate_series(1, {jobs}) n"
    );
    run(database, &sql).await;
}

async fn claim(database: &Database, token: &str) -> Option<Claimed> {
    database
        .claim(&[JobKind::Process], NOW, LEASE, token)
        .await
        .expect("an answer")
}

async fn claim_some(database: &Database, claimer: usize) -> usize {
    let mut got = 0;
    for n in 0..HELD {
        got += usize::from(claim(database, &format!("{claimer}-{n}")).await.is_some());
    }
    got
}

/// Claims and finishes until nothing is left, as a worker does whose work takes no time.
async fn work_off(database: &Database, claimer: usize) -> usize {
    let mut done = 0;
    while let Some(job) = claim(database, &claimer.to_string()).await {
        let mut tx = database.begin().await.expect("a transaction");
        assert!(tx.finish_job(&job, NOW).await.expect("finished"));
        tx.commit().await.expect("committed");
        done += 1;
    }
    done
}

/// Changes rows by their keys, one transaction each: what any claim costs at least.
async fn touch(database: &Database, claimer: usize) -> usize {
    for n in 0..TOUCHED {
        sqlx::query("UPDATE jobs SET lease_until = $1 WHERE dedupe = $2 RETURNING id, kind, subject, attempts")
            .bind(NOW)
            .bind(format!("finished{}", 1 + claimer * TOUCHED + n))
            .fetch_one(database.pool())
            .await
            .expect("a job");
    }
    TOUCHED
}

fn rate(jobs: usize, took: Duration) -> f64 {
    jobs as f64 / took.as_secs_f64()
}

pub async fn measure(database: &Database) {
    run(
        database,
        "UPDATE jobs SET state = 'done' WHERE state = 'ready'",
    )
    .await;
    queue(database, CLAIMERS * HELD * ROUNDS, "claimed").await;
    run(database, "VACUUM ANALYZE jobs").await;
    let (mut claimed, mut took) = (0, Duration::ZERO);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let all = join_all((0..CLAIMERS).map(|n| claim_some(database, n))).await;
        took += began.elapsed();
        claimed += all.iter().sum::<usize>();
        let done = "UPDATE jobs SET state = 'done', lease_until = NULL, lease_token = NULL \
                    WHERE state = 'ready' AND lease_token IS NOT NULL";
        run(database, done).await;
    }
    assert_eq!(claimed, CLAIMERS * HELD * ROUNDS, "each was claimed once");
    queue(database, 20_000, "finished").await;
    let began = Instant::now();
    let all = join_all((0..CLAIMERS).map(|n| touch(database, n))).await;
    let touched = rate(all.iter().sum(), began.elapsed());
    run(
        database,
        "UPDATE jobs SET lease_until = NULL WHERE state = 'ready'",
    )
    .await;
    let began = Instant::now();
    let all = join_all((0..CLAIMERS).map(|n| work_off(database, n))).await;
    let finished = rate(all.iter().sum(), began.elapsed());
    println!("\n| jobs, {CLAIMERS} claimers | a second | must be |\n|---|---|---|");
    println!("| floor: a row changed by its key | {touched:.0} | – |");
    println!("| claimed | {:.0} | ≥ 2000 |", rate(claimed, took));
    println!("| claimed and finished | {finished:.0} | – |");
}
