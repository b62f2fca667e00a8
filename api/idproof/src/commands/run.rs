//! `idproof all`, `serve` and `worker`: the service until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::compose::insides::{Insides, Roots};
use crate::compose::tools::LazyTools;
use crate::config::Config;
use crate::service::{self, Roles};
use crate::terminal::say;

pub fn run(roles: Roles, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        let roots = Roots::system();
        let insides = if roles.serve && roles.worker {
            Insides::open_embedded(config, roots).await?
        } else {
            Insides::open(config, roots).await?
        };
        let tools = Arc::new(LazyTools::new(config, Arc::clone(&insides.roots.clock))?);
        let stop = stop_on_signal()?;
        service::run(roles, config, insides, tools, stop, |_| {
            greet(roles, config)
        })
        .await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn greet(roles: Roles, config: &Config) {
    let at = &config.http.public_url;
    say(format_args!("pages      {at}/"));
    say(format_args!("API        {at}/docs"));
    if let Some(metrics) = config.http.metrics_listen {
        say(format_args!("metrics    http://{metrics}/metrics"));
    }
    if roles.worker {
        say(format_args!(
            "messages   {} (`idproof outbox` shows them)",
            config.outbox.dir.display()
        ));
    }
}

/// Turns true at the first SIGTERM or SIGINT. A second one ends the process at once.
fn stop_on_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (send, stop) = watch::channel(false);
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut told = false;
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if told {
                std::process::exit(1);
            }
            told = true;
            tracing::info!("stopping; what is under way may end");
            let _ = send.send(true);
        }
    });
    Ok(stop)
}
