//! An integrator that repeats a request gets the first answer.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::{ALL_SCOPES, Answer, Caller, HOUR, MINUTE, World, worlds};

async fn open(who: &Caller, key: &str, body: &Value) -> Answer {
    let headers = [("idempotency-key", key)];
    who.json("POST", "/v1/cases", &headers, body).await
}

async fn integrator(world: &World) -> Caller {
    let org = world.organisation("bank").await;
    world.key(&org, ALL_SCOPES).await
}

async fn count(who: &Caller) -> usize {
    let page = who.get("/v1/cases?limit=200").await.is(200);
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_is_done_once() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let body = json!({ "language": "fr", "reference": "client 7" });
        let first = open(&key, "one", &body).await;
        first.is(201);
        assert_eq!(first.header("idempotency-replayed"), None);
        let again = open(&key, "one", &body).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(count(&key).await, 1);
        // The token in it is good.
        let ada = world.holder_of(&again.value());
        ada.get("/status").await.is(200);
        open(&key, "two", &body).await.is(201);
        assert_eq!(count(&key).await, 2);
        // What is kept of the answer holds no token.
        let kept = "SELECT body FROM idempotency WHERE key = $1";
        let kept = world.texts(kept, "one").await;
        assert!(!kept[0].contains(&ada.token));
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    for world in worlds().await {
        let key = integrator(&world).await;
        open(&key, "one", &json!({ "language": "fr" }))
            .await
            .is(201);
        let other = open(&key, "one", &json!({ "language": "en" })).await;
        other.refused("idempotency_key_reused");
        let headers = [("idempotency-key", "one")];
        let body = json!({ "language": "fr" });
        let other = key.json("POST", "/v1/cases?x=1", &headers, &body).await;
        other.refused("idempotency_key_reused");
        let other = key.json("POST", "/v1/webhooks", &headers, &body).await;
        other.refused("idempotency_key_reused");
        assert_eq!(count(&key).await, 1);
    }
}

#[tokio::test]
async fn keys_of_different_callers_have_nothing_in_common() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let (one, two) = (
            world.key(&org, ALL_SCOPES).await,
            world.key(&org, ALL_SCOPES).await,
        );
        let body = json!({ "language": "fr" });
        let first = open(&one, "same", &body).await.is(201);
        let second = open(&two, "same", &body).await.is(201);
        assert_ne!(first["case"]["id"], second["case"]["id"]);
        // An applicant's token has none at all.
        let ada = world.applicant().await;
        let headers = [("idempotency-key", "same")];
        let path = ada.path("/handover");
        let first = ada
            .caller
            .send("POST", &path, &headers, vec![])
            .await
            .is(201);
        let second = ada
            .caller
            .send("POST", &path, &headers, vec![])
            .await
            .is(201);
        assert_ne!(first["id"], second["id"]);
    }
}

#[tokio::test]
async fn a_request_whose_first_is_still_at_work_is_told_to_come_back() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let id = world.database.api_keys(&org).await.unwrap()[0]
            .id
            .to_string();
        let body = json!({ "language": "fr" }).to_string();
        let mut hash = Sha256::new();
        for part in ["POST", "/v1/cases", "", &body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let now = idproof_ports::Clock::now_ms(&*world.clock);
        let begun = world.database.begin_request(&id, "one", &hash, HOUR, now);
        begun.await.unwrap();
        let again = open(&key, "one", &json!({ "language": "fr" })).await;
        again.refused("idempotency_running");
        assert_eq!(again.retry_after(), 2);
        assert_eq!(count(&key).await, 0);
        // The process that had it is dead.
        world.clock.move_ms(MINUTE + 1);
        open(&key, "one", &json!({ "language": "fr" }))
            .await
            .is(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_is_done_once() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let body = json!({ "language": "fr" });
        let all = (0..10).map(|_| open(&key, "one", &body));
        let answers = futures_util::future::join_all(all).await;
        let mut done: Vec<&Vec<u8>> = Vec::new();
        for answer in &answers {
            match answer.status {
                201 => done.push(&answer.body),
                _ => drop(answer.refused("idempotency_running")),
            }
        }
        assert!(!done.is_empty());
        assert!(done.iter().all(|body| *body == done[0]));
        assert_eq!(count(&key).await, 1);
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_too_and_is_kept_for_a_day() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let opened = open(&key, "open", &json!({ "language": "fr" }))
            .await
            .is(201);
        let path = format!(
            "/v1/cases/{}/submit",
            opened["case"]["id"].as_str().unwrap()
        );
        let submit = async || {
            key.send("POST", &path, &[("idempotency-key", "s")], vec![])
                .await
        };
        submit().await.refused("invalid_state");
        let again = submit().await;
        again.refused("invalid_state");
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(
            again.header("content-type"),
            Some("application/problem+json")
        );
        world.clock.move_ms(24 * HOUR + 1);
        assert_eq!(submit().await.header("idempotency-replayed"), None);
    }
}

/// A refusal that passes is not kept: the repetition is meant to be done.
#[tokio::test]
async fn what_would_go_better_the_next_time_is_not_kept() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let opened = key
            .post("/v1/cases", json!({ "language": "fr" }))
            .await
            .is(201);
        let case = format!("/v1/cases/{}", opened["case"]["id"].as_str().unwrap());
        let body = json!({ "address": "ada@example.org" });
        let mail = async |name: &str| {
            let headers = [("idempotency-key", name)];
            key.json("POST", &format!("{case}/email"), &headers, &body)
                .await
        };
        mail("first").await.is(202);
        mail("second").await.refused("resend_too_soon");
        world.clock.move_ms(30_000);
        mail("second").await.is(202);
        mail("second").await.is(202);
        let sent = "SELECT id FROM messages WHERE template = $1";
        assert_eq!(world.texts(sent, "email_code").await.len(), 2);
    }
}

#[tokio::test]
async fn a_key_is_one_and_printable_and_not_too_long() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let body = json!({ "language": "fr" });
        for bad in ["", &"x".repeat(256)] {
            open(&key, bad, &body).await.refused("bad_request");
        }
        let headers = [("idempotency-key", "one"), ("idempotency-key", "two")];
        let two = key.json("POST", "/v1/cases", &headers, &body).await;
        two.refused("bad_request");
        open(&key, &"x".repeat(255), &body).await.is(201);
        assert_eq!(count(&key).await, 1);
    }
}
