//! Whatever was done to a stored object is found, and the object named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{FRAME, HEADER, Place, SEALED, case, name, pattern, pieces, places, read};
use idproof_vault::{CaseKey, Damage, Expected, ObjectName, Vault, VaultError};

const SIZE: usize = 4 * FRAME + 100;

async fn stored(place: &Place, vault: &Vault) -> (CaseKey, ObjectName, Vec<u8>) {
    let key = case(vault).await;
    let name = name(&key, "a");
    let plain = pattern(SIZE);
    vault
        .put(&key, &name, pieces(&plain), Expected::at_most(1 << 30))
        .await
        .unwrap();
    let bytes = place.stored(&name);
    assert_eq!(bytes.len(), HEADER + 4 * SEALED + 116);
    (key, name, bytes)
}

/// The damage that reading finds; the object it names is the right one.
async fn found(vault: &Vault, key: &CaseKey, name: &ObjectName) -> Damage {
    match read(vault, key, name).await {
        Err(VaultError::Damaged { name: n, damage }) if n == *name => damage,
        other => panic!("{:?}", other.map(|plain| plain.len())),
    }
}

fn frame(bytes: &[u8], index: usize) -> Vec<u8> {
    bytes[HEADER + index * SEALED..HEADER + (index + 1) * SEALED].to_vec()
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_found() {
    for place in places() {
        let vault = place.vault().await;
        let (key, name, bytes) = stored(&place, &vault).await;
        let cases = [
            (0, Damage::NotAnObject),
            (3, Damage::NotAnObject),
            (4, Damage::Version(0)),
            (5, Damage::OtherObject),
            (HEADER - 1, Damage::OtherObject),
            (HEADER, Damage::Frame(0)),
            (HEADER + SEALED - 1, Damage::Frame(0)),
            (HEADER + SEALED, Damage::Frame(1)),
            (HEADER + 3 * SEALED + 5, Damage::Frame(3)),
            (HEADER + 4 * SEALED, Damage::LastFrame),
            (bytes.len() - 1, Damage::LastFrame),
        ];
        for (at, damage) in cases {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            place.overwrite(&name, &altered);
            assert_eq!(found(&vault, &key, &name).await, damage, "byte {at}");
        }
        place.overwrite(&name, &bytes);
        assert!(read(&vault, &key, &name).await.unwrap() == pattern(SIZE));
    }
}

#[tokio::test]
async fn an_object_cut_off_anywhere_is_found() {
    for place in places() {
        let vault = place.vault().await;
        let (key, name, bytes) = stored(&place, &vault).await;
        let cases = [
            (0, Damage::Truncated),
            (HEADER - 1, Damage::Truncated),
            (HEADER, Damage::Truncated),
            (HEADER + 15, Damage::Truncated),
            (HEADER + 16, Damage::LastFrame),
            (HEADER + SEALED - 1, Damage::LastFrame),
            // Exactly behind a frame: it opens, but not as the last.
            (HEADER + SEALED, Damage::Truncated),
            (HEADER + SEALED + 16, Damage::Truncated),
            (HEADER + 2 * SEALED, Damage::Truncated),
            (HEADER + 4 * SEALED, Damage::Truncated),
            (bytes.len() - 1, Damage::LastFrame),
        ];
        for (length, damage) in cases {
            place.overwrite(&name, &bytes[..length]);
            assert_eq!(found(&vault, &key, &name).await, damage, "{length} bytes");
        }
    }
}

#[tokio::test]
async fn whatever_is_added_moved_or_repeated_is_found() {
    for place in places() {
        let vault = place.vault().await;
        let (key, name, bytes) = stored(&place, &vault).await;
        let tail = &bytes[HEADER + 4 * SEALED..];
        let join = |order: &[usize], rest: &[u8]| {
            let mut all = bytes[..HEADER].to_vec();
            order.iter().for_each(|i| all.extend(frame(&bytes, *i)));
            all.extend_from_slice(rest);
            all
        };
        let appended = |more: &[u8]| [&bytes, more].concat();
        let filled = SEALED - tail.len();
        let cases = [
            ("one byte appended", appended(b"x"), Damage::LastFrame),
            ("two swapped", join(&[0, 2, 1, 3], tail), Damage::Frame(1)),
            ("one left out", join(&[0, 1, 3], tail), Damage::Frame(2)),
            (
                "the first left out",
                join(&[1, 2, 3], tail),
                Damage::Frame(0),
            ),
            (
                "one repeated",
                join(&[0, 0, 1, 2, 3], tail),
                Damage::Frame(1),
            ),
            (
                "the last left out",
                join(&[0, 1, 2, 3], b""),
                Damage::Truncated,
            ),
            (
                "the last frame filled and a frame appended",
                appended(&vec![0; filled + 30]),
                Damage::Frame(4),
            ),
        ];
        for (what, altered, damage) in cases {
            place.overwrite(&name, &altered);
            assert_eq!(found(&vault, &key, &name).await, damage, "{what}");
        }
    }
}

#[tokio::test]
async fn a_frame_behind_a_full_last_one_is_found() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        vault
            .put_bytes(&key, &name, pattern(2 * FRAME).into())
            .await
            .unwrap();
        let mut longer = place.stored(&name);
        longer.extend(frame(&longer.clone(), 0));
        place.overwrite(&name, &longer);
        assert_eq!(found(&vault, &key, &name).await, Damage::Extended);
    }
}

