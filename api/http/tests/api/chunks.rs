//! Files in chunks, by senders on bad lines and by senders of bad will.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Answer, Applicant, Raw, World, digest, head, worlds, worlds_with};

const FRONT: &str = "document_front";

async fn front(ada: &Applicant<'_>) -> String {
    ada.begins(json!({ "kind": FRONT })).await
}

async fn upload(ada: &Applicant<'_>, id: &str) -> Value {
    ada.caller.get(&format!("/v1/uploads/{id}")).await.is(200)
}

/// The head of a chunk's request, for a sender that does with its body as it likes.
fn chunk_head(ada: &Applicant<'_>, upload: &str, n: u64, length: &str, digest: &str) -> String {
    head(
        "PUT",
        &format!("/v1/uploads/{upload}/chunks/{n}"),
        &[
            ("authorization", &format!("Bearer {}", ada.token)),
            ("content-length", length),
            ("content-digest", digest),
        ],
    )
}

/// What the purge would find of a case.
async fn objects(ada: &Applicant<'_>) -> usize {
    ada.world.database.objects_of(&ada.id).await.unwrap().len()
}

async fn eventually(what: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to pass");
}

#[tokio::test]
async fn a_file_of_no_bytes_is_refused() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let body = json!({ "kind": FRONT, "size": 0 });
        ada.post("/uploads", body).await.refused("empty");
        let id = front(&ada).await;
        ada.sends(&id, 0, b"").await.refused("empty");
        for chunks in [0, 1] {
            ada.completes(&id, chunks, b"").await.refused("empty");
        }
        assert_eq!(upload(&ada, &id).await["state"], "receiving");
        assert_eq!(world.stored_files(), 0);
    }
}

/// No byte of the body is sent here, and yet the answer comes.
#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let small = worlds_with(|s| {
        s.limits.chunk_bytes = 1 << 16;
        s.limits.document_bytes = 100_000;
        s.limits.video_bytes = 1 << 20;
    });
    for world in small.await {
        let ada = world.applicant().await.identified().await;
        let body = json!({ "kind": FRONT, "size": 100_001 });
        ada.post("/uploads", body).await.refused("too_large");
        let id = front(&ada).await;
        for (length, status) in [
            ("65537", "413 "),
            ("18446744073709551000", "413 "),
            ("18446744073709551615", "431 "),
            ("18446744073709551616", "400 "),
            ("-1", "400 "),
            ("0x10", "400 "),
        ] {
            let mut raw = Raw::to(world.address).await;
            let request = chunk_head(&ada, &id, 0, length, &digest(b""));
            raw.write(request.as_bytes()).await;
            let answer = raw.answer().await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{length}: {answer}"
            );
        }
        ada.sends(&id, 0, &[1; 1 << 16]).await.is(204);
        // Together they would be larger than a picture may be.
        ada.sends(&id, 1, &[2; 40_000]).await.refused("too_large");
        ada.sends(&id, 1, &[2; 30_000]).await.is(204);
        assert_eq!(upload(&ada, &id).await["size"], 95_536);
    }
}

#[tokio::test]
async fn a_chunk_says_its_length_and_its_digest_before_it_comes() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let path = format!("/v1/uploads/{id}/chunks/0");
        let plain = ada.caller.send("PUT", &path, &[], b"front".to_vec()).await;
        plain.refused("bad_request");
        for bad in ["sha-256=::", "sha-256=:AA==:", "md5=:AAAA:", "sha-256"] {
            let headers = [("content-digest", bad)];
            let answer = ada.caller.send("PUT", &path, &headers, b"x".to_vec()).await;
            answer.refused("bad_request");
        }
        let streamed = head(
            "PUT",
            &path,
            &[
                ("authorization", &format!("Bearer {}", ada.token)),
                ("transfer-encoding", "chunked"),
                ("content-digest", &digest(b"front")),
            ],
        );
        let mut raw = Raw::to(world.address).await;
        raw.write(format!("{streamed}5\r\nfront\r\n0\r\n\r\n").as_bytes())
            .await;
        let answer = raw.answer().await;
        assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");
        assert_eq!(world.stored_files(), 0);
    }
}

