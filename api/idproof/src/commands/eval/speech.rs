//! `idproof eval speech`: how well digits are heard, and how well asked digits are told from others.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use idproof_domain::evidence::Speech;
use idproof_domain::{CheckName, CheckStatus, Language, Measured, Thresholds, spoken_digits};
use idproof_evaluation::labelled::{Item, Kind, Label, LabelledSet};
use idproof_evaluation::statistics::Det;
use idproof_evaluation::{Figure, Report, Section, Sound, Table, plot};
use idproof_ports::{Clock, MediaDecoder, SpeechFindings, Stopwatch};
use idproof_speech::{Weighed, WhisperDigits};
use idproof_worker::summarise;
use indicatif::{ProgressBar, ProgressStyle};

use super::digits::{Alignment, align, altered, text_of};
use super::truth::{self, Row};
use super::{rounded, set_name};
use crate::cli::EvalSpeechArgs;
use crate::clock::SystemClock;
use crate::compose::{self, judgement::policy};
use crate::config::Config;
use crate::terminal::{note, say};

/// Clips to be heard on the page.
const WORST: usize = 12;

/// One clip, heard and judged.
struct Outcome {
    file: String,
    said: Vec<u8>,
    heard: Vec<u8>,
    status: CheckStatus,
    /// Log ratio of what was said.
    ratio: f64,
    /// Log ratio and status of every altered answer.
    altered: Vec<(f64, CheckStatus)>,
    seconds: f64,
    samples: Vec<f32>,
}

pub fn run(args: &EvalSpeechArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(SystemClock::new());
    let (policy, policy_report) = policy(args.policy.as_deref())?;
    let rows = truth::read(&args.data)?;
    let store = compose::store(config)?;
    let name = &config.models.speech;
    let mut ears = compose::recogniser(&store, name, clock.clone())
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("the speech model {name} cannot be used"))?;
    let decoder = compose::decoder(config, clock.clone())?;
    let mut listener = Listener {
        ears: &mut ears,
        decoder: &decoder,
        clock: &*clock,
        thresholds: policy.thresholds(),
        language: args.language,
    };
    let (outcomes, unusable) = listener.all(&args.data, &rows);
    let about = vec![
        format!(
            "{} clips of {}, spoken in {}.",
            rows.len(),
            args.data.display(),
            args.language.code()
        ),
        format!(
            "Model {name}; policy {}: accepted from a log ratio of {}, refused below {}.",
            policy_report.version,
            policy.thresholds().speech_accept,
            policy.thresholds().speech_refuse
        ),
    ];
    let report = report(about, &outcomes, &unusable)?;
    report.write(&args.out)?;
    scores(&outcomes, &args.data).write(&args.out)?;
    for (name, figure) in report.figures() {
        let value = figure.value.map_or("–".to_owned(), |v| format!("{v:.4}"));
        say(format_args!("{name:18} {value:>8}  n = {}", figure.n));
    }
    let page = args.out.join("report.html");
    say(format_args!("Report: {}", page.display()));
    Ok(ExitCode::SUCCESS)
}

/// The log ratio of what was said and of every altered answer, for policies to be held against. Items of
/// one clip are not independent: they share its number.
fn scores(outcomes: &[Outcome], data: &Path) -> LabelledSet {
    let item = |clip: usize, ratio: f64, label| {
        let clip = u32::try_from(clip).unwrap_or(u32::MAX);
        Item {
            label,
            score: Some(rounded(ratio)),
            people: Some([clip, clip]),
            species: None,
            group: None,
        }
    };
    let mut items = Vec::new();
    for (clip, outcome) in outcomes.iter().enumerate() {
        items.push(item(clip, outcome.ratio, Label::Genuine));
        let wrong = outcome.altered.iter();
        items.extend(wrong.map(|(ratio, _)| item(clip, *ratio, Label::Impostor)));
    }
    let check = CheckName::SpokenDigits;
    let mut set = LabelledSet::new(
        &set_name("speech", data),
        check.as_str(),
        Kind::Comparison,
        items,
    );
    set.about = "The log ratio alone; the check also asks that each digit was heard.".to_owned();
    set
}