#[tokio::test]
async fn a_frame_of_another_object_of_the_same_case_is_found() {
    for place in places() {
        let vault = place.vault().await;
        let (key, one, bytes) = stored(&place, &vault).await;
        let two = name(&key, "b");
        vault
            .put(
                &key,
                &two,
                pieces(&pattern(SIZE)),
                Expected::at_most(1 << 30),
            )
            .await
            .unwrap();
        let mut mixed = bytes.clone();
        mixed[HEADER + SEALED..HEADER + 2 * SEALED].copy_from_slice(&frame(&place.stored(&two), 1));
        place.overwrite(&one, &mixed);
        assert_eq!(found(&vault, &key, &one).await, Damage::Frame(1));
        // A whole object under another name.
        place.overwrite(&one, &place.stored(&two));
        assert_eq!(found(&vault, &key, &one).await, Damage::OtherObject);
    }
}

#[tokio::test]
async fn another_cases_key_does_not_open() {
    for place in places() {
        let vault = place.vault().await;
        let (key, one, bytes) = stored(&place, &vault).await;
        let other = case(&vault).await;
        let refused = vault.get(&other, &one).await;
        assert!(matches!(refused, Err(VaultError::OtherCase(n)) if n == one));
        let refused = vault.put_bytes(&other, &one, vec![1].into()).await;
        assert!(matches!(refused, Err(VaultError::OtherCase(_))));
        let refused = vault
            .to_anonymous_file(&other, &[one.clone()], 1 << 30)
            .await;
        assert!(matches!(refused, Err(VaultError::OtherCase(_))));
        // Its bytes laid under a name of the other case.
        let theirs = name(&other, "a");
        place.overwrite(&theirs, &bytes);
        assert_eq!(found(&vault, &other, &theirs).await, Damage::OtherObject);
        assert!(read(&vault, &key, &one).await.unwrap() == pattern(SIZE));
    }
}

#[tokio::test]
async fn what_comes_before_the_damage_is_genuine_and_nothing_comes_after() {
    for place in places() {
        let vault = place.vault().await;
        let (key, name, mut bytes) = stored(&place, &vault).await;
        bytes[HEADER + 2 * SEALED + 1] ^= 0x80;
        place.overwrite(&name, &bytes);
        let mut reader = vault.get(&key, &name).await.unwrap();
        let mut got = vec![];
        let error = loop {
            match reader.next().await {
                Ok(Some(some)) => got.extend_from_slice(&some),
                Ok(None) => panic!("the damage was passed over"),
                Err(e) => break e,
            }
        };
        assert!(got == pattern(SIZE)[..2 * FRAME]);
        assert!(error.to_string().contains(name.as_str()), "{error}");
        assert!(matches!(reader.next().await, Ok(None)));
        // Parts that are whole can still be read, and only they.
        let part = |from: usize, to: usize| vault.get_range(&key, &name, from as u64..to as u64);
        let whole = part(3 * FRAME, SIZE).await.unwrap();
        assert!(whole.into_bytes(1 << 20).await.is_ok());
        let broken = part(2 * FRAME, 2 * FRAME + 1).await.unwrap();
        assert!(broken.into_bytes(1 << 20).await.is_err());
    }
}
