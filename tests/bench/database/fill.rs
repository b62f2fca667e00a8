//! A service's past, made by SQL: cases in every state, as many of each as a service of some
//! years has, with their events, jobs, messages, uploads, codes, letters and decisions.

use idproof_database::Database;

use crate::run;

/// 2026-11-28T12:00:00Z: when everything is measured.
pub const NOW: i64 = 1_795_867_200_000;
const HOUR: &str = "3600000::bigint";
const DAY: &str = "86400000::bigint";

/// State, share in ten thousand, youngest and oldest age in hours, kinds of events so far.
pub const STATES: [(&str, i64, i64, i64, &str); 16] = [
    ("activated", 8250, 100, 17_520, "AOE"),
    ("expired", 600, 100, 17_520, "E"),
    ("refused", 400, 100, 17_520, "R"),
    ("withdrawn", 250, 100, 17_520, "E"),
    ("suspended", 50, 100, 17_520, "AOE"),
    ("deleted", 50, 100, 17_520, "AOE"),
    ("letter_sent", 130, 24, 360, "A"),
    ("letter_opened", 50, 24, 500, "AO"),
    ("accepted", 10, 1, 24, "A"),
    ("in_review", 50, 1, 48, "P"),
    ("retake_asked", 20, 1, 72, "P"),
    ("submitted", 20, 0, 4, "S"),
    ("video_uploaded", 20, 0, 72, ""),
    ("document_uploaded", 30, 0, 72, ""),
    ("contact_confirmed", 30, 0, 72, ""),
    ("created", 40, 0, 72, ""),
];

const OPENING: &str = "created,email_confirmed,phone_confirmed,contact_confirmed,identity_declared,document_uploaded,video_uploaded";

pub fn events(kinds: &str) -> String {
    let mut all = OPENING.to_owned();
    for kind in kinds.chars() {
        all.push_str(match kind {
            'S' => ",submitted",
            'P' => ",submitted,processing_started,decided",
            'R' => ",submitted,processing_started,decided,refused,media_purged",
            'A' => ",submitted,processing_started,decided,accepted,letter_sent",
            'O' => ",letter_opened",
            _ => ",media_purged",
        });
    }
    all
}

/// An id in the layout of the program's own: time, then what tells apart.
fn id(prefix: &str, ms: &str, distinct: &str) -> String {
    format!(
        "'{prefix}0' || lpad(to_hex(({ms})::bigint), 12, '0') || substr(md5({distinct}), 1, 13)"
    )
}

/// Fills an empty database with `cases` cases.
pub async fn fill(database: &Database, cases: i64) {
    let indices: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname::text, indexdef::text FROM pg_indexes WHERE schemaname = 'public' \
         AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'",
    )
    .fetch_all(database.pool())
    .await
    .expect("the indices");
    let foreign: Vec<(String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text FROM pg_constraint WHERE contype = 'f'",
    )
    .fetch_all(database.pool())
    .await
    .expect("the foreign keys");
    for (table, name) in &foreign {
        run(
            database,
            &format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
        )
        .await;
    }
    for (name, _) in &indices {
        run(database, &format!("DROP INDEX {name}")).await;
    }
    for sql in statements(cases) {
        run(database, &sql).await;
    }
    for (_, definition) in &indices {
        run(database, definition).await;
    }
    run(database, "VACUUM ANALYZE").await;
}

fn statements(cases: i64) -> Vec<String> {
    let mut all = vec![
        "INSERT INTO organisations SELECT 'org_' || lpad(n::text, 26, '0'), 'Organisation', '{}', 0 \
         FROM generate_series(1, 20) n"
            .to_owned(),
        "CREATE TABLE states (state TEXT, upto BIGINT, age BIGINT, span BIGINT, kinds TEXT[])".to_owned(),
    ];
    let mut upto = 0;
    for (state, share, youngest, oldest, kinds) in STATES {
        upto += share;
        all.push(format!(
            "INSERT INTO states VALUES ('{state}', {upto}, {youngest}, {oldest} - {youngest}, string_to_array('{}', ','))",
            events(kinds)
        ));
    }
    all.push(case_rows(cases));
    all.extend(what_hangs_on_cases());
    all.push("DROP TABLE made".to_owned());
    all.push("DROP TABLE states".to_owned());
    all
}

