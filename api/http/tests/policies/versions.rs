//! Versions of the policy: drafted by one person, approved by another, never by one alone.

use idproof_database::Role;
use idproof_domain::Policy;
use serde_json::{Value, json};

use crate::common::{Colleague, World, worlds};

pub const DEFAULT: &str = Policy::DEFAULT_TEXT;
pub const CONFIGURED: &str = "2026-11-1";

/// The policy that ships under another name, with one line changed.
pub fn text(name: &str, from: &str, to: &str) -> String {
    assert!(DEFAULT.contains(from), "{from}");
    let text = DEFAULT.replace(from, to);
    text.replace(
        &format!("version = \"{CONFIGURED}\""),
        &format!("version = \"{name}\""),
    )
}

pub fn looser(name: &str) -> String {
    text(name, "liveness_accept = 0.6", "liveness_accept = 0.5")
}

pub async fn operator<'a>(world: &'a World, name: &str) -> Colleague<'a> {
    world.colleague(name, &[Role::Operator]).await
}

pub async fn draft(by: &Colleague<'_>, body: Value) -> Value {
    by.post("/policies", body).await.is(201)
}

pub fn body(text: &str) -> Value {
    json!({ "text": text, "reason": "fewer reviews" })
}

pub async fn approve(by: &Colleague<'_>, version: &Value) -> crate::common::Answer {
    let path = format!("/policies/{}/approve", version["id"].as_str().unwrap());
    by.post(&path, json!({ "sha256": version["sha256"] })).await
}

pub async fn in_force(who: &Colleague<'_>) -> String {
    let all = who.get("/policies").await.is(200);
    all["in_force"][0]["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_version_is_drafted_approved_by_a_second_person_and_in_force() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        assert_eq!(in_force(&olga).await, CONFIGURED);
        let version = draft(&olga, body(&looser("looser"))).await;
        assert_eq!(
            (&version["state"], &version["changes"]),
            (&json!("drafted"), &json!(1))
        );
        assert_eq!(version["may_approve"], false);
        assert_eq!(version["why_not"], "same_person");
        assert_eq!(in_force(&olga).await, CONFIGURED, "nobody approved it yet");
        let path = format!("/policies/{}", version["id"].as_str().unwrap());
        let shown = paul.get(&path).await.is(200);
        assert_eq!(
            (&shown["may_approve"], &shown["why_not"]),
            (&json!(true), &Value::Null)
        );
        let item = &shown["diff"]["items"][0];
        assert_eq!(item["key"], "thresholds.liveness_accept");
        assert_eq!(
            (&item["from"], &item["to"], &item["looser"]),
            (&json!("0.6"), &json!("0.5"), &json!(true))
        );
        assert_eq!(shown["text"], looser("looser"));
        // What was read is what is approved.
        let approve_path = format!("{path}/approve");
        let other = json!({ "sha256": "00" });
        paul.post(&approve_path, other).await.refused("invalid");
        let done = approve(&paul, &version).await.is(200);
        assert_eq!(done["state"], "active");
        assert_eq!(done["approved_by"]["id"], paul.staff.id.as_str());
        assert_eq!(in_force(&olga).await, "looser");
        // Twice is once; and what is in force is replaced, not withdrawn.
        approve(&paul, &version).await.refused("policy_state");
        let reason = json!({ "reason": "no longer" });
        let withdraw = format!("{path}/withdraw");
        olga.post(&withdraw, reason).await.refused("policy_state");
        // Every step is in the log, without what people wrote.
        let auditor = world.colleague("otto", &[Role::Auditor]).await;
        for (kind, by) in [("policy_drafted", &olga), ("policy_approved", &paul)] {
            let events = auditor.get(&format!("/audit?kind={kind}")).await.is(200);
            let event = &events["items"][0];
            assert_eq!(event["actor"]["id"], by.staff.id.as_str());
            assert_eq!(event["data"]["sha256"], version["sha256"]);
            assert!(!events.to_string().contains("fewer reviews"));
        }
        let report = world.database.verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(report.fault, None);
    }
}