struct Listener<'a> {
    ears: &'a mut WhisperDigits,
    decoder: &'a dyn MediaDecoder,
    clock: &'a dyn Clock,
    thresholds: &'a Thresholds,
    language: Language,
}

impl Listener<'_> {
    /// Every clip; with what could not be used, and why.
    fn all(&mut self, data: &Path, rows: &[Row]) -> (Vec<Outcome>, Vec<(String, String)>) {
        let bar = ProgressBar::new(rows.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} clips, {eta} left") {
            bar.set_style(style);
        }
        let (mut outcomes, mut unusable) = (Vec::new(), Vec::new());
        for row in rows {
            match self.one(&data.join(&row.file), row) {
                Ok(outcome) => outcomes.push(outcome),
                Err(why) => {
                    note(format_args!("{}: {why}", row.file));
                    unusable.push((row.file.clone(), why));
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        (outcomes, unusable)
    }

    fn one(&mut self, path: &Path, row: &Row) -> Result<Outcome, String> {
        let samples = self
            .decoder
            .decode_sound(&path.into())
            .map_err(|e| e.to_string())?;
        let watch = Stopwatch::start(self.clock);
        let heard = self.weigh(&samples, &[&row.digits])?;
        let seconds = watch.elapsed().as_secs_f64();
        let others = altered(&row.digits);
        let answers: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
        let others = self.weigh(&samples, &answers)?;
        let altered = answers
            .iter()
            .enumerate()
            .map(|(n, answer)| self.judged(&others, n, answer))
            .collect();
        let (ratio, status) = self.judged(&heard, 0, &row.digits);
        Ok(Outcome {
            file: row.file.clone(),
            said: row.digits.clone(),
            heard: heard.heard.iter().map(|h| h.digit).collect(),
            status,
            ratio,
            altered,
            seconds,
            samples,
        })
    }

    fn weigh(&mut self, samples: &[f32], answers: &[&[u8]]) -> Result<Weighed, String> {
        self.ears
            .weigh(samples, self.language, answers)
            .map_err(|e| e.to_string())
    }

    /// The answer's log ratio (-99 where nobody spoke) and what the policy makes of it.
    fn judged(&self, weighed: &Weighed, answer: usize, asked: &[u8]) -> (f64, CheckStatus) {
        let ratio = weighed.ratios.as_ref().and_then(|r| r.get(answer).copied());
        let findings = SpeechFindings {
            voiced: weighed.voiced,
            heard: weighed.heard.clone(),
            expected_log_ratio: ratio,
            clipped: weighed.clipped,
        };
        let speech: Measured<Speech> = Measured::Value(summarise(&findings, asked));
        let status = spoken_digits(&speech, self.thresholds).status;
        (ratio.map_or(-99.0, f64::from), status)
    }
}

fn report(
    about: Vec<String>,
    outcomes: &[Outcome],
    unusable: &[(String, String)],
) -> anyhow::Result<Report> {
    let mut report = Report::new("Spoken digits");
    for line in about {
        report = report.about(line);
    }
    report = report
        .about("string_accuracy: the likeliest text is exactly what was said. digit_accuracy: digits heard right over digits said, after the best alignment.")
        .about("As verification, with what was said as the digits asked for: false_reject is refused, abstained goes to a person, not_accepted is both. false_accept: accepted although the digits asked for differ from what was said in one digit, by one left out, or by two swapped.")
        .about("Files that cannot be used count as not recognised and as abstained.");
    let lost = unusable.len() as u64;
    let n = outcomes.len() as u64 + lost;
    let count = |of: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|o| of(o)).count() as u64;
    let alignments: Vec<Alignment> = outcomes.iter().map(|o| align(&o.said, &o.heard)).collect();
    let right: u64 = alignments.iter().map(Alignment::right).sum();
    let said: u64 = outcomes.iter().map(|o| o.said.len() as u64).sum();
    let wrong: Vec<&(f64, CheckStatus)> = outcomes.iter().flat_map(|o| &o.altered).collect();
    let passed_wrong = wrong
        .iter()
        .filter(|(_, s)| *s == CheckStatus::Passed)
        .count() as u64;
    let refused = count(&|o| o.status == CheckStatus::Failed);
    let accepted = count(&|o| o.status == CheckStatus::Passed);
    let seconds: f64 = outcomes.iter().map(|o| o.seconds).sum();
    let mean = (!outcomes.is_empty()).then(|| seconds / outcomes.len() as f64);
    report = report
        .figure(
            "string_accuracy",
            Figure::share(count(&|o| o.said == o.heard), n),
        )
        .figure("digit_accuracy", Figure::share(right, said))
        .figure(
            "false_accept",
            Figure::share(passed_wrong, wrong.len() as u64),
        )
        .figure("false_reject", Figure::share(refused, n))
        .figure("abstained", Figure::share(n - refused - accepted, n))
        .figure("not_accepted", Figure::share(n - accepted, n))
        .figure(
            "seconds_per_clip",
            Figure::bare(mean, outcomes.len() as u64),
        )
        .section(Section::Table(confusion(&alignments)));
    if let Some(det) = det(outcomes)? {
        report = report.section(det);
    }
    if !unusable.is_empty() {
        let rows = unusable
            .iter()
            .map(|(f, w)| vec![f.clone(), w.clone()])
            .collect();
        report = report.section(Section::Table(Table {
            title: "Files that cannot be used".into(),
            head: vec!["File".into(), "Why".into()],
            rows,
        }));
    }
    Ok(report.section(worst(outcomes)))
}