#[tokio::test]
async fn a_wrong_checksum_leaves_nothing_behind() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let path = format!("/v1/uploads/{id}/chunks/0");
        let headers = [("content-digest", &*digest(b"another"))];
        let answer = ada
            .caller
            .send("PUT", &path, &headers, b"front".to_vec())
            .await;
        answer.refused("digest_mismatch");
        assert_eq!(upload(&ada, &id).await["received"], json!([]));
        eventually(async || world.stored_files() == 0 && objects(&ada).await == 0).await;
        ada.sends(&id, 0, b"front").await.is(204);
        // Of the whole, too.
        ada.completes(&id, 1, b"another")
            .await
            .refused("digest_mismatch");
        assert_eq!(upload(&ada, &id).await["state"], "receiving");
        ada.completes(&id, 1, b"front").await.is(200);
    }
}

#[tokio::test]
async fn a_file_is_what_was_announced() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let body = json!({ "kind": FRONT, "size": 6, "sha256": crate::common::sha256(b"front") });
        let id = ada.begins(body).await;
        ada.sends(&id, 0, b"front").await.is(204);
        ada.completes(&id, 1, b"front").await.refused("size_wrong");
        let body = json!({ "kind": FRONT, "sha256": crate::common::sha256(b"other") });
        let id = ada.begins(body).await;
        ada.sends(&id, 0, b"front").await.is(204);
        let path = format!("/v1/uploads/{id}/complete");
        let plain = ada.caller.post(&path, json!({ "chunks": 1 })).await;
        plain.refused("digest_mismatch");
        ada.completes(&id, 1, b"front")
            .await
            .refused("digest_mismatch");
        let body = json!({ "kind": FRONT, "sha256": "front" });
        ada.post("/uploads", body)
            .await
            .wrong("/sha256", "not_a_digest");
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_leaves_nothing_and_the_upload_goes_on() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        ada.sends(&id, 0, b"first").await.is(204);
        let second = vec![7; 200_000];
        let request = chunk_head(&ada, &id, 1, "200000", &digest(&second));
        let mut raw = Raw::to(world.address).await;
        raw.write(request.as_bytes()).await;
        raw.write(&second[..150_000]).await;
        // It is being written when the line breaks.
        eventually(async || objects(&ada).await == 2).await;
        drop(raw);
        eventually(async || objects(&ada).await == 1).await;
        assert_eq!(world.stored_files(), 1);
        let seen = upload(&ada, &id).await;
        assert_eq!(seen["received"], json!([{ "n": 0, "size": 5 }]));
        let missing = ada.completes(&id, 2, b"").await.refused("chunks_missing");
        assert_eq!(missing["detail"], "send again: 1");
        ada.sends(&id, 1, &second).await.is(204);
        let whole = [b"first".to_vec(), second].concat();
        ada.completes(&id, 2, &whole).await.is(200);
    }
}

#[tokio::test]
async fn a_chunk_sent_twice_is_stored_once_and_another_under_its_number_is_refused() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        for _ in 0..3 {
            ada.sends(&id, 0, b"front").await.is(204);
        }
        assert_eq!(world.stored_files(), 1);
        ada.sends(&id, 0, b"other").await.refused("chunk_differs");
        ada.completes(&id, 1, b"front").await.is(200);
        // Also after the end: the answer to the first was lost on the way.
        ada.sends(&id, 0, b"front").await.is(204);
        ada.sends(&id, 0, b"other").await.refused("chunk_differs");
        ada.sends(&id, 1, b"more").await.refused("upload_closed");
        ada.completes(&id, 1, b"front").await.is(200);
        assert_eq!(world.stored_files(), 1);
    }
}

