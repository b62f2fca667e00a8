//! What every command of the service works on: the database, the vault, time and chance.

use std::sync::Arc;

use anyhow::{Context, bail};
use idproof_database::{Database, Engine};
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::endpoint::AddressRules;
use idproof_ports::{Clock, Random};
use idproof_vault::Vault;

use crate::chance::SystemRandom;
use crate::clock::SystemClock;
use crate::config::Config;

/// Where time and chance come from.
#[derive(Clone)]
pub struct Roots {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl Roots {
    /// Those of the machine.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
        }
    }
}

#[derive(Clone)]
pub struct Insides {
    pub database: Database,
    pub vault: Vault,
    pub roots: Roots,
}

impl Insides {
    /// Opens what [`prepare`] has made.
    pub async fn open(config: &Config, roots: Roots) -> anyhow::Result<Self> {
        let database = Database::open(&config.database).await?;
        database.check_schema().await?;
        Self::of(config, database, roots).await
    }

    async fn of(config: &Config, database: Database, roots: Roots) -> anyhow::Result<Self> {
        let vault = Vault::open(&config.vault, Arc::clone(&roots.random))
            .await
            .context("the vault cannot be opened")?;
        Ok(Self {
            database,
            vault,
            roots,
        })
    }

    /// As [`Insides::open`]; where everything is embedded (SQLite), prepares it first.
    pub async fn open_embedded(config: &Config, roots: Roots) -> anyhow::Result<Self> {
        let database = Database::open(&config.database).await?;
        if database.engine() != Engine::Sqlite {
            database.check_schema().await?;
            return Self::of(config, database, roots).await;
        }
        prepare_on(config, &database, &roots).await?;
        Self::of(config, database, roots).await
    }

    pub fn now(&self) -> i64 {
        self.roots.clock.now_ms()
    }
}

/// What [`prepare`] found to do.
pub struct Prepared {
    pub root_key: bool,
    pub keyring: bool,
}

/// Brings the tables up to date, and makes keyring and media store where nothing was ever stored.
pub async fn prepare(config: &Config, roots: &Roots) -> anyhow::Result<Prepared> {
    let database = Database::open(&config.database).await?;
    prepare_on(config, &database, roots).await
}

async fn prepare_on(
    config: &Config,
    database: &Database,
    roots: &Roots,
) -> anyhow::Result<Prepared> {
    database.migrate().await?;
    // Beside a database in use, a missing keyring is a loss to be restored, not replaced.
    if !database.is_unused().await? {
        return Ok(Prepared {
            root_key: false,
            keyring: false,
        });
    }
    let made = Vault::initialise(&config.vault, Arc::clone(&roots.random))
        .await
        .context("the vault cannot be prepared")?;
    Ok(Prepared {
        root_key: made.root_key,
        keyring: made.keyring,
    })
}

pub fn calendar(config: &Config) -> anyhow::Result<Calendar> {
    let holidays = Holidays {
        alsace_moselle: config.verify.alsace_moselle,
    };
    match Calendar::new(&config.verify.time_zone, holidays) {
        Ok(calendar) => Ok(calendar),
        Err(e) => bail!("`verify.time_zone`: {e}"),
    }
}

pub fn address_rules(config: &Config) -> AddressRules {
    AddressRules {
        allow_http: config.webhooks.allow_http,
        allowed_networks: config.webhooks.allowed_networks.clone(),
    }
}
