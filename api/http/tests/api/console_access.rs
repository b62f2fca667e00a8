//! Signing in to the console, and what a session is worth.

use idproof_database::Role;
use serde_json::json;

use crate::common::{
    ALL_SCOPES, Colleague, MINUTE, PASSWORD, World, head, raw, to_review, world_with, worlds,
};

async fn locked_out(ada: &Colleague<'_>) {
    for _ in 0..5 {
        ada.password("not the password")
            .await
            .refused("sign_in_refused");
    }
}

#[tokio::test]
async fn the_first_sign_in_sets_password_and_second_factor() {
    for world in worlds().await {
        let (ada, password) = world.account("ada", &[Role::Reviewer]).await;
        let half = ada.password(&password).await.is(200);
        assert_eq!(half["stage"], "enrol");
        assert_eq!(
            (&half["staff"], &half["settings"]),
            (&json!(null), &json!(null))
        );
        // Half signed in, nothing is open.
        for path in ["/queue", "/queue/counts", "/sessions", "/reasons", "/staff"] {
            ada.get(path).await.refused("stage_wrong");
        }
        ada.post("/session/totp", json!({ "code": "000000" }))
            .await
            .refused("stage_wrong");
        let weak = |p: &str| json!({ "code": "000000", "new_password": p });
        ada.post("/session/enrolment", json!({})).await.is(200);
        for bad in ["short", &password, "ada and some more letters"] {
            ada.post("/session/enrolment/confirm", weak(bad))
                .await
                .refused("password_weak");
        }
        ada.post("/session/enrolment/confirm", weak("long enough to be one"))
            .await
            .refused("code_wrong");
        ada.enrols(&password).await;
        let me = ada.get("/session").await.is(200);
        assert_eq!(me["staff"]["roles"], json!(["reviewer"]));
        assert_eq!(me["settings"]["blind_first"], true);
        assert_eq!(ada.recovery.lock().unwrap().len(), 10);
        // The given password was good once.
        ada.password(&password).await.refused("sign_in_refused");
        let kept = world.database.staff_by_name("ada").await.unwrap().unwrap();
        assert!(kept.password.unwrap().starts_with("$argon2id$"));
        assert!(!kept.totp.unwrap().contains(&ada.code()));
    }
}

#[tokio::test]
async fn a_code_is_taken_once_and_a_recovery_code_too() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let totp = |code: &str| json!({ "code": code });
        // The code that confirmed the second factor.
        let used = ada.code();
        ada.password(PASSWORD).await.is(200);
        ada.post("/session/totp", totp(&used))
            .await
            .refused("code_wrong");
        world.clock.move_ms(30_000);
        let fresh = ada.code();
        ada.post("/session/totp", totp(&fresh)).await.is(200);
        ada.password(PASSWORD).await.is(200);
        ada.post("/session/totp", totp(&fresh))
            .await
            .refused("code_wrong");
        let recovery = ada.recovery.lock().unwrap()[3].clone();
        let recovery = json!({ "recovery_code": recovery });
        ada.post("/session/totp", recovery.clone()).await.is(200);
        ada.password(PASSWORD).await.is(200);
        ada.post("/session/totp", recovery)
            .await
            .refused("code_wrong");
    }
}

#[tokio::test]
async fn too_many_wrong_tries_lock_the_account_for_a_while() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        locked_out(&ada).await;
        ada.password(PASSWORD).await.refused("sign_in_refused");
        world.clock.move_ms(15 * MINUTE);
        ada.password(PASSWORD).await.is(200);
        // A right password does not make wrong codes uncounted.
        for n in 0..5 {
            ada.password(PASSWORD).await.is(200);
            let wrong = json!({ "code": "00000x" });
            ada.post("/session/totp", wrong).await.refused("code_wrong");
            assert!(n < 5);
        }
        let right = json!({ "code": ada.code() });
        let locked = ada.post("/session/totp", right).await;
        locked.refused("sign_in_locked");
        assert_eq!(locked.retry_after(), 15 * 60);
        let kinds = world
            .texts("SELECT kind FROM events WHERE kind = $1", "staff_locked")
            .await;
        assert_eq!(kinds.len(), 2);
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing_from_a_refused_sign_in() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let (eve, _) = world.account("eve", &[Role::Reviewer]).await;
        let mut nobody = world.account("nobody-else", &[Role::Reviewer]).await.0;
        nobody.name = "no-such-account".into();
        let wrong = ada.password("not the password").await;
        for other in [&eve, &nobody] {
            let answer = other.password("not the password").await;
            assert_eq!(answer.seen(), wrong.seen());
        }
        locked_out(&ada).await;
        assert_eq!(ada.password(PASSWORD).await.seen(), wrong.seen());
        let huge = "x".repeat(2_000);
        assert_eq!(eve.password(&huge).await.seen(), wrong.seen());
    }
}