#[tokio::test]
async fn chunks_come_in_any_order() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let parts: [&[u8]; 4] = [b"one ", b"two ", b"three ", b"four"];
        for n in [2, 0, 3] {
            ada.sends(&id, n, parts[n as usize]).await.is(204);
        }
        let whole = parts.concat();
        ada.completes(&id, 4, &whole)
            .await
            .refused("chunks_missing");
        ada.sends(&id, 1, parts[1]).await.is(204);
        let fewer = ada.completes(&id, 3, &whole).await;
        fewer.wrong("/chunks", "range");
        ada.completes(&id, 4, &whole).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_sent_many_times_at_once_is_stored_once() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let bytes = vec![3; 200_000];
        let sent = (0..6).map(|_| ada.sends(&id, 0, &bytes));
        for answer in futures_util::future::join_all(sent).await {
            answer.is(204);
        }
        assert_eq!((world.stored_files(), objects(&ada).await), (1, 1));
        ada.completes(&id, 1, &bytes).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_different_chunks_under_one_number_one_wins() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let all: Vec<Vec<u8>> = (0..6).map(|n| vec![n; 100_000]).collect();
        let sent = all.iter().map(|bytes| ada.sends(&id, 0, bytes));
        let answers: Vec<Answer> = futures_util::future::join_all(sent).await;
        let won = answers.iter().position(|a| a.status == 204).unwrap();
        for (n, answer) in answers.iter().enumerate() {
            if n != won {
                answer.refused("chunk_differs");
            }
        }
        assert_eq!((world.stored_files(), objects(&ada).await), (1, 1));
        ada.completes(&id, 1, &all[won]).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_chunks_at_once_make_one_file() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let parts: Vec<Vec<u8>> = (0..12).map(|n| vec![n; 50_000]).collect();
        let sent = (0..).zip(&parts).map(|(n, part)| ada.sends(&id, n, part));
        for answer in futures_util::future::join_all(sent).await {
            answer.is(204);
        }
        ada.completes(&id, 12, &parts.concat()).await.is(200);
    }
}

/// However many come at once, together they are not more than one file may be.
#[tokio::test(flavor = "multi_thread")]
async fn many_chunks_at_once_do_not_get_round_the_size() {
    for world in worlds_with(|s| s.limits.document_bytes = 100_000).await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let bytes = vec![1; 40_000];
        let sent = (0..8).map(|n| ada.sends(&id, n, &bytes));
        let answers = futures_util::future::join_all(sent).await;
        assert_eq!(answers.iter().filter(|a| a.status == 204).count(), 2);
        assert_eq!(upload(&ada, &id).await["size"], 80_000);
        assert_eq!(objects(&ada).await, 2);
    }
}

#[tokio::test]
async fn a_chunk_has_a_number() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let headers = [("content-digest", &*digest(b"x"))];
        for n in [
            "-1",
            "1000",
            "99999999999999999999",
            "1e2",
            "+1",
            "0x1",
            "%00",
            "%F0%9F%98%80",
            "٣",
        ] {
            let path = format!("/v1/uploads/{id}/chunks/{n}");
            let answer = ada.caller.send("PUT", &path, &headers, b"x".to_vec()).await;
            answer.wrong("n", "range");
        }
        for n in ["%FF", "..%2f..%2fx", "a/b"] {
            let path = format!("/v1/uploads/{id}/chunks/{n}");
            let answer = ada.caller.send("PUT", &path, &headers, b"x".to_vec()).await;
            assert!(
                answer.status == 404 || answer.status == 422,
                "{n} {}",
                answer.status
            );
        }
        assert_eq!(world.stored_files(), 0);
    }
}

#[tokio::test]
async fn what_was_thrown_away_takes_nothing_and_is_not_there() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        ada.sends(&id, 0, b"front").await.is(204);
        let path = format!("/v1/uploads/{id}");
        let why = ada.caller.delete(&format!("{path}?reason=because")).await;
        why.refused("invalid");
        ada.caller.delete(&path).await.is(204);
        assert_eq!((world.stored_files(), objects(&ada).await), (0, 0));
        ada.sends(&id, 1, b"more").await.refused("upload_closed");
        ada.completes(&id, 1, b"front")
            .await
            .refused("upload_closed");
        let plain = ada
            .caller
            .post(&format!("{path}/complete"), json!({ "chunks": 1 }))
            .await;
        plain.refused("upload_closed");
        assert_eq!(upload(&ada, &id).await["state"], "discarded");
    }
}

#[tokio::test]
async fn a_later_picture_takes_the_place_of_the_earlier() {
    for world in worlds().await {
        let ada = world.applicant().await.documented().await;
        assert_eq!(world.stored_files(), 4);
        ada.uploads(json!({ "kind": FRONT }), b"a better one")
            .await
            .is(200);
        assert_eq!((world.stored_files(), objects(&ada).await), (4, 4));
        let case = ada.get("").await.is(200);
        let fronts = case["uploads"].as_array().unwrap().iter();
        assert_eq!(fronts.filter(|u| u["kind"] == FRONT).count(), 1);
    }
}

