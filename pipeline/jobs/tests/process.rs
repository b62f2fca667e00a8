//! From a case that was handed in to its verdict, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::fakes::{FRONT, FakeTools, VIDEO, ZONE};
use common::{HOUR, START, World, worlds};
use idproof_database::{Case, Decision, DecisionOutcome, JobKind, Picture, SandboxOutcome};
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::{CaseState, Step};
use idproof_domain::{Policy, ReviewMode, Rules};
use idproof_jobs::{Handler, Judgement, Process, Purge};
use idproof_wire::PolicyReport;
use serde_json::json;

fn judgement(mode: ReviewMode) -> Judgement {
    Judgement {
        policy: Policy::parse(Policy::DEFAULT_TEXT).unwrap(),
        policy_report: PolicyReport {
            version: "test".into(),
            sha256: "00".into(),
        },
        rules: Rules {
            mode,
            most_attempts: 2,
        },
        calendar: Calendar::new("Europe/Paris", Holidays::default()).unwrap(),
        file_bytes: 1 << 20,
    }
}

fn handler(world: &World, tools: &Arc<FakeTools>, mode: ReviewMode) -> Process {
    Process::new(
        world.context.clone(),
        world.vault.clone(),
        tools.clone(),
        judgement(mode),
        3,
        1,
    )
}

/// Claims the next job and works it off, as the runner does.
async fn work(world: &World, process: &Process) -> Result<(), String> {
    let now = idproof_ports::Clock::now_ms(&*world.clock);
    let mut job = None;
    // A transaction that was dropped ends a moment later.
    for _ in 0..200 {
        let lease = Duration::from_secs(60);
        let claimed = world.database().claim(&[JobKind::Process], now, lease, "t");
        job = claimed.await.unwrap();
        if job.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let job = job.expect("a job is due");
    let mut tx = match process.handle(&job).await {
        Ok(tx) => tx,
        Err(e) => {
            let mut tx = world.database().begin().await.unwrap();
            process
                .give_up(&mut tx, &job, &e.to_string())
                .await
                .unwrap();
            assert!(tx.park_job(&job, &e.to_string(), now).await.unwrap());
            tx.commit().await.unwrap();
            return Err(e.to_string());
        }
    };
    assert!(tx.finish_job(&job, now).await.unwrap());
    tx.commit().await.unwrap();
    Ok(())
}

async fn verdict(world: &World, case: &Case) -> (Case, Decision) {
    let read = world.case(&case.id).await;
    let mut decisions = world.database().decisions_of(&case.id).await.unwrap();
    (read, decisions.pop().expect("a decision was written"))
}

#[tokio::test]
async fn a_good_case_is_accepted_with_its_evidence() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap();
        let (case, decision) = verdict(&world, &case).await;
        assert_eq!(case.state, CaseState::Accepted, "{:?}", decision.report);
        assert_eq!(decision.outcome, DecisionOutcome::Accept);
        assert_eq!(case.media_due_at, Some(START + 72 * HOUR));
        assert_eq!(decision.decided_by, "policy");
        assert_eq!(decision.report["checks"]["face_match"]["status"], "passed");
        assert_eq!(decision.report["models"].as_array().unwrap().len(), 7);
        let text = decision.report.to_string().to_lowercase();
        for personal in ["eriksson", "anna", "l898902c3"] {
            assert!(!text.contains(personal), "{text}");
        }
        let events = world.database().events_of(&case.id).await.unwrap();
        assert!(events.iter().any(|e| e.kind == "decided"));
    }
}

#[tokio::test]
async fn the_same_footage_in_another_case_goes_to_a_person_until_the_first_is_purged() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let process = handler(&world, &tools, ReviewMode::Borderline);
        let first = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        assert_eq!(verdict(&world, &first).await.0.state, CaseState::Accepted);

        let again = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        let (case, decision) = verdict(&world, &again).await;
        assert_eq!(case.state, CaseState::InReview);
        assert_eq!(case.reasons, ["footage_seen"]);
        let check = &decision.report["checks"]["footage_seen"];
        assert_eq!(check["status"], "borderline", "{check}");

        // Nothing but keyed hashes is kept, and they know their case.
        let marks: Vec<String> = sqlx::query_scalar("SELECT mark FROM footage_marks")
            .fetch_all(world.database().pool())
            .await
            .unwrap();
        assert!(marks.len() > 20 && marks.iter().all(|m| m.len() == 16));

        tools.decoder.another.store(true, Ordering::SeqCst);
        let other = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        let (case, _) = verdict(&world, &other).await;
        assert_eq!(case.state, CaseState::Accepted, "{:?}", case.reasons);

        tools.decoder.another.store(false, Ordering::SeqCst);
        for gone in [&first, &again] {
            let mut tx = world.database().begin().await.unwrap();
            let mut case = tx.case(&gone.id).await.unwrap().unwrap();
            let now = idproof_ports::Clock::now_ms(&*world.clock);
            tx.forget_media(&mut case, now).await.unwrap();
            tx.commit().await.unwrap();
        }
        let later = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        assert_eq!(verdict(&world, &later).await.0.state, CaseState::Accepted);
    }
}

