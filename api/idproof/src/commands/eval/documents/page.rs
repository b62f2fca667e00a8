//! Figures and page.

use std::io::Cursor;

use idproof_domain::ReasonCode;
use idproof_evaluation::{Figure, Picture, Report, Section, Table};
use idproof_ports::RgbImage;
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, imageops};

use super::material::{self, About};
use super::measure::{Measures, Outcome, Row, distance};
use crate::cli::EvalDocumentsArgs;

/// The longer side of a picture on the page.
const SIDE: u32 = 900;

fn figures(rows: &[Row]) -> Vec<(&'static str, Figure)> {
    let of = |wanted: fn(&Row) -> Option<bool>| {
        let all: Vec<bool> = rows.iter().filter_map(wanted).collect();
        Figure::share(all.iter().filter(|b| **b).count() as u64, all.len() as u64)
    };
    let seconds: Vec<f64> = rows
        .iter()
        .filter(|r| !matches!(r.outcome, Outcome::Failed(_)))
        .map(|r| r.seconds)
        .collect();
    let mean = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64;
    vec![
        (
            "mrz_found",
            of(|r| match &r.outcome {
                Outcome::Document { zone, .. } => Some(zone.is_some()),
                _ => None,
            }),
        ),
        (
            "mrz_valid",
            of(|r| match &r.outcome {
                Outcome::Document { .. } => Some(r.outcome.is_valid()),
                _ => None,
            }),
        ),
        (
            "mrz_exact",
            of(|r| match &r.outcome {
                Outcome::Document { .. } => r.outcome.is_exact(),
                _ => None,
            }),
        ),
        (
            "mrz_exact_gated",
            of(|r| {
                r.outcome
                    .is_exact()
                    .filter(|_| r.outcome.passes_gate() == Some(true))
            }),
        ),
        (
            "gate_false_rejection",
            of(|r| {
                r.outcome
                    .passes_gate()
                    .filter(|_| is(r, About::Legible))
                    .map(|b| !b)
            }),
        ),
        (
            "gate_stops_hard",
            of(|r| {
                r.outcome
                    .passes_gate()
                    .filter(|_| is(r, About::Hard))
                    .map(|b| !b)
            }),
        ),
        (
            "screen_apcer",
            of(|r| suspected(r, About::Screen, ReasonCode::ScreenSuspected).map(|b| !b)),
        ),
        (
            "screen_bpcer",
            of(|r| suspected(r, About::Legible, ReasonCode::ScreenSuspected)),
        ),
        (
            "copy_apcer",
            of(|r| suspected(r, About::Copy, ReasonCode::CopySuspected).map(|b| !b)),
        ),
        (
            "copy_bpcer",
            of(|r| suspected(r, About::Legible, ReasonCode::CopySuspected)),
        ),
        (
            "edit_portrait_apcer",
            of(|r| suspected(r, About::EditedPortrait, ReasonCode::EditInPortrait).map(|b| !b)),
        ),
        (
            "edit_portrait_bpcer",
            of(|r| suspected(r, About::Legible, ReasonCode::EditInPortrait)),
        ),
        (
            "edit_field_apcer",
            of(|r| suspected(r, About::EditedField, ReasonCode::EditInField).map(|b| !b)),
        ),
        (
            "edit_field_bpcer",
            of(|r| suspected(r, About::Legible, ReasonCode::EditInField)),
        ),
        (
            "line_exact",
            of(|r| match &r.outcome {
                Outcome::Line { .. } => r.outcome.is_exact(),
                _ => None,
            }),
        ),
        ("character_error_rate", characters(rows)),
        (
            "portrait_found",
            of(|r| match &r.outcome {
                Outcome::Document { portrait, .. } => *portrait,
                _ => None,
            }),
        ),
        (
            "seconds_per_image",
            Figure::bare((!seconds.is_empty()).then_some(mean), seconds.len() as u64),
        ),
        (
            "undecodable",
            Figure::share(rows.len() as u64 - seconds.len() as u64, rows.len() as u64),
        ),
    ]
}

fn is(row: &Row, about: About) -> bool {
    row.about() == Some(about)
}

