//! The worker: jobs and reconcilers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use idproof_delivery::{
    ElectronicLetter, LetterProvider, Mailer, PrintExport, SmsSender, SystemResolver, WebhookSender,
};
use idproof_jobs::{
    Context, Deliver, Drift, Gauges, Handler, Idle, Letters, Pace, Post, Process, Purge,
    Reconciler, Reviews, Runner, Senders, Tally, Tidy, Tools, Wording, every,
};
use prometheus_client::registry::Registry;
use tokio::sync::{Notify, watch};

use super::Parts;
use crate::compose::insides::{Insides, address_rules, calendar};
use crate::compose::judgement::{judgement, policy};
use crate::config::{Config, LetterCarrier, WorkerConfig};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A decision is not to wait much longer than it can be taken back.
const REVIEWS: Duration = Duration::from_secs(5);
const GAUGES: Duration = Duration::from_secs(15);
/// Distributions of weeks move slowly.
const DRIFT: Duration = Duration::from_secs(3600);

struct Worker<'a> {
    config: &'a Config,
    context: Context,
    parts: &'a mut Parts,
    stop: watch::Receiver<bool>,
}

pub(super) fn start(
    config: &Config,
    insides: &Insides,
    tools: Arc<dyn Tools>,
    registry: &mut Registry,
    parts: &mut Parts,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let tally = Arc::new(Tally::default());
    tally.register(registry);
    let context = Context {
        database: insides.database.clone(),
        clock: Arc::clone(&insides.roots.clock),
        random: Arc::clone(&insides.roots.random),
        tally,
        bell: Arc::new(Notify::new()),
    };
    let mut worker = Worker {
        config,
        context,
        parts,
        stop,
    };
    worker.jobs(insides, tools)?;
    worker.reconcilers(insides)
}

impl Worker<'_> {
    fn jobs(&mut self, insides: &Insides, tools: Arc<dyn Tools>) -> anyhow::Result<()> {
        let config = self.config;
        let slots = config.worker.slots();
        let process = Process::new(
            self.context.clone(),
            insides.vault.clone(),
            tools,
            judgement(config)?,
            config.worker.attempts,
            slots,
        );
        self.run("the analyses", process, slots);
        let days = u64::try_from(config.enrolment.token_case_days).unwrap_or(1);
        let deliver = Deliver::new(
            self.context.clone(),
            senders(config)?,
            insides.vault.secrets().clone(),
            Wording {
                public_url: config.http.public_url.clone(),
                calendar: calendar(config)?,
                link_life: Duration::from_secs(days * 24 * 3600),
            },
        );
        self.run("the messages", deliver, config.worker.deliveries);
        Ok(())
    }

    fn run<H: Handler>(&mut self, name: &'static str, handler: H, slots: usize) {
        let runner = Runner::new(
            handler,
            self.context.clone(),
            pace(&self.config.worker, slots),
        );
        let stop = self.stop.clone();
        self.parts.spawn(async move {
            runner.run(stop).await;
            name
        });
    }

    fn reconcilers(&mut self, insides: &Insides) -> anyhow::Result<()> {
        let worker = &self.config.worker;
        let period = Duration::from_secs(worker.reconcile_s);
        let hurry_ms = worker.hurry_hours * HOUR_MS;
        let idle = Duration::from_secs(worker.idle_hours * 3600);
        let context = self.context.clone();
        let letters = Letters::new(
            context.clone(),
            insides.vault.secrets().clone(),
            post(self.config)?,
        );
        self.every("letters", letters, period);
        let purge = Purge::new(context.clone(), insides.vault.clone());
        self.every("the purge", purge, period);
        self.every("abandoned cases", Idle::new(context.clone(), idle), period);
        let reviews = Reviews::new(context.clone());
        self.every("people's decisions", reviews, period.min(REVIEWS));
        let tidy = Tidy::new(context.clone(), insides.vault.clone());
        self.every("tidying up", tidy, period * 15);
        let (configured, _) = policy(self.config.decide.policy.as_deref())?;
        let drift = Drift::new(context.clone(), configured);
        self.every("the drift of scores", drift, DRIFT);
        let gauges = Gauges::new(context, hurry_ms);
        self.every("the gauges", gauges, GAUGES.min(period));
        Ok(())
    }

    fn every<R: Reconciler>(&mut self, name: &'static str, reconciler: R, period: Duration) {
        let (context, stop) = (self.context.clone(), self.stop.clone());
        self.parts.spawn(async move {
            every(reconciler, context, period, stop).await;
            name
        });
    }
}

fn pace(config: &WorkerConfig, slots: usize) -> Pace {
    Pace {
        slots,
        lease: Duration::from_secs(config.lease_s),
        poll: Duration::from_millis(config.poll_ms),
        drain: Duration::from_secs(config.drain_s),
    }
}

/// The ways out, checked whole.
pub(crate) fn senders(config: &Config) -> anyhow::Result<Senders> {
    let outbox: &Path = &config.outbox.dir;
    Ok(Senders {
        mail: Mailer::new(&config.mail, &config.brand, outbox)?,
        sms: SmsSender::new(&config.sms, &config.brand, outbox)?,
        webhooks: WebhookSender::new(
            address_rules(config),
            Arc::new(SystemResolver),
            config.webhooks.ca_file.as_deref(),
        )?,
    })
}

fn post(config: &Config) -> anyhow::Result<Post> {
    let letter = &config.letter;
    let electronic: Arc<dyn LetterProvider> = Arc::new(ElectronicLetter);
    Ok(Post {
        provider: match letter.carrier {
            LetterCarrier::Electronic => Arc::clone(&electronic),
            LetterCarrier::Print => Arc::new(PrintExport::new(&letter.print_dir, letter.window)),
        },
        electronic,
        settings: letter.text.clone(),
        calendar: calendar(config)?,
        code_by_sms: letter.code_by_sms,
        keep_proofs_ms: letter.proof_days * DAY_MS,
    })
}
