//! How jobs are run: leases, attempts, parking, stopping; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{World, worlds};
use idproof_database::{Claimed, JobKind, JobRow, NewJob, Priority, RetryPolicy, Tx};
use idproof_domain::ids::JobId;
use idproof_jobs::{Context, Handler, JobError, Pace, Runner};
use idproof_ports::Clock;
use tokio::sync::watch;

const PACE: Pace = Pace {
    slots: 3,
    lease: Duration::from_millis(300),
    poll: Duration::from_millis(10),
    drain: Duration::from_secs(20),
};

/// What the test's handler does with its jobs.
#[derive(Clone, Copy)]
enum Act {
    Work,
    FailTwice,
    FailAlways,
    Refuse,
    Panic,
    Sleep,
}

#[derive(Clone)]
struct Acting {
    context: Context,
    act: Act,
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    given_up: Arc<AtomicUsize>,
}

impl Acting {
    fn new(world: &World, act: Act) -> Self {
        Self {
            context: world.context.clone(),
            act,
            begun: Arc::default(),
            ended: Arc::default(),
            given_up: Arc::default(),
        }
    }
}

impl Handler for Acting {
    const KIND: JobKind = JobKind::Process;

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            most_attempts: 3,
            first: Duration::ZERO,
            longest: Duration::ZERO,
        }
    }

    async fn handle(&self, job: &Claimed) -> Result<Tx, JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        match self.act {
            Act::FailTwice if job.attempts < 3 => return Err(JobError::again("not yet")),
            Act::FailAlways => return Err(JobError::again("never")),
            Act::Refuse => return Err(JobError::give_up("hopeless")),
            Act::Panic => panic!("secret 372"),
            Act::Sleep => tokio::time::sleep(Duration::from_secs(60)).await,
            Act::Work | Act::FailTwice => {}
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(self.context.database.begin().await?)
    }

    async fn give_up(&self, _: &mut Tx, _: &Claimed, _: &str) -> Result<(), JobError> {
        self.given_up.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn enqueue(world: &World, subject: &str) {
    let mut tx = world.database().begin().await.unwrap();
    let now = world.clock.now_ms();
    tx.enqueue(&NewJob {
        id: JobId::new(now, world.context.id_bytes()),
        kind: JobKind::Process,
        subject: subject.to_owned(),
        dedupe: subject.to_owned(),
        priority: Priority::NORMAL,
        run_at: now,
        now_ms: now,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Runs until `done` holds, then stops the runner.
async fn run_until(handler: &Acting, pace: Pace, done: impl AsyncFn() -> bool) {
    let (stop, stopped) = watch::channel(false);
    let runner = Runner::new(handler.clone(), handler.context.clone(), pace);
    let running = tokio::spawn(runner.run(stopped));
    let limit = tokio::time::timeout(Duration::from_secs(30), async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    limit.await.expect("it happens in time");
    stop.send(true).unwrap();
    running.await.unwrap();
}

async fn parked(world: &World) -> Vec<JobRow> {
    world.database().parked_jobs(9).await.unwrap()
}

async fn open_jobs(world: &World) -> i64 {
    let counts = world.database().job_counts(i64::MAX).await.unwrap();
    counts[0].ready + counts[0].leased
}

#[tokio::test]
async fn every_job_is_done_once() {
    for world in worlds().await {
        for n in 0..20 {
            enqueue(&world, &n.to_string()).await;
        }
        let handler = Acting::new(&world, Act::Work);
        run_until(&handler, PACE, async || open_jobs(&world).await == 0).await;
        assert_eq!(handler.ended.load(Ordering::SeqCst), 20);
        assert!(parked(&world).await.is_empty());
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_parked_with_its_reason() {
    for world in worlds().await {
        for (act, begun, why) in [
            (Act::FailTwice, 3, None),
            (Act::FailAlways, 3, Some("never")),
            (Act::Refuse, 1, Some("hopeless")),
            (Act::Panic, 3, Some("the work stopped unexpectedly")),
        ] {
            let before = parked(&world).await.len();
            enqueue(&world, &format!("{begun}{why:?}")).await;
            let handler = Acting::new(&world, act);
            run_until(&handler, PACE, async || open_jobs(&world).await == 0).await;
            assert_eq!(handler.begun.load(Ordering::SeqCst), begun);
            let parked = parked(&world).await;
            let given_up = handler.given_up.load(Ordering::SeqCst);
            assert_eq!(parked.len() - before, usize::from(why.is_some()));
            assert_eq!(given_up, usize::from(why.is_some()));
            if let Some(why) = why {
                let shown: Vec<_> = parked.iter().map(|j| j.last_error.as_deref()).collect();
                assert!(shown.contains(&Some(why)), "{shown:?}");
                assert!(!format!("{shown:?}").contains("372"));
            }
        }
    }
}

#[tokio::test]
async fn a_job_that_killed_its_workers_is_parked_without_another_try() {
    for world in worlds().await {
        enqueue(&world, "poison").await;
        for _ in 0..3 {
            let now = world.clock.now_ms();
            let claimed = world
                .database()
                .claim(&[JobKind::Process], now, Duration::from_secs(60), "dead")
                .await
                .unwrap();
            assert!(claimed.is_some());
            world.clock.move_ms(60_000);
        }
        let handler = Acting::new(&world, Act::Work);
        run_until(&handler, PACE, async || !parked(&world).await.is_empty()).await;
        assert_eq!(handler.begun.load(Ordering::SeqCst), 0);
        assert_eq!(handler.given_up.load(Ordering::SeqCst), 1);
    }
}

/// The result of a worker that was taken for dead is thrown away, not written twice.
#[tokio::test]
async fn a_worker_that_lost_its_lease_stops() {
    for world in worlds().await {
        enqueue(&world, "slow").await;
        let handler = Acting::new(&world, Act::Sleep);
        let stolen = async || {
            if handler.begun.load(Ordering::SeqCst) == 0 {
                return false;
            }
            sqlx::query("UPDATE jobs SET lease_token = 'another'")
                .execute(world.database().pool())
                .await
                .unwrap();
            true
        };
        let hurried = Pace {
            drain: Duration::from_secs(5),
            ..PACE
        };
        run_until(&handler, hurried, stolen).await;
        assert_eq!(handler.ended.load(Ordering::SeqCst), 0);
        let counts = world.database().job_counts(world.clock.now_ms()).await;
        assert_eq!(counts.unwrap()[0].leased, 1, "the other one still has it");
    }
}

#[tokio::test]
async fn a_stopping_worker_gives_back_what_it_cannot_end_in_time() {
    for world in worlds().await {
        enqueue(&world, "long").await;
        let handler = Acting::new(&world, Act::Sleep);
        let hurried = Pace {
            drain: Duration::from_millis(50),
            ..PACE
        };
        let begun = async || handler.begun.load(Ordering::SeqCst) == 1;
        run_until(&handler, hurried, begun).await;
        let now = world.clock.now_ms();
        let again = world
            .database()
            .claim(&[JobKind::Process], now, PACE.lease, "next")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again.attempts, 1, "the attempt was not counted");
    }
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_there_are_slots() {
    for world in worlds().await {
        for n in 0..5 {
            enqueue(&world, &n.to_string()).await;
        }
        let handler = Acting::new(&world, Act::Sleep);
        let hurried = Pace {
            slots: 2,
            drain: Duration::ZERO,
            ..PACE
        };
        let both = async || {
            if handler.begun.load(Ordering::SeqCst) < 2 {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            true
        };
        run_until(&handler, hurried, both).await;
        assert_eq!(handler.begun.load(Ordering::SeqCst), 2);
    }
}
