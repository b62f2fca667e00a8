//! Reconcilers: they take no input, look at what there is, and bring it to what it should be.
//! They run again and again; running twice, or two at once, changes nothing more.

mod drift;
mod gauges;
mod idle;
mod letters;
mod purge;
mod reviews;
mod tidy;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument;

use crate::chance;
use crate::handler::JobError;
use crate::runner::Context;

pub use drift::Drift;
pub use gauges::Gauges;
pub use idle::Idle;
pub use letters::{Letters, Post};
pub use purge::{Purge, Purged};
pub use reviews::Reviews;
pub use tidy::Tidy;

/// One of them.
pub trait Reconciler: Send + Sync + 'static {
    const NAME: &'static str;

    /// One run; tells how many things it put right.
    fn run(&self) -> impl Future<Output = Result<u64, JobError>> + Send;
}

/// Runs it at once, then every `period` (a fifth more or less) and whenever the bell rings, until
/// `stop` turns true. A run that fails or panics is counted, logged and followed by the next.
pub async fn every<R: Reconciler>(
    reconciler: R,
    context: Context,
    period: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let reconciler = Arc::new(reconciler);
    while !*stop.borrow() {
        let this = Arc::clone(&reconciler);
        let span = tracing::info_span!("reconcile", name = R::NAME);
        let mut run = tokio::spawn(async move { this.run().await }.instrument(span));
        let result = tokio::select! {
            result = &mut run => result,
            _ = stop.changed() => {
                run.abort();
                return;
            }
        };
        let ok = match result {
            Ok(Ok(0)) => true,
            Ok(Ok(n)) => {
                tracing::info!(reconciler = R::NAME, "put {n} right");
                true
            }
            Ok(Err(e)) => {
                tracing::warn!(reconciler = R::NAME, "failed, will run again: {e}");
                false
            }
            Err(_) => {
                tracing::error!(reconciler = R::NAME, "stopped unexpectedly, will run again");
                false
            }
        };
        context.tally.reconciled(R::NAME, ok);
        tokio::select! {
            () = tokio::time::sleep(chance::about(period, &*context.random)) => {}
            () = context.bell.notified() => {}
            _ = stop.changed() => {}
        }
    }
}
