//! The work behind the service: jobs that are claimed and run, reconcilers that keep deadlines.
//!
//! A worker may die at any moment: what a job leads to is written in the transaction that marks
//! it done, and reconcilers start from what they find.

mod chance;
mod deliver;
mod handler;
mod process;
mod reconcile;
mod runner;
mod tally;

pub use deliver::{Deliver, Senders, Wording};
pub use handler::{Handler, JobError};
pub use process::{Judgement, Process, Tools};
pub use reconcile::{
    Drift, Gauges, Idle, Letters, Post, Purge, Purged, Reconciler, Reviews, Tidy, every,
};
pub use runner::{Context, Pace, Runner};
pub use tally::Tally;
