//! A whole service on a loopback socket, on each engine, and those who call it.

#![allow(dead_code, unused_imports, reason = "each test program uses a part")]

mod applicant;
mod client;
mod colleague;
mod labelled;
mod raw;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use idproof_database::{
    Case, Code, Database, DatabaseConfig, LetterSettings, Organisation, Scope, StoredLetter,
};
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::{Actor, Step};
use idproof_domain::confirm::{CodePurpose, CodeRecord};
use idproof_domain::endpoint::AddressRules;
use idproof_domain::ids::{CaseId, LetterId, OrganisationId};
use idproof_domain::letter::Letter;
use idproof_domain::{Policy, ReviewMode};
use idproof_http::{
    CaptureConfig, ConsoleConfig, EnrolmentConfig, HttpConfig, LimitsConfig, Metrics, NewKey,
    Parts, PreviewMessage, PreviewOf, Previewed, Service, create_key,
};
use idproof_ports::{Clock, Random};
use idproof_test_support::{MovedClock, Postgres, SeededRandom};
use idproof_vault::{
    DirectoryConfig, KeyPlace, KeysConfig, RootSource, StoreConfig, Vault, VaultConfig,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use applicant::{Applicant, digest, identity, sha256};
pub use client::{Answer, Caller, Problems};
pub use colleague::{Colleague, PASSWORD, to_review};
pub use raw::{Raw, head, raw};

/// Tuesday 10 March 2026, half past ten in Paris.
pub const START: i64 = 1_773_135_000_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const CONSENT: &str = "2026-11";
/// Of the provider whose letters are opened on the pages.
pub const ELECTRONIC: &str = "sample";
pub const ALL_SCOPES: &[Scope] = &[Scope::CasesRead, Scope::CasesWrite, Scope::WebhooksManage];

/// What a test may set otherwise.
pub struct Settings {
    pub http: HttpConfig,
    pub limits: LimitsConfig,
    pub enrolment: EnrolmentConfig,
    pub address_rules: AddressRules,
    pub code_by_sms: bool,
    pub console: ConsoleConfig,
    /// What a demonstration's outbox holds.
    pub outbox: Option<Arc<idproof_http::OutboxReader>>,
}

/// Of the policy that cases here are judged by.
pub const POLICY_SHA256: &str = "00";

/// Says plainly what it was asked.
fn preview(of: &PreviewOf) -> Result<Previewed, String> {
    let (subject, reasons) = match &of.message {
        PreviewMessage::Changed { reasons } => ("changed", reasons),
        PreviewMessage::Retake { reasons } => ("retake", reasons),
    };
    let name = of.name.clone().unwrap_or_default();
    Ok(Previewed {
        mail: of
            .has_email
            .then(|| (subject.to_owned(), format!("{name} {}", of.number))),
        page: reasons.iter().map(ToString::to_string).collect(),
    })
}

/// Time stands still here, so that rates are never refilled: they are out of the way unless a test
/// is about them.
impl Default for Settings {
    fn default() -> Self {
        Self {
            http: HttpConfig {
                stop_timeout_s: 1,
                ..HttpConfig::default()
            },
            limits: LimitsConfig {
                per_address: 1_000_000,
                per_case: 1_000_000,
                per_key: 1_000_000,
                cases_per_address: 1_000_000,
                ..LimitsConfig::default()
            },
            enrolment: EnrolmentConfig {
                consent_version: CONSENT.into(),
                ..EnrolmentConfig::default()
            },
            address_rules: AddressRules::default(),
            code_by_sms: false,
            console: ConsoleConfig {
                sign_ins_per_minute: 1_000_000,
                double_share: 0.0,
                known_share: 0.0,
                ..ConsoleConfig::default()
            },
            outbox: None,
        }
    }
}

/// A running service. Ends when dropped.
pub struct World {
    pub database: Database,
    pub vault: Vault,
    pub clock: Arc<MovedClock>,
    pub random: Arc<dyn Random>,
    pub calendar: Calendar,
    pub metrics: Arc<Metrics>,
    pub address: SocketAddr,
    pub dir: tempfile::TempDir,
    pub problems: Problems,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

fn vault_config(dir: &std::path::Path) -> VaultConfig {
    VaultConfig {
        store: StoreConfig::Local(DirectoryConfig {
            dir: dir.join("media"),
        }),
        keys: KeysConfig {
            place: KeyPlace::Directory(DirectoryConfig {
                dir: dir.join("keys"),
            }),
            root: RootSource::File(dir.join("root.key")),
            also: vec![],
        },
        ..VaultConfig::default()
    }
}

/// A fresh service on each engine.
pub async fn worlds() -> Vec<World> {
    worlds_with(|_| {}).await
}

pub async fn worlds_with(change: impl Fn(&mut Settings)) -> Vec<World> {
    let mut worlds = Vec::new();
    for postgres in [false, true] {
        worlds.push(start(postgres, &change).await);
    }
    worlds
}

/// A fresh service on SQLite, for what no database has a part in.
pub async fn world_with(change: impl Fn(&mut Settings)) -> World {
    start(false, &change).await
}

async fn start(postgres: bool, change: &impl Fn(&mut Settings)) -> World {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    let mut settings = Settings::default();
    change(&mut settings);
    let dir = tempfile::tempdir().unwrap();
    let url = if postgres {
        SERVER.get_or_init(Postgres::start).database().await
    } else {
        format!("sqlite:{}", dir.path().join("idproof.db").display())
    };
    let connections = 10;
    let database = Database::open(&DatabaseConfig { url, connections })
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
    let config = vault_config(dir.path());
    Vault::initialise(&config, Arc::clone(&random))
        .await
        .unwrap();
    let vault = Vault::open(&config, Arc::clone(&random)).await.unwrap();
    let clock = Arc::new(MovedClock::at(START));
    let calendar = Calendar::new("Europe/Paris", Holidays::default()).unwrap();
    let metrics = Arc::new(Metrics::default());
    let service = Service::new(Parts {
        database: database.clone(),
        vault: vault.clone(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::clone(&random),
        calendar: calendar.clone(),
        letters: LetterSettings::default(),
        electronic_provider: ELECTRONIC,
        code_by_sms: settings.code_by_sms,
        letter_pdf: Arc::new(|content| Ok(content.parts().join("\n").into_bytes())),
        address_rules: settings.address_rules,
        http: settings.http,
        limits: settings.limits,
        enrolment: settings.enrolment,
        capture: CaptureConfig::default(),
        console: settings.console,
        review_mode: ReviewMode::Borderline,
        policy: Policy::parse(Policy::DEFAULT_TEXT).unwrap(),
        policy_text: Policy::DEFAULT_TEXT.to_owned(),
        policy_sha256: POLICY_SHA256.into(),
        labelled: Arc::new(labelled::Evaluation),
        preview: Arc::new(preview),
        evidence_pdf: Arc::new(|sheet| Ok(format!("%PDF- {}", sheet.title).into_bytes())),
        outbox: settings.outbox,
        metrics: Arc::clone(&metrics),
    })
    .await
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(idproof_http::serve(listener, service, async {
        let _ = stopped.await;
    }));
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    World {
        database,
        vault,
        clock,
        random,
        calendar,
        metrics,
        address,
        dir,
        problems: Problems::default(),
        client,
        _stop: stop,
    }
}

impl World {
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whoever shows nothing.
    pub fn anybody(&self) -> Caller {
        self.caller(None)
    }

    /// Whoever shows this key or token.
    pub fn bearer(&self, secret: &str) -> Caller {
        self.caller(Some(secret.to_owned()))
    }

    fn caller(&self, secret: Option<String>) -> Caller {
        let problems = Problems::clone(&self.problems);
        Caller::new(self.client.clone(), self.url(), secret, problems)
    }

    fn id_bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        bytes
    }

    pub async fn organisation(&self, name: &str) -> OrganisationId {
        let now = self.clock.now_ms();
        let id = OrganisationId::new(now, self.id_bytes());
        let mut tx = self.database.begin().await.unwrap();
        tx.insert_organisation(&Organisation {
            id: id.clone(),
            name: name.to_owned(),
            created_at: now,
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A key's secret.
    pub async fn secret(&self, of: &OrganisationId, scopes: &[Scope], sandbox: bool) -> String {
        let new = NewKey {
            organisation: of.clone(),
            name: "a key".into(),
            scopes: scopes.to_vec(),
            sandbox,
            expires_at: None,
        };
        let (clock, secrets) = (&*self.clock, self.vault.secrets());
        create_key(&self.database, secrets, clock, &*self.random, new)
            .await
            .unwrap()
            .1
    }

    /// An integrator with a live key.
    pub async fn key(&self, of: &OrganisationId, scopes: &[Scope]) -> Caller {
        self.bearer(&self.secret(of, scopes, false).await)
    }

    /// An integrator with a test key.
    pub async fn test_key(&self, of: &OrganisationId, scopes: &[Scope]) -> Caller {
        self.bearer(&self.secret(of, scopes, true).await)
    }

    pub async fn case(&self, id: &CaseId) -> Case {
        self.database.case(id).await.unwrap().unwrap()
    }

    /// The digits that a message would carry, made as whoever sends it makes them.
    pub async fn code(&self, case: &CaseId, purpose: CodePurpose) -> String {
        let stored = self.database.code(case, purpose).await.unwrap().unwrap();
        let code = self.vault.secrets().code(purpose, case, &stored.nonce);
        code.unwrap().reveal().to_owned()
    }

    /// What worker and reviewers do to a case.
    pub async fn steps(&self, id: &CaseId, steps: &[Step]) {
        let mut tx = self.database.begin().await.unwrap();
        let mut case = tx.case(id).await.unwrap().unwrap();
        for step in steps {
            if let Step::Refused { reasons, .. } = step {
                case.reasons.clone_from(reasons);
            }
            let now = self.clock.now_ms();
            tx.step_and_tell(&mut case, step, &Actor::System, now, &*self.random)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// What the reconciler of letters does to an accepted case.
    pub async fn send_letter(&self, id: &CaseId, provider: &str) {
        let now = self.clock.now_ms();
        let (letter, _) = Letter::deposit(now, &self.calendar).unwrap();
        let nonce = "6c".repeat(16);
        let purpose = CodePurpose::Activation;
        let secrets = self.vault.secrets();
        let digits = secrets.code(purpose, id, &nonce).unwrap();
        let mut tx = self.database.begin().await.unwrap();
        tx.insert_letter(&StoredLetter {
            id: LetterId::new(now, self.id_bytes()),
            case: id.clone(),
            provider: provider.to_owned(),
            nonce: nonce.clone(),
            letter,
        })
        .await
        .unwrap();
        tx.put_code(&Code {
            case: id.clone(),
            purpose,
            nonce,
            hash: secrets.code_hash(purpose, id, &digits).unwrap(),
            target: None,
            record: CodeRecord::of_letter(now),
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        self.steps(id, &[Step::LetterSent]).await;
    }

    /// The first column of what a query finds, which may ask for one text.
    pub async fn texts(&self, sql: &'static str, of: &str) -> Vec<String> {
        let found = sqlx::query_scalar(sql).bind(of);
        found.fetch_all(self.database.pool()).await.unwrap()
    }

    /// Changes rows behind the service's back; the statement may ask for one text.
    pub async fn change(&self, sql: &'static str, of: &str) {
        let changed = sqlx::query(sql).bind(of);
        changed.execute(self.database.pool()).await.unwrap();
    }

    /// Files of the media store. Whatever is not an object is none of them.
    pub fn stored_files(&self) -> usize {
        fn count(dir: &std::path::Path) -> usize {
            std::fs::read_dir(dir)
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| {
                    if entry.file_type().unwrap().is_dir() {
                        count(&entry.path())
                    } else {
                        1
                    }
                })
                .sum()
        }
        count(&self.dir.path().join("media"))
    }
}
