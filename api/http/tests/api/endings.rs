//! What becomes of a case after it is handed in: verdicts, retakes, appeals, and how it ends.

use idproof_domain::case::Step;
use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Applicant, ELECTRONIC, HOUR, World, worlds};

async fn processed(world: &World, applicant: &Applicant<'_>, verdict: Step) {
    let attempt = world.case(&applicant.id).await.attempt;
    let steps = [Step::ProcessingStarted { attempt }, verdict];
    world.steps(&applicant.id, &steps).await;
}

fn refused() -> Step {
    Step::Refused {
        by_human: false,
        reasons: vec!["face_mismatch".into()],
    }
}

fn retake(document: bool) -> Step {
    Step::RetakeAsked {
        reasons: vec!["document_blurred".into()],
        document,
        video: true,
    }
}

async fn status(applicant: &Applicant<'_>) -> Value {
    applicant.get("/status").await.is(200)
}

/// Kinds of the uploads that the case shows.
async fn files(applicant: &Applicant<'_>) -> Vec<String> {
    let case = applicant.get("").await.is(200);
    let uploads = case["uploads"].as_array().unwrap().iter();
    uploads
        .map(|u| u["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_retake_of_the_document_begins_with_the_document() {
    for world in worlds().await {
        let ada = world.applicant().await.submitted().await;
        processed(&world, &ada, retake(true)).await;
        let asked = status(&ada).await;
        assert_eq!(asked["state"], "retake_asked");
        assert_eq!(asked["next"]["code"], "retake");
        let expected = json!({ "reasons": ["document_blurred"], "document": true, "video": true });
        assert_eq!(asked["retake"], expected);
        let front = json!({ "kind": "document_front" });
        ada.post("/uploads", front).await.refused("invalid_state");
        let begun = ada.act("/retake").await.is(200);
        assert_eq!(begun["state"], "identity_declared");
        assert_eq!(begun["next"]["code"], "upload_document");
        assert_eq!(begun["retake"], Value::Null);
        ada.act("/retake").await.refused("invalid_state");
        assert!(files(&ada).await.is_empty());
        assert_eq!(ada.get("").await.is(200)["attempt"], 2);
        ada.uploads_document().await;
        ada.records().await;
        ada.act("/submit").await.is(202);
        assert_eq!(status(&ada).await["state"], "submitted");
        let jobs = "SELECT dedupe FROM jobs WHERE subject = $1 ORDER BY id";
        assert_eq!(world.texts(jobs, ada.id.as_str()).await.len(), 2);
    }
}

#[tokio::test]
async fn a_retake_of_the_recording_keeps_the_document() {
    for world in worlds().await {
        let ada = world.applicant().await.submitted().await;
        processed(&world, &ada, retake(false)).await;
        let begun = ada.act("/retake").await.is(200);
        assert_eq!(begun["state"], "document_uploaded");
        assert_eq!(begun["next"]["code"], "record_video");
        assert_eq!(files(&ada).await, ["document_front", "document_back"]);
        ada.records().await;
        ada.act("/submit").await.is(202);
        let last = [
            "retake_asked",
            "retake_started",
            "video_uploaded",
            "submitted",
        ];
        assert!(ada.timeline().await.ends_with(&last.map(str::to_owned)));
    }
}

#[tokio::test]
async fn a_refusal_is_appealed_once_while_the_pictures_exist() {
    for world in worlds().await {
        let ada = world.applicant().await.submitted().await;
        processed(&world, &ada, refused()).await;
        let seen = status(&ada).await;
        assert_eq!(seen["state"], "refused");
        assert_eq!(seen["reasons"], json!(["face_mismatch"]));
        assert_eq!(seen["can"], json!(["appeal", "delete"]));
        assert_eq!(seen["media_due_at"], "2026-03-13T09:30:00Z");
        ada.act("/withdraw").await.refused("invalid_state");
        let too_long = json!({ "text": "x".repeat(2001) });
        ada.post("/appeal", too_long).await.wrong("/text", "length");
        let nul = json!({ "text": "a\u{0}b" });
        ada.post("/appeal", nul).await.wrong("/text", "length");
        let text = json!({ "text": "It is me." });
        let appealed = ada.post("/appeal", text).await.is(202);
        assert_eq!(appealed["state"], "in_review");
        assert_eq!(appealed["appealed"], true);
        assert_eq!(appealed["media_due_at"], Value::Null);
        let said = world.database.appeal(&ada.id).await.unwrap();
        assert_eq!(said.as_deref(), Some("It is me."));
        world
            .steps(
                &ada.id,
                &[Step::Refused {
                    by_human: true,
                    reasons: vec![],
                }],
            )
            .await;
        assert_eq!(status(&ada).await["can"], json!(["delete"]));
        ada.act("/appeal").await.refused("appeal_used");

        let late = world.applicant().await.submitted().await;
        processed(&world, &late, refused()).await;
        world.clock.move_ms(72 * HOUR);
        late.act("/appeal").await.refused("media_gone");
    }
}

#[tokio::test]
async fn whoever_withdraws_has_done_with_it() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let upload = ada.begins(json!({ "kind": "document_front" })).await;
        ada.sends(&upload, 0, b"front").await.is(204);
        let done = ada.act("/withdraw").await.is(200);
        assert_eq!(done["state"], "withdrawn");
        assert_eq!(done["next"]["code"], "nothing");
        assert_eq!(done["can"], json!(["delete"]));
        assert_eq!(done["media_due_at"], "2026-03-10T09:30:00Z");
        ada.act("/withdraw").await.refused("invalid_state");
        ada.consents().await.refused("invalid_state");
        ada.sends(&upload, 1, b"more")
            .await
            .refused("invalid_state");
        ada.completes(&upload, 1, b"front")
            .await
            .refused("invalid_state");
        let path = format!("/v1/uploads/{upload}");
        ada.caller.delete(&path).await.refused("invalid_state");
    }
}

