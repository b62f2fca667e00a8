//! Text messages against a real HTTP server: taken, refused, slow, answering twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use common::{NOW, id};
use idproof_delivery::{
    BrandSettings, DeliveryError, Reason, Secret, Sms, SmsFormat, SmsSender, SmsSettings, SmsTo,
    SmsTransport, outbox,
};
use idproof_domain::Language;

type Seen = Arc<Mutex<Vec<(HeaderMap, String)>>>;
type Answer = Arc<dyn Fn(usize) -> Response + Send + Sync>;

/// A gateway that keeps what it was sent and answers as told, by the number of the request.
async fn gateway(
    answer: impl Fn(usize) -> Response + Send + Sync + 'static,
) -> (SmsSettings, Seen) {
    let seen = Seen::default();
    let answer: Answer = Arc::new(answer);
    let app = Router::new()
        .fallback(take)
        .with_state((Arc::clone(&seen), answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let settings = SmsSettings {
        transport: SmsTransport::Gateway,
        url,
        timeout_s: 5,
        ..SmsSettings::default()
    };
    (settings, seen)
}

async fn take(State((seen, answer)): State<(Seen, Answer)>, request: Request) -> Response {
    let headers = request.headers().clone();
    let body = axum::body::to_bytes(request.into_body(), 10_000)
        .await
        .unwrap();
    let n = {
        let mut seen = seen.lock().unwrap();
        seen.push((headers, String::from_utf8(body.to_vec()).unwrap()));
        seen.len()
    };
    answer(n)
}

fn taken(_: usize) -> Response {
    StatusCode::ACCEPTED.into_response()
}

async fn send_to(settings: &SmsSettings, number: &str) -> Result<(), DeliveryError> {
    let sender = SmsSender::new(settings, &BrandSettings::default(), Path::new("unused")).unwrap();
    let id = id(1);
    let to = SmsTo {
        id: &id,
        number,
        language: Language::Fr,
        at_ms: NOW,
    };
    let sms = Sms::Code {
        code: "048213".parse().unwrap(),
        minutes: 10,
    };
    let result = sender.send(to, &sms).await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        for secret in ["3361", "048213", "127.0.0.1", "hunter"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    result
}

async fn send(settings: &SmsSettings) -> Result<(), DeliveryError> {
    send_to(settings, "+33612345678").await
}

fn answered(code: u16) -> Reason {
    Reason::Answered {
        code,
        enhanced: None,
    }
}

fn transient(reason: Reason) -> Result<(), DeliveryError> {
    Err(DeliveryError::Transient {
        reason,
        retry_after: None,
    })
}

#[tokio::test]
async fn json_with_a_token_and_headers_of_the_gateways_own() {
    let (settings, seen) = gateway(taken).await;
    let settings = SmsSettings {
        body: r#"{"messages": [{"to": "{to}", "content": "{text}", "ref": "x-{id}", "unicode": false}]}"#
            .into(),
        headers: vec!["X-Account: 42".into()],
        token: Some(Secret::new("hunter2")),
        ..settings
    };
    assert_eq!(send(&settings).await, Ok(()));
    let (headers, body) = seen.lock().unwrap()[0].clone();
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let message = &json["messages"][0];
    assert_eq!(message["to"], "+33612345678");
    assert_eq!(message["ref"], format!("x-{}", id(1)));
    assert_eq!(message["unicode"], false);
    let text = message["content"].as_str().unwrap();
    assert!(text.starts_with("idproof: 048213 est votre code"), "{text}");
    assert_eq!(headers["authorization"], "Bearer hunter2");
    assert_eq!(headers["x-account"], "42");
    assert_eq!(headers["idempotency-key"], id(1).as_str());
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_form_with_user_name_and_password() {
    let (settings, seen) = gateway(taken).await;
    let settings = SmsSettings {
        format: SmsFormat::Form,
        body: "From=idproof&To={to}&Body={text}".into(),
        idempotency_header: String::new(),
        username: Some("user".into()),
        password: Some(Secret::new("hunter2")),
        ..settings
    };
    assert_eq!(send(&settings).await, Ok(()));
    let (headers, body) = seen.lock().unwrap()[0].clone();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(fields[1], ("To".into(), "+33612345678".into()));
    assert!(fields[2].1.contains("048213"));
    assert_eq!(headers["authorization"], "Basic dXNlcjpodW50ZXIy");
    assert!(!headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn a_gateway_out_of_order_is_tried_again() {
    for code in [500, 502, 503, 408, 429, 409, 404] {
        let status = StatusCode::from_u16(code).unwrap();
        let (settings, _) = gateway(move |_| status.into_response()).await;
        assert_eq!(send(&settings).await, transient(answered(code)));
    }
    for code in [401, 403] {
        let status = StatusCode::from_u16(code).unwrap();
        let (settings, _) = gateway(move |_| status.into_response()).await;
        assert_eq!(send(&settings).await, transient(Reason::Login(code)));
    }
}

#[tokio::test]
async fn a_gateway_says_when_to_come_back() {
    for (said, wait) in [
        ("120", Some(120)),
        ("999999999", Some(86_400)),
        ("soon", None),
    ] {
        let (settings, _) = gateway(move |_| {
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", said)]).into_response()
        })
        .await;
        let expected = DeliveryError::Transient {
            reason: answered(503),
            retry_after: wait.map(Duration::from_secs),
        };
        assert_eq!(send(&settings).await, Err(expected));
    }
}

#[tokio::test]
async fn a_refused_message_is_final() {
    for code in [400, 422, 410] {
        let status = StatusCode::from_u16(code).unwrap();
        let (settings, _) = gateway(move |_| status.into_response()).await;
        assert_eq!(
            send(&settings).await,
            Err(DeliveryError::Permanent {
                reason: answered(code)
            })
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (settings, seen) =
        gateway(|_| (StatusCode::TEMPORARY_REDIRECT, [("location", "/other")]).into_response())
            .await;
    assert_eq!(send(&settings).await, transient(Reason::Redirect(307)));
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_slow_silent_or_absent_gateway_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = SmsSettings {
        transport: SmsTransport::Gateway,
        url: format!("http://{}/", silent.local_addr().unwrap()),
        timeout_s: 1,
        ..SmsSettings::default()
    };
    let limit = Duration::from_secs(1);
    assert_eq!(send(&settings).await, transient(Reason::TimedOut(limit)));
    drop(silent);
    assert_eq!(send(&settings).await, transient(Reason::NoConnection));
}

/// The gateway took the message but said so too late or not at all: the repetition carries the
/// same key.
#[tokio::test]
async fn a_repetition_carries_the_same_key() {
    let (settings, seen) = gateway(|n| match n {
        1 => StatusCode::GATEWAY_TIMEOUT.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    assert_eq!(send(&settings).await, transient(answered(504)));
    assert_eq!(send(&settings).await, Ok(()));
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0["idempotency-key"], seen[1].0["idempotency-key"]);
    assert_eq!(seen[0].1, seen[1].1);
}

/// Two answers to one question: the first counts, the second is not taken for another's.
#[tokio::test]
async fn a_gateway_that_answers_twice_is_heard_once() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 10_000];
                while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                    let answers = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answers.as_bytes()).await;
                }
            });
        }
    });
    let settings = SmsSettings {
        transport: SmsTransport::Gateway,
        url,
        ..SmsSettings::default()
    };
    let sender = SmsSender::new(&settings, &BrandSettings::default(), Path::new("unused")).unwrap();
    for n in 1..4 {
        let id = id(n);
        let to = SmsTo {
            id: &id,
            number: "+33612345678",
            language: Language::En,
            at_ms: NOW,
        };
        assert_eq!(sender.send(to, &Sms::Activated).await, Ok(()));
    }
}

