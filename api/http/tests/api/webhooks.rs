//! Where integrators want to be told, and what was sent there.

use idproof_database::MessageState;
use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Answer, Caller, World, worlds};

const URL: &str = "https://hooks.example.org/idproof?tenant=7";

async fn integrator(world: &World) -> Caller {
    let org = world.organisation("bank").await;
    world.key(&org, ALL_SCOPES).await
}

async fn register(who: &Caller, url: &str, events: Value) -> Answer {
    let body = json!({ "url": url, "events": events });
    who.post("/v1/webhooks", body).await
}

async fn made(who: &Caller, events: Value) -> String {
    let made = register(who, URL, events).await.is(201);
    format!("/v1/webhooks/{}", made["id"].as_str().unwrap())
}

/// Names of what was sent there, newest first.
async fn told(who: &Caller, path: &str) -> Vec<String> {
    let page = who
        .get(&format!("{path}/deliveries?limit=200"))
        .await
        .is(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|d| d["event"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_address_is_registered_changed_and_removed() {
    for world in worlds().await {
        let key = integrator(&world).await;
        assert_eq!(key.get("/v1/webhooks").await.is(200), json!([]));
        let created = register(&key, URL, json!(["case.accepted"])).await.is(201);
        let secret = created["secret"].as_str().unwrap();
        assert!(
            secret.starts_with("whsec_") && secret.len() == 50,
            "{secret}"
        );
        assert_eq!(
            (&created["url"], &created["enabled"]),
            (&URL.into(), &true.into())
        );
        let path = format!("/v1/webhooks/{}", created["id"].as_str().unwrap());
        let seen = key.get(&path).await.is(200);
        // The secret is shown once.
        assert_eq!(seen.get("secret"), None);
        assert_eq!(key.get("/v1/webhooks").await.is(200), json!([seen]));
        let change = json!({ "events": ["*"], "enabled": false });
        let changed = key.patch(&path, change).await.is(200);
        assert_eq!(changed["events"], json!(["*"]));
        assert_eq!(
            (&changed["url"], &changed["enabled"]),
            (&URL.into(), &false.into())
        );
        let moved = key
            .patch(&path, json!({ "url": "https://other.example.org/" }))
            .await;
        assert_eq!(moved.is(200)["url"], "https://other.example.org/");
        assert_eq!(key.patch(&path, json!({})).await.is(200)["enabled"], false);
        key.delete(&path).await.is(204);
        key.get(&path).await.refused("not_found");
        key.delete(&path).await.refused("not_found");
        assert_eq!(key.get("/v1/webhooks").await.is(200), json!([]));
    }
}

#[tokio::test]
async fn events_are_those_there_are() {
    for world in worlds().await {
        let key = integrator(&world).await;
        for bad in [
            json!([]),
            json!(["case.flew"]),
            json!(["*", ""]),
            json!(["case.accepted\u{0}"]),
        ] {
            register(&key, URL, bad)
                .await
                .wrong("/events", "not_accepted");
        }
        register(&key, URL, json!("*"))
            .await
            .wrong("/events", "not_accepted");
        let path = made(&key, json!(["*"])).await;
        let answer = key.patch(&path, json!({ "events": [] })).await;
        answer.wrong("/events", "not_accepted");
    }
}

/// Addresses inside the network, however they are written.
const INSIDE: &[&str] = &[
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://255.255.255.255/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
];

/// Addresses that are none, or hide something.
const CROOKED: &[&str] = &[
    "",
    "hooks.example.org",
    "http://hooks.example.org/",
    "ftp://hooks.example.org/",
    "file:///etc/passwd",
    "gopher://hooks.example.org/",
    "https://",
    "https://user:password@hooks.example.org/",
    "https://hooks.example.org@127.0.0.1/",
    "https://hooks.example.org/#fragment",
    "https://hooks.example.org/\r\nHost: inside",
    "https://hooks.example.org/\u{0}",
    " https://hooks.example.org/",
    "https://hooks example.org/",
];

#[tokio::test]
async fn an_address_inside_the_network_is_refused_however_it_is_written() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let path = made(&key, json!(["*"])).await;
        let long = format!("https://hooks.example.org/{}", "x".repeat(2048));
        for url in INSIDE.iter().chain(CROOKED).copied().chain([&*long]) {
            let answer = register(&key, url, json!(["*"])).await;
            assert_eq!(answer.value()["code"], "address_refused", "{url}");
            let answer = key.patch(&path, json!({ "url": url })).await;
            assert_eq!(answer.value()["code"], "address_refused", "{url}");
        }
        let all = key.get("/v1/webhooks").await.is(200);
        assert_eq!(all.as_array().unwrap().len(), 1);
        assert_eq!(all[0]["url"], URL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_twenty_addresses_at_most_however_they_come() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let all = (0..30).map(|_| register(&key, URL, json!(["*"])));
        let answers = futures_util::future::join_all(all).await;
        assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 20);
        register(&key, URL, json!(["*"])).await.refused("invalid");
        let all = key.get("/v1/webhooks").await.is(200);
        let first = format!("/v1/webhooks/{}", all[0]["id"].as_str().unwrap());
        key.delete(&first).await.is(204);
        register(&key, URL, json!(["*"])).await.is(201);
    }
}

#[tokio::test]
async fn an_address_hears_of_its_organisations_cases_what_it_asked_for() {
    for world in worlds().await {
        let (bank, shop) = (
            world.organisation("bank").await,
            world.organisation("shop").await,
        );
        let key = world.key(&bank, ALL_SCOPES).await;
        let test = world.test_key(&bank, ALL_SCOPES).await;
        let other = world.key(&shop, ALL_SCOPES).await;
        let everything = made(&key, json!(["*"])).await;
        let some = made(&key, json!(["case.deleted"])).await;
        let off = made(&key, json!(["*"])).await;
        key.patch(&off, json!({ "enabled": false })).await.is(200);
        let (sandbox, elsewhere) = (
            made(&test, json!(["*"])).await,
            made(&other, json!(["*"])).await,
        );
        let body = json!({ "language": "fr", "reference": "client 7" });
        let opened = key.post("/v1/cases", body).await.is(201);
        let case = format!("/v1/cases/{}", opened["case"]["id"].as_str().unwrap());
        key.act(&format!("{case}/withdraw")).await.is(200);
        key.delete(&case).await.is(204);
        assert_eq!(
            told(&key, &everything).await,
            ["case.deleted", "case.withdrawn"]
        );
        assert_eq!(told(&key, &some).await, ["case.deleted"]);
        assert!(told(&key, &off).await.is_empty());
        assert!(told(&test, &sandbox).await.is_empty());
        assert!(told(&other, &elsewhere).await.is_empty());
        let page = key.get(&format!("{everything}/deliveries")).await.is(200);
        assert_eq!(page["items"][0]["case_id"], opened["case"]["id"]);
        assert_eq!(page["items"][0]["state"], "pending");
        let job = "SELECT kind FROM jobs WHERE subject = $1";
        let message = page["items"][0]["id"].as_str().unwrap();
        assert_eq!(world.texts(job, message).await, ["deliver"]);
    }
}

#[tokio::test]
async fn deliveries_are_read_page_by_page() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let path = made(&key, json!(["*"])).await;
        let mut sent = Vec::new();
        for _ in 0..5 {
            let test = key.act(&format!("{path}/test")).await.is(202);
            assert_eq!(
                (&test["event"], &test["case_id"]),
                (&"webhook.test".into(), &Value::Null)
            );
            sent.push(test["id"].clone());
            world.clock.move_ms(1);
        }
        sent.reverse();
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = key.get(&format!("{path}/deliveries{query}")).await.is(200);
            let items = page["items"].as_array().unwrap().iter();
            seen.extend(items.map(|d| d["id"].clone()));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            query = format!("?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, sent);
        for (query, pointer) in [
            ("?limit=0", "limit"),
            ("?limit=201", "limit"),
            ("?cursor=x", "cursor"),
        ] {
            let answer = key.get(&format!("{path}/deliveries{query}")).await;
            let body = answer.refused("invalid");
            assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
            assert_eq!(body["errors"][0]["pointer"], pointer);
        }
    }
}

#[tokio::test]
async fn a_delivery_is_sent_once_more_but_not_while_it_is_under_way() {
    for world in worlds().await {
        let key = integrator(&world).await;
        let path = made(&key, json!(["*"])).await;
        let sent = key.act(&format!("{path}/test")).await.is(202);
        let id = sent["id"].as_str().unwrap();
        let replay = format!("{path}/deliveries/{id}/replay");
        key.act(&replay).await.refused("delivery_running");
        for state in [MessageState::Sent, MessageState::Failed] {
            let mut tx = world.database.begin().await.unwrap();
            let (error, now) = (Some("it answered 500"), crate::common::START);
            tx.note_message(&id.parse().unwrap(), state, error, now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let page = key.get(&format!("{path}/deliveries")).await.is(200);
            assert_eq!(page["items"][0]["state"], state.as_str());
            let again = key.act(&replay).await.is(202);
            assert_eq!(
                (&again["id"], &again["state"]),
                (&id.into(), &"pending".into())
            );
        }
        let jobs = "SELECT id FROM jobs WHERE subject = $1";
        assert_eq!(world.texts(jobs, id).await.len(), 3);
        assert_eq!(told(&key, &path).await.len(), 1);
    }
}
