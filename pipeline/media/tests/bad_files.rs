//! Files that are no media, cannot be read, or are too much: each ends in a clear error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use common::{Inputs, config, decoder, refuse};
use idproof_media::{Decoder, Limits};
use idproof_ports::{MediaDecoder, MediaError};

fn unreadable(path: &Path, words: &str) {
    for error in [
        refuse(path),
        decoder().decode_image(&path.into()).unwrap_err(),
    ] {
        let MediaError::Unreadable(detail) = &error else {
            panic!("{error:?}");
        };
        assert!(detail.contains(words), "{detail}");
        assert!(
            !error.to_string().contains("secret-name"),
            "a path is personal data"
        );
    }
}

fn unsupported(path: &Path, words: &str) {
    for (error, kind) in [
        (refuse(path), "recording"),
        (decoder().decode_image(&path.into()).unwrap_err(), "image"),
    ] {
        let MediaError::Unsupported { expected, detail } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*expected, kind);
        assert!(detail.contains(words), "{detail}");
    }
}

#[test]
fn what_is_no_media_is_named() {
    let inputs = Inputs::new();
    unsupported(
        &inputs.file("a.webm", b"Hello, I am a video, honestly.\n"),
        "text",
    );
    unsupported(&inputs.file("a.mp4", b"%PDF-1.7\n1 0 obj\n"), "PDF");
    unsupported(&inputs.file("a.jpg", b""), "empty");
    unsupported(&inputs.file("a.png", &[0u8; 4096]), "unknown kind");
    unsupported(&inputs.file("a.gif", b"GIF89a\x01\0\x01\0"), "GIF");
    unsupported(
        &inputs.file("a.avif", b"\0\0\0\x1cftypavif\0\0\0\0"),
        "AVIF",
    );
    let png = inputs.ffmpeg("-f lavfi -i color=s=16x16 -frames:v 1", "a.png");
    let error = refuse(&png);
    assert!(matches!(&error, MediaError::Unsupported { detail, .. } if detail.contains("PNG")));
    let webm = inputs.ffmpeg("-f lavfi -i color=s=16x16:d=0.2 -c:v libvpx", "a.webm");
    let error = decoder().decode_image(&webm.as_path().into()).unwrap_err();
    assert!(
        matches!(&error, MediaError::Unsupported { detail, .. } if detail.contains("recording"))
    );
}

#[test]
fn what_cannot_be_read_is_said() {
    let inputs = Inputs::new();
    let real = inputs.ffmpeg("-f lavfi -i color=s=16x16:d=0.2 -c:v libvpx", "real.webm");
    let link = inputs.path("secret-name.webm");
    symlink(&real, &link).unwrap();
    unreadable(&link, "symbolic link");
    unreadable(link.parent().unwrap(), "directory");
    unreadable(&inputs.path("secret-name-missing"), "no such file");
    let fifo = inputs.path("secret-name.fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    unreadable(&fifo, "regular file");
    unreadable(Path::new("/dev/zero"), "regular file");
}

#[test]
fn a_file_without_permission_is_said() {
    let inputs = Inputs::new();
    let path = inputs.file("secret-name.jpg", b"\xff\xd8\xff");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    // Found before: nobody could not build it.
    let decoder = decoder();
    // Root reads everything: this thread alone becomes nobody.
    let error = std::thread::spawn(move || {
        const NOBODY: u32 = 65_534;
        #[expect(unsafe_code, reason = "the raw call changes this thread alone")]
        // SAFETY: takes numbers.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::syscall(libc::SYS_setresuid, -1, NOBODY, -1), 0);
            }
        }
        decoder.decode_image(&path.as_path().into()).unwrap_err()
    })
    .join()
    .unwrap();
    assert_eq!(
        error,
        MediaError::Unreadable("no permission to read it".into())
    );
}

#[test]
fn a_recording_of_ten_minutes_is_refused_whatever_it_claims() {
    let inputs = Inputs::new();
    let long = "-f lavfi -i color=s=16x16:r=2:d=600";
    for (arguments, name) in [
        ("-c:v libvpx", "a.webm"),
        ("-c:v libvpx -live 1", "live.webm"),
        ("-c:v libx264 -pix_fmt yuv420p", "a.mp4"),
    ] {
        let path = inputs.ffmpeg(&format!("{long} {arguments}"), name);
        let error = refuse(&path);
        let MediaError::LimitExceeded(detail) = &error else {
            panic!("{name}: {error:?}");
        };
        assert!(detail.contains("longer than 60 s"), "{detail}");
    }
    let mut bytes = fs::read(inputs.path("a.webm")).unwrap();
    let at = bytes
        .windows(3)
        .position(|w| w == [0x44, 0x89, 0x88])
        .unwrap();
    bytes[at + 3..at + 11].copy_from_slice(&10_000f64.to_be_bytes());
    assert!(matches!(
        refuse(&inputs.file("lie.webm", &bytes)),
        MediaError::LimitExceeded(_)
    ));
}

#[test]
fn sixty_seconds_are_the_limit_on_both_sides() {
    let inputs = Inputs::new();
    for (seconds, fits) in [(60, true), (61, false)] {
        let path = inputs.ffmpeg(
            &format!("-f lavfi -i color=s=16x16:r=10:d={seconds} -c:v libvpx"),
            "a.webm",
        );
        let mut seen = common::Seen::default();
        let result =
            decoder().decode_video(&path.as_path().into(), &common::every_frame(16), &mut seen);
        assert_eq!(result.is_ok(), fits, "{seconds}: {result:?}");
    }
}

