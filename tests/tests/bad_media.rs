//! Media as people and attackers send them: each ends in a clear error or in a decision that
//! is not acceptance, with its reason. (Every run also checks: no panic, a valid report.)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{Verify, samples};

fn video_of(make: impl FnOnce(&Verify) -> std::path::PathBuf) -> common::Ran {
    let mut verify = Verify::attack();
    verify.video = make(&verify);
    verify.run()
}

fn document_of(make: impl FnOnce(&Verify) -> std::path::PathBuf) -> common::Ran {
    let mut verify = Verify::attack();
    verify.documents = vec![make(&verify)];
    verify.run()
}

fn attack() -> String {
    samples()
        .join("attack-photo/attack-photo.webm")
        .display()
        .to_string()
}

#[test]
fn the_attack_sample_is_not_accepted_and_says_why() {
    let ran = Verify::attack().run();
    assert_eq!(ran.status("document_mrz"), "passed", "{:#}", ran.report());
    assert_eq!(ran.status("document_portrait"), "passed");
    assert_eq!(ran.status("face_match"), "passed");
    assert_ne!(ran.status("face_motion"), "passed");
    assert_ne!(ran.status("liveness"), "passed");
    assert!(ran.stdout.contains("Report:"));
}

#[test]
fn an_empty_file_is_refused() {
    video_of(|v| v.file("selfie.webm", b"")).refuses_input("video:");
    document_of(|v| v.file("card.jpg", b"")).refuses_input("document 1:");
}

#[test]
fn a_truncated_video_is_judged_by_what_is_there() {
    let whole = std::fs::read(attack()).unwrap();
    let ran = video_of(|v| v.file("half.webm", &whole[..whole.len() / 2]));
    assert!(matches!(ran.code, Some(0 | 2)), "{}", ran.stderr);
    let ran = video_of(|v| v.file("head.webm", &whole[..300]));
    ran.refuses_input("video:");
}

#[test]
fn a_truncated_document_is_refused() {
    let whole = std::fs::read(samples().join("attack-photo/card-front.jpg")).unwrap();
    document_of(|v| v.file("half.jpg", &whole[..2000])).refuses_input("document 1:");
}

#[test]
fn a_video_without_sound_fails() {
    let ran = video_of(|v| v.ffmpeg("mute.webm", &["-i", &attack(), "-an", "-c:v", "copy"]));
    ran.decided_with("no_sound");
    assert_eq!(ran.status("video_integrity"), "failed");
    assert!(ran.report()["media"]["video"]["audio"].is_null());
}

#[test]
fn a_sound_track_of_no_length_fails() {
    let ran = video_of(|v| {
        v.ffmpeg(
            "short.webm",
            &["-i", &attack(), "-c:v", "copy", "-af", "atrim=0:0.02"],
        )
    });
    ran.decided_with("no_sound");
}

#[test]
fn a_one_pixel_document_has_neither_portrait_nor_zone() {
    let ran = document_of(|v| {
        v.ffmpeg(
            "dot.png",
            &["-i", &attack(), "-vf", "scale=1:1", "-frames:v", "1"],
        )
    });
    if ran.code == Some(0) {
        ran.decided_with("portrait_not_found");
        ran.decided_with("mrz_not_found");
    } else {
        ran.refuses_input("document 1:");
    }
}

#[test]
fn a_header_of_20000_by_20000_is_refused_before_allocation() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(20_000u32.to_be_bytes());
    png.extend(20_000u32.to_be_bytes());
    png.extend([8, 2, 0, 0, 0]);
    png.extend(crc32(&png[12..29]).to_be_bytes());
    png.extend(b"\0\0\0\x08IDAT\x78\x9c\x63\x00\x00\x00\x01\x00\0\0\0\0");
    document_of(|v| v.file("huge.png", &png)).refuses_input("too large");
}

/// The checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(c & 1))
        })
    })
}

#[test]
fn a_wrong_extension_does_not_matter() {
    let mut verify = Verify::attack();
    verify.video = verify.file("selfie.jpg", &std::fs::read(attack()).unwrap());
    let card = std::fs::read(&verify.documents[0]).unwrap();
    verify.documents[0] = verify.file("card.mp4", &card);
    let ran = verify.run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.report()["media"]["video"]["container"], "webm");
    assert_eq!(ran.report()["media"]["documents"][0]["format"], "jpeg");
}

#[test]
fn text_and_pdf_are_refused() {
    video_of(|v| {
        v.file(
            "selfie.webm",
            b"this is no video at all\n".repeat(100).as_slice(),
        )
    })
    .refuses_input("video: not a usable");
    document_of(|v| v.file("card.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"))
        .refuses_input("document 1: not a usable");
}

#[test]
fn ten_minutes_are_refused() {
    let ran = video_of(|v| {
        v.ffmpeg(
            "long.webm",
            &[
                "-f",
                "lavfi",
                "-i",
                "color=s=64x64:r=2:d=600",
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
            ],
        )
    });
    ran.refuses_input("video: too large");
}

#[test]
fn a_variable_frame_rate_is_judged() {
    let ran = video_of(|v| {
        v.ffmpeg(
            "vfr.webm",
            &[
                "-i",
                &attack(),
                "-t",
                "4",
                "-vf",
                "select='not(mod(n,3))+lt(n,40)',scale=640:-2",
                "-fps_mode",
                "vfr",
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
            ],
        )
    });
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.report()["media"]["video"]["dropped_frames"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[test]
fn a_video_turned_by_its_container_is_seen_upright() {
    let ran = video_of(|v| {
        let flat = v.ffmpeg(
            "flat.mp4",
            &[
                "-i",
                &attack(),
                "-t",
                "3",
                "-vf",
                "scale=640:-2,transpose=2",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-c:a",
                "aac",
            ],
        );
        // The demuxer of FFmpeg 5.1 turns by metadata given here.
        v.ffmpeg(
            "turned.mov",
            &[
                "-i",
                flat.to_str().unwrap(),
                "-c",
                "copy",
                "-metadata:s:v:0",
                "rotate=90",
            ],
        )
    });
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let video = &ran.report()["media"]["video"];
    assert_ne!(video["rotation"], 0, "{video:#}");
    assert!(
        video["width"].as_u64() > video["height"].as_u64(),
        "{video:#}"
    );
}

#[test]
fn a_video_without_a_face_fails() {
    let ran = video_of(|v| {
        v.ffmpeg(
            "empty-room.webm",
            &[
                "-f",
                "lavfi",
                "-i",
                "color=gray:s=640x360:r=15:d=3",
                "-f",
                "lavfi",
                "-i",
                "sine=d=3",
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
            ],
        )
    });
    ran.decided_with("no_face");
    assert_eq!(ran.status("single_face"), "failed");
}

#[test]
fn two_faces_are_noticed() {
    let ran = video_of(|v| {
        v.ffmpeg(
            "two.webm",
            &[
                "-i",
                &attack(),
                "-t",
                "3",
                "-filter_complex",
                "[0:v]scale=640:-2,split[a][b];[b]hflip[c];[a][c]hstack",
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
            ],
        )
    });
    ran.decided_with("several_faces");
}

#[test]
fn a_video_for_a_document_and_a_document_for_a_video_are_refused() {
    let mut swapped = Verify::attack();
    let front = swapped.documents[0].clone();
    swapped.documents = vec![swapped.video.clone()];
    swapped.run().refuses_input("document 1:");
    swapped.documents = vec![front.clone()];
    swapped.video = front;
    swapped.run().refuses_input("video:");
}
