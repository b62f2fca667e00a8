//! Keys, scopes, sandbox, organisations, lists.

use idproof_database::Scope;
use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Caller, MINUTE, START, World, worlds};

fn french() -> Value {
    json!({ "language": "fr" })
}

fn id(opened: &Value) -> String {
    opened["case"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let reads = world.key(&org, &[Scope::CasesRead]).await;
        let writes = world.key(&org, &[Scope::CasesWrite]).await;
        let hooks = world.key(&org, &[Scope::WebhooksManage]).await;
        let opened = writes.post("/v1/cases", french()).await.is(201);
        let case = format!("/v1/cases/{}", id(&opened));
        let problem = reads.post("/v1/cases", french()).await;
        assert_eq!(
            problem.refused("scope_missing")["detail"],
            "the scope `cases:write` is needed"
        );
        for who in [&writes, &hooks] {
            who.get("/v1/cases").await.refused("scope_missing");
            who.get(&case).await.refused("scope_missing");
            who.get(&format!("{case}/timeline"))
                .await
                .refused("scope_missing");
        }
        for who in [&reads, &hooks] {
            who.delete(&case).await.refused("scope_missing");
            who.act(&format!("{case}/withdraw"))
                .await
                .refused("scope_missing");
            who.act(&format!("{case}/token"))
                .await
                .refused("scope_missing");
        }
        for who in [&reads, &writes] {
            who.get("/v1/webhooks").await.refused("scope_missing");
        }
        reads.get(&case).await.is(200);
        hooks.get("/v1/webhooks").await.is(200);
        writes.act(&format!("{case}/withdraw")).await.is(200);
        // A key is no applicant.
        reads.get("/v1/cases/current").await.refused("unauthorized");
    }
}

#[tokio::test]
async fn a_key_that_was_revoked_or_has_expired_is_none() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        key.get("/v1/cases").await.is(200);
        let rows = world.database.api_keys(&org).await.unwrap();
        assert_eq!(rows[0].last_used_at, Some(START));
        let mut tx = world.database.begin().await.unwrap();
        assert!(tx.revoke_api_key(&rows[0].id, START).await.unwrap());
        tx.commit().await.unwrap();
        let revoked = key.get("/v1/cases").await;
        revoked.refused("unauthorized");
        let never = world.bearer("idp_live_never").get("/v1/cases").await;
        assert_eq!(revoked.seen(), never.seen());

        let secrets = world.vault.secrets();
        let new = idproof_http::NewKey {
            organisation: org.clone(),
            name: "for a minute".into(),
            scopes: vec![Scope::CasesRead],
            sandbox: false,
            expires_at: Some(START + MINUTE),
        };
        let made =
            idproof_http::create_key(&world.database, secrets, &*world.clock, &*world.random, new);
        let key = world.bearer(&made.await.unwrap().1);
        world.clock.set(START + MINUTE);
        key.get("/v1/cases").await.is(200);
        world.clock.set(START + MINUTE + 1);
        key.get("/v1/cases").await.refused("unauthorized");
    }
}

#[tokio::test]
async fn a_test_key_opens_sandbox_cases_and_chooses_how_they_end() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let (live, test) = (
            world.key(&org, ALL_SCOPES).await,
            world.test_key(&org, ALL_SCOPES).await,
        );
        let forced = json!({ "language": "fr", "sandbox_outcome": "refuse" });
        let opened = test.post("/v1/cases", forced.clone()).await.is(201);
        assert_eq!(opened["case"]["sandbox"], true);
        let kept = world.case(&id(&opened).parse().unwrap()).await;
        assert_eq!(kept.sandbox_outcome.map(|o| o.as_str()), Some("refuse"));
        for who in [&live, &world.anybody()] {
            let answer = who.post("/v1/cases", forced.clone()).await;
            answer.wrong("/sandbox_outcome", "not_allowed");
        }
        let bad = json!({ "language": "fr", "sandbox_outcome": "win" });
        let answer = test.post("/v1/cases", bad).await;
        answer.wrong("/sandbox_outcome", "not_accepted");
        let real = live.post("/v1/cases", french()).await.is(201);
        assert_eq!(listed(&live, "").await, [id(&real)]);
        assert_eq!(listed(&test, "").await, [id(&opened)]);
    }
}

