//! A process of the service as `idproof` composes it, but for the clock: it runs ahead by the
//! milliseconds that a file holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idproof::chance::SystemRandom;
use idproof::clock::SystemClock;
use idproof::compose::insides::{Insides, Roots};
use idproof::compose::tools::LazyTools;
use idproof::config::{self, Config};
use idproof::service::{self, Roles};
use idproof::telemetry;
use idproof_ports::Clock;
use tokio::sync::watch;

struct MovedBy {
    file: PathBuf,
    real: SystemClock,
}

impl Clock for MovedBy {
    fn now_ms(&self) -> i64 {
        let ahead = std::fs::read_to_string(&self.file).unwrap_or_default();
        self.real.now_ms() + ahead.trim().parse::<i64>().unwrap_or(0)
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let word = std::env::args().nth(1).unwrap_or_default();
    let roles = Roles {
        serve: word != "worker",
        worker: word != "serve",
    };
    let config = Config::load(None, &config::environment())?;
    let _telemetry = telemetry::init(&config.log, "warn")?;
    let roots = Roots {
        clock: Arc::new(MovedBy {
            file: std::env::var_os("CHAOS_CLOCK").unwrap_or_default().into(),
            real: SystemClock::new(),
        }),
        random: Arc::new(SystemRandom),
    };
    let insides = Insides::open_embedded(&config, roots).await?;
    let tools = Arc::new(LazyTools::new(&config, Arc::clone(&insides.roots.clock))?);
    // It ends by being killed.
    let (_never, stop) = watch::channel(false);
    service::run(roles, &config, insides, tools, stop, |_| {}).await
}
