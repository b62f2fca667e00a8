//! The service as an operator runs it: one process on embedded defaults, and the commands around it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes as Body;
use axum::routing::post;
use bytes::Bytes;
use idproof_test_support::{Applicant, OutboxCodes, Program, built, free_port};
use reqwest::Client;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(60);

struct Service {
    program: Program,
    url: String,
    dir: TempDir,
}

impl Service {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut program = Program::new(&built("idproof"), &["all"], dir.path())
            .set("WORKER_RECONCILE_S", 1)
            .set("WORKER_POLL_MS", 50);
        let url = program.listen();
        Self { program, url, dir }
    }

    async fn start(&mut self) {
        self.program.start();
        self.program.ready(&self.url).await;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.program.log).unwrap()
    }

    /// A sandbox case handed in, with the outcome it is to have.
    async fn case(&self, key: &str, outcome: &str) -> Applicant {
        let urls = [self.url.clone()];
        let me = Applicant::open(&Client::new(), &urls, LIMIT, Some(key), Some(outcome)).await;
        me.introduce(&OutboxCodes(self.dir.path().join("outbox")))
            .await;
        let file = Bytes::from(vec![1; 200_000]);
        me.capture(&file, &file, 65_536).await;
        me.submit().await;
        me
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::any::install_default_drivers();
        let url = &self.program.settings["IDPROOF_DATABASE_URL"];
        let pool = sqlx::AnyPool::connect(url).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn text(&self, query: &'static str) -> String {
        sqlx::any::install_default_drivers();
        let url = &self.program.settings["IDPROOF_DATABASE_URL"];
        let pool = sqlx::AnyPool::connect(url).await.unwrap();
        let text = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
        pool.close().await;
        text
    }

    /// A command that must fail; what it said.
    fn refused(&self, words: &[&str]) -> String {
        let mut command = Command::new(built("idproof"));
        let done = command
            .args(words)
            .envs(&self.program.settings)
            .output()
            .unwrap();
        assert!(!done.status.success(), "{words:?}");
        String::from_utf8([done.stdout, done.stderr].concat()).unwrap()
    }
}

/// What a mail server sends back for a mail that nobody takes (RFC 3464).
fn returned(message: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Action: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message}@idproof.example>\r\n\r\n\
         --b--\r\n"
    )
}

#[tokio::test]
async fn a_mail_that_comes_back_is_noted_as_failed() {
    let mut service = Service::new();
    service.start().await;
    let urls = [service.url.clone()];
    let me = Applicant::open(&Client::new(), &urls, LIMIT, None, None).await;
    me.introduce(&OutboxCodes(service.dir.path().join("outbox")))
        .await;
    assert!(service.program.stop(), "{}", service.log());
    let id = service
        .text("SELECT id FROM messages WHERE channel = 'email' AND state = 'sent'")
        .await;
    let bounce = |mail: &str| service.program.piped(&["bounce"], mail.as_bytes());
    let said = bounce(&returned(&id));
    assert!(said.contains(&id) && said.contains("5.1.1"), "{said}");
    assert_eq!(
        service
            .text("SELECT last_error FROM messages WHERE state = 'failed'")
            .await,
        "sent, then returned by a mail server (5.1.1)"
    );
    let event = service
        .text("SELECT data FROM events WHERE kind = 'message_returned'")
        .await;
    assert!(event.contains(&id), "{event}");
    // Once is enough; somebody else's mail, and what is no report, change nothing.
    for (mail, why) in [
        (returned(&id), "is failed"),
        (
            returned("msg_01jdxyzabcdefghjkmnpqrstvw"),
            "no such message",
        ),
        (
            "Subject: I am away\r\n\r\nBack soon.\r\n".to_owned(),
            "not a delivery report",
        ),
    ] {
        let said = bounce(&mail);
        assert!(
            said.contains("nothing to note") && said.contains(why),
            "{said}"
        );
    }
    assert!(
        service
            .program
            .command(&["audit", "verify"])
            .contains("the chain is whole")
    );
}

