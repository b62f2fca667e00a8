//! What a change would do: stored scores, labelled scores, a shadow, drift.

#[path = "../../../../pipeline/domain/tests/common/random.rs"]
mod random;

use idproof_database::{CaseScores, DecisionOutcome, NewCase, Role};
use idproof_domain::case::Actor;
use idproof_domain::ids::{CaseId, OrganisationId, PolicyId};
use idproof_domain::replay::{Circumstances, judge};
use idproof_domain::scores::Scores;
use idproof_domain::{Evidence, Language, Measured, Policy, ReviewMode, Rules};
use idproof_ports::Clock;
use serde_json::{Value, json};

use super::versions::{body, draft, looser, operator, text};
use crate::common::{World, worlds};

const RULES: Rules = Rules {
    mode: ReviewMode::Borderline,
    most_attempts: 3,
};
const DAY: i64 = 24 * 3_600_000;

fn shipped() -> Policy {
    Policy::parse(Policy::DEFAULT_TEXT).unwrap()
}

fn id_bytes(world: &World) -> [u8; 10] {
    let mut bytes = [0; 10];
    world.random.fill(&mut bytes);
    bytes
}

/// Keeps a judged case as the worker does; tells what happened to it.
async fn kept(
    world: &World,
    of: &OrganisationId,
    at: i64,
    evidence: &Evidence,
    shadow: Option<(&PolicyId, &Policy)>,
) -> (CaseId, DecisionOutcome) {
    let policy = shipped();
    let id = CaseId::new(at, id_bytes(world));
    let scores = Scores::of(evidence, &policy);
    let under = Circumstances {
        attempt: 1,
        person: false,
        rules: RULES,
    };
    let opened = scores.open().unwrap();
    let outcome = |policy: &Policy| -> DecisionOutcome {
        judge(&opened, policy, &under).0.as_str().parse().unwrap()
    };
    let new = NewCase {
        number: id.as_str()[15..].to_owned(),
        id: id.clone(),
        organisation: of.clone(),
        reference: None,
        language: Language::Fr,
        sandbox: false,
        sandbox_outcome: None,
        now_ms: at,
    };
    let mut tx = world.database.begin().await.unwrap();
    tx.insert_case(new, &Actor::Applicant).await.unwrap();
    tx.insert_case_scores(&CaseScores {
        case: id.clone(),
        attempt: 1,
        organisation: of.clone(),
        at,
        policy_version: policy.version().to_owned(),
        policy_sha256: "00".into(),
        outcome: outcome(&policy),
        person: false,
        rules: RULES,
        scores: CaseScores::text_of(&scores).unwrap(),
        shadow: shadow.map(|(id, policy)| (id.clone(), outcome(policy))),
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    (id, outcome(&policy))
}

fn live(seed: u64, score: f64) -> Evidence {
    let mut evidence = random::evidence(seed, false);
    evidence.liveness = Measured::Value(idproof_domain::evidence::Liveness {
        scores: vec![score],
    });
    evidence
}

async fn own(world: &World) -> OrganisationId {
    let now = world.clock.now_ms();
    world.database.own_organisation(now).await.unwrap()
}

#[tokio::test]
async fn a_proposed_policy_is_replayed_over_stored_cases() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let (own, now) = (own(&world).await, world.clock.now_ms());
        let nothing = olga
            .post("/policies/replay", json!({ "text": looser("x") }))
            .await
            .is(200);
        assert_eq!(
            (&nothing["cases"], &nothing["before"]["accept"]["of"]),
            (&json!(0), &json!(0))
        );
        let mut counts = std::collections::BTreeMap::new();
        for i in 0..60_u64 {
            // Half of them between the old and the new threshold.
            let evidence = live(i, if i % 2 == 0 { 0.55 } else { 0.9 });
            let at = now - i64::try_from(i).unwrap() * 3_600_000;
            let (_, outcome) = kept(&world, &own, at, &evidence, None).await;
            *counts.entry(outcome.as_str()).or_insert(0) += 1;
        }
        let body = json!({ "text": looser("x"), "cases": 50 });
        let found = olga.post("/policies/replay", body).await.is(200);
        assert_eq!(found["cases"], 50);
        assert_eq!(found["against"]["id"], "configured");
        let body = json!({ "text": looser("x") });
        let found = olga.post("/policies/replay", body).await.is(200);
        assert_eq!(
            (&found["cases"], &found["unreadable"]),
            (&json!(60), &json!(0))
        );
        for (outcome, n) in counts {
            // Judged by the very policy that judged them: what was recorded.
            assert_eq!(found["before"][outcome]["count"], n, "{outcome}");
            assert_eq!(found["recorded"][outcome], n, "{outcome}");
        }
        let liveness = found["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["check"] == "liveness")
            .unwrap();
        assert_eq!(
            (
                &liveness["before"]["borderline"],
                &liveness["after"]["borderline"]
            ),
            (&json!(30), &json!(0))
        );
        assert_eq!(
            liveness["moves"],
            json!([{ "from": "borderline", "to": "passed", "cases": 30 }])
        );
        let changed = found["cases_that_change"].as_array().unwrap();
        assert_eq!(found["changed"], changed.len());
        assert!(!changed.is_empty());
        for change in changed {
            let causes = change["by"].as_array().unwrap();
            assert!(causes.iter().any(|c| c["check"] == "liveness"), "{change}");
            assert!(change["case"].as_str().unwrap().starts_with("case_"));
        }
        let accept = &found["after"]["accept"];
        assert!(accept["count"].as_u64() > found["before"]["accept"]["count"].as_u64());
        assert!(accept["low"].as_f64() < accept["high"].as_f64());
        assert!(found["per_day"]["after"].as_f64() < found["per_day"]["before"].as_f64());
        assert_eq!(found["diff"]["items"].as_array().unwrap().len(), 1);
        // The policy in force beside itself changes nothing.
        let same = json!({ "version": "configured" });
        let same = olga.post("/policies/replay", same).await.is(200);
        assert_eq!(
            (&same["changed"], &same["before"]),
            (&json!(0), &same["after"])
        );
        for wrong in [
            json!({}),
            json!({ "text": looser("x"), "version": "configured" }),
            json!({ "text": looser("x"), "cases": 0 }),
            json!({ "text": looser("x"), "cases": 100_001 }),
            json!({ "version": "pol_x" }),
            json!({ "text": looser("x"), "labelled": ["lab_x"] }),
            json!({ "text": looser("x"), "organisation": "org_x" }),
        ] {
            olga.post("/policies/replay", wrong)
                .await
                .refused("invalid");
        }
    }
}

#[tokio::test]
async fn cases_of_an_organisation_with_its_own_policy_are_not_everybodys() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let (own, bank) = (own(&world).await, world.organisation("bank").await);
        let now = world.clock.now_ms();
        for i in 0..4 {
            kept(
                &world,
                if i == 0 { &bank } else { &own },
                now - i,
                &live(1, 0.55),
                None,
            )
            .await;
        }
        let replay = async |body: Value| olga.post("/policies/replay", body).await.is(200);
        let all = json!({ "text": looser("x") });
        assert_eq!(replay(all.clone()).await["cases"], 4);
        let only = json!({ "text": looser("x"), "organisation": bank.as_str() });
        assert_eq!(replay(only.clone()).await["cases"], 1);
        let mut of_bank = body(&looser("bank"));
        of_bank["organisation"] = json!(bank.as_str());
        let version = draft(&olga, of_bank).await;
        let path = format!("/policies/{}/approve", version["id"].as_str().unwrap());
        let approve = json!({ "sha256": version["sha256"] });
        paul.post(&path, approve).await.is(200);
        assert_eq!(replay(all).await["cases"], 3);
        let found = replay(only).await;
        assert_eq!(
            (
                &found["cases"],
                &found["against"]["name"],
                &found["changed"]
            ),
            (&json!(1), &json!("bank"), &json!(0))
        );
    }
}

