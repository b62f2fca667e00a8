//! A whole way with names, codes and tokens that would be known again anywhere, and a look for
//! them in everything that was logged, counted and said in refusals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{ALL_SCOPES, Applicant, CONSENT, Caller, ELECTRONIC, World, head, raw, worlds_with};
use idproof_domain::case::Step;
use idproof_domain::confirm::CodePurpose;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

const EMAIL: &str = "telltale.quill@example.org";
const PHONE: &str = "+33698765431";

/// What nobody but its owner may read anywhere.
#[derive(Default)]
struct Telltales(Vec<String>);

impl Telltales {
    fn typed() -> Self {
        let typed = [
            "Zwyntovskaya",
            "Quillionette",
            "Brumathtelltale",
            "TELL7TALE9",
            "1987-06-05",
            "rue du Telltale",
            EMAIL,
            "telltale.quill",
            PHONE,
            "698765431",
            "telltale-reference",
            "telltale-plea",
            "telltale-camera",
            "telltale-picture",
            "telltale-hook",
            "telltale-idempotency",
            "telltale-query",
            "telltale-path",
            "telltale-header",
        ];
        Self(typed.map(str::to_owned).to_vec())
    }

    fn add(&mut self, value: &Value) {
        self.0.push(value.as_str().unwrap().to_owned());
    }

    fn found_in<'a>(&'a self, text: &str) -> Vec<&'a str> {
        let all = self.0.iter().map(String::as_str);
        all.filter(|telltale| text.contains(telltale)).collect()
    }
}

/// Everything that anybody logs in this program.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            // All but the client, which is no part of the service.
            .with_env_filter("trace,reqwest=off,hyper_util::client=off")
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

fn identity() -> Value {
    json!({
        "document_type": "fr_card",
        "birth_name": "Zwyntovskaya",
        "first_names": ["Quillionette"],
        "sex": "F",
        "birth_date": "1987-06-05",
        "birth_place": "Brumathtelltale",
        "birth_country": "FRA",
        "nationality": "FRA",
        "document_number": "TELL7TALE9",
        "postal_address": ["7 rue du Telltale"],
    })
}

/// From the opening to the letter's code.
async fn whole_way(world: &World, ada: &Applicant<'_>, telltales: &mut Telltales) {
    ada.consents().await.is(200);
    for (purpose, way, field, to) in [
        (CodePurpose::Email, "email", "address", EMAIL),
        (CodePurpose::Phone, "phone", "number", PHONE),
    ] {
        ada.post(&format!("/{way}"), json!({ field: to }))
            .await
            .is(202);
        let code = world.code(&ada.id, purpose).await;
        let confirm = format!("/{way}/confirm");
        ada.post(&confirm, json!({ "code": "000000" })).await;
        ada.post(&confirm, json!({ "code": code })).await.is(200);
        telltales.0.push(code);
    }
    ada.caller
        .put(&ada.path("/identity"), identity())
        .await
        .is(200);
    for kind in ["document_front", "document_back"] {
        let begin = json!({ "kind": kind, "capture": { "device": "telltale-camera" } });
        ada.uploads(begin, b"telltale-picture").await.is(200);
    }
    let challenge = ada.draws().await;
    telltales.add(&challenge["token"]);
    let steps = challenge["steps"].as_array().unwrap().iter();
    let digits: Vec<String> = steps.map(|s| s["digit"].to_string()).collect();
    for between in ["", ",", ", ", " "] {
        telltales.0.push(digits.join(between));
    }
    ada.uploads(Applicant::answering(&challenge), b"telltale-picture")
        .await
        .is(200);
    let invitation = ada.act("/handover").await.is(201);
    let url = invitation["url"].as_str().unwrap();
    let (before, token) = url.split_once('#').unwrap();
    assert!(telltales.found_in(before).is_empty() && !before.contains(token));
    telltales.0.push(token.to_owned());
    let body = json!({ "token": token, "number": invitation["code_number"] });
    let taken = world.anybody().post("/v1/handover", body).await.is(200);
    telltales.add(&taken["token"]);
    ada.act("/submit").await.is(202);
    let refused = Step::Refused {
        by_human: false,
        reasons: vec![],
    };
    let started = Step::ProcessingStarted { attempt: 1 };
    world.steps(&ada.id, &[started, refused]).await;
    let plea = json!({ "text": "telltale-plea" });
    ada.post("/appeal", plea).await.is(202);
    let accepted = Step::Accepted { by_human: true };
    world.steps(&ada.id, &[accepted]).await;
    world.send_letter(&ada.id, ELECTRONIC).await;
    let letter = ada.act("/letter/accept").await.is(200);
    telltales.add(&letter["activation_code"]);
    assert_eq!(ada.get("/letter.pdf").await.status, 200);
    let code = json!({ "code": letter["activation_code"] });
    ada.post("/activation", code).await.is(200);
    for path in ["", "/status", "/timeline", "/letter"] {
        ada.get(path).await.is(200);
    }
}

