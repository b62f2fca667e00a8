//! The command line: arguments, configuration, and what a report may hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::process::Command;

use common::{Verify, program, root, samples};

fn idproof(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Command::new(program())
        .args(arguments)
        .env("IDPROOF_MODELS_DIR", common::models_dir())
        .envs(environment.iter().copied())
        .current_dir(root())
        .output()
        .unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn digits_and_language_are_checked_at_the_edge() {
    for digits in ["37", "1234567", "3x2", ""] {
        let mut verify = Verify::attack();
        verify.digits = digits.into();
        assert_eq!(verify.run().code, Some(2), "{digits}");
    }
    let (code, _, stderr) = idproof(
        &[
            "verify",
            "--document",
            "a",
            "--video",
            "b",
            "--digits",
            "123",
            "--language",
            "de",
            "--out",
            "c",
        ],
        &[],
    );
    assert_eq!(code, Some(2));
    assert!(stderr.contains("use `fr` or `en`"), "{stderr}");
}

#[test]
fn a_bad_policy_or_identity_is_refused_with_its_place() {
    let mut verify = Verify::attack();
    let policy = verify.file("policy.toml", b"version = '1'\n[checks]\n");
    verify.extra = vec!["--policy".into(), policy.display().to_string()];
    let ran = verify.run();
    ran.refuses_input("`checks.document_quality`");
    ran.refuses_input("are missing; every check needs a role");
    let identity = verify.file("identity.json", br#"{"birth_nane": "SECRET"}"#);
    verify.extra = vec!["--identity".into(), identity.display().to_string()];
    let ran = verify.run();
    ran.refuses_input("line 1");
    assert!(!ran.stderr.contains("SECRET"));
}

#[test]
fn a_declared_identity_is_compared() {
    let identity = samples().join("attack-photo/identity.json");
    let mut verify = Verify::attack();
    verify.extra = vec!["--identity".into(), identity.display().to_string()];
    assert_eq!(verify.run().status("declared_identity"), "passed");
    let other = verify.file("identity.json", br#"{"birth_name": "Somebody Else"}"#);
    verify.extra = vec!["--identity".into(), other.display().to_string()];
    let ran = verify.run();
    ran.decided_with("identity_differs");
    assert_eq!(ran.status("declared_identity"), "failed");
}

#[test]
fn nothing_personal_is_printed_or_reported() {
    let identity = samples().join("attack-photo/identity.json");
    let declared: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&identity).unwrap()).unwrap();
    let mut verify = Verify::attack();
    verify.extra = vec!["--identity".into(), identity.display().to_string()];
    verify.environment = vec![("IDPROOF_LOG".into(), "trace".into())];
    let ran = verify.run();
    let everything = format!("{}{}{}", ran.stdout, ran.stderr, ran.report()).to_uppercase();
    for key in ["surname", "birth_date", "document_number", "birth_place"] {
        let value = declared[key].as_str().unwrap().to_uppercase();
        assert!(!everything.contains(&value), "{key} is in the output");
    }
    // The challenge of a running attempt is a secret, too.
    assert!(!everything.contains("\"372\"") && !everything.contains(" 372 "));
}

#[test]
fn the_same_case_is_decided_the_same_way_twice() {
    let strip = |mut report: serde_json::Value| {
        report["timings"] = serde_json::Value::Null;
        report["decided_at"] = serde_json::Value::Null;
        report
    };
    let first = strip(Verify::attack().run().report().clone());
    assert_eq!(first, strip(Verify::attack().run().report().clone()));
}

#[test]
fn a_configuration_mistake_stops_the_program_with_its_key() {
    let (code, _, stderr) = idproof(&["doctor"], &[("IDPROOF_DECODER_TIME_LIMIT_S", "0")]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("`decoder.time_limit_s` is 0; it must lie in 1 to 600"),
        "{stderr}"
    );
}

#[test]
fn doctor_names_what_is_missing_and_how_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let (code, stdout, _) = idproof(
        &["doctor"],
        &[("IDPROOF_MODELS_DIR", empty.path().to_str().unwrap())],
    );
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("WRONG    model face_recognition"),
        "{stdout}"
    );
    assert!(
        stdout.contains("idproof models pull face_recognition"),
        "{stdout}"
    );
    assert!(
        stdout.contains("forbidden things were tried and refused"),
        "{stdout}"
    );
}

