//! Queries one after another, on a database that nobody else uses.

use std::time::{Duration, Instant};

use idproof_database::boards::BoardFilter;
use idproof_database::{Case, Database, DatabaseError, MessageState, Role, Staff, Taking};
use idproof_domain::case::CaseState;
use idproof_domain::confirm::CodePurpose;
use idproof_domain::ids::{CaseId, StaffId};

use crate::Times;
use crate::fill::NOW;

const TIMES: i64 = 1000;
const RECONCILED: i64 = 5;

/// Cases spread over all there are, or over those of a state.
async fn some(database: &Database, filter: &str) -> Vec<CaseId> {
    let sql =
        format!("SELECT id FROM cases WHERE {filter} ORDER BY md5(id || 'sample') LIMIT {TIMES}");
    let ids: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(database.pool())
        .await
        .expect("cases");
    ids.iter().map(|id| id.parse().expect("an id")).collect()
}

async fn timed<T>(times: &mut Times, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let value = work.await;
    times.0.push(began.elapsed());
    value
}

async fn case(database: &Database, id: &CaseId) -> Case {
    database.case(id).await.expect("read").expect("there")
}

/// What the API asks for a case's page: the case, its place in the queue, uploads, contacts.
async fn status(database: &Database, id: &CaseId) {
    let case = case(database, id).await;
    database.place_in_queue(&case).await.expect("a place");
    database
        .uploads_of(&case.id, case.attempt)
        .await
        .expect("uploads");
    for purpose in [CodePurpose::Email, CodePurpose::Phone] {
        database.code(&case.id, purpose).await.expect("a code");
    }
    if case.state == CaseState::RetakeAsked {
        database.events_of(&case.id).await.expect("events");
    }
}

/// Somebody who judges cases.
async fn reviewer(database: &Database, n: i64) -> Staff {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    let staff = Staff {
        id: StaffId::new(NOW, bytes),
        name: format!("reviewer-{n}"),
        display_name: String::new(),
        roles: vec![Role::Reviewer],
        password: None,
        password_temporary: false,
        totp: None,
        totp_offered: None,
        totp_step: 0,
        oidc_subject: None,
        wrong_count: 0,
        locked_until: None,
        created_at: NOW,
        issued_by: "system".into(),
        disabled_at: None,
        last_sign_in_at: None,
    };
    let mut tx = database.begin().await.expect("a transaction");
    tx.insert_staff(&staff).await.expect("an account");
    tx.commit().await.expect("committed");
    staff
}

async fn next(database: &Database, staff: &Staff) {
    let taking = Taking {
        staff,
        now_ms: NOW,
        lease: Duration::from_secs(600),
        beside: None,
    };
    let mut tx = database.begin().await.expect("a transaction");
    tx.take_next(&taking).await.expect("an answer");
    tx.commit().await.expect("committed");
}

pub async fn measure(database: &Database) {
    let all = some(database, "TRUE").await;
    let queued = some(database, "state = 'submitted'").await;
    // The first of each kind warms what a service at work has warm.
    for id in all.iter().chain(&queued).take(50) {
        status(database, id).await;
    }
    println!("| asked of the database | median ms | p99 ms | must be |\n|---|---|---|---|");
    let (mut one, mut row) = (Times::default(), Times::default());
    for id in &all {
        timed(&mut one, database.ping()).await.expect("an answer");
        timed(&mut row, case(database, id)).await;
    }
    one.row("floor: `SELECT 1`", "–");
    row.row("floor: one case by its key", "–");
    for (what, ids) in [
        ("status, cases of all states", &all),
        ("status, cases that wait in the queue", &queued),
    ] {
        let mut times = Times::default();
        for id in ids {
            timed(&mut times, status(database, id)).await;
        }
        times.row(what, "≤ 5");
    }
    let mut times = Times::default();
    for n in 0..TIMES.min(i64::try_from(queued.len()).unwrap_or(TIMES)) {
        let staff = reviewer(database, n).await;
        timed(&mut times, next(database, &staff)).await;
    }
    times.row("a reviewer's next case", "≤ 20");
    let mut times = Times::default();
    for id in &all {
        timed(&mut times, database.events_of(id))
            .await
            .expect("events");
    }
    times.row("timeline", "≤ 10");
    reconcilers(database).await;
    boards(database).await;
}