/// One person with two tabs, two sessions, two roles, an account that they gave out or that gave out theirs,
/// directly or through another.
#[tokio::test]
async fn one_person_is_never_two() {
    for world in worlds().await {
        let both = [Role::Operator, Role::Administrator];
        let olga = world.colleague("olga", &both).await;
        let version = draft(&olga, body(&looser("one"))).await;
        // The same account in another session.
        let cookie = olga.cookie();
        approve(&olga, &version).await.refused("same_person");
        olga.signs_in().await;
        assert_ne!(olga.cookie(), cookie);
        approve(&olga, &version).await.refused("same_person");
        // Two at once.
        let (a, b) = tokio::join!(approve(&olga, &version), approve(&olga, &version));
        a.refused("same_person");
        b.refused("same_person");

        let (paul, rosa) = (
            operator(&world, "paul").await,
            operator(&world, "rosa").await,
        );
        let issue = async |of: &Colleague<'_>, by: &str| {
            let sql = "UPDATE staff SET issued_by = $1 WHERE id = $2";
            let query = sqlx::query(sql).bind(by).bind(of.staff.id.as_str());
            query.execute(world.database.pool()).await.unwrap();
        };
        // Made by the author.
        issue(&paul, olga.staff.id.as_str()).await;
        approve(&paul, &version).await.refused("same_person");
        // Made by an account that the author made.
        issue(&rosa, paul.staff.id.as_str()).await;
        approve(&rosa, &version).await.refused("same_person");
        // The author's account is of the one who approves.
        let of_rosa = draft(&rosa, body(&looser("two"))).await;
        approve(&olga, &of_rosa).await.refused("same_person");
        approve(&paul, &of_rosa).await.refused("same_person");
        // A ring of accounts that reset each other ends, and holds nobody else up.
        issue(&olga, rosa.staff.id.as_str()).await;
        approve(&rosa, &version).await.refused("same_person");
        let vera = operator(&world, "vera").await;
        assert_eq!(in_force(&vera).await, CONFIGURED);
        approve(&vera, &version).await.is(200);
        assert_eq!(in_force(&vera).await, "one");
    }
}

#[tokio::test]
async fn the_draft_of_an_ended_account_is_not_approved() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let version = draft(&olga, body(&looser("gone"))).await;
        let end = "UPDATE staff SET disabled_at = 1 WHERE id = $1";
        let end = sqlx::query(end).bind(olga.staff.id.as_str());
        end.execute(world.database.pool()).await.unwrap();
        approve(&paul, &version).await.refused("policy_state");
        assert_eq!(in_force(&paul).await, CONFIGURED);
    }
}

#[tokio::test]
async fn a_bad_policy_is_named_and_never_stored() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let bad = [
            ("syntax", "version = ".to_owned()),
            ("no_version", text(" ", "version", "version")),
            (
                "check_missing",
                text("x", "[checks]\n", "[checks]\n#").replacen(
                    "document_quality",
                    "# document_quality",
                    1,
                ),
            ),
            (
                "check_must_be_required",
                text(
                    "x",
                    "liveness          = { role = \"required\"",
                    "liveness = { role = \"advisory\"",
                ),
            ),
            (
                "unknown_threshold",
                text("x", "liveness_accept =", "livenes_accept ="),
            ),
            (
                "out_of_range",
                text("x", "liveness_accept = 0.6", "liveness_accept = 1.5"),
            ),
            (
                "out_of_range",
                text("x", "liveness_accept = 0.6", "liveness_accept = nan"),
            ),
            (
                "bands_overlap",
                text("x", "liveness_accept = 0.6", "liveness_accept = 0.1"),
            ),
            (
                "bands_overlap",
                text("x", "recapture_refuse = 8.0", "recapture_refuse = 2.0"),
            ),
            ("calibration", text("x", "offset = 57.4093", "offset = nan")),
        ];
        for (code, text) in bad {
            for path in ["/policies", "/policies/check"] {
                let body = if path == "/policies" {
                    body(&text)
                } else {
                    json!({ "text": text })
                };
                let answer = olga.post(path, body).await.refused("invalid");
                let error = &answer["errors"][0];
                assert_eq!(
                    (&error["pointer"], &error["code"]),
                    (&json!("/text"), &json!(code))
                );
            }
            let what = json!({ "text": text });
            olga.post("/policies/replay", what).await.refused("invalid");
        }
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["items"], json!([]));
        // Not activated either, were it stored: as by a program that knew fewer checks.
        let version = draft(&olga, body(&looser("older"))).await;
        let spoil = "UPDATE policy_versions SET text = $1 WHERE id = $2";
        let spoil = sqlx::query(spoil)
            .bind(looser("older").replace("liveness ", "# liveness "))
            .bind(version["id"].as_str().unwrap());
        spoil.execute(world.database.pool()).await.unwrap();
        let paul = operator(&world, "paul").await;
        let answer = approve(&paul, &version).await;
        assert_ne!(answer.status, 200);
        assert_eq!(in_force_of(&world).await, None);
    }
}

