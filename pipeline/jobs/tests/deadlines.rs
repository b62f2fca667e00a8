//! Every deadline on both sides of its millisecond, over a weekend, a holiday and both changes of
//! hour, as the reconcilers keep it; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{DAY, HOUR, World, calendar, worlds};
use idproof_database::{Case, JobKind, LetterSettings, UploadKind};
use idproof_delivery::ElectronicLetter;
use idproof_domain::case::{CaseState, Step};
use idproof_domain::letter::LetterCode;
use idproof_jobs::{Gauges, Idle, Letters, Post, Purge, Reconciler};
use idproof_ports::Clock;
use prometheus_client::registry::Registry;

/// Milliseconds of a local time in Paris.
fn at(local: &str) -> i64 {
    let zoned: jiff::Zoned = format!("{local}[Europe/Paris]").parse().unwrap();
    zoned.timestamp().as_millisecond()
}

fn letters(world: &World) -> Letters {
    Letters::new(
        world.context.clone(),
        world.vault.secrets().clone(),
        Post {
            provider: Arc::new(ElectronicLetter),
            electronic: Arc::new(ElectronicLetter),
            settings: LetterSettings::default(),
            calendar: calendar(),
            code_by_sms: false,
            keep_proofs_ms: 400 * DAY,
        },
    )
}

/// What waits of this kind in this condition, as the metrics show it.
async fn gauge(world: &World, what: &str, condition: &str) -> i64 {
    Gauges::new(world.context.clone(), 4 * HOUR)
        .run()
        .await
        .unwrap();
    let mut registry = Registry::default();
    world.context.tally.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let start = format!("waiting{{what=\"{what}\",condition=\"{condition}\"}} ");
    let line = text.lines().find_map(|l| l.strip_prefix(start.as_str()));
    line.unwrap().parse().unwrap()
}

async fn priority(world: &World, case: &Case) -> i64 {
    sqlx::query_scalar("SELECT priority FROM jobs WHERE kind = $1 AND subject = $2")
        .bind(JobKind::Process.as_str())
        .bind(case.id.as_str())
        .fetch_one(world.database().pool())
        .await
        .unwrap()
}

async fn accept(world: &World, case: &Case) {
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
    ];
    world.steps(&case.id, &steps).await;
}

/// Submitted, and when the code must have left.
const LETTERS: [(&str, &str); 8] = [
    ("2026-03-10T15:00:00", "2026-03-11T15:00:00"),
    // Over a weekend.
    ("2026-03-13T15:00:00", "2026-03-16T15:00:00"),
    ("2026-03-14T00:00:00", "2026-03-17T00:00:00"),
    // Over 1 May, a Friday, and over Ascension.
    ("2026-04-30T10:00:00", "2026-05-04T10:00:00"),
    ("2026-05-13T12:00:00", "2026-05-15T12:00:00"),
    // Over the changes of hour.
    ("2026-03-27T15:00:00", "2026-03-30T15:00:00"),
    ("2026-10-23T15:00:00", "2026-10-26T15:00:00"),
    // Over Christmas and its weekend.
    ("2026-12-24T16:00:00", "2026-12-28T16:00:00"),
];

#[tokio::test]
async fn a_case_is_at_risk_four_hours_before_its_letter_is_due_and_overdue_when_it_is() {
    for world in worlds().await {
        for (submitted, due) in LETTERS {
            let due = at(due);
            world.clock.set(at(submitted));
            let case = world.submitted(None).await;
            assert_eq!(case.letter_due_at, Some(due), "{submitted}");
            let normal = priority(&world, &case).await;
            world.clock.set(due - 4 * HOUR - 1);
            assert_eq!(gauge(&world, "letter", "at_risk").await, 0, "{submitted}");
            assert_eq!(priority(&world, &case).await, normal);
            world.clock.set(due - 4 * HOUR);
            assert_eq!(gauge(&world, "letter", "at_risk").await, 1, "{submitted}");
            assert!(priority(&world, &case).await < normal, "it goes first now");
            world.clock.set(due - 1);
            assert_eq!(gauge(&world, "letter", "overdue").await, 0, "{submitted}");
            world.clock.set(due);
            assert_eq!(gauge(&world, "letter", "overdue").await, 1, "{submitted}");
            accept(&world, &case).await;
            assert_eq!(gauge(&world, "letter", "overdue").await, 1, "{submitted}");
            assert!(letters(&world).run().await.unwrap() >= 1);
            assert_eq!(gauge(&world, "letter", "overdue").await, 0, "{submitted}");
            world.steps(&case.id, &[Step::Deleted]).await;
        }
    }
}