#[tokio::test]
async fn every_threshold_is_shown_with_the_scores_about_it() {
    for world in worlds().await {
        let auditor = world.colleague("otto", &[Role::Auditor]).await;
        let (own, now) = (own(&world).await, world.clock.now_ms());
        for i in 0..40_u64 {
            let evidence = live(i, 0.4 + i as f64 / 100.0);
            kept(
                &world,
                &own,
                now - i64::try_from(i).unwrap(),
                &evidence,
                None,
            )
            .await;
        }
        kept(&world, &own, now - 60 * DAY, &live(1, 0.5), None).await;
        let found = auditor.get("/policies/thresholds").await.is(200);
        assert_eq!(found["cases"], 40);
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), idproof_domain::Thresholds::SPECS.len());
        for item in items {
            let h = &item["histogram"];
            let inside: u64 = h["bins"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|b| {
                    ["accept", "refuse", "review", "retake"].map(|k| b[k].as_u64().unwrap())
                })
                .sum();
            let beside = h["below"].as_u64().unwrap() + h["above"].as_u64().unwrap();
            assert_eq!(inside + beside, h["n"].as_u64().unwrap(), "{item}");
            assert_eq!(
                h["n"].as_u64().unwrap() + h["missing"].as_u64().unwrap(),
                40
            );
            assert!(item["meaning"]["fr"] != item["meaning"]["en"]);
        }
        let live = items
            .iter()
            .find(|i| i["key"] == "liveness_accept")
            .unwrap();
        assert_eq!(
            (&live["value"], &live["side"], &live["partner"]),
            (
                &json!(0.6),
                &json!("accept_from"),
                &json!("liveness_refuse")
            )
        );
        assert!(
            (live["quantiles"]["p50"].as_f64().unwrap() - 0.6).abs() < 0.02,
            "{live}"
        );
        let longer = auditor.get("/policies/thresholds?days=90").await.is(200);
        assert_eq!(longer["cases"], 41);
        for wrong in ["days=0", "days=400", "colour=red", "organisation=org_x"] {
            let path = format!("/policies/thresholds?{wrong}");
            auditor.get(&path).await.refused("invalid");
        }
    }
}