#[tokio::test]
async fn another_persons_face_is_refused() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(false));
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap();
        let (case, decision) = verdict(&world, &case).await;
        assert_eq!(case.state, CaseState::Refused);
        assert_eq!(case.reasons, ["face_mismatch"]);
        assert_eq!(decision.outcome, DecisionOutcome::Refuse);
    }
}

#[tokio::test]
async fn without_models_nobody_is_accepted_and_a_person_looks() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::without_models());
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap();
        let (case, decision) = verdict(&world, &case).await;
        assert_eq!(case.state, CaseState::InReview);
        assert!(case.reasons.contains(&"model_unavailable".to_owned()));
        assert_eq!(case.media_due_at, None, "the reviewer needs the media");
        assert_eq!(decision.outcome, DecisionOutcome::Review);
    }
}

#[tokio::test]
async fn a_decoder_that_is_missing_leads_to_a_person_not_to_a_retake() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        tools.decoder.unavailable.store(true, Ordering::SeqCst);
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap();
        let (case, _) = verdict(&world, &case).await;
        assert_eq!(case.state, CaseState::InReview);
        assert!(case.reasons.contains(&"decoder_failed".to_owned()));
    }
}

#[tokio::test]
async fn every_case_goes_to_a_person_where_that_is_the_rule() {
    for world in worlds().await {
        for same_person in [true, false] {
            let tools = Arc::new(FakeTools::of(same_person));
            let case = world.submitted(None).await;
            work(&world, &handler(&world, &tools, ReviewMode::EveryCase))
                .await
                .unwrap();
            let (case, _) = verdict(&world, &case).await;
            assert_eq!(case.state, CaseState::InReview);
            assert!(case.reasons.contains(&"every_case".to_owned()));
        }
    }
}

/// What the pictures hold, opened with the case's key.
async fn contents(world: &World, case: &Case, pictures: &[Picture]) -> Vec<Vec<u8>> {
    let wrapped = world.database().case_key(&case.id).await.unwrap().unwrap();
    let key = world
        .vault
        .open_case(&case.id, &wrapped.parse().unwrap())
        .await
        .unwrap();
    let mut contents = Vec::new();
    for picture in pictures {
        let name = picture.object.parse().unwrap();
        let reader = world.vault.get(&key, &name).await.unwrap();
        let bytes = reader.into_bytes(1 << 22).await.unwrap();
        assert_eq!(i64::try_from(bytes.len()).unwrap(), picture.size);
        contents.push(bytes);
    }
    contents
}