/// The addressee is told, the reminder, the last millisecond of the fifteenth day.
const ACCEPTANCES: [(&str, &str, &str); 6] = [
    (
        "2026-03-02T00:00:00",
        "2026-03-09T00:00:00",
        "2026-03-17T23:59:59.999",
    ),
    (
        "2026-03-02T23:59:59.999",
        "2026-03-09T23:59:59.999",
        "2026-03-17T23:59:59.999",
    ),
    // The hour changes on the day of the reminder, then on the last day.
    (
        "2026-03-22T02:30:00",
        "2026-03-29T03:30:00",
        "2026-04-06T23:59:59.999",
    ),
    (
        "2026-03-14T12:00:00",
        "2026-03-21T12:00:00",
        "2026-03-29T23:59:59.999",
    ),
    (
        "2026-10-10T12:00:00",
        "2026-10-17T12:00:00",
        "2026-10-25T23:59:59.999",
    ),
    // Over Christmas, New Year and two weekends: all these days count.
    (
        "2026-12-24T12:00:00",
        "2026-12-31T12:00:00",
        "2027-01-08T23:59:59.999",
    ),
];

#[tokio::test]
async fn a_letter_is_recalled_after_seven_days_and_returned_after_fifteen() {
    for world in worlds().await {
        let letters = letters(&world);
        for (told, reminded, until) in ACCEPTANCES {
            let (told, reminded, until) = (at(told), at(reminded), at(until));
            world.clock.set(told);
            let case = world.submitted(None).await;
            accept(&world, &case).await;
            letters.run().await.unwrap();
            sqlx::query("UPDATE messages SET state = 'sent', sent_at = $1 WHERE template = 'letter_available' AND case_id = $2")
                .bind(told)
                .bind(case.id.as_str())
                .execute(world.database().pool())
                .await
                .unwrap();
            assert_eq!(letters.run().await.unwrap(), 1, "the notice is noted");
            let letter = async || {
                let letter = world.database().letter_of(&case.id).await.unwrap();
                letter.unwrap().letter
            };
            assert_eq!(letter().await.accept_until(), until);
            world.clock.set(reminded - 1);
            assert_eq!(letters.run().await.unwrap(), 0);
            world.clock.set(reminded);
            assert_eq!(letters.run().await.unwrap(), 1);
            assert_eq!(letters.run().await.unwrap(), 0);
            world.clock.set(until);
            assert_eq!(letters.run().await.unwrap(), 0);
            assert_eq!(letter().await.code(), LetterCode::Notified);
            world.clock.set(until + 1);
            assert_eq!(letters.run().await.unwrap(), 1);
            assert_eq!(letter().await.code(), LetterCode::Unclaimed);
            assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
        }
    }
}

/// Moments from which hours of the clock are counted, whatever the days: a weekday, before a
/// weekend, before a holiday, before each change of hour, and in the hour that comes twice.
const MOMENTS: [&str; 6] = [
    "2026-03-10T15:00:00",
    "2026-03-13T15:00:00",
    "2026-12-24T23:59:59.999",
    "2026-03-27T15:00:00",
    "2026-10-23T15:00:00",
    "2026-10-25T02:30:00",
];

#[tokio::test]
async fn a_code_is_good_for_21_times_24_hours() {
    for world in worlds().await {
        let letters = letters(&world);
        for moment in MOMENTS {
            world.clock.set(at(moment));
            let case = world.submitted(None).await;
            accept(&world, &case).await;
            letters.run().await.unwrap();
            world.steps(&case.id, &[Step::LetterOpened]).await;
            world.clock.set(at(moment) + 21 * DAY);
            assert_eq!(letters.run().await.unwrap(), 0, "{moment}");
            assert_eq!(world.case(&case.id).await.state, CaseState::LetterOpened);
            world.clock.move_ms(1);
            assert_eq!(letters.run().await.unwrap(), 1, "{moment}");
            assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
        }
    }
}

#[tokio::test]
async fn media_go_after_72_hours_of_the_clock() {
    for world in worlds().await {
        let purge = Purge::new(world.context.clone(), world.vault.clone());
        for moment in MOMENTS {
            world.clock.set(at(moment));
            let case = world.submitted(None).await;
            accept(&world, &case).await;
            let stored = async || world.vault.objects_of(&case.id).await.unwrap().len();
            world.clock.set(at(moment) + 72 * HOUR - 1);
            assert_eq!(purge.run().await.unwrap(), 0, "{moment}");
            assert_eq!(gauge(&world, "purge", "overdue").await, 0);
            assert_eq!(stored().await, 4);
            world.clock.move_ms(1);
            assert_eq!(gauge(&world, "purge", "overdue").await, 1, "{moment}");
            assert_eq!(purge.run().await.unwrap(), 1, "{moment}");
            assert_eq!(gauge(&world, "purge", "overdue").await, 0);
            assert_eq!(stored().await, 0);
        }
    }
}