#[tokio::test]
async fn a_case_goes_from_its_opening_to_its_activation_on_embedded_defaults() {
    let mut service = Service::new();
    service.start().await;
    let key = service
        .program
        .command(&["keys", "create", "--name", "test", "--sandbox"]);
    let me = service.case(key.trim(), "accept").await;
    me.wait_for(&["letter_sent"], LIMIT).await;
    me.activate().await;
    me.wait_for(&["activated"], LIMIT).await;
    let keys = service.program.command(&["keys", "list"]);
    assert!(
        keys.contains("sandbox") && !keys.contains(key.trim()),
        "{keys}"
    );
    let outbox = service.program.command(&["outbox", "--last", "20"]);
    assert!(
        outbox.contains("SMS") && outbox.contains("e-mail"),
        "{outbox}"
    );
    let jobs = service.program.command(&["jobs", "list"]);
    assert!(jobs.contains("0 parked"), "{jobs}");
    let purge = service.program.command(&["purge", "--dry-run"]);
    assert!(purge.contains("0 cases"), "{purge}");
    let dry = "UPDATE cases SET media_due_at = 1";
    service.sql(dry).await;
    assert!(service.program.stop(), "{}", service.log());
    let purge = service.program.command(&["purge", "--dry-run"]);
    assert!(
        purge.contains("72 hours after processing (activated)") && purge.contains("1 cases"),
        "{purge}"
    );
    let purge = service.program.command(&["purge"]);
    assert!(purge.contains("the media of 1 cases are gone"), "{purge}");
    let verified = service.program.command(&["audit", "verify"]);
    assert!(verified.contains("the chain is whole"), "{verified}");
    // What people typed, and what they were sent, is in no log.
    let log = service.log();
    let (address, number) = me.contacts();
    let secrets = [
        &address,
        &number,
        &me.token,
        key.trim(),
        "Eriksson",
        "L898902C3",
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[tokio::test]
async fn an_edited_a_missing_and_a_reordered_event_are_named() {
    for (statement, fault) in [
        (
            "UPDATE events SET data = '{}' , at = at + 1 WHERE seq = 3",
            "event 3 was edited",
        ),
        ("DELETE FROM events WHERE seq = 4", "event 4 is missing"),
        (
            "UPDATE events SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE seq END",
            "BROKEN",
        ),
        (
            "DELETE FROM events WHERE seq = (SELECT MAX(seq) FROM events)",
            "events were cut off",
        ),
    ] {
        let mut service = Service::new();
        service.start().await;
        let key = service
            .program
            .command(&["keys", "create", "--name", "test", "--sandbox"]);
        service
            .case(key.trim(), "refuse")
            .await
            .wait_for(&["refused"], LIMIT)
            .await;
        assert!(service.program.stop());
        let head = service.program.command(&["audit", "head"]);
        service
            .program
            .command(&["audit", "verify", "--head", head.trim()]);
        service.sql(statement).await;
        let said = service.refused(&["audit", "verify", "--head", head.trim()]);
        assert!(said.contains(fault), "{statement}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_reach_a_collector_and_name_nobody() {
    let got = Arc::new(AtomicU64::new(0));
    let (seen, port) = (Arc::clone(&got), free_port());
    let take = move |body: Body| async move {
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(!text.contains("example.org"), "{text}");
        if text.contains("/v1/service") {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    };
    let router = Router::new().route("/v1/traces", post(take));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut service = Service::new();
    let traces = format!("http://127.0.0.1:{port}");
    for (name, value) in [("TRACES", traces.as_str()), ("FORMAT", "json")] {
        let name = format!("IDPROOF_LOG_{name}");
        service.program.settings.insert(name, value.to_owned());
    }
    service.start().await;
    reqwest::get(format!("{}/v1/service", service.url))
        .await
        .unwrap();
    assert!(service.program.stop());
    assert!(
        got.load(Ordering::SeqCst) > 0,
        "no trace of the request came"
    );
    let log = service.log();
    let line = log.lines().find(|l| l.starts_with('{')).unwrap();
    let _: serde_json::Value = serde_json::from_str(line).unwrap();
}

#[tokio::test]
async fn half_a_service_does_not_start_unprepared_and_says_what_to_do() {
    let service = Service::new();
    let said = service.refused(&["serve"]);
    assert!(said.contains("idproof migrate"), "{said}");
    service.program.command(&["migrate"]);
    std::fs::remove_dir_all(service.dir.path().join("keys")).unwrap();
    let said = service.refused(&["worker"]);
    assert!(said.contains("keyring"), "{said}");
}

#[tokio::test]
async fn a_keyring_that_was_lost_is_not_made_anew_beside_a_database_in_use() {
    let mut service = Service::new();
    service.start().await;
    service
        .program
        .command(&["keys", "create", "--name", "test"]);
    assert!(service.program.stop());
    std::fs::remove_dir_all(service.dir.path().join("keys")).unwrap();
    let said = service.refused(&["all"]);
    assert!(said.contains("keyring"), "{said}");
}

#[tokio::test]
async fn the_root_key_is_changed_while_cases_are_open() {
    let mut service = Service::new();
    service.start().await;
    let key = service
        .program
        .command(&["keys", "create", "--name", "test", "--sandbox"]);
    let me = service.case(key.trim(), "review").await;
    me.wait_for(&["in_review"], LIMIT).await;
    assert!(service.program.stop());
    let new = service.dir.path().join("new.key");
    let new = new.to_str().unwrap();
    service.program.command(&["vault", "new-root-key", new]);
    let said = service.program.command(&["vault", "rotate", "--to", new]);
    assert!(said.contains("2 entries sealed anew"), "{said}");
    let said = service.refused(&["serve"]);
    assert!(said.contains("root key"), "{said}");
    let root = "IDPROOF_VAULT_KEYS_ROOT_FILE".to_owned();
    service.program.settings.insert(root, new.to_owned());
    service.start().await;
    assert_eq!(me.state().await, "in_review");
}

#[tokio::test]
async fn the_doctor_names_what_the_service_is_late_with() {
    let mut service = Service::new();
    service.start().await;
    let key = service
        .program
        .command(&["keys", "create", "--name", "test", "--sandbox"]);
    let me = service.case(key.trim(), "review").await;
    me.wait_for(&["in_review"], LIMIT).await;
    assert!(service.program.stop());
    let late = "UPDATE cases SET sandbox = 0, letter_due_at = 1, media_due_at = 1";
    service.sql(late).await;
    service
        .sql("UPDATE jobs SET state = 'parked', last_error = 'a cause' WHERE kind = 'process'")
        .await;
    service
        .sql("UPDATE messages SET state = 'failed' WHERE channel = 'sms'")
        .await;
    let said = service.refused(&["doctor"]);
    for expected in [
        "letters: 1 should have left by now",
        "purge: the media of 1 cases are kept too long",
        "by sms could not be sent",
        "jobs process: 1 were given up",
    ] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    let jobs = service.program.command(&["jobs", "list"]);
    assert!(jobs.contains("a cause"), "{jobs}");
    let unparked = service.program.command(&["jobs", "unpark", "--all"]);
    assert!(unparked.contains("put back"), "{unparked}");
}

#[test]
fn mistakes_in_the_configuration_stop_every_command_with_key_and_range() {
    let service = Service::new();
    let done = Command::new(built("idproof"))
        .args(["all"])
        .envs(&service.program.settings)
        .env("IDPROOF_WORKER_ANALYSES", "0")
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("`worker.analyses` is 0; it must lie in 1 to 64"),
        "{said}"
    );
}
