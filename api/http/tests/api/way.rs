//! From the opening of a case to its submission, and what is said of it meanwhile.

use idproof_domain::confirm::CodePurpose;
use serde_json::{Value, json};

use crate::common::{Applicant, CONSENT, HOUR, MINUTE, identity, worlds, worlds_with};

async fn stands(applicant: &Applicant<'_>, state: &str, next: &str) {
    let expected = (state.to_owned(), next.to_owned());
    assert_eq!(applicant.stands().await, expected);
}

#[tokio::test]
async fn an_applicant_goes_the_whole_way_by_http_alone() {
    for world in worlds().await {
        let ada = world.applicant().await;
        stands(&ada, "created", "give_consent").await;
        assert_eq!(
            ada.consents().await.is(200)["next"]["code"],
            "confirm_email"
        );
        let sent = ada.post("/email", json!({ "address": "ada@Example.org" }));
        sent.await.is(202);
        stands(&ada, "created", "confirm_email").await;
        let code = world.code(&ada.id, CodePurpose::Email).await;
        let typed = format!(" {}-{} ", &code[..3], &code[3..]);
        let status = ada.post("/email/confirm", json!({ "code": typed })).await;
        assert_eq!(status.is(200)["next"]["code"], "confirm_phone");
        let status = ada.confirms(CodePurpose::Phone, "06 12 34 56 78").await;
        assert_eq!(status.is(200)["state"], "contact_confirmed");
        stands(&ada, "contact_confirmed", "declare_identity").await;

        assert_eq!(ada.declares().await.is(200)["state"], "identity_declared");
        stands(&ada, "identity_declared", "upload_document").await;
        ada.uploads(json!({ "kind": "document_front" }), b"front")
            .await
            .is(200);
        stands(&ada, "identity_declared", "upload_document").await;
        ada.uploads(json!({ "kind": "document_back" }), b"back")
            .await
            .is(200);
        stands(&ada, "document_uploaded", "record_video").await;
        let challenge = ada.draws().await;
        assert_eq!(challenge["steps"].as_array().unwrap().len(), 3);
        assert_eq!(challenge["language"], "fr");
        stands(&ada, "document_uploaded", "record_video").await;
        ada.uploads(Applicant::answering(&challenge), b"a moving picture")
            .await
            .is(200);
        stands(&ada, "video_uploaded", "submit").await;

        let status = ada.act("/submit").await.is(202);
        assert_eq!(status["state"], "submitted");
        assert_eq!(status["next"]["code"], "wait");
        assert_eq!(status["queue_position"], 1);
        assert_eq!(status["can"], json!(["withdraw", "delete"]));
        // 24 hours of working time after Tuesday, half past ten in Paris.
        assert!(status["letter_due_at"].is_string());
        ada.act("/submit").await.refused("invalid_state");
        let jobs = "SELECT kind FROM jobs WHERE subject = $1";
        assert_eq!(world.texts(jobs, ada.id.as_str()).await, ["process"]);

        let case = ada.get("").await.is(200);
        assert_eq!(case["email"]["masked"], "a…@example.org");
        assert_eq!(case["phone"]["masked"], "+33 ••• •• 78");
        assert_eq!(case["consent"]["version"], CONSENT);
        assert_eq!(case["identity"]["birth_name"], "Lovelace");
        assert_eq!(case["sides"], json!(["front", "back"]));
        assert_eq!(case["uploads"].as_array().unwrap().len(), 3);
        let current = ada.caller.get("/v1/cases/current").await.is(200);
        assert_eq!(current, case);

        let kinds: Vec<String> = ada.timeline().await;
        assert_eq!(
            kinds,
            [
                "created",
                "email_confirmed",
                "phone_confirmed",
                "identity_declared",
                "document_uploaded",
                "video_uploaded",
                "submitted",
            ]
        );
    }
}

