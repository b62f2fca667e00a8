//! The service and its peers, and the trouble they are put into.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idproof::chance::SystemRandom;
use idproof::clock::SystemClock;
use idproof::compose::insides::{Insides, Roots};
use idproof::config::Config;
use idproof_test_support::{Postgres, Program, SeededRandom, built};

use crate::peers::{Arrivals, Gate, Gateway, Mails, Process, s3, smtp};
use crate::{Engine, lot};

pub struct SetUp {
    pub dir: tempfile::TempDir,
    pub urls: Vec<String>,
    /// An integrator's key for the sandbox.
    pub key: String,
    pub arrivals: Arrivals,
    settings: BTreeMap<String, String>,
    nodes: Vec<Mutex<Program>>,
    postgres: Option<Postgres>,
    s3_gate: Option<Gate>,
    mail_gate: Gate,
    /// They end with the set-up.
    _processes: Vec<Process>,
}

fn node() -> PathBuf {
    built("examples/chaos_node")
}

impl SetUp {
    pub async fn start(engine: Engine) -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        let clock = dir.path().join("clock");
        std::fs::write(&clock, "0").unwrap();
        let mut processes = Vec::new();
        let mails = Arc::new(Mails::default());
        let (process, port) = smtp(Arc::clone(&mails));
        processes.push(process);
        let mail_gate = Gate::before(port).await;
        let gateway = Arc::new(Gateway::default());
        let sms_port = gateway.start().await;
        let mut base = Program::new(&node(), &["all"], dir.path())
            .set("MAIL_TRANSPORT", "smtp")
            .set("MAIL_HOST", "localhost")
            .set("MAIL_PORT", mail_gate.port)
            .set("MAIL_SECURITY", "none")
            .set("SMS_TRANSPORT", "gateway")
            .set("SMS_URL", format!("http://127.0.0.1:{sms_port}/sms"))
            .set("LIMITS_PER_ADDRESS", 1_000_000)
            .set("LIMITS_CASES_PER_ADDRESS", 1_000_000)
            .set("WORKER_LEASE_S", 3)
            .set("WORKER_POLL_MS", 50)
            .set("WORKER_RECONCILE_S", 1)
            // The killed are not the work's fault.
            .set("WORKER_ATTEMPTS", 20)
            .set("DECODER_PROGRAM", built("idproof-decoder").display());
        base.settings
            .insert("CHAOS_CLOCK".into(), clock.display().to_string());
        let (mut postgres, mut s3_gate) = (None, None);
        if engine == Engine::Postgres {
            let server = Postgres::start();
            let (process, port) = s3().await;
            processes.push(process);
            let gate = Gate::before(port).await;
            let url = server.database().await;
            base.settings.remove("IDPROOF_VAULT_STORE_DIR");
            base = base
                .set("DATABASE_URL", url)
                .set("VAULT_STORE_KIND", "s3")
                .set("VAULT_STORE_BUCKET", "media")
                .set(
                    "VAULT_STORE_ENDPOINT",
                    format!("http://127.0.0.1:{}", gate.port),
                )
                .set("VAULT_STORE_ACCESS_KEY", "test")
                .set("VAULT_STORE_SECRET_KEY", "test");
            (postgres, s3_gate) = (Some(server), Some(gate));
        }
        let settings = base.settings.clone();
        Self::prepare(&settings).await;
        let roles: &[&str] = match engine {
            Engine::Postgres => &["serve", "serve", "worker", "worker"],
            Engine::Sqlite => &["all"],
        };
        let (mut nodes, mut urls) = (Vec::new(), Vec::new());
        for (n, role) in roles.iter().enumerate() {
            let mut program = Program::new(&node(), &[role], dir.path());
            program.settings = settings.clone();
            program.log = dir.path().join(format!("{role}-{n}.log"));
            if *role != "worker" {
                urls.push(program.listen());
            }
            program.start();
            nodes.push(Mutex::new(program));
        }
        let key = Self::key(&settings).await;
        Arc::new(Self {
            dir,
            urls,
            key,
            arrivals: Arrivals { mails, gateway },
            settings,
            nodes,
            postgres,
            s3_gate,
            mail_gate,
            _processes: processes,
        })
    }

    fn config(settings: &BTreeMap<String, String>) -> Config {
        let ours = settings.iter().filter(|(k, _)| k.starts_with("IDPROOF_"));
        let environment = ours.map(|(k, v)| (k.clone(), v.clone())).collect();
        Config::load(None, &environment).unwrap()
    }

    fn roots() -> Roots {
        Roots {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
        }
    }

    async fn prepare(settings: &BTreeMap<String, String>) {
        let config = Self::config(settings);
        idproof::compose::insides::prepare(&config, &Self::roots())
            .await
            .unwrap();
    }

    async fn key(settings: &BTreeMap<String, String>) -> String {
        let insides = Insides::open(&Self::config(settings), Self::roots())
            .await
            .unwrap();
        let organisation = insides.database.own_organisation(0).await.unwrap();
        let new = idproof_http::NewKey {
            organisation,
            name: "chaos".into(),
            scopes: vec![idproof_database::Scope::CasesWrite],
            sandbox: true,
            expires_at: None,
        };
        let (_, secret) = idproof_http::create_key(
            &insides.database,
            insides.vault.secrets(),
            &*insides.roots.clock,
            &*insides.roots.random,
            new,
        )
        .await
        .unwrap();
        secret
    }

    /// The database and the vault as the service sees them.
    pub async fn insides(&self) -> Insides {
        Insides::open(&Self::config(&self.settings), Self::roots())
            .await
            .unwrap()
    }

    pub fn move_clock(&self, by: Duration) {
        let ms = by.as_millis().to_string();
        std::fs::write(self.dir.path().join("clock"), ms).unwrap();
    }

    /// Ends every trouble and sees that all processes run.
    pub async fn calm(&self) {
        self.shut(false);
        for node in &self.nodes {
            let mut node = node.lock().unwrap();
            if !node.is_running() {
                node.start();
            }
        }
    }

    fn shut(&self, shut: bool) {
        if let Some(gate) = &self.s3_gate {
            gate.shut(shut);
        }
        self.mail_gate.shut(shut);
        self.arrivals.gateway.shut(shut);
    }

    fn kill(&self, n: usize) {
        let mut node = self.nodes[n].lock().unwrap();
        node.kill();
        node.start();
    }
}

/// Kills at random until so many kills were made and `done` is set; meanwhile, twice each, the
/// database is restarted and all peers refuse for a while. Returns how many kills there were.
pub async fn trouble(
    set_up: Arc<SetUp>,
    random: SeededRandom,
    kills: usize,
    done: Arc<AtomicBool>,
) -> usize {
    let mut made = 0;
    while made < kills || !done.load(Ordering::SeqCst) {
        let wait = 150 + lot(&random, 700);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let n = usize::try_from(lot(&random, set_up.nodes.len() as u64)).unwrap();
        set_up.kill(n);
        made += 1;
        if made == kills / 3 || made == 2 * kills / 3 {
            println!("          S3, mail and SMS refuse");
            set_up.shut(true);
            tokio::time::sleep(Duration::from_secs(3)).await;
            set_up.shut(false);
            if let Some(postgres) = &set_up.postgres {
                println!("          the database is restarted");
                postgres.down();
                tokio::time::sleep(Duration::from_secs(1)).await;
                postgres.up();
            }
        }
        if made > kills {
            // The rest of the cases may end in peace.
            while !done.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    made
}
