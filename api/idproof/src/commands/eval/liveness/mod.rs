//! How many attacks pass and how many people are stopped: `DIR/attack/[<type>/]`, `DIR/bona-fide/`.
//!
//! Stills are judged by the passive networks alone. Recordings are judged by every check that asks
//! whether this is one living person filmed now; with a challenge file `<name>.json` beside them,
//! also by what was asked: digits, head, sound. An attack counts as accepted when each of those
//! checks that the policy requires has passed (ISO/IEC 30107-3: APCER by type of attack).

mod gather;
mod judge;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use idproof_domain::{CheckName, CheckStatus};
use idproof_evaluation::labelled::{Item, Kind, Label, LabelledSet};
use idproof_evaluation::plot::{det_curve, percent};
use idproof_evaluation::statistics::Det;
use idproof_evaluation::{Figure, Picture, Report, Section, Table};

use crate::cli::EvalLivenessArgs;
use crate::clock::SystemClock;
use crate::commands::UnusableInput;
use crate::commands::eval::picture::side_by_side;
use crate::commands::eval::{progress, rounded, set_name};
use crate::compose;
use crate::compose::judgement::policy;
use crate::config::Config;
use crate::terminal::say;
use gather::Sample;
use judge::{Answer, CUES, Judge, Seen};

/// Worst cases shown.
const SHOWN: usize = 12;

pub fn run(args: &EvalLivenessArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let (policy, _) = policy(args.policy.as_deref())?;
    let samples = gather::samples(&args.data)?;
    let clock = Arc::new(SystemClock::new());
    let store = compose::store(config)?;
    let analysers = compose::analysers(config, &store, clock.clone());
    // Without them nothing is ever accepted: figures that look perfect and mean nothing.
    let missing = analysers.faces.as_ref().err();
    if let Some(why) = missing.or(analysers.liveness.as_ref().err()) {
        return Err(UnusableInput(format!("liveness cannot be measured: {why}")).into());
    }
    let decoder = compose::decoder(config, clock.clone())?;
    let judge = Judge {
        policy: &policy,
        analysers: &analysers,
        decoder: &decoder,
        clock: &*clock,
    };
    let bar = progress(samples.len() as u64, "samples");
    let mut seen = Vec::with_capacity(samples.len());
    for sample in &samples {
        seen.push(judge.look(sample)?);
        bar.inc(1);
    }
    bar.finish_and_clear();

    let all: Vec<(&Sample, &Seen)> = samples.iter().zip(&seen).collect();
    let report = described(&all, policy.version());
    let report = figures(report, &all);
    let report = report
        .section(Section::Table(by_type(&all)))
        .section(Section::Table(reasons(&all)))
        .section(Section::Table(cues(&all)))
        .section(Section::Table(every(&all)));
    let report = curve(report, &all)?;
    let report = report.section(worst(&all, &judge));
    report
        .write(&args.out)
        .context("the report cannot be written")?;
    scores(&all, &args.data).write(&args.out)?;
    say(format_args!(
        "report: {}",
        args.out.join("report.html").display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The passive networks' score of every sample with its truth, for policies to be held against.
fn scores(all: &All<'_>, data: &Path) -> LabelledSet {
    let item = |(sample, seen): &(&Sample, &Seen)| Item {
        label: if sample.attack.is_some() {
            Label::Attack
        } else {
            Label::BonaFide
        },
        score: seen.score.map(rounded),
        people: None,
        species: sample.attack.clone(),
        group: None,
    };
    let mut set = LabelledSet::new(
        &set_name("liveness", data),
        CheckName::Liveness.as_str(),
        Kind::PresentationAttack,
        all.iter().map(item).collect(),
    );
    set.about = "The passive networks alone; what other checks stop is not in it.".to_owned();
    set
}

type All<'a> = [(&'a Sample, &'a Seen)];

fn described(all: &All<'_>, version: &str) -> Report {
    let attacks = all.iter().filter(|(s, _)| s.attack.is_some()).count();
    Report::new("Liveness: is this a living person, filmed now?")
        .about(format!(
            "{attacks} attacks, {} bona fide; policy {version}.",
            all.len() - attacks
        ))
        .about(
            "Accepted: every required check that applies has passed. What is not accepted is refused \
             or goes to a person; neither lets an attack in.",
        )
        .about("Stills: the passive networks alone. Recordings: every check of a living face.")
}

/// Those of one kind.
fn of<'a>(all: &All<'a>, attack: Option<&str>) -> Vec<&'a Seen> {
    let fits = |s: &Sample| match (attack, &s.attack) {
        (None, None) => true,
        (Some(wanted), Some(kind)) => wanted == kind,
        _ => false,
    };
    all.iter()
        .filter(|(s, _)| fits(s))
        .map(|(_, seen)| *seen)
        .collect()
}

fn types<'a>(all: &All<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = all
        .iter()
        .filter_map(|(s, _)| s.attack.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn count(seen: &[&Seen], answer: Answer) -> u64 {
    seen.iter().filter(|s| s.answer == answer).count() as u64
}

fn figures(mut report: Report, all: &All<'_>) -> Report {
    let attacks: Vec<&Seen> = types(all)
        .into_iter()
        .flat_map(|t| of(all, Some(t)))
        .collect();
    let share = |seen: &[&Seen]| Figure::share(count(seen, Answer::Accepted), seen.len() as u64);
    for name in types(all) {
        report = report.figure(
            format!("apcer_{}", name.replace('-', "_")),
            share(&of(all, Some(name))),
        );
    }
    let worst = types(all)
        .into_iter()
        .map(|t| share(&of(all, Some(t))))
        .max_by(|a, b| a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0)));
    let genuine = of(all, None);
    let stopped = genuine.len() as u64 - count(&genuine, Answer::Accepted);
    report
        .figure("apcer", share(&attacks))
        .figure("apcer_worst_type", worst.unwrap_or(Figure::bare(None, 0)))
        .figure("bpcer", Figure::share(stopped, genuine.len() as u64))
        .figure(
            "bona_fide_refused",
            Figure::share(count(&genuine, Answer::Refused), genuine.len() as u64),
        )
}