macro_rules! ask {
    ($what:literal, $call:expr) => {
        let mut times = Times::default();
        for _ in 0..RECONCILED {
            timed(&mut times, $call).await.expect("an answer");
        }
        let (median, slowest) = (times.share(0.5), times.share(1.0));
        println!(
            "| {} | {} | {} |",
            $what,
            crate::ms(median),
            crate::ms(slowest)
        );
    };
}

/// Days of a board, as the console asks for them.
async fn funnel(database: &Database, days: i64) -> Result<usize, DatabaseError> {
    const DAY: i64 = 24 * 3_600_000;
    let filter = BoardFilter::default();
    let mut rows = 0;
    for back in 0..days {
        let (from, to) = (NOW - (back + 1) * DAY, NOW - back * DAY);
        rows += database.funnel(&filter, from, to).await?.len();
    }
    Ok(rows)
}

/// What the console's boards ask.
pub async fn boards(database: &Database) {
    const HOUR: i64 = 3_600_000;
    const MONTH: i64 = 30 * 24 * HOUR;
    const QUARTER: i64 = 92 * 24 * HOUR;
    let filter = BoardFilter::default();
    println!("\n| asked by boards | median ms | slowest ms |\n|---|---|---|");
    ask!("funnel, 30 days", funnel(database, 30));
    ask!("funnel, 92 days", funnel(database, 92));
    ask!(
        "verdicts and causes, 30 days",
        database.verdicts_since(&filter, NOW - MONTH)
    );
    ask!(
        "times to decision, 30 days",
        database.times_to_decision(&filter, NOW - MONTH, 500_000)
    );
    ask!(
        "verdicts and causes, 92 days",
        database.verdicts_since(&filter, NOW - QUARTER)
    );
    ask!(
        "times to decision, 92 days",
        database.times_to_decision(&filter, NOW - QUARTER, 500_000)
    );
    ask!(
        "letters by their deadline",
        database.letters_due_by(&[NOW, NOW + 8 * HOUR, NOW + 24 * HOUR])
    );
    ask!(
        "what people decided, 48 hours",
        database.team_hours(NOW - 48 * HOUR)
    );
    ask!(
        "policies, 7 days",
        database.policies_since(NOW - 168 * HOUR)
    );
    ask!(
        "models in 500 reports",
        database.models_since(NOW - 168 * HOUR, 500)
    );
    ask!(
        "messages that failed, a page",
        database.messages_in_trouble(MessageState::Failed, None, None, 51)
    );
    ask!("webhook addresses, counted", database.endpoint_counts());
    ask!("letters under way, counted", database.letter_backlog());
    ask!("letters to leave, counted", database.letters_to_leave());
}

/// What the reconcilers ask in every run.
async fn reconcilers(database: &Database) {
    const HOUR: i64 = 3_600_000;
    println!(
        "\n| asked by reconcilers, every minute or so | median ms | slowest ms |\n|---|---|---|"
    );
    ask!("jobs by kind and condition", database.job_counts(NOW));
    ask!("parked jobs", database.parked_jobs(100));
    ask!("messages not sent", database.unsent_messages());
    ask!(
        "letters at risk and overdue",
        database.deadlines(NOW, NOW + 4 * HOUR)
    );
    ask!("cases in review, counted", database.review_counts(NOW));
    ask!("media overdue, counted", database.purge_backlog(NOW));
    ask!("media due", database.due_media(NOW, None, 100));
    ask!("jobs put first", database.hurry(NOW + 4 * HOUR));
    ask!("abandoned cases", database.idle_cases(NOW - 72 * HOUR, 200));
    ask!(
        "cases that wait for their letter",
        database.awaiting_letter(None, 100)
    );
    ask!("letters under way", database.open_letters(None, 100));
    ask!("codes that ended unused", database.lapsed_codes(NOW, 100));
    ask!("old proofs", database.forget_proofs(NOW - 9600 * HOUR));
    ask!("old tokens", database.forget_ended_tokens(NOW - 720 * HOUR));
    ask!("stray objects", database.stray_objects(NOW - 2 * HOUR, 500));
}