/// Portrait, best frames and what was read and heard, encrypted beside the media and purged with them.
#[tokio::test]
async fn a_person_is_shown_faces_and_what_was_read_and_an_accepted_case_keeps_none() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::EveryCase))
            .await
            .unwrap();
        let mut pictures = world.database().pictures(&case.id, 1).await.unwrap();
        pictures.sort_by(|a, b| a.kind.cmp(&b.kind));
        let kinds: Vec<&str> = pictures.iter().map(|p| p.kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "document_front_straight",
                "findings",
                "frame",
                "frame",
                "frame",
                "portrait"
            ]
        );
        let mut contents = contents(&world, &case, &pictures).await;
        let findings = contents.remove(1);
        assert!(contents.iter().all(|c| c.starts_with(&[0xff, 0xd8])));
        let found: serde_json::Value = serde_json::from_slice(&findings).unwrap();
        let front = &found["documents"][0];
        assert_eq!(
            (&front["side"], &front["found"]),
            (&json!("front"), &json!("zone"))
        );
        assert_eq!(front["zone"].as_array().unwrap().len(), ZONE.len());
        let corner = &front["zone"][0]["corners"][0];
        assert!(
            corner[0].as_f64().is_some_and(|x| (0.0..0.2).contains(&x)),
            "{front}"
        );
        assert_eq!(found["zone"]["birth_name"], "ERIKSSON");
        assert_eq!(found["zone"]["birth_date"], "1974-08-12");
        assert!(!found["heard"].as_array().unwrap().is_empty());
        for track in found["tracks"].as_array().unwrap() {
            let points = track["points"].as_array().unwrap();
            assert!(track["name"] == "cut" || !points.is_empty(), "{track}");
        }
        let names = found["tracks"].as_array().unwrap().iter();
        assert!(names.map(|t| &t["name"]).any(|n| n == "bars"), "{found}");
        // What leaves with the decision holds none of it.
        let (_, decision) = verdict(&world, &case).await;
        assert!(!decision.report.to_string().contains("ERIKSSON"));

        let before = world.vault.objects_of(&case.id).await.unwrap().len();
        world.steps(&case.id, &[Step::Withdrawn]).await;
        let purge = Purge::new(world.context.clone(), world.vault.clone());
        let done = purge.purge().await.unwrap();
        assert_eq!((done.cases, done.objects), (1, before as u64));
        assert!(world.vault.objects_of(&case.id).await.unwrap().is_empty());
        let left = world.database().pictures(&case.id, 1).await.unwrap();
        assert!(left.is_empty());

        let accepted = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap();
        assert_eq!(world.case(&accepted.id).await.state, CaseState::Accepted);
        let none = world.database().pictures(&accepted.id, 1).await.unwrap();
        assert!(none.is_empty());
    }
}

/// Marks are kept under a key, found again in another case, and deleted with the media.
#[tokio::test]
async fn the_same_picture_in_another_case_is_told_to_a_person() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let process = handler(&world, &tools, ReviewMode::EveryCase);
        let told = |decision: &Decision| {
            let detail = &decision.report["checks"]["document_original"]["detail"];
            detail.as_str().unwrap().contains("Sent in 1 other")
        };
        let first = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        let (_, decision) = verdict(&world, &first).await;
        assert!(!told(&decision));
        let second = world.submitted(None).await;
        work(&world, &process).await.unwrap();
        let (_, decision) = verdict(&world, &second).await;
        assert!(told(&decision));
        let twins = world.database().cases_of_same_picture(&second.id, 9);
        let twins: Vec<_> = twins.await.unwrap().into_iter().map(|c| c.id).collect();
        assert_eq!(twins, std::slice::from_ref(&first.id));

        world.steps(&first.id, &[Step::Withdrawn]).await;
        let purge = Purge::new(world.context.clone(), world.vault.clone());
        assert_eq!(purge.purge().await.unwrap().cases, 1);
        let left = world.database().cases_of_same_picture(&second.id, 9);
        assert!(left.await.unwrap().is_empty());
    }
}

/// Nothing told where the document lies: no straightened picture, and the console is told so.
#[tokio::test]
async fn a_document_that_is_not_found_is_shown_as_it_came() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::without_models());
        let case = world.submitted(None).await;
        work(&world, &handler(&world, &tools, ReviewMode::EveryCase))
            .await
            .unwrap();
        let pictures = world.database().pictures(&case.id, 1).await.unwrap();
        let kinds: Vec<&str> = pictures.iter().map(|p| p.kind.as_str()).collect();
        assert_eq!(kinds, ["findings"]);
        let found = contents(&world, &case, &pictures).await.remove(0);
        let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
        let front = &found["documents"][0];
        assert_eq!(front["found"], "none");
        assert!(front["outline"].is_null() && front["width_mm"].is_null());
        assert_eq!(front["zone"], json!([]));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_decoded_is_asked_for_again_and_then_seen_by_a_person() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let process = handler(&world, &tools, ReviewMode::Borderline);
        for (front, video, reasons, document) in [
            (
                &b"noise"[..],
                VIDEO,
                ["document_unusable", "file_damaged"],
                true,
            ),
            (
                FRONT,
                &b"noise"[..],
                ["video_unusable", "file_damaged"],
                false,
            ),
        ] {
            let case = world.new_case(None).await;
            let case = world.hand_in_files(&case, front, video).await;
            work(&world, &process).await.unwrap();
            let (case, decision) = verdict(&world, &case).await;
            assert_eq!(case.state, CaseState::RetakeAsked);
            assert_eq!(case.reasons, reasons);
            assert_eq!(decision.outcome, DecisionOutcome::Retake);
            let asked = world.database().events_of(&case.id).await.unwrap();
            let asked = asked.iter().find(|e| e.kind == "retake_asked").unwrap();
            assert_eq!(asked.data["document"], document);
            assert_eq!(asked.data["video"], !document);

            // The second attempt is the last one of the rules.
            let step = Step::RetakeStarted {
                attempt: 2,
                keep_document: false,
            };
            let mut case = world.steps(&case.id, &[step]).await;
            case.attempt = 2;
            let mut tx = world.database().begin().await.unwrap();
            tx.save_case(&mut case).await.unwrap();
            tx.commit().await.unwrap();
            let case = world.hand_in_files(&case, front, video).await;
            work(&world, &process).await.unwrap();
            let (case, _) = verdict(&world, &case).await;
            assert_eq!(case.state, CaseState::InReview);
        }
    }
}

