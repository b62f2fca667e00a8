//! Media are written, read back, listed and deleted; on a local directory and on a real S3 server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::io::{Read, Write};
use std::time::Duration;

use common::{FRAME, case, name, pattern, pieces, places, read};
use idproof_vault::{Expected, VaultError};
use sha2::{Digest, Sha256};

/// Around every edge of the format, and beyond one part of an upload to S3 (8 MiB).
const SIZES: [usize; 8] = [
    0,
    1,
    FRAME - 1,
    FRAME,
    FRAME + 1,
    3 * FRAME,
    33 * FRAME + 5,
    20_000_003,
];

#[tokio::test]
async fn what_was_put_is_got_back_whole_at_every_size() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        for size in SIZES {
            let plain = pattern(size);
            let name = name(&key, &format!("file/{size}"));
            let digest: [u8; 32] = Sha256::digest(&plain).into();
            let expected = Expected {
                most_bytes: size as u64,
                bytes: Some(size as u64),
                sha256: Some(digest),
            };
            let stored = vault.put(&key, &name, pieces(&plain), expected).await;
            let stored = stored.unwrap();
            assert_eq!((stored.bytes, stored.sha256), (size as u64, digest));
            assert!(vault.exists(&name).await.unwrap());
            assert_eq!(vault.size(&name).await.unwrap(), size as u64);
            assert!(read(&vault, &key, &name).await.unwrap() == plain, "{size}");
        }
    }
}

#[tokio::test]
async fn what_is_to_last_later_is_settled_and_what_a_power_cut_took_is_named() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let mut objects = vec![];
        for size in SIZES {
            let plain = pattern(size);
            let name = name(&key, &format!("file/{size}"));
            let expected = Expected::at_most(size as u64);
            vault
                .put_soon(&key, &name, pieces(&plain), expected)
                .await
                .unwrap();
            assert!(read(&vault, &key, &name).await.unwrap() == plain, "{size}");
            objects.push((name, size as u64));
        }
        assert_eq!(vault.settle(objects.clone()).await.unwrap(), vec![]);
        if place.bucket.is_some() {
            continue;
        }
        let (gone, short) = (objects[2].0.clone(), objects[3].0.clone());
        vault.delete(&gone).await.unwrap();
        let stored = place.stored(&short);
        place.overwrite(&short, &stored[..stored.len() - 1]);
        assert_eq!(vault.settle(objects).await.unwrap(), vec![gone, short]);
    }
}

#[tokio::test]
async fn nothing_that_was_put_is_stored_in_the_clear() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        let plain = b"this must not be readable".repeat(10_000);
        vault.put_bytes(&key, &name, plain.into()).await.unwrap();
        let stored = place.stored(&name);
        assert!(!stored.windows(9).any(|w| w == b"this must"));
    }
}

#[tokio::test]
async fn every_part_of_an_object_can_be_read_alone() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        let size = 40 * FRAME + 17;
        let plain = pattern(size);
        vault
            .put(&key, &name, pieces(&plain), Expected::at_most(size as u64))
            .await
            .unwrap();
        let edges = [
            (0, 1),
            (0, FRAME),
            (FRAME - 1, FRAME + 1),
            (FRAME, 2 * FRAME),
            (5 * FRAME + 9, 5 * FRAME + 10),
            (30 * FRAME, 35 * FRAME + 3),
            (size - 1, size),
            (0, size),
            (size - 18, size + 1000),
        ];
        for (start, end) in edges {
            let reader = vault
                .get_range(&key, &name, start as u64..end as u64)
                .await
                .unwrap();
            assert_eq!(reader.total(), size as u64);
            assert_eq!(reader.remaining(), (end.min(size) - start) as u64);
            let got = reader.into_bytes(u64::MAX).await.unwrap();
            assert!(got == plain[start..end.min(size)], "{start}..{end}");
        }
        for start in [size as u64, size as u64 + 1, u64::MAX - 1] {
            let refused = vault.get_range(&key, &name, start..u64::MAX).await;
            assert!(matches!(refused, Err(VaultError::Range { .. })), "{start}");
        }
    }
}

#[tokio::test]
async fn a_part_is_read_without_fetching_the_rest() {
    let place = common::Place::s3();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let name = name(&key, "a");
    let plain = pattern(100 * FRAME);
    vault.put_bytes(&key, &name, plain.into()).await.unwrap();
    let bucket = place.bucket.as_deref().unwrap();
    let before = common::server().requests(bucket).len();
    let reader = vault.get_range(&key, &name, 0..10).await.unwrap();
    assert_eq!(reader.into_bytes(10).await.unwrap().len(), 10);
    let made = common::server().requests(bucket).len() - before;
    assert_eq!(made, 1, "the header comes with the first frame");
}

#[tokio::test]
async fn a_name_is_written_once() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        // The second is sent in parts.
        for size in [10, 20_000_000] {
            let name = name(&key, &format!("file/{size}"));
            let first = pattern(size);
            vault
                .put(&key, &name, pieces(&first), Expected::at_most(1 << 30))
                .await
                .unwrap();
            let second = vec![7; size];
            let refused = vault
                .put(&key, &name, pieces(&second), Expected::at_most(1 << 30))
                .await;
            assert!(matches!(refused, Err(VaultError::Exists(n)) if n == name));
            assert!(read(&vault, &key, &name).await.unwrap() == first);
        }
        assert_eq!(place.names_below("media/").len(), 2);
    }
}

