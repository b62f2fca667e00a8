//! Walks over many stored scores: pages are read one after the other while threads work on those
//! that were read.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::Arc;

use idproof_domain::scores::Opened;
use tokio::task::JoinHandle;

use crate::scores::{CaseScores, ScoresFilter};
use crate::{Database, DatabaseError, Result};

/// Rows read at once.
const PAGE: i64 = 2_000;

/// What is done with each of the stored scores. `None`: they cannot be read.
pub type Step<A> = Arc<dyn Fn(&mut A, &CaseScores, Option<&Opened>) + Send + Sync>;

/// How stored scores are walked over.
pub struct Fold<A> {
    /// What a page begins with.
    pub empty: fn() -> A,
    pub step: Step<A>,
    /// Puts a later page to the earlier ones.
    pub join: fn(&mut A, A),
    /// Told how many are done.
    pub progress: Option<Box<dyn Fn(u64) + Send + Sync>>,
}

impl Database {
    /// Walks over the stored scores that `filter` names, newest first, `filter.limit` of them.
    pub async fn fold_scores<A: Send + 'static>(
        &self,
        mut filter: ScoresFilter,
        fold: Fold<A>,
    ) -> Result<A> {
        let mut left = filter.limit;
        let mut whole = (fold.empty)();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut at_work: VecDeque<JoinHandle<(A, u64)>> = VecDeque::new();
        let mut done = 0;
        loop {
            filter.limit = left.min(PAGE);
            let page = if filter.limit > 0 {
                self.case_scores(&filter).await?
            } else {
                Vec::new()
            };
            let is_last = (page.len() as i64) < PAGE;
            left -= page.len() as i64;
            if let Some(last) = page.last() {
                filter.before = Some((last.at, last.case.clone(), last.attempt));
                let (empty, step) = (fold.empty, Arc::clone(&fold.step));
                at_work.push_back(tokio::task::spawn_blocking(move || {
                    let mut part = empty();
                    for row in &page {
                        let opened = row.scores().and_then(|s| s.open().ok());
                        step(&mut part, row, opened.as_ref());
                    }
                    (part, page.len() as u64)
                }));
            }
            while at_work.len() > threads || (is_last && !at_work.is_empty()) {
                let Some(task) = at_work.pop_front() else {
                    break;
                };
                let (part, rows) = task.await.map_err(|_| {
                    DatabaseError::Refused("work on stored scores stopped unexpectedly".into())
                })?;
                (fold.join)(&mut whole, part);
                done += rows;
                if let Some(progress) = &fold.progress {
                    progress(done);
                }
            }
            if is_last {
                return Ok(whole);
            }
        }
    }
}
