//! The queue of the console, the case in hand, its media.

use idproof_database::{Picture, Role};
use idproof_domain::ids::{CaseId, PictureId};
use idproof_ports::Clock;
use idproof_vault::ObjectName;
use serde_json::{Value, json};

use crate::common::{Colleague, HOUR, MINUTE, World, to_review, worlds, worlds_with};

#[tokio::test]
async fn two_people_never_have_the_same_case() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let mut ids = Vec::new();
        for _ in 0..6 {
            ids.push(to_review(&world, "borderline").await.id.to_string());
            world.clock.move_ms(MINUTE);
        }
        // Both ask at once, again and again; each may hold two.
        let ask = |who| async move {
            let who: &Colleague<'_> = who;
            let first = who.next().await["id"].as_str().unwrap().to_owned();
            let beside = json!({ "beside": first });
            let second = who.post("/queue/next", beside).await.is(200)["case"]["id"].clone();
            (first, second.as_str().unwrap().to_owned())
        };
        let (a, b) = tokio::join!(ask(&ada), ask(&bob));
        let mut had = vec![a.0.clone(), a.1.clone(), b.0, b.1];
        had.sort();
        had.dedup();
        assert_eq!(had.len(), 4, "{had:?}");
        // The most urgent ones went first.
        assert!(had.iter().all(|id| ids[..4].contains(id)));
        assert_eq!(ada.next().await["id"], a.0, "the one in hand");
        let more = json!({ "beside": "case_00000000000000000000000000" });
        ada.post("/queue/next", more).await.is(200);
        ada.post(&format!("/queue/{}/take", ids[5]), json!({}))
            .await
            .refused("hold_limit");
        bob.get(&format!("/cases/{}", a.0))
            .await
            .refused("not_held");
        bob.post(&format!("/queue/{}/take", a.0), json!({}))
            .await
            .refused("hold_limit");
        let eve = world.reviewer("eve").await;
        eve.post(&format!("/queue/{}/take", a.0), json!({}))
            .await
            .refused("held_elsewhere");
        let listed = eve.get("/queue?state=held").await.is(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 4);
        assert_eq!(listed["counts"]["held"], 4);
        assert_eq!(listed["counts"]["holders"][0]["cases"], 2);
    }
}

#[tokio::test]
async fn a_hold_that_nobody_keeps_is_somebody_elses() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "borderline").await;
        let path = format!("/cases/{}", case.id);
        assert_eq!(ada.next().await["id"], case.id.as_str());
        assert_eq!(bob.next().await, Value::Null);
        world.clock.move_ms(9 * MINUTE);
        ada.post(&format!("{path}/keep"), json!({})).await.is(200);
        world.clock.move_ms(9 * MINUTE);
        ada.get(&path).await.is(200);
        assert_eq!(bob.next().await, Value::Null);
        // A browser that died keeps nothing.
        world.clock.move_ms(MINUTE);
        ada.get(&path).await.refused("not_held");
        ada.post(&format!("{path}/keep"), json!({}))
            .await
            .refused("not_held");
        assert_eq!(bob.next().await["id"], case.id.as_str());
        ada.judge_refused(&path).await;
    }
}

impl Colleague<'_> {
    async fn judge_refused(&self, path: &str) {
        let body = json!({ "face": "same", "confidence": 3 });
        self.post(&format!("{path}/judgement"), body)
            .await
            .refused("not_held");
        let accept = json!({ "kind": "accept" });
        self.post(&format!("{path}/decision"), accept)
            .await
            .refused("not_held");
        let leave = json!({ "why": "break" });
        self.post(&format!("{path}/leave"), leave)
            .await
            .refused("not_held");
    }
}

