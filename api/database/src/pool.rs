use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, Executor};

use crate::{DatabaseError, Result, Tx};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Where the database is.
#[derive(Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:FILE` (one machine) or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    pub url: String,
    /// Most connections at once, 1 to 200.
    pub connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:var/idproof.db".into(),
            connections: 10,
        }
    }
}

/// The address may hold a password.
impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("url", &"hidden")
            .field("connections", &self.connections)
            .finish()
    }
}

/// Which database stands behind the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pub(crate) pool: AnyPool,
    /// What [`Database::begin_soon`] writes through. With SQLite one connection, so that many small
    /// writers queue here instead of polling for the file's lock.
    pub(crate) soon: AnyPool,
    engine: Engine,
}

/// Longest wait for a connection, and for another writer of SQLite.
const WAIT: Duration = Duration::from_secs(10);

impl Database {
    /// Connects; makes SQLite's file and its folder where they are missing. Runs no migration.
    pub async fn open(config: &DatabaseConfig) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let problem = |problem: String| DatabaseError::Config {
            key: "database.url",
            problem,
        };
        let (engine, url) = if let Some(file) = config.url.strip_prefix("sqlite:") {
            let file = PathBuf::from(file.trim_start_matches("//"));
            if let Some(dir) = file.parent().filter(|d| !d.as_os_str().is_empty()) {
                std::fs::create_dir_all(dir)
                    .map_err(|e| problem(format!("cannot make {}: {e}", dir.display())))?;
            }
            (
                Engine::Sqlite,
                format!("sqlite:{}?mode=rwc", file.display()),
            )
        } else if config.url.starts_with("postgres:") || config.url.starts_with("postgresql:") {
            (Engine::Postgres, config.url.clone())
        } else {
            return Err(problem(
                "it must begin with sqlite: or postgres://".to_owned(),
            ));
        };
        if !(1..=200).contains(&config.connections) {
            return Err(DatabaseError::Config {
                key: "database.connections",
                problem: format!("it is {}; it must lie in 1 to 200", config.connections),
            });
        }
        // The error of the parser could repeat the password.
        let options = AnyConnectOptions::from_str(&url)
            .map_err(|_| problem("it is not a valid address".to_owned()))?;
        let connect = |connections, durability: &'static str| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT)
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        if engine == Engine::Sqlite {
                            let pragmas = format!(
                                "PRAGMA journal_mode = WAL; PRAGMA synchronous = {durability}; \
                                 PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;"
                            );
                            connection.execute(sqlx::AssertSqlSafe(pragmas)).await?;
                        }
                        Ok(())
                    })
                })
                .connect_with(options.clone())
        };
        let pool = connect(config.connections, "FULL").await?;
        let soon = match engine {
            Engine::Sqlite => connect(1, "NORMAL").await?,
            Engine::Postgres => pool.clone(),
        };
        Ok(Self { pool, soon, engine })
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Brings the tables up to date. Safe to run from several processes at once.
    pub async fn migrate(&self) -> Result<()> {
        MIGRATIONS
            .run(&self.pool)
            .await
            .map_err(|e| DatabaseError::Migration(e.to_string()))
    }

    /// Fails unless the tables are those of this program.
    pub async fn check_schema(&self) -> Result<()> {
        let wanted: Vec<i64> = MIGRATIONS.iter().map(|m| m.version).collect();
        let query = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let there: Vec<i64> = match sqlx::query_scalar(query).fetch_all(&self.pool).await {
            Ok(there) => there,
            Err(sqlx::Error::Database(_)) => Vec::new(),
            Err(e) => return Err(e.into()),
        };
        let problem = if there == wanted {
            return Ok(());
        } else if there.iter().any(|v| !wanted.contains(v)) {
            "its tables were made by a newer idproof"
        } else {
            "its tables are missing or old: run `idproof migrate`"
        };
        Err(DatabaseError::Migration(problem.to_owned()))
    }

    /// Whether nothing was ever stored that needs a key from the keyring.
    pub async fn is_unused(&self) -> Result<bool> {
        let used: i64 = sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM (SELECT id FROM cases LIMIT 1) c) \
             + (SELECT COUNT(*) FROM (SELECT id FROM api_keys LIMIT 1) k) \
             + (SELECT COUNT(*) FROM (SELECT id FROM staff LIMIT 1) s)",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(used == 0)
    }

    /// Asks the database something small.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Begins a transaction that may write. What it commits survives a power cut.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_on(&self.pool).await
    }

    /// As [`Database::begin`], for many small notes that can be made again: what it commits survives
    /// the end of every process at once, but with SQLite a power cut only once a transaction of
    /// [`Database::begin`] has committed after it.
    pub async fn begin_soon(&self) -> Result<Tx> {
        self.begin_on(&self.soon).await
    }

    async fn begin_on(&self, pool: &AnyPool) -> Result<Tx> {
        let inner = match self.engine {
            // A reader that turns writer late cannot wait for another writer.
            Engine::Sqlite => pool.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => pool.begin().await?,
        };
        Ok(Tx::new(inner, self.engine))
    }

    /// The pool, for queries of a repository elsewhere.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub async fn close(&self) {
        self.soon.close().await;
        self.pool.close().await;
    }
}
