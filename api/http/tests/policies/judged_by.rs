//! A case is shown beside the very policy that judged it, whatever is in force since.

use serde_json::{Value, json};

use super::versions::{body, draft, looser, operator, text};
use crate::common::{POLICY_SHA256, World, to_review, worlds_with};

async fn judged_by(world: &World, case: &str, sha256: &str) {
    let sql = "UPDATE decisions SET policy_sha256 = $1 WHERE case_id = $2";
    let query = sqlx::query(sql).bind(sha256).bind(case);
    query.execute(world.database.pool()).await.unwrap();
}

#[tokio::test]
async fn a_score_stands_on_the_scale_of_the_version_that_judged() {
    for world in worlds_with(|s| s.console.blind_first = false).await {
        let (olga, ada) = (operator(&world, "olga").await, world.reviewer("ada").await);
        let strict = text(
            "strict",
            "face_match_refuse = -6.0",
            "face_match_refuse = -4.0",
        );
        let strict = draft(&olga, body(&strict)).await;
        draft(&olga, body(&looser("another"))).await;
        let case = to_review(&world, "borderline").await;
        let path = format!("/cases/{}", case.id);
        ada.next().await;
        let scale = async || {
            let page = ada.get(&path).await.is(200);
            let check = page["machine"]["checks"][0].clone();
            assert_eq!(check["name"], "face_match");
            (
                check["scale"]["accept"].clone(),
                check["scale"]["refuse"].clone(),
            )
        };
        // What the report compared with stands in it; what it refuses from, in the policy alone.
        let sha256 = strict["sha256"].as_str().unwrap();
        judged_by(&world, case.id.as_str(), sha256).await;
        assert_eq!(scale().await, (json!(0.45), json!(-4.0)));
        judged_by(&world, case.id.as_str(), POLICY_SHA256).await;
        assert_eq!(scale().await, (json!(0.45), json!(-6.0)));
        // A file that was replaced is known no more: no other policy stands in its place.
        judged_by(&world, case.id.as_str(), "11").await;
        assert_eq!(scale().await, (json!(0.45), Value::Null));
    }
}