/// Each case with what the other tables need of it, in the order of time.
fn case_rows(cases: i64) -> String {
    let case_id = id("case_", "created", "n::text");
    format!(
        "CREATE TABLE made AS \
         WITH drawn AS (SELECT n, ('x' || substr(md5('state' || n), 1, 7))::bit(28)::bigint % 10000 AS r, \
         ('x' || substr(md5('age' || n), 1, 7))::bit(28)::bigint AS a FROM generate_series(1, {cases}) n), \
         aged AS (SELECT n, s.state, s.kinds, {NOW} - s.age * {HOUR} - ((a::float8 / 268435456) * s.span * {HOUR})::bigint AS created \
         FROM drawn CROSS JOIN LATERAL (SELECT * FROM states WHERE upto > r ORDER BY upto LIMIT 1) s) \
         SELECT n, {case_id} AS id, state, kinds, created, \
         state IN ('letter_sent', 'letter_opened', 'accepted') AS recent, \
         cardinality(kinds) > 7 AS handed_in FROM aged ORDER BY created"
    )
}

fn what_hangs_on_cases() -> Vec<String> {
    let key = |prefix: &str, distinct: &str| id(prefix, "created", distinct);
    let final_states =
        "state IN ('activated', 'expired', 'refused', 'withdrawn', 'suspended', 'deleted')";
    vec![
        format!(
            "INSERT INTO cases (id, organisation, reference, number, language, state, state_since, revision, attempt, \
             sandbox, email, email_confirmed_at, phone, phone_confirmed_at, consent, document_type, declared, reasons, \
             appealed, created_at, last_activity_at, submitted_at, processed_at, letter_due_at, media_due_at, media_purged_at) \
             SELECT id, 'org_' || lpad((1 + n % 20)::text, 26, '0'), 'R-' || n, lpad(n::text, 10, '0'), 'fr', state, \
             created + 1800000, 12, 1, 0, 'somebody' || n || '@example.org', created, '+336' || lpad((n % 100000000)::text, 8, '0'), created, \
             '{{\"version\":\"1\",\"biometrics\":true}}', 'identity_card', \
             '{{\"birth_name\":\"Martin\",\"first_names\":[\"Camille\"],\"birth_date\":\"1990-07-13\"}}', '[]', 0, created, created + 1800000, \
             CASE WHEN handed_in THEN created + 1800000 END, CASE WHEN handed_in AND state <> 'submitted' THEN created + 1900000 END, \
             CASE WHEN handed_in THEN created + {DAY} END, \
             CASE WHEN {final_states} OR recent THEN created + 1900000 + 3 * {DAY} END, \
             CASE WHEN {final_states} OR (recent AND created + 1900000 + 3 * {DAY} < {NOW}) THEN created + 3 * {DAY} END FROM made"
        ),
        "INSERT INTO events SELECT row_number() OVER (ORDER BY created + place), id, created + place * 60000, kind, \
         '{\"actor\":\"applicant\"}', '{\"attempt\":1}', md5(id) || md5(kind), md5(kind) || md5(id) \
         FROM made, unnest(kinds) WITH ORDINALITY AS e (kind, place)"
            .to_owned(),
        "UPDATE chain_head SET seq = (SELECT MAX(seq) FROM events)".to_owned(),
        format!(
            "INSERT INTO jobs (id, kind, subject, dedupe, priority, run_at, attempts, state, created_at, finished_at) \
             SELECT {}, 'process', id, 'process:' || id || ':1', 50, created + 1800000, 1, \
             CASE WHEN state = 'submitted' THEN 'ready' ELSE 'done' END, created + 1800000, \
             CASE WHEN state <> 'submitted' THEN created + 1900000 END FROM made WHERE handed_in",
            key("job_", "n::text")
        ),
        format!(
            "INSERT INTO messages (id, case_id, channel, template, language, recipient, data, dedupe, state, attempts, created_at, sent_at) \
             SELECT {}, id, 'email', template, 'fr', 'somebody@example.org', '{{\"number\":\"1\"}}', template || ':' || id, \
             CASE WHEN n % 5000 = 0 THEN 'failed' ELSE 'sent' END, 1, created, created + 5000 \
             FROM made, unnest(ARRAY['email_code', 'processing', 'status_changed']) AS template WHERE handed_in",
            key("msg_", "n || template")
        ),
        "INSERT INTO jobs (id, kind, subject, dedupe, priority, run_at, attempts, state, created_at, finished_at) \
         SELECT 'job_' || substr(id, 5), 'deliver', id, 'deliver:' || id, 50, created_at, 1, \
         CASE WHEN state = 'failed' THEN 'parked' ELSE 'done' END, created_at, created_at + 5000 FROM messages"
            .to_owned(),
        format!(
            "INSERT INTO uploads (id, case_id, attempt, kind, state, size, sha256, capture, created_at, completed_at) \
             SELECT {}, id, 1, kind, 'complete', 3000000, md5(id) || md5(kind), '{{}}', created, created + 1000 \
             FROM made, unnest(ARRAY['document_front', 'document_back', 'selfie_video']) AS kind WHERE kinds @> ARRAY['video_uploaded']",
            key("upl_", "n || kind")
        ),
        format!(
            "INSERT INTO chunks (upload_id, number, object, size, sha256, stored_at) \
             SELECT u.id, part, u.case_id || '/' || u.id || '/' || part, 1000000, md5(u.id), u.created_at \
             FROM uploads u JOIN cases c ON c.id = u.case_id, generate_series(0, 2) AS g (part) WHERE c.media_purged_at IS NULL AND c.created_at > {NOW} - 4 * {DAY}"
        ),
        format!(
            "INSERT INTO objects (name, case_id, kind, created_at, deleted_at) \
             SELECT u.case_id || '/' || u.id || '/' || part, u.case_id, 'chunk', u.created_at, c.media_purged_at \
             FROM uploads u JOIN cases c ON c.id = u.case_id, generate_series(0, 2) AS g (part) \
             WHERE c.media_purged_at IS NOT NULL AND part = 0 OR c.media_purged_at IS NULL AND c.created_at > {NOW} - 4 * {DAY}"
        ),
        "INSERT INTO case_keys SELECT id, md5(id) || md5(state), created FROM made WHERE NOT handed_in OR recent OR \
         state IN ('in_review', 'submitted', 'retake_asked')"
            .to_owned(),
        format!(
            "INSERT INTO decisions SELECT {}, id, 1, 'accept', '[]', '{{\"checks\":[' || repeat('{{\"check\":\"face_match\",\"score\":0.4211,\"threshold\":0.5}},', 20) || '{{}}]}}', \
             '1', md5(id) || md5(state), 'policy', created + 1900000 FROM made WHERE kinds @> ARRAY['decided']",
            key("dec_", "n::text")
        ),
        format!(
            "INSERT INTO codes (case_id, purpose, nonce, hash, created_at, expires_at, window_since, sent_at, sent_count, wrong_count, used_at) \
             SELECT id, 'activation', md5(id), md5(id) || md5(state), created + {DAY}, created + 22 * {DAY}, created, created, 1, 0, \
             CASE WHEN state = 'activated' THEN created + 3 * {DAY} END FROM made WHERE kinds @> ARRAY['letter_sent'] AND state <> 'accepted'"
        ),
        format!(
            "INSERT INTO letters (id, case_id, provider, state, nonce, deposited_at, notified_at, accept_until, closed_at) \
             SELECT {}, id, 'electronic', CASE WHEN state = 'letter_sent' THEN 'notified' ELSE 'accepted' END, md5(id), created + {DAY}, \
             created + {DAY}, created + 16 * {DAY}, CASE WHEN state <> 'letter_sent' THEN created + 2 * {DAY} END \
             FROM made WHERE kinds @> ARRAY['letter_sent'] AND state <> 'accepted'",
            key("let_", "n::text")
        ),
        format!(
            "INSERT INTO letter_proofs SELECT id, kind, deposited_at, repeat('x', 300), md5(id) || md5(kind) \
             FROM letters, unnest(ARRAY['deposit', 'notification']) AS kind WHERE deposited_at > {NOW} - 400 * {DAY}"
        ),
        format!(
            "INSERT INTO tokens SELECT md5(id) || md5(state), id, created, created + 60 * {DAY} FROM made WHERE created > {NOW} - 90 * {DAY}"
        ),
    ]
}