#[tokio::test]
async fn the_files_that_were_sent_are_the_files_that_are_kept() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let done = ada
            .uploads(json!({ "kind": "document_front", "size": 300_000 }), &bytes)
            .await
            .is(200);
        assert_eq!(
            (&done["state"], &done["size"]),
            (&"complete".into(), &300_000.into())
        );
        let id = done["id"].as_str().unwrap().parse().unwrap();
        let wrapped = world.database.case_key(&ada.id).await.unwrap().unwrap();
        let wrapped = wrapped.parse().unwrap();
        let key = world.vault.open_case(&ada.id, &wrapped).await.unwrap();
        let mut read = Vec::new();
        for chunk in world.database.chunks_of(&id).await.unwrap() {
            let name = chunk.object.parse().unwrap();
            let mut reader = world.vault.get(&key, &name).await.unwrap();
            while let Some(piece) = reader.next().await.unwrap() {
                read.extend_from_slice(&piece);
            }
        }
        assert_eq!(read, bytes);
    }
}

#[tokio::test]
async fn those_who_came_first_stand_first_in_the_queue() {
    for world in worlds().await {
        let first = world.applicant().await.submitted().await;
        world.clock.move_ms(MINUTE);
        let second = world.applicant().await.submitted().await;
        let place = async |who: &Applicant<'_>| -> Value {
            who.get("/status").await.is(200)["queue_position"].clone()
        };
        assert_eq!(place(&first).await, 1);
        assert_eq!(place(&second).await, 2);
        first.act("/withdraw").await.is(200);
        assert_eq!(place(&first).await, Value::Null);
        assert_eq!(place(&second).await, 1);
    }
}

#[tokio::test]
async fn nothing_can_be_done_before_its_turn() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let front = json!({ "kind": "document_front" });
        ada.post("/uploads", front.clone())
            .await
            .refused("consent_needed");
        ada.declares().await.refused("invalid_state");
        ada.act("/challenges").await.refused("invalid_state");
        ada.act("/submit").await.refused("invalid_state");
        ada.act("/retake").await.refused("invalid_state");
        ada.act("/appeal").await.refused("invalid_state");
        ada.act("/suspend").await.refused("invalid_state");
        ada.act("/reactivate").await.refused("invalid_state");
        let code = json!({ "code": "123456" });
        ada.post("/activation", code).await.refused("invalid_state");
        ada.get("/letter").await.refused("not_found");
        ada.act("/letter/accept").await.refused("not_found");
        ada.consents().await.is(200);
        ada.post("/uploads", front).await.refused("invalid_state");
        stands(&ada, "created", "confirm_email").await;
    }
}

#[tokio::test]
async fn a_case_is_not_handed_in_while_something_is_missing() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        ada.act("/submit").await.refused("invalid_state");
        ada.records().await;
        let uploads = ada.get("").await.is(200)["uploads"].clone();
        let of = |kind: &str| {
            let all = uploads.as_array().unwrap();
            let upload = all.iter().find(|u| u["kind"] == kind).unwrap();
            format!("/v1/uploads/{}", upload["id"].as_str().unwrap())
        };
        let back = of("document_back");
        ada.caller.delete(&back).await.is(204);
        let problem = ada.act("/submit").await.refused("document_missing");
        assert_eq!(problem["detail"], "document_back");
        ada.uploads(json!({ "kind": "document_back" }), b"again")
            .await
            .is(200);
        // A challenge that nobody answered stands in the place of the one that was.
        ada.draws().await;
        ada.act("/submit").await.refused("challenge_void");
        ada.records().await;
        ada.act("/submit").await.is(202);
        stands(&ada, "submitted", "wait").await;
    }
}

#[tokio::test]
async fn consent_is_to_the_text_that_is_current() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let old = json!({ "version": "2020-01", "biometrics": true });
        ada.post("/consent", old.clone())
            .await
            .refused("consent_version_old");
        let body = json!({ "language": "fr", "consent": old });
        let opening = world.anybody().post("/v1/cases", body).await;
        opening.refused("consent_version_old");
        let body = json!({ "language": "en", "document_type": "fr_passport",
            "consent": { "version": CONSENT, "biometrics": false } });
        let opened = world.anybody().post("/v1/cases", body).await.is(201);
        assert_eq!(opened["case"]["consent"]["biometrics"], false);
        assert_eq!(opened["case"]["sides"], json!(["front"]));
        let eve = world.holder_of(&opened);
        assert_eq!(
            eve.consents().await.is(200)["next"]["code"],
            "confirm_email"
        );
        let case = eve.get("").await.is(200);
        assert_eq!(case["consent"]["biometrics"], true);
    }
}