#[test]
fn long_sound_under_a_short_video_is_refused() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(
        "-f lavfi -i color=s=16x16:d=1 -f lavfi -i anullsrc=d=100 -c:v libvpx -c:a libopus",
        "a.webm",
    );
    assert!(matches!(refuse(&path), MediaError::LimitExceeded(_)));
}

#[test]
fn pictures_and_files_beyond_the_limits_are_refused() {
    let inputs = Inputs::new();
    let wide = inputs.ffmpeg("-f lavfi -i color=s=1922x64:d=0.1 -c:v libvpx", "wide.webm");
    let error = refuse(&wide);
    assert!(
        matches!(&error, MediaError::LimitExceeded(d) if d.contains("1922x64")),
        "{error:?}"
    );
    let just = inputs.ffmpeg(
        "-f lavfi -i color=s=1080x1920:d=0.1 -c:v libvpx",
        "just.webm",
    );
    common::decode(&just);

    // A header that claims a small picture in front of large frames.
    let mut bytes = fs::read(&wide).unwrap();
    let at = bytes
        .windows(4)
        .position(|w| w == [0xb0, 0x82, 7, 130])
        .unwrap();
    bytes[at + 2..at + 4].copy_from_slice(&640u16.to_be_bytes());
    let error = refuse(&inputs.file("lie.webm", &bytes));
    assert!(
        matches!(error, MediaError::LimitExceeded(_) | MediaError::Damaged(_)),
        "{error:?}"
    );

    let small = Limits {
        file_bytes: 1000,
        ..Limits::default()
    };
    let strict = Decoder::new(
        idproof_media::DecoderConfig {
            limits: small,
            ..config()
        },
        std::sync::Arc::new(common::RealClock),
    );
    let large = inputs.file("large.jpg", &[0xff; 1001]);
    let error = strict.decode_image(&large.as_path().into()).unwrap_err();
    assert!(
        matches!(&error, MediaError::LimitExceeded(d) if d.contains("MB")),
        "{error:?}"
    );
}

#[test]
fn a_recording_without_usable_tracks_is_said() {
    let inputs = Inputs::new();
    let sound = inputs.ffmpeg("-f lavfi -i sine=d=1 -c:a libopus", "sound.webm");
    let error = refuse(&sound);
    assert!(
        matches!(&error, MediaError::Unsupported { detail, .. } if detail.contains("only sound")),
        "{error:?}"
    );
    let old = inputs.ffmpeg("-f lavfi -i color=s=64x64:d=0.2 -c:v mpeg2video", "old.mp4");
    let error = refuse(&old);
    assert!(
        matches!(&error, MediaError::Unsupported { detail, .. } if detail.contains("mpeg2video")),
        "{error:?}"
    );
    let odd = inputs.ffmpeg(
        "-f lavfi -i color=s=64x64:d=0.2 -f lavfi -i sine=d=0.2 -c:v libx264 -c:a ac3",
        "odd.mkv",
    );
    let error = refuse(&odd);
    assert!(
        matches!(&error, MediaError::Unsupported { detail, .. } if detail.contains("ac3")),
        "{error:?}"
    );
}

#[test]
fn a_recording_cut_before_its_index_is_damaged() {
    let inputs = Inputs::new();
    let whole = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libx264 -pix_fmt yuv420p",
        "whole.mp4",
    );
    let bytes = fs::read(whole).unwrap();
    for (name, part) in [("half.mp4", bytes.len() / 2), ("head.mp4", 40)] {
        let error = refuse(&inputs.file(name, &bytes[..part]));
        assert!(matches!(error, MediaError::Damaged(_)), "{name}: {error:?}");
    }
    let whole = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libvpx",
        "whole.webm",
    );
    let bytes = fs::read(whole).unwrap();
    for part in [40, 100, 400] {
        let error = refuse(&inputs.file("head.webm", &bytes[..part]));
        assert!(
            matches!(
                error,
                MediaError::Damaged(_) | MediaError::Unsupported { .. }
            ),
            "{part}: {error:?}"
        );
    }
}

#[test]
fn frames_of_noise_end_without_a_hang() {
    let inputs = Inputs::new();
    let whole = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libvpx",
        "whole.webm",
    );
    let mut bytes = fs::read(whole).unwrap();
    let mut state = 1u32;
    for byte in bytes.iter_mut().skip(600) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 24 < 40 {
            *byte ^= (state >> 16) as u8;
        }
    }
    let mut seen = common::Seen::default();
    let path = inputs.file("noise.webm", &bytes);
    match decoder().decode_video(&path.as_path().into(), &common::every_frame(320), &mut seen) {
        Ok(report) => assert!(
            report.corrupt_frames > 0 || !report.lies.is_empty(),
            "{report:?}"
        ),
        Err(error) => assert!(
            matches!(
                error,
                MediaError::Damaged(_)
                    | MediaError::Unsupported { .. }
                    | MediaError::LimitExceeded(_)
            ),
            "{error:?}"
        ),
    }
}
