//! An S3 server that is busy, away, forgetful or lax.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{FRAME, Place, case, name, new_case_id, pattern, pieces, random, read, server};
use idproof_test_support::{Fault, Trouble};
use idproof_vault::{
    CaseKey, Expected, KeyPlace, ObjectName, StoreConfig, Vault, VaultConfig, VaultError,
};

/// A vault with one object of some frames.
async fn vault_with_object() -> (Place, Vault, CaseKey, ObjectName) {
    let place = Place::s3();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let name = name(&key, "a");
    let plain = pattern(3 * FRAME);
    vault.put_bytes(&key, &name, plain.into()).await.unwrap();
    (place, vault, key, name)
}

fn bucket(place: &Place) -> &str {
    place.bucket.as_deref().unwrap()
}

fn small() -> Bytes {
    Bytes::from_static(b"small")
}

#[tokio::test]
async fn a_server_that_is_busy_for_a_while_is_asked_again() {
    let (place, vault, key, object) = vault_with_object().await;
    let second = name(&key, "b");
    for status in [500, 503, 429] {
        let busy = || {
            let fault = Fault {
                times: 3,
                ..Fault::always(Trouble::Answer(status))
            };
            server().set_fault(bucket(&place), &fault);
        };
        busy();
        assert_eq!(read(&vault, &key, &object).await.unwrap().len(), 3 * FRAME);
        busy();
        vault.put_bytes(&key, &second, small()).await.unwrap();
        busy();
        assert!(vault.exists(&second).await.unwrap());
        busy();
        assert_eq!(vault.objects_of(key.case()).await.unwrap().len(), 2);
        busy();
        vault.delete(&second).await.unwrap();
        busy();
        assert_eq!(vault.objects_of(key.case()).await.unwrap().len(), 1);
        busy();
        let id = new_case_id();
        let wrapped = vault.new_case(&id).await.unwrap();
        busy();
        vault.open_case(&id, &wrapped).await.unwrap();
        busy();
        assert!(vault.destroy_case(&id).await.unwrap());
    }
}

#[tokio::test]
async fn an_object_sent_in_parts_survives_a_server_that_is_busy_in_between() {
    let place = Place::s3();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let plain = pattern(20_000_000);
    for skip in 0..5 {
        let name = name(&key, &format!("a/{skip}"));
        let fault = Fault {
            skip,
            times: 1,
            ..Fault::always(Trouble::Answer(503))
        };
        server().set_fault(bucket(&place), &fault);
        vault
            .put(&key, &name, pieces(&plain), Expected::at_most(1 << 30))
            .await
            .unwrap();
        server().mend(bucket(&place));
        assert!(read(&vault, &key, &name).await.unwrap() == plain, "{skip}");
    }
}

/// The write took effect, its answer was lost, and it is tried again: nobody else was first.
#[tokio::test]
async fn a_lost_answer_is_no_second_writer() {
    let (place, vault, key, object) = vault_with_object().await;
    let lose = |skip: u32| {
        let fault = Fault {
            method: "PUT",
            skip,
            times: 1,
            trouble: Trouble::LoseAnswer,
        };
        server().set_fault(bucket(&place), &fault);
    };
    lose(0);
    let second = name(&key, "b");
    vault.put_bytes(&key, &second, small()).await.unwrap();
    assert_eq!(read(&vault, &key, &second).await.unwrap(), b"small");
    lose(0);
    let taken = vault.put_bytes(&key, &object, small()).await;
    assert!(matches!(taken, Err(VaultError::Exists(_))), "{taken:?}");
    lose(0);
    let id = new_case_id();
    let wrapped = vault.new_case(&id).await.unwrap();
    vault.open_case(&id, &wrapped).await.unwrap();
    lose(0);
    let again = vault.new_case(&id).await;
    assert!(matches!(again, Err(VaultError::KeyExists(_))), "{again:?}");
    vault.open_case(&id, &wrapped).await.unwrap();
}