#[tokio::test]
async fn a_case_is_opened_without_a_key_only_where_that_is_allowed() {
    for world in worlds_with(|s| s.enrolment.open = false).await {
        let body = json!({ "language": "fr" });
        world
            .anybody()
            .post("/v1/cases", body.clone())
            .await
            .refused("unauthorized");
        let info = world.anybody().get("/v1/service").await.is(200);
        assert_eq!(info["open"], false);
        let org = world.organisation("bank").await;
        let key = world.key(&org, crate::common::ALL_SCOPES).await;
        key.post("/v1/cases", body).await.is(201);
    }
}

#[tokio::test]
async fn contacts_that_are_not_asked_for_are_not_waited_for() {
    for world in worlds_with(|s| s.enrolment.phone = false).await {
        let ada = world.applicant().await;
        ada.consents().await.is(200);
        let status = ada.confirms(CodePurpose::Email, "ada@example.org").await;
        assert_eq!(status.is(200)["state"], "contact_confirmed");
        stands(&ada, "contact_confirmed", "declare_identity").await;
    }
}

#[tokio::test]
async fn an_identity_is_judged_field_by_field() {
    for world in worlds().await {
        let ada = world.applicant().await;
        ada.consents().await.is(200);
        ada.confirms_both().await;
        for (field, value, pointer, code) in [
            ("birth_name", json!("<script>"), "/birth_name", "not_a_name"),
            ("birth_name", json!(""), "/birth_name", "length"),
            (
                "birth_name",
                json!("x".repeat(101)),
                "/birth_name",
                "length",
            ),
            ("first_names", json!([]), "/first_names", "length"),
            (
                "first_names",
                json!(["Ada", "7"]),
                "/first_names/1",
                "not_a_name",
            ),
            ("first_names", json!([1]), "/first_names/0", "not_accepted"),
            (
                "birth_place",
                json!("Lon\u{0}dres"),
                "/birth_place",
                "not_accepted",
            ),
            (
                "birth_date",
                json!("1990-02-30"),
                "/birth_date",
                "not_a_date",
            ),
            (
                "birth_date",
                json!("2030-01-01"),
                "/birth_date",
                "in_the_future",
            ),
            ("birth_date", json!("2008-03-11"), "/birth_date", "underage"),
            (
                "birth_country",
                json!("F2"),
                "/birth_country",
                "not_a_country",
            ),
            (
                "nationality",
                json!("FRANCE"),
                "/nationality",
                "not_a_country",
            ),
            (
                "document_number",
                json!("12"),
                "/document_number",
                "not_accepted",
            ),
            (
                "document_type",
                json!("library_card"),
                "/document_type",
                "not_accepted",
            ),
            (
                "issue_date",
                json!("2031-01-01"),
                "/issue_date",
                "in_the_future",
            ),
            (
                "expiry_date",
                json!("2019-01-01"),
                "/expiry_date",
                "before_issue",
            ),
            (
                "postal_address",
                json!(["a", "b", "c", "d", "e", "f", "g"]),
                "/postal_address",
                "length",
            ),
            ("sex", json!("expected Lovelace"), "/sex", "not_accepted"),
            ("shoe_size", json!(38), "/shoe_size", "not_accepted"),
        ] {
            let mut body = identity();
            body[field] = value;
            let answer = ada.caller.put(&ada.path("/identity"), body).await;
            answer.wrong(pointer, code);
            assert!(!String::from_utf8_lossy(&answer.body).contains("Lovelace"));
        }
        stands(&ada, "contact_confirmed", "declare_identity").await;
        // Eighteen today.
        let mut body = identity();
        body["birth_date"] = "2008-03-10".into();
        ada.caller.put(&ada.path("/identity"), body).await.is(200);
        // Until it is handed in, it may be declared anew.
        ada.declares().await.is(200);
        let case = ada.get("").await.is(200);
        assert_eq!(case["identity"]["birth_date"], "1990-12-10");
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_it_is_used() {
    for world in worlds().await {
        let ada = world.applicant().await;
        for _ in 0..3 {
            world.clock.move_ms(71 * HOUR);
            ada.get("/status").await.is(200);
        }
        world.clock.move_ms(73 * HOUR);
        ada.get("/status").await.refused("unauthorized");
    }
}