#[tokio::test]
async fn what_is_no_number_is_refused_before_anything_is_sent() {
    let (settings, seen) = gateway(taken).await;
    for number in [
        "",
        "+",
        "0612345678",
        "+33 6 12 34 56 78",
        "+3361234",
        "+3361234567890123",
        "+33612345678\r\n",
        "+3361234567é",
    ] {
        assert_eq!(
            send_to(&settings, number).await,
            Err(DeliveryError::Permanent {
                reason: Reason::NotANumber
            }),
            "{number}"
        );
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_local_outbox_shows_text_messages() {
    let dir = tempfile::tempdir().unwrap();
    let settings = SmsSettings::default();
    let sender = SmsSender::new(&settings, &BrandSettings::default(), dir.path()).unwrap();
    for _ in 0..2 {
        let id = id(1);
        let to = SmsTo {
            id: &id,
            number: "+33612345678",
            language: Language::En,
            at_ms: NOW,
        };
        let sms = Sms::LetterCode {
            code: "048213".parse().unwrap(),
        };
        sender.send(to, &sms).await.unwrap();
    }
    let entries = outbox::list(dir.path(), 10).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].to, "+33612345678");
    assert_eq!((entries[0].at_ms, &entries[0].subject), (NOW, &None));
    assert!(entries[0].text.contains("048213 is your activation code"));
}

#[test]
fn settings_that_cannot_be_used_name_their_key() {
    let good = SmsSettings {
        transport: SmsTransport::Gateway,
        url: "https://sms.example.org/send".into(),
        token: Some(Secret::new("hunter2")),
        ..SmsSettings::default()
    };
    let key = |settings: SmsSettings, short_name: &str| {
        let brand = BrandSettings {
            short_name: short_name.into(),
            ..BrandSettings::default()
        };
        let error = SmsSender::new(&settings, &brand, Path::new("unused")).err();
        assert!(!format!("{error:?} {settings:?}").contains("hunter"));
        error.map(|e| e.key)
    };
    assert_eq!(key(good.clone(), "idproof"), None);
    for name in ["", "twenty-one characters", "crêpe", "名"] {
        assert_eq!(key(good.clone(), name), Some("brand.short_name"));
    }
    let change = |f: &dyn Fn(&mut SmsSettings)| {
        let mut settings = good.clone();
        f(&mut settings);
        key(settings, "idproof")
    };
    assert_eq!(
        change(&|s| s.url = "http://sms.example.org".into()),
        Some("sms.url")
    );
    assert_eq!(change(&|s| s.url = String::new()), Some("sms.url"));
    assert_eq!(change(&|s| s.body = "{to} {text}".into()), Some("sms.body"));
    assert_eq!(
        change(&|s| s.body = r#"{"to": "{to}"}"#.into()),
        Some("sms.body")
    );
    assert_eq!(change(&|s| s.timeout_s = 601), Some("sms.timeout_s"));
    assert_eq!(
        change(&|s| s.headers = vec!["nonsense".into()]),
        Some("sms.headers")
    );
    assert_eq!(
        change(&|s| s.headers = vec!["A: b\r\nC: d".into()]),
        Some("sms.headers")
    );
    assert_eq!(
        change(&|s| s.idempotency_header = "no name".into()),
        Some("sms.idempotency_header")
    );
    assert_eq!(
        change(&|s| s.username = Some("both".into())),
        Some("sms.token")
    );
    assert_eq!(
        change(&|s| s.token = Some(Secret::new("a\nb"))),
        Some("sms.token")
    );
    assert_eq!(
        change(&|s| s.ca_file = Some("none.pem".into())),
        Some("sms.ca_file")
    );
}
