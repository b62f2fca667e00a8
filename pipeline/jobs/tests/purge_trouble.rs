//! The purge while S3 or the database fails, and after a backup was restored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{HOUR, START, World, postgres, s3_server, vault_config, vault_on_s3, worlds};
use idproof_database::{Case, Database, DatabaseConfig, Engine, Event};
use idproof_domain::case::{CaseState, Step};
use idproof_jobs::{Purge, Purged, Reconciler};
use idproof_test_support::{Fault, Postgres, Trouble};
use idproof_vault::{CaseKey, VaultError};

fn purge(world: &World) -> Purge {
    Purge::new(world.context.clone(), world.vault.clone())
}

async fn accepted(world: &World) -> Case {
    let case = world.submitted(None).await;
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
    ];
    world.steps(&case.id, &steps).await
}

async fn receipts(world: &World, case: &Case) -> Vec<Event> {
    let mut events = world.database().events_of(&case.id).await.unwrap();
    events.retain(|e| e.kind == "media_purged");
    events
}

/// Nothing is left, and one receipt says so.
async fn purged_once(world: &World, case: &Case, when: &str) {
    let left = world.vault.objects_of(&case.id).await.unwrap();
    assert!(left.is_empty(), "{when}");
    assert!(!world.vault.keyring().exists(&case.id).await.unwrap());
    let receipts = receipts(world, case).await;
    assert_eq!(receipts.len(), 1, "{when}");
    assert_eq!(receipts[0].data["objects"], 4, "{when}");
    assert_eq!(receipts[0].data["verified_gone"], true);
    let chain = world.database().verify_chain(None, |_| {}).await.unwrap();
    assert_eq!(chain.fault, None, "{when}");
}

/// PostgreSQL and S3, and the bucket's name.
async fn on_s3() -> (World, String) {
    let dir = tempfile::tempdir().unwrap();
    let bucket = s3_server().bucket();
    let config = vault_on_s3(dir.path(), &bucket);
    let url = postgres().database().await;
    (World::new(dir, url, &config).await, bucket)
}

#[tokio::test]
async fn whichever_request_to_s3_fails_the_next_run_ends_the_purge() {
    let (world, bucket) = on_s3().await;
    let mut now = START;
    for trouble in [Trouble::Answer(503), Trouble::LoseAnswer, Trouble::Break] {
        for skip in 0.. {
            world.clock.set(now);
            let cases = [accepted(&world).await, accepted(&world).await];
            now += 72 * HOUR;
            world.clock.set(now);
            let fault = Fault {
                skip,
                ..Fault::always(trouble)
            };
            s3_server().set_fault(&bucket, &fault);
            let cut = purge(&world).run().await;
            s3_server().mend(&bucket);
            if cut.is_ok() {
                assert!(skip > 5, "the purge made {skip} requests");
                break;
            }
            purge(&world).run().await.unwrap();
            for case in &cases {
                let when = format!("{trouble:?} at request {skip}");
                purged_once(&world, case, &when).await;
            }
        }
    }
}

/// Every request is counted: deleting a case's media costs fewer than it has objects.
#[tokio::test]
async fn a_purge_makes_no_more_requests_than_there_are_objects() {
    let (world, bucket) = on_s3().await;
    for _ in 0..20 {
        accepted(&world).await;
    }
    world.clock.set(START + 72 * HOUR);
    let before = s3_server().requests(&bucket).len();
    let done = purge(&world).purge().await.unwrap();
    let made = s3_server().requests(&bucket).len() - before;
    assert_eq!((done.cases, done.objects), (20, 80));
    assert!(made <= 80, "{made} requests for 80 objects");
}

#[tokio::test]
async fn a_database_that_refuses_the_receipt_gets_it_from_the_next_run() {
    for world in worlds().await {
        let case = accepted(&world).await;
        world.clock.set(START + 72 * HOUR);
        let statements = match world.database().engine() {
            Engine::Sqlite => vec![
                "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.kind = 'media_purged' \
                 BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
            ],
            Engine::Postgres => vec![
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE 'the disk is full'; END $$",
                "CREATE TRIGGER full_disk BEFORE INSERT ON events FOR EACH ROW \
                 WHEN (NEW.kind = 'media_purged') EXECUTE FUNCTION refuse()",
            ],
        };
        for sql in statements {
            execute(&world, sql).await;
        }
        assert!(purge(&world).run().await.is_err());
        assert!(receipts(&world, &case).await.is_empty());
        assert_eq!(world.case(&case.id).await.media_purged_at, None);
        execute(
            &world,
            match world.database().engine() {
                Engine::Sqlite => "DROP TRIGGER full",
                Engine::Postgres => "DROP TRIGGER full_disk ON events",
            },
        )
        .await;
        assert_eq!(purge(&world).run().await.unwrap(), 1);
        purged_once(&world, &case, "after the disk was emptied").await;
        let receipt = &receipts(&world, &case).await[0].data;
        assert_eq!(receipt["key"], "was_gone");
        assert_eq!(receipt["found_without_key"], 0);
    }
}