#[tokio::test]
async fn every_stage_begins_a_session_of_its_own() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        ada.delete("/session").await.is(204);
        assert_eq!(ada.cookie(), None);
        // Planted before the sign-in: worth nothing, and gone with it.
        let planted = "idproof-console=planted-by-somebody";
        ada.set_cookie(Some(planted));
        ada.get("/session").await.refused("unauthorized");
        world.clock.move_ms(30_000);
        ada.password(PASSWORD).await.is(200);
        let half = ada.cookie().unwrap();
        assert_ne!(half, planted);
        let code = json!({ "code": ada.code() });
        ada.post("/session/totp", code).await.is(200);
        let whole = ada.cookie().unwrap();
        assert_ne!(half, whole);
        // Whoever knew the first one has no part in the second.
        ada.set_cookie(Some(&half));
        ada.get("/session").await.refused("unauthorized");
        // Two of a name: one was planted.
        ada.set_cookie(Some(&format!("{planted}; {whole}")));
        ada.get("/session").await.refused("unauthorized");
        ada.set_cookie(Some(&whole));
        ada.get("/session").await.is(200);
    }
}

#[tokio::test]
async fn pages_of_others_can_have_nothing_done() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let next = json!({});
        let with = |name: &'static str, value: &'static str| {
            let (ada, next) = (&ada, &next);
            async move {
                ada.send("POST", "/queue/next", &[(name, value)], Some(next))
                    .await
            }
        };
        with("x-csrf-token", "").await.refused("csrf_wrong");
        with("x-csrf-token", "00").await.refused("csrf_wrong");
        with("sec-fetch-site", "cross-site")
            .await
            .refused("csrf_wrong");
        with("sec-fetch-site", "same-site")
            .await
            .refused("csrf_wrong");
        with("origin", "https://evil.example")
            .await
            .refused("csrf_wrong");
        with("origin", "null").await.refused("csrf_wrong");
        with("sec-fetch-site", "same-origin").await.is(200);
        // The token of another session.
        let eve = world.reviewer("eve").await;
        let theirs = eve.csrf();
        ada.send(
            "POST",
            "/queue/next",
            &[("x-csrf-token", &theirs)],
            Some(&next),
        )
        .await
        .refused("csrf_wrong");
        // Nobody is signed in as somebody else from elsewhere.
        let body = json!({ "name": "eve", "password": PASSWORD });
        ada.send(
            "POST",
            "/session",
            &[("origin", "https://evil.example")],
            Some(&body),
        )
        .await
        .refused("csrf_wrong");
        // A form cannot send JSON.
        ada.send(
            "POST",
            "/queue/next",
            &[("content-type", "text/plain")],
            Some(&next),
        )
        .await
        .refused("unsupported_media_type");
    }
}

#[tokio::test]
async fn a_session_ends_unused_and_in_any_case() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        world.clock.move_ms(30 * MINUTE - 1);
        ada.get("/session").await.is(200);
        world.clock.move_ms(30 * MINUTE - 1);
        ada.get("/session").await.is(200);
        world.clock.move_ms(30 * MINUTE);
        ada.get("/session").await.refused("unauthorized");
        ada.signs_in().await;
        for _ in 0..39 {
            world.clock.move_ms(15 * MINUTE);
            ada.get("/session").await.is(200);
        }
        world.clock.move_ms(15 * MINUTE);
        ada.get("/session").await.refused("unauthorized");
        // Half a sign-in lasts ten minutes.
        ada.password(PASSWORD).await.is(200);
        world.clock.move_ms(10 * MINUTE);
        let code = json!({ "code": ada.code() });
        ada.post("/session/totp", code)
            .await
            .refused("unauthorized");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    for world in worlds().await {
        let ada = world.reviewer("ada").await;
        let first = ada.cookie();
        ada.signs_in().await;
        // The sign-in replaced the session of this browser; another one has its own.
        ada.set_cookie(None);
        ada.signs_in().await;
        let all = ada.get("/sessions").await.is(200);
        let all = all["sessions"].as_array().unwrap().clone();
        assert_eq!(all.len(), 2, "{all:?}");
        let other = all.iter().find(|s| s["current"] == false).unwrap();
        let other = format!("/sessions/{}", other["id"].as_str().unwrap());
        let eve = world.reviewer("eve").await;
        eve.delete(&other).await.refused("not_found");
        ada.delete(&other).await.is(204);
        assert_eq!(
            ada.get("/sessions").await.is(200)["sessions"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        ada.set_cookie(first.as_deref());
        ada.get("/session").await.refused("unauthorized");
    }
}

#[tokio::test]
async fn keys_open_nothing_here_and_the_cookie_nothing_there() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        key.get("/console/api/queue").await.refused("unauthorized");
        let ada = world.reviewer("ada").await;
        let case = to_review(&world, "borderline").await;
        let cookie = ada.cookie().unwrap();
        for path in ["/v1/cases".to_owned(), case.path(""), case.path("/status")] {
            world
                .anybody()
                .send("GET", &path, &[("cookie", &cookie)], vec![])
                .await
                .refused("unauthorized");
        }
        case.caller
            .get("/console/api/queue")
            .await
            .refused("unauthorized");
    }
}

