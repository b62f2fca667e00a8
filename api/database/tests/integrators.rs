//! Organisations, keys, and requests repeated under a key of the caller.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{bytes, engines, organisation};
use idproof_database::{ApiKey, Begun, Organisation, Scope};
use idproof_domain::ids::{KeyId, OrganisationId};

#[tokio::test]
async fn the_own_organisation_is_made_once() {
    for (database, _dir) in engines().await {
        let id = database.own_organisation(5).await.unwrap();
        assert_eq!(database.own_organisation(9).await.unwrap(), id);
        let new = Organisation {
            id: OrganisationId::new(7, bytes()),
            name: "Bank".into(),
            created_at: 7,
        };
        let mut tx = database.begin().await.unwrap();
        tx.insert_organisation(&new).await.unwrap();
        tx.commit().await.unwrap();
        let all = database.organisations().await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(database.organisation(&new.id).await.unwrap(), Some(new));
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_until_revoked() {
    for (database, _dir) in engines().await {
        let key = ApiKey {
            id: KeyId::new(5, bytes()),
            organisation: organisation(&database).await,
            name: "backend".into(),
            secret_hash: "aa".into(),
            scopes: vec![Scope::CasesRead, Scope::CasesWrite],
            sandbox: true,
            created_at: 5,
            expires_at: Some(100),
            revoked_at: None,
            last_used_at: None,
        };
        let mut tx = database.begin().await.unwrap();
        tx.insert_api_key(&key).await.unwrap();
        tx.commit().await.unwrap();
        let read = database.api_key_by_hash("aa").await.unwrap().unwrap();
        assert_eq!(read, key);
        assert!(read.is_valid(100) && !read.is_valid(101));
        assert!(!format!("{read:?}").contains("aa"));
        assert_eq!(database.api_key_by_hash("ab").await.unwrap(), None);

        database.note_key_use(&key.id, 50, 40).await.unwrap();
        database.note_key_use(&key.id, 60, 40).await.unwrap();
        let used = database.api_keys(&key.organisation).await.unwrap();
        assert_eq!(used[0].last_used_at, Some(50));

        let mut tx = database.begin().await.unwrap();
        assert!(tx.revoke_api_key(&key.id, 70).await.unwrap());
        assert!(!tx.revoke_api_key(&key.id, 80).await.unwrap());
        tx.commit().await.unwrap();
        let read = database.api_key_by_hash("aa").await.unwrap().unwrap();
        assert!(!read.is_valid(10));
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_another_one_none() {
    for (database, _dir) in engines().await {
        let begin = async |hash: &str, now| {
            database
                .begin_request("key_1", "k", hash, 1_000_000, now)
                .await
                .unwrap()
        };
        assert_eq!(begin("h", 10).await, Begun::First);
        assert_eq!(begin("h", 11).await, Begun::Running);
        assert_eq!(begin("other", 11).await, Begun::Other);
        database
            .finish_request("key_1", "k", 201, "answer")
            .await
            .unwrap();
        let answered = Begun::Answered {
            status: 201,
            body: "answer".into(),
        };
        assert_eq!(begin("h", 12).await, answered);
        assert_eq!(begin("other", 12).await, Begun::Other);
        assert!(!format!("{answered:?}").contains("answer\""));
        // Another caller's key of the same name is another one.
        let other = database
            .begin_request("key_2", "k", "x", 1_000_000, 12)
            .await;
        assert_eq!(other.unwrap(), Begun::First);
        // After its time the key is free again.
        assert_eq!(begin("new", 1_000_011).await, Begun::First);
        assert_eq!(database.forget_requests(1_000_000).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_request_left_behind_may_be_made_again() {
    for (database, _dir) in engines().await {
        let begin = async |now| {
            database
                .begin_request("s", "k", "h", 1_000_000, now)
                .await
                .unwrap()
        };
        assert_eq!(begin(0).await, Begun::First);
        database.abandon_request("s", "k").await.unwrap();
        assert_eq!(begin(1).await, Begun::First);
        assert_eq!(begin(60_001).await, Begun::Running);
        assert_eq!(begin(60_002).await, Begun::First);
    }
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first() {
    for (database, _dir) in engines().await {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move {
                    database
                        .begin_request("s", "k", "h", 1_000, 5)
                        .await
                        .unwrap()
                })
            })
            .collect();
        let mut first = 0;
        for task in tasks {
            match task.await.unwrap() {
                Begun::First => first += 1,
                other => assert_eq!(other, Begun::Running),
            }
        }
        assert_eq!(first, 1);
    }
}