#[tokio::test]
async fn an_abandoned_case_ends_after_72_hours_of_the_clock() {
    for world in worlds().await {
        let idle = Idle::new(world.context.clone(), Duration::from_secs(72 * 3600));
        let purge = Purge::new(world.context.clone(), world.vault.clone());
        for moment in MOMENTS {
            world.clock.set(at(moment) - 48 * HOUR);
            let case = world.new_case(None).await;
            world.clock.set(at(moment));
            world.upload(&case, UploadKind::DocumentFront, b"f").await;
            // The last thing that happened counts, not the first.
            world.steps(&case.id, &[Step::DocumentUploaded]).await;
            world.clock.set(at(moment) + 72 * HOUR - 1);
            assert_eq!(idle.run().await.unwrap(), 0, "{moment}");
            world.clock.move_ms(1);
            assert_eq!(idle.run().await.unwrap(), 1, "{moment}");
            assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
            assert_eq!(purge.run().await.unwrap(), 1, "{moment}");
            let left = world.vault.objects_of(&case.id).await.unwrap();
            assert!(left.is_empty());
        }
    }
}

#[tokio::test]
async fn a_clock_set_back_an_hour_ends_nothing_early_and_nothing_twice() {
    for world in worlds().await {
        let idle = Idle::new(world.context.clone(), Duration::from_secs(72 * 3600));
        let left = world.new_case(None).await;
        let ends = world.clock.now_ms() + 72 * HOUR;
        world.clock.set(ends);
        assert_eq!(idle.run().await.unwrap(), 1);
        let young = world.new_case(None).await;
        world.clock.move_ms(-HOUR);
        assert_eq!(idle.run().await.unwrap(), 0);
        let late = world.new_case(None).await;
        world.clock.set(ends + 71 * HOUR - 1);
        assert_eq!(idle.run().await.unwrap(), 0);
        // Made an hour earlier by the clock, it ends an hour earlier by the clock.
        world.clock.set(ends + 71 * HOUR);
        assert_eq!(idle.run().await.unwrap(), 1);
        assert_eq!(world.case(&late.id).await.state, CaseState::Expired);
        assert_ne!(world.case(&young.id).await.state, CaseState::Expired);
        let expired = world.database().events_of(&left.id).await.unwrap();
        assert_eq!(expired.iter().filter(|e| e.kind == "expired").count(), 1);
    }
}

#[tokio::test]
async fn two_of_each_at_once_do_everything_once() {
    for world in worlds().await {
        let (one, two) = (letters(&world), letters(&world));
        let mut cases = vec![];
        for _ in 0..5 {
            let case = world.submitted(None).await;
            accept(&world, &case).await;
            cases.push(case);
        }
        let told = world.clock.now_ms();
        let both = async || {
            // Whoever finds a row taken leaves it; the next run finds nothing to do.
            let _ = tokio::join!(one.run(), two.run());
            one.run().await.unwrap();
        };
        both().await;
        sqlx::query(
            "UPDATE messages SET state = 'sent', sent_at = $1 WHERE template = 'letter_available'",
        )
        .bind(told)
        .execute(world.database().pool())
        .await
        .unwrap();
        both().await;
        world.clock.move_ms(7 * DAY);
        both().await;
        world.clock.move_ms(9 * DAY);
        both().await;
        let abandoned = world.new_case(None).await;
        world.clock.move_ms(4 * DAY);
        let idle = || Idle::new(world.context.clone(), Duration::from_secs(72 * 3600));
        let (a, b) = (idle(), idle());
        let (a, b) = tokio::join!(a.run(), b.run());
        assert_eq!(a.unwrap() + b.unwrap(), 1);

        let count = async |sql: &'static str, case: &Case| -> i64 {
            sqlx::query_scalar(sql)
                .bind(case.id.as_str())
                .fetch_one(world.database().pool())
                .await
                .unwrap()
        };
        for case in &cases {
            for sql in [
                "SELECT COUNT(*) FROM letters WHERE case_id = $1",
                "SELECT COUNT(*) FROM messages WHERE template = 'letter_available' AND case_id = $1",
                "SELECT COUNT(*) FROM messages WHERE template = 'letter_reminder' AND case_id = $1",
                "SELECT COUNT(*) FROM events WHERE kind = 'letter_sent' AND case_id = $1",
                "SELECT COUNT(*) FROM events WHERE kind = 'letter_returned' AND case_id = $1",
            ] {
                assert_eq!(count(sql, case).await, 1, "{sql}");
            }
        }
        let ended = "SELECT COUNT(*) FROM events WHERE kind = 'expired' AND case_id = $1";
        assert_eq!(count(ended, &abandoned).await, 1);
        let chain = world.database().verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(chain.fault, None);
    }
}