fn by_type(all: &All<'_>) -> Table {
    let mut rows = Vec::new();
    let kinds = types(all).into_iter().map(Some).chain([None]);
    for kind in kinds {
        let seen = of(all, kind);
        let n = seen.len() as u64;
        let of_n = |k: u64| format!("{k} ({})", percent(k as f64 / n.max(1) as f64));
        let accepted = count(&seen, Answer::Accepted);
        let wrong = if kind.is_some() {
            accepted
        } else {
            n - accepted
        };
        rows.push(vec![
            kind.unwrap_or("bona fide").to_owned(),
            n.to_string(),
            of_n(accepted),
            of_n(count(&seen, Answer::Person)),
            of_n(count(&seen, Answer::Refused)),
            interval(&Figure::share(wrong, n)),
        ]);
    }
    Table {
        title: "By type of attack".into(),
        head: [
            "type",
            "samples",
            "accepted",
            "to a person",
            "refused",
            "APCER (bona fide: BPCER), 95 %",
        ]
        .map(str::to_owned)
        .into(),
        rows,
    }
}

/// A rate between its bounds.
fn interval(figure: &Figure) -> String {
    match (figure.value, figure.ci95) {
        (Some(value), Some([low, high])) => {
            format!("{} ({} to {})", percent(value), percent(low), percent(high))
        }
        _ => "–".to_owned(),
    }
}

fn reasons(all: &All<'_>) -> Table {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (sample, seen) in all {
        for reason in &seen.reasons {
            let kind = sample.attack.as_deref().unwrap_or("bona fide");
            *counts.entry((kind, reason)).or_default() += 1;
        }
    }
    Table {
        title: "What stopped them".into(),
        head: ["type", "reason", "samples"].map(str::to_owned).into(),
        rows: counts
            .into_iter()
            .map(|((kind, reason), n)| vec![kind.to_owned(), reason.to_owned(), n.to_string()])
            .collect(),
    }
}

