#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_wire::{REPORT_SCHEMA, Report};

/// The committed schema is the one the types make. `IDPROOF_WRITE_SCHEMA=1 cargo test -p
/// idproof-wire` writes it anew.
#[test]
fn the_committed_schema_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&schemars::schema_for!(Report)).unwrap() + "\n";
    if std::env::var_os("IDPROOF_WRITE_SCHEMA").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/report.schema.json");
        std::fs::write(path, &generated).unwrap();
        return;
    }
    assert_eq!(generated, REPORT_SCHEMA);
}

#[test]
fn the_schema_accepts_a_report_and_refuses_a_spoilt_one() {
    let schema = serde_json::from_str(REPORT_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut report = serde_json::json!({
        "report_version": 1,
        "decided_at": "2026-11-21T10:00:00Z",
        "decision": "review",
        "reasons": [{"code": "model_unavailable", "check": "liveness", "detail": "no model"}],
        "checks": {"liveness": {"status": "unavailable", "score": null, "threshold": null, "detail": ""}},
        "models": [{"name": "m", "version": "1", "sha256": "00"}],
        "policy": {"version": "1", "sha256": "00"},
        "timings": {"total": 1.5},
        "media": {"documents": [], "video": null}
    });
    assert!(validator.is_valid(&report));
    report["decision"] = "maybe".into();
    assert!(!validator.is_valid(&report));
}
