#![allow(dead_code, reason = "each test program uses a part")]

pub mod fakes;
pub mod peers;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use idproof_database::{
    Case, Channel, Chunk, Database, DatabaseConfig, Engine, NewCase, SandboxOutcome, Upload,
    UploadKind, UploadState,
};
use idproof_domain::Language;
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::{Actor, Step};
use idproof_domain::challenge::{Asks, Script};
use idproof_domain::ids::{CaseId, ChallengeId, UploadId};
use idproof_jobs::{Context, Tally};
use idproof_ports::{Clock, Random};
use idproof_test_support::{MovedClock, Postgres, S3Server, SeededRandom};
use idproof_vault::{
    DirectoryConfig, Hidden, KeyPlace, KeysConfig, ObjectName, RootSource, S3Config, StoreConfig,
    Vault, VaultConfig,
};
use tokio::sync::Notify;

/// Wednesday 16 November 2011, 10 in the morning in Paris: the sample passport is still valid.
pub const START: i64 = 1_321_434_000_000;
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

pub fn calendar() -> Calendar {
    Calendar::new("Europe/Paris", Holidays::default()).unwrap()
}

/// A service's insides on one engine.
pub struct World {
    pub context: Context,
    pub vault: Vault,
    pub clock: Arc<MovedClock>,
    pub dir: tempfile::TempDir,
}

/// Everything in a directory.
pub fn vault_config(dir: &Path) -> VaultConfig {
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

/// Media and keys in a bucket of a real S3 server.
pub fn vault_on_s3(dir: &Path, bucket: &str) -> VaultConfig {
    let s3 = |prefix: &str| S3Config {
        bucket: bucket.to_owned(),
        endpoint: s3_server().endpoint(),
        access_key: Hidden::new("test"),
        secret_key: Hidden::new("test"),
        prefix: prefix.to_owned(),
        attempts: 1,
        ..S3Config::default()
    };
    let mut config = vault_config(dir);
    config.store = StoreConfig::S3(s3("media/"));
    config.keys.place = KeyPlace::S3(s3("keys/"));
    config.upload.spool = dir.join("spool");
    config
}

pub fn s3_server() -> &'static S3Server {
    static SERVER: OnceLock<S3Server> = OnceLock::new();
    SERVER.get_or_init(S3Server::start)
}

pub fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start)
}

/// A fresh world on each engine.
pub async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Postgres => postgres().database().await,
            Engine::Sqlite => format!("sqlite:{}", dir.path().join("idproof.db").display()),
        };
        let config = vault_config(dir.path());
        worlds.push(World::new(dir, url, &config).await);
    }
    worlds
}

impl World {
    pub async fn new(dir: tempfile::TempDir, url: String, vault: &VaultConfig) -> Self {
        let database = Database::open(&DatabaseConfig {
            url,
            connections: 20,
        })
        .await
        .unwrap();
        database.migrate().await.unwrap();
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
        Vault::initialise(vault, Arc::clone(&random)).await.unwrap();
        let vault = Vault::open(vault, Arc::clone(&random)).await.unwrap();
        let clock = Arc::new(MovedClock::at(START));
        let context = Context {
            database,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            tally: Arc::new(Tally::default()),
            bell: Arc::new(Notify::new()),
        };
        Self {
            context,
            vault,
            clock,
            dir,
        }
    }

    pub fn database(&self) -> &Database {
        &self.context.database
    }

    pub async fn case(&self, id: &CaseId) -> Case {
        self.database().case(id).await.unwrap().unwrap()
    }

