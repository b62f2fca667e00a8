//! Boards and integrators: what each role may not do, refused by the API itself.

use idproof_database::Role;
use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Colleague, to_review, worlds};

const OPERATOR: &str = "operator";
const SENIOR: &str = "senior";
const AUDITOR: &str = "auditor";
const ADMINISTRATOR: &str = "administrator";

/// Method, path, body, and who may.
type Action = (&'static str, String, Value, &'static [&'static str]);

fn actions(organisation: &str) -> Vec<Action> {
    const BOARDS: &[&str] = &[OPERATOR, SENIOR, ADMINISTRATOR, AUDITOR];
    const SEE: &[&str] = &[OPERATOR, ADMINISTRATOR, AUDITOR];
    const RUN: &[&str] = &[OPERATOR, ADMINISTRATOR];
    const ADMIN: &[&str] = &[ADMINISTRATOR];
    let none = || json!({});
    let of = |rest: &str| format!("/organisations/{organisation}{rest}");
    let (message, key, hook) = (
        "msg_00000000000000000000000000",
        "key_00000000000000000000000000",
        "whe_00000000000000000000000000",
    );
    let hook = |rest: &str| format!("/webhooks/{hook}{rest}");
    let overlap = || json!({ "overlap_hours": 1 });
    let sandbox = format!("/sandbox/cases?organisation={organisation}");
    vec![
        ("GET", "/dashboards/funnel".into(), none(), BOARDS),
        ("GET", "/dashboards/retakes".into(), none(), BOARDS),
        ("GET", "/dashboards/decisions".into(), none(), BOARDS),
        ("GET", "/dashboards/deadlines".into(), none(), BOARDS),
        ("GET", "/dashboards/reviewers".into(), none(), BOARDS),
        ("GET", "/dashboards/versions".into(), none(), BOARDS),
        ("GET", "/dashboards/backlog".into(), none(), BOARDS),
        ("GET", "/messages".into(), none(), BOARDS),
        ("POST", format!("/messages/{message}/retry"), none(), RUN),
        ("GET", "/outbox".into(), none(), RUN),
        ("GET", "/organisations".into(), none(), SEE),
        (
            "POST",
            "/organisations".into(),
            json!({ "name": "" }),
            ADMIN,
        ),
        ("GET", of("/settings"), none(), SEE),
        ("PUT", of("/settings"), none(), ADMIN),
        ("GET", of("/keys"), none(), SEE),
        (
            "POST",
            of("/keys"),
            json!({ "name": "a", "scopes": [], "sandbox": true }),
            ADMIN,
        ),
        ("POST", format!("/keys/{key}/rotate"), overlap(), ADMIN),
        ("POST", format!("/keys/{key}/revoke"), none(), RUN),
        ("GET", of("/webhooks"), none(), SEE),
        (
            "POST",
            of("/webhooks"),
            json!({ "url": "", "events": [], "sandbox": true }),
            ADMIN,
        ),
        ("PATCH", hook(""), none(), ADMIN),
        ("DELETE", hook(""), none(), ADMIN),
        ("POST", hook("/secret"), overlap(), ADMIN),
        ("POST", hook("/test"), none(), RUN),
        ("GET", hook("/deliveries"), none(), SEE),
        (
            "POST",
            hook(&format!("/deliveries/{message}/replay")),
            none(),
            RUN,
        ),
        ("GET", "/sandbox/outcomes".into(), none(), SEE),
        ("GET", sandbox, none(), SEE),
        (
            "POST",
            "/sandbox/cases".into(),
            json!({ "organisation": organisation, "language": "xx", "outcome": "accept" }),
            RUN,
        ),
    ]
}

async fn code(who: &Colleague<'_>, action: &Action, headers: &[(&str, &str)]) -> Value {
    let (method, path, body, _) = action;
    let body = (*method != "GET").then_some(body);
    let answer = who.send(method, path, headers, body).await;
    serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()["code"].clone()
}

#[tokio::test]
async fn every_role_may_do_what_is_its_own_and_nothing_else() {
    for world in worlds().await {
        let organisation = world.organisation("bank").await;
        let all = actions(organisation.as_str());
        for role in Role::ALL {
            let who = world.colleague(role.as_str(), &[*role]).await;
            for action in &all {
                let code = code(&who, action, &[]).await;
                let allowed = action.3.contains(&role.as_str());
                let said = format!("{role:?} {} {} {code}", action.0, action.1);
                assert_eq!(code != "role_missing", allowed, "{said}");
                assert_ne!(code, "internal", "{said}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_sign_in_or_with_a_forged_request() {
    for world in worlds().await {
        let organisation = world.organisation("bank").await;
        let admin = world.colleague("root", &[Role::Administrator]).await;
        let key = world.key(&organisation, ALL_SCOPES).await;
        let applicant = world.applicant().await;
        for action in actions(organisation.as_str()) {
            let (method, path, body, _) = &action;
            let path = format!("/console/api{path}");
            for stranger in [&world.anybody(), &key, &applicant.caller] {
                let answer = stranger.json(method, &path, &[], body).await;
                answer.refused("unauthorized");
            }
            if *method == "GET" {
                continue;
            }
            for forged in [
                ("x-csrf-token", "of another session"),
                ("origin", "https://elsewhere.example"),
                ("sec-fetch-site", "cross-site"),
            ] {
                assert_eq!(code(&admin, &action, &[forged]).await, "csrf_wrong");
            }
        }
    }
}

#[tokio::test]
async fn no_board_names_anybody() {
    for world in worlds().await {
        let case = to_review(&world, "borderline").await;
        let otto = world.colleague("otto", &[Role::Auditor]).await;
        let ada = world.reviewer("ada").await;
        ada.does(&case.id, json!({ "kind": "accept" })).await;
        world.later().await;
        for action in actions(world.organisation("bank").await.as_str()) {
            let (method, path, _, may) = &action;
            if *method != "GET" || !may.contains(&AUDITOR) {
                continue;
            }
            let answer = otto.get(path).await;
            let said = String::from_utf8(answer.body).unwrap();
            for person in [
                "Lovelace",
                "Augusta",
                "example.org",
                "33612345678",
                "rue de la Paix",
                "of the house",
                ada.staff.id.as_str(),
            ] {
                assert!(!said.contains(person), "{path}: {person}");
            }
        }
    }
}
