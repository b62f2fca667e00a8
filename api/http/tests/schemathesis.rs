//! Every operation of the served description, asked with what it says and with what it does not:
//! nothing fails, and every answer is of the form that was promised.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use common::{ALL_SCOPES, World, worlds};
use serde_json::json;
use tokio::process::Command;

/// What is held against every answer. Whether good data were taken it cannot tell: more is asked of
/// them than a schema can say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,\
    allow_header_conformance,missing_required_header,\
    negative_data_rejection,ignored_auth";

/// One run's time. Only a service that hangs takes so long.
const LONGEST: Duration = Duration::from_secs(180);

/// What `make setup` prepares for the tests of the service.
fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = root.join("var/venv-service/bin/st");
    assert!(
        program.exists(),
        "{} is missing: run tests/setup/service.sh",
        program.display()
    );
    program
}

/// Runs against everything but what would end the case or the webhook that is asked for.
async fn run(world: &World, secret: &str, case: &str, upload: &str, webhook: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("schemathesis.toml");
    let text = format!(
        r#"
        headers = {{ Authorization = "Bearer {secret}" }}
        request-timeout = 20.0

        [[operations]]
        include-path-regex = "^/v1/cases/.id"
        parameters = {{ "path.id" = "{case}" }}

        [[operations]]
        include-path-regex = "^/v1/uploads/"
        parameters = {{ "path.id" = "{upload}" }}

        [[operations]]
        include-path-regex = "^/v1/webhooks/"
        parameters = {{ "path.id" = "{webhook}" }}

        [[operations]]
        include-operation-id = ["deleteCase", "withdrawCase", "discardUpload", "removeWebhook"]
        enabled = false
        "#
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program());
    command
        .arg("--no-color")
        .arg("--config-file")
        .arg(&config)
        .arg("run")
        .arg(format!("{}/openapi.json", world.url()))
        .args(["--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "5", "--generation-deterministic"])
        .args(["--warnings", "off"])
        .args(["--workers", "2", "--continue-on-failure"])
        .current_dir(dir.path())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LONGEST, command.output()).await;
    output.expect("it did not come to an end").unwrap()
}

fn finds_nothing(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{errors}");
    // It has asked, and not just found nothing to ask.
    assert!(said.contains("No issues found"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integrator_gets_what_the_description_promises() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let secret = world.secret(&org, ALL_SCOPES, true).await;
        let key = world.bearer(&secret);
        let opened = key.post("/v1/cases", json!({ "language": "fr" })).await;
        let ada = world.holder_of(&opened.is(201)).identified().await;
        let upload = ada.begins(json!({ "kind": "document_front" })).await;
        let body = json!({ "url": "https://hooks.example.org/", "events": ["*"] });
        let hook = key.post("/v1/webhooks", body).await.is(201);
        let hook = hook["id"].as_str().unwrap();
        finds_nothing(&run(&world, &secret, ada.id.as_str(), &upload, hook).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_gets_what_the_description_promises() {
    for world in worlds().await {
        let ada = world.applicant().await.identified().await;
        let upload = ada.begins(json!({ "kind": "document_front" })).await;
        let none = "whe_00000000000000000000000000";
        finds_nothing(&run(&world, &ada.token, ada.id.as_str(), &upload, none).await);
    }
}
