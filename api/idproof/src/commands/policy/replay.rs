//! What if: the same as the console's, for those who keep policies in git.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use idproof_database::{CaseScores, Database, Fold, ScoresFilter};
use idproof_domain::Policy;
use idproof_domain::catalogue::band_at;
use idproof_domain::ids::OrganisationId;
use idproof_domain::replay::Replay;
use idproof_domain::scores::Opened;
use idproof_evaluation::claim::{self, Support, Verdict};
use idproof_evaluation::labelled::LabelledSet;
use idproof_evaluation::operating::{self, Measured, Thresholds};
use indicatif::ProgressBar;

use super::{read, stored, table};
use crate::cli::PolicyReplayArgs;
use crate::clock::SystemClock;
use crate::commands::UnusableInput;
use crate::compose::judgement::policy;
use crate::compose::labelled::check_of;
use crate::config::Config;
use idproof_ports::{Clock, Stopwatch};

/// Cases that are named.
const NAMED: usize = 500;

/// What a proposed policy would do.
pub struct Outcome {
    pub before: Policy,
    pub after: Policy,
    pub replay: Replay,
    pub unreadable: u32,
    pub seconds: f64,
    pub labelled: Vec<Measured>,
    pub claims: Vec<Claim>,
}

/// A rate that the labelled scores are to carry.
pub struct Claim {
    pub set: String,
    pub rate: String,
    pub at_most: f64,
    pub support: Support,
}

pub fn run(args: &PolicyReplayArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let after = read(&args.policy)?;
    let against = args.against.as_deref().map(read).transpose()?;
    let clock = SystemClock::new();
    let watch = Stopwatch::start(&clock);
    let (before, replay, unreadable) = match &args.scores {
        Some(file) => {
            let before = match against {
                Some(policy) => policy,
                None => policy(config.decide.policy.as_deref())?.0,
            };
            let replay = of_file(file, &before, &after)?;
            (before, replay, 0)
        }
        None => crate::commands::runtime()?.block_on(of_database(args, config, against, &after))?,
    };
    let seconds = watch.elapsed().as_secs_f64();
    let (labelled, claims) = labelled(args, &before, &after)?;
    let outcome = Outcome {
        before,
        after,
        replay,
        unreadable,
        seconds,
        labelled,
        claims,
    };
    if args.json {
        table::json(&outcome);
    } else {
        table::print(&outcome);
    }
    let carried = |c: &Claim| c.support.verdict == Verdict::Supported;
    Ok(if outcome.claims.iter().all(carried) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn of_file(file: &Path, before: &Policy, after: &Policy) -> anyhow::Result<Replay> {
    let bar = crate::commands::eval::counter("cases");
    let mut replay = Replay::new(NAMED);
    stored::each(file, |r| {
        replay.add(&r.case, r.at, &r.scores, &r.under, before, after);
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    Ok(replay)
}

struct Part {
    replay: Replay,
    unreadable: u32,
}

impl Part {
    fn empty() -> Self {
        Self {
            replay: Replay::new(NAMED),
            unreadable: 0,
        }
    }
}

async fn in_force(
    database: &Database,
    organisation: Option<&OrganisationId>,
    config: &Config,
) -> anyhow::Result<Policy> {
    let now = SystemClock::new().now_ms();
    let found = database.policies_in_force(organisation, now).await?;
    let Some(version) = found.active else {
        return Ok(policy(config.decide.policy.as_deref())?.0);
    };
    let text = database.policy_text(&version.id).await?;
    let text = text.context("the policy in force has no text")?;
    Policy::parse(&text).with_context(|| format!("the policy in force, {}", version.name))
}

async fn of_database(
    args: &PolicyReplayArgs,
    config: &Config,
    against: Option<Policy>,
    after: &Policy,
) -> anyhow::Result<(Policy, Replay, u32)> {
    let organisation: Option<OrganisationId> = args
        .organisation
        .as_deref()
        .map(|o| {
            o.parse()
                .map_err(|e| UnusableInput(format!("--organisation: {e}")))
        })
        .transpose()?;
    let database = stored::open(config).await?;
    let before = match against {
        Some(policy) => policy,
        None => in_force(&database, organisation.as_ref(), config).await?,
    };
    let bar: ProgressBar = crate::commands::eval::counter("cases");
    let shown = bar.clone();
    let (old, new) = (before.clone(), after.clone());
    let filter = ScoresFilter {
        organisation,
        limit: i64::from(args.cases),
        ..ScoresFilter::default()
    };
    let fold = Fold {
        empty: Part::empty,
        step: Arc::new(
            move |part: &mut Part, row: &CaseScores, scores: Option<&Opened>| {
                let Some(scores) = scores else {
                    part.unreadable += 1;
                    return;
                };
                let under = row.circumstances();
                part.replay
                    .add(row.case.as_str(), row.at, scores, &under, &old, &new);
            },
        ),
        join: |all, part| {
            all.replay.join(part.replay);
            all.unreadable += part.unreadable;
        },
        progress: Some(Box::new(move |done| shown.set_position(done))),
    };
    let part = database.fold_scores(filter, fold).await?;
    bar.finish_and_clear();
    Ok((before, part.replay, part.unreadable))
}

/// Every labelled set at the thresholds of both policies, and the claims held against them.
fn labelled(
    args: &PolicyReplayArgs,
    before: &Policy,
    after: &Policy,
) -> anyhow::Result<(Vec<Measured>, Vec<Claim>)> {
    let (mut sets, mut claims) = (Vec::new(), Vec::new());
    for file in &args.labelled {
        let wrong = |what: String| UnusableInput(format!("{}: {what}", file.display()));
        let content = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
        let set = LabelledSet::parse(&content).map_err(|e| wrong(e.to_string()))?;
        let check = check_of(&set).map_err(wrong)?;
        let limits = |policy: &Policy| -> Result<Thresholds, UnusableInput> {
            let none = || wrong(format!("{check} has no threshold that accepts a score"));
            let band = band_at(check, set.threshold.as_deref(), policy).ok_or_else(none)?;
            Ok(Thresholds {
                accept: band.accept,
                refuse: band.refuse.map(|(_, value)| value),
                higher_is_better: band.higher_is_better,
            })
        };
        let measured = operating::measure(&set, &limits(before)?, &limits(after)?);
        let point = &measured.after;
        for (rate, at_most) in &args.claim {
            let rates = [&point.false_accept, &point.false_reject];
            let found = rates.into_iter().find(|r| r.name == rate);
            claims.extend(found.map(|found| Claim {
                set: measured.name.clone(),
                rate: rate.clone(),
                at_most: *at_most,
                support: claim::support(found, *at_most),
            }));
        }
        sets.push(measured);
    }
    for (rate, _) in &args.claim {
        if !claims.iter().any(|c: &Claim| c.rate == *rate) {
            let what = format!("--claim {rate}: no labelled set measures this rate");
            return Err(UnusableInput(what).into());
        }
    }
    Ok((sets, claims))
}
