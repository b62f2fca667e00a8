//! What is somebody else's looks as if it were not there: the same status, body and headers.

use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Answer, Caller, HOUR, World, digest, identity, worlds};

const NO_CASE: &str = "case_00000000000000000000000000";

/// Every way to ask for a case, as method, path behind the case, body.
fn every_way() -> Vec<(&'static str, String, Value)> {
    let handover = "/handover/hov_00000000000000000000000000";
    let consent = json!({ "version": "2026-11", "biometrics": true });
    let code = json!({ "code": "123456" });
    let mut all: Vec<(&str, String, Value)> = ["", "/status", "/timeline", "/letter", handover]
        .map(|rest| ("GET", rest.to_owned(), Value::Null))
        .to_vec();
    for rest in ["submit", "retake", "withdraw", "suspend", "reactivate"] {
        all.push(("POST", format!("/{rest}"), Value::Null));
    }
    for rest in ["challenges", "appeal"] {
        all.push(("POST", format!("/{rest}"), json!({})));
    }
    for (rest, body) in [
        ("consent", consent),
        ("email", json!({ "address": "ada@example.org" })),
        ("phone", json!({ "number": "+33612345678" })),
        ("email/confirm", code.clone()),
        ("phone/confirm", code.clone()),
        ("activation", code),
        ("uploads", json!({ "kind": "document_front" })),
        ("handover", Value::Null),
    ] {
        all.push(("POST", format!("/{rest}"), body));
    }
    all.push(("PUT", "/identity".into(), identity()));
    all.push(("DELETE", String::new(), Value::Null));
    all
}

async fn ask(who: &Caller, id: &str, (method, rest, body): &(&str, String, Value)) -> Answer {
    let path = format!("/v1/cases/{id}{rest}");
    if body.is_null() {
        return who.send(method, &path, &[], Vec::new()).await;
    }
    who.json(method, &path, &[], body).await
}

async fn sees_nothing(who: &Caller, foreign: &str) {
    for way in every_way() {
        let theirs = ask(who, foreign, &way).await;
        theirs.refused("not_found");
        for id in [NO_CASE, "nonsense", "case_", "%00", "..%2f", "%F0%9F%98%80"] {
            let none = ask(who, id, &way).await;
            assert_eq!(theirs.seen(), none.seen(), "{way:?} {id}");
        }
    }
}

#[tokio::test]
async fn another_applicants_case_looks_as_if_it_were_not_there() {
    for world in worlds().await {
        let (ada, eve) = (world.applicant().await, world.applicant().await);
        sees_nothing(&eve.caller, ada.id.as_str()).await;
        assert_eq!(ada.stands().await.0, "created");
    }
}

#[tokio::test]
async fn another_organisations_case_looks_as_if_it_were_not_there() {
    for world in worlds().await {
        let (bank, shop) = (
            world.organisation("bank").await,
            world.organisation("shop").await,
        );
        let theirs = world.key(&bank, ALL_SCOPES).await;
        let body = json!({ "language": "fr" });
        let opened = theirs.post("/v1/cases", body).await.is(201);
        let id = opened["case"]["id"].as_str().unwrap();
        for who in [
            world.key(&shop, ALL_SCOPES).await,
            world.test_key(&bank, ALL_SCOPES).await,
        ] {
            sees_nothing(&who, id).await;
            let token = who.act(&format!("/v1/cases/{id}/token")).await;
            let none = who.act(&format!("/v1/cases/{NO_CASE}/token")).await;
            assert_eq!(token.seen(), none.seen());
            token.refused("not_found");
        }
        // Cases that were opened without a key are the house's own.
        let ada = world.applicant().await;
        sees_nothing(&theirs, ada.id.as_str()).await;
    }
}

#[tokio::test]
async fn whoever_shows_nothing_or_nonsense_learns_nothing() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let near = format!("{}x", ada.token);
        let strangers = [
            world.anybody(),
            world.bearer("nonsense"),
            world.bearer("idc_"),
            world.bearer(&near),
            world.bearer("idp_live_nonsense"),
            world.bearer("idp_test_nonsense"),
        ];
        for who in &strangers {
            for way in every_way() {
                let theirs = ask(who, ada.id.as_str(), &way).await;
                let none = ask(who, NO_CASE, &way).await;
                theirs.refused("unauthorized");
                assert_eq!(theirs.seen(), none.seen(), "{way:?}");
            }
            for path in ["/v1/cases", "/v1/cases/current", "/v1/webhooks"] {
                who.get(path).await.refused("unauthorized");
            }
        }
        assert_eq!(ada.stands().await.0, "created");
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_in_its_place() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let path = ada.path("/status");
        let basic = format!("Basic {}", ada.token);
        let bearer = format!("Bearer {}", ada.token);
        for headers in [
            vec![("authorization", &*basic)],
            vec![("authorization", &*ada.token)],
            vec![("authorization", "Bearer")],
            vec![("authorization", &*bearer), ("authorization", &*bearer)],
        ] {
            let answer = world.anybody().send("GET", &path, &headers, vec![]).await;
            answer.refused("unauthorized");
        }
        let lower = format!("bearer   {} ", ada.token);
        let headers = [("authorization", &*lower)];
        world
            .anybody()
            .send("GET", &path, &headers, vec![])
            .await
            .is(200);
        let inside = format!("{path}?token={}", ada.token);
        world.anybody().get(&inside).await.refused("unauthorized");
    }
}

