//! The machine misbehaves: files that cannot be read, a full disk, a decoder that dies, models
//! that are missing or spoilt. The case survives, and nobody is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use common::{Verify, models_dir};

#[test]
fn a_symlink_is_refused() {
    let mut verify = Verify::attack();
    let link = verify.dir.path().join("selfie.webm");
    symlink(&verify.video, &link).unwrap();
    verify.video = link;
    verify.run().refuses_input("video: cannot read the file");
}

#[test]
fn a_missing_file_and_a_directory_are_refused() {
    let mut verify = Verify::attack();
    verify.video = verify.dir.path().join("nothing.webm");
    verify.run().refuses_input("video: cannot read the file");
    verify.video = verify.dir.path().to_owned();
    verify.run().refuses_input("video: cannot read the file");
}

#[test]
fn a_file_without_permission_is_refused() {
    let mut verify = Verify::attack();
    let copy = verify.file("selfie.webm", &std::fs::read(&verify.video).unwrap());
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o000)).unwrap();
    verify.video = copy;
    if std::fs::read(&verify.video).is_ok() {
        // Root reads everything unless it gives that power up.
        verify.wrapper = [
            "setpriv",
            "--bounding-set",
            "-dac_override,-dac_read_search",
        ]
        .map(str::to_owned)
        .to_vec();
    }
    verify.run().refuses_input("video: cannot read the file");
}

#[test]
fn a_full_disk_is_said() {
    let mut verify = Verify::attack();
    let disk = verify.dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let (shell, script, expected) = full_disk(&disk);
    verify.wrapper = shell.into_iter().map(str::to_owned).collect();
    verify.wrapper.extend(["-c".into(), script, "sh".into()]);
    verify.out = disk.join("report.json");
    let ran = verify.run();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("cannot write the report"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

/// A shell, what it does before the program, and the words of the system. A mount of its own,
/// 4 KiB large and filled, gone with the process; where no mount is allowed, files of no length.
fn full_disk(disk: &Path) -> (Vec<&'static str>, String, &'static str) {
    let mounts = [
        vec!["unshare", "--map-root-user", "--mount", "sh"],
        vec!["unshare", "--mount", "--propagation", "unchanged", "sh"],
    ];
    let fill = format!(
        "mount -t tmpfs -o size=4k,nr_inodes=8 none '{0}' && head -c 4096 /dev/zero > '{0}/full'",
        disk.display()
    );
    let works = |shell: &Vec<&str>| {
        Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &fill])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    match mounts.into_iter().find(works) {
        Some(shell) => (shell, format!("{fill} && exec \"$@\""), "No space left"),
        None => (
            vec!["sh"],
            "trap '' XFSZ; ulimit -f 0; exec \"$@\"".into(),
            "File too large",
        ),
    }
}

#[test]
fn a_report_that_cannot_be_placed_is_said_before_the_work() {
    let mut verify = Verify::attack();
    verify.out = verify.dir.path().join("nowhere/report.json");
    let ran = verify.run();
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("cannot write the report"),
        "{}",
        ran.stderr
    );
}

/// A decoder that does not do its work.
fn with_decoder(script: &str) -> common::Ran {
    let mut verify = Verify::attack();
    let text = verify.file("script", format!("#!/bin/sh\n{script}\n").as_bytes());
    std::fs::set_permissions(&text, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Copied by a process of its own: what this one had open for writing could be "busy".
    let program = verify.dir.path().join("decoder");
    let copied = Command::new("cp")
        .arg("-p")
        .arg(&text)
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    verify.environment = vec![
        (
            "IDPROOF_DECODER_PROGRAM".into(),
            program.display().to_string(),
        ),
        ("IDPROOF_DECODER_TIME_LIMIT_S".into(), "2".into()),
    ];
    verify.run()
}

#[test]
fn a_decoder_that_is_killed_leaves_the_case_to_a_human() {
    let ran = with_decoder("kill -9 $$");
    ran.decided_with("decoder_failed");
    assert_eq!(ran.report()["decision"], "review");
}

#[test]
fn a_decoder_that_the_sandbox_kills_leaves_the_case_to_a_human() {
    // What seccomp does to one that asks for a socket or another program.
    let ran = with_decoder("kill -SYS $$");
    ran.decided_with("decoder_failed");
    assert_eq!(ran.report()["decision"], "review");
    let detail = &ran.report()["checks"]["video_integrity"]["detail"];
    assert!(detail.as_str().unwrap().contains("forbid"), "{detail}");
}

#[test]
fn a_decoder_that_hangs_leaves_the_case_to_a_human() {
    let ran = with_decoder("exec sleep 600");
    ran.decided_with("stage_timed_out");
    assert_eq!(ran.report()["decision"], "review");
}

#[test]
fn a_decoder_that_speaks_garbage_leaves_the_case_to_a_human() {
    let ran = with_decoder("exec head -c 100000 /dev/urandom");
    ran.decided_with("decoder_failed");
    assert_eq!(ran.report()["decision"], "review");
}

#[test]
fn a_missing_decoder_leaves_the_case_to_a_human() {
    let mut verify = Verify::attack();
    verify.environment = vec![("IDPROOF_DECODER_PROGRAM".into(), "/nowhere/decoder".into())];
    let ran = verify.run();
    ran.decided_with("decoder_failed");
    assert_eq!(ran.report()["decision"], "review");
}

#[test]
fn without_models_every_check_that_needs_one_is_unavailable() {
    let mut verify = Verify::attack();
    let empty = verify.dir.path().join("models");
    std::fs::create_dir(&empty).unwrap();
    verify.environment = vec![("IDPROOF_MODELS_DIR".into(), empty.display().to_string())];
    let ran = verify.run();
    assert_eq!(ran.report()["decision"], "review");
    for check in [
        "document_portrait",
        "document_mrz",
        "document_validity",
        "single_face",
        "face_match",
        "liveness",
        "face_motion",
        "lip_sync",
        "spoken_digits",
    ] {
        assert_eq!(ran.status(check), "unavailable", "{check}");
    }
    assert_eq!(ran.status("video_integrity"), "passed");
    assert!(ran.report()["models"].as_array().unwrap().is_empty());
}

#[test]
fn a_spoilt_model_is_refused_by_name_and_never_loaded() {
    let mut verify = Verify::attack();
    let store = verify.dir.path().join("models");
    std::fs::create_dir(&store).unwrap();
    for entry in std::fs::read_dir(models_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            symlink_or_copy(&path, &store.join(path.file_name().unwrap()));
        }
    }
    // Both networks that compare faces: one alone would do.
    for name in ["face_recognition.onnx", "mobilefacenet_foamliu.onnx"] {
        let spoilt = store.join(name);
        let Ok(mut bytes) = std::fs::read(&spoilt) else {
            continue;
        };
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::remove_file(&spoilt).unwrap();
        std::fs::write(&spoilt, bytes).unwrap();
    }
    verify.environment = vec![("IDPROOF_MODELS_DIR".into(), store.display().to_string())];
    let ran = verify.run();
    assert_eq!(ran.status("face_match"), "unavailable");
    let detail = ran.report()["checks"]["face_match"]["detail"]
        .as_str()
        .unwrap();
    assert!(
        detail.contains("face_recognition") && detail.contains("sha256"),
        "{detail}"
    );
}

fn symlink_or_copy(from: &Path, to: &Path) {
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).unwrap();
    }
}
