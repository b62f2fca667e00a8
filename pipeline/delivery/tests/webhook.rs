//! Webhooks against a real HTTP server, with a resolver of our own: nothing leaves the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use common::{Certificates, NOW, id};
use idproof_delivery::{
    DeliveryError, Lookup, MAX_BODY, Reason, Resolver, WebhookSecret, WebhookSender,
};
use idproof_domain::endpoint::{AddressRefused, AddressRules};

/// Answers each look-up with the next of its lists, then with the last for ever.
#[derive(Default)]
struct Told {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Told {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self {
            answers: answers.iter().map(parse).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolver for Told {
    fn lookup<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
        let n = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[n.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    }
}

struct Fails;

impl Resolver for Fails {
    fn lookup<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
        Box::pin(async { Err(std::io::Error::other("no such name")) })
    }
}

fn local() -> AddressRules {
    AddressRules {
        allow_http: true,
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

type Seen = Arc<Mutex<Vec<(HeaderMap, String)>>>;

struct Receiver {
    port: u16,
    seen: Seen,
}

impl Receiver {
    async fn start(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        let seen = Seen::default();
        let app = Router::new()
            .fallback(
                move |State(seen): State<Seen>, request: Request| async move {
                    let headers = request.headers().clone();
                    let body = axum::body::to_bytes(request.into_body(), 100_000)
                        .await
                        .unwrap();
                    let body = String::from_utf8(body.to_vec()).unwrap();
                    seen.lock().unwrap().push((headers, body));
                    answer()
                },
            )
            .with_state(Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { port, seen }
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/hook", self.port)
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn secret() -> WebhookSecret {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
}

async fn send(
    url: &str,
    rules: AddressRules,
    resolver: Arc<dyn Resolver>,
) -> Result<u16, DeliveryError> {
    let limit = Duration::from_secs(1);
    let sender = WebhookSender::with_limit(rules, resolver, None, limit).unwrap();
    let result = sender
        .send(url, &[secret()], &id(1), NOW / 1000, "{\"case\":1}")
        .await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        for secret in ["hook.example", "127.0", "169.254", "MfKQ"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    result
}

fn not_public(result: &Result<u16, DeliveryError>) -> bool {
    matches!(
        result,
        Err(DeliveryError::Permanent {
            reason: Reason::Address(AddressRefused::NotPublic(_))
        })
    )
}

#[tokio::test]
async fn the_receiver_can_verify_what_it_gets() {
    let receiver = Receiver::start(|| StatusCode::NO_CONTENT.into_response()).await;
    let url = receiver.url("hook.example.org");
    assert_eq!(
        send(&url, local(), Told::new(&[&["127.0.0.1"]])).await,
        Ok(204)
    );
    let (headers, body) = receiver.seen.lock().unwrap()[0].clone();
    assert_eq!(headers["webhook-id"], id(1).as_str());
    assert_eq!(headers["webhook-timestamp"], (NOW / 1000).to_string());
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(
        headers["host"],
        format!("hook.example.org:{}", receiver.port)
    );

    // As a receiver would, by the specification.
    use base64::Engine;
    use hmac::{Hmac, Mac};
    let engine = base64::engine::general_purpose::STANDARD;
    let key = engine.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = headers["webhook-signature"].to_str().unwrap();
    let signature = engine
        .decode(signature.strip_prefix("v1,").unwrap())
        .unwrap();
    let verify = |body: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{body}", id(1), NOW / 1000).as_bytes());
        mac.verify_slice(&signature)
    };
    assert!(verify(&body).is_ok());
    assert!(verify(&body.replace('1', "2")).is_err());
}

#[tokio::test]
async fn what_a_name_stands_for_is_judged_before_any_connection() {
    let receiver = Receiver::start(|| StatusCode::OK.into_response()).await;
    let url = receiver.url("hook.example.org");
    let http = AddressRules {
        allow_http: true,
        ..AddressRules::default()
    };
    for answer in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["fd00:ec2::254"],
        // One bad address among good ones is enough.
        &["93.184.215.14", "127.0.0.1"],
    ] {
        let result = send(&url, http.clone(), Told::new(&[answer])).await;
        assert!(not_public(&result), "{answer:?}: {result:?}");
    }
    assert_eq!(receiver.count(), 0);
}

/// DNS rebinding: a good address for the check, a bad one for the connection. There is only one
/// look-up for both.
#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let inside = Receiver::start(|| StatusCode::OK.into_response()).await;
    let url = inside.url("hook.example.org");
    let rules = AddressRules {
        allow_http: true,
        allowed_networks: vec!["127.0.0.2/32".parse().unwrap()],
    };
    // Nobody listens on 127.0.0.2 at that port; on 127.0.0.1 the service's own neighbour does.
    let rebinding = Told::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let result = send(&url, rules.clone(), rebinding.clone()).await;
    assert_eq!(
        result,
        Err(DeliveryError::Transient {
            reason: Reason::NoConnection,
            retry_after: None
        })
    );
    assert_eq!(rebinding.asked.load(Ordering::SeqCst), 1);
    // The next attempt sees the bad address, and is refused.
    assert!(not_public(&send(&url, rules, rebinding).await));
    assert_eq!(inside.count(), 0);
}

/// A connection kept from before would skip the judgement.
#[tokio::test]
async fn every_send_is_judged_anew() {
    let receiver = Receiver::start(|| StatusCode::OK.into_response()).await;
    let told = Told::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let limit = Duration::from_secs(1);
    let sender = WebhookSender::with_limit(local(), told, None, limit).unwrap();
    let url = receiver.url("hook.example.org");
    let once = || async { sender.send(&url, &[secret()], &id(1), 0, "{}").await };
    assert!(once().await.is_ok());
    assert!(not_public(&once().await));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_url_that_could_not_be_registered_is_not_sent_to_either() {
    let receiver = Receiver::start(|| StatusCode::OK.into_response()).await;
    for (host, why) in [
        ("0x7f.1", AddressRefused::DisguisedAddress),
        ("2130706433", AddressRefused::DisguisedAddress),
        ("0177.0.0.1", AddressRefused::DisguisedAddress),
        ("u:p@127.0.0.1", AddressRefused::Credentials),
    ] {
        let result = send(&receiver.url(host), local(), Told::new(&[&["127.0.0.1"]])).await;
        let reason = Reason::Address(why);
        assert_eq!(result, Err(DeliveryError::Permanent { reason }), "{host}");
    }
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let rules = AddressRules {
            allow_http: true,
            ..AddressRules::default()
        };
        let result = send(&receiver.url(host), rules, Told::new(&[&["127.0.0.1"]])).await;
        assert!(not_public(&result), "{host}");
    }
    let https_only = AddressRules {
        allow_http: false,
        ..local()
    };
    let reason = Reason::Address(AddressRefused::NotHttps);
    assert_eq!(
        send(&receiver.url("127.0.0.1"), https_only, Told::new(&[&[]])).await,
        Err(DeliveryError::Permanent { reason })
    );
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_redirect_into_the_network_is_not_followed() {
    let inside = Receiver::start(|| StatusCode::OK.into_response()).await;
    let to = inside.url("127.0.0.1");
    let outside =
        Receiver::start(move || (StatusCode::FOUND, [("location", to.clone())]).into_response())
            .await;
    let result = send(
        &outside.url("hook.example.org"),
        local(),
        Told::new(&[&["127.0.0.1"]]),
    )
    .await;
    let reason = Reason::Redirect(302);
    let retry_after = None;
    assert_eq!(
        result,
        Err(DeliveryError::Transient {
            reason,
            retry_after
        })
    );
    assert_eq!((outside.count(), inside.count()), (1, 0));
}

#[tokio::test]
async fn failures_are_tried_again_but_gone_is_gone() {
    for (code, permanent) in [
        (500, false),
        (404, false),
        (400, false),
        (429, false),
        (410, true),
    ] {
        let status = StatusCode::from_u16(code).unwrap();
        let receiver =
            Receiver::start(move || (status, [("retry-after", "30")]).into_response()).await;
        let url = receiver.url("hook.example.org");
        let result = send(&url, local(), Told::new(&[&["127.0.0.1"]])).await;
        let reason = Reason::Answered {
            code,
            enhanced: None,
        };
        let expected = if permanent {
            DeliveryError::Permanent { reason }
        } else {
            DeliveryError::Transient {
                reason,
                retry_after: Some(Duration::from_secs(30)),
            }
        };
        assert_eq!(result, Err(expected));
    }
}

#[tokio::test]
async fn silence_no_answer_and_no_name_are_tried_again() {
    let transient = |reason| {
        Err(DeliveryError::Transient {
            reason,
            retry_after: None,
        })
    };
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://hook.example.org:{}/",
        silent.local_addr().unwrap().port()
    );
    let told = || Told::new(&[&["127.0.0.1"]]);
    let limit = Duration::from_secs(1);
    assert_eq!(
        send(&url, local(), told()).await,
        transient(Reason::TimedOut(limit))
    );
    drop(silent);
    assert_eq!(
        send(&url, local(), told()).await,
        transient(Reason::NoConnection)
    );
    assert_eq!(
        send(&url, local(), Arc::new(Fails)).await,
        transient(Reason::NoConnection)
    );
    assert_eq!(
        send(&url, local(), Told::new(&[&[]])).await,
        transient(Reason::NoConnection)
    );
}

#[tokio::test]
async fn a_body_over_20_kb_is_refused() {
    let receiver = Receiver::start(|| StatusCode::OK.into_response()).await;
    let sender = WebhookSender::new(local(), Told::new(&[&["127.0.0.1"]]), None).unwrap();
    let url = receiver.url("hook.example.org");
    for (size, ok) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
        let body = "x".repeat(size);
        let result = sender.send(&url, &[secret()], &id(1), 0, &body).await;
        assert_eq!(result.is_ok(), ok);
    }
    assert_eq!(receiver.count(), 1);
}

/// TLS by the name that was asked for, at the address that was judged.
#[tokio::test]
async fn https_checks_the_name_at_the_judged_address() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let own = Certificates::for_name("hook.example.org");
    let key = PrivateKeyDer::try_from(own.key_der.clone()).unwrap();
    let chain = vec![CertificateDer::from(own.leaf_der.clone())];
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut buffer = vec![0; 10_000];
            let _ = stream.read(&mut buffer).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let rules = AddressRules {
        allow_http: false,
        ..local()
    };
    let ca = own.path("ca.pem");
    let sender =
        WebhookSender::new(rules.clone(), Told::new(&[&["127.0.0.1"]]), Some(&ca)).unwrap();
    let to = async |sender: &WebhookSender, host: &str| {
        let url = format!("https://{host}:{port}/");
        sender.send(&url, &[secret()], &id(1), 0, "{}").await
    };
    let tls = Err(DeliveryError::Transient {
        reason: Reason::Tls,
        retry_after: None,
    });
    assert!(to(&sender, "hook.example.org").await.is_ok());
    assert_eq!(to(&sender, "other.example.org").await, tls);
    let trusting_nobody = WebhookSender::new(rules, Told::new(&[&["127.0.0.1"]]), None).unwrap();
    assert_eq!(to(&trusting_nobody, "hook.example.org").await, tls);
}
