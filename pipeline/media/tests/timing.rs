//! Times, gaps, and what a container says against what its packets show.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs;
use std::time::Duration;

use common::{Inputs, decode};

const PICTURE: &str = "-f lavfi -i testsrc2=s=320x240:r=30:d=2";
const TONE: &str = "-f lavfi -i sine=440:d=2";

#[test]
fn a_variable_frame_rate_keeps_its_times() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=64x64:r=100:d=0.2 -vf setpts=N*N*0.01/TB -vsync vfr -c:v libvpx",
        "a.webm",
    );
    let (report, _) = decode(&path);
    assert_eq!(report.timestamps_us.len(), 20);
    for (n, &at) in report.timestamps_us.iter().enumerate() {
        let expected = (n * n) as i64 * 10_000;
        assert!((at - expected).abs() <= 1_000, "frame {n} at {at}");
    }
}

#[test]
fn dropped_and_duplicated_frames_are_counted() {
    let inputs = Inputs::new();
    let gap = inputs.ffmpeg(
        &format!("{PICTURE} -vf select=not(between(n\\,20\\,24)) -vsync vfr -c:v libvpx"),
        "gap.webm",
    );
    let (report, _) = decode(&gap);
    assert_eq!(report.dropped_frames, 5);
    assert_eq!(report.duplicated_frames, 0);
    let twice = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=320x240:r=10:d=2 -vf fps=20 -c:v libx264 -qp 0 -pix_fmt yuv420p",
        "twice.mp4",
    );
    let (report, _) = decode(&twice);
    assert_eq!(report.timestamps_us.len(), 40);
    assert_eq!(report.duplicated_frames, 20);
}

#[test]
fn a_browser_recording_without_a_duration_is_no_lie() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(
        &format!("{PICTURE} {TONE} -c:v libvpx -c:a libopus -live 1"),
        "a.webm",
    );
    let (report, _) = decode(&path);
    assert_eq!(report.claimed_us, None);
    assert!(report.lies.is_empty(), "{:?}", report.lies);
    assert!(report.duration() > Duration::from_millis(1900));
}

#[test]
fn a_picture_that_changes_its_size_midway_is_delivered_and_told() {
    let inputs = Inputs::new();
    for (size, name) in [("320x240", "1.webm"), ("240x320", "2.webm")] {
        inputs.ffmpeg(
            &format!("-f lavfi -i testsrc2=s={size}:r=10:d=0.5 -c:v libvpx"),
            name,
        );
    }
    inputs.file("list.txt", b"file 1.webm\nfile 2.webm\n");
    let path = inputs.ffmpeg("-f concat -i list.txt -c copy", "both.webm");
    let (report, seen) = decode(&path);
    let sizes: Vec<_> = seen
        .frames
        .iter()
        .map(|f| (f.2.width(), f.2.height()))
        .collect();
    assert_eq!((sizes[0], sizes[9]), ((320, 240), (240, 320)));
    assert_eq!(report.lies, ["the frame size changes on the way"]);
}

/// Overwrites the duration in a WebM header: element 0x4489, eight bytes, a float.
fn claim_duration(bytes: &mut [u8], seconds: f64) {
    let at = bytes
        .windows(3)
        .position(|w| w == [0x44, 0x89, 0x88])
        .expect("a duration element");
    bytes[at + 3..at + 11].copy_from_slice(&(seconds * 1000.0).to_be_bytes());
}

#[test]
fn a_container_that_lies_is_told() {
    let inputs = Inputs::new();
    let honest = inputs.ffmpeg(&format!("{PICTURE} -c:v libvpx"), "honest.webm");
    let mut bytes = fs::read(honest).unwrap();
    claim_duration(&mut bytes, 30.0);
    let (report, _) = decode(&inputs.file("long.webm", &bytes));
    assert_eq!(report.claimed_us, Some(30_000_000));
    assert_eq!(
        report.lies,
        ["the header says 30.0 s, the packets span 2.0 s"]
    );

    // PixelWidth (0xB0) and PixelHeight (0xBA), two bytes each.
    claim_duration(&mut bytes, 2.0);
    let at = bytes
        .windows(7)
        .position(|w| {
            w[..2] == [0xb0, 0x82] && w[4..6] == [0xba, 0x81] || w[..4] == [0xb0, 0x82, 1, 64]
        })
        .expect("a width element");
    bytes[at + 2..at + 4].copy_from_slice(&1000u16.to_be_bytes());
    let (report, _) = decode(&inputs.file("wide.webm", &bytes));
    assert_eq!(
        (report.width, report.height),
        (320, 240),
        "what was decoded"
    );
    assert_eq!(
        report.lies,
        ["the header says 1000x240 pixels, the frames have 320x240"]
    );
}

#[test]
fn a_recording_that_was_cut_off_gives_what_is_there_and_says_so() {
    let inputs = Inputs::new();
    let whole = inputs.ffmpeg(
        &format!("{PICTURE} {TONE} -c:v libvpx -c:a libopus"),
        "whole.webm",
    );
    let bytes = fs::read(whole).unwrap();
    let (report, _) = decode(&inputs.file("half.webm", &bytes[..bytes.len() / 2]));
    assert!((10..50).contains(&report.timestamps_us.len()));
    assert!(!report.lies.is_empty());
    let front = inputs.ffmpeg(
        &format!("{PICTURE} -c:v libx264 -pix_fmt yuv420p -movflags +faststart"),
        "front.mp4",
    );
    let bytes = fs::read(front).unwrap();
    let (report, _) = decode(&inputs.file("half.mp4", &bytes[..bytes.len() / 2]));
    assert!(report.timestamps_us.len() < 60);
    assert!(!report.lies.is_empty());
}