/// Whether a picture of that kind is suspected for the reason.
fn suspected(row: &Row, about: About, reason: ReasonCode) -> Option<bool> {
    let suspected = row.outcome.is_suspected(reason);
    suspected.filter(|_| is(row, about))
}

/// Wrong, missing and surplus characters over those that stand there.
fn characters(rows: &[Row]) -> Figure {
    let (mut wrong, mut all) = (0, 0);
    for row in rows {
        let (read, truth) = match &row.outcome {
            Outcome::Line { read, truth } => (read.clone(), truth.clone()),
            Outcome::Document {
                zone,
                truth: Some(truth),
                ..
            } => {
                let read = zone.as_ref().map(|z| z.lines.concat());
                (read.unwrap_or_default(), truth.lines.concat())
            }
            _ => continue,
        };
        wrong += distance(&read, &truth);
        all += truth.chars().count();
    }
    Figure::bare((all > 0).then(|| wrong as f64 / all as f64), all as u64)
}

pub fn summary(measures: &Measures<'_>) -> Vec<String> {
    let all = figures(&measures.rows).into_iter();
    all.map(|(name, f)| (name.to_owned(), f))
        .chain(edits(&measures.rows))
        .filter_map(|(name, f)| Some(format!("{name:22} {:.4}  (n = {})", f.value?, f.n)))
        .collect()
}

/// Edits that are not suspected, by type.
fn edits(rows: &[Row]) -> Vec<(String, Figure)> {
    let mut types: Vec<&str> = rows.iter().filter_map(Row::edit).collect();
    types.sort_unstable();
    types.dedup();
    let figure = |edit: &str| {
        let of_type = rows.iter().filter(|r| r.edit() == Some(edit));
        let missed: Vec<bool> = of_type
            .filter_map(|r| {
                let reason = match r.about()? {
                    About::EditedPortrait => ReasonCode::EditInPortrait,
                    _ => ReasonCode::EditInField,
                };
                Some(!r.outcome.is_suspected(reason)?)
            })
            .collect();
        let all = missed.len() as u64;
        Figure::share(missed.iter().filter(|m| **m).count() as u64, all)
    };
    let named = |t: &&str| (format!("edit_{}_apcer", t.replace('-', "_")), figure(t));
    types.iter().map(named).collect()
}

pub fn report(
    args: &EvalDocumentsArgs,
    material: &[material::Picture],
    measures: &Measures<'_>,
) -> Report {
    let which = if args.kept_out {
        "only the tenth of files that trainings leave out, by the sha256 of the name"
    } else {
        "all files"
    };
    let mut report = Report::new("Documents")
        .about(format!("Data: {}, {} pictures, {which}.", args.data.display(), material.len()))
        .about("mrz_valid: a zone was found and every check digit in it is right. mrz_exact: every \
                character as in truth.tsv. line_exact: single lines read as in their .gt.txt, with \
                the help of the check digits that lie within them. portrait_found: a face as sure as the shipped policy wants it.".to_owned())
        .about("mrz_exact_gated: mrz_exact among the pictures that the quality gate of the shipped policy lets through. \
                gate_false_rejection, gate_stops_hard: pictures it turns away, among those that truth.tsv calls legible \
                and hard. screen_apcer, copy_apcer, edit_*_apcer: attacks that are not suspected (ISO/IEC 30107-3); screen_bpcer, \
                copy_bpcer, edit_*_bpcer: legible originals that are.".to_owned());
    for (name, figure) in figures(&measures.rows) {
        report = report.figure(name, figure);
    }
    for (name, figure) in edits(&measures.rows) {
        report = report.figure(&name, figure);
    }
    report
        .section(failures(&measures.rows))
        .section(table(&measures.rows))
}

