//! What a look ahead costs: stored cases read from the database and judged by two policies, beside
//! the reading alone; and what a shadow adds to the judging step of a job.
//!
//! `bench_replay [CASES]`, on SQLite and on PostgreSQL. Cases are drawn as a service sees them.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

#[path = "../../../pipeline/domain/tests/common/random.rs"]
mod random;
mod shadow;

use std::sync::Arc;
use std::time::Instant;

use idproof_database::{
    CaseScores, Database, DatabaseConfig, DecisionOutcome, Fold, NewCase, ScoresFilter,
};
use idproof_domain::case::Actor;
use idproof_domain::ids::{CaseId, OrganisationId};
use idproof_domain::replay::{Circumstances, Replay, judge};
use idproof_domain::scores::Scores;
use idproof_domain::{Language, Policy, ReviewMode, Rules};
use idproof_test_support::Postgres;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// 2026-11-28T12:00:00Z.
const NOW: i64 = 1_795_867_200_000;
const RULES: Rules = Rules {
    mode: ReviewMode::Borderline,
    most_attempts: 3,
};
const ROUNDS: usize = 5;

fn main() {
    let cases = std::env::args().nth(1);
    let cases = cases.map_or(100_000, |n| n.parse().expect("a number of cases"));
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(measure(cases));
}

async fn open(url: String) -> Database {
    let config = DatabaseConfig {
        url,
        connections: 10,
    };
    let database = Database::open(&config).await.expect("a database");
    database.migrate().await.expect("its tables");
    database
}

async fn measure(cases: u64) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cases} stored cases, {cores} cores\n");
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("idproof.db");
    let server = Postgres::start_with("-c fsync=on -c shared_buffers=512MB");
    for (name, url) in [
        ("SQLite", format!("sqlite:{}", file.display())),
        ("PostgreSQL", server.database().await),
    ] {
        let database = open(url).await;
        let bytes = fill(&database, cases).await;
        println!("{name}: {} bytes of scores a case", bytes / cases.max(1));
        replay(&database, cases).await;
        shadow::measure(&database).await;
        println!();
    }
}

fn bytes(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// Tells how many bytes of scores there are.
async fn fill(database: &Database, cases: u64) -> u64 {
    let policy = Policy::parse(Policy::DEFAULT_TEXT).expect("the policy that ships");
    let organisation = database.own_organisation(NOW).await.expect("the house");
    let mut size = 0;
    for first in (0..cases).step_by(5_000) {
        let mut tx = database.begin().await.expect("a transaction");
        for n in first..(first + 5_000).min(cases) {
            let row = stored(n, &organisation, &policy);
            size += row.scores.len() as u64;
            tx.insert_case(new_case(&row), &Actor::System)
                .await
                .expect("a case");
            tx.insert_case_scores(&row).await.expect("its scores");
        }
        tx.commit().await.expect("all of them");
    }
    size
}

fn stored(n: u64, organisation: &OrganisationId, policy: &Policy) -> CaseScores {
    // Two years, an even stream.
    let at = NOW - i64::try_from(n).unwrap_or(0) * 630_720;
    let scores = Scores::of(&random::evidence(n, false), policy);
    let under = Circumstances {
        attempt: 1,
        person: false,
        rules: RULES,
    };
    let opened = scores.open().expect("readable scores");
    let fate = judge(&opened, policy, &under).0.as_str();
    CaseScores {
        case: CaseId::new(at, bytes(n)),
        attempt: 1,
        organisation: organisation.clone(),
        at,
        policy_version: policy.version().to_owned(),
        policy_sha256: "00".into(),
        outcome: fate.parse().unwrap_or(DecisionOutcome::Review),
        person: false,
        rules: RULES,
        scores: CaseScores::text_of(&scores).expect("a text"),
        shadow: None,
    }
}

fn new_case(row: &CaseScores) -> NewCase {
    NewCase {
        id: row.case.clone(),
        number: row.case.as_str()[5..].to_owned(),
        organisation: row.organisation.clone(),
        reference: None,
        language: Language::Fr,
        sandbox: false,
        sandbox_outcome: None,
        now_ms: row.at,
    }
}

/// CPU time of this process so far, in seconds: every thread of it, SQLite's too.
fn cpu() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel counts");
    [used.user_time(), used.system_time()]
        .iter()
        .map(|t| t.num_microseconds() as f64 / 1e6)
        .sum()
}

/// The middle of several runs, in seconds.
fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

async fn replay(database: &Database, cases: u64) {
    let before = Arc::new(Policy::parse(Policy::DEFAULT_TEXT).expect("the policy that ships"));
    let text = Policy::DEFAULT_TEXT.replace("liveness_accept = 0.6", "liveness_accept = 0.55");
    let after = Arc::new(Policy::parse(&text).expect("a policy"));
    let (mut whole, mut reading, mut worked) = (Vec::new(), Vec::new(), Vec::new());
    let mut changed = 0;
    for _ in 0..ROUNDS {
        let (began, used) = (Instant::now(), cpu());
        let (old, new) = (Arc::clone(&before), Arc::clone(&after));
        let fold = Fold {
            empty: || Replay::new(500),
            step: Arc::new(move |replay: &mut Replay, row: &CaseScores, scores| {
                let scores = scores.expect("readable scores");
                let under = row.circumstances();
                replay.add(row.case.as_str(), row.at, scores, &under, &old, &new);
            }),
            join: Replay::join,
            progress: None,
        };
        let found = database
            .fold_scores(all(cases), fold)
            .await
            .expect("a replay");
        whole.push(began.elapsed().as_secs_f64());
        worked.push(cpu() - used);
        assert_eq!(u64::from(found.cases), cases);
        changed = found.changed;
        let began = Instant::now();
        read(database, cases).await;
        reading.push(began.elapsed().as_secs_f64());
    }
    println!(
        "| replay, two policies, {changed} change side | {:.2} s (slowest of {ROUNDS}: {:.2} s), {:.2} s of CPU | asked: 2 s for 100,000 |",
        middle(whole.clone()),
        whole.iter().copied().fold(0.0, f64::max),
        middle(worked)
    );
    println!(
        "| reading the rows alone | {:.2} s | floor |",
        middle(reading)
    );
}

fn all(cases: u64) -> ScoresFilter {
    ScoresFilter {
        limit: i64::try_from(cases).unwrap_or(i64::MAX),
        ..ScoresFilter::default()
    }
}

async fn read(database: &Database, cases: u64) {
    let mut filter = all(2_000);
    let mut rows = 0;
    while rows < cases {
        let page = database.case_scores(&filter).await.expect("a page");
        let last = page.last().expect("a row");
        filter.before = Some((last.at, last.case.clone(), last.attempt));
        rows += page.len() as u64;
    }
}