#[tokio::test]
async fn a_case_laid_aside_goes_to_others_and_a_hold_is_taken_away() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let operator = world.colleague("olga", &[Role::Operator]).await;
        let case = to_review(&world, "borderline").await;
        let path = format!("/cases/{}", case.id);
        ada.next().await;
        ada.post(&format!("{path}/leave"), json!({ "why": "boredom" }))
            .await
            .wrong("/why", "not_accepted");
        ada.post(&format!("{path}/leave"), json!({ "why": "unsure" }))
            .await
            .is(204);
        assert_eq!(ada.next().await, Value::Null);
        assert_eq!(bob.next().await["id"], case.id.as_str());
        operator.get(&path).await.refused("role_missing");
        operator
            .post(&format!("/queue/{}/return", case.id), json!({}))
            .await
            .is(204);
        operator
            .post(&format!("/queue/{}/return", case.id), json!({}))
            .await
            .refused("not_held");
        bob.get(&path).await.refused("not_held");
        world.clock.move_ms(4 * HOUR);
        ada.signs_in().await;
        assert_eq!(ada.next().await["id"], case.id.as_str());
        let conflict = json!({ "why": "conflict_of_interest" });
        ada.post(&format!("{path}/leave"), conflict).await.is(204);
        world.clock.move_ms(100 * HOUR);
        ada.signs_in().await;
        assert_eq!(ada.next().await, Value::Null, "never again");
        let kinds = world.kinds(&case.id).await;
        for kind in ["review_taken", "review_left", "review_returned"] {
            assert!(kinds.contains(&kind.to_owned()), "{kinds:?}");
        }
    }
}

#[tokio::test]
async fn the_machines_view_is_withheld_until_the_person_has_judged() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        let path = format!("/cases/{}", case.id);
        let listed = ada.get("/queue").await.is(200);
        assert_eq!(listed["items"][0]["reasons"], json!([]));
        let page = ada.next().await;
        assert_eq!(
            (&page["blind"], &page["machine"]),
            (&json!(true), &json!(null))
        );
        let said = page.to_string();
        for telling in ["0.55", "borderline", "Median"] {
            assert!(!said.contains(telling), "{telling}");
        }
        // What the applicant said and was asked is there.
        assert_eq!(page["identity"][0]["declared"], "Lovelace");
        assert_eq!(page["video"]["asked"].as_array().unwrap().len(), 3);
        ada.decides(&case.id, json!({ "kind": "accept" }))
            .await
            .refused("judgement_needed");
        let judge = |face: &str, confidence: i64| json!({ "face": face, "confidence": confidence });
        let judgement = format!("{path}/judgement");
        ada.post(&judgement, judge("maybe", 3))
            .await
            .wrong("/face", "not_accepted");
        ada.post(&judgement, judge("same", 6))
            .await
            .wrong("/confidence", "not_accepted");
        let page = ada.post(&judgement, judge("same", 4)).await.is(200);
        assert_eq!(page["blind"], false);
        let check = &page["machine"]["checks"][0];
        assert_eq!(
            (&check["name"], &check["score"]),
            (&json!("face_match"), &json!(0.55))
        );
        let scale = &check["scale"];
        assert_eq!(
            (&scale["accept"], &scale["refuse"]),
            (&json!(0.45), &json!(-6.0))
        );
        assert_eq!(page["machine"]["reasons"][0]["code"], "face_uncertain");
        // Nobody improves on their judgement afterwards.
        ada.post(&judgement, judge("different", 5))
            .await
            .refused("judgement_given");
    }
    for world in worlds_with(|s| s.console.blind_first = false).await {
        let ada = world.reviewer("ada").await;
        to_review(&world, "borderline").await;
        assert_eq!(ada.next().await["blind"], false);
    }
}

