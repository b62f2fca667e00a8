//! `idproof eval documents` on the sample cards: figures, failures, and data that cannot be used.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{models_dir, program, root, samples};

fn eval(data: &Path, out: &Path) -> Output {
    Command::new(program())
        .args(["eval", "documents", "--data"])
        .arg(data)
        .arg("--out")
        .arg(out)
        .env("IDPROOF_MODELS_DIR", models_dir())
        .current_dir(root())
        .output()
        .unwrap()
}

/// A card's back from the samples, wherever they keep one.
fn card(folder: &Path) -> Option<std::path::PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    entries.iter().find_map(|path| {
        if path.is_dir() {
            card(path)
        } else {
            path.ends_with("card-back.jpg").then(|| path.clone())
        }
    })
}

#[test]
fn a_card_and_a_wrong_truth_are_scored_apart() {
    let back = card(&samples()).expect("a sample with a card's back");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for name in ["one.jpg", "two.jpg"] {
        std::fs::copy(&back, data.join(name)).unwrap();
    }
    // Nobody's zone: read well, and not as written down.
    std::fs::write(
        data.join("truth.tsv"),
        "two.jpg\tI<UTOD231458907<<<<<<<<<<<<<<</7408122F1204159UTO<<<<<<<<<<<6/ERIKSSON<<ANNA<MARIA<<<<<<<<<<\n",
    )
    .unwrap();
    let out = dir.path().join("out");
    let ran = eval(&data, &out);
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    let figure = |name: &str| {
        (
            report["figures"][name]["value"].as_f64(),
            report["figures"][name]["n"].as_u64(),
        )
    };
    assert_eq!(figure("mrz_found"), (Some(1.0), Some(2)));
    assert_eq!(figure("mrz_valid"), (Some(1.0), Some(2)));
    assert_eq!(figure("mrz_exact"), (Some(0.0), Some(1)));
    assert_eq!(figure("line_exact"), (None, Some(0)));
    assert_eq!(figure("character_error_rate").1, Some(90));
    assert_eq!(figure("portrait_found").1, Some(2));
    assert!(figure("seconds_per_image").0.unwrap() > 0.0);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,"));
    assert!(page.contains("two.jpg"));
}

/// A picture made of another one (or of nothing) by FFmpeg's command line.
fn made(from: &[&str], filter: &str, to: &Path) {
    let ran = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(from)
        .args(["-vf", filter, "-frames:v", "1"])
        .arg(to)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn a_mirrored_a_cut_and_a_blank_picture_give_no_valid_zone() {
    let back = card(&samples()).expect("a sample with a card's back");
    let back = back.to_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    made(
        &["-i", back],
        "scale=2000:-1,hflip",
        &data.join("mirrored.png"),
    );
    // The card's foot, and with it the lower rows of the zone, is beyond the picture.
    made(
        &["-i", back],
        "scale=2000:-1,crop=iw:ih*0.6:0:0",
        &data.join("cut.png"),
    );
    let paper = ["-f", "lavfi", "-i", "color=0xe8e4da:size=1600x1200"];
    made(&paper, "noise=alls=6", &data.join("blank.png"));
    let out = dir.path().join("out");
    let ran = eval(&data, &out);
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["figures"]["mrz_valid"]["value"], 0.0);
    assert_eq!(report["figures"]["mrz_valid"]["n"], 3);
    assert_eq!(report["figures"]["undecodable"]["value"], 0.0);
}

#[test]
fn data_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let said = |data: &Path| {
        let ran = eval(data, &out);
        assert_eq!(ran.status.code(), Some(2));
        String::from_utf8(ran.stderr).unwrap()
    };
    assert!(said(&dir.path().join("nowhere")).contains("no such directory"));
    assert!(said(dir.path()).contains("no pictures below it"));
    std::fs::write(dir.path().join("x.png"), b"no picture").unwrap();
    std::fs::write(dir.path().join("truth.tsv"), "x.png A/B\n").unwrap();
    assert!(said(dir.path()).contains("truth.tsv, line 1: expected file<TAB>"));
    assert!(!out.exists());
}
