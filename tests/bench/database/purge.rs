//! The purge of many cases' media at once, PostgreSQL and S3.

use std::sync::Arc;
use std::time::Instant;

use idproof_database::Database;
use idproof_jobs::{Context, Purge, Tally};
use idproof_ports::{Clock, Random};
use idproof_test_support::{MovedClock, Postgres, SeededRandom};
use idproof_vault::{
    Hidden, KeyPlace, KeysConfig, RootSource, S3Config, StoreConfig, UploadConfig, Vault,
    VaultConfig,
};
use tokio::sync::Notify;

use crate::fill::NOW;
use crate::s3::{BUCKET, Server};
use crate::{open, run};

/// Two pictures in one chunk each, a recording in two.
const OBJECTS: u64 = 4;

pub async fn measure(server: &Postgres, cases: i64) {
    let database = open(server).await;
    fill(&database, cases).await;
    let s3 = Server::start();
    fill_store(&database, &s3).await;
    let dir = tempfile::tempdir().expect("a directory");
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(3));
    let config = config(&s3, dir.path());
    Vault::initialise(&config, Arc::clone(&random))
        .await
        .expect("a keyring");
    let vault = Vault::open(&config, Arc::clone(&random))
        .await
        .expect("a vault");
    let context = Context {
        database: database.clone(),
        clock: Arc::new(MovedClock::at(NOW)) as Arc<dyn Clock>,
        random,
        tally: Arc::new(Tally::default()),
        bell: Arc::new(Notify::new()),
    };
    let before = s3.counts();
    let resident = forget_peak();
    let began = Instant::now();
    let done = Purge::new(context, vault).purge().await.expect("a purge");
    let took = began.elapsed();
    let grown = peak().saturating_sub(resident);
    let after = s3.counts();
    assert_eq!(done.cases, u64::try_from(cases).unwrap_or(0));
    assert_eq!(done.objects, done.cases * OBJECTS);
    // The keyring's own entry is left.
    assert_eq!(after["objects"], 1, "nothing is left in the store");

    println!(
        "\n| purge of {cases} cases, {} objects | measured | must be |\n|---|---|---|",
        done.objects
    );
    let mut sum = 0;
    for (kind, count) in after.iter().filter(|(kind, _)| *kind != "objects") {
        let made = count - before.get(kind).unwrap_or(&0);
        sum += made;
        println!("| {kind} | {made} | – |");
    }
    let each = sum as f64 / done.objects as f64;
    println!("| requests an object | {each:.3} | ≤ 1 |");
    println!(
        "| memory grown at its peak | {} MB | bounded by a batch |",
        grown / 1_000_000
    );
    println!("| wall time | {} s | – |", took.as_secs());
}

fn config(s3: &Server, dir: &std::path::Path) -> VaultConfig {
    let bucket = |prefix: &str| S3Config {
        bucket: BUCKET.into(),
        endpoint: s3.endpoint.clone(),
        access_key: Hidden::new("bench"),
        secret_key: Hidden::new("bench"),
        prefix: prefix.into(),
        ..S3Config::default()
    };
    VaultConfig {
        store: StoreConfig::S3(bucket("media/")),
        upload: UploadConfig {
            spool: dir.join("spool"),
            ..UploadConfig::default()
        },
        keys: KeysConfig {
            place: KeyPlace::S3(bucket("keys/")),
            root: RootSource::File(dir.join("root.key")),
            also: vec![],
        },
    }
}

/// Cases accepted long ago whose media are still there.
async fn fill(database: &Database, cases: i64) {
    for sql in [
        "INSERT INTO organisations VALUES ('org_00000000000000000000000001', 'Organisation', '{}', 0)".to_owned(),
        format!(
            "INSERT INTO cases (id, organisation, number, language, state, state_since, revision, attempt, sandbox, email, declared, \
             reasons, appealed, created_at, last_activity_at, media_due_at) \
             SELECT 'case_' || lpad(n::text, 26, '0'), 'org_00000000000000000000000001', n::text, 'fr', 'letter_sent', n, 9, 1, 0, \
             'somebody@example.org', '{{}}', '[]', 0, n, n, n FROM generate_series(1, {cases}) n"
        ),
        "INSERT INTO case_keys SELECT id, md5(id), 0 FROM cases".to_owned(),
        "INSERT INTO uploads (id, case_id, attempt, kind, state, size, sha256, capture, created_at) \
         SELECT 'upl_' || substr(id, 7, 25) || substr(kind, 1, 1), id, 1, kind, 'complete', 1, md5(id), '{}', 0 \
         FROM cases, unnest(ARRAY['document_front', 'back', 'selfie_video']) AS kind"
            .to_owned(),
        "INSERT INTO chunks SELECT id, n, case_id || '/' || id || '/' || n, 1, md5(id), 0 \
         FROM uploads, generate_series(0, CASE kind WHEN 'selfie_video' THEN 1 ELSE 0 END) n"
            .to_owned(),
        "INSERT INTO objects SELECT object, 'case_' || substr(object, 6, 26), 'chunk', 0, NULL FROM chunks".to_owned(),
        "VACUUM ANALYZE".to_owned(),
    ] {
        run(database, &sql).await;
    }
}

async fn fill_store(database: &Database, s3: &Server) {
    for sql in [
        "SELECT 'media/' || name FROM objects",
        "SELECT 'keys/cases/' || id FROM cases",
    ] {
        let names: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(database.pool())
            .await
            .expect("names");
        for some in names.chunks(10_000) {
            s3.fill(&some.join("\n"));
        }
    }
}

fn of_status(field: &str) -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))
        .and_then(|l| l.trim().strip_suffix(" kB"))
        .and_then(|kb| kb.trim().parse::<u64>().ok())
        .map_or(0, |kb| kb * 1024)
}

fn peak() -> u64 {
    of_status("VmHWM")
}

/// Lets the peak begin at what is resident now, and tells that.
fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
    of_status("VmRSS")
}
