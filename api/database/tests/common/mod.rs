#![allow(dead_code, reason = "each test program uses a part")]

use std::sync::OnceLock;

use idproof_database::{Database, DatabaseConfig, NewCase, Role, Staff};
use idproof_domain::Language;
use idproof_domain::ids::{CaseId, OrganisationId, StaffId};
use idproof_ports::Random;
use idproof_test_support::{Postgres, SeededRandom};

/// A fresh database on each engine.
pub async fn engines() -> Vec<(Database, Option<tempfile::TempDir>)> {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    let dir = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", dir.path().join("idproof.db").display());
    let postgres = SERVER.get_or_init(Postgres::start).database().await;
    vec![
        (open(sqlite).await, Some(dir)),
        (open(postgres).await, None),
    ]
}

pub async fn open(url: String) -> Database {
    let config = DatabaseConfig {
        url,
        connections: 20,
    };
    let database = Database::open(&config).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// Unlike ones with every call.
pub fn bytes() -> [u8; 10] {
    static RANDOM: OnceLock<SeededRandom> = OnceLock::new();
    let mut bytes = [0; 10];
    RANDOM.get_or_init(|| SeededRandom::new(1)).fill(&mut bytes);
    bytes
}

pub async fn organisation(database: &Database) -> OrganisationId {
    let id = OrganisationId::new(0, bytes());
    sqlx::query(
        "INSERT INTO organisations (id, name, settings, created_at) VALUES ($1, 'Test', '{}', 0)",
    )
    .bind(id.as_str())
    .execute(database.pool())
    .await
    .unwrap();
    id
}

pub fn new_case(organisation: &OrganisationId, now_ms: i64) -> NewCase {
    let id = CaseId::new(now_ms, bytes());
    NewCase {
        number: id.as_str()[20..].to_owned(),
        id,
        organisation: organisation.clone(),
        reference: None,
        language: Language::Fr,
        sandbox: false,
        sandbox_outcome: None,
        now_ms,
    }
}

/// An account that signs in nowhere.
pub async fn staff(database: &Database, name: &str, role: Role) -> Staff {
    let staff = Staff {
        id: StaffId::new(1, bytes()),
        name: name.to_owned(),
        display_name: name.to_owned(),
        roles: vec![role],
        password: None,
        password_temporary: false,
        totp: None,
        totp_offered: None,
        totp_step: 0,
        oidc_subject: None,
        wrong_count: 0,
        locked_until: None,
        created_at: 1,
        issued_by: "system".into(),
        disabled_at: None,
        last_sign_in_at: None,
    };
    let mut tx = database.begin().await.unwrap();
    tx.insert_staff(&staff).await.unwrap();
    tx.commit().await.unwrap();
    staff
}