fn table(rows: &[Row]) -> Section {
    Section::Table(Table {
        title: "Every picture".into(),
        head: [
            "File",
            "Zone",
            "Check digits right",
            "Characters corrected",
            "As written down",
            "Portrait",
            "Quality",
            "Measures",
            "Seconds",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.iter().map(cells).collect(),
    })
}

fn cells(row: &Row) -> Vec<String> {
    let yes = |b: Option<bool>| match b {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "–".to_owned(),
    };
    let (zone, checks, corrected, portrait) = match &row.outcome {
        Outcome::Failed(why) => (why.clone(), String::new(), String::new(), None),
        Outcome::Line { .. } => ("one line".into(), String::new(), String::new(), None),
        Outcome::Document { zone, portrait, .. } => match zone {
            None => ("none found".into(), String::new(), String::new(), *portrait),
            Some(z) => (
                z.mrz.format.name().to_owned(),
                format!(
                    "{} of {}",
                    z.mrz.checks.len() - z.mrz.wrong_checks(),
                    z.mrz.checks.len()
                ),
                (z.changed + z.fillers).to_string(),
                *portrait,
            ),
        },
    };
    let (quality, measures) = gate(&row.outcome);
    vec![
        row.name.clone(),
        zone,
        checks,
        corrected,
        yes(row.outcome.is_exact()),
        yes(portrait),
        quality,
        measures,
        format!("{:.3}", row.seconds),
    ]
}

fn or_unknown(score: Option<f64>) -> String {
    score.map_or("?".to_owned(), |s| format!("{s:.2}"))
}

/// What the gate and doubt say, and the measures behind it.
fn gate(outcome: &Outcome) -> (String, String) {
    let Outcome::Document {
        gate,
        suspected,
        surface: s,
        doubt,
        ..
    } = outcome
    else {
        return (String::new(), String::new());
    };
    let reasons: Vec<&str> = gate.iter().chain(suspected).map(|r| r.as_str()).collect();
    let measures = format!(
        "{} px/mm, blur {:.2}, glare {:.3}, light {:.0} to {:.0}, covered {:.2}, screen {:.2}, copy {:.2}, edit in portrait {}, in a field {}",
        s.resolution.map_or("?".to_owned(), |r| format!("{r:.1}")),
        s.blur,
        s.glare,
        s.dark_end,
        s.light_end,
        s.covered,
        doubt.screen,
        doubt.copy,
        or_unknown(doubt.portrait),
        or_unknown(doubt.field)
    );
    (reasons.join(", "), measures)
}

fn failures(rows: &[Row]) -> Section {
    let items = rows
        .iter()
        .filter_map(|row| {
            let image = row.picture.as_ref()?;
            Some(Picture {
                caption: caption(row),
                media_type: "image/jpeg",
                bytes: jpeg(image)?,
            })
        })
        .collect();
    Section::Pictures {
        title: "Pictures that were missed".into(),
        items,
    }
}

fn caption(row: &Row) -> String {
    let said = match &row.outcome {
        Outcome::Failed(why) => why.clone(),
        Outcome::Line { read, truth } => format!("read {read}\nis   {truth}"),
        Outcome::Document { zone: None, .. } => "no zone found".into(),
        Outcome::Document {
            zone: Some(z),
            truth,
            ..
        } => {
            let wrong: Vec<&str> = z
                .mrz
                .checks
                .iter()
                .filter(|c| !c.ok)
                .map(|c| c.name.name())
                .collect();
            let wrong = match wrong.is_empty() {
                true => String::new(),
                false => format!("wrong check digits: {}\n", wrong.join(", ")),
            };
            let truth = truth
                .as_ref()
                .map_or(String::new(), |t| format!("\nis\n{}", t.lines.join("\n")));
            format!("{wrong}read\n{}{truth}", z.lines.join("\n"))
        }
    };
    format!("{}\n{said}", row.name)
}

/// Encoded for the page; this program decodes no file itself.
fn jpeg(picture: &RgbImage) -> Option<Vec<u8>> {
    let whole =
        image::RgbImage::from_raw(picture.width(), picture.height(), picture.data().to_vec())?;
    let longer = whole.width().max(whole.height()).max(1);
    let scale = f64::from(SIDE.min(longer)) / f64::from(longer);
    let side = |v: u32| ((f64::from(v) * scale) as u32).max(1);
    let small = imageops::thumbnail(&whole, side(whole.width()), side(whole.height()));
    let mut out = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut out, 80)
        .write_image(
            &small,
            small.width(),
            small.height(),
            ExtendedColorType::Rgb8,
        )
        .ok()?;
    Some(out.into_inner())
}
