//! The boards of a service that has all its cases in one SQLite file: what they ask of it, and how long that takes.
//! No server stands between, so that these times are the whole of a board.

use std::time::Instant;

use idproof_database::{Database, DatabaseConfig};

use crate::fill::{NOW, STATES, events};
use crate::{queries, run};

/// The first argument with which this alone is measured.
pub const ARGUMENT: &str = "sqlite";

const DAY: i64 = 86_400_000;

/// A number from 0 below 2³² that looks drawn: a multiplicative hash (Knuth, "The Art of Computer Programming", 6.4).
fn drawn(n: &str, by: u32) -> String {
    format!("(({n}) * {by} % 4294967296)")
}

/// An id in the layout of the program's own: time, then what tells apart.
fn id(prefix: &str, ms: &str, distinct: &str) -> String {
    format!("'{prefix}0' || printf('%012x%013x', {ms}, {distinct})")
}

pub async fn measure(cases: i64) {
    let dir = tempfile::tempdir().expect("a folder");
    let database = Database::open(&DatabaseConfig {
        url: format!("sqlite:{}", dir.path().join("idproof.db").display()),
        connections: 4,
    })
    .await
    .expect("a database");
    database.migrate().await.expect("its tables");
    let began = Instant::now();
    fill(&database, cases).await;
    let size = std::fs::metadata(dir.path().join("idproof.db")).map_or(0, |m| m.len());
    println!(
        "SQLite: {cases} cases, {} MB, made in {} s; {} cores",
        size / 1_000_000,
        began.elapsed().as_secs(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    queries::boards(&database).await;
}

/// Indices are made once everything is there: a million times cheaper than row by row.
async fn fill(database: &Database, cases: i64) {
    let indices: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    )
    .fetch_all(database.pool())
    .await
    .expect("the indices");
    for (name, _) in &indices {
        run(database, &format!("DROP INDEX {name}")).await;
    }
    for sql in statements(cases) {
        run(database, &sql).await;
    }
    for (_, definition) in &indices {
        run(database, definition).await;
    }
    // As the service leaves it when it has run for a while: `PRAGMA optimize` and the like are not its own.
    run(database, "PRAGMA wal_checkpoint(TRUNCATE)").await;
}

fn statements(cases: i64) -> Vec<String> {
    let mut all = vec![
        "INSERT INTO organisations (id, name, settings, created_at) \
         SELECT 'org_' || printf('%026d', value), 'Organisation', '{}', 0 FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]')"
            .to_owned(),
        "CREATE TABLE states (state TEXT, low INTEGER, high INTEGER, age INTEGER, span INTEGER, kinds TEXT)".to_owned(),
    ];
    let mut low = 0;
    for (state, share, youngest, oldest, kinds) in STATES {
        let kinds: Vec<String> = events(kinds).split(',').map(str::to_owned).collect();
        all.push(format!(
            "INSERT INTO states VALUES ('{state}', {low}, {}, {youngest}, {oldest} - {youngest}, '{}')",
            low + share,
            serde_json::json!(kinds)
        ));
        low += share;
    }
    let case_id = id("case_", "created", "n");
    all.push(format!(
        "CREATE TABLE made AS WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {cases}), \
         aged AS (SELECT n, s.state AS state, s.kinds AS kinds, \
         {NOW} - s.age * 3600000 - CAST({} / 4294967296.0 * s.span * 3600000 AS INTEGER) AS created \
         FROM counted JOIN states s ON {} / 429497 >= s.low AND {} / 429497 < s.high) \
         SELECT n, {case_id} AS id, state, kinds, created, json_array_length(kinds) > 7 AS handed_in FROM aged ORDER BY created",
        drawn("n", 2_246_822_519),
        drawn("n", 2_654_435_761),
        drawn("n", 2_654_435_761),
    ));
    all.extend(rows());
    all.push("DROP TABLE made".to_owned());
    all.push("DROP TABLE states".to_owned());
    all
}

/// What boards read: cases with their events, decisions, letters and messages.
fn rows() -> Vec<String> {
    let key = |prefix: &str, distinct: &str| id(prefix, "created", distinct);
    vec![
        format!(
            "INSERT INTO cases (id, organisation, reference, number, language, state, state_since, revision, attempt, sandbox, email, \
             consent, document_type, declared, reasons, appealed, created_at, last_activity_at, submitted_at, processed_at, letter_due_at) \
             SELECT id, 'org_' || printf('%026d', 1 + n % 20), 'R-' || n, printf('%010d', n), 'fr', state, created + 1800000, 12, 1, 0, \
             'somebody' || n || '@example.org', '{{\"version\":\"1\",\"biometrics\":true}}', 'identity_card', \
             '{{\"birth_name\":\"Martin\",\"first_names\":[\"Camille\"],\"birth_date\":\"1990-07-13\"}}', '[]', 0, created, created + 1800000, \
             CASE WHEN handed_in THEN created + 1800000 END, CASE WHEN handed_in AND state <> 'submitted' THEN created + 1900000 END, \
             CASE WHEN handed_in THEN created + {DAY} END FROM made"
        ),
        "INSERT INTO events (seq, case_id, at, kind, actor, data, previous, hash) \
         SELECT row_number() OVER (ORDER BY created), made.id, created + e.key * 60000, e.value, '{\"actor\":\"applicant\"}', '{\"attempt\":1}', \
         printf('%064d', n), printf('%064d', n + 1) FROM made, json_each(kinds) e"
            .to_owned(),
        "UPDATE chain_head SET seq = (SELECT MAX(seq) FROM events)".to_owned(),
        format!(
            "INSERT INTO decisions (id, case_id, attempt, outcome, reasons, report, policy_version, policy_sha256, decided_by, at) \
             SELECT {}, id, 1, CASE state WHEN 'refused' THEN 'refuse' WHEN 'retake_asked' THEN 'retake' WHEN 'in_review' THEN 'review' ELSE 'accept' END, \
             '[\"face_uncertain\"]', '{{\"models\":[{{\"name\":\"a\",\"version\":\"1\",\"sha256\":\"00\"}}],\"checks\":\"' || hex(zeroblob(600)) || '\"}}', \
             '1', printf('%064d', 1), 'policy', created + 1900000 FROM made WHERE instr(kinds, '\"decided\"') > 0",
            key("dec_", "n")
        ),
        format!(
            "INSERT INTO letters (id, case_id, provider, state, nonce, deposited_at, notified_at, accept_until, closed_at) \
             SELECT {}, id, 'electronic', CASE WHEN state = 'letter_sent' THEN 'notified' ELSE 'accepted' END, printf('%032d', n), created + {DAY}, \
             created + {DAY}, created + 16 * {DAY}, CASE WHEN state <> 'letter_sent' THEN created + 2 * {DAY} END \
             FROM made WHERE instr(kinds, '\"letter_sent\"') > 0 AND state <> 'accepted'",
            key("let_", "n")
        ),
        format!(
            "INSERT INTO messages (id, case_id, channel, template, language, recipient, data, dedupe, state, attempts, created_at, sent_at) \
             SELECT {}, made.id, 'email', t.value, 'fr', 'somebody@example.org', '{{\"number\":\"1\"}}', t.value || ':' || made.id, \
             CASE WHEN n % 5000 = 0 THEN 'failed' ELSE 'sent' END, 1, created, created + 5000 \
             FROM made, json_each('[\"email_code\",\"processing\",\"status_changed\"]') t WHERE handed_in",
            key("msg_", "n * 4 + t.key")
        ),
        format!(
            "INSERT INTO appeals (case_id, text, at) SELECT id, 'x', created + {DAY} FROM made WHERE state = 'refused' AND n % 4 = 0"
        ),
        "INSERT INTO staff (id, name, display_name, roles, password_temporary, totp_step, wrong_count, created_at, issued_by) \
         SELECT 'usr_' || printf('%026d', value), 'r' || value, 'R', '[\"reviewer\"]', 0, 0, 0, 0, 'system' \
         FROM json_each('[1,2,3,4,5,6,7,8]')"
            .to_owned(),
        // A person looked at one in ten.
        format!(
            "INSERT INTO review_decisions (id, case_id, attempt, staff_id, kind, reasons, document, video, evidence, needs_second, sampled, state, \
             taken_at, at, undo_until, ended_at) SELECT {}, id, 1, 'usr_' || printf('%026d', 1 + n % 8), 'accept', '[]', 0, 0, '00', 0, 0, 'effective', \
             created + 1950000, created + 2000000, created + 2030000, created + 2030000 FROM made WHERE n % 10 = 0 AND instr(kinds, '\"decided\"') > 0",
            key("rev_", "n")
        ),
    ]
}
