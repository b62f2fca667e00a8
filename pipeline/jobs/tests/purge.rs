//! Media are deleted in time, provably, and stay deleted; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{HOUR, START, World, worlds};
use idproof_database::{Case, Event};
use idproof_domain::case::{CaseState, Step};
use idproof_jobs::{Idle, Purge, Purged, Reconciler, Tidy};
use idproof_vault::{ObjectName, VaultError};

fn purge(world: &World) -> Purge {
    Purge::new(world.context.clone(), world.vault.clone())
}

/// A case with media that was accepted at the beginning.
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

async fn stored(world: &World, case: &Case) -> usize {
    world.vault.objects_of(&case.id).await.unwrap().len()
}

fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn media_go_at_72_hours_and_not_before() {
    for world in worlds().await {
        let case = accepted(&world).await;
        assert_eq!(stored(&world, &case).await, 4);
        world.clock.set(START + 72 * HOUR - 1);
        assert_eq!(purge(&world).purge().await.unwrap(), Purged::default());
        assert_eq!(stored(&world, &case).await, 4);
        world.clock.set(START + 72 * HOUR);
        let done = purge(&world).purge().await.unwrap();
        assert_eq!((done.cases, done.objects, done.without_key), (1, 4, 0));
        assert_eq!(stored(&world, &case).await, 0);
        assert!(!world.vault.keyring().exists(&case.id).await.unwrap());
        let read = world.case(&case.id).await;
        assert_eq!(read.media_purged_at, Some(START + 72 * HOUR));
        assert_eq!(read.state, CaseState::Accepted);
        assert!(read.email.is_some(), "the letter still has to reach them");
        assert_eq!(world.database().case_key(&case.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_receipt_says_what_was_deleted_and_holds_none_of_it() {
    for world in worlds().await {
        let case = accepted(&world).await;
        world.clock.set(START + 72 * HOUR + 5);
        purge(&world).purge().await.unwrap();
        let receipts = receipts(&world, &case).await;
        assert_eq!(receipts.len(), 1);
        let data = &receipts[0].data;
        assert_eq!(receipts[0].at, START + 72 * HOUR + 5);
        assert_eq!(data["objects"], 4);
        assert_eq!(data["due_at"], START + 72 * HOUR);
        assert_eq!(data["key"], "destroyed");
        assert_eq!(data["names_sha256"].as_str().unwrap().len(), 64);
        assert!(!data.to_string().contains("upl_"));
        let chain = world.database().verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(chain.fault, None);
    }
}

#[tokio::test]
async fn a_case_that_is_over_loses_its_media_at_once_and_its_person_too() {
    for world in worlds().await {
        let case = world.submitted(None).await;
        world.steps(&case.id, &[Step::Withdrawn]).await;
        assert_eq!(purge(&world).purge().await.unwrap().cases, 1);
        let read = world.case(&case.id).await;
        assert_eq!((read.email, read.phone, read.declared), (None, None, None));
        assert_eq!(stored(&world, &case).await, 0);
    }
}

#[tokio::test]
async fn a_case_that_ends_after_its_media_went_loses_its_person_then() {
    for world in worlds().await {
        let ended = accepted(&world).await;
        let open = accepted(&world).await;
        world.clock.set(START + 72 * HOUR);
        assert_eq!(purge(&world).run().await.unwrap(), 2);
        let steps = [Step::LetterSent, Step::LetterReturned { claimed: false }];
        world.steps(&ended.id, &steps).await;
        assert_eq!(purge(&world).run().await.unwrap(), 1);
        assert_eq!(purge(&world).run().await.unwrap(), 0);
        let read = world.case(&ended.id).await;
        assert_eq!(read.state, CaseState::Expired);
        assert_eq!((read.email, read.phone, read.declared), (None, None, None));
        assert!(world.case(&open.id).await.email.is_some());
        assert_eq!(receipts(&world, &ended).await.len(), 1);
    }
}

#[tokio::test]
async fn an_abandoned_case_ends_at_72_hours_and_its_media_go() {
    for world in worlds().await {
        let case = world.new_case(None).await;
        let kind = idproof_database::UploadKind::DocumentFront;
        world.upload(&case, kind, b"front").await;
        let idle = Idle::new(world.context.clone(), Duration::from_secs(72 * 3600));
        world.clock.set(START + 72 * HOUR - 1);
        assert_eq!(idle.run().await.unwrap(), 0);
        world.clock.set(START + 72 * HOUR);
        assert_eq!(idle.run().await.unwrap(), 1);
        assert_eq!(idle.run().await.unwrap(), 0);
        assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
        purge(&world).run().await.unwrap();
        assert_eq!(stored(&world, &case).await, 0);
    }
}

#[tokio::test]
async fn a_case_in_review_keeps_its_media_however_long_it_takes() {
    for world in worlds().await {
        let case = world.submitted(None).await;
        let steps = [
            Step::ProcessingStarted { attempt: 1 },
            Step::SentToReview { reasons: vec![] },
        ];
        world.steps(&case.id, &steps).await;
        world.clock.set(START + 500 * HOUR);
        let idle = Idle::new(world.context.clone(), Duration::from_secs(72 * 3600));
        assert_eq!(idle.run().await.unwrap(), 0);
        assert_eq!(purge(&world).purge().await.unwrap().cases, 0);
        assert_eq!(stored(&world, &case).await, 4);
    }
}

#[tokio::test]
async fn objects_that_the_database_never_heard_of_go_too() {
    for world in worlds().await {
        let case = accepted(&world).await;
        let wrapped = world.database().case_key(&case.id).await.unwrap().unwrap();
        let key = world
            .vault
            .open_case(&case.id, &wrapped.parse().unwrap())
            .await
            .unwrap();
        let name = ObjectName::new(&case.id, "unheard/0").unwrap();
        world
            .vault
            .put_bytes(&key, &name, b"a face".to_vec().into())
            .await
            .unwrap();
        world.clock.set(START + 72 * HOUR);
        let done = purge(&world).purge().await.unwrap();
        assert_eq!(done.objects, 5);
        assert_eq!(receipts(&world, &case).await[0].data["unlisted"], 1);
        assert_eq!(stored(&world, &case).await, 0);
    }
}

#[tokio::test]
async fn a_purge_cut_short_is_ended_by_the_next() {
    for world in worlds().await {
        let case = accepted(&world).await;
        world.clock.set(START + 72 * HOUR);
        // The first run died after it had destroyed the key and deleted one object.
        world.vault.destroy_case(&case.id).await.unwrap();
        let objects = world.vault.objects_of(&case.id).await.unwrap();
        world.vault.delete(&objects[0]).await.unwrap();
        let done = purge(&world).purge().await.unwrap();
        assert_eq!((done.cases, done.without_key), (1, 1));
        let receipt = &receipts(&world, &case).await[0];
        assert_eq!(receipt.data["key"], "was_gone");
        assert_eq!(receipt.data["found_without_key"], 3);
        assert_eq!(stored(&world, &case).await, 0);
    }
}

#[tokio::test]
async fn a_store_that_is_away_leaves_the_case_due_and_without_a_receipt() {
    for world in worlds().await {
        let case = accepted(&world).await;
        world.clock.set(START + 72 * HOUR);
        let (media, away) = (
            world.dir.path().join("media"),
            world.dir.path().join("away"),
        );
        std::fs::rename(&media, &away).unwrap();
        assert!(purge(&world).run().await.is_err());
        assert!(receipts(&world, &case).await.is_empty());
        assert_eq!(world.case(&case.id).await.media_purged_at, None);
        std::fs::rename(&away, &media).unwrap();
        assert_eq!(purge(&world).run().await.unwrap(), 1);
        assert_eq!(receipts(&world, &case).await.len(), 1);
    }
}

#[tokio::test]
async fn two_purges_at_once_write_one_receipt_a_case() {
    for world in worlds().await {
        let mut cases = Vec::new();
        for _ in 0..6 {
            cases.push(accepted(&world).await);
        }
        world.clock.set(START + 72 * HOUR);
        let (one, two) = (purge(&world), purge(&world));
        let (one, two) = tokio::join!(one.purge(), two.purge());
        assert_eq!(one.unwrap().cases + two.unwrap().cases, 6);
        for case in &cases {
            assert_eq!(receipts(&world, case).await.len(), 1);
            assert_eq!(stored(&world, case).await, 0);
        }
    }
}

#[tokio::test]
async fn a_clock_set_back_deletes_nothing_early_and_nothing_twice() {
    for world in worlds().await {
        let early = accepted(&world).await;
        world.clock.set(START + HOUR);
        let late = accepted(&world).await;
        world.clock.set(START + 72 * HOUR);
        assert_eq!(purge(&world).purge().await.unwrap().cases, 1);
        world.clock.move_ms(-HOUR);
        assert_eq!(purge(&world).purge().await.unwrap().cases, 0);
        assert_eq!(receipts(&world, &early).await.len(), 1);
        assert_eq!(stored(&world, &late).await, 4);
        world.clock.set(START + 73 * HOUR);
        assert_eq!(purge(&world).purge().await.unwrap().cases, 1);
    }
}

/// The database's rows and the media come back from a backup; the keyring, which is in none, does not.
#[tokio::test]
async fn a_restored_backup_is_unreadable_and_the_next_purge_says_what_it_found() {
    for world in worlds().await {
        let case = accepted(&world).await;
        let media = world.dir.path().join("media");
        let backup = world.dir.path().join("backup");
        copy(&media, &backup);
        let wrapped = world.database().case_key(&case.id).await.unwrap().unwrap();
        let names = world.database().objects_of(&case.id).await.unwrap();
        world.clock.set(START + 72 * HOUR);
        purge(&world).purge().await.unwrap();

        std::fs::remove_dir_all(&media).unwrap();
        copy(&backup, &media);
        let mut restored = world.case(&case.id).await;
        restored.media_purged_at = None;
        let now = START + 80 * HOUR;
        world.clock.set(now);
        let mut tx = world.database().begin().await.unwrap();
        tx.save_case(&mut restored).await.unwrap();
        tx.insert_case_key(&case.id, &wrapped, 0).await.unwrap();
        sqlx::query("UPDATE objects SET deleted_at = NULL")
            .execute(tx.connection())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        assert_eq!(stored(&world, &case).await, names.len());
        let opened = world
            .vault
            .open_case(&case.id, &wrapped.parse().unwrap())
            .await;
        assert!(matches!(opened, Err(VaultError::KeyGone(_))));

        let done = purge(&world).purge().await.unwrap();
        assert_eq!((done.cases, done.without_key), (1, 1));
        let receipts = receipts(&world, &case).await;
        let again = &receipts[1].data;
        assert_eq!(again["key"], "was_gone");
        assert_eq!(again["found_without_key"], 4);
        assert_eq!(stored(&world, &case).await, 0);
    }
}

#[tokio::test]
async fn what_a_discarded_upload_left_is_tidied_away() {
    for world in worlds().await {
        let case = world.new_case(None).await;
        let kind = idproof_database::UploadKind::DocumentFront;
        let kept = world.upload(&case, kind, b"kept").await;
        let thrown = world.upload(&case, kind, b"thrown").await;
        let mut tx = world.database().begin().await.unwrap();
        let mut upload = tx.upload(&thrown).await.unwrap().unwrap();
        upload.state = idproof_database::UploadState::Discarded;
        tx.save_upload(&upload).await.unwrap();
        tx.commit().await.unwrap();
        let tidy = Tidy::new(world.context.clone(), world.vault.clone());
        world.clock.move_ms(3 * HOUR);
        assert_eq!(tidy.run().await.unwrap(), 2);
        let left = world.vault.objects_of(&case.id).await.unwrap();
        assert!(left.iter().all(|n| n.rest().starts_with(kept.as_str())));
        assert_eq!(left.len(), 2);
    }
}
