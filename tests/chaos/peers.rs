//! What the service talks to: servers that can be made to refuse for a while.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use idproof_test_support::{Codes, code_of_mail, free_port, six_digits};
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Stands before a server; while it is shut, connections are cut off.
pub struct Gate {
    pub port: u16,
    shut: Arc<AtomicBool>,
}

impl Gate {
    pub async fn before(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shut = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&shut);
        tokio::spawn(async move {
            while let Ok((mut down, _)) = listener.accept().await {
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let closed = Arc::clone(&closed);
                tokio::spawn(async move {
                    let Ok(mut up) = TcpStream::connect(("127.0.0.1", upstream)).await else {
                        return;
                    };
                    let cut = async {
                        while !closed.load(Ordering::SeqCst) {
                            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        }
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut down, &mut up) => {}
                        () = cut => {}
                    }
                });
            }
        });
        Self { port, shut }
    }

    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }
}

/// The interpreter that `make setup` prepares for the tests of the service.
fn python() -> PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = root.join("var/venv-service/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run tests/setup/service.sh",
        python.display()
    );
    python
}

pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An S3 server with a bucket named `media`.
pub async fn s3() -> (Process, u16) {
    let port = free_port();
    let child = Command::new(python().with_file_name("moto_server"))
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    let client = reqwest::Client::new();
    for _ in 0..300 {
        let made = client.put(format!("http://127.0.0.1:{port}/media")).send();
        if made.await.is_ok_and(|a| a.status().is_success()) {
            return (process, port);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the S3 server did not start");
}

/// A mail that the mail server took.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    pub to: String,
    pub text: String,
}

/// Every mail, in the order they came; repetitions too.
#[derive(Default)]
pub struct Mails(Mutex<Vec<Mail>>);

impl Mails {
    pub fn all(&self) -> Vec<Mail> {
        self.0.lock().unwrap().clone()
    }
}

/// A real mail server (aiosmtpd).
pub fn smtp(mails: Arc<Mails>) -> (Process, u16) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = root.join("pipeline/delivery/tests/common/smtp.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap().trim().parse().unwrap();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mail: Value = serde_json::from_str(&line).unwrap();
            let data = mail["data"].as_str().unwrap().to_owned();
            let id = data
                .lines()
                .find_map(|l| l.strip_prefix("Message-ID: "))
                .unwrap_or_default();
            mails.0.lock().unwrap().push(Mail {
                id: id.to_owned(),
                to: mail["to"][0].as_str().unwrap().to_owned(),
                text: data,
            });
        }
    });
    (Process(child), port)
}

/// A text message as the gateway delivers it: once for each idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    pub to: String,
    pub text: String,
}

impl Sms {
    /// How long a code is still good may be said otherwise at a later attempt.
    fn differs(&self, other: &Self) -> bool {
        self.to != other.to || six_digits(&self.text) != six_digits(&other.text)
    }
}

/// An SMS gateway. Every seventh message it takes and then answers 500, as gateways do.
#[derive(Default)]
pub struct Gateway {
    shut: AtomicBool,
    asked: AtomicU64,
    delivered: Mutex<BTreeMap<String, Sms>>,
    /// Repetitions to somebody else or with another code.
    pub altered: AtomicU64,
    pub repeated: AtomicU64,
}

impl Gateway {
    pub async fn start(self: &Arc<Self>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new()
            .route("/sms", post(take))
            .with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    pub fn delivered(&self) -> BTreeMap<String, Sms> {
        self.delivered.lock().unwrap().clone()
    }
}

async fn take(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    if gateway.shut.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let sms = Sms {
        to: body["to"].as_str().unwrap().to_owned(),
        text: body["text"].as_str().unwrap().to_owned(),
    };
    let before = gateway.delivered.lock().unwrap().insert(key, sms.clone());
    if let Some(before) = before {
        gateway.repeated.fetch_add(1, Ordering::SeqCst);
        gateway
            .altered
            .fetch_add(u64::from(before.differs(&sms)), Ordering::SeqCst);
    }
    if gateway.asked.fetch_add(1, Ordering::SeqCst) % 7 == 6 {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

/// Codes as they arrive by mail and SMS.
pub struct Arrivals {
    pub mails: Arc<Mails>,
    pub gateway: Arc<Gateway>,
}

impl Codes for Arrivals {
    fn code(&self, to: &str) -> Option<String> {
        if to.starts_with('+') {
            let all = self.gateway.delivered();
            // Message ids sort by age.
            let last = all.values().rev().find(|sms| sms.to == to)?;
            return six_digits(&last.text);
        }
        let all = self.mails.all();
        let mail = all.iter().rev().find(|mail| mail.to == to)?;
        code_of_mail(mail.text.as_bytes(), to)
    }
}
