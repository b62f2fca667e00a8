//! What people decide, when it takes effect, and who must agree.

use idproof_database::{Decision, DecisionOutcome};
use idproof_domain::case::Step;
use idproof_domain::ids::{CaseId, DecisionId};
use serde_json::{Value, json};

use crate::common::{Applicant, World, to_review, worlds, worlds_with};

fn refuse() -> Value {
    json!({ "kind": "refuse", "reasons": ["face_mismatch"] })
}

fn accept() -> Value {
    json!({ "kind": "accept" })
}

async fn state(world: &World, id: &CaseId) -> String {
    world.case(id).await.state.to_string()
}

async fn mails(world: &World, id: &CaseId) -> Vec<String> {
    let sql = "SELECT template FROM messages WHERE case_id = $1 AND channel = 'email' ORDER BY id";
    world.texts(sql, id.as_str()).await
}

#[tokio::test]
async fn a_decision_takes_effect_when_it_can_no_longer_be_taken_back() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        let before = mails(&world, &case.id).await.len();
        let decided = ada.does(&case.id, accept()).await;
        assert_eq!(decided["needs_second"], false);
        world.clock.move_ms(29_999);
        assert!(world.settles().await.is_empty());
        assert_eq!(state(&world, &case.id).await, "in_review");
        assert_eq!(mails(&world, &case.id).await.len(), before);
        world.clock.move_ms(1);
        assert_eq!(world.settles().await, ["effective"]);
        assert!(world.settles().await.is_empty(), "once");
        let row = world.case(&case.id).await;
        assert_eq!(row.state.as_str(), "accepted");
        assert!(row.media_due_at.is_some() && row.letter_due_at.is_some());
        assert_eq!(
            mails(&world, &case.id).await.last().unwrap(),
            "status_changed"
        );
        let decisions = world.database.decisions_of(&case.id).await.unwrap();
        let last = decisions.last().unwrap();
        assert_eq!(last.outcome, DecisionOutcome::Accept);
        assert_eq!(last.decided_by, ada.staff.id.as_str());
        let id = decided["id"].as_str().unwrap();
        assert_eq!(last.report["person"]["review"], id);
        let late = ada.post(&format!("/decisions/{id}/undo"), json!({})).await;
        late.refused("undo_late");
        let report = world.database.verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(report.fault, None);
    }
}

#[tokio::test]
async fn a_decision_is_taken_back_by_whoever_made_it() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "borderline").await;
        let decided = ada.does(&case.id, accept()).await;
        assert_eq!(
            bob.next().await,
            Value::Null,
            "nobody else has it meanwhile"
        );
        ada.get(&format!("/cases/{}", case.id))
            .await
            .refused("not_held");
        let undo = format!("/decisions/{}/undo", decided["id"].as_str().unwrap());
        bob.post(&undo, json!({})).await.refused("not_found");
        world.clock.move_ms(29_999);
        let back = ada.post(&undo, json!({})).await.is(200);
        assert_eq!(back["case"]["id"], case.id.as_str());
        ada.post(&undo, json!({})).await.refused("undo_late");
        assert!(world.later().await.is_empty());
        assert_eq!(state(&world, &case.id).await, "in_review");
        // The judgement stands; another decision may follow.
        let retake = json!({ "kind": "retake", "reasons": ["no_face"], "video": true });
        ada.decides(&case.id, retake).await.is(200);
        assert_eq!(world.later().await, ["effective"]);
        assert_eq!(state(&world, &case.id).await, "retake_asked");
        assert_eq!(
            mails(&world, &case.id).await.last().unwrap(),
            "retake_asked"
        );
        let listed = ada.get("/decisions").await.is(200);
        assert_eq!(listed["items"][0]["state"], "effective");
        assert_eq!(listed["items"][1]["state"], "undone");
    }
}

