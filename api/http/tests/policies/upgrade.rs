//! A program that knows more checks than the policy in force: the pages stay, say what is missing and offer the remedy.

use idproof_domain::Policy;
use serde_json::{Value, json};

use super::versions::{DEFAULT, approve, body, draft, in_force, looser, operator};
use crate::common::{World, worlds};

/// The text as a program without these checks took it.
fn older(name: &str) -> String {
    let is_new = |line: &&str| {
        ["footage_seen ", "lip_sync "]
            .iter()
            .any(|new| line.starts_with(new))
    };
    let lines = DEFAULT.lines().filter(|line| !is_new(line));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    text.replace("version = \"2026-11-1\"", &format!("version = \"{name}\""))
        .replace("liveness_accept = 0.6", "liveness_accept = 0.7")
}

async fn becomes(world: &World, version: &Value, text: &str) {
    let sql = "UPDATE policy_versions SET text = $1 WHERE id = $2";
    let query = sqlx::query(sql)
        .bind(text)
        .bind(version["id"].as_str().unwrap());
    query.execute(world.database.pool()).await.unwrap();
}

#[tokio::test]
async fn a_policy_from_before_new_checks_is_seen_named_and_mended_by_two_people() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let version = draft(&olga, body(&looser("old"))).await;
        assert_eq!(version["missing"], json!([]));
        approve(&paul, &version).await.is(200);
        becomes(&world, &version, &older("old")).await;

        // What lacks checks is not taken; the error names them and what helps.
        let refused = olga.post("/policies", body(&older("other"))).await;
        let refused = refused.refused("invalid");
        let error = &refused["errors"][0];
        assert_eq!(error["code"], "check_missing");
        let said = error["detail"].as_str().unwrap();
        for part in ["`checks.footage_seen`", "`checks.lip_sync`", "policy amend"] {
            assert!(said.contains(part), "{said}");
        }

        // The pages still stand.
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["in_force"][0]["name"], "old");
        assert_eq!(
            all["items"][0]["missing"],
            json!(["footage_seen", "lip_sync"])
        );
        olga.get("/policies/thresholds").await.is(200);
        olga.get("/policies/drift").await.is(200);
        let path = format!("/policies/{}", version["id"].as_str().unwrap());
        let shown = olga.get(&path).await.is(200);
        assert_eq!(shown["text"], older("old"), "as it was approved");

        // The same with what is new, as it ships, becomes a version that two people make.
        let text = shown["completed"].as_str().unwrap();
        let whole = Policy::parse(text).unwrap();
        assert_eq!(whole.thresholds().get("liveness_accept"), Some(0.7));
        let text = text.replace("version = \"old\"", "version = \"whole\"");
        let mended = draft(&olga, body(&text)).await;
        assert_eq!(
            (&mended["missing"], &mended["changes"]),
            (&json!([]), &json!(2))
        );
        let path = format!("/policies/{}", mended["id"].as_str().unwrap());
        let shown = paul.get(&path).await.is(200);
        let item = &shown["diff"]["items"][0];
        assert_eq!(
            (&item["key"], &item["from"], &item["to"]),
            (
                &json!("checks.footage_seen"),
                &Value::Null,
                &json!("required, on_fail review")
            )
        );
        assert_eq!(item["looser"], false);
        approve(&olga, &mended).await.refused("same_person");
        world.clock.move_ms(1);
        approve(&paul, &mended).await.is(200);
        assert_eq!(in_force(&olga).await, "whole");
        let shown = olga.get(&path).await.is(200);
        assert_eq!(shown["completed"], Value::Null);

        // To go back to the old one is to go back to it with what is new.
        let back = json!({ "roll_back_to": version["id"], "name": "back", "reason": "as it was" });
        let back = draft(&olga, back).await;
        world.clock.move_ms(1);
        approve(&paul, &back).await.is(200);
        assert_eq!(in_force(&olga).await, "back");
    }
}