#[tokio::test]
async fn media_are_masked_until_opened_and_every_opening_is_on_record() {
    for world in worlds().await {
        let (ada, bob) = (world.reviewer("ada").await, world.reviewer("bob").await);
        let case = to_review(&world, "borderline").await;
        let page = ada.next().await;
        let media = page["media"].as_array().unwrap().clone();
        assert_eq!(media.len(), 3);
        let film = media.iter().find(|m| m["kind"] == "selfie_video").unwrap();
        let url = film["url"]
            .as_str()
            .unwrap()
            .strip_prefix("/console/api")
            .unwrap()
            .to_owned();
        ada.get(&url).await.refused("media_masked");
        let views = format!("/cases/{}/views", case.id);
        let open = |ids: Value| json!({ "media": ids });
        ada.post(&views, open(json!([])))
            .await
            .wrong("/media", "length");
        ada.post(&views, open(json!(["upl_1"])))
            .await
            .wrong("/media/0", "not_accepted");
        ada.post(&views, open(json!([film["id"]]))).await.is(204);
        let whole = ada.get(&url).await;
        assert_eq!(
            (whole.status, whole.body.as_slice()),
            (200, &b"a moving picture"[..])
        );
        assert_eq!(
            whole.header("content-type"),
            Some("application/octet-stream")
        );
        assert_eq!(whole.header("cache-control"), Some("no-store"));
        assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
        assert!(
            whole
                .header("content-security-policy")
                .unwrap()
                .starts_with("sandbox;")
        );
        // It lies in two chunks; a part may span them.
        for (range, content, bytes) in [
            ("bytes=0-0", "bytes 0-0/16", &b"a"[..]),
            ("bytes=6-9", "bytes 6-9/16", b"ng p"),
            ("bytes=-7", "bytes 9-15/16", b"picture"),
            ("bytes=2-", "bytes 2-15/16", b"moving picture"),
        ] {
            let part = ada.send("GET", &url, &[("range", range)], None).await;
            assert_eq!(part.status, 206, "{range}");
            assert_eq!(part.header("content-range"), Some(content));
            assert_eq!(part.body, bytes);
        }
        ada.send("GET", &url, &[("range", "bytes=16-")], None)
            .await
            .refused("range_wrong");
        assert_eq!(
            ada.get(&format!("/cases/{}", case.id)).await.is(200)["media"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|m| m["viewed"] == true)
                .count(),
            1
        );
        bob.get(&url).await.refused("not_held");
        bob.post(&views, open(json!([film["id"]])))
            .await
            .refused("not_held");
        let kinds = world.kinds(&case.id).await;
        assert_eq!(kinds.iter().filter(|k| *k == "media_viewed").count(), 1);
        // Whoever takes the case next opens for themself.
        world.clock.move_ms(11 * MINUTE);
        ada.get(&url).await.refused("not_held");
        bob.next().await;
        bob.get(&url).await.refused("media_masked");
    }
}

#[tokio::test]
async fn what_an_applicant_wrote_is_only_ever_text() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        let evil = "<img src=x onerror=alert(1)>\u{202e}</script>";
        let mut tx = world.database.begin().await.unwrap();
        let mut row = tx.case(&case.id).await.unwrap().unwrap();
        row.declared = Some(json!({
            "birth_name": evil, "first_names": [evil], "sex": evil, "birth_date": evil, "birth_place": evil,
            "birth_country": evil, "nationality": evil, "document_number": evil, "postal_address": [evil, evil],
        }).to_string());
        row.document_type = Some(evil.to_owned());
        tx.save_case(&mut row).await.unwrap();
        tx.insert_appeal(&case.id, evil, 1).await.unwrap();
        tx.commit().await.unwrap();
        let capture = "UPDATE uploads SET capture = $1 WHERE case_id = $2";
        sqlx::query(capture)
            .bind(json!({ evil: evil }).to_string())
            .bind(case.id.as_str())
            .execute(world.database.pool())
            .await
            .unwrap();
        ada.next().await;
        let answer = ada.get(&format!("/cases/{}", case.id)).await;
        let page = answer.is(200);
        // As it was written, as JSON, never as a page.
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'")
        );
        assert_eq!(page["identity"][0]["declared"], evil);
        assert_eq!(page["appeal"], evil);
        assert_eq!(page["capture"][0]["value"], evil);
        let retake =
            json!({ "kind": "retake", "reasons": ["no_face"], "video": true, "note": evil });
        let shown = ada
            .post(&format!("/cases/{}/preview", case.id), retake)
            .await;
        shown.is(200);
        assert_eq!(shown.header("content-type"), Some("application/json"));
    }
}