async fn in_force_of(world: &World) -> Option<String> {
    let now = idproof_ports::Clock::now_ms(&*world.clock);
    let found = world.database.policies_in_force(None, now).await.unwrap();
    found.active.map(|v| v.name)
}

#[tokio::test]
async fn what_a_draft_says_is_checked() {
    for world in worlds().await {
        let olga = operator(&world, "olga").await;
        let version = draft(&olga, body(&looser("taken"))).await;
        let wrong = [
            (body(&looser("taken")), "/text", "name_taken"),
            (body(&looser(CONFIGURED)), "/text", "name_taken"),
            (
                json!({ "text": looser("x"), "reason": " a " }),
                "/reason",
                "not_accepted",
            ),
            (
                json!({ "text": looser("x"), "reason": "abc", "organisation": "org_x" }),
                "/organisation",
                "unknown",
            ),
            (
                json!({ "text": looser("x"), "reason": "abc", "starts_at": "2026-03-10T09:00:00Z" }),
                "/starts_at",
                "not_accepted",
            ),
            (
                json!({ "text": looser("x"), "reason": "abc", "starts_at": "tomorrow" }),
                "/starts_at",
                "not_accepted",
            ),
            (json!({ "reason": "abc" }), "", "not_accepted"),
            (
                json!({ "text": looser("x"), "roll_back_to": "configured", "reason": "abc" }),
                "",
                "not_accepted",
            ),
            (
                json!({ "roll_back_to": "configured", "reason": "abc" }),
                "/name",
                "empty",
            ),
            (
                json!({ "roll_back_to": "pol_x", "name": "x", "reason": "abc" }),
                "/roll_back_to",
                "unknown",
            ),
            (
                json!({ "roll_back_to": "configured", "name": "taken", "reason": "abc" }),
                "/name",
                "name_taken",
            ),
            (
                json!({ "end_override": true, "name": "x", "reason": "abc" }),
                "/organisation",
                "not_accepted",
            ),
            (
                json!({ "text": looser("x"), "reason": "abc", "claims": [{ "set": "lab_x", "rate": "fmr", "at_most": 0.1 }] }),
                "/claims/0/set",
                "unknown",
            ),
            (
                json!({ "text": looser("x"), "reason": "abc", "claims": [{ "set": "lab_x", "rate": "fmr", "at_most": 1.0 }] }),
                "/claims/0/at_most",
                "not_accepted",
            ),
        ];
        for (body, pointer, code) in wrong {
            let answer = olga
                .post("/policies", body.clone())
                .await
                .refused("invalid");
            let error = &answer["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!(pointer), &json!(code)),
                "{body}"
            );
        }
        let checked = olga
            .post("/policies/check", json!({ "text": looser("taken") }))
            .await
            .is(200);
        assert_eq!(
            (&checked["name"], &checked["name_taken"]),
            (&json!("taken"), &json!(true))
        );
        assert_eq!(checked["diff"]["items"].as_array().unwrap().len(), 1);
        assert_eq!(checked["sha256"], version["sha256"]);
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
        assert_eq!(all["configured"]["text"], DEFAULT);
        for path in [
            "/policies/pol_x",
            "/policies/pol_00000000000000000000000000",
        ] {
            olga.get(path).await.refused("not_found");
        }
        let configured = olga.get("/policies/configured").await.is(200);
        assert_eq!(configured["text"], DEFAULT);
    }
}