#[tokio::test]
async fn of_two_that_write_one_name_at_once_one_is_told_it_exists() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        for round in 0..10 {
            let name = name(&key, &format!("a/{round}"));
            let (one, two) = tokio::join!(
                vault.put_bytes(&key, &name, vec![1; 100].into()),
                vault.put_bytes(&key, &name, vec![2; 100].into()),
            );
            let winner = if one.is_ok() { 1 } else { 2 };
            let loser = if one.is_ok() { two } else { one };
            assert!(matches!(loser, Err(VaultError::Exists(_))));
            let got = read(&vault, &key, &name).await.unwrap();
            assert_eq!(got, vec![winner; 100]);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        assert!(!vault.exists(&name).await.unwrap());
        let missing = |e| matches!(e, VaultError::Missing(n) if n == name);
        assert!(missing(vault.size(&name).await.unwrap_err()));
        assert!(missing(vault.get(&key, &name).await.unwrap_err()));
        assert!(missing(
            vault.get_range(&key, &name, 0..1).await.unwrap_err()
        ));
        vault.delete(&name).await.unwrap();
        assert!(vault.objects_of(key.case()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn deleting_takes_what_is_named_and_nothing_else() {
    for place in places() {
        let vault = place.vault().await;
        let (key, other) = (case(&vault).await, case(&vault).await);
        let mut names = vec![];
        for i in 0..5 {
            let name = name(&key, &format!("upl_1/{i}"));
            vault
                .put_bytes(&key, &name, b"x".to_vec().into())
                .await
                .unwrap();
            names.push(name);
        }
        let others = name(&other, "upl_1/0");
        vault
            .put_bytes(&other, &others, b"y".to_vec().into())
            .await
            .unwrap();
        assert_eq!(vault.objects_of(key.case()).await.unwrap(), names);
        vault.delete(&names[0]).await.unwrap();
        assert_eq!(vault.objects_of(key.case()).await.unwrap(), names[1..]);
        vault.delete_many(&names).await.unwrap();
        vault.delete_many(&names).await.unwrap();
        vault.delete_many(&[]).await.unwrap();
        assert!(vault.objects_of(key.case()).await.unwrap().is_empty());
        assert_eq!(vault.objects_of(other.case()).await.unwrap(), [others]);
        // A name that was deleted may be written anew.
        vault
            .put_bytes(&key, &names[0], b"z".to_vec().into())
            .await
            .unwrap();
        assert_eq!(read(&vault, &key, &names[0]).await.unwrap(), b"z");
    }
}

#[tokio::test]
async fn a_thousand_objects_go_with_one_request() {
    let place = common::Place::s3();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let names: Vec<_> = (0..1500)
        .map(|i| name(&key, &format!("a/{i:04}")))
        .collect();
    for name in &names {
        place.overwrite(name, b"x");
    }
    assert_eq!(vault.objects_of(key.case()).await.unwrap(), names);
    let bucket = place.bucket.as_deref().unwrap();
    let before = common::server().requests(bucket).len();
    vault.delete_many(&names).await.unwrap();
    assert_eq!(common::server().requests(bucket).len() - before, 2);
    assert!(vault.objects_of(key.case()).await.unwrap().is_empty());
}

#[tokio::test]
async fn several_objects_are_joined_in_memory_and_cannot_be_changed_there() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let plain = pattern(3 * FRAME + 5);
        let mut names = vec![];
        for (i, part) in plain.chunks(FRAME + 9).enumerate() {
            let name = name(&key, &format!("a/{i}"));
            vault
                .put_bytes(&key, &name, part.to_vec().into())
                .await
                .unwrap();
            names.push(name);
        }
        let most = plain.len() as u64;
        let mut file = vault.to_anonymous_file(&key, &names, most).await.unwrap();
        let mut got = vec![];
        file.read_to_end(&mut got).unwrap();
        assert!(got == plain);
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(0).is_err());
        let refused = vault.to_anonymous_file(&key, &names, most - 1).await;
        assert!(matches!(refused, Err(VaultError::TooLarge { .. })));
    }
}

#[tokio::test]
async fn an_object_that_a_killed_process_left_half_written_is_swept_away() {
    let place = common::Place::local();
    let vault = place.vault().await;
    let key = case(&vault).await;
    let left = place.path("media/incoming/left");
    std::fs::write(&left, b"half").unwrap();
    let name = name(&key, "a");
    vault
        .put_bytes(&key, &name, b"x".to_vec().into())
        .await
        .unwrap();
    let written = std::fs::metadata(&left).unwrap().modified().unwrap();
    let written_ms = written.duration_since(std::time::UNIX_EPOCH).unwrap();
    let written_ms = i64::try_from(written_ms.as_millis()).unwrap();
    let hour = Duration::from_secs(3600);
    let after = |ms: i64| vault.sweep_unfinished(written_ms + ms, hour);
    assert_eq!(after(3_599_000).await.unwrap(), 0);
    assert_eq!(after(3_601_000).await.unwrap(), 1);
    assert!(!left.exists());
    assert_eq!(read(&vault, &key, &name).await.unwrap(), b"x");
}