async fn https() -> World {
    world_with(|settings| settings.http.public_url = "https://id.example".into()).await
}

#[tokio::test]
async fn behind_tls_the_cookie_is_bound_to_host_and_tls() {
    let world = https().await;
    let (ada, password) = world.account("ada", &[Role::Reviewer]).await;
    let answer = ada.password(&password).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-idproof-console="), "{cookie}");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[tokio::test]
async fn the_pages_are_framed_by_nobody() {
    let world = https().await;
    for path in [
        "/console/",
        "/console/queue",
        "/console/api/options",
        "/console/api/session",
    ] {
        let headers = [("accept", "text/html"), ("connection", "close")];
        let answer = raw(world.address, head("GET", path, &headers).as_bytes()).await;
        let answer = answer.to_lowercase();
        assert!(answer.contains("frame-ancestors 'none'"), "{path} {answer}");
    }
    world
        .anybody()
        .get("/console/api/nothing")
        .await
        .refused("not_found");
    world
        .anybody()
        .get("/console/missing.js")
        .await
        .refused("not_found");
}

#[tokio::test]
async fn accounts_are_made_changed_and_disabled_by_administrators() {
    for world in worlds().await {
        let root = world.colleague("root", &[Role::Administrator]).await;
        let new = |roles: &[&str]| json!({ "name": "Ada", "display_name": "Ada", "roles": roles });
        for roles in [
            &["administrator", "reviewer"][..],
            &["administrator", "senior"],
            &["auditor", "reviewer"],
            &[],
            &["king"],
        ] {
            root.post("/staff", new(roles))
                .await
                .wrong("/roles", "not_accepted");
        }
        let made = root.post("/staff", new(&["reviewer"])).await.is(201);
        root.post("/staff", new(&["reviewer"]))
            .await
            .wrong("/name", "taken");
        let id = made["staff"]["id"].as_str().unwrap().to_owned();
        let path = format!("/staff/{id}");
        // What an account may do is changed; its sessions end.
        let bob = world.reviewer("bob").await;
        let bobs = format!("/staff/{}", bob.staff.id);
        let change = |body| {
            let (root, path) = (&root, bobs.clone());
            async move { root.send("PATCH", &path, &[], Some(&body)).await }
        };
        change(json!({ "roles": ["administrator", "senior"] }))
            .await
            .wrong("/roles", "not_accepted");
        change(json!({ "roles": ["senior"] })).await.is(200);
        bob.get("/session").await.refused("unauthorized");
        bob.signs_in().await;
        bob.get("/statistics").await.is(200);
        change(json!({ "disabled": true })).await.is(200);
        bob.get("/session").await.refused("unauthorized");
        bob.password(PASSWORD).await.refused("sign_in_refused");
        // Somebody must be able to manage accounts.
        let me = format!("/staff/{}", root.staff.id);
        for body in [json!({ "disabled": true }), json!({ "roles": ["auditor"] })] {
            root.send("PATCH", &me, &[], Some(&body))
                .await
                .refused("last_administrator");
        }
        let reset = root.post(&format!("{path}/reset"), json!({})).await.is(200);
        assert_ne!(reset["password"], made["password"]);
        let listed = root.get("/staff").await.is(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
        assert!(!listed.to_string().contains("argon2"));
    }
}
