use std::sync::Arc;
use std::time::Duration;

use idproof_database::{Claimed, Database, DatabaseError, Tx};
use idproof_ports::{Clock, Random};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use crate::chance;
use crate::handler::{Handler, JobError};
use crate::tally::Tally;

/// What every loop of a worker needs.
#[derive(Clone)]
pub struct Context {
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub tally: Arc<Tally>,
    /// Rung when a job was queued in this process; others are found by looking.
    pub bell: Arc<Notify>,
}

impl Context {
    pub fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Ten random bytes for an id.
    pub fn id_bytes(&self) -> [u8; 10] {
        idproof_database::notices::id_bytes(&*self.random)
    }
}

/// How a runner behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Jobs at once.
    pub slots: usize,
    /// How long a job is held without a sign of life.
    pub lease: Duration,
    /// Between two looks for jobs, a fifth more or less.
    pub poll: Duration,
    /// How long jobs under way may take to end once the worker is to stop.
    pub drain: Duration,
}

/// Runs the jobs of one kind: claims, keeps the lease alive, finishes, tries again, gives up.
pub struct Runner<H> {
    handler: Arc<H>,
    context: Context,
    pace: Pace,
}

const DIED: &str = "the worker died at every attempt";

impl<H: Handler> Runner<H> {
    pub fn new(handler: H, context: Context, pace: Pace) -> Self {
        Self {
            handler: Arc::new(handler),
            context,
            pace,
        }
    }

    /// Until `stop` turns true; then waits for the jobs under way, and gives back those that do
    /// not end in time.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let this = Arc::new(self);
        let slots = Arc::new(Semaphore::new(this.pace.slots));
        let (abandon, abandoned) = watch::channel(false);
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            let permit = tokio::select! {
                permit = Arc::clone(&slots).acquire_owned() => permit,
                _ = stop.changed() => break,
            };
            let Ok(permit) = permit else { break };
            while running.try_join_next().is_some() {}
            match this.claim().await {
                Ok(Some(job)) => {
                    let (this, abandoned) = (Arc::clone(&this), abandoned.clone());
                    let span = tracing::info_span!("job", kind = H::KIND.as_str(), job = %job.id, subject = job.subject);
                    running.spawn(
                        async move {
                            this.work(job, abandoned).await;
                            drop(permit);
                        }
                        .instrument(span),
                    );
                    continue;
                }
                Ok(None) => {}
                Err(e) => tracing::warn!(kind = H::KIND.as_str(), "cannot look for jobs: {e}"),
            }
            drop(permit);
            let wait = chance::about(this.pace.poll, &*this.context.random);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = this.context.bell.notified() => {}
                _ = stop.changed() => break,
            }
        }
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(this.pace.drain, all).await.is_err() {
            let _ = abandon.send(true);
            while running.join_next().await.is_some() {}
        }
    }

    async fn claim(&self) -> Result<Option<Claimed>, DatabaseError> {
        let token = chance::token(&*self.context.random);
        self.context
            .database
            .claim(&[H::KIND], self.context.now(), self.pace.lease, &token)
            .await
    }

    async fn work(&self, job: Claimed, abandoned: watch::Receiver<bool>) {
        let started = self.context.clock.monotonic();
        if job.attempts > self.handler.retry().most_attempts {
            return self.park(&job, DIED).await;
        }
        let Some(result) = self.hold(&job, abandoned).await else {
            return;
        };
        match result {
            Ok(tx) => match self.finish(tx, &job).await {
                Ok(true) => {
                    let took = self.context.clock.monotonic().saturating_sub(started);
                    self.context.tally.job_done(H::KIND, took);
                    tracing::info!(ms = took.as_millis(), "job done");
                }
                Ok(false) => tracing::warn!("the lease was lost; another worker has the job"),
                Err(e) => self.again(&job, &e.to_string(), None).await,
            },
            Err(JobError::Again { why, after }) => self.again(&job, &why, after).await,
            Err(JobError::GiveUp { why }) => self.park(&job, &why).await,
        }
    }

    /// Runs the handler under a lease that is kept alive. `None`: the lease was lost, or the
    /// worker must stop and gave the job back.
    async fn hold(
        &self,
        job: &Claimed,
        mut abandoned: watch::Receiver<bool>,
    ) -> Option<Result<Tx, JobError>> {
        let (handler, held) = (Arc::clone(&self.handler), job.clone());
        let work = async move { handler.handle(&held).await }.in_current_span();
        let mut work = Aborting(tokio::spawn(work));
        let mut beat = tokio::time::interval(self.pace.lease / 3);
        beat.tick().await;
        loop {
            tokio::select! {
                ended = &mut work.0 => return Some(ended.unwrap_or_else(stopped)),
                _ = beat.tick() => {
                    if self.lost(job).await {
                        tracing::warn!("the lease was lost; the work is stopped");
                        return None;
                    }
                }
                () = async { let _ = abandoned.wait_for(|a| *a).await; } => {
                    drop(work);
                    self.release(job).await;
                    return None;
                }
            }
        }
    }

    async fn lost(&self, job: &Claimed) -> bool {
        let lease = i64::try_from(self.pace.lease.as_millis()).unwrap_or(i64::MAX / 2);
        let until = self.context.now().saturating_add(lease);
        match self.context.database.heartbeat(job, until).await {
            Ok(held) => !held,
            // Nobody else can take it either while the database is away.
            Err(e) => {
                tracing::warn!("no sign of life could be given: {e}");
                false
            }
        }
    }

    async fn finish(&self, mut tx: Tx, job: &Claimed) -> Result<bool, DatabaseError> {
        if !tx.finish_job(job, self.context.now()).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn release(&self, job: &Claimed) {
        match self.context.database.release(job).await {
            Ok(_) => tracing::info!("the worker stops; the job was given back"),
            Err(e) => tracing::warn!("the job could not be given back, its lease will end: {e}"),
        }
    }

    async fn again(&self, job: &Claimed, why: &str, after: Option<Duration>) {
        let policy = self.handler.retry();
        if job.attempts >= policy.most_attempts {
            return self.park(job, why).await;
        }
        self.context.tally.job_failed(H::KIND);
        let wait = after.unwrap_or_else(|| policy.wait(job.attempts));
        let wait = chance::about(wait, &*self.context.random);
        let run_at = self.context.now() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
        tracing::warn!(
            attempt = job.attempts,
            seconds = wait.as_secs(),
            "the job failed and is tried again: {why}"
        );
        if let Err(e) = self.context.database.retry_later(job, run_at, why).await {
            tracing::warn!("the job could not be given back, its lease will end: {e}");
        }
    }

    async fn park(&self, job: &Claimed, why: &str) {
        let parked = async {
            let mut tx = self.context.database.begin().await?;
            self.handler.give_up(&mut tx, job, why).await?;
            if tx.park_job(job, why, self.context.now()).await? {
                tx.commit().await?;
                self.context.tally.job_parked(H::KIND);
                tracing::error!(attempt = job.attempts, "the job is parked: {why}");
            }
            Ok::<(), JobError>(())
        };
        if let Err(e) = parked.await {
            tracing::error!("the job could not be parked, its lease will end: {e}");
        }
    }
}

/// A task that ends with its holder.
struct Aborting<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Aborting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The handler panicked: a defect, whose text may hold anything.
fn stopped(_: JoinError) -> Result<Tx, JobError> {
    Err(JobError::again("the work stopped unexpectedly"))
}
