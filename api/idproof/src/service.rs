//! One process of the service: the HTTP side, the worker, or both.

mod serve;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::compose::insides::Insides;
use crate::config::Config;
use idproof_jobs::Tools;

/// What one process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    pub serve: bool,
    pub worker: bool,
}

/// Everything that runs until `stop` turns true. Each part ends by itself then.
type Parts = JoinSet<&'static str>;

/// Runs until `stop` turns true and everything under way has ended. A part that ends before is an
/// error: a process that does half its work is worse than one that is started again.
/// `listening` hears the address of the HTTP side once it is open.
pub async fn run(
    roles: Roles,
    config: &Config,
    insides: Insides,
    tools: Arc<dyn Tools>,
    stop: watch::Receiver<bool>,
    listening: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let mut registry = Registry::with_prefix("idproof");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The program", version);
    let mut parts = Parts::new();
    if roles.worker {
        worker::start(
            config,
            &insides,
            tools,
            &mut registry,
            &mut parts,
            stop.clone(),
        )?;
    }
    if roles.serve {
        let address = serve::start(config, &insides, &mut registry, &mut parts, stop.clone());
        listening(address.await?);
    }
    let metrics = if roles.serve {
        ("http.metrics_listen", config.http.metrics_listen)
    } else {
        ("worker.metrics_listen", config.worker.metrics_listen)
    };
    if let (key, Some(address)) = metrics {
        let listener = listen(key, address).await?;
        let (registry, stop) = (Arc::new(registry), stop.clone());
        parts.spawn(async move {
            idproof_http::serve_metrics(listener, registry, stopped(stop)).await;
            "metrics"
        });
    }
    let ended = parts.join_next().await;
    let early = !*stop.borrow();
    if early {
        let part = match ended {
            Some(Ok(part)) => part,
            _ => "a part",
        };
        bail!("{part} stopped unexpectedly; the process ends");
    }
    while parts.join_next().await.is_some() {}
    insides.database.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("`{key}`: cannot listen on {address}"))
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Makes everything that settings alone decide and throws it away: a mistake shows before a case
/// depends on it.
pub fn check(config: &Config) -> anyhow::Result<()> {
    worker::senders(config)?;
    crate::compose::judgement::judgement(config)?;
    Ok(())
}
