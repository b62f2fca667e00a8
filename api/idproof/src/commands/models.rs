use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use idproof_models::{Event, ModelState, Progress, PullPolicy, Status, Store};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::{ModelsArgs, ModelsCommand};
use crate::commands::UnusableInput;
use crate::compose;
use crate::config::Config;
use crate::terminal::{note, say};

pub fn run(args: &ModelsArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let store = compose::store(config)?;
    match &args.command {
        ModelsCommand::Pull { names } => pull(&store, names),
        ModelsCommand::List => {
            list(&store.list(), config);
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Verify => verify(&store),
    }
}

fn pull(store: &Store, names: &[String]) -> anyhow::Result<ExitCode> {
    for name in names {
        store
            .manifest()
            .entry(name)
            .map_err(|e| UnusableInput(e.to_string()))?;
    }
    let names: Vec<&str> = if names.is_empty() {
        store.manifest().default_names()
    } else {
        names.iter().map(String::as_str).collect()
    };
    let report = store.pull(&names, &mut Bars::default())?;
    for (policy, failure) in report.failures() {
        let word = match policy {
            PullPolicy::Required => "missing",
            PullPolicy::IfAvailable | PullPolicy::OnRequest => "not available here",
        };
        note(format_args!("{word}: {failure}"));
    }
    let ready = report.models.len() - report.failures().count();
    say(format_args!(
        "{ready} of {} models are ready",
        report.models.len()
    ));
    let asked_for_failed = report
        .failures()
        .any(|(policy, _)| policy == PullPolicy::OnRequest);
    Ok(if report.complete() && !asked_for_failed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One bar a model, on standard error.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
}

impl Bars {
    fn bar(&mut self, model: &str) -> &ProgressBar {
        self.bars.entry(model.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(0));
            if let Ok(style) = ProgressStyle::with_template(
                "{prefix:28} {bar:24} {bytes:>10} / {total_bytes:10} {msg}",
            ) {
                bar.set_style(style);
            }
            bar.set_prefix(model.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        })
    }

    /// Where no bars can be drawn (a log file), a line says as much.
    fn line(&self, text: String) {
        if self.all.is_hidden() {
            note(text);
        }
    }
}

impl Progress for Bars {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Waiting => note("waiting for another pull to finish"),
            Event::Started { model, bytes } => self.bar(model).set_length(bytes),
            Event::Trying { model, source } => self.bar(model).set_message(source.to_owned()),
            Event::Bytes { model, done, total } => {
                let bar = self.bar(model);
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            Event::SourceFailed { model, source, why } => {
                tracing::info!(model, source, why, "a model source failed");
            }
            Event::Converting { model } => self.bar(model).set_message("converting"),
            Event::Ready { model, source } => {
                self.bar(model)
                    .finish_with_message(format!("ready ({source})"));
                self.line(format!("{model}: ready ({source})"));
            }
            Event::Failed { model } => {
                self.bar(model).abandon_with_message("not to be had");
                self.line(format!("{model}: not to be had"));
            }
        }
    }
}

fn list(states: &[ModelState], config: &Config) {
    for state in states {
        let entry = &state.entry;
        let (word, detail) = status(state);
        say(format_args!(
            "{:12} {:28} {:20} {}{detail}",
            word,
            entry.name,
            entry.version,
            entry.task.words()
        ));
    }
    for need in compose::needs(config) {
        let missing: Vec<&str> = need
            .models
            .into_iter()
            .filter(|name| {
                !states
                    .iter()
                    .any(|s| s.entry.name == *name && s.status == Status::Ready)
            })
            .collect();
        if !missing.is_empty() {
            say(format_args!(
                "unavailable without {}: {}",
                missing.join(", "),
                need.checks
            ));
        }
    }
}

fn verify(store: &Store) -> anyhow::Result<ExitCode> {
    let states = store.verify();
    let wrong = states.iter().filter(|s| s.status != Status::Ready);
    for state in &states {
        let (word, detail) = status(state);
        say(format_args!("{word:12} {}{detail}", state.entry.name));
    }
    let wrong = wrong.count();
    say(format_args!(
        "{} of {} files are what the manifest says",
        states.len() - wrong,
        states.len()
    ));
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn status(state: &ModelState) -> (&'static str, String) {
    match &state.status {
        Status::Ready => ("ready", String::new()),
        Status::Missing => ("missing", String::new()),
        Status::WrongHash { actual } => (
            "WRONG HASH",
            format!(" — refused: {} has sha256 {actual}", state.path.display()),
        ),
        Status::Unreadable { why } => ("UNREADABLE", format!(" — {why}")),
    }
}
