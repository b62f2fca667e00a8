//! The keyring is made once, is never taken for empty while it is away, and what it destroyed
//! stays destroyed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{Place, case, name, new_case_id, places, random, read, server};
use idproof_vault::{Initialised, Purpose, Vault, VaultError, WrappedKey};

#[tokio::test]
async fn initialising_twice_changes_nothing() {
    for place in places() {
        let config = place.config();
        let first = Vault::initialise(&config, random()).await.unwrap();
        let made = Initialised {
            root_key: true,
            keyring: true,
        };
        assert_eq!(first, made);
        let vault = place.open(&config).await.unwrap();
        let key = case(&vault).await;
        let object = name(&key, "a");
        vault
            .put_bytes(&key, &object, b"x".to_vec().into())
            .await
            .unwrap();
        let mac = vault.secrets().hmac(Purpose::Codes, &[b"a"]).unwrap();

        let second = Vault::initialise(&config, random()).await.unwrap();
        let nothing = Initialised {
            root_key: false,
            keyring: false,
        };
        assert_eq!(second, nothing);
        let vault = place.open(&config).await.unwrap();
        assert_eq!(read(&vault, &key, &object).await.unwrap(), b"x");
        assert_eq!(vault.secrets().hmac(Purpose::Codes, &[b"a"]).unwrap(), mac);
    }
}

#[tokio::test]
async fn of_many_that_initialise_at_once_one_makes_the_keyring() {
    for place in places() {
        let config = place.config();
        let all = futures_util::future::join_all(
            (0..8).map(|_| async { Vault::initialise(&config, random()).await.unwrap() }),
        )
        .await;
        assert_eq!(all.iter().filter(|done| done.keyring).count(), 1);
        assert_eq!(all.iter().filter(|done| done.root_key).count(), 1);
        place.open(&config).await.unwrap();
    }
}

/// Beside a database in use, opening never makes a new keyring in the place of the lost one.
#[tokio::test]
async fn a_missing_keyring_is_an_error_and_no_new_one_is_made() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let wrapped = vault.new_case(&new_case_id()).await.unwrap();
        let config = place.config();
        match &place.bucket {
            None => std::fs::rename(place.path("keys"), place.path("away")).unwrap(),
            Some(bucket) => server().remove_object(bucket, "keys/secrets"),
        }
        let opened = place.open(&config).await;
        assert!(
            matches!(opened, Err(VaultError::NoKeyring(_))),
            "{opened:?}"
        );
        assert!(place.names_below("keys/secrets").is_empty());
        if place.bucket.is_none() {
            // Nor does a vault that is already open take an empty mount point for destroyed keys.
            let gone = vault.open_case(key.case(), &wrapped).await;
            assert!(matches!(gone, Err(VaultError::NoKeyring(_))), "{gone:?}");
            let gone = vault.destroy_case(key.case()).await;
            assert!(matches!(gone, Err(VaultError::NoKeyring(_))), "{gone:?}");
        }
    }
}

#[tokio::test]
async fn a_keyring_whose_root_key_is_lost_is_an_error_and_no_new_one_is_made() {
    for place in places() {
        place.vault().await;
        let config = place.config();
        std::fs::remove_file(place.path("root.key")).unwrap();
        let done = Vault::initialise(&config, random()).await.unwrap();
        assert!(!done.root_key && !done.keyring);
        assert!(!place.path("root.key").exists());
        let opened = place.open(&config).await;
        assert!(matches!(opened, Err(VaultError::Root(_))), "{opened:?}");
    }
}

#[tokio::test]
async fn media_that_are_away_are_not_taken_for_deleted() {
    let place = Place::local();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let object = name(&key, "a");
    vault
        .put_bytes(&key, &object, b"x".to_vec().into())
        .await
        .unwrap();
    std::fs::rename(place.path("media"), place.path("away")).unwrap();
    assert!(vault.exists(&object).await.unwrap_err().is_transient());
    assert!(vault.delete(&object).await.unwrap_err().is_transient());
    let listed = vault.objects_of(key.case()).await;
    assert!(listed.unwrap_err().is_transient());
    let got = vault.get(&key, &object).await;
    assert!(got.unwrap_err().is_transient());
    std::fs::rename(place.path("away"), place.path("media")).unwrap();
    assert_eq!(read(&vault, &key, &object).await.unwrap(), b"x");
}

