//! Every role's forbidden actions, refused by the API itself; evidence for auditors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use idproof_database::Role;
use serde_json::{Value, json};

use crate::common::{Colleague, to_review, worlds};

const REVIEWER: &str = "reviewer";
const SENIOR: &str = "senior";
const OPERATOR: &str = "operator";
const AUDITOR: &str = "auditor";
const ADMINISTRATOR: &str = "administrator";

/// Method, path, body, and who may.
fn actions(case: &str, staff: &str) -> Vec<(&'static str, String, Value, &'static [&'static str])> {
    const JUDGES: &[&str] = &[REVIEWER, SENIOR];
    const QUEUE: &[&str] = &[REVIEWER, SENIOR, OPERATOR];
    const EXAMINE: &[&str] = &[AUDITOR, SENIOR];
    const ADMIN: &[&str] = &[ADMINISTRATOR];
    let none = || json!({});
    let case = |rest: &str| format!("/cases/{case}{rest}");
    let account = |rest: &str| format!("/staff/{staff}{rest}");
    let new = json!({ "name": "new", "display_name": "New", "roles": ["auditor"] });
    vec![
        ("GET", "/queue".into(), none(), QUEUE),
        ("GET", "/queue?state=second".into(), none(), &[OPERATOR]),
        (
            "GET",
            "/queue?state=escalated".into(),
            none(),
            &[OPERATOR, SENIOR],
        ),
        ("GET", "/queue/counts".into(), none(), QUEUE),
        ("POST", "/queue/next".into(), none(), JUDGES),
        (
            "POST",
            format!("/queue/{}/take", &case("")[7..]),
            none(),
            JUDGES,
        ),
        (
            "POST",
            format!("/queue/{}/return", &case("")[7..]),
            none(),
            &[SENIOR, OPERATOR],
        ),
        ("GET", case(""), none(), JUDGES),
        ("POST", case("/keep"), none(), JUDGES),
        ("POST", case("/leave"), json!({ "why": "break" }), JUDGES),
        (
            "POST",
            case("/judgement"),
            json!({ "face": "same", "confidence": 1 }),
            JUDGES,
        ),
        (
            "POST",
            case("/views"),
            json!({ "media": ["upl_1"] }),
            JUDGES,
        ),
        ("GET", case("/media/upl_1"), none(), JUDGES),
        (
            "POST",
            case("/preview"),
            json!({ "kind": "accept" }),
            JUDGES,
        ),
        (
            "POST",
            case("/decision"),
            json!({ "kind": "accept" }),
            JUDGES,
        ),
        ("GET", "/decisions".into(), none(), JUDGES),
        (
            "POST",
            "/decisions/rdc_00000000000000000000000000/undo".into(),
            none(),
            JUDGES,
        ),
        ("GET", "/statistics".into(), none(), EXAMINE),
        ("GET", "/known".into(), none(), &[SENIOR]),
        (
            "POST",
            "/known".into(),
            json!({ "case": "case_1", "expected": "accept" }),
            &[SENIOR],
        ),
        (
            "DELETE",
            "/known/case_00000000000000000000000000".into(),
            none(),
            &[SENIOR],
        ),
        ("GET", "/cases".into(), none(), EXAMINE),
        ("GET", case("/evidence.json"), none(), EXAMINE),
        ("GET", case("/evidence.pdf"), none(), EXAMINE),
        ("GET", "/evidence-key".into(), none(), EXAMINE),
        ("GET", "/audit".into(), none(), &[AUDITOR]),
        ("GET", "/staff".into(), none(), ADMIN),
        ("POST", "/staff".into(), new, ADMIN),
        ("PATCH", account(""), json!({ "display_name": "X" }), ADMIN),
        ("POST", account("/reset"), none(), ADMIN),
        ("GET", account("/sessions"), none(), ADMIN),
        ("DELETE", account("/sessions"), none(), ADMIN),
    ]
}

#[tokio::test]
async fn every_role_may_do_what_is_its_own_and_nothing_else() {
    for world in worlds().await {
        let case = to_review(&world, "borderline").await;
        let (victim, _) = world.account("victim", &[Role::Auditor]).await;
        let all = actions(case.id.as_str(), victim.staff.id.as_str());
        let mut refused = 0;
        for role in Role::ALL {
            let who = world.colleague(role.as_str(), &[*role]).await;
            for (method, path, body, may) in &all {
                let body = (*method != "GET").then_some(body);
                let answer = who.send(method, path, &[], body).await;
                let code =
                    serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()["code"]
                        .clone();
                let allowed = may.contains(&role.as_str());
                assert_eq!(
                    code != "role_missing",
                    allowed,
                    "{role:?} {method} {path} {code}"
                );
                refused += usize::from(!allowed);
            }
        }
        assert_eq!(
            refused + all.iter().map(|a| a.3.len()).sum::<usize>(),
            all.len() * 5
        );
        // And nobody at all without a sign-in.
        for (method, path, body, _) in &all {
            let path = format!("/console/api{path}");
            let answer = world.anybody().json(method, &path, &[], body).await;
            answer.refused("unauthorized");
        }
    }
}

fn payload(jws: &Value) -> (Vec<u8>, Value) {
    let bytes = URL_SAFE_NO_PAD
        .decode(jws["payload"].as_str().unwrap())
        .unwrap();
    let value = serde_json::from_slice(&bytes).unwrap();
    (bytes, value)
}

fn verified(key: &Value, jws: &Value) -> bool {
    let bytes = |v: &Value| URL_SAFE_NO_PAD.decode(v.as_str().unwrap()).unwrap();
    let key: [u8; 32] = bytes(&key["x"]).try_into().unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let signature: [u8; 64] = bytes(&jws["signature"]).try_into().unwrap();
    let text = format!(
        "{}.{}",
        jws["protected"].as_str().unwrap(),
        jws["payload"].as_str().unwrap()
    );
    key.verify(text.as_bytes(), &Signature::from_bytes(&signature))
        .is_ok()
}

async fn export(auditor: &Colleague<'_>, case: &str) -> Value {
    auditor
        .get(&format!("/cases/{case}/evidence.json"))
        .await
        .is(200)
}

#[tokio::test]
async fn the_evidence_of_a_case_is_signed_complete_and_names_nobody() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let (auditor, sue) = (
            world.colleague("otto", &[Role::Auditor]).await,
            world.senior("sue").await,
        );
        let case = to_review(&world, "borderline").await;
        let id = case.id.as_str();
        // Whoever may still have to judge it must not read what others said.
        sue.get(&format!("/cases/{id}/evidence.json"))
            .await
            .refused("invalid_state");
        let body = json!({ "kind": "accept", "note": "clear to me" });
        ada.does(&case.id, body).await;
        world.later().await;
        let jws = export(&auditor, id).await;
        let key = auditor.get("/evidence-key").await.is(200);
        assert!(verified(&key, &jws));
        let mut forged = jws.clone();
        let mut other = payload(&jws).1;
        other["case"]["state"] = "refused".into();
        forged["payload"] = URL_SAFE_NO_PAD.encode(other.to_string()).into();
        assert!(!verified(&key, &forged));
        let (bytes, found) = payload(&jws);
        assert_eq!(found["format"], "idproof-evidence-1");
        assert_eq!(found["decisions"].as_array().unwrap().len(), 2);
        assert_eq!(
            found["decisions"][0]["report"]["checks"]["face_match"]["score"],
            0.55
        );
        assert_eq!(found["reviews"][0]["note"], "clear to me");
        assert_eq!(found["judgements"][0]["face"], "same");
        assert_eq!(found["files"].as_array().unwrap().len(), 3);
        assert!(found["deletion"]["objects"].as_array().unwrap().len() >= 3);
        let timeline = found["timeline"].as_array().unwrap();
        let kinds: Vec<&str> = timeline
            .iter()
            .map(|e| e["kind"].as_str().unwrap())
            .collect();
        for kind in [
            "created",
            "submitted",
            "review_taken",
            "review_decided",
            "decided",
            "accepted",
        ] {
            assert!(kinds.contains(&kind), "{kinds:?}");
        }
        let text = String::from_utf8(bytes).unwrap();
        for person in [
            "Lovelace",
            "Augusta",
            "example.org",
            "33612345678",
            "X4RTBPFW4",
            "rue de la Paix",
        ] {
            assert!(!text.contains(person), "{person}");
        }
        sue.get(&format!("/cases/{id}/evidence.json")).await.is(200);
        let pdf = auditor.get(&format!("/cases/{id}/evidence.pdf")).await;
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        assert!(
            pdf.header("content-disposition")
                .unwrap()
                .starts_with("attachment;")
        );
        assert!(pdf.body.starts_with(b"%PDF-"));
        auditor
            .get("/cases/case_00000000000000000000000000/evidence.json")
            .await
            .refused("not_found");
        let exports = world.kinds(&case.id).await;
        assert_eq!(
            exports.iter().filter(|k| *k == "evidence_exported").count(),
            3
        );
    }
}

#[tokio::test]
async fn an_auditor_reads_the_log_page_by_page() {
    for world in worlds().await {
        let auditor = world.colleague("otto", &[Role::Auditor]).await;
        let case = to_review(&world, "borderline").await;
        let all = auditor.get("/audit?limit=200").await.is(200);
        let all = all["items"].as_array().unwrap().clone();
        let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
        loop {
            let page = auditor.get(&format!("/audit{query}")).await.is(200);
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(before) = page["next_before"].as_i64() else {
                break;
            };
            query = format!("?limit=3&before={before}");
        }
        assert_eq!(seen, all);
        let of_case = auditor
            .get(&format!("/audit?case={}&kind=submitted", case.id))
            .await
            .is(200);
        assert_eq!(of_case["items"].as_array().unwrap().len(), 1);
        for wrong in ["?limit=0", "?case=x", "?colour=red"] {
            auditor
                .get(&format!("/audit{wrong}"))
                .await
                .refused("invalid");
        }
        let listed = auditor.get("/cases?state=in_review").await.is(200);
        assert_eq!(listed["items"][0]["id"], case.id.as_str());
        assert!(!listed.to_string().contains("Lovelace"));
    }
}