/// Requests that are refused, with what must not be repeated in the refusal.
async fn blunders(world: &World, ada: &Applicant<'_>, key: &Caller) {
    let mut wrong = identity();
    for (field, value) in [
        ("sex", json!("Zwyntovskaya")),
        ("sex", json!("expected Zwyntovskaya")),
        ("birth_date", json!("1987-06-05T")),
        ("first_names", json!("Quillionette")),
        ("birth_name", json!("Zwyntovskaya<")),
        ("document_type", json!("TELL7TALE9")),
        ("document_number", json!("TELL7TALE9!")),
        ("birth_country", json!("Brumathtelltale")),
        ("postal_address", json!({ "street": "7 rue du Telltale" })),
    ] {
        wrong[field] = value;
        ada.caller
            .put(&ada.path("/identity"), wrong.clone())
            .await
            .refused("invalid");
        wrong = identity();
    }
    let json_headers = [("content-type", "application/json")];
    for body in [
        "{\"birth_name\":\"Zwyntovskaya",
        "Zwyntovskaya",
        "[\"Zwyntovskaya\"]",
    ] {
        let path = ada.path("/identity");
        ada.caller
            .send("PUT", &path, &json_headers, body.into())
            .await;
    }
    for (path, body) in [
        ("/email", json!({ "address": "telltale.quill@" })),
        ("/email", json!({ "address": EMAIL })),
        ("/phone", json!({ "number": "698765431x" })),
        ("/activation", json!({ "code": "telltale-query" })),
        ("/uploads", json!({ "kind": "telltale-camera" })),
        (
            "/uploads",
            json!({ "kind": "document_front", "capture": "telltale-camera" }),
        ),
        ("/appeal", json!({ "text": "telltale-plea" })),
    ] {
        assert!(ada.post(path, body).await.status >= 400);
    }
    for path in [
        "/v1/cases?reference=telltale-query%00",
        "/v1/cases?state=telltale-query",
        "/v1/cases?cursor=telltale-query",
        "/v1/cases?telltale-query=1",
        "/v1/cases/telltale-path",
        "/v1/webhooks/telltale-path",
        "/telltale-path?telltale-query",
    ] {
        assert!(key.get(path).await.status >= 400);
    }
    for url in [
        "http://telltale-hook/",
        "https://telltale-hook:x@127.0.0.1/",
        "https://10.0.0.1/telltale-hook",
    ] {
        let body = json!({ "url": url, "events": ["*"] });
        key.post("/v1/webhooks", body)
            .await
            .refused("address_refused");
    }
    let headers = [
        ("content-digest", "telltale-header"),
        ("x-telltale", "telltale-header"),
    ];
    let path = "/v1/uploads/telltale-path/chunks/telltale-path";
    ada.caller
        .send("PUT", path, &headers, b"telltale-picture".to_vec())
        .await;
    let near = world.bearer(&format!("{}telltale-header", ada.token));
    near.get(&ada.path("")).await.refused("unauthorized");
    raw(
        world.address,
        b"TELLTALE telltale-path HTTP/1.1\r\ntelltale-header: \0\r\n\r\n",
    )
    .await;
}