#[test]
fn models_list_shows_unavailable_checks_and_verify_finds_a_spoilt_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("blazeface.onnx"), b"not a network").unwrap();
    let store = [("IDPROOF_MODELS_DIR", dir.path().to_str().unwrap())];
    let (code, stdout, _) = idproof(&["models", "list"], &store);
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("unavailable without minifasnet"),
        "{stdout}"
    );
    let (code, stdout, _) = idproof(&["models", "verify"], &store);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("WRONG HASH   blazeface"), "{stdout}");
    let (code, _, stderr) = idproof(&["models", "pull", "no_such_model"], &store);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("there is no model called no_such_model"),
        "{stderr}"
    );
}

#[test]
fn the_policy_that_ships_is_valid() {
    let (code, stdout, _) = idproof(&["policy", "show"], &[]);
    assert_eq!(code, Some(0));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.toml");
    std::fs::write(&path, stdout).unwrap();
    let (code, stdout, _) = idproof(&["policy", "check", path.to_str().unwrap()], &[]);
    assert_eq!(code, Some(0), "{stdout}");
}

#[test]
fn two_policies_are_compared_line_by_line() {
    let (_, shipped, _) = idproof(&["policy", "show"], &[]);
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let old = write("old.toml", &shipped);
    let changed = |line: &str| {
        if line.starts_with("face_motion ") {
            line.replace("required", "advisory")
        } else {
            line.replace("document_minimum_age = 18", "document_minimum_age = 21")
        }
    };
    let stricter: Vec<String> = shipped.lines().map(changed).collect();
    let stricter = stricter.join("\n");
    assert_ne!(stricter, shipped);
    let new = write("new.toml", &stricter);
    for words in [vec![&*old, &*new], vec![&*new]] {
        let args = [&["policy", "diff"], &words[..]].concat();
        let (code, stdout, _) = idproof(&args, &[]);
        assert_eq!(code, Some(0));
        for line in [
            "checks.face_motion: required, on_fail review -> advisory, on_fail review",
            "thresholds.document_minimum_age: 18 -> 21 years",
            "2 changes",
        ] {
            assert!(stdout.contains(line), "{line}: {stdout}");
        }
    }
    let (_, stdout, _) = idproof(&["policy", "diff", &old], &[]);
    assert!(stdout.contains("0 changes"), "{stdout}");
    let bad = write("bad.toml", "version = '1'\n[checks]\n");
    let (code, _, stderr) = idproof(&["policy", "diff", &old, &bad], &[]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("bad.toml") && stderr.contains("checks."),
        "{stderr}"
    );
}

#[test]
fn a_signed_challenge_is_used_once_by_its_own_attempt_and_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let inside = |name: &str| dir.path().join(name).display().to_string();
    let database = format!("sqlite:{}", inside("idproof.db"));
    let (media, keys, root_key) = (inside("media"), inside("keys"), inside("root.key"));
    let environment = [
        ("IDPROOF_DATABASE_URL", database.as_str()),
        ("IDPROOF_VAULT_STORE_KIND", "local"),
        ("IDPROOF_VAULT_STORE_DIR", media.as_str()),
        ("IDPROOF_VAULT_KEYS_PLACE_KIND", "directory"),
        ("IDPROOF_VAULT_KEYS_PLACE_DIR", keys.as_str()),
        ("IDPROOF_VAULT_KEYS_ROOT_FILE", root_key.as_str()),
    ];
    let file = inside("challenge.json");
    let draw = [
        "challenge",
        "--attempt",
        "one",
        "--language",
        "fr",
        "--head",
        "--out",
        &file,
    ];
    let (code, _, stderr) = idproof(&draw, &environment);
    assert_eq!(code, Some(0), "{stderr}");
    let refused = |file: &str, attempt: &[&str], why: &str| {
        let out = inside("report.json");
        let mut line = vec![
            "verify",
            "--document",
            "none",
            "--video",
            "none",
            "--out",
            &out,
        ];
        line.extend(["--challenge", file]);
        line.extend(attempt);
        let (code, _, stderr) = idproof(&line, &environment);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(why), "{why}: {stderr}");
    };
    refused(&file, &["--attempt", "two"], "of another attempt");

    let drawn: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let changed = inside("changed.json");
    let write = |value: &serde_json::Value| {
        std::fs::write(&changed, value.to_string()).unwrap();
    };
    let mut other = drawn.clone();
    other["language"] = "en".into();
    write(&other);
    refused(&changed, &["--attempt", "one"], "forged");
    other = drawn.clone();
    other["token"] = "a.b".into();
    write(&other);
    refused(&changed, &[], "forged");
    other.as_object_mut().unwrap().remove("token");
    write(&other);
    refused(&changed, &["--attempt", "one"], "not signed");

    // None of these has used it.
    refused(&file, &["--attempt", "one"], "document 1");
    refused(&file, &["--attempt", "one"], "used before");
}