#[tokio::test]
async fn the_sandbox_gives_the_outcome_that_was_asked_for_without_looking() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        // Also where a person must confirm every real case.
        let process = handler(&world, &tools, ReviewMode::EveryCase);
        for (outcome, state) in [
            (SandboxOutcome::Accept, CaseState::Accepted),
            (SandboxOutcome::Review, CaseState::InReview),
            (SandboxOutcome::Refuse, CaseState::Refused),
            (SandboxOutcome::Retake, CaseState::RetakeAsked),
        ] {
            let case = world.submitted(Some(outcome)).await;
            work(&world, &process).await.unwrap();
            let (case, decision) = verdict(&world, &case).await;
            assert_eq!(case.state, state);
            assert_eq!(decision.decided_by, "sandbox");
        }
        assert_eq!(tools.decoder.asked.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn without_consent_to_biometrics_nothing_is_analysed() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        for consent in [
            None,
            Some(r#"{"version":"1","biometrics":false}"#),
            Some(r#"{"version":"1","biometrics":"yes"}"#),
        ] {
            let mut case = world.submitted(None).await;
            case.consent = consent.map(str::to_owned);
            let mut tx = world.database().begin().await.unwrap();
            tx.save_case(&mut case).await.unwrap();
            tx.commit().await.unwrap();
            work(&world, &handler(&world, &tools, ReviewMode::Borderline))
                .await
                .unwrap();
            let (case, _) = verdict(&world, &case).await;
            assert_eq!(case.state, CaseState::InReview);
            assert_eq!(case.reasons, ["biometrics_declined"]);
        }
        assert_eq!(tools.decoder.asked.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_case_withdrawn_meanwhile_gets_no_verdict() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let process = handler(&world, &tools, ReviewMode::Borderline);
        let case = world.submitted(None).await;
        world.steps(&case.id, &[Step::Withdrawn]).await;
        work(&world, &process).await.unwrap();
        assert_eq!(world.case(&case.id).await.state, CaseState::Withdrawn);
        let decisions = world.database().decisions_of(&case.id).await.unwrap();
        assert!(decisions.is_empty());
    }
}

/// The first worker dies after it has taken the case into work.
#[tokio::test]
async fn a_worker_that_died_is_followed_by_another_and_the_verdict_falls_once() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let process = handler(&world, &tools, ReviewMode::Borderline);
        let case = world.submitted(None).await;
        let now = idproof_ports::Clock::now_ms(&*world.clock);
        let dead = world
            .database()
            .claim(&[JobKind::Process], now, Duration::from_secs(60), "dead")
            .await
            .unwrap()
            .unwrap();
        let mut late = process.handle(&dead).await.unwrap();
        assert!(late.finish_job(&dead, now).await.unwrap());
        drop(late);
        world.clock.move_ms(60_000);
        work(&world, &process).await.unwrap();
        let events = world.database().events_of(&case.id).await.unwrap();
        let count = |kind: &str| events.iter().filter(|e| e.kind == kind).count();
        assert_eq!((count("processing_started"), count("accepted")), (1, 1));
        assert_eq!(
            world.database().decisions_of(&case.id).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn a_case_that_cannot_be_analysed_is_parked_and_given_to_a_person() {
    for world in worlds().await {
        let tools = Arc::new(FakeTools::of(true));
        let case = world.submitted(None).await;
        // As after a restored backup: the key is gone.
        world.vault.destroy_case(&case.id).await.unwrap();
        let error = work(&world, &handler(&world, &tools, ReviewMode::Borderline))
            .await
            .unwrap_err();
        assert!(error.contains("no key"), "{error}");
        let read = world.case(&case.id).await;
        assert_eq!(read.state, CaseState::InReview);
        assert_eq!(read.reasons, ["analysis_failed"]);
        assert_eq!(world.database().parked_jobs(9).await.unwrap().len(), 1);
    }
}
