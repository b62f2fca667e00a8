//! How well faces are told apart: `DIR/<identity>/*.jpg`, every photograph against every other.

mod degrade;
mod figures;
mod fit;
mod gather;
mod pairs;
mod scores;
mod worst;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use idproof_domain::Policy;
use idproof_domain::face::{Calibration, Pair};
use idproof_evaluation::plot::{det_curve, percent};
use idproof_evaluation::statistics::Det;
use idproof_evaluation::{Report, Section, Table};

use crate::cli::{Degrade, EvalFacesArgs};
use crate::clock::SystemClock;
use crate::commands::UnusableInput;
use crate::compose;
use crate::compose::judgement::policy;
use crate::config::Config;
use crate::terminal::{note, say};
pub use gather::is_picture;
use gather::{Album, Photo};
use pairs::Pairs;

pub fn run(args: &EvalFacesArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let (policy, _) = policy(args.policy.as_deref())?;
    let photos = gather::photos(&args.data)?;
    let clock = Arc::new(SystemClock::new());
    let store = compose::store(config)?;
    let faces = compose::analysers(config, &store, clock.clone()).faces;
    let tools = faces.map_err(|why| UnusableInput(format!("faces cannot be compared: {why}")))?;
    let decoder = compose::decoder(config, clock)?;
    let degraded = args.degrade == Some(Degrade::Portrait);
    let album = gather::enrol(photos, &decoder, &tools, degraded)?;

    let mut report = Report::new("Faces: are two pictures of one person?");
    report = about(report, &album, args);
    report = report.figure(
        "failure_to_enrol",
        album.failure_to_enrol(|p| p.template.is_some()),
    );
    let groups = scores::Groups::read(&args.data)?;
    let mut curves = Vec::new();
    let plain = judged(&album, Pair::Photographs, &policy, args)?;
    report = figures::add(report, "", &plain.pairs);
    curves.extend(plain.det().map(|d| ("photographs", d)));
    report = plain.describe(report);
    let mut scored = scores::of(&album, &plain.pairs, Pair::Photographs, &groups, &args.data);
    if degraded {
        let share = album.failure_to_enrol(|p| p.portrait.is_some());
        report = report.figure("portrait_failure_to_enrol", share);
        let portrait = judged(&album, Pair::Portrait, &policy, args)?;
        report = figures::add(report, "portrait_", &portrait.pairs);
        curves.extend(portrait.det().map(|d| ("printed portraits", d)));
        report = portrait.describe(report);
        scored = scores::of(&album, &portrait.pairs, Pair::Portrait, &groups, &args.data);
    }
    let series: Vec<(&str, &Det)> = curves.iter().map(|(n, d)| (*n, d)).collect();
    let svg = det_curve(
        ("false match rate", "false non-match rate"),
        &series,
        Some(1e-4),
    )?;
    report = report.section(Section::Plot {
        title: "Detection error trade-off".into(),
        svg,
        table: points(&series),
    });
    for section in worst::sections(&plain.pairs, &album, &decoder) {
        report = report.section(section);
    }
    report
        .write(&args.out)
        .context("the report cannot be written")?;
    scored.write(&args.out)?;
    say(format_args!(
        "report: {}",
        args.out.join("report.html").display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn about(report: Report, album: &Album, args: &EvalFacesArgs) -> Report {
    let mut report = report
        .about(format!(
            "{} photographs of {} people; {} could not be enrolled.",
            album.photos.len(),
            album.people,
            album.photos.iter().filter(|p| p.template.is_none()).count()
        ))
        .about(format!("Networks: {}.", album.models.join(", ")))
        .about(
            "Every pair of photographs is compared. Intervals resample people, not pairs (400 \
             times): pairs of one person are not independent.",
        );
    if args.fit.is_some() {
        report = report.about(
            "The calibration was fitted on half of the people; every figure here is of the others.",
        );
    }
    report
}

/// The curves in numbers.
fn points(series: &[(&str, &Det)]) -> Table {
    let rates = [1e-1, 1e-2, 1e-3, 1e-4];
    Table {
        title: "False non-match rate at false match rates".into(),
        head: std::iter::once("pairs".to_owned())
            .chain(rates.iter().map(|r| percent(*r)))
            .collect(),
        rows: series
            .iter()
            .map(|(name, det)| {
                let cells = rates.iter().map(|r| format!("{:.4}", det.at_fmr(*r).fnmr));
                std::iter::once((*name).to_owned()).chain(cells).collect()
            })
            .collect(),
    }
}

/// One kind of pair, scored by its calibration.
struct Judged {
    calibration: Calibration,
    pairs: Pairs,
}

impl Judged {
    fn det(&self) -> Option<Det> {
        let ratios = |pairs: &[pairs::Scored]| pairs.iter().map(|p| p.ratio).collect::<Vec<_>>();
        Det::new(&ratios(&self.pairs.genuine), &ratios(&self.pairs.impostor))
    }

    fn describe(&self, report: Report) -> Report {
        let points = self.calibration.operating_points;
        let at = |ratio: f64| {
            let share = |pairs: &[pairs::Scored]| {
                pairs.iter().filter(|p| p.ratio >= ratio).count() as f64 / pairs.len().max(1) as f64
            };
            (share(&self.pairs.impostor), share(&self.pairs.genuine))
        };
        let row = |name: &str, ratio: f64| {
            let (false_match, true_accept) = at(ratio);
            vec![
                name.to_owned(),
                format!("{ratio:.2}"),
                format!("{false_match:.6}"),
                format!("{true_accept:.4}"),
            ]
        };
        report.section(Section::Table(Table {
            title: format!(
                "The policy's operating points, {} ({})",
                self.calibration.pair.as_str(),
                self.calibration.name()
            ),
            head: [
                "meant for FMR",
                "log likelihood ratio",
                "FMR here",
                "TAR here",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows: vec![
                row("1e-3", points.fmr_1e3),
                row("1e-4", points.fmr_1e4),
                row("1e-5", points.fmr_1e5),
            ],
        }))
    }
}

/// Compares and scores by the policy's calibration, or by one fitted here on half of the people.
fn judged(
    album: &Album,
    pair: Pair,
    policy: &Policy,
    args: &EvalFacesArgs,
) -> anyhow::Result<Judged> {
    let compared = pairs::compare(album, pair);
    let Some(first) = compared.first() else {
        let what = "there are no two photographs with a face; give DIR/<identity>/*.jpg";
        return Err(UnusableInput(what.into()).into());
    };
    let Some(out) = &args.fit else {
        let calibration = policy
            .calibrations()
            .of(pair, &first.comparison)
            .cloned()
            .with_context(|| {
                format!(
                    "the policy has no calibration of {} for these networks",
                    pair.as_str()
                )
            })?;
        let pairs = Pairs::score(&compared, &calibration, |_| true);
        return Ok(Judged { calibration, pairs });
    };
    let mut calibrations = fit::all(&compared, album, pair)?;
    fit::append(out, &calibrations)?;
    note(format_args!(
        "calibrations of {} appended to {}",
        pair.as_str(),
        out.display()
    ));
    // The first is that of every embedder together.
    let calibration = calibrations.swap_remove(0);
    let pairs = Pairs::score(&compared, &calibration, |person| {
        !album.is_for_fitting(person)
    });
    Ok(Judged { calibration, pairs })
}

/// The photograph at a place in the album.
fn photo(album: &Album, index: usize) -> &Photo {
    &album.photos[index]
}
