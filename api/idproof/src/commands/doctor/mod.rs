mod service;

use std::process::ExitCode;
use std::sync::Arc;

use idproof_models::Status;

use crate::clock::SystemClock;
use crate::compose;
use crate::config::Config;
use crate::terminal::say;

/// Looks at everything a verification needs and at the state of the service; says what is wrong and
/// what to do.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    decoder(config, &mut findings)?;
    models(config, &mut findings)?;
    capabilities(config, &mut findings)?;
    service::look(config, &mut findings)?;
    if findings.problems == 0 {
        say("All is well.");
        Ok(ExitCode::SUCCESS)
    } else {
        say(format_args!(
            "{} things are wrong. Cases are still taken: checks without their models are \
             unavailable and a human decides.",
            findings.problems
        ));
        Ok(ExitCode::FAILURE)
    }
}

#[derive(Default)]
struct Findings {
    problems: usize,
}

impl Findings {
    fn good(&self, what: &str, detail: impl std::fmt::Display) {
        say(format_args!("  ok       {what}: {detail}"));
    }

    fn bad(&mut self, what: &str, detail: impl std::fmt::Display, remedy: &str) {
        self.problems += 1;
        say(format_args!("  WRONG    {what}: {detail}"));
        say(format_args!("           → {remedy}"));
    }
}

fn decoder(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let program = compose::decoder_program(config)?;
    if !program.is_file() {
        findings.bad(
            "decoder",
            format_args!("{} is not there", program.display()),
            "build it with `cargo build --release -p idproof-decoder`, or set decoder.program",
        );
        return Ok(());
    }
    match compose::decoder(config, Arc::new(SystemClock::new()))?.self_check() {
        Ok(status) if status.holds() => {
            findings.good(
                "decoder sandbox",
                format_args!("{} forbidden things were tried and refused", status.attempts.len()),
            );
            for weaker in status.missing() {
                say(format_args!("           weaker than it could be: {weaker}"));
            }
        }
        Ok(status) => findings.bad(
            "decoder sandbox",
            status.missing().join("; "),
            "use a kernel with seccomp enabled",
        ),
        Err(e) => findings.bad(
            "decoder",
            e,
            "see the message; a missing library comes with Debian's libavformat, libswscale and libswresample",
        ),
    }
    Ok(())
}

fn models(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let needed: Vec<&str> = compose::needs(config)
        .into_iter()
        .flat_map(|need| need.models)
        .collect();
    for state in compose::store(config)?.list() {
        let name = &state.entry.name;
        if !needed.contains(&name.as_str()) {
            continue;
        }
        let pull = if state.entry.source.is_empty() {
            format!(
                "only a mirror can have it: put {} into a directory, name that as models.mirror, \
                 then run `idproof models pull {name}`",
                state.entry.file
            )
        } else {
            format!("idproof models pull {name}")
        };
        match state.status {
            Status::Ready => findings.good(&format!("model {name}"), &state.entry.version),
            Status::Missing => {
                findings.bad(&format!("model {name}"), "not in the store", &pull);
            }
            Status::WrongHash { actual } => findings.bad(
                &format!("model {name}"),
                format_args!("refused, its sha256 is {actual}"),
                &pull,
            ),
            Status::Unreadable { why } => findings.bad(&format!("model {name}"), why, &pull),
        }
    }
    Ok(())
}

fn capabilities(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let analysers = compose::analysers(
        config,
        &compose::store(config)?,
        Arc::new(SystemClock::new()),
    );
    let states = [
        ("faces", analysers.faces.err()),
        ("liveness", analysers.liveness.err()),
        ("text", analysers.text.err()),
        ("speech", analysers.speech.err()),
    ];
    for (what, problem) in states {
        match problem {
            None => findings.good(&format!("check {what}"), "its models load"),
            Some(why) => findings.bad(
                &format!("check {what}"),
                why.why,
                "get the model as above; until then these checks are unavailable",
            ),
        }
    }
    Ok(())
}