/// What the service says when its own parts fail it, on a connection of its own.
async fn failures(world: &World) -> Vec<String> {
    sqlx::query("ALTER TABLE handovers RENAME TO handovers_gone")
        .execute(world.database.pool())
        .await
        .unwrap();
    let ask = async || {
        let body = json!({ "token": "telltale-query", "number": "telltale-path" }).to_string();
        let length = body.len().to_string();
        let headers = [
            ("content-type", "application/json"),
            ("content-length", &*length),
            ("connection", "close"),
        ];
        let text = head("POST", "/v1/handover", &headers) + &body;
        raw(world.address, text.as_bytes()).await
    };
    let refused = ask().await;
    assert!(refused.starts_with("HTTP/1.1 500 "), "{refused}");
    assert!(!refused.contains("handovers"), "{refused}");
    world.database.close().await;
    let closed = ask().await;
    assert!(closed.starts_with("HTTP/1.1 503 "), "{closed}");
    vec![refused, closed]
}

#[tokio::test]
async fn nothing_that_is_secret_is_logged_counted_or_repeated() {
    let log = Log::listen();
    let six = |s: &mut common::Settings| s.enrolment.digits = 6;
    for world in worlds_with(six).await {
        let mut telltales = Telltales::typed();
        let org = world.organisation("bank").await;
        let secret = world.secret(&org, ALL_SCOPES, false).await;
        let key = world.bearer(&secret);
        telltales.0.push(secret);
        let hook = json!({ "url": "https://hooks.example.org/?telltale-hook", "events": ["*"] });
        let hook = key.post("/v1/webhooks", hook).await.is(201);
        telltales.add(&hook["secret"]);
        let path = format!("/v1/webhooks/{}", hook["id"].as_str().unwrap());
        key.act(&format!("{path}/test")).await.is(202);
        let headers = [("idempotency-key", "telltale-idempotency")];
        let body = json!({ "language": "fr", "reference": "telltale-reference",
            "consent": { "version": CONSENT, "biometrics": true } });
        let opened = key.json("POST", "/v1/cases", &headers, &body).await.is(201);
        key.json("POST", "/v1/cases", &headers, &body).await.is(201);
        let other = json!({ "language": "en" });
        let reused = key.json("POST", "/v1/cases", &headers, &other).await;
        reused.refused("idempotency_key_reused");
        let link = opened["continue_url"].as_str().unwrap();
        assert!(!link.split_once('#').unwrap().0.contains("idc_"), "{link}");
        let ada = world.holder_of(&opened);
        telltales.0.push(ada.token.clone());
        key.get("/v1/cases?reference=telltale-reference")
            .await
            .is(200);

        whole_way(&world, &ada, &mut telltales).await;
        blunders(&world, &ada, &key).await;
        let mut said = world.problems.lock().unwrap().clone();
        assert!(said.len() > 30, "{}", said.len());
        said.extend(failures(&world).await);
        // Pointers name the fields of a request, whoever made them up.
        for problem in &said {
            assert_eq!(telltales.found_in(problem), [""; 0], "{problem}");
        }

        let mut registry = Registry::default();
        world.metrics.register(&mut registry);
        let mut counted = String::new();
        prometheus_client::encoding::text::encode(&mut counted, &registry).unwrap();
        assert!(counted.contains("/v1/cases/{id}/identity"));
        assert_eq!(telltales.found_in(&counted), [""; 0]);
        assert!(!counted.contains(ada.id.as_str()));

        let logged = log.text();
        for expected in [
            "idproof_http",
            "answered",
            "/v1/cases/{id}/activation",
            "a request failed in the database",
        ] {
            assert!(logged.contains(expected), "{expected} was not logged");
        }
        for line in logged.lines() {
            // The time of day has six digits after its point, which may be a code's by chance.
            let said = match line.split_once('Z') {
                Some((time, said)) if time.starts_with("20") => said,
                _ => line,
            };
            assert_eq!(telltales.found_in(said), [""; 0], "{line}");
        }
    }
}
