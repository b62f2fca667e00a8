//! What a worker counts, for Prometheus. Labels are codes, never ids or anything personal.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use idproof_database::{Channel, DecisionOutcome, JobKind};
use idproof_domain::CheckName;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    channel: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Loop {
    reconciler: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Check {
    check: &'static str,
}

/// A condition of something that waits: what, and in which condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Waiting {
    pub what: &'static str,
    pub condition: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

fn seconds() -> Histogram {
    Histogram::new([
        0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0,
    ])
}

/// The counters of one worker process.
pub struct Tally {
    jobs_done: Family<Kind, Counter>,
    jobs_failed: Family<Kind, Counter>,
    jobs_parked: Family<Kind, Counter>,
    job_seconds: Histograms<Kind>,
    stage_seconds: Histograms<Stage>,
    decisions: Family<Outcome, Counter>,
    messages: Family<Sent, Counter>,
    reconciled: Family<Loop, Counter>,
    purged_cases: Counter,
    purged_objects: Counter,
    drift: Family<Check, Gauge<f64, AtomicU64>>,
    drift_alarm: Family<Check, Gauge>,
    drift_organisations: Family<Check, Gauge>,
    /// How many there are, by what and condition; read from the database now and then.
    pub(crate) waiting: Family<Waiting, Gauge>,
    /// Seconds that the oldest of them has waited, or is overdue.
    pub(crate) oldest: Family<Waiting, Gauge>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            jobs_done: Family::default(),
            jobs_failed: Family::default(),
            jobs_parked: Family::default(),
            job_seconds: Histograms::new_with_constructor(seconds),
            stage_seconds: Histograms::new_with_constructor(seconds),
            decisions: Family::default(),
            messages: Family::default(),
            reconciled: Family::default(),
            purged_cases: Counter::default(),
            purged_objects: Counter::default(),
            drift: Family::default(),
            drift_alarm: Family::default(),
            drift_organisations: Family::default(),
            waiting: Family::default(),
            oldest: Family::default(),
        }
    }
}

impl Tally {
    /// Shows every counter in `registry`, whose prefix names the program.
    pub fn register(&self, registry: &mut Registry) {
        let r = registry;
        r.register("jobs_done", "Jobs that ended well", self.jobs_done.clone());
        r.register(
            "jobs_failed",
            "Attempts at jobs that failed and are repeated",
            self.jobs_failed.clone(),
        );
        r.register(
            "jobs_parked",
            "Jobs that were given up and wait for a human",
            self.jobs_parked.clone(),
        );
        r.register(
            "job_seconds",
            "Wall time of jobs that ended well",
            self.job_seconds.clone(),
        );
        r.register(
            "stage_seconds",
            "Wall time of the stages of an analysis",
            self.stage_seconds.clone(),
        );
        r.register(
            "decisions",
            "Verdicts of the machine",
            self.decisions.clone(),
        );
        r.register(
            "messages",
            "Attempts to send messages, by channel and result",
            self.messages.clone(),
        );
        r.register(
            "reconciled",
            "Runs of reconcilers, by result",
            self.reconciled.clone(),
        );
        r.register(
            "purged_cases",
            "Cases whose media were deleted",
            self.purged_cases.clone(),
        );
        r.register(
            "purged_objects",
            "Objects deleted from the media store",
            self.purged_objects.clone(),
        );
        r.register(
            "score_drift",
            "Population stability index of a check's scores, the last week against the four before",
            self.drift.clone(),
        );
        r.register(
            "score_drift_alarm",
            "1 where a check's scores are no longer distributed as they were",
            self.drift_alarm.clone(),
        );
        r.register(
            "score_drift_organisations",
            "Organisations whose own cases' scores of a check are no longer distributed as they were",
            self.drift_organisations.clone(),
        );
        r.register(
            "waiting",
            "What waits in the database, by kind and condition",
            self.waiting.clone(),
        );
        r.register(
            "oldest_seconds",
            "How long the oldest of what waits has waited, or is overdue",
            self.oldest.clone(),
        );
    }

    pub(crate) fn job_done(&self, kind: JobKind, took: Duration) {
        let kind = Kind {
            kind: kind.as_str(),
        };
        self.jobs_done.get_or_create(&kind).inc();
        self.job_seconds
            .get_or_create(&kind)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn job_failed(&self, kind: JobKind) {
        let kind = kind.as_str();
        self.jobs_failed.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn job_parked(&self, kind: JobKind) {
        let kind = kind.as_str();
        self.jobs_parked.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn stage(&self, stage: &'static str, took: Duration) {
        self.stage_seconds
            .get_or_create(&Stage { stage })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn decided(&self, outcome: DecisionOutcome) {
        let outcome = outcome.as_str();
        self.decisions.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn message(&self, channel: Channel, result: &'static str) {
        let channel = channel.as_str();
        self.messages.get_or_create(&Sent { channel, result }).inc();
    }

    pub(crate) fn reconciled(&self, reconciler: &'static str, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        self.reconciled
            .get_or_create(&Loop { reconciler, result })
            .inc();
    }

    pub(crate) fn drifted(&self, check: CheckName, psi: f64, alarm: bool) {
        let check = Check {
            check: check.as_str(),
        };
        self.drift.get_or_create(&check).set(psi);
        self.drift_alarm.get_or_create(&check).set(i64::from(alarm));
    }

    pub(crate) fn organisations_drifted(&self, check: CheckName, organisations: i64) {
        let check = Check {
            check: check.as_str(),
        };
        self.drift_organisations
            .get_or_create(&check)
            .set(organisations);
    }

    pub(crate) fn purged(&self, objects: u64) {
        self.purged_cases.inc();
        self.purged_objects.inc_by(objects);
    }
}
