//! One recording answers one challenge: nothing else is bound to it, whatever is tried.

use idproof_domain::case::Step;
use serde_json::{Value, json};

use crate::common::{Answer, Applicant, MINUTE, worlds, worlds_with};

async fn begins(who: &Applicant<'_>, challenge: &Value) -> Answer {
    who.post("/uploads", Applicant::answering(challenge)).await
}

#[tokio::test]
async fn a_challenge_that_is_forged_expired_replaced_used_or_anothers_is_refused_by_name() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let eve = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        let text = |v: &Value| v.as_str().unwrap().to_owned();

        let mut forged = challenge.clone();
        let token = text(&challenge["token"]);
        let (body, mac) = token.split_once('.').unwrap();
        let other_mac = format!("{body}.{}", "A".repeat(mac.len()));
        for wrong in ["a".repeat(43), String::new(), body.to_owned(), other_mac] {
            forged["token"] = wrong.into();
            begins(&ada, &forged).await.refused("challenge_forged");
        }
        let mut unknown = challenge.clone();
        for id in ["chl_00000000000000000000000000", "../chl"] {
            unknown["id"] = id.into();
            begins(&ada, &unknown).await.refused("challenge_forged");
        }
        begins(&eve, &challenge).await.refused("challenge_foreign");

        let later = ada.draws().await;
        begins(&ada, &challenge).await.refused("challenge_void");
        let mut mixed = challenge.clone();
        mixed["token"] = later["token"].clone();
        begins(&ada, &mixed).await.refused("challenge_forged");

        // None of these used the one that stands.
        begins(&ada, &later).await.is(201);
        begins(&ada, &later).await.refused("challenge_used");

        let expiring = ada.draws().await;
        world.clock.move_ms(10 * MINUTE + 1);
        begins(&ada, &expiring).await.refused("challenge_expired");
    }
}

/// Whoever can write to the database can still not change what was asked.
#[tokio::test]
async fn a_challenge_whose_script_was_changed_is_forged() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        let sql = "UPDATE challenges SET script = '{\"digits\":[1,2,3],\"language\":\"fr\",\"steps\":[]}' \
            WHERE id = $1";
        world.change(sql, challenge["id"].as_str().unwrap()).await;
        begins(&ada, &challenge).await.refused("challenge_forged");
    }
}

#[tokio::test]
async fn a_challenge_of_an_earlier_attempt_is_void() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        ada.records().await;
        let left_over = ada.draws().await;
        ada.records().await;
        ada.act("/submit").await.is(202);
        let steps = [
            Step::ProcessingStarted { attempt: 1 },
            Step::RetakeAsked {
                reasons: vec![],
                document: false,
                video: true,
            },
        ];
        world.steps(&ada.id, &steps).await;
        ada.act("/retake").await.is(200);
        begins(&ada, &left_over).await.refused("challenge_foreign");
    }
}

/// On the last millisecond it is still good.
#[tokio::test]
async fn a_challenge_is_good_until_its_end_and_not_longer() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        assert_eq!(challenge["expires_at"], "2026-03-10T09:40:00Z");
        world.clock.move_ms(10 * MINUTE);
        // What began in time may end later.
        let upload = ada.begins(Applicant::answering(&challenge)).await;
        world.clock.move_ms(MINUTE);
        ada.sends(&upload, 0, b"moving").await.is(204);
        ada.completes(&upload, 1, b"moving").await.is(200);
        assert_eq!(ada.stands().await.0, "video_uploaded");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_used_many_times_at_once_is_used_once() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        let begun = (0..10).map(|_| begins(&ada, &challenge));
        let answers = futures_util::future::join_all(begun).await;
        assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1);
        for answer in answers.iter().filter(|a| a.status != 201) {
            answer.refused("challenge_used");
        }
    }
}

