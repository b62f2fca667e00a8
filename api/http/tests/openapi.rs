//! The description of the API as it is kept beside the code: clients are made from the file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::collections::BTreeSet;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
const STALE: &str = "api/http/openapi.json is not what the code makes any more. If the change is \
    meant, write it anew:\n\n    UPDATE_SNAPSHOT=1 cargo test --release -p idproof-http --test openapi\n\n\
    and look through the difference before it is committed: integrators depend on it.";

fn made() -> serde_json::Value {
    serde_json::to_value(idproof_http::openapi()).unwrap()
}

/// With `UPDATE_SNAPSHOT=1` the file is written anew.
#[test]
fn the_kept_description_is_the_one_the_code_makes() {
    let made = serde_json::to_string_pretty(&made()).unwrap() + "\n";
    if std::env::var("UPDATE_SNAPSHOT").is_ok_and(|v| v == "1") {
        std::fs::write(KEPT, made).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(kept == made, "{STALE}");
}

#[test]
fn it_is_openapi_3_1_and_every_operation_has_a_name_of_its_own() {
    let made = made();
    assert_eq!(made["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, item) in made["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path}"
            );
        }
    }
    assert!(names.contains("openCase") && names.contains("putChunk"));
}