#[tokio::test]
async fn a_refusal_needs_two_people_and_one_is_never_two() {
    for world in worlds().await {
        let ada = world.senior("ada").await;
        let case = to_review(&world, "borderline").await;
        let decided = ada.does(&case.id, refuse()).await;
        assert_eq!(decided["needs_second"], true);
        assert_eq!(world.later().await, ["second"]);
        assert_eq!(state(&world, &case.id).await, "in_review");
        // Neither by asking, nor by choosing, nor from another browser.
        let take = format!("/queue/{}/take", case.id);
        for _ in 0..2 {
            assert_eq!(ada.next().await, Value::Null);
            ada.post(&take, json!({})).await.refused("held_elsewhere");
            ada.decides(&case.id, refuse()).await.refused("not_held");
            ada.set_cookie(None);
            ada.signs_in().await;
        }
        // Nor by whoever holds it by some other way: the row itself was forced into their hands.
        let force =
            "UPDATE cases SET review_holder = $1, review_until = 9999999999999 WHERE id = $2";
        sqlx::query(force)
            .bind(ada.staff.id.as_str())
            .bind(case.id.as_str())
            .execute(world.database.pool())
            .await
            .unwrap();
        ada.decides(&case.id, refuse())
            .await
            .refused("held_elsewhere");
        let free = "UPDATE cases SET review_holder = NULL, review_until = NULL WHERE id = $1";
        sqlx::query(free)
            .bind(case.id.as_str())
            .execute(world.database.pool())
            .await
            .unwrap();
        // The second person does not know that there was a first.
        let bob = world.reviewer("bob").await;
        let page = bob.next().await;
        let said = page.to_string();
        for telling in [
            "ada of",
            ada.staff.id.as_str(),
            "review_",
            "rdc_",
            "face_mismatch\",\"at",
        ] {
            assert!(!said.contains(telling), "{telling} {said}");
        }
        bob.judges(&case.id).await;
        let second = bob.decides(&case.id, refuse()).await.is(200);
        assert_eq!(second["needs_second"], true);
        assert_eq!(state(&world, &case.id).await, "in_review");
        assert_eq!(world.later().await, ["effective"]);
        let row = world.case(&case.id).await;
        assert_eq!(
            (row.state.as_str(), row.reasons),
            ("refused", vec!["face_mismatch".to_owned()])
        );
        let decisions = world.database.decisions_of(&case.id).await.unwrap();
        let person = &decisions.last().unwrap().report["person"];
        assert_eq!(person["by"], bob.staff.id.as_str());
        assert_eq!(person["second_by"], ada.staff.id.as_str());
    }
}

#[tokio::test]
async fn whoever_gave_out_an_account_is_no_second_person_to_it() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "borderline").await;
        ada.does(&case.id, refuse()).await;
        world.later().await;
        let issue = "UPDATE staff SET issued_by = $1 WHERE id = $2";
        for (by, of) in [(&ada, &bob), (&bob, &ada)] {
            sqlx::query(issue)
                .bind(by.staff.id.as_str())
                .bind(of.staff.id.as_str())
                .execute(world.database.pool())
                .await
                .unwrap();
            assert_eq!(bob.next().await, Value::Null);
            let undo = "UPDATE staff SET issued_by = 'system' WHERE id = $1";
            sqlx::query(undo)
                .bind(of.staff.id.as_str())
                .execute(world.database.pool())
                .await
                .unwrap();
        }
        assert_eq!(bob.next().await["id"], case.id.as_str());
    }
}

