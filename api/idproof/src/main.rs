use std::process::ExitCode;

use clap::Parser;
use idproof::cli::{Cli, Command};
use idproof::commands::{self, doctor, models, policy, verify};
use idproof::config::{self, Config};
use idproof::terminal;

/// Input that cannot be used: nothing was decided.
const EXIT_INPUT: u8 = 2;

fn main() -> ExitCode {
    // A broken pipe while printing is the reader's choice, not a panic.
    let cli = Cli::parse();
    if let Err(e) = config::load_dotenv() {
        return fail(&e.into());
    }
    init_logging();
    let config = match Config::load(cli.config.as_deref(), &config::environment()) {
        Ok(config) => config,
        Err(e) => return fail(&e.into()),
    };
    let result = match cli.command {
        Command::Verify(args) => verify::run(&args, &config),
        Command::Models(args) => models::run(&args, &config),
        Command::Doctor => doctor::run(&config),
        Command::Policy(args) => policy::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(e) => match e.downcast_ref::<commands::UnusableInput>() {
            Some(_) => {
                terminal::error(&e);
                ExitCode::from(EXIT_INPUT)
            }
            None => fail(&e),
        },
    }
}

fn fail(e: &anyhow::Error) -> ExitCode {
    terminal::error(e);
    ExitCode::FAILURE
}

/// Logs to standard error; `IDPROOF_LOG` filters, warnings by default.
fn init_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("IDPROOF_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