#[tokio::test]
async fn the_lost_answer_to_the_last_part_is_no_second_writer() {
    let (place, vault, key, _) = vault_with_object().await;
    let plain = pattern(20_000_000);
    let name = name(&key, "b");
    let fault = Fault {
        method: "POST",
        skip: 1,
        times: 1,
        trouble: Trouble::LoseAnswer,
    };
    server().set_fault(bucket(&place), &fault);
    vault
        .put(&key, &name, pieces(&plain), Expected::at_most(1 << 30))
        .await
        .unwrap();
    assert!(read(&vault, &key, &name).await.unwrap() == plain);
}

#[tokio::test]
async fn a_server_that_stays_busy_breaks_off_or_hangs_is_a_passing_trouble() {
    let (place, vault, key, object) = vault_with_object().await;
    let mut hasty = place.config();
    for s3 in configs(&mut hasty) {
        s3.timeout_s = 1;
        s3.attempts = 2;
    }
    let hasty = place.open(&hasty).await.unwrap();
    for (trouble, vault) in [
        (Trouble::Answer(503), &vault),
        (Trouble::Answer(500), &vault),
        (Trouble::Break, &vault),
        (Trouble::Hang, &hasty),
    ] {
        server().set_fault(bucket(&place), &Fault::always(trouble));
        let put = vault.put_bytes(&key, &name(&key, "b"), small()).await;
        assert!(put.unwrap_err().is_transient(), "{trouble:?}");
        let got = read(vault, &key, &object).await;
        assert!(got.unwrap_err().is_transient(), "{trouble:?}");
        let gone = vault.delete(&object).await;
        assert!(gone.unwrap_err().is_transient(), "{trouble:?}");
        let gone = vault.delete_many(&[object.clone(), name(&key, "b")]).await;
        assert!(gone.unwrap_err().is_transient(), "{trouble:?}");
        let listed = vault.objects_of(key.case()).await;
        assert!(listed.unwrap_err().is_transient(), "{trouble:?}");
        let known = vault.keyring().exists(key.case()).await;
        assert!(known.unwrap_err().is_transient(), "{trouble:?}");
        server().mend(bucket(&place));
        assert_eq!(read(vault, &key, &object).await.unwrap().len(), 3 * FRAME);
        assert_eq!(vault.objects_of(key.case()).await.unwrap().len(), 1);
    }
}

