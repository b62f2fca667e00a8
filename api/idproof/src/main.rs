use std::process::ExitCode;

use clap::Parser;
use idproof::cli::{Cli, Command};
use idproof::commands::{
    self, audit, bounce, challenge, doctor, eval, jobs, keys, migrate, models, outbox, policy,
    purge, run, staff, vault, verify,
};
use idproof::config::{self, Config};
use idproof::service::Roles;
use idproof::{telemetry, terminal};

/// Input that cannot be used: nothing was decided.
const EXIT_INPUT: u8 = 2;

fn main() -> ExitCode {
    // A broken pipe while printing is the reader's choice, not a panic.
    let cli = Cli::parse();
    if let Err(e) = config::load_dotenv() {
        return fail(&e.into());
    }
    let config = match Config::load(cli.config.as_deref(), &config::environment()) {
        Ok(config) => config,
        Err(e) => return fail(&e.into()),
    };
    let roles = roles(&cli.command);
    let level = if roles.is_some() { "info" } else { "warn" };
    let _telemetry = match telemetry::init(&config.log, level) {
        Ok(telemetry) => telemetry,
        Err(e) => return fail(&e),
    };
    let result = match (cli.command, roles) {
        (_, Some(roles)) => run::run(roles, &config),
        (Command::Verify(args), _) => verify::run(&args, &config),
        (Command::Challenge(args), _) => challenge::run(&args, &config),
        (Command::Models(args), _) => models::run(&args, &config),
        (Command::Eval(args), _) => eval::run(&args, &config),
        (Command::Policy(args), _) => policy::run(&args, &config),
        (Command::Migrate, _) => migrate::run(&config),
        (Command::Audit(args), _) => audit::run(&args, &config),
        (Command::Purge(args), _) => purge::run(&args, &config),
        (Command::Jobs(args), _) => jobs::run(&args, &config),
        (Command::Keys(args), _) => keys::run(&args, &config),
        (Command::Staff(args), _) => staff::run(&args, &config),
        (Command::Vault(args), _) => vault::run(&args, &config),
        (Command::Outbox(args), _) => outbox::run(&args, &config),
        (Command::Bounce, _) => bounce::run(&config),
        (Command::Config(args), _) => commands::config::run(&args, &config),
        (_, None) => doctor::run(&config),
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

/// What of the service a command runs, if any.
fn roles(command: &Command) -> Option<Roles> {
    let (serve, worker) = match command {
        Command::All => (true, true),
        Command::Serve => (true, false),
        Command::Worker => (false, true),
        _ => return None,
    };
    Some(Roles { serve, worker })
}