#[tokio::test]
async fn where_two_differ_a_senior_decides() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let (eve, sue) = (world.reviewer("eve").await, world.senior("sue").await);
        let case = to_review(&world, "borderline").await;
        ada.does(&case.id, refuse()).await;
        world.later().await;
        bob.does(&case.id, accept()).await;
        assert_eq!(world.later().await, ["disputed"]);
        for who in [&ada, &bob, &eve] {
            assert_eq!(who.next().await, Value::Null, "{}", who.name);
            who.get("/queue?state=escalated")
                .await
                .refused("role_missing");
            assert!(
                who.get("/queue").await.is(200)["items"]
                    .as_array()
                    .unwrap()
                    .is_empty()
            );
        }
        let page = sue.next().await;
        assert_eq!(page["escalation"]["disputed"], true);
        assert_eq!(page["escalation"]["by"], "", "not who said what");
        sue.judges(&case.id).await;
        // One of the two came to the same: that makes two.
        sue.decides(&case.id, refuse()).await.is(200);
        assert_eq!(world.later().await, ["effective"]);
        assert_eq!(state(&world, &case.id).await, "refused");
    }
}

#[tokio::test]
async fn a_case_is_handed_on_to_a_senior_with_a_note() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let sue = world.senior("sue").await;
        let case = to_review(&world, "borderline").await;
        let note = "Twins? Please look at the ears.";
        let escalate = json!({ "kind": "escalate", "reasons": ["face_uncertain"], "note": note });
        ada.does(&case.id, escalate).await;
        assert_eq!(world.later().await, ["effective"]);
        assert_eq!(bob.next().await, Value::Null);
        let page = sue.next().await;
        assert_eq!(page["escalation"]["note"], note);
        assert_eq!(page["escalation"]["by"], "ada of the house");
        let kept = world
            .texts(
                "SELECT note FROM review_decisions WHERE case_id = $1",
                case.id.as_str(),
            )
            .await;
        assert!(!kept[0].contains("Twins"));
        sue.judges(&case.id).await;
        sue.decides(&case.id, accept()).await.is(200);
        assert_eq!(world.later().await, ["effective"]);
        assert_eq!(state(&world, &case.id).await, "accepted");
    }
}

#[tokio::test]
async fn accepting_what_the_machine_found_wrong_needs_two_people() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "failed").await;
        let decided = ada.does(&case.id, accept()).await;
        assert_eq!(decided["needs_second"], true);
        assert_eq!(world.later().await, ["second"]);
        bob.does(&case.id, accept()).await;
        assert_eq!(world.later().await, ["effective"]);
        assert_eq!(state(&world, &case.id).await, "accepted");
        // So does accepting what it could not look at.
        let nothing = to_review(&world, "borderline").await;
        let sql = "UPDATE decisions SET report = '{}' WHERE case_id = $1";
        sqlx::query(sql)
            .bind(nothing.id.as_str())
            .execute(world.database.pool())
            .await
            .unwrap();
        let decided = ada.does(&nothing.id, accept()).await;
        assert_eq!(decided["needs_second"], true);
    }
    let alone = |s: &mut crate::common::Settings| {
        s.console.two_person_refusal = false;
        s.console.two_person_override = false;
    };
    for world in worlds_with(alone).await {
        let ada = world.reviewer("ada").await;
        for (status, decision, end) in [
            ("failed", accept(), "accepted"),
            ("failed", refuse(), "refused"),
        ] {
            let case = to_review(&world, status).await;
            ada.does(&case.id, decision).await;
            assert_eq!(world.later().await, ["effective"]);
            assert_eq!(state(&world, &case.id).await, end);
        }
    }
}

/// All that an applicant and an integrator are told, without what differs between any two cases.
async fn told(applicant: &Applicant<'_>) -> String {
    let status = applicant.get("/status").await.is(200).to_string();
    let timeline = applicant.get("/timeline").await.is(200);
    let entries = timeline.as_array().unwrap().iter();
    let entries: Vec<String> = entries
        .map(|e| format!("{} {}", e["kind"], e["reasons"]))
        .collect();
    let number = applicant.world.case(&applicant.id).await.number;
    let webhooks = "SELECT data FROM messages WHERE case_id = $1 ORDER BY id";
    let mut messages = applicant.world.texts(webhooks, applicant.id.as_str()).await;
    messages.sort();
    let messages = messages.join("\n");
    format!("{status}\n{entries:?}\n{messages}")
        .replace(&number, "NUMBER")
        .replace(applicant.id.as_str(), "CASE")
}