/// Said against heard, digit by digit.
fn confusion(alignments: &[Alignment]) -> Table {
    let mut counts = [[0_u64; 11]; 11];
    for (said, heard) in alignments.iter().flat_map(|a| &a.pairs) {
        let place = |d: &Option<u8>| d.map_or(10, usize::from).min(10);
        counts[place(said)][place(heard)] += 1;
    }
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mut head = vec!["said \\ heard".to_owned()];
    head.extend(names.map(str::to_owned));
    head.push("nothing".into());
    let rows = names
        .into_iter()
        .chain(["nothing"])
        .zip(counts)
        .map(|(name, row)| {
            let cells = row.iter().map(|n| {
                if *n == 0 {
                    String::new()
                } else {
                    n.to_string()
                }
            });
            std::iter::once(name.to_owned()).chain(cells).collect()
        })
        .collect();
    Table {
        title: "Confusion: what was said, what was heard".into(),
        head,
        rows,
    }
}

/// The trade between false acceptance and false rejection over every threshold of the log ratio.
fn det(outcomes: &[Outcome]) -> anyhow::Result<Option<Section>> {
    let genuine: Vec<f64> = outcomes.iter().map(|o| o.ratio).collect();
    let impostor: Vec<f64> = outcomes
        .iter()
        .flat_map(|o| o.altered.iter().map(|a| a.0))
        .collect();
    let Some(det) = Det::new(&genuine, &impostor) else {
        return Ok(None);
    };
    let rows = [-6.0, -3.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
        .iter()
        .map(|&t| {
            let point = det.at_threshold(t);
            let share = |s: f64| format!("{:.3} %", 100.0 * s);
            vec![format!("{t}"), share(point.fmr), share(point.fnmr)]
        })
        .collect();
    let table = Table {
        title: "Thresholds of the log ratio".into(),
        head: vec![
            "accepted from".into(),
            "false accept".into(),
            "not accepted".into(),
        ],
        rows,
    };
    let names = ("false accept", "not accepted");
    let svg = plot::det_curve(names, &[("log ratio", &det)], Some(0.001))?;
    Ok(Some(Section::Plot {
        title: "DET curve of the log ratio".into(),
        svg,
        table,
    }))
}

/// The clips whose own digits are worth least, to be heard.
fn worst(outcomes: &[Outcome]) -> Section {
    let mut order: Vec<&Outcome> = outcomes.iter().collect();
    order.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let items = order
        .into_iter()
        .take(WORST)
        .map(|o| Sound {
            caption: format!(
                "{}: said {}, heard {}, log ratio {:.1}, {}",
                o.file,
                text_of(&o.said),
                text_of(&o.heard),
                o.ratio,
                o.status.as_str()
            ),
            wav: super::wav::of(&o.samples),
        })
        .collect();
    Section::Sounds {
        title: "Worst clips".into(),
        items,
    }
}