async fn listed(who: &Caller, query: &str) -> Vec<String> {
    let page = who.get(&format!("/v1/cases{query}")).await.is(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|c| c["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_is_read_page_by_page_without_gap_or_repetition() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(id(&key.post("/v1/cases", french()).await.is(201)));
            world.clock.move_ms(1);
        }
        made.reverse();
        assert_eq!(listed(&key, "").await, made);
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = key.get(&format!("/v1/cases{query}")).await.is(200);
            let items = page["items"].as_array().unwrap().iter();
            seen.extend(items.map(|c| c["id"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            query = format!("?limit=2&cursor={cursor}");
            // What is opened meanwhile does not shift the pages.
            key.post("/v1/cases", french()).await.is(201);
        }
        assert_eq!(seen, made);
        // A page that is just full is the last.
        let all = key.get("/v1/cases?limit=7").await.is(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 7);
        assert_eq!(all["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn a_list_is_narrowed_by_state_and_by_reference() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let body = json!({ "language": "fr", "reference": "client 7 & co" });
        let one = id(&key.post("/v1/cases", body).await.is(201));
        let two = id(&key.post("/v1/cases", french()).await.is(201));
        key.act(&format!("/v1/cases/{two}/withdraw")).await.is(200);
        assert_eq!(
            listed(&key, "?reference=client%207%20%26%20co").await,
            [one.clone()]
        );
        assert_eq!(listed(&key, "?state=withdrawn").await, [two]);
        assert_eq!(listed(&key, "?state=created").await, [one]);
        assert!(listed(&key, "?reference=nothing").await.is_empty());
        assert!(
            listed(&key, "?reference=%27%20OR%20%271%27=%271")
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        for (query, pointer) in [
            ("?limit=0", "limit"),
            ("?limit=201", "limit"),
            ("?limit=-1", "limit"),
            ("?state=flying", "state"),
            ("?cursor=case_1", "cursor"),
            ("?cursor=%00", "cursor"),
            ("?reference=%00", "reference"),
            ("?limit=ten", ""),
            ("?limit=1&limit=2", ""),
            ("?limit=99999999999999999999", ""),
            ("?colour=red", ""),
        ] {
            let answer = key.get(&format!("/v1/cases{query}")).await;
            let body = answer.refused("invalid");
            assert_eq!(body["errors"][0]["pointer"], pointer, "{query} {body}");
        }
    }
}

#[tokio::test]
async fn a_reference_is_an_integrators_and_is_text() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let open = |reference: &str| {
            let body = json!({ "language": "fr", "reference": reference });
            let key = key.clone();
            async move { key.post("/v1/cases", body).await }
        };
        let longest = "é".repeat(200);
        let opened = open(&longest).await.is(201);
        assert_eq!(opened["case"]["reference"], longest);
        open("").await.wrong("/reference", "length");
        open(&"é".repeat(201)).await.wrong("/reference", "length");
        open("a\u{0}b").await.wrong("/reference", "not_accepted");
        let body = json!({ "language": "fr", "reference": "mine" });
        let answer = world.anybody().post("/v1/cases", body).await;
        answer.wrong("/reference", "not_allowed");
        let answer = key.post("/v1/cases", json!({ "language": "de" })).await;
        answer.wrong("/language", "not_accepted");
        let body = json!({ "language": "fr", "document_type": "library_card" });
        let answer = key.post("/v1/cases", body).await;
        answer.wrong("/document_type", "not_accepted");
    }
}

#[tokio::test]
async fn an_integrator_sees_its_case_and_lets_the_applicant_in_again() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let opened = key.post("/v1/cases", french()).await.is(201);
        let ada = world.holder_of(&opened);
        let again = key.act(&ada.path("/token")).await.is(201);
        let second = world.holder_of(&again);
        assert_ne!(second.token, ada.token);
        second.consents().await.is(200);
        ada.get("/status").await.is(200);
        let url = again["continue_url"].as_str().unwrap();
        assert!(
            url.ends_with(&format!("/continue#{}", second.token)),
            "{url}"
        );
        ada.act("/token").await.refused("unauthorized");
        key.act(&ada.path("/withdraw")).await.is(200);
        let actors = "SELECT actor FROM events WHERE case_id = $1 ORDER BY seq";
        let actors = world.texts(actors, ada.id.as_str()).await;
        assert!(actors[0].contains("integrator") && actors[1].contains("applicant"));
        assert!(actors[2].contains("integrator"), "{actors:?}");
        let _: &World = second.world;
    }
}
