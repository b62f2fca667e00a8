//! The boards' figures, from cases, verdicts and messages that are known.

use std::sync::Arc;

use idproof_database::{Decision, DecisionOutcome, MessageState, NewCase, Role};
use idproof_domain::Language;
use idproof_domain::case::{Actor, Step};
use idproof_domain::confirm::CodePurpose;
use idproof_domain::ids::{CaseId, DecisionId, OrganisationId};
use idproof_http::OutboxMessage;
use idproof_ports::Clock;
use serde_json::{Value, json};

use crate::common::{Colleague, ELECTRONIC, HOUR, MINUTE, World, to_review, worlds, worlds_with};

const DAY: i64 = 24 * HOUR;

async fn operator(world: &World) -> Colleague<'_> {
    world.colleague("olga", &[Role::Operator]).await
}

fn bytes(world: &World) -> [u8; 10] {
    let mut bytes = [0; 10];
    world.random.fill(&mut bytes);
    bytes
}

/// A case that has made these steps.
async fn case(world: &World, of: &OrganisationId, sandbox: bool, steps: &[Step]) -> CaseId {
    let now = world.clock.now_ms();
    let id = CaseId::new(now, bytes(world));
    let mut tx = world.database.begin().await.unwrap();
    let new = NewCase {
        id: id.clone(),
        organisation: of.clone(),
        reference: None,
        number: id.as_str()[5..].to_owned(),
        language: Language::Fr,
        sandbox,
        sandbox_outcome: None,
        now_ms: now,
    };
    let mut case = tx.insert_case(new, &Actor::Applicant).await.unwrap();
    for step in steps {
        if let Step::Submitted { .. } = step {
            case.submitted_at = Some(now);
            case.letter_due_at = Some(world.calendar.letter_due(now).unwrap());
        }
        tx.step(&mut case, step, &Actor::System, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    id
}

/// The way to there, without its end.
fn way(upto: &str) -> Vec<Step> {
    let all = [
        Step::ContactConfirmed,
        Step::IdentityDeclared,
        Step::DocumentUploaded,
        Step::VideoUploaded,
        Step::Submitted { attempt: 1 },
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
        Step::LetterSent,
        Step::LetterOpened,
        Step::Activated,
    ];
    let end = all.iter().position(|s| s.kind() == upto).unwrap();
    all[..=end].to_vec()
}

fn refused() -> Step {
    Step::Refused {
        by_human: false,
        reasons: vec!["face_mismatch".into()],
    }
}

async fn decided(world: &World, case: &CaseId, outcome: DecisionOutcome, by: &str, why: &[&str]) {
    let now = world.clock.now_ms();
    let mut tx = world.database.begin().await.unwrap();
    tx.insert_decision(&Decision {
        id: DecisionId::new(now, bytes(world)),
        case: case.clone(),
        attempt: 1,
        outcome,
        reasons: why.iter().map(|w| (*w).to_owned()).collect(),
        report: json!({ "models": [{ "name": "face", "version": "1", "sha256": "ab" }] }),
        policy_version: "7".into(),
        policy_sha256: "cd".into(),
        decided_by: by.into(),
        at: now,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

fn step<'a>(board: &'a Value, name: &str) -> &'a Value {
    let steps = board["steps"].as_array().unwrap();
    steps.iter().find(|s| s["step"] == name).unwrap()
}

#[tokio::test]
async fn the_funnel_tells_how_far_cases_came_and_where_they_dropped() {
    for world in worlds().await {
        let (bank, shop) = (
            world.organisation("bank").await,
            world.organisation("shop").await,
        );
        let olga = operator(&world).await;
        let gone = |mut steps: Vec<Step>, end: Step| {
            steps.push(end);
            steps
        };
        case(&world, &bank, false, &[]).await;
        case(&world, &bank, false, &way("contact_confirmed")).await;
        case(
            &world,
            &bank,
            false,
            &gone(way("document_uploaded"), Step::Withdrawn),
        )
        .await;
        case(
            &world,
            &bank,
            false,
            &gone(way("processing_started"), refused()),
        )
        .await;
        // Deleted afterwards: that is no drop, it was refused.
        case(
            &world,
            &bank,
            false,
            &[way("processing_started"), vec![refused(), Step::Deleted]].concat(),
        )
        .await;
        case(
            &world,
            &bank,
            false,
            &gone(way("letter_sent"), Step::Expired),
        )
        .await;
        case(&world, &bank, false, &gone(way("activated"), Step::Deleted)).await;
        // Back at its document, but it was handed in once.
        let again = [
            way("processing_started"),
            vec![
                Step::RetakeAsked {
                    reasons: vec![],
                    document: true,
                    video: true,
                },
                Step::RetakeStarted {
                    attempt: 2,
                    keep_document: false,
                },
            ],
        ]
        .concat();
        let id = case(&world, &bank, false, &again).await;
        let mut tx = world.database.begin().await.unwrap();
        let mut twice = tx.case(&id).await.unwrap().unwrap();
        twice.attempt = 2;
        tx.save_case(&mut twice).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..3 {
            case(&world, &shop, false, &way("activated")).await;
        }
        case(&world, &bank, true, &way("activated")).await;

        let board = olga.get("/dashboards/funnel?days=2").await.is(200);
        assert_eq!(board["started"], 11);
        assert_eq!(board["time_zone"], "Europe/Paris");
        let reached = |name: &str| step(&board, name)["reached"]["count"].as_i64().unwrap();
        let counts = [
            ("created", 11),
            ("contact_confirmed", 10),
            ("document_uploaded", 9),
            ("video_uploaded", 8),
            ("submitted", 8),
            ("accepted", 5),
            ("letter_sent", 5),
            ("letter_opened", 4),
            ("activated", 4),
        ];
        for (name, count) in counts {
            assert_eq!(reached(name), count, "{name}");
        }
        assert_eq!(step(&board, "document_uploaded")["dropped"], 1);
        assert_eq!(step(&board, "letter_sent")["dropped"], 1);
        assert_eq!(step(&board, "submitted")["refused"], 2);
        assert_eq!(step(&board, "submitted")["open"], 1);
        assert_eq!(step(&board, "submitted")["dropped"], 0);
        let passed = &step(&board, "accepted")["passed"];
        assert_eq!((&passed["count"], &passed["of"]), (&json!(5), &json!(8)));
        let (low, high) = (&passed["low"], &passed["high"]);
        // Wilson 1927 for 5 of 8.
        assert!((low.as_f64().unwrap() - 0.3057).abs() < 5e-4, "{low}");
        assert!((high.as_f64().unwrap() - 0.8632).abs() < 5e-4, "{high}");
        let days = board["by_day"].as_array().unwrap();
        assert_eq!((days.len(), &days[0]["started"]), (2, &json!(0)));
        assert_eq!(days[1]["day"], "2026-03-10");
        // Three cases of one organisation are too few to be broken down.
        let by = board["by_organisation"].as_array().unwrap();
        let of = |name: &str| by.iter().find(|o| o["name"] == name).unwrap();
        assert_eq!(of("bank")["activated"]["count"], 1);
        let small = &of("shop")["activated"];
        assert_eq!(small["hidden"], true);
        assert_eq!((&small["of"], &small["count"]), (&json!(3), &Value::Null));
        assert_eq!(small["share"], Value::Null);

        let shops = olga
            .get(&format!("/dashboards/funnel?organisation={shop}"))
            .await
            .is(200);
        assert_eq!(shops["started"], 3);
        assert_eq!(step(&shops, "activated")["reached"]["hidden"], true);
        assert_eq!(step(&shops, "submitted")["dropped"], Value::Null);
        assert_eq!(step(&shops, "submitted")["passed"], Value::Null);
        let sandbox = olga.get("/dashboards/funnel?sandbox=true").await.is(200);
        assert_eq!(sandbox["started"], 1);
        world.clock.move_ms(3 * DAY);
        olga.signs_in().await;
        let later = olga.get("/dashboards/funnel?days=2").await.is(200);
        assert_eq!(later["started"], 0);
        assert_eq!(step(&later, "created")["reached"]["share"], Value::Null);
    }
}

#[tokio::test]
async fn a_board_takes_what_it_knows_and_nothing_else() {
    for world in worlds().await {
        let olga = operator(&world).await;
        for (query, pointer) in [
            ("days=0", "days"),
            ("days=93", "days"),
            ("organisation=bank", "organisation"),
            ("colour=red", ""),
            ("sandbox=perhaps", ""),
        ] {
            for board in ["funnel", "retakes", "decisions"] {
                let answer = olga.get(&format!("/dashboards/{board}?{query}")).await;
                answer.wrong(pointer, "not_accepted");
            }
        }
        let unknown = format!("/dashboards/funnel?organisation=org_{}", "7".repeat(26));
        olga.get(&unknown).await.refused("not_found");
        for path in [
            "reviewers?hours=169",
            "versions?days=0",
            "reviewers?hours=x",
        ] {
            olga.get(&format!("/dashboards/{path}"))
                .await
                .refused("invalid");
        }
        for query in ["state=sent", "channel=fax", "cursor=x", "limit=0"] {
            let answer = olga.get(&format!("/messages?{query}")).await;
            answer.refused("invalid");
        }
    }
}

#[tokio::test]
async fn causes_of_retakes_and_times_to_a_decision_are_counted() {
    for world in worlds().await {
        let bank = world.organisation("bank").await;
        let mut all = Vec::new();
        for _ in 0..10 {
            all.push(case(&world, &bank, false, &way("processing_started")).await);
        }
        world.clock.move_ms(MINUTE);
        for id in &all[..4] {
            decided(
                &world,
                id,
                DecisionOutcome::Retake,
                "policy",
                &["document_blurred"],
            )
            .await;
        }
        let both = ["document_glare", "document_blurred"];
        decided(&world, &all[4], DecisionOutcome::Retake, "usr_1", &both).await;
        for id in &all[5..9] {
            decided(&world, id, DecisionOutcome::Accept, "policy", &[]).await;
        }
        world.clock.move_ms(2 * HOUR - MINUTE);
        decided(&world, &all[9], DecisionOutcome::Review, "policy", &[]).await;
        decided(
            &world,
            &all[9],
            DecisionOutcome::Refuse,
            "usr_1",
            &["face_mismatch"],
        )
        .await;

        let olga = operator(&world).await;
        let board = olga.get("/dashboards/retakes").await.is(200);
        assert_eq!(board["verdicts"], 10);
        assert_eq!(board["retakes"]["share"], 0.5);
        assert_eq!(board["by_person"], 1);
        let causes: Vec<(&str, i64)> = board["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| {
                let count = c["share"]["count"].as_i64().unwrap();
                (c["reason"].as_str().unwrap(), count)
            })
            .collect();
        assert_eq!(causes, [("document_blurred", 5), ("document_glare", 1)]);

        let times = olga.get("/dashboards/decisions").await.is(200);
        assert_eq!(times["all"]["n"], 5);
        assert_eq!(times["all"]["median"]["s"], 60.0);
        assert_eq!(times["all"]["p90"]["s"], 7_200.0);
        assert_eq!(times["within_24h"]["count"], 5);
        let bins = times["all"]["bins"].as_array().unwrap();
        assert_eq!(
            (&bins[0]["count"], &bins[4]["count"]),
            (&json!(4), &json!(1))
        );
        // One case by a person is told by its number alone.
        assert_eq!(times["person"]["n"], 1);
        assert_eq!(times["person"]["median"], Value::Null);
        assert_eq!(times["machine"]["n"], 4);
        assert_eq!(times["machine"]["bins"], Value::Null);

        let versions = olga.get("/dashboards/versions").await.is(200);
        let policies = versions["policies"].as_array().unwrap();
        assert_eq!(policies.len(), 1);
        assert_eq!(
            (&policies[0]["version"], &policies[0]["cases"]),
            (&json!("7"), &json!(9))
        );
        let model = &versions["models"][0];
        assert_eq!(
            (&model["name"], &model["in_force"]),
            (&json!("face"), &json!(true))
        );
        assert_eq!(model["reports"], 9);

        let other = world.organisation("other").await;
        let none = olga
            .get(&format!("/dashboards/retakes?organisation={other}"))
            .await
            .is(200);
        assert_eq!(
            (&none["verdicts"], &none["causes"]),
            (&json!(0), &json!([]))
        );
    }
}

#[tokio::test]
async fn too_few_retakes_name_no_cause() {
    for world in worlds().await {
        let bank = world.organisation("bank").await;
        let olga = operator(&world).await;
        for n in 0..20 {
            let id = case(&world, &bank, false, &way("processing_started")).await;
            let (outcome, why): (_, &[&str]) = if n < 4 {
                (DecisionOutcome::Retake, &["document_blurred"])
            } else {
                (DecisionOutcome::Accept, &[])
            };
            decided(&world, &id, outcome, "policy", why).await;
        }
        let board = olga.get("/dashboards/retakes").await.is(200);
        assert_eq!(board["retakes"]["count"], 4);
        assert_eq!(
            (&board["causes"], &board["by_person"]),
            (&json!([]), &Value::Null)
        );
    }
}

#[tokio::test]
async fn deadlines_are_told_in_working_hours() {
    for world in worlds().await {
        let bank = world.organisation("bank").await;
        // Friday 13 March 2026, 15:30 in Paris: due on Monday at that hour.
        world.clock.move_ms(3 * DAY + 5 * HOUR);
        let olga = operator(&world).await;
        case(&world, &bank, false, &way("processing_started")).await;
        case(&world, &bank, true, &way("processing_started")).await;
        case(&world, &bank, false, &way("accepted")).await;
        case(&world, &bank, false, &way("letter_sent")).await;
        let row = |board: &Value, state: &str| -> Vec<i64> {
            let rows = board["rows"].as_array().unwrap();
            let row = rows.iter().find(|r| r["state"] == state).unwrap();
            serde_json::from_value(row["counts"].clone()).unwrap()
        };
        let board = olga.get("/dashboards/deadlines").await.is(200);
        assert_eq!(board["columns"], json!([0, 1, 2, 4, 8, 12, 18, 24]));
        assert_eq!(row(&board, "processing"), [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(board["totals"], json!([0, 0, 0, 0, 0, 0, 0, 2]));
        // Sunday noon: two days of the clock later, eight and a half hours of working days.
        world.clock.move_ms(44 * HOUR + 30 * MINUTE);
        olga.signs_in().await;
        let board = olga.get("/dashboards/deadlines").await.is(200);
        assert_eq!(row(&board, "accepted"), [0, 0, 0, 0, 0, 0, 1, 0]);
        // Monday, 15:00: half an hour left; at 16:00 it is late.
        world.clock.move_ms(27 * HOUR);
        olga.signs_in().await;
        let board = olga.get("/dashboards/deadlines").await.is(200);
        assert_eq!(row(&board, "accepted"), [0, 1, 0, 0, 0, 0, 0, 0]);
        world.clock.move_ms(HOUR);
        olga.signs_in().await;
        let board = olga.get("/dashboards/deadlines").await.is(200);
        assert_eq!(board["totals"], json!([2, 0, 0, 0, 0, 0, 0, 0]));
        let backlog = olga.get("/dashboards/backlog").await.is(200);
        assert_eq!(backlog["letters"]["waiting"], 1);
        assert_eq!(backlog["letters"]["overdue"], 1);
        // Three days and half an hour after they were processed, media are due.
        let purge = &backlog["purge"];
        assert!(purge["overdue"].as_i64().unwrap() >= 1, "{purge}");
    }
}

#[tokio::test]
async fn the_load_of_reviewers_is_told_for_the_team() {
    for world in worlds().await {
        let mut cases = [
            to_review(&world, "borderline").await,
            to_review(&world, "borderline").await,
        ];
        // Equally urgent ones come in the order of their numbers.
        cases.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        let [first, second] = cases;
        let olga = operator(&world).await;
        let ada = world.reviewer("ada").await;
        ada.does(&first.id, json!({ "kind": "accept" })).await;
        world.later().await;
        assert_eq!(ada.next().await["id"], second.id.as_str());
        let board = olga.get("/dashboards/reviewers?hours=3").await.is(200);
        assert_eq!(board["hours"].as_array().unwrap().len(), 3);
        assert_eq!(board["hours"][2]["reviewers"], 1);
        assert_eq!(
            (&board["arrived"], &board["decided"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(board["per_reviewer_hour"], 1.0);
        assert_eq!(board["held"], 1);
        assert!(board["waiting"].as_i64().unwrap() >= 1);
        let empty = olga.get("/dashboards/backlog").await.is(200);
        assert_eq!(empty["jobs"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_message_that_was_given_up_is_sent_once_more() {
    for world in worlds().await {
        let olga = operator(&world).await;
        let applicant = world.applicant().await;
        applicant.consents().await.is(200);
        applicant
            .confirms(CodePurpose::Email, "ada@example.org")
            .await
            .is(200);
        let pending = olga
            .get("/messages?state=pending&channel=email")
            .await
            .is(200);
        let item = &pending["items"][0];
        let id = item["id"].as_str().unwrap().to_owned();
        assert_eq!(
            (&item["template"], &item["retry"]),
            (&json!("email_code"), &json!(false))
        );
        assert!(!pending.to_string().contains("example.org"));
        let retry = format!("/messages/{id}/retry");
        olga.post(&retry, json!({}))
            .await
            .refused("delivery_running");
        let fails = async || {
            let mut tx = world.database.begin().await.unwrap();
            let (state, why) = (MessageState::Failed, Some("no connection to the server"));
            tx.note_message(&id.parse().unwrap(), state, why, 1)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            sqlx::query("UPDATE jobs SET state = 'parked' WHERE subject = $1 AND state = 'ready'")
                .bind(&id)
                .execute(world.database.pool())
                .await
                .unwrap();
        };
        fails().await;
        let failed = olga.get("/messages").await.is(200);
        assert_eq!(
            failed["items"][0]["last_error"],
            "no connection to the server"
        );
        assert_eq!(failed["items"][0]["retry"], true);
        let backlog = olga.get("/dashboards/backlog").await.is(200);
        assert_eq!(backlog["messages"][0]["count"], 1);
        let again = olga.post(&retry, json!({})).await.is(202);
        assert_eq!(again["state"], "pending");
        let states = "SELECT state FROM jobs WHERE subject = $1 ORDER BY state";
        assert_eq!(world.texts(states, &id).await, ["done", "ready"]);
        let by = "SELECT actor FROM events WHERE kind = 'message_retried' AND data LIKE $1";
        let by = world.texts(by, &format!("%{id}%")).await;
        assert!(
            by.len() == 1 && by[0].contains(olga.staff.id.as_str()),
            "{by:?}"
        );
        // A person who was removed is written to no more.
        fails().await;
        sqlx::query("UPDATE messages SET recipient = '' WHERE id = $1")
            .bind(&id)
            .execute(world.database.pool())
            .await
            .unwrap();
        let failed = olga.get("/messages").await.is(200);
        assert_eq!(failed["items"][0]["why_not"], "person_removed");
        olga.post(&retry, json!({})).await.refused("invalid_state");
        let unknown = "/messages/msg_00000000000000000000000000/retry";
        olga.post(unknown, json!({})).await.refused("not_found");
    }
}

#[tokio::test]
async fn the_outbox_is_there_in_a_demonstration_alone() {
    for world in worlds().await {
        let olga = operator(&world).await;
        assert_eq!(
            olga.get("/session").await.is(200)["settings"]["outbox"],
            false
        );
        olga.get("/outbox").await.refused("not_found");
    }
    let shown = |limit: usize| {
        assert_eq!(limit, 50);
        Ok::<_, String>(vec![OutboxMessage {
            id: "msg_1".into(),
            at_ms: 1,
            to: "+33612345678".into(),
            subject: None,
            text: "123456".into(),
        }])
    };
    for world in worlds_with(|s| s.outbox = Some(Arc::new(shown))).await {
        let applicant = world.applicant().await.submitted().await;
        let steps = [
            Step::ProcessingStarted { attempt: 1 },
            Step::Accepted { by_human: false },
        ];
        world.steps(&applicant.id, &steps).await;
        world.send_letter(&applicant.id, ELECTRONIC).await;
        let olga = operator(&world).await;
        assert_eq!(
            olga.get("/session").await.is(200)["settings"]["outbox"],
            true
        );
        let items = olga.get("/outbox").await.is(200)["items"].clone();
        assert_eq!(
            (&items[1]["kind"], &items[1]["text"]),
            (&json!("sms"), &json!("123456"))
        );
        assert_eq!(items[0]["kind"], "letter");
        let letter = items[0].to_string();
        let code = world.code(&applicant.id, CodePurpose::Activation).await;
        let spoken = format!("{} {}", &code[..3], &code[3..]);
        assert!(
            letter.contains(&code) || letter.contains(&spoken),
            "{letter}"
        );
        olga.get("/outbox?limit=0").await.refused("invalid");
    }
}
