//! Holds the crates to the direction of imports that ARCHITECTURE.md draws.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each crate may import of this workspace. A crate that is not listed fails the test.
const ALLOWED: &[(&str, &[&str])] = &[
    ("idproof-domain", &[]),
    ("idproof-ports", &["idproof-domain"]),
    ("idproof-protocol", &[]),
    ("idproof-decoder", &["idproof-protocol"]),
    (
        "idproof-media",
        &["idproof-domain", "idproof-ports", "idproof-protocol"],
    ),
    ("idproof-models", &[]),
    ("idproof-evaluation", &[]),
    ("idproof-inference", &["idproof-domain", "idproof-ports"]),
    ("idproof-speech", &["idproof-domain", "idproof-ports"]),
    ("idproof-seal", &["idproof-domain", "idproof-ports"]),
    ("idproof-worker", &["idproof-domain", "idproof-ports"]),
    ("idproof-wire", &["idproof-domain", "idproof-ports"]),
    ("idproof-database", &["idproof-domain", "idproof-ports"]),
    ("idproof-vault", &["idproof-domain", "idproof-ports"]),
    ("idproof-delivery", &["idproof-domain", "idproof-ports"]),
    (
        "idproof-jobs",
        &[
            "idproof-database",
            "idproof-delivery",
            "idproof-domain",
            "idproof-ports",
            "idproof-vault",
            "idproof-wire",
            "idproof-worker",
        ],
    ),
    (
        "idproof-http",
        &[
            "idproof-database",
            "idproof-domain",
            "idproof-ports",
            "idproof-vault",
            "idproof-wire",
        ],
    ),
    (
        "idproof",
        &[
            "idproof-database",
            "idproof-delivery",
            "idproof-domain",
            "idproof-evaluation",
            "idproof-http",
            "idproof-inference",
            "idproof-jobs",
            "idproof-media",
            "idproof-models",
            "idproof-ports",
            "idproof-seal",
            "idproof-speech",
            "idproof-vault",
            "idproof-wire",
            "idproof-worker",
        ],
    ),
    ("idproof-test-support", &["idproof-ports"]),
    ("idproof-tests", &[]),
];

/// What must not reach the domain and the ports: I/O, asynchrony, native code.
const IMPURE: &[&str] = &[
    "ffmpeg-next",
    "image",
    "libc",
    "opencv",
    "ort",
    "rand",
    "sqlx",
    "tokio",
    "whisper-rs",
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = |package: &serde_json::Value| {
        package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["kind"].is_null())
            .map(|d| d["name"].as_str().unwrap().to_owned())
            .collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap().to_owned(), names(p)))
        .collect()
}

#[test]
fn crates_import_only_in_the_allowed_direction() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for (name, imports) in dependencies() {
        let may = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in the table of allowed imports"));
        for import in imports.iter().filter(|i| i.starts_with("idproof")) {
            assert!(
                may.contains(&import.as_str()),
                "{name} must not import {import}"
            );
        }
    }
}

#[test]
fn the_domain_and_the_ports_are_pure() {
    let all = dependencies();
    for name in ["idproof-domain", "idproof-ports"] {
        for import in &all[name] {
            assert!(
                !IMPURE.contains(&import.as_str()),
                "{name} must not import {import}"
            );
        }
    }
}