/// Keeps something that a worker made of a case's media, as it keeps the media.
async fn keep(world: &World, case: &CaseId, kind: &str, content_type: &str, bytes: &[u8]) {
    let now = world.clock.now_ms();
    let mut random = [0; 10];
    world.random.fill(&mut random);
    let wrapped = world.database.case_key(case).await.unwrap().unwrap();
    let key = world
        .vault
        .open_case(case, &wrapped.parse().unwrap())
        .await
        .unwrap();
    let name = ObjectName::new(case, &format!("picture/{kind}")).unwrap();
    world
        .database
        .note_object(name.as_str(), case, "picture", now)
        .await
        .unwrap();
    world
        .vault
        .put_bytes(&key, &name, bytes.to_vec().into())
        .await
        .unwrap();
    let mut tx = world.database.begin().await.unwrap();
    tx.insert_picture(&Picture {
        id: PictureId::new(now, random),
        case: case.clone(),
        attempt: 1,
        kind: kind.to_owned(),
        content_type: content_type.to_owned(),
        object: name.to_string(),
        size: i64::try_from(bytes.len()).unwrap(),
        at_ms: None,
        created_at: now,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_the_worker_kept_is_shown_but_what_it_found_only_after_the_judgement() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        let found = json!({
            "zone": { "birth_name": "LOVELACE", "first_names": "ADA", "sex": "M" },
            "compared": ["birth_name", "sex"], "differs": ["sex"],
            "heard": [{ "digit": "3", "start_ms": 10, "end_ms": 20, "confidence": 0.9 }],
            "tracks": [{ "name": "live_score", "unit": "score", "points": [[0.0, 0.5]] }],
            "documents": [{
                "side": "front", "found": "outline", "width_mm": 85.6, "height_mm": 53.98,
                "outline": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
                "zone": [{ "text": "I<UTO", "corners": [[0.0, 0.7], [1.0, 0.7], [1.0, 0.8], [0.0, 0.8]] }],
                "fields": [{
                    "name": "birth_name", "text": "<b>LOVELACE</b>", "agrees": false, "differs_at": [1],
                    "corners": [[0.3, 0.2], [0.5, 0.2], [0.5, 0.3], [0.3, 0.3]],
                }],
                "portrait": null,
            }],
        });
        keep(
            &world,
            &case.id,
            "findings",
            "application/json",
            found.to_string().as_bytes(),
        )
        .await;
        keep(
            &world,
            &case.id,
            "portrait",
            "image/png",
            b"\x89PNG\r\n\x1a\nrest",
        )
        .await;
        let page = ada.next().await;
        assert_eq!(
            page["pictures"].as_array().unwrap().len(),
            1,
            "findings are no picture"
        );
        assert_eq!(page["pictures"][0]["content_type"], "image/png");
        assert_eq!(page["media"].as_array().unwrap().len(), 3);
        assert_eq!(page["identity"][0]["zone"], Value::Null);
        assert_eq!(page["video"]["heard"], Value::Null);
        assert_eq!(page["documents"], Value::Null);
        let page = ada.judges(&case.id).await;
        assert_eq!(page["identity"][0]["zone"], "LOVELACE");
        let agrees = |name: &str| {
            let fields = page["identity"].as_array().unwrap().iter();
            fields.clone().find(|f| f["name"] == name).unwrap()["agrees"].clone()
        };
        assert_eq!(
            (agrees("birth_name"), agrees("sex")),
            (json!(true), json!(false))
        );
        assert_eq!(agrees("nationality"), Value::Null);
        assert_eq!(page["documents"], found["documents"]);
        assert_eq!(page["video"]["heard"][0]["digit"], "3");
        assert_eq!(page["video"]["tracks"][0]["points"][0], json!([0.0, 0.5]));
    }
}