#[tokio::test]
async fn a_case_has_one_key_and_each_case_its_own() {
    for place in places() {
        let vault = place.vault().await;
        let (one, two) = (new_case_id(), new_case_id());
        let first = vault.new_case(&one).await.unwrap();
        let second = vault.new_case(&two).await.unwrap();
        let again = vault.new_case(&one).await;
        assert!(matches!(again, Err(VaultError::KeyExists(id)) if id == one));
        vault.open_case(&one, &first).await.unwrap();
        let crossed = vault.open_case(&one, &second).await;
        assert!(matches!(crossed, Err(VaultError::WrappedKey(id)) if id == one));
        for text in ["", "x", "AAAA", &first.as_str()[1..]] {
            let broken: WrappedKey = text.parse().unwrap();
            let refused = vault.open_case(&one, &broken).await;
            assert!(matches!(refused, Err(VaultError::WrappedKey(_))), "{text}");
        }
        // An entry laid where another case's lies.
        place.overwrite_entry(&two, &place.entry(Some(&one)));
        let refused = vault.open_case(&two, &second).await;
        assert!(matches!(refused, Err(VaultError::EntryDamaged(id)) if id == two.as_str()));
        for text in [&b""[..], b"idproof-key 2 00 AAAA", &[0xff; 20]] {
            place.overwrite_entry(&two, text);
            let refused = vault.open_case(&two, &second).await;
            assert!(matches!(refused, Err(VaultError::EntryDamaged(_))));
        }
    }
}

#[tokio::test]
async fn a_destroyed_key_is_final_for_whoever_holds_a_full_copy() {
    for place in places() {
        let vault = place.vault().await;
        let id = new_case_id();
        let wrapped = vault.new_case(&id).await.unwrap();
        let key = vault.open_case(&id, &wrapped).await.unwrap();
        let object = name(&key, "upl_1/0");
        vault
            .put_bytes(&key, &object, b"a face".to_vec().into())
            .await
            .unwrap();
        // The backup: the row that holds the wrapped key, and the media.
        let row = wrapped.as_str().to_owned();
        let media = place.stored(&object);
        drop(key);

        assert!(vault.destroy_case(&id).await.unwrap());
        vault.delete(&object).await.unwrap();
        assert!(!vault.destroy_case(&id).await.unwrap());
        assert!(!vault.keyring().exists(&id).await.unwrap());
        let kept = place.names_below("keys/");
        assert!(
            !kept.iter().any(|name| name.contains(id.as_str())),
            "{kept:?}"
        );

        // The backup is restored, beside the same root key, into a process of its own.
        place.overwrite(&object, &media);
        let vault = place.open(&place.config()).await.unwrap();
        let opened = vault.open_case(&id, &row.parse().unwrap()).await;
        assert!(matches!(opened, Err(VaultError::KeyGone(gone)) if gone == id));
        // Neither a new key for the case nor another case's brings it back.
        let anew = vault.new_case(&id).await.unwrap();
        let opened = vault.open_case(&id, &row.parse().unwrap()).await;
        assert!(matches!(opened, Err(VaultError::WrappedKey(_))));
        let key = vault.open_case(&id, &anew).await.unwrap();
        let refused = read(&vault, &key, &object).await;
        assert!(
            matches!(refused, Err(VaultError::Damaged { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_destroyed_by_one_process_is_gone_for_all() {
    for place in places() {
        let vault = place.vault().await;
        let other = place.open(&place.config()).await.unwrap();
        let id = new_case_id();
        let wrapped = vault.new_case(&id).await.unwrap();
        other.open_case(&id, &wrapped).await.unwrap();
        vault.destroy_case(&id).await.unwrap();
        let opened = other.open_case(&id, &wrapped).await;
        assert!(matches!(opened, Err(VaultError::KeyGone(_))));
    }
}

/// A rotation killed between writing the new text and renaming it leaves a copy of the entry.
#[tokio::test]
async fn a_copy_that_a_killed_rotation_left_is_found_and_destroyed_too() {
    let place = Place::local();
    let vault = place.vault().await;
    let id = new_case_id();
    vault.new_case(&id).await.unwrap();
    let copy = place.key_file(&id).with_extension("new");
    std::fs::copy(place.key_file(&id), &copy).unwrap();
    assert!(vault.destroy_case(&id).await.unwrap());
    assert!(!copy.exists());
    // Also where only the copy is left, which no read finds but the listing shows.
    std::fs::write(&copy, b"left").unwrap();
    let listed = vault.keyring().cases().next().await.unwrap();
    assert_eq!(listed, Some(vec![id.clone()]));
    assert!(vault.destroy_case(&id).await.unwrap());
    assert!(!copy.exists());
}

#[tokio::test]
async fn every_case_with_a_key_is_listed_once() {
    for place in places() {
        let vault = place.vault().await;
        let mut made = vec![];
        for _ in 0..40 {
            let id = new_case_id();
            vault.new_case(&id).await.unwrap();
            made.push(id);
        }
        let gone = made.pop().unwrap();
        vault.destroy_case(&gone).await.unwrap();
        let mut listed = vec![];
        let mut pages = vault.keyring().cases();
        while let Some(page) = pages.next().await.unwrap() {
            listed.extend(page);
        }
        assert_eq!(pages.next().await.unwrap(), None);
        listed.sort();
        made.sort();
        assert_eq!(listed, made);
    }
}
