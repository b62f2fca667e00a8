//! The queue and the outbox, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{bytes, engines};
use idproof_database::{
    Channel, Claimed, Database, JobKind, MessageState, NewJob, NewMessage, Priority, RetryPolicy,
};
use idproof_domain::Language;
use idproof_domain::ids::{JobId, MessageId};

const LEASE: Duration = Duration::from_secs(60);

fn job(subject: &str, priority: Priority, run_at: i64) -> NewJob {
    NewJob {
        id: JobId::new(0, bytes()),
        kind: JobKind::Process,
        subject: subject.to_owned(),
        dedupe: format!("process:{subject}"),
        priority,
        run_at,
        now_ms: 0,
    }
}

async fn enqueue(database: &Database, job: &NewJob) -> bool {
    let mut tx = database.begin().await.unwrap();
    let queued = tx.enqueue(job).await.unwrap();
    tx.commit().await.unwrap();
    queued
}

async fn claim(database: &Database, now: i64, token: &str) -> Option<Claimed> {
    database
        .claim(&[JobKind::Process], now, LEASE, token)
        .await
        .unwrap()
}

async fn finish(database: &Database, job: &Claimed) -> bool {
    let mut tx = database.begin().await.unwrap();
    let done = tx.finish_job(job, 1).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[tokio::test]
async fn the_urgent_goes_first_and_nothing_before_its_time() {
    for (database, _dir) in engines().await {
        enqueue(&database, &job("later", Priority::URGENT, 500)).await;
        enqueue(&database, &job("normal", Priority::NORMAL, 0)).await;
        enqueue(&database, &job("urgent", Priority::URGENT, 10)).await;
        let mut order = Vec::new();
        while let Some(claimed) = claim(&database, 20, "t").await {
            order.push(claimed.subject);
        }
        assert_eq!(order, ["urgent", "normal"]);
    }
}

#[tokio::test]
async fn the_same_work_is_queued_once() {
    for (database, _dir) in engines().await {
        assert!(enqueue(&database, &job("x", Priority::NORMAL, 0)).await);
        assert!(!enqueue(&database, &job("x", Priority::NORMAL, 0)).await);
    }
}

#[tokio::test]
async fn a_lost_lease_is_taken_over_and_the_late_worker_changes_nothing() {
    for (database, _dir) in engines().await {
        enqueue(&database, &job("x", Priority::NORMAL, 0)).await;
        let slow = claim(&database, 0, "slow").await.unwrap();
        assert!(claim(&database, 59_999, "early").await.is_none());
        let quick = claim(&database, 60_000, "quick").await.unwrap();
        assert_eq!(quick.attempts, 2);
        assert!(!database.heartbeat(&slow, 200_000).await.unwrap());
        assert!(!finish(&database, &slow).await);
        assert!(!database.retry_later(&slow, 5, "late").await.unwrap());
        assert!(finish(&database, &quick).await);
        assert!(claim(&database, 900_000, "again").await.is_none());
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease() {
    for (database, _dir) in engines().await {
        enqueue(&database, &job("x", Priority::NORMAL, 0)).await;
        let held = claim(&database, 0, "held").await.unwrap();
        assert!(database.heartbeat(&held, 120_000).await.unwrap());
        assert!(claim(&database, 119_999, "other").await.is_none());
    }
}

#[tokio::test]
async fn a_job_that_kills_its_worker_is_parked_and_shown() {
    for (database, _dir) in engines().await {
        enqueue(&database, &job("poison", Priority::NORMAL, 0)).await;
        for attempt in 0..3 {
            let claimed = claim(&database, attempt * 60_000, "t").await.unwrap();
            assert_eq!(claimed.attempts, attempt + 1);
        }
        let poison = claim(&database, 180_000, "t").await.unwrap();
        assert_eq!(poison.attempts, 4);
        let mut tx = database.begin().await.unwrap();
        let why = "the worker died at every attempt";
        assert!(tx.park_job(&poison, why, 180_000).await.unwrap());
        tx.commit().await.unwrap();
        let shown = database.parked_jobs(10).await.unwrap();
        assert_eq!(shown[0].subject, "poison");
        assert!(shown[0].last_error.as_deref().unwrap().contains("died"));
        assert_eq!(database.job_counts(200_000).await.unwrap()[0].parked, 1);
        assert!(claim(&database, 500_000, "t").await.is_none());
        assert!(database.unpark(&shown[0].id, 600_000).await.unwrap());
        assert_eq!(claim(&database, 600_000, "t").await.unwrap().attempts, 1);
    }
}

#[tokio::test]
async fn many_claimers_never_share_a_job() {
    for (database, _dir) in engines().await {
        for n in 0..60 {
            enqueue(&database, &job(&n.to_string(), Priority::NORMAL, 0)).await;
        }
        let claimers: Vec<_> = (0..8)
            .map(|c| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        match claim(&database, 1, &format!("t{c}")).await {
                            Some(claimed) => mine.push(claimed.subject),
                            None => return mine,
                        }
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        // Under SKIP LOCKED a claimer may see nothing while others hold the last rows.
        while let Some(left) = claim(&database, 1, "rest").await {
            all.push(left.subject);
        }
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), different.len()), (60, 60));
    }
}

#[tokio::test]
async fn a_message_and_its_job_are_written_once() {
    for (database, _dir) in engines().await {
        let message = NewMessage {
            id: MessageId::new(0, bytes()),
            case: None,
            channel: Channel::Email,
            template: "processing".into(),
            language: Language::Fr,
            recipient: "someone@example.org".into(),
            data: serde_json::json!({}),
            dedupe: "case:processing:1".into(),
            now_ms: 3,
        };
        let again = NewMessage {
            id: MessageId::new(0, bytes()),
            ..message.clone()
        };
        let mut tx = database.begin().await.unwrap();
        assert!(tx.post(&message, JobId::new(0, bytes())).await.unwrap());
        assert!(!tx.post(&again, JobId::new(0, bytes())).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(database.unsent_messages().await.unwrap()[0].count, 1);
        let claimed = database
            .claim(&[JobKind::Deliver], 3, LEASE, "t")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(claimed.subject, message.id.to_string());
        let mut tx = database.begin().await.unwrap();
        tx.note_message(&message.id, MessageState::Sent, None, 9)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let sent = database.message(&message.id).await.unwrap().unwrap();
        assert_eq!(
            (sent.state, sent.sent_at, sent.attempts),
            (MessageState::Sent, Some(9), 1)
        );
        assert!(database.unsent_messages().await.unwrap().is_empty());
    }
}

#[test]
fn waits_double_up_to_the_longest() {
    let policy = RetryPolicy {
        most_attempts: 9,
        first: Duration::from_secs(5),
        longest: Duration::from_secs(60),
    };
    let waits: Vec<u64> = (1..=6).map(|n| policy.wait(n).as_secs()).collect();
    assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
    assert_eq!(policy.wait(i64::MAX), Duration::from_secs(60));
}
