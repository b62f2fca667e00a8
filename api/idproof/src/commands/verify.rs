use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use idproof_domain::declared::DeclaredIdentity;
use idproof_domain::{CheckStatus, Decision, Outcome, decide};
use idproof_ports::{Clock, Stopwatch};
use idproof_wire::{Report, ReportParts};
use idproof_worker::{Analysis, CaseInput, Progress, Stage, analyse};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;

use crate::cli::VerifyArgs;
use crate::clock::SystemClock;
use crate::commands::{UnusableInput, challenge};
use crate::compose;
use crate::compose::judgement::policy;
use crate::config::Config;
use crate::terminal::{note, say};

pub fn run(args: &VerifyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(SystemClock::new());
    let whole = Stopwatch::start(&*clock);
    let (policy, policy_report) = policy(args.policy.as_deref())?;
    // Where the report cannot be written, nothing is worth computing.
    let mut out = report_file(&args.out)?;
    let challenge = args.challenge.as_deref().map(challenge::load).transpose()?;
    if let (Some(path), Some(challenge)) = (&args.challenge, &challenge) {
        challenge::use_token(path, challenge, args.attempt.as_deref(), config)?;
    }
    let (digits, language) = match (&challenge, &args.digits, args.language) {
        (Some(c), ..) => (c.digits.clone(), c.script.language),
        (None, Some(digits), Some(language)) => (digits.clone(), language),
        (None, ..) => {
            let what = "give --digits and --language, or --challenge";
            return Err(UnusableInput(what.into()).into());
        }
    };
    let now = jiff::Timestamp::from_millisecond(clock.now_ms())?;
    let input = CaseInput {
        documents: args.document.iter().map(|d| d.as_path().into()).collect(),
        video: args.video.as_path().into(),
        digits,
        language,
        script: challenge.as_ref().map(|c| c.script.clone()),
        capture: challenge.map(|c| c.capture).unwrap_or_default(),
        declared: args.identity.as_deref().map(load_identity).transpose()?,
        announced: args.kind,
        today: legal_day(now, &config.verify.time_zone)?,
    };
    let store = compose::store(config)?;
    let analysers = compose::analysers(config, &store, clock.clone());
    let decoder = compose::decoder(config, clock.clone())?;
    let loaded = whole.elapsed();

    let bars = Bars::default();
    let analysis = analyse(&input, &decoder, &analysers, &*clock, &bars)
        .map_err(|e| UnusableInput(e.to_string()))?;
    let judging = Stopwatch::start(&*clock);
    let decision = decide(&analysis.evidence, &policy);
    let judged = judging.elapsed();
    let report = Report::from(ReportParts {
        decided_at: now.to_string(),
        decision: &decision,
        models: &analysis.models,
        policy: policy_report,
        timings: timings(&analysis, loaded, judged, whole.elapsed()),
        documents: &analysis.media.documents,
        video: analysis.media.video.as_ref(),
    });
    let failed = || format!("cannot write the report {}", args.out.display());
    serde_json::to_writer_pretty(&mut out, &report).with_context(failed)?;
    out.write_all(b"\n").with_context(failed)?;
    out.as_file().sync_all().with_context(failed)?;
    out.persist(&args.out).with_context(failed)?;
    summary(&decision, &args.out);
    Ok(ExitCode::SUCCESS)
}

fn load_identity(path: &Path) -> anyhow::Result<DeclaredIdentity> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| UnusableInput(format!("identity {}: {e}", path.display())))?;
    // The message of serde names the field and the place; values could be personal data.
    serde_json::from_str(&text).map_err(|e| {
        let (line, column) = (e.line(), e.column());
        let what = if e.is_data() {
            "a field is unknown or not of the expected form"
        } else {
            "not valid JSON"
        };
        UnusableInput(format!(
            "identity {}: line {line}, column {column}: {what}; known are civility, birth_name, \
             usage_name, first_names, sex, birth_date, birth_place, birth_country, nationality, \
             document_number, issue_date, expiry_date (dates as YYYY-MM-DD)",
            path.display()
        ))
        .into()
    })
}

/// A temporary file beside the report, so that a report is whole or not there.
fn report_file(out: &Path) -> anyhow::Result<NamedTempFile> {
    if out.exists() && !out.is_file() {
        let what = format!("cannot write the report {}: not a file", out.display());
        return Err(UnusableInput(what).into());
    }
    let dir = match out.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    NamedTempFile::new_in(dir).with_context(|| format!("cannot write the report {}", out.display()))
}

pub(crate) fn legal_day(now: jiff::Timestamp, zone: &str) -> anyhow::Result<time::Date> {
    let day = now.in_tz(zone)?.date();
    let month = time::Month::try_from(u8::try_from(day.month())?)?;
    Ok(time::Date::from_calendar_date(
        i32::from(day.year()),
        month,
        u8::try_from(day.day())?,
    )?)
}

fn timings(
    analysis: &Analysis,
    loaded: Duration,
    judged: Duration,
    total: Duration,
) -> Vec<(&'static str, Duration)> {
    let mut all = vec![("load", loaded)];
    all.extend(analysis.timings.iter().map(|t| (t.stage.as_str(), t.took)));
    all.extend([("decision", judged), ("total", total)]);
    all
}

fn summary(decision: &Decision, out: &Path) {
    say("");
    for check in &decision.checks {
        let mark = match check.status {
            CheckStatus::Passed => "✓",
            CheckStatus::Failed => "✗",
            CheckStatus::Borderline => "?",
            CheckStatus::Unavailable => "–",
        };
        say(format_args!(
            "  {mark} {:18} {:12} {}",
            check.name.as_str(),
            check.status.as_str(),
            check.detail
        ));
    }
    say("");
    say(match decision.outcome {
        Outcome::Accept => "ACCEPT: every required check ran and passed.".to_owned(),
        Outcome::Review => "REVIEW: a human decides, because".to_owned(),
        Outcome::Refuse => "REFUSE, because".to_owned(),
    });
    for reason in &decision.reasons {
        say(format_args!(
            "  - {} ({}): {}",
            reason.code,
            reason.check,
            reason.code.meaning()
        ));
    }
    say(format_args!("Report: {}", out.display()));
}

/// A spinner a stage on standard error; plain lines where none can be drawn.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    bars: std::sync::Mutex<std::collections::BTreeMap<Stage, ProgressBar>>,
}

impl Bars {
    fn with(&self, stage: Stage, act: impl FnOnce(&ProgressBar)) {
        let mut bars = self
            .bars
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = bars.entry(stage).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:10} {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(stage.as_str());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        act(bar);
    }
}

impl Progress for Bars {
    fn started(&self, stage: Stage) {
        self.with(stage, |bar| bar.set_message("working"));
    }

    fn seen(&self, stage: Stage, at: Duration) {
        self.with(stage, |bar| {
            bar.set_message(format!("{:.1} s seen", at.as_secs_f64()));
        });
    }

    fn finished(&self, stage: Stage, took: Duration) {
        let text = format!("done in {:.2} s", took.as_secs_f64());
        self.with(stage, |bar| bar.finish_with_message(text.clone()));
        if self.all.is_hidden() {
            note(format_args!("{:10} {text}", stage.as_str()));
        }
    }
}