#[tokio::test]
async fn uploads_are_begun_only_so_often() {
    for world in worlds_with(|s| s.limits.uploads_per_attempt = 3).await {
        let ada = world.applicant().await.identified().await;
        for _ in 0..3 {
            front(&ada).await;
        }
        let body = json!({ "kind": FRONT });
        ada.post("/uploads", body).await.refused("too_many_uploads");
    }
}

#[tokio::test]
async fn a_passport_has_no_back() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let mut identity = crate::common::identity();
        identity["document_type"] = "fr_passport".into();
        ada.caller
            .put(&ada.path("/identity"), identity)
            .await
            .is(200);
        let body = json!({ "kind": "document_back" });
        ada.post("/uploads", body)
            .await
            .wrong("/kind", "not_needed");
        let body = json!({ "kind": "document_side" });
        ada.post("/uploads", body)
            .await
            .wrong("/kind", "not_accepted");
        ada.uploads(json!({ "kind": FRONT }), b"front")
            .await
            .is(200);
        assert_eq!(ada.stands().await.0, "document_uploaded");
    }
}

#[tokio::test]
async fn what_a_page_reports_is_an_object_and_small() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        for bad in [
            json!([1]),
            json!("x"),
            json!(7),
            json!({ "x": "y".repeat(33_000) }),
        ] {
            let body = json!({ "kind": FRONT, "capture": bad });
            ada.post("/uploads", body)
                .await
                .wrong("/capture", "not_accepted");
        }
        let body = json!({ "kind": FRONT, "capture": { "camera": "front\u{0}" } });
        let id = ada.begins(body).await;
        ada.sends(&id, 0, b"front").await.is(204);
        let path = format!("/v1/uploads/{id}/complete");
        let body = json!({ "chunks": 1, "capture": { "took_ms": 1200 } });
        ada.caller.post(&path, body).await.is(200);
        let kept = world.database.upload(&id.parse().unwrap()).await.unwrap();
        assert_eq!(kept.unwrap().capture, json!({ "took_ms": 1200 }));
    }
}

#[tokio::test]
async fn more_chunks_at_once_than_the_service_can_take_are_told_to_come_back() {
    for world in worlds_with(|s| s.limits.chunks_at_once = 1).await {
        let ada = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let request = chunk_head(&ada, &id, 0, "5", &digest(b"front"));
        let mut raw = Raw::to(world.address).await;
        raw.write(format!("{request}fr").as_bytes()).await;
        eventually(async || objects(&ada).await == 1).await;
        let turned_away = ada.sends(&id, 1, b"more").await;
        turned_away.refused("overloaded");
        assert_eq!(turned_away.retry_after(), 2);
        raw.write(b"ont").await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 204 "));
        ada.sends(&id, 1, b"more").await.is(204);
    }
}

async fn as_stranger(world: &World, id: &str, who: &crate::common::Caller) -> Vec<Answer> {
    let _ = world;
    let headers = [("content-digest", &*digest(b"x"))];
    vec![
        who.get(&format!("/v1/uploads/{id}")).await,
        who.delete(&format!("/v1/uploads/{id}")).await,
        who.send(
            "PUT",
            &format!("/v1/uploads/{id}/chunks/0"),
            &headers,
            b"x".to_vec(),
        )
        .await,
        who.post(
            &format!("/v1/uploads/{id}/complete"),
            json!({ "chunks": 1 }),
        )
        .await,
    ]
}

#[tokio::test]
async fn another_cases_token_sees_no_upload() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let eve = world.applicant().await.identified().await;
        let id = front(&ada).await;
        let org = world.organisation("bank").await;
        let key = world.key(&org, crate::common::ALL_SCOPES).await;
        for who in [&eve.caller, &key] {
            let foreign = as_stranger(&world, &id, who).await;
            let none = "upl_00000000000000000000000000";
            let unknown = as_stranger(&world, none, who).await;
            let nonsense = as_stranger(&world, "nonsense", who).await;
            for ((foreign, unknown), nonsense) in foreign.iter().zip(&unknown).zip(&nonsense) {
                foreign.refused("not_found");
                assert_eq!(foreign.seen(), unknown.seen());
                assert_eq!(foreign.seen(), nonsense.seen());
            }
        }
        assert_eq!(upload(&ada, &id).await["received"], json!([]));
    }
}
