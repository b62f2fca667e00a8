//! HEIC through the sandboxed binary itself: the library must live under the filter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]
#![cfg(feature = "heic")]

mod heic_maker;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use idproof_protocol::{
    Conversation, ErrorCode, Image, Job, Limits, Message, MessageReader, Order,
};

const DECODER: &str = env!("CARGO_BIN_EXE_idproof-decoder");
const STILL_DECODER: &str = env!("CARGO_BIN_EXE_idproof-still-decoder");

/// The closing message of an image job over `path`, the same from both programs.
fn run(path: &Path) -> Message {
    let last = run_with(DECODER, Job::Image, path);
    assert_eq!(last, run_with(STILL_DECODER, Job::Image, path));
    last
}

/// The closing message.
fn run_with(program: &str, job: Job, path: &Path) -> Message {
    let order = Order {
        job,
        limits: Limits::default(),
    };
    let output = Command::new(program)
        .args(order.to_args())
        .env_clear()
        .stdin(Stdio::from(File::open(path).unwrap()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    let mut reader = MessageReader::new(&output.stdout[..], &order);
    let mut conversation = Conversation::new(&order);
    let mut last = None;
    while let Some(message) = reader.next_message().unwrap() {
        conversation.admit(&message).unwrap();
        last = Some(message);
    }
    last.unwrap()
}

fn image(path: &Path) -> Image {
    match run(path) {
        Message::Image(image) => image,
        other => panic!("{other:?}"),
    }
}

/// 128x64: red on the left, blue on the right.
fn halves() -> Vec<u8> {
    (0..128 * 64)
        .flat_map(|i| {
            if i % 128 < 64 {
                [255, 0, 0]
            } else {
                [0, 0, 255]
            }
        })
        .collect()
}

fn pixel(image: &Image, x: u32, y: u32) -> [bool; 3] {
    let at = 3 * (y * image.width + x) as usize;
    [0, 1, 2].map(|channel| image.pixels[at + channel] > 128)
}

const RED: [bool; 3] = [true, false, false];
const BLUE: [bool; 3] = [false, false, true];

#[test]
fn heic_decodes_inside_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    heic_maker::write(&path, 128, 64, &halves(), 1, None);
    let image = image(&path);
    assert_eq!(image.format, "heic");
    assert_eq!((image.width, image.height, image.orientation), (128, 64, 1));
    assert_eq!((pixel(&image, 10, 32), pixel(&image, 117, 32)), (RED, BLUE));
}

#[test]
fn the_program_for_stills_refuses_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.webm");
    fs::write(&path, b"\x1a\x45\xdf\xa3").unwrap();
    let video = Job::Video {
        min_gap_us: 0,
        max_side: 640,
    };
    assert!(matches!(
        run_with(STILL_DECODER, video, &path),
        Message::Failure(failure) if failure.code == ErrorCode::Internal
    ));
}

#[test]
fn a_turned_heic_is_turned_once_whatever_its_exif_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.heic");
    heic_maker::write(&path, 128, 64, &halves(), 6, Some(6));
    let image = image(&path);
    assert_eq!((image.width, image.height, image.orientation), (64, 128, 1));
    assert_eq!((pixel(&image, 32, 10), pixel(&image, 32, 117)), (RED, BLUE));
}

#[test]
fn a_cut_heic_and_one_too_large_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.heic");
    heic_maker::write(&path, 128, 64, &halves(), 1, None);
    let bytes = fs::read(&path).unwrap();
    for part in [30, bytes.len() / 2, bytes.len() - 20] {
        fs::write(&path, &bytes[..part]).unwrap();
        let Message::Failure(failure) = run(&path) else {
            panic!("{part} bytes decoded");
        };
        assert_eq!(failure.code, ErrorCode::Damaged, "{part}: {failure}");
    }
    // The `ispe` box: version and flags, width, height.
    let mut large = bytes;
    let at = large.windows(4).position(|w| w == b"ispe").unwrap();
    large[at + 8..at + 12].copy_from_slice(&20_000u32.to_be_bytes());
    large[at + 12..at + 16].copy_from_slice(&20_000u32.to_be_bytes());
    fs::write(&path, &large).unwrap();
    let Message::Failure(failure) = run(&path) else {
        panic!("a giant was decoded");
    };
    assert_eq!(failure.code, ErrorCode::LimitExceeded, "{failure}");
}