fn configs(config: &mut VaultConfig) -> Vec<&mut idproof_vault::S3Config> {
    let mut found = vec![];
    if let StoreConfig::S3(s3) = &mut config.store {
        found.push(s3);
    }
    if let KeyPlace::S3(s3) = &mut config.keys.place {
        found.push(s3);
    }
    found
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_passing_trouble() {
    let place = Place::s3();
    place.vault().await;
    let mut config = place.config();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    for s3 in configs(&mut config) {
        s3.endpoint = format!("http://{address}");
        s3.attempts = 2;
    }
    let opened = place.open(&config).await.unwrap_err();
    assert!(opened.is_transient(), "{opened}");
    assert!(opened.to_string().contains("cannot be reached"), "{opened}");
}

#[tokio::test]
async fn what_waiting_does_not_mend_is_not_tried_again() {
    let (place, vault, key, object) = vault_with_object().await;
    let before = server().requests(bucket(&place)).len();
    server().set_fault(bucket(&place), &Fault::always(Trouble::Answer(403)));
    let refused = read(&vault, &key, &object).await.unwrap_err();
    assert!(!refused.is_transient(), "{refused}");
    assert!(
        refused.to_string().contains("403 AccessDenied"),
        "{refused}"
    );
    assert_eq!(server().requests(bucket(&place)).len() - before, 1);
}

#[tokio::test]
async fn a_missing_bucket_is_not_taken_for_missing_objects() {
    let place = Place {
        bucket: Some("nobody-made-this".into()),
        ..Place::local()
    };
    let made = Vault::initialise(&place.config(), random()).await;
    assert!(matches!(made, Err(VaultError::Store(_))), "{made:?}");
    let other = Place::s3();
    let mut config = other.config();
    Vault::initialise(&config, random()).await.unwrap();
    if let StoreConfig::S3(s3) = &mut config.store {
        s3.bucket = "nobody-made-this".into();
    }
    let vault = place.open(&config).await.unwrap();
    let key = case(&vault).await;
    let object = name(&key, "a");
    assert!(matches!(
        vault.exists(&object).await,
        Err(VaultError::Store(_))
    ));
    let got = vault.get(&key, &object).await;
    assert!(matches!(got, Err(VaultError::Store(_))), "{got:?}");
    assert!(vault.delete(&object).await.is_err());
    assert!(vault.objects_of(key.case()).await.is_err());
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_takes_no_keys() {
    let place = Place::s3();
    server().keep_versions(bucket(&place));
    let made = Vault::initialise(&place.config(), random()).await;
    assert!(matches!(made, Err(VaultError::VersionedKeys)), "{made:?}");
    // One that keeps them since.
    let place = Place::s3();
    let vault = place.vault().await;
    let id = new_case_id();
    vault.new_case(&id).await.unwrap();
    server().keep_versions(bucket(&place));
    let made = vault.new_case(&new_case_id()).await;
    assert!(matches!(made, Err(VaultError::VersionedKeys)), "{made:?}");
    let gone = vault.destroy_case(&id).await;
    assert!(matches!(gone, Err(VaultError::VersionedKeys)), "{gone:?}");
}

#[tokio::test]
async fn a_server_that_forgets_conditions_takes_no_keyring_and_no_rotation() {
    let place = Place::s3();
    let lax = Fault::always(Trouble::ForgetConditions);
    server().set_fault(bucket(&place), &lax);
    let made = Vault::initialise(&place.config(), random()).await;
    assert!(
        matches!(made, Err(VaultError::UnconditionalKeys)),
        "{made:?}"
    );
    assert!(place.names_below("keys/").is_empty());
    // One that forgets them since.
    server().mend(bucket(&place));
    let vault = place.vault().await;
    case(&vault).await;
    let before = place.entry(None);
    server().set_fault(bucket(&place), &lax);
    let next = idproof_vault::RootKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let turned = vault.keyring().rotate_root(next.unwrap()).await;
    assert!(
        matches!(turned, Err(VaultError::UnconditionalKeys)),
        "{turned:?}"
    );
    assert_eq!(place.entry(None), before);
    assert_eq!(place.names_below("keys/").len(), 2, "no probe is left");
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_found_out() {
    let (place, vault, key, object) = vault_with_object().await;
    server().set_fault(bucket(&place), &Fault::always(Trouble::IgnoreRanges));
    let got = vault.get(&key, &object).await;
    assert!(matches!(got, Err(VaultError::Store(_))), "{got:?}");
}

/// A process that was killed in the midst of an upload in parts.
#[tokio::test]
async fn parts_that_a_killed_process_left_are_swept_away() {
    let place = Place::s3();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let fault = Fault {
        method: "PUT",
        skip: 1,
        ..Fault::always(Trouble::Break)
    };
    server().set_fault(bucket(&place), &fault);
    let plain = pattern(20_000_000);
    let put = vault
        .put(
            &key,
            &name(&key, "a"),
            pieces(&plain),
            Expected::at_most(1 << 30),
        )
        .await;
    assert!(put.unwrap_err().is_transient());
    server().mend(bucket(&place));
    server().begin_parts(bucket(&place), "media/left");
    server().begin_parts(bucket(&place), "others/left");
    let far = 4_102_444_800_000;
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(vault.sweep_unfinished(0, day).await.unwrap(), 0);
    assert!(vault.sweep_unfinished(far, day).await.unwrap() >= 1);
    assert_eq!(vault.sweep_unfinished(far, day).await.unwrap(), 0);
    assert_eq!(server().unfinished(bucket(&place)), ["others/left"]);
}