#[tokio::test]
async fn an_expired_token_is_like_one_that_never_was() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let never = world.bearer("idc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        world.clock.move_ms(72 * HOUR);
        ada.get("/status").await.is(200);
        let ada = world.applicant().await;
        world.clock.move_ms(72 * HOUR + 1);
        for way in every_way() {
            let expired = ask(&ada.caller, ada.id.as_str(), &way).await;
            let unknown = ask(&never, ada.id.as_str(), &way).await;
            expired.refused("unauthorized");
            assert_eq!(expired.seen(), unknown.seen(), "{way:?}");
        }
        let body = json!({ "language": "fr" });
        ada.caller
            .post("/v1/cases", body)
            .await
            .refused("unauthorized");
    }
}

/// Everything of a webhook's.
async fn of_webhook(who: &Caller, id: &str, message: &str) -> Vec<Answer> {
    let path = format!("/v1/webhooks/{id}");
    vec![
        who.get(&path).await,
        who.patch(&path, json!({ "enabled": false })).await,
        who.delete(&path).await,
        who.get(&format!("{path}/deliveries")).await,
        who.act(&format!("{path}/test")).await,
        who.act(&format!("{path}/deliveries/{message}/replay"))
            .await,
    ]
}

#[tokio::test]
async fn another_organisations_webhook_looks_as_if_it_were_not_there() {
    for world in worlds().await {
        let (bank, shop) = (
            world.organisation("bank").await,
            world.organisation("shop").await,
        );
        let theirs = world.key(&bank, ALL_SCOPES).await;
        let body = json!({ "url": "https://hooks.example.org/x", "events": ["*"] });
        let made = theirs.post("/v1/webhooks", body).await.is(201);
        let id = made["id"].as_str().unwrap();
        let sent = theirs.act(&format!("/v1/webhooks/{id}/test")).await.is(202);
        let message = sent["id"].as_str().unwrap();
        for who in [
            world.key(&shop, ALL_SCOPES).await,
            world.test_key(&bank, ALL_SCOPES).await,
        ] {
            let foreign = of_webhook(&who, id, message).await;
            let none = "whe_00000000000000000000000000";
            for other in [none, "nonsense", "%00", "%FF", "..%2f"] {
                let unknown = of_webhook(&who, other, message).await;
                for (foreign, unknown) in foreign.iter().zip(&unknown) {
                    foreign.refused("not_found");
                    assert_eq!(foreign.seen(), unknown.seen(), "{other}");
                }
            }
        }
        // One's own webhook, another's message.
        let mine = world.key(&shop, ALL_SCOPES).await;
        let body = json!({ "url": "https://hooks.example.org/y", "events": ["*"] });
        let made = mine.post("/v1/webhooks", body).await.is(201);
        let path = format!("/v1/webhooks/{}/deliveries", made["id"].as_str().unwrap());
        let foreign = mine.act(&format!("{path}/{message}/replay")).await;
        foreign.refused("not_found");
        for other in ["msg_00000000000000000000000000", "%FF", "%00"] {
            let unknown = mine.act(&format!("{path}/{other}/replay")).await;
            assert_eq!(foreign.seen(), unknown.seen());
        }
    }
}

/// The same for a browser's page that asks for what it may not.
#[tokio::test]
async fn pages_of_other_origins_are_not_let_in_unless_they_are_named() {
    let allowed = "https://app.example";
    let named = |s: &mut crate::common::Settings| s.http.allowed_origins = vec![allowed.into()];
    for world in crate::common::worlds_with(named).await {
        let preflight = async |origin: &str| {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
            ];
            world
                .anybody()
                .send("OPTIONS", "/v1/cases", &headers, vec![])
                .await
        };
        let answer = preflight(allowed).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some(allowed));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        for origin in [
            "https://evil.example",
            "null",
            "https://app.example.evil.example",
        ] {
            let answer = preflight(origin).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
    }
}

async fn chunk(world: &World, who: &Caller, upload: &str) -> Answer {
    let _ = world;
    let headers = [("content-digest", &*digest(b"x"))];
    let path = format!("/v1/uploads/{upload}/chunks/0");
    who.send("PUT", &path, &headers, b"x".to_vec()).await
}

#[tokio::test]
async fn a_key_that_may_only_read_sends_no_chunk() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let all = world.key(&org, ALL_SCOPES).await;
        let reader = world.key(&org, &[idproof_database::Scope::CasesRead]).await;
        let opened = all.post("/v1/cases", json!({ "language": "fr" })).await;
        let ada = world.holder_of(&opened.is(201)).identified().await;
        let upload = ada.begins(json!({ "kind": "document_front" })).await;
        chunk(&world, &reader, &upload)
            .await
            .refused("scope_missing");
        chunk(&world, &all, &upload).await.is(204);
    }
}
