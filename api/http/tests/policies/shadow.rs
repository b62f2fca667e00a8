//! A version that judges beside the one in force, without effect.

use serde_json::{Value, json};

use super::versions::{CONFIGURED, approve, body, draft, in_force, looser, operator};
use crate::common::worlds;

#[tokio::test]
async fn one_shadow_stands_beside_the_policy_in_force() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let first = draft(&olga, body(&looser("first"))).await;
        let second = draft(&olga, body(&looser("second"))).await;
        let path = |v: &Value| format!("/policies/{}/shadow", v["id"].as_str().unwrap());
        let on = json!({ "on": true });
        assert_eq!(
            olga.post(&path(&first), on.clone()).await.is(200)["shadow"],
            true
        );
        assert_eq!(
            olga.post(&path(&second), on.clone()).await.is(200)["shadow"],
            true
        );
        let shadows = async || {
            let all = olga.get("/policies").await.is(200);
            let items = all["items"].as_array().unwrap().clone();
            let on = items.iter().filter(|v| v["shadow"] == true);
            on.map(|v| v["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(shadows().await, ["second"]);
        assert_eq!(in_force(&olga).await, CONFIGURED, "it decides nothing");
        olga.post(&path(&second), json!({ "on": false }))
            .await
            .is(200);
        assert!(shadows().await.is_empty());
        approve(&paul, &first).await.is(200);
        olga.post(&path(&first), on.clone())
            .await
            .refused("policy_state");
        let withdraw = format!("/policies/{}/withdraw", second["id"].as_str().unwrap());
        olga.post(&withdraw, json!({ "reason": "not now" }))
            .await
            .is(200);
        olga.post(&path(&second), on).await.refused("policy_state");
    }
}

/// What was tried beside and then came into force is no trial any more: not then, and not when another follows it.
#[tokio::test]
async fn a_shadow_that_comes_into_force_is_no_shadow_any_more() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let stands = async || {
            let now = idproof_ports::Clock::now_ms(&*world.clock);
            let found = world.database.policies_in_force(None, now).await.unwrap();
            (found.active.map(|v| v.name), found.shadow.map(|v| v.name))
        };
        let some = |name: &str| Some(name.to_owned());
        let path = |v: &Value| format!("/policies/{}", v["id"].as_str().unwrap());
        let shadow = |v: &Value| format!("{}/shadow", path(v));
        let on = json!({ "on": true });

        let first = draft(&olga, body(&looser("first"))).await;
        olga.post(&shadow(&first), on.clone()).await.is(200);
        assert_eq!(stands().await, (None, some("first")));
        world.clock.move_ms(1_000);
        let done = approve(&paul, &first).await.is(200);
        assert_eq!(
            (&done["state"], &done["shadow"]),
            (&json!("active"), &json!(false))
        );
        assert_eq!(stands().await, (some("first"), None));

        // One that is planned goes on being tried until it starts.
        let mut planned = body(&looser("second"));
        planned["starts_at"] = json!("2026-03-10T10:00:00Z");
        let second = draft(&olga, planned).await;
        olga.post(&shadow(&second), on.clone()).await.is(200);
        world.clock.move_ms(1_000);
        let done = approve(&paul, &second).await.is(200);
        assert_eq!(
            (&done["state"], &done["shadow"]),
            (&json!("scheduled"), &json!(true))
        );
        assert_eq!(stands().await, (some("first"), some("second")));
        world.clock.move_ms(31 * 60_000);
        olga.signs_in().await;
        let done = olga.get(&path(&second)).await.is(200);
        assert_eq!(
            (&done["state"], &done["shadow"]),
            (&json!("active"), &json!(false))
        );
        assert_eq!(stands().await, (some("second"), None));
        let old = olga.get(&path(&first)).await.is(200);
        assert_eq!(
            (&old["state"], &old["shadow"]),
            (&json!("superseded"), &json!(false))
        );

        // One that was replaced can be tried anew.
        world.clock.move_ms(1_000);
        let again = olga.post(&shadow(&first), on).await.is(200);
        assert_eq!(again["shadow"], true);
        assert_eq!(stands().await, (some("second"), some("first")));
    }
}