/// In how many samples of each type a cue was seen, whether or not it decides.
fn cues(all: &All<'_>) -> Table {
    let kinds = types(all).into_iter().map(Some).chain([None]);
    let rows = kinds.map(|kind| {
        let seen = of(all, kind);
        let ended = |name: CheckName| {
            let of_one = |s: &&Seen| s.cues.iter().find(|c| c.0 == name).map(|c| c.1);
            let all: Vec<CheckStatus> = seen.iter().filter_map(of_one).collect();
            let measured = all.iter().filter(|s| **s != CheckStatus::Unavailable);
            let against = all
                .iter()
                .filter(|s| matches!(s, CheckStatus::Borderline | CheckStatus::Failed));
            format!("{} of {}", against.count(), measured.count())
        };
        let kind = kind.unwrap_or("bona fide").to_owned();
        std::iter::once(kind).chain(CUES.map(ended)).collect()
    });
    Table {
        title: "Cues that speak against a living face, of those measured".into(),
        head: std::iter::once("type".to_owned())
            .chain(CUES.map(|c| c.to_string()))
            .collect(),
        rows: rows.collect(),
    }
}

fn every(all: &All<'_>) -> Table {
    Table {
        title: "Every sample".into(),
        head: ["sample", "type", "live score", "answer", "checks"]
            .map(str::to_owned)
            .into(),
        rows: all
            .iter()
            .map(|(sample, seen)| {
                vec![
                    sample.name.clone(),
                    sample.attack.clone().unwrap_or_else(|| "bona fide".into()),
                    seen.score.map_or_else(|| "–".into(), |s| format!("{s:.3}")),
                    seen.answer.as_str().to_owned(),
                    seen.details.join(" "),
                ]
            })
            .collect(),
    }
}

/// The passive networks' score alone, over every threshold.
fn curve(report: Report, all: &All<'_>) -> anyhow::Result<Report> {
    let scores = |genuine: bool| -> Vec<f64> {
        all.iter()
            .filter(|(s, _)| s.attack.is_none() == genuine)
            .filter_map(|(_, seen)| seen.score)
            .collect()
    };
    let Some(det) = Det::new(&scores(true), &scores(false)) else {
        return Ok(report);
    };
    let rates = [0.01, 0.05, 0.1, 0.2];
    let svg = det_curve(("APCER", "BPCER"), &[("passive networks", &det)], None)?;
    Ok(report
        .figure(
            "passive_eer",
            Figure::bare(Some(det.eer()), all.len() as u64),
        )
        .section(Section::Plot {
            title: "The passive networks alone".into(),
            svg,
            table: Table {
                title: "BPCER at APCER".into(),
                head: rates.iter().map(|r| percent(*r)).collect(),
                rows: vec![
                    rates
                        .iter()
                        .map(|r| format!("{:.4}", det.at_fmr(*r).fnmr))
                        .collect(),
                ],
            },
        }))
}

/// Accepted attacks and stopped people, the surest mistakes first.
fn worst(all: &All<'_>, judge: &Judge<'_>) -> Section {
    let wrong =
        |(s, seen): &&(&Sample, &Seen)| s.attack.is_some() == (seen.answer == Answer::Accepted);
    let mut mistakes: Vec<&(&Sample, &Seen)> = all.iter().filter(wrong).collect();
    let sure = |(s, seen): &(&Sample, &Seen)| {
        let score = seen.score.unwrap_or(0.5);
        if s.attack.is_some() { -score } else { score }
    };
    mistakes.sort_by(|a, b| sure(a).total_cmp(&sure(b)));
    Section::Pictures {
        title: "Attacks that were accepted and people who were not".into(),
        items: mistakes
            .into_iter()
            .take(SHOWN)
            .filter_map(|(sample, seen)| {
                Some(Picture {
                    caption: format!(
                        "{} ({}): {}; {}",
                        sample.name,
                        sample.attack.as_deref().unwrap_or("bona fide"),
                        seen.answer.as_str(),
                        seen.reasons.join(", ")
                    ),
                    media_type: "image/jpeg",
                    bytes: side_by_side(&judge.pictures(sample))?,
                })
            })
            .collect(),
    }
}