/// Activated, by the shortest way.
async fn activated(world: &World) -> Applicant<'_> {
    let ada = world.applicant().await.submitted().await;
    processed(world, &ada, Step::Accepted { by_human: false }).await;
    assert_eq!(status(&ada).await["next"]["code"], "wait_for_letter");
    world.send_letter(&ada.id, ELECTRONIC).await;
    let opened = ada.act("/letter/accept").await.is(200);
    let code = json!({ "code": opened["activation_code"] });
    ada.post("/activation", code).await.is(200);
    ada
}

#[tokio::test]
async fn an_identity_is_held_and_taken_up_again() {
    for world in worlds().await {
        let ada = activated(&world).await;
        let now = status(&ada).await;
        assert_eq!(now["state"], "activated");
        assert_eq!(now["can"], json!(["suspend", "delete"]));
        ada.act("/reactivate").await.refused("invalid_state");
        assert_eq!(ada.act("/suspend").await.is(200)["state"], "suspended");
        ada.act("/suspend").await.refused("invalid_state");
        assert_eq!(status(&ada).await["can"], json!(["reactivate", "delete"]));
        assert_eq!(ada.act("/reactivate").await.is(200)["state"], "activated");
        ada.act("/withdraw").await.refused("invalid_state");
        let last = ["activated", "suspended", "reactivated"].map(str::to_owned);
        assert!(ada.timeline().await.ends_with(&last));
    }
}

#[tokio::test]
async fn whoever_is_deleted_is_nobody_any_more() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let body = json!({ "language": "fr", "reference": "Lovelace 7" });
        let opened = key.post("/v1/cases", body).await.is(201);
        let ada = world.holder_of(&opened).submitted().await;
        let path = ada.path("");
        ada.caller.delete(&path).await.is(204);
        // The token is gone with the person.
        ada.get("/status").await.refused("unauthorized");
        ada.caller.delete(&path).await.refused("unauthorized");
        let left = key.get(&path).await.is(200);
        assert_eq!(left["state"], "deleted");
        for gone in ["email", "phone", "identity", "reference"] {
            assert_eq!(left[gone], Value::Null, "{gone}");
        }
        key.delete(&path).await.refused("invalid_state");
        let again = key.act(&ada.path("/token")).await;
        again.refused("invalid_state");
        let case = world.case(&ada.id).await;
        assert!(
            case.media_due_at
                .is_some_and(|due| due <= crate::common::START)
        );
        let audit = world.database.verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(audit.fault, None);
    }
}
