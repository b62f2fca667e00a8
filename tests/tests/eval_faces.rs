//! `idproof eval faces` and `idproof eval liveness` as people run them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{models_dir, program, root, samples};

fn eval(kind: &str, data: &Path, out: &Path) -> (Option<i32>, String) {
    let output = Command::new(program())
        .args(["eval", kind, "--data"])
        .arg(data)
        .arg("--out")
        .arg(out)
        .env("IDPROOF_MODELS_DIR", models_dir())
        .current_dir(root())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

#[test]
fn data_of_another_form_are_refused_with_what_was_expected() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    for (kind, expected) in [
        ("faces", "one folder a person"),
        ("liveness", "attack/ and bona-fide/"),
    ] {
        let (code, stderr) = eval(kind, dir.path(), &out);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
        let (code, _) = eval(kind, &dir.path().join("missing"), &out);
        assert_eq!(code, Some(2));
    }
    assert!(!out.exists());
}

#[test]
fn the_sample_attack_is_counted_as_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("attack/print")).unwrap();
    std::fs::create_dir_all(data.join("bona-fide")).unwrap();
    let sample = samples().join("attack-photo/attack-photo.webm");
    std::fs::copy(sample, data.join("attack/print/photo.webm")).unwrap();
    // A recording that cannot be read counts, and lets nobody in.
    std::fs::write(data.join("attack/broken.mp4"), b"no recording").unwrap();
    let out = dir.path().join("out");
    let (code, stderr) = eval("liveness", &data, &out);
    assert_eq!(code, Some(0), "{stderr}");
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let figures = &report["figures"];
    assert_eq!(figures["apcer_print"]["value"], 0.0);
    assert_eq!(figures["apcer"]["n"], 2);
    assert_eq!(figures["apcer"]["value"], 0.0);
    assert!(figures["bpcer"]["value"].is_null());
    assert!(
        std::fs::read_to_string(out.join("report.html"))
            .unwrap()
            .contains("By type of attack")
    );
}

#[test]
fn people_are_told_apart_by_figures_with_counts() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let portrait = samples().join(".cache/astronaut.png");
    std::fs::create_dir_all(data.join("ada")).unwrap();
    std::fs::copy(&portrait, data.join("ada/one.png")).unwrap();
    std::fs::copy(&portrait, data.join("ada/two.png")).unwrap();
    std::fs::write(data.join("ada/three.jpg"), b"no picture").unwrap();
    let out = dir.path().join("out");
    let (code, stderr) = eval("faces", &data, &out);
    assert_eq!(code, Some(0), "{stderr}");
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let figures = &report["figures"];
    assert_eq!(figures["failure_to_enrol"]["n"], 3);
    assert!((figures["failure_to_enrol"]["value"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    // One person gives no impostors: there is nothing to say, and it is not said.
    assert!(figures["eer"]["value"].is_null());
    assert_eq!(figures["tar_at_fmr_1e-3"]["n"], 1);
}
