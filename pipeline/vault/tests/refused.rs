//! What breaks off or is not what was announced leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::io;
use std::task::Poll;

use bytes::Bytes;
use common::{FRAME, Place, case, name, pattern, pieces, places};
use futures_util::{StreamExt, future, stream};
use idproof_vault::{CaseKey, Expected, ObjectName, Vault, VaultError};
use sha2::{Digest, Sha256};

async fn nothing_of(place: &Place, vault: &Vault, key: &CaseKey, name: &ObjectName) {
    assert!(!vault.exists(name).await.unwrap());
    assert!(vault.objects_of(key.case()).await.unwrap().is_empty());
    // A dropped writer lets go of its file on another thread.
    for _ in 0..200 {
        if place.names_below("media/").is_empty() && place.names_below("spool/").is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("left: {:?}", place.names_below(""));
}

#[tokio::test]
async fn a_stream_that_fails_leaves_nothing() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        for before in [0, 1, 7, 3000] {
            let good = stream::iter((0..before).map(|_| Ok(Bytes::from(vec![1; 5000]))));
            let broken = good.chain(stream::iter([Err(io::Error::other("gone"))]));
            let result = vault
                .put(&key, &name, broken, Expected::at_most(1 << 30))
                .await;
            let Err(VaultError::Source { received, source }) = result else {
                panic!("{result:?}");
            };
            assert_eq!(received, 5000 * before as u64);
            assert_eq!(source.to_string(), "gone");
            nothing_of(&place, &vault, &key, &name).await;
        }
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_nothing() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        let endless =
            stream::iter((0..40).map(|_| Ok::<_, io::Error>(Bytes::from(vec![1; FRAME]))))
                .chain(stream::pending());
        let mut put = Box::pin(vault.put(&key, &name, endless, Expected::at_most(1 << 30)));
        // Until it has written what came and waits for more.
        for _ in 0..200 {
            assert!(matches!(
                future::poll_immediate(&mut put).await,
                None::<Result<_, VaultError>>
            ));
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        drop(put);
        nothing_of(&place, &vault, &key, &name).await;
    }
}

#[tokio::test]
async fn what_is_not_as_announced_leaves_nothing() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        let plain = pattern(3 * FRAME);
        let digest: [u8; 32] = Sha256::digest(&plain).into();
        let right = Expected {
            most_bytes: plain.len() as u64,
            bytes: Some(plain.len() as u64),
            sha256: Some(digest),
        };
        let mut wrong_digest = digest;
        wrong_digest[31] ^= 1;
        let cases = [
            (
                Expected {
                    most_bytes: right.most_bytes - 1,
                    bytes: None,
                    ..right
                },
                "more than the 196607 bytes allowed",
            ),
            (
                Expected {
                    bytes: Some(right.most_bytes - 1),
                    ..right
                },
                "bytes came, 196607 were announced",
            ),
            (
                Expected {
                    bytes: Some(right.most_bytes + 1),
                    most_bytes: 1 << 20,
                    ..right
                },
                "196608 bytes came, 196609 were announced",
            ),
            (
                Expected {
                    sha256: Some(wrong_digest),
                    ..right
                },
                "the bytes do not have the SHA-256 that was announced",
            ),
        ];
        for (expected, message) in cases {
            let error = vault
                .put(&key, &name, pieces(&plain), expected)
                .await
                .unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            assert!(!error.is_transient());
            nothing_of(&place, &vault, &key, &name).await;
        }
        vault.put(&key, &name, pieces(&plain), right).await.unwrap();
    }
}

/// What is too large is refused when the first byte too many comes, not when all have come.
#[tokio::test]
async fn too_much_is_not_read_to_its_end() {
    for place in places() {
        let vault = place.vault().await;
        let key = case(&vault).await;
        let name = name(&key, "a");
        let mut given = 0;
        let endless = stream::poll_fn(|_| {
            given += 1;
            Poll::Ready(Some(Ok::<_, io::Error>(Bytes::from(vec![0; 1000]))))
        });
        let refused = vault
            .put(&key, &name, endless, Expected::at_most(10_000))
            .await;
        assert!(matches!(
            refused,
            Err(VaultError::TooLarge { most: 10_000 })
        ));
        assert_eq!(given, 11);
        nothing_of(&place, &vault, &key, &name).await;
    }
}