#[tokio::test]
async fn a_shadow_is_held_beside_what_was_done() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let text = looser("shadow");
        let version = draft(&olga, body(&text)).await;
        let id: PolicyId = version["id"].as_str().unwrap().parse().unwrap();
        let shadow = Policy::parse(&text).unwrap();
        let (own, now) = (own(&world).await, world.clock.now_ms());
        let mut changed = Vec::new();
        for i in 0..80 {
            let evidence = live(i, if i < 40 { 0.55 } else { 0.9 });
            let at = now - i64::try_from(i).unwrap();
            let (case, outcome) = kept(&world, &own, at, &evidence, Some((&id, &shadow))).await;
            if outcome == DecisionOutcome::Review && i < 40 {
                changed.push(case);
            }
        }
        let path = format!("/policies/{id}/agreement");
        let found = olga.get(&path).await.is(200);
        assert_eq!(found["cases"], 80);
        let table = found["table"].as_array().unwrap();
        let total: i64 = table.iter().map(|c| c["cases"].as_i64().unwrap()).sum();
        assert_eq!(total, 80);
        let moved = table
            .iter()
            .find(|c| c["active"] == "review" && c["shadow"] == "accept")
            .unwrap();
        assert!(moved["cases"].as_i64().unwrap() > 0, "{found}");
        for example in moved["examples"].as_array().unwrap() {
            assert!(changed.iter().any(|c| c.as_str() == example), "{example}");
        }
        let same = found["same"].as_i64().unwrap();
        assert_eq!(found["agreement"]["count"], same);
        assert!(same < 80);
        olga.get(&format!("{path}?days=0")).await.refused("invalid");
    }
}

#[tokio::test]
async fn drift_is_seen_with_the_counts_behind_it() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let (own, now) = (own(&world).await, world.clock.now_ms());
        let quiet = olga.get("/policies/drift").await.is(200);
        assert_eq!(quiet["items"], json!([]));
        let mut lot = random::Lot::new(5);
        for i in 0..120_i64 {
            let recent = live(u64::try_from(i).unwrap(), 0.3 + lot.share() * 0.3);
            kept(&world, &own, now - DAY - i, &recent, None).await;
            let reference = live(1000 + u64::try_from(i).unwrap(), 0.6 + lot.share() * 0.4);
            kept(&world, &own, now - 20 * DAY - i, &reference, None).await;
        }
        let found = olga.get("/policies/drift").await.is(200);
        assert_eq!(
            (&found["recent"]["cases"], &found["reference"]["cases"]),
            (&json!(120), &json!(120))
        );
        let of = |check: &str| {
            let items = found["items"].as_array().unwrap();
            items.iter().find(|i| i["check"] == check).unwrap().clone()
        };
        let moved = of("liveness");
        assert_eq!(moved["state"], "alarm", "{moved}");
        assert!(moved["psi"].as_f64().unwrap() > 0.25 && moved["p"].as_f64().unwrap() < 0.01);
        let bins = moved["bins"].as_array().unwrap();
        let recent: u64 = bins.iter().map(|b| b["recent"].as_u64().unwrap()).sum();
        assert_eq!(recent, 120);
        assert_eq!(of("recapture")["state"], "steady");
    }
}

/// 100 genuine scores of which 40 lie low, 4,000 of others of which `high` lie above every threshold.
fn labelled(high: usize, of: usize) -> Value {
    let mut items = Vec::new();
    for i in 0..100 {
        let group = if i % 2 == 0 { "one" } else { "two" };
        items.push(json!({ "label": "bona_fide", "score": if i < 40 { 0.55 } else { 0.9 }, "group": group }));
    }
    for i in 0..of {
        items.push(json!({ "label": "attack", "score": if i < high { 0.95 } else { 0.1 }, "species": "print" }));
    }
    json!({
        "format": "idproof-labelled-1", "name": "liveness of spring", "check": "liveness",
        "kind": "presentation_attack", "about": "a test", "items": items,
    })
}