#[tokio::test]
async fn a_recording_whose_challenge_was_replaced_meanwhile_does_not_count() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        let upload = ada.begins(Applicant::answering(&challenge)).await;
        ada.sends(&upload, 0, b"moving").await.is(204);
        let next = ada.draws().await;
        ada.completes(&upload, 1, b"moving")
            .await
            .refused("challenge_void");
        assert_eq!(ada.stands().await.0, "document_uploaded");
        ada.uploads(Applicant::answering(&next), b"moving again")
            .await
            .is(200);
        assert_eq!(ada.stands().await.0, "video_uploaded");
    }
}

#[tokio::test]
async fn a_recording_that_is_thrown_away_is_taken_anew_under_a_new_challenge() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let challenge = ada.draws().await;
        let done = ada
            .uploads(Applicant::answering(&challenge), b"moving")
            .await
            .is(200);
        let path = format!("/v1/uploads/{}?reason=redo", done["id"].as_str().unwrap());
        ada.caller.delete(&path).await.is(204);
        ada.caller.delete(&path).await.is(204);
        assert_eq!(
            ada.stands().await,
            ("document_uploaded".into(), "record_video".into())
        );
        begins(&ada, &challenge).await.refused("challenge_used");
        ada.records().await;
        assert_eq!(ada.stands().await.0, "video_uploaded");
        assert!(ada.timeline().await.contains(&"video_discarded".to_owned()));
    }
}

#[tokio::test]
async fn challenges_are_drawn_only_so_often_and_never_the_same_twice_running() {
    for world in worlds_with(|s| s.limits.challenges_per_attempt = 6).await {
        let ada = world.applicant().await.documented().await;
        let mut last = Value::Null;
        for _ in 0..6 {
            let wish = json!({ "adapt": ["more_time"] });
            let drawn = ada.post("/challenges", wish).await.is(201);
            let steps = drawn["steps"].as_array().unwrap().iter();
            let digits: Value = steps.map(|s| s["digit"].clone()).collect();
            assert_ne!(digits, last);
            last = digits;
        }
        ada.act("/challenges").await.refused("too_many_challenges");
    }
}

#[tokio::test]
async fn only_a_recording_answers_a_challenge_and_every_recording_does() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        let bare = json!({ "kind": "selfie_video" });
        let answer = ada.post("/uploads", bare).await;
        answer.wrong("/challenge_id", "missing");
        answer.wrong("/challenge_token", "missing");
        let mut picture = Applicant::answering(&ada.draws().await);
        picture["kind"] = "document_front".into();
        let answer = ada.post("/uploads", picture).await;
        answer.wrong("/challenge_id", "not_allowed");
    }
}

/// What a power cut takes of files whose chunks were acknowledged is noticed before anything is
/// promised about them, and asked for again.
#[tokio::test]
async fn a_file_that_is_no_longer_whole_is_asked_for_again_when_handing_in() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        ada.records().await;
        let spoil = async |kind: &str, how: fn(&std::path::Path)| {
            let sql = "SELECT o.name FROM objects o JOIN chunks c ON c.object = o.name \
                JOIN uploads u ON u.id = c.upload_id WHERE u.kind = $1 AND u.state = 'complete'";
            let object = world.texts(sql, kind).await.remove(0);
            let (case, rest) = object.split_once('/').unwrap();
            let dir = world.dir.path().join("media").join(&case[case.len() - 2..]);
            how(&dir.join(case).join(rest.replace('/', ".")));
        };
        spoil("selfie_video", |path| std::fs::remove_file(path).unwrap()).await;
        ada.act("/submit").await.refused("video_missing");
        assert_eq!(ada.stands().await.0, "document_uploaded");
        ada.records().await;
        spoil("document_front", |path| {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(60).unwrap();
        })
        .await;
        let problem = ada.act("/submit").await;
        assert_eq!(
            problem.refused("document_missing")["detail"],
            "document_front"
        );
        ada.uploads_document().await;
        ada.act("/submit").await.is(202);
    }
}
