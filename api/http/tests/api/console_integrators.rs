//! Organisations, keys, webhooks, appearance and the sandbox, from the console.

use idproof_database::Role;
use idproof_domain::ids::OrganisationId;
use idproof_vault::Purpose;
use serde_json::{Value, json};

use crate::common::{Colleague, HOUR, World, worlds};

async fn admin(world: &World) -> Colleague<'_> {
    world.colleague("root", &[Role::Administrator]).await
}

async fn kinds(world: &World, like: &str) -> Vec<String> {
    let sql = "SELECT kind FROM events WHERE data LIKE $1 ORDER BY seq";
    world.texts(sql, &format!("%{like}%")).await
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

async fn put(who: &Colleague<'_>, of: &OrganisationId, body: Value) -> crate::common::Answer {
    let path = format!("/organisations/{of}/settings");
    who.send("PUT", &path, &[], Some(&body)).await
}

#[tokio::test]
async fn an_administrator_makes_organisations() {
    for world in worlds().await {
        let root = admin(&world).await;
        let body = json!({ "name": " Banque Exemple " });
        let made = root.post("/organisations", body.clone()).await.is(201);
        assert_eq!(made["name"], "Banque Exemple");
        let again = root.post("/organisations", body).await;
        again.wrong("/name", "taken");
        let long = "x".repeat(81);
        for (name, code) in [
            ("  ", "length"),
            (&long, "length"),
            ("a\u{7}b", "not_accepted"),
        ] {
            let answer = root.post("/organisations", json!({ "name": name })).await;
            answer.wrong("/name", code);
        }
        let all = root.get("/organisations").await.is(200);
        let all = all["items"].as_array().unwrap();
        assert_eq!(all.iter().filter(|o| o["own"] == true).count(), 1);
        assert_eq!(all.len(), 2);
        assert_eq!(kinds(&world, &id(&made)).await, ["organisation_created"]);
    }
}

#[tokio::test]
async fn a_key_is_shown_once_rotated_with_an_overlap_and_revoked() {
    for world in worlds().await {
        let root = admin(&world).await;
        let org = world.organisation("bank").await;
        let keys = format!("/organisations/{org}/keys");
        let body = json!({ "name": "backend", "scopes": ["cases:read"], "sandbox": true });
        let made = root.post(&keys, body).await.is(201);
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("idp_test_"));
        assert_eq!(made["key"]["state"], "valid");
        let old = world.bearer(secret);
        old.get("/v1/cases").await.is(200);
        old.get("/v1/webhooks").await.refused("scope_missing");
        let listed = root.get(&keys).await.is(200);
        assert!(listed["items"][0]["last_used_at"].is_string());
        assert!(!listed.to_string().contains(secret));
        let key = id(&made["key"]);

        let rotate = format!("/keys/{key}/rotate");
        for hours in [-1, 721] {
            let answer = root.post(&rotate, json!({ "overlap_hours": hours })).await;
            answer.wrong("/overlap_hours", "not_accepted");
        }
        world.clock.move_ms(1);
        let rotated = root
            .post(&rotate, json!({ "overlap_hours": 2 }))
            .await
            .is(201);
        let new = world.bearer(rotated["secret"].as_str().unwrap());
        assert_eq!(rotated["key"]["scopes"], json!(["cases:read"]));
        assert_eq!(rotated["replaces"]["id"], key);
        assert_eq!(rotated["replaces"]["state"], "ending");
        for caller in [&old, &new] {
            caller.get("/v1/cases").await.is(200);
        }
        world.clock.move_ms(2 * HOUR - 1);
        old.get("/v1/cases").await.is(200);
        world.clock.move_ms(1);
        old.get("/v1/cases").await.refused("unauthorized");
        new.get("/v1/cases").await.is(200);

        root.signs_in().await;
        root.post(&rotate, json!({ "overlap_hours": 2 }))
            .await
            .refused("invalid_state");
        let new_id = id(&rotated["key"]);
        let revoke = format!("/keys/{new_id}/revoke");
        let olga = world.colleague("olga", &[Role::Operator]).await;
        olga.post(&revoke, json!({})).await.is(204);
        new.get("/v1/cases").await.refused("unauthorized");
        olga.post(&revoke, json!({})).await.refused("invalid_state");
        let unknown = format!("/keys/key_{}/revoke", "0".repeat(26));
        olga.post(&unknown, json!({})).await.refused("not_found");
        let listed = root.get(&keys).await.is(200);
        let states: Vec<&Value> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| &k["state"])
            .collect();
        assert_eq!(states, ["revoked", "expired"]);
        assert_eq!(kinds(&world, &new_id).await, ["key_rotated", "key_revoked"]);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_is_refused_with_its_field() {
    for world in worlds().await {
        let root = admin(&world).await;
        let org = world.organisation("bank").await;
        let keys = format!("/organisations/{org}/keys");
        let body = |field: &str, value: Value| {
            let mut body = json!({ "name": "a", "scopes": ["cases:read"], "sandbox": true });
            body[field] = value;
            body
        };
        for (field, value, code) in [
            ("name", json!(""), "length"),
            ("name", json!("a\nb"), "not_accepted"),
            ("scopes", json!([]), "not_accepted"),
            ("scopes", json!(["cases:all"]), "not_accepted"),
            ("days", json!(0), "not_accepted"),
            ("days", json!(3_651), "not_accepted"),
        ] {
            let answer = root.post(&keys, body(field, value)).await;
            answer.wrong(&format!("/{field}"), code);
        }
        let nowhere = format!("/organisations/org_{}/keys", "7".repeat(26));
        root.post(&nowhere, body("days", json!(1)))
            .await
            .refused("not_found");
        let made = root.post(&keys, body("days", json!(1))).await.is(201);
        assert_eq!(made["key"]["state"], "ending");
    }
}

#[tokio::test]
async fn a_webhook_is_made_tried_changed_and_given_another_secret() {
    for world in worlds().await {
        let root = admin(&world).await;
        let olga = world.colleague("olga", &[Role::Operator]).await;
        let org = world.organisation("bank").await;
        let hooks = format!("/organisations/{org}/webhooks");
        let url = "https://hooks.example.org/in/0123456789";
        let body =
            |url: &str, events: Value| json!({ "url": url, "events": events, "sandbox": true });
        root.post(&hooks, body("http://hooks.example.org", json!(["*"])))
            .await
            .refused("address_refused");
        root.post(&hooks, body(url, json!(["case.exploded"])))
            .await
            .wrong("/events", "not_accepted");
        let made = root.post(&hooks, body(url, json!(["*"]))).await.is(201);
        let secret = made["secret"].as_str().unwrap().to_owned();
        let hook = id(&made["webhook"]);
        assert_eq!(made["webhook"]["url"], url);
        // Others than administrators see where it leads, not its path.
        let seen = olga.get(&hooks).await.is(200);
        assert_eq!(seen["items"][0]["url"], "https://hooks.example.org/…");
        assert_eq!(seen["items"][0]["url_hidden"], true);

        let path = format!("/webhooks/{hook}");
        let tried = olga.post(&format!("{path}/test"), json!({})).await.is(202);
        assert_eq!(
            (&tried["event"], &tried["state"]),
            (&json!("webhook.test"), &json!("pending"))
        );
        let message = id(&tried);
        let replay = format!("{path}/deliveries/{message}/replay");
        olga.post(&replay, json!({}))
            .await
            .refused("delivery_running");
        let mut tx = world.database.begin().await.unwrap();
        let failed = idproof_database::MessageState::Failed;
        tx.note_message(
            &message.parse().unwrap(),
            failed,
            Some("the server answered 500"),
            1,
        )
        .await
        .unwrap();
        tx.note_response(&message.parse().unwrap(), Some(500))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let page = olga.get(&format!("{path}/deliveries")).await.is(200);
        assert_eq!(page["items"][0]["response_code"], 500);
        let seen = olga.get(&hooks).await.is(200);
        assert_eq!(seen["items"][0]["failed"], 1);
        let again = olga.post(&replay, json!({})).await.is(202);
        assert_eq!(again["state"], "pending");
        let other = format!("{path}/deliveries/msg_{}/replay", "0".repeat(26));
        olga.post(&other, json!({})).await.refused("not_found");

        let rotate = format!("{path}/secret");
        let rotated = root
            .post(&rotate, json!({ "overlap_hours": 24 }))
            .await
            .is(200);
        let new = rotated["secret"].as_str().unwrap();
        assert!(new != secret && rotated["webhook"]["old_secret_until"].is_string());
        let stored = world
            .database
            .endpoint(&hook.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        let open = |sealed: &str| {
            let secrets = world.vault.secrets();
            let opened = secrets.open(Purpose::Webhooks, &hook, sealed).unwrap();
            opened.to_string()
        };
        assert_eq!(open(&stored.secret), new);
        assert_eq!(open(&stored.old_secret.unwrap().0), secret);
        let at_once = root
            .post(&rotate, json!({ "overlap_hours": 0 }))
            .await
            .is(200);
        assert_eq!(at_once["webhook"]["old_secret_until"], Value::Null);

        let off = root
            .send("PATCH", &path, &[], Some(&json!({ "enabled": false })))
            .await;
        assert_eq!(off.is(200)["enabled"], false);
        olga.post(&format!("{path}/test"), json!({}))
            .await
            .refused("invalid_state");
        root.delete(&path).await.is(204);
        root.delete(&path).await.refused("not_found");
        let mut kinds = kinds(&world, &hook).await;
        kinds.dedup();
        assert_eq!(
            kinds,
            [
                "webhook_created",
                "webhook_tested",
                "webhook_replayed",
                "webhook_secret_rotated",
                "webhook_changed",
                "webhook_removed",
            ]
        );
        // Neither address nor secret stands in the log.
        let log = "SELECT data FROM events WHERE data LIKE $1";
        for never in ["hooks.example", "whsec_"] {
            assert!(world.texts(log, &format!("%{never}%")).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_organisation_speaks_in_its_own_name() {
    for world in worlds().await {
        let root = admin(&world).await;
        let org = world.organisation("bank").await;
        let full = json!({
            "name": "Banque Exemple", "colour": "#0b5d8a",
            "support": { "phone": "01 23 45 67 89", "email": null, "fr": "de 9 h à 18 h", "en": "9 am to 6 pm" },
            "return_url": "https://bank.example.org/back",
        });
        let set = put(&root, &org, full.clone()).await.is(200);
        assert_eq!(set["contrast"], 5.92);
        assert_eq!(set["support"], full["support"]);
        for (field, value, pointer, code) in [
            ("colour", json!("#ffee00"), "/colour", "contrast"),
            // Enough for white alone, not for the ground of the pages.
            ("colour", json!("#6d6d6d"), "/colour", "contrast"),
            ("colour", json!("yellow"), "/colour", "not_accepted"),
            ("name", json!(""), "/name", "length"),
            (
                "return_url",
                json!("http://bank.example.org"),
                "/return_url",
                "not_accepted",
            ),
            (
                "return_url",
                json!("javascript:alert(1)"),
                "/return_url",
                "not_accepted",
            ),
            (
                "support",
                json!({ "fr": "aide" }),
                "/support/en",
                "both_languages",
            ),
            (
                "support",
                json!({ "phone": "call" }),
                "/support/phone",
                "not_accepted",
            ),
        ] {
            let mut body = full.clone();
            body[field] = value;
            put(&root, &org, body).await.wrong(pointer, code);
        }
        let kept = root
            .get(&format!("/organisations/{org}/settings"))
            .await
            .is(200);
        assert_eq!(kept, set);

        let key = world.key(&org, crate::common::ALL_SCOPES).await;
        let opened = key
            .post("/v1/cases", json!({ "language": "en" }))
            .await
            .is(201);
        let theirs = world
            .holder_of(&opened)
            .caller
            .get("/v1/service")
            .await
            .is(200);
        assert_eq!(theirs["name"], "Banque Exemple");
        assert_eq!(theirs["support"]["hours"], "9 am to 6 pm");
        assert_eq!(theirs["organisation"]["colour"], "#0b5d8a");
        let others = world.anybody().get("/v1/service").await.is(200);
        assert_eq!(
            (&others["name"], &others["organisation"]),
            (&json!("idproof"), &Value::Null)
        );
        let nobody = world
            .bearer("idc_of_nobody")
            .get("/v1/service")
            .await
            .is(200);
        assert_eq!(nobody["name"], "idproof");

        put(&root, &org, json!({})).await.is(200);
        let plain = world
            .holder_of(&opened)
            .caller
            .get("/v1/service")
            .await
            .is(200);
        assert_eq!(plain["name"], "idproof");
        let changed = kinds(&world, org.as_str()).await;
        assert_eq!(
            changed
                .iter()
                .filter(|k| *k == "organisation_settings_changed")
                .count(),
            2
        );
    }
}

#[tokio::test]
async fn an_operator_opens_sandbox_cases_that_end_as_chosen() {
    for world in worlds().await {
        let olga = world.colleague("olga", &[Role::Operator]).await;
        let org = world.organisation("bank").await;
        let outcomes = olga.get("/sandbox/outcomes").await.is(200);
        let codes: Vec<&Value> = outcomes["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| &o["code"])
            .collect();
        assert_eq!(codes, ["accept", "review", "refuse", "retake"]);
        let body = |outcome: &str| json!({ "organisation": org, "language": "fr", "outcome": outcome, "reference": "try 1" });
        for outcome in ["accept", "review", "refuse", "retake"] {
            world.clock.move_ms(1);
            let made = olga.post("/sandbox/cases", body(outcome)).await.is(201);
            assert_eq!(made["case"]["outcome"], outcome);
            let link = made["continue_url"].as_str().unwrap();
            let token = link.split_once('#').unwrap().1;
            let case = world.bearer(token).get("/v1/cases/current").await.is(200);
            assert_eq!(
                (&case["id"], &case["sandbox"]),
                (&made["case"]["id"], &json!(true))
            );
            let stored = world.case(&id(&made["case"]).parse().unwrap()).await;
            assert_eq!(stored.sandbox_outcome.unwrap().as_str(), outcome);
        }
        olga.post("/sandbox/cases", body("win"))
            .await
            .wrong("/outcome", "not_accepted");
        let mut long = body("accept");
        long["reference"] = "x".repeat(201).into();
        olga.post("/sandbox/cases", long)
            .await
            .wrong("/reference", "length");
        let list = olga
            .get(&format!("/sandbox/cases?organisation={org}"))
            .await
            .is(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 4);
        assert_eq!(list["items"][0]["outcome"], "retake");
        let real = olga.get("/dashboards/funnel").await.is(200);
        assert_eq!(real["started"], 0);
    }
}