#[tokio::test]
async fn a_planned_version_starts_then_and_can_be_withdrawn_before() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let planned = |name: &str, at: &str| {
            let mut body = body(&looser(name));
            body["starts_at"] = json!(at);
            body
        };
        let first = draft(&olga, planned("first", "2026-03-10T10:00:00Z")).await;
        assert_eq!(approve(&paul, &first).await.is(200)["state"], "scheduled");
        let second = draft(&olga, planned("second", "2026-03-10T11:00:00Z")).await;
        approve(&paul, &second).await.is(200);
        assert_eq!(in_force(&olga).await, CONFIGURED);
        world.clock.move_ms(31 * 60_000);
        olga.signs_in().await;
        assert_eq!(in_force(&olga).await, "first");
        let path = format!("/policies/{}/withdraw", second["id"].as_str().unwrap());
        let gone = olga
            .post(&path, json!({ "reason": "not now" }))
            .await
            .is(200);
        assert_eq!(
            (&gone["state"], &gone["withdrawn_reason"]),
            (&json!("withdrawn"), &json!("not now"))
        );
        world.clock.move_ms(60 * 60_000);
        olga.signs_in().await;
        paul.signs_in().await;
        assert_eq!(in_force(&olga).await, "first");
        approve(&paul, &second).await.refused("policy_state");
        // Approved after its planned start: from the approval on.
        let late = draft(&olga, planned("late", "2026-03-10T12:00:00Z")).await;
        world.clock.move_ms(120 * 60_000);
        paul.signs_in().await;
        let done = approve(&paul, &late).await.is(200);
        assert_eq!(
            (&done["state"], &done["starts_at"]),
            (&json!("active"), &done["approved_at"])
        );
    }
}

#[tokio::test]
async fn rolling_back_is_a_new_version_of_an_old_text_under_the_same_rule() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let first = draft(&olga, body(&looser("first"))).await;
        approve(&paul, &first).await.is(200);
        let back = json!({ "roll_back_to": "configured", "name": "back", "reason": "too loose" });
        let back = draft(&paul, back).await;
        assert_eq!(
            (&back["rolls_back_to"], &back["changes"]),
            (&json!("configured"), &json!(1))
        );
        approve(&paul, &back).await.refused("same_person");
        assert_eq!(in_force(&olga).await, "first");
        world.clock.move_ms(1);
        approve(&olga, &back).await.is(200);
        assert_eq!(in_force(&olga).await, "back");
        let path = format!("/policies/{}", back["id"].as_str().unwrap());
        let shown = olga.get(&path).await.is(200);
        let policy = Policy::parse(shown["text"].as_str().unwrap()).unwrap();
        let shipped = Policy::parse(DEFAULT).unwrap();
        assert_eq!(policy.thresholds(), shipped.thresholds());
        assert_eq!(policy.version(), "back");
        let diff = olga
            .get(&format!("{path}/diff?against=configured"))
            .await
            .is(200);
        assert_eq!(diff["items"], json!([]));
        let first_path = format!("/policies/{}", first["id"].as_str().unwrap());
        let superseded = olga.get(&first_path).await.is(200);
        assert_eq!(superseded["state"], "superseded");
    }
}

#[tokio::test]
async fn an_organisation_has_a_policy_of_its_own_until_two_people_end_that() {
    for world in worlds().await {
        let (olga, paul) = (
            operator(&world, "olga").await,
            operator(&world, "paul").await,
        );
        let bank = world.organisation("bank").await;
        let of_bank = |mut body: Value| {
            body["organisation"] = json!(bank.as_str());
            body
        };
        let own = draft(&olga, of_bank(body(&looser("bank 1")))).await;
        approve(&paul, &own).await.is(200);
        let active = async || {
            let now = idproof_ports::Clock::now_ms(&*world.clock);
            let found = world
                .database
                .policies_in_force(Some(&bank), now)
                .await
                .unwrap();
            found.active.map(|v| v.name)
        };
        assert_eq!(active().await.as_deref(), Some("bank 1"));
        assert_eq!(in_force(&olga).await, CONFIGURED);
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["in_force"][1]["organisation"], bank.as_str());
        let only = olga
            .get(&format!("/policies?organisation={bank}"))
            .await
            .is(200);
        assert_eq!(only["items"].as_array().unwrap().len(), 1);
        let end = json!({ "end_override": true, "name": "bank ends", "reason": "as everybody" });
        let end = draft(&olga, of_bank(end)).await;
        assert_eq!(active().await.as_deref(), Some("bank 1"));
        approve(&olga, &end).await.refused("same_person");
        world.clock.move_ms(1);
        approve(&paul, &end).await.is(200);
        assert_eq!(active().await, None);
        let all = olga.get("/policies").await.is(200);
        assert_eq!(all["in_force"].as_array().unwrap().len(), 1);
    }
}