#[tokio::test]
async fn suspected_coercion_looks_like_any_refusal() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let plain = json!({ "kind": "refuse", "reasons": ["identity_not_established"] });
        let mut cases = [
            to_review(&world, "borderline").await,
            to_review(&world, "borderline").await,
        ];
        // Equally urgent ones come in the order of their numbers.
        cases.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        let [one, two] = cases;
        // One case each way; both people, the same times.
        ada.does(&one.id, json!({ "kind": "coercion" })).await;
        ada.does(&two.id, plain.clone()).await;
        world.later().await;
        // The second person saw a refusal: that the first suspected coercion is enough.
        bob.does(&one.id, refuse()).await;
        bob.does(&two.id, plain).await;
        world.later().await;
        assert_eq!(state(&world, &one.id).await, "refused");
        assert_eq!(told(&one).await, told(&two).await);
        assert!(!told(&one).await.contains("coercion"));
        let outcome = |id: CaseId| {
            let world = &world;
            async move {
                world
                    .database
                    .decisions_of(&id)
                    .await
                    .unwrap()
                    .last()
                    .unwrap()
                    .outcome
            }
        };
        assert_eq!(outcome(one.id.clone()).await, DecisionOutcome::Coercion);
        assert_eq!(outcome(two.id.clone()).await, DecisionOutcome::Refuse);
    }
}