/// Both sides of the rule: what labelled data carry is approved, what they do not carry is marked and
/// refused.
#[tokio::test]
async fn a_claim_that_the_data_do_not_carry_is_marked_and_not_approved() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let few = olga
            .post("/policies/labelled", labelled(29, 4000))
            .await
            .is(201);
        let enough = olga
            .post("/policies/labelled", labelled(30, 4000))
            .await
            .is(201);
        assert_eq!(
            (&few["genuine"], &few["impostor"], &few["species"]),
            (&json!(100), &json!(4000), &json!(["print"]))
        );
        let propose = async |name: &str, set: &Value, at_most: f64| {
            let mut body = body(&looser(name));
            body["claims"] = json!([{ "set": set["id"], "rate": "apcer", "at_most": at_most }]);
            draft(&olga, body).await
        };
        let approve = async |version: &Value| {
            let path = format!("/policies/{}/approve", version["id"].as_str().unwrap());
            paul.post(&path, json!({ "sha256": version["sha256"] }))
                .await
        };
        let support = |version: &Value| version["claims"][0]["support"].clone();
        for (name, set, at_most, reason) in [
            ("few", &few, 0.02, "too_few_errors"),
            ("wide", &enough, 0.004, "interval_too_wide"),
            ("above", &enough, 0.009, "not_shown"),
        ] {
            let version = propose(name, set, at_most).await;
            let found = support(&version);
            assert_eq!(found["verdict"], "unsupported", "{name}");
            let reasons = found["reasons"].as_array().unwrap();
            assert!(reasons.iter().any(|r| r == reason), "{name}: {reasons:?}");
            approve(&version).await.refused("claim_unsupported");
        }
        let version = propose("carried", &enough, 0.02).await;
        assert_eq!(support(&version)["verdict"], "supported");
        assert_eq!(
            (
                &version["claims"][0]["threshold"],
                &version["claims"][0]["value"]
            ),
            (&json!("liveness_accept"), &json!(0.5))
        );
        approve(&version).await.is(200);
        // A rate of another kind of set.
        let mut other = body(&looser("other"));
        other["claims"] = json!([{ "set": enough["id"], "rate": "fmr", "at_most": 0.1 }]);
        olga.post("/policies", other).await.refused("invalid");
    }
}

#[tokio::test]
async fn labelled_scores_are_measured_at_both_policies_and_kept_by_operators() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let set = olga
            .post("/policies/labelled", labelled(40, 400))
            .await
            .is(201);
        let body = json!({ "text": looser("x") });
        let found = olga.post("/policies/replay", body.clone()).await.is(200);
        let measured = &found["labelled"][0];
        assert_eq!(measured["set"], set["id"]);
        assert_eq!(
            measured["accept"],
            json!({ "key": "liveness_accept", "before": 0.6, "after": 0.5 })
        );
        assert_eq!(measured["before"]["false_reject"]["errors"], 40);
        assert_eq!(measured["after"]["false_reject"]["errors"], 0);
        let apcer = &measured["after"]["false_accept"];
        assert_eq!(
            (&apcer["name"], &apcer["errors"], &apcer["of"]),
            (&json!("apcer"), &json!(40), &json!(400))
        );
        assert!(apcer["low"].as_f64() < apcer["rate"].as_f64());
        assert_eq!(measured["groups"].as_array().unwrap().len(), 2);
        assert!(!measured["det"].as_array().unwrap().is_empty());
        // A stricter policy moves the rates the other way.
        let stricter = text("y", "liveness_accept = 0.6", "liveness_accept = 0.97");
        let found = olga
            .post("/policies/replay", json!({ "text": stricter }))
            .await
            .is(200);
        assert_eq!(found["labelled"][0]["after"]["false_accept"]["errors"], 0);
        let none = json!({ "text": looser("x"), "labelled": [] });
        let found = olga.post("/policies/replay", none).await.is(200);
        assert_eq!(found["labelled"], json!([]));
        for (from, to) in [
            ("idproof-labelled-1", "x"),
            ("\"liveness\"", "\"document_seal\""),
            ("\"liveness\"", "\"no_such_check\""),
            ("bona_fide", "attack"),
        ] {
            let other: Value =
                serde_json::from_str(&labelled(1, 2).to_string().replace(from, to)).unwrap();
            olga.post("/policies/labelled", other)
                .await
                .refused("invalid");
        }
        let listed = olga.get("/policies/labelled").await.is(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let path = format!("/policies/labelled/{}", set["id"].as_str().unwrap());
        assert_eq!(olga.delete(&path).await.status, 204);
        olga.delete(&path).await.refused("not_found");
        let found = olga.post("/policies/replay", body).await.is(200);
        assert_eq!(found["labelled"], json!([]));
    }
}