    pub async fn steps(&self, id: &CaseId, steps: &[Step]) -> Case {
        let now = self.clock.now_ms();
        let mut tx = self.database().begin().await.unwrap();
        let mut case = tx.case(id).await.unwrap().unwrap();
        for step in steps {
            tx.step_and_tell(
                &mut case,
                step,
                &Actor::Applicant,
                now,
                &*self.context.random,
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        case
    }

    /// A case with confirmed contacts, a media key and consent.
    pub async fn new_case(&self, sandbox: Option<SandboxOutcome>) -> Case {
        let now = self.clock.now_ms();
        let organisation = self.database().own_organisation(now).await.unwrap();
        let id = CaseId::new(now, self.context.id_bytes());
        let wrapped = self.vault.new_case(&id).await.unwrap();
        let mut tx = self.database().begin().await.unwrap();
        let mut case = tx
            .insert_case(
                NewCase {
                    number: id.as_str()[20..].to_owned(),
                    id: id.clone(),
                    organisation,
                    reference: None,
                    language: Language::Fr,
                    sandbox: sandbox.is_some(),
                    sandbox_outcome: sandbox,
                    now_ms: now,
                },
                &Actor::Applicant,
            )
            .await
            .unwrap();
        tx.insert_case_key(&id, wrapped.as_str(), now)
            .await
            .unwrap();
        case.email = Some("nobody@example.org".into());
        case.email_confirmed_at = Some(now);
        case.phone = Some("+33600000000".into());
        case.phone_confirmed_at = Some(now);
        case.consent = Some(r#"{"version":"1","biometrics":true}"#.into());
        case.declared = Some(r#"{"birth_name":"Eriksson","first_names":["Anna","Maria"]}"#.into());
        tx.step(&mut case, &Step::ContactConfirmed, &Actor::Applicant, now)
            .await
            .unwrap();
        tx.step(&mut case, &Step::IdentityDeclared, &Actor::Applicant, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        case
    }

    /// Stores a file of the case in two chunks.
    pub async fn upload(&self, case: &Case, kind: UploadKind, bytes: &[u8]) -> UploadId {
        let now = self.clock.now_ms();
        let wrapped = self.database().case_key(&case.id).await.unwrap().unwrap();
        let key = self
            .vault
            .open_case(&case.id, &wrapped.parse().unwrap())
            .await
            .unwrap();
        let id = UploadId::new(now, self.context.id_bytes());
        let challenge = if kind == UploadKind::SelfieVideo {
            Some(self.challenge(case).await)
        } else {
            None
        };
        let mut upload = Upload {
            id: id.clone(),
            case: case.id.clone(),
            attempt: case.attempt,
            kind,
            challenge,
            state: UploadState::Receiving,
            declared_size: None,
            declared_sha256: None,
            size: 0,
            sha256: None,
            capture: serde_json::json!({}),
            created_at: now,
            completed_at: None,
        };
        let mut tx = self.database().begin().await.unwrap();
        tx.insert_upload(&upload).await.unwrap();
        tx.commit().await.unwrap();
        for (number, part) in bytes.chunks(bytes.len().div_ceil(2).max(1)).enumerate() {
            let name = ObjectName::new(&case.id, &format!("{id}/{number}")).unwrap();
            self.database()
                .note_object(name.as_str(), &case.id, "chunk", now)
                .await
                .unwrap();
            self.vault
                .put_bytes(&key, &name, part.to_vec().into())
                .await
                .unwrap();
            let chunk = Chunk {
                number: i64::try_from(number).unwrap(),
                object: name.to_string(),
                size: i64::try_from(part.len()).unwrap(),
                sha256: String::new(),
                stored_at: now,
            };
            let mut tx = self.database().begin().await.unwrap();
            tx.insert_chunk(&id, &chunk).await.unwrap();
            tx.commit().await.unwrap();
        }
        upload.state = UploadState::Complete;
        upload.size = i64::try_from(bytes.len()).unwrap();
        let mut tx = self.database().begin().await.unwrap();
        tx.save_upload(&upload).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn challenge(&self, case: &Case) -> ChallengeId {
        let now = self.clock.now_ms();
        let id = ChallengeId::new(now, self.context.id_bytes());
        let mut tx = self.database().begin().await.unwrap();
        tx.draw_challenge(&idproof_database::Challenge {
            id: id.clone(),
            case: case.id.clone(),
            attempt: case.attempt,
            script: Script::draw(Asks::digits(3), Language::Fr, vec![], &mut |_| 1),
            created_at: now,
            expires_at: now + HOUR,
            voided_at: None,
            used_at: None,
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Posts a text message about the case.
    pub async fn post_sms(&self, case: &Case, template: &str, number: &str) {
        let (now, random) = (self.clock.now_ms(), &*self.context.random);
        let (data, to) = (serde_json::json!({}), number.to_owned());
        let mut tx = self.database().begin().await.unwrap();
        let posted = tx
            .post_new(case, Channel::Sms, template, to, data, now, random)
            .await;
        assert!(posted.unwrap());
        tx.commit().await.unwrap();
    }

    /// A case handed in with pictures and a recording; its job is queued.
    pub async fn submitted(&self, sandbox: Option<SandboxOutcome>) -> Case {
        let case = self.new_case(sandbox).await;
        self.hand_in(&case).await
    }

    pub async fn hand_in(&self, case: &Case) -> Case {
        self.hand_in_files(case, fakes::FRONT, fakes::VIDEO).await
    }

    pub async fn hand_in_files(&self, case: &Case, front: &[u8], video: &[u8]) -> Case {
        self.upload(case, UploadKind::DocumentFront, front).await;
        self.upload(case, UploadKind::SelfieVideo, video).await;
        let attempt = case.attempt;
        self.steps(
            &case.id,
            &[
                Step::DocumentUploaded,
                Step::VideoUploaded,
                Step::Submitted { attempt },
            ],
        )
        .await;
        let now = self.clock.now_ms();
        let mut tx = self.database().begin().await.unwrap();
        let mut case = tx.case(&case.id).await.unwrap().unwrap();
        case.submitted_at = Some(now);
        case.letter_due_at = Some(calendar().letter_due(now).unwrap());
        tx.save_case(&mut case).await.unwrap();
        self.enqueue(&mut tx, &case).await;
        tx.commit().await.unwrap();
        case
    }

    async fn enqueue(&self, tx: &mut idproof_database::Tx, case: &Case) {
        use idproof_database::{JobKind, NewJob, Priority};
        use idproof_domain::ids::JobId;
        let now = self.clock.now_ms();
        let job = NewJob {
            id: JobId::new(now, self.context.id_bytes()),
            kind: JobKind::Process,
            subject: case.id.to_string(),
            dedupe: format!("process:{}:{}", case.id, case.attempt),
            priority: Priority::NORMAL,
            run_at: now,
            now_ms: now,
        };
        assert!(tx.enqueue(&job).await.unwrap());
    }
}