#[tokio::test]
async fn a_decision_on_other_evidence_is_void() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "borderline").await;
        ada.does(&case.id, refuse()).await;
        assert_eq!(world.later().await, ["second"]);
        // The machine looks again.
        let now = idproof_ports::Clock::now_ms(&*world.clock);
        let machine = world
            .database
            .decisions_of(&case.id)
            .await
            .unwrap()
            .remove(0);
        let again = Decision {
            id: DecisionId::new(now, [3; 10]),
            at: now,
            ..machine
        };
        let mut tx = world.database.begin().await.unwrap();
        tx.insert_decision(&again).await.unwrap();
        tx.commit().await.unwrap();
        bob.does(&case.id, refuse()).await;
        assert_eq!(
            world.later().await,
            ["second"],
            "the first one is void: this is the first now"
        );
        let reviews = world.database.reviews_of(&case.id).await.unwrap();
        let states: Vec<&str> = reviews.iter().map(|r| r.state.as_str()).collect();
        assert_eq!(states, ["voided", "second"]);
        // So is one about a case that is over.
        let gone = to_review(&world, "borderline").await;
        let eve = world.reviewer("eve").await;
        let take = format!("/queue/{}/take", gone.id);
        eve.post(&take, json!({})).await.is(200);
        eve.judges(&gone.id).await;
        eve.decides(&gone.id, accept()).await.is(200);
        world.steps(&gone.id, &[Step::Withdrawn]).await;
        assert_eq!(world.later().await, ["voided"]);
        assert_eq!(state(&world, &gone.id).await, "withdrawn");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_no_decision() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        ada.next().await;
        ada.judges(&case.id).await;
        for (wrong, pointer, code) in [
            (json!({ "kind": "forget" }), "/kind", "not_accepted"),
            (json!({ "kind": "refuse" }), "/reasons", "length"),
            (
                json!({ "kind": "refuse", "reasons": ["every_case"] }),
                "/reasons/0",
                "not_accepted",
            ),
            (
                json!({ "kind": "retake", "reasons": ["face_mismatch"], "video": true }),
                "/reasons/0",
                "not_accepted",
            ),
            (
                json!({ "kind": "retake", "reasons": ["no_face"] }),
                "/video",
                "not_accepted",
            ),
            (
                json!({ "kind": "accept", "reasons": ["no_face"] }),
                "/reasons/0",
                "not_accepted",
            ),
            (
                json!({ "kind": "accept", "document": true }),
                "/document",
                "not_allowed",
            ),
            (
                json!({ "kind": "accept", "note": "x".repeat(2_001) }),
                "/note",
                "length",
            ),
        ] {
            ada.decides(&case.id, wrong).await.wrong(pointer, code);
        }
        let preview = format!("/cases/{}/preview", case.id);
        let shown = ada
            .post(
                &preview,
                json!({ "kind": "retake", "reasons": ["no_face"], "video": true }),
            )
            .await;
        let shown = shown.is(200);
        assert_eq!(shown["messages"][0]["subject"], "retake");
        assert!(
            shown["messages"][0]["text"]
                .as_str()
                .unwrap()
                .starts_with("Ada Lovelace ")
        );
        assert_eq!(shown["page"], json!(["no_face"]));
        let silent = ada
            .post(&preview, json!({ "kind": "coercion" }))
            .await
            .is(200);
        assert_eq!(silent["page"], json!(["identity_not_established"]));
        assert_eq!(state(&world, &case.id).await, "in_review");
        assert!(
            world
                .database
                .reviews_of(&case.id)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn people_are_measured_by_second_looks_and_known_cases() {
    for world in worlds_with(|s| s.console.double_share = 1.0).await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let sue = world.senior("sue").await;
        let case = to_review(&world, "borderline").await;
        let decided = ada.does(&case.id, accept()).await;
        assert_eq!(decided["needs_second"], false, "nobody is told of the lot");
        assert_eq!(world.later().await, ["second"]);
        bob.does(&case.id, accept()).await;
        assert_eq!(world.later().await, ["effective"]);
        let found = sue.get("/statistics").await.is(200);
        let of = |id: &str| {
            let all = found["reviewers"].as_array().unwrap().iter();
            all.clone().find(|r| r["id"] == id).unwrap().clone()
        };
        let rate = &of(ada.staff.id.as_str())["agreement"];
        assert_eq!((&rate["count"], &rate["of"]), (&json!(1), &json!(1)));
        assert!((rate["low"].as_f64().unwrap() - 0.2065).abs() < 1e-3);
    }
    for world in worlds_with(|s| s.console.known_share = 1.0).await {
        let (ada, sue) = (world.reviewer("ada").await, world.senior("sue").await);
        let real = to_review(&world, "borderline").await;
        let known = to_review(&world, "borderline").await;
        let body = |case: &CaseId| json!({ "case": case, "expected": "refuse" });
        // A real applicant's case is no test.
        sue.post("/known", body(&real.id))
            .await
            .wrong("/case", "not_accepted");
        let sandbox = "UPDATE cases SET sandbox = 1 WHERE id = $1";
        sqlx::query(sandbox)
            .bind(known.id.as_str())
            .execute(world.database.pool())
            .await
            .unwrap();
        ada.post("/known", body(&known.id))
            .await
            .refused("role_missing");
        sue.post("/known", body(&known.id)).await.is(201);
        let page = ada.next().await;
        assert_eq!(page["id"], known.id.as_str());
        assert!(page["due_at"].is_string());
        ada.judges(&known.id).await;
        ada.decides(&known.id, accept()).await.is(200);
        assert_eq!(world.later().await, ["recorded"]);
        assert_eq!(
            state(&world, &known.id).await,
            "in_review",
            "it changes nothing"
        );
        assert_eq!(ada.next().await["id"], real.id.as_str(), "once each");
        let found = sue.get("/statistics").await.is(200);
        let rate = &found["reviewers"][0]["known_false_accept"];
        assert_eq!((&rate["count"], &rate["of"]), (&json!(1), &json!(1)));
        let listed = sue.get("/known").await.is(200);
        assert_eq!(
            (&listed["items"][0]["answers"], &listed["items"][0]["right"]),
            (&json!(1), &json!(0))
        );
        sue.delete(&format!("/known/{}", known.id)).await.is(204);
    }
}