async fn execute(world: &World, sql: &'static str) {
    sqlx::query(sql)
        .execute(world.database().pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_database_that_crashes_in_the_midst_of_a_purge_loses_no_receipt() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().unwrap();
    let config = vault_config(dir.path());
    let world = World::new(dir, server.database().await, &config).await;
    let mut cases = vec![];
    for _ in 0..20 {
        cases.push(accepted(&world).await);
    }
    world.clock.set(START + 72 * HOUR);
    // Somebody holds one case: the others are purged, this one waits.
    let mut holder = world.database().begin().await.unwrap();
    holder.case(&cases[7].id).await.unwrap();
    let running = purge(&world);
    let running = tokio::spawn(async move { running.run().await });
    let done = async || -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE kind = 'media_purged'")
            .fetch_one(world.database().pool())
            .await
            .unwrap()
    };
    while done().await < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.down();
    assert!(running.await.unwrap().is_err());
    drop(holder);
    server.up();
    let again = purge(&world).purge().await.unwrap();
    assert!((1..=10).contains(&again.cases), "{again:?}");
    for case in &cases {
        purged_once(&world, case, "after the crash").await;
    }
}

fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status();
    assert!(status.unwrap().success());
}

/// A full copy of the database as it is now.
async fn copy_of_database(world: &World, url: &str) -> String {
    match world.database().engine() {
        Engine::Postgres => postgres().copy(url).await,
        Engine::Sqlite => {
            let file = world.dir.path().join("backup.db").display().to_string();
            let sql = format!("VACUUM INTO '{file}'");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(world.database().pool())
                .await
                .unwrap();
            format!("sqlite:{file}")
        }
    }
}

async fn open_case(world: &World, case: &Case) -> Result<CaseKey, VaultError> {
    let wrapped = world.database().case_key(&case.id).await.unwrap();
    let wrapped = wrapped.unwrap().parse().unwrap();
    world.vault.open_case(&case.id, &wrapped).await
}

/// Both are restored whole; the keyring, which is in no backup, is as it was.
#[tokio::test]
async fn a_full_backup_restored_opens_nothing_that_was_purged() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Postgres => postgres().database().await,
            Engine::Sqlite => format!("sqlite:{}", dir.path().join("idproof.db").display()),
        };
        let config = vault_config(dir.path());
        let mut world = World::new(dir, url.clone(), &config).await;
        let gone = accepted(&world).await;
        let withdrawn = world.submitted(None).await;
        let open = world.submitted(None).await;

        let backup = copy_of_database(&world, &url).await;
        let media = world.dir.path().join("media");
        let saved = world.dir.path().join("saved");
        copy(&media, &saved);

        world.steps(&withdrawn.id, &[Step::Withdrawn]).await;
        world.clock.set(START + 72 * HOUR);
        assert_eq!(purge(&world).purge().await.unwrap().cases, 2);

        // The disaster, and the restoring.
        std::fs::remove_dir_all(&media).unwrap();
        copy(&saved, &media);
        world.context.database = Database::open(&DatabaseConfig {
            url: backup,
            connections: 20,
        })
        .await
        .unwrap();

        for case in [&gone, &withdrawn] {
            let opened = open_case(&world, case).await;
            assert!(matches!(opened, Err(VaultError::KeyGone(_))));
            assert_eq!(world.vault.objects_of(&case.id).await.unwrap().len(), 4);
        }
        let key = open_case(&world, &open).await.unwrap();
        for name in world.vault.objects_of(&open.id).await.unwrap() {
            let reader = world.vault.get(&key, &name).await.unwrap();
            reader.into_bytes(1 << 20).await.unwrap();
        }

        // Withdrawn after the backup, `withdrawn` is shown as open once more: it goes all the same.
        let purge = purge(&world);
        let done = purge.purge().await.unwrap();
        let expected = Purged {
            cases: 2,
            objects: 8,
            without_key: 2,
            failed: 0,
        };
        assert_eq!(done, expected);
        for case in [&gone, &withdrawn] {
            purged_once(&world, case, "after the restore").await;
            let receipt = &receipts(&world, case).await[0].data;
            assert_eq!(receipt["key"], "was_gone");
            assert_eq!(receipt["found_without_key"], 4);
        }
        assert_eq!(purge.purge().await.unwrap(), Purged::default());
        assert_eq!(world.case(&open.id).await.state, CaseState::Submitted);
        open_case(&world, &open).await.unwrap();
    }
}

/// A keyring that is away (an unmounted disk) must not look like one whose keys were destroyed.
#[tokio::test]
async fn open_cases_are_left_alone_while_the_keyring_is_away() {
    for world in worlds().await {
        let case = world.submitted(None).await;
        let keyring = world.dir.path().join("keys");
        let aside = world.dir.path().join("aside");
        std::fs::rename(&keyring, &aside).unwrap();
        assert!(purge(&world).purge().await.is_err());
        std::fs::rename(&aside, &keyring).unwrap();
        assert_eq!(purge(&world).purge().await.unwrap(), Purged::default());
        open_case(&world, &case).await.unwrap();
    }
}
