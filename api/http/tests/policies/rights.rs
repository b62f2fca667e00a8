//! Who may do what with policies, and that nobody can be made to do it.

use idproof_database::Role;
use serde_json::{Value, json};

use super::versions::{body, draft, looser, operator};
use crate::common::worlds;

/// Method, path, body; true: for operators alone, false: auditors and seniors may as well.
fn actions(version: &str) -> Vec<(&'static str, String, Value, bool)> {
    let of = |rest: &str| format!("/policies/{version}{rest}");
    vec![
        ("GET", "/policies".into(), json!({}), false),
        ("GET", "/policies/thresholds".into(), json!({}), false),
        ("GET", "/policies/drift".into(), json!({}), false),
        ("GET", "/policies/labelled".into(), json!({}), false),
        ("GET", of(""), json!({}), false),
        ("GET", of("/diff?against=configured"), json!({}), false),
        ("GET", of("/agreement"), json!({}), false),
        (
            "POST",
            "/policies/check".into(),
            json!({ "text": "" }),
            false,
        ),
        (
            "POST",
            "/policies/replay".into(),
            json!({ "text": "" }),
            false,
        ),
        (
            "POST",
            "/policies".into(),
            json!({ "text": "", "reason": "abc" }),
            true,
        ),
        ("POST", of("/approve"), json!({ "sha256": "" }), true),
        ("POST", of("/withdraw"), json!({ "reason": "" }), true),
        ("POST", of("/shadow"), json!({ "on": false }), true),
        ("POST", "/policies/labelled".into(), json!({}), true),
        ("DELETE", "/policies/labelled/lab_1".into(), json!({}), true),
    ]
}

#[tokio::test]
async fn every_role_may_do_what_is_its_own_and_nothing_else() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let version = draft(&olga, body(&looser("x"))).await;
        let all = actions(version["id"].as_str().unwrap());
        for role in Role::ALL {
            let who = world.colleague(role.as_str(), &[*role]).await;
            for (method, path, body, writes) in &all {
                let body = (*method != "GET").then_some(body);
                let answer = who.send(method, path, &[], body).await;
                let found: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let allowed = match role {
                    Role::Operator => true,
                    Role::Auditor | Role::Senior => !writes,
                    Role::Reviewer | Role::Administrator => false,
                };
                assert_eq!(
                    found["code"] != "role_missing",
                    allowed,
                    "{role:?} {method} {path}"
                );
            }
        }
        for (method, path, body, _) in &all {
            let path = format!("/console/api{path}");
            let answer = world.anybody().json(method, &path, &[], body).await;
            answer.refused("unauthorized");
        }
    }
}

#[tokio::test]
async fn a_forged_request_changes_nothing() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let version = draft(&olga, body(&looser("x"))).await;
        for (method, path, body, _) in actions(version["id"].as_str().unwrap()) {
            if method == "GET" {
                continue;
            }
            for forged in [
                vec![("x-csrf-token", "")],
                vec![("x-csrf-token", olga.csrf().as_str())],
                vec![("origin", "https://elsewhere.example")],
                vec![("sec-fetch-site", "cross-site")],
            ] {
                let answer = paul.send(method, &path, &forged, Some(&body)).await;
                answer.refused("csrf_wrong");
            }
        }
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["items"][0]["state"], "drafted");
    }
}
