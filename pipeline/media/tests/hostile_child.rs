//! A decoder that dies, hangs, lies or tries to break out: the parent survives each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::{FrozenClock, Inputs, RealClock, Seen, config, decoder, every_frame};
use idproof_media::{AttemptResult, Decoder, DecoderConfig, Limits};
use idproof_ports::{Clock, MediaDecoder, MediaError, VideoFrame, VideoSink};

/// `Ready` of protocol version 3 with everything in force, as `printf` takes it.
const READY: &str = r"\001\007\000\000\000\003\000\007\001\001\001\001";

/// A decoder that is a shell script.
fn script(inputs: &Inputs, body: &str) -> PathBuf {
    let text = inputs.file("script", format!("#!/bin/sh\n{body}\n").as_bytes());
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
    // Copied by a process of its own: what this one had open for writing could be "busy".
    let path = inputs.path("decoder.sh");
    let copied = Command::new("cp").arg("-p").arg(&text).arg(&path).status();
    assert!(copied.unwrap().success());
    path
}

/// Short, for what is expected to hang.
const SHORT: Duration = Duration::from_millis(700);

/// Long, for what is expected to end by itself even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn with_program(program: &Path, clock: Arc<dyn Clock>, limit: Duration) -> Decoder {
    let config = DecoderConfig {
        image_timeout: limit,
        video_timeout: limit,
        ..DecoderConfig::new(program)
    };
    Decoder::new(config, clock)
}

/// What a scripted decoder comes to, over a file that is a plausible recording.
fn outcome(inputs: &Inputs, body: &str) -> MediaError {
    outcome_within(inputs, body, LONG)
}

fn outcome_within(inputs: &Inputs, body: &str, limit: Duration) -> MediaError {
    let file = inputs.file("a.webm", b"\x1a\x45\xdf\xa3 webm");
    let decoder = with_program(&script(inputs, body), Arc::new(RealClock), limit);
    let mut seen = Seen::default();
    decoder
        .decode_video(&file.as_path().into(), &every_frame(64), &mut seen)
        .unwrap_err()
}

fn failed(error: &MediaError, words: &str) {
    let MediaError::DecoderFailed(detail) = error else {
        panic!("{error:?}");
    };
    assert!(detail.contains(words), "{detail}");
}

#[test]
fn a_decoder_that_hangs_is_ended_with_all_its_children() {
    let inputs = Inputs::new();
    for body in [
        "exec sleep 54321",
        "sleep 54321 & sleep 54321",
        "sleep 54321 & exit 0",
        &format!("printf '{READY}'; sleep 54321"),
        // Drips a byte now and then instead of hanging outright.
        &format!(
            "printf '{READY}'; printf '\\003\\000'; while :; do sleep 0.05; printf '\\000'; done"
        ),
    ] {
        let error = outcome_within(&inputs, body, SHORT);
        assert!(
            matches!(
                error,
                MediaError::TimedOut(_) | MediaError::DecoderFailed(_)
            ),
            "{body}: {error:?}"
        );
    }
    let left = Command::new("pgrep").args(["-f", "sleep 54321"]).output();
    assert!(
        left.is_err() || left.is_ok_and(|o| o.stdout.is_empty()),
        "a child was left behind"
    );
}

#[test]
fn the_time_limit_holds_under_a_clock_that_stands_still() {
    let inputs = Inputs::new();
    let file = inputs.file("a.jpg", b"\xff\xd8\xff");
    let decoder = with_program(
        &script(&inputs, "exec sleep 54322"),
        Arc::new(FrozenClock),
        SHORT,
    );
    let error = decoder.decode_image(&file.as_path().into()).unwrap_err();
    assert_eq!(error, MediaError::TimedOut(SHORT));
}

#[test]
fn garbage_and_breaches_of_the_protocol_are_refused() {
    let inputs = Inputs::new();
    failed(
        &outcome(
            &inputs,
            "head -c 100000 /dev/urandom | tr '\\001-\\007' 'a'",
        ),
        "protocol",
    );
    failed(&outcome(&inputs, "yes"), "protocol");
    // A frame before the sandbox stood; a frame of 4 GB; an unknown kind; a second ready.
    failed(
        &outcome(
            &inputs,
            r"printf '\003\033\000\000\000\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\001\0\0\0\001\0\0\0abc'",
        ),
        "protocol",
    );
    failed(
        &outcome(
            &inputs,
            &format!(
                r"printf '{READY}\003\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\0\0\377\377\0\0'"
            ),
        ),
        "size",
    );
    failed(
        &outcome(&inputs, &format!(r"printf '{READY}\011\0\0\0\0'")),
        "kind",
    );
    failed(
        &outcome(&inputs, &format!("printf '{READY}{READY}'")),
        "ready twice",
    );
    failed(
        &outcome(&inputs, &format!(r"printf '{READY}\007\004\0\0\0\0\0\0\0'")),
        "another job",
    );
    // Endless sound is cut by its count.
    let sound = format!(
        r"printf '{READY}'; while :; do printf '\004\020\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; done"
    );
    let error = outcome_within(&inputs, &sound, SHORT);
    assert!(
        matches!(
            error,
            MediaError::DecoderFailed(_) | MediaError::TimedOut(_)
        ),
        "{error:?}"
    );
}

#[test]
fn a_death_is_named() {
    let inputs = Inputs::new();
    failed(&outcome(&inputs, "kill -9 $$"), "SIGKILL");
    failed(&outcome(&inputs, "kill -SEGV $$"), "SIGSEGV");
    failed(&outcome(&inputs, "kill -SYS $$"), "SIGSYS");
    failed(&outcome(&inputs, "kill -ABRT $$"), "SIGABRT");
    failed(&outcome(&inputs, "exit 0"), "without a result");
    failed(&outcome(&inputs, "exit 101"), "internal error");
    failed(&outcome(&inputs, "exit 64"), "order");
    failed(
        &outcome(&inputs, &format!("printf '{READY}'; kill -9 $$")),
        "SIGKILL",
    );
    // Half a message, then death.
    failed(
        &outcome(&inputs, &format!(r"printf '{READY}\005\200'; kill -9 $$")),
        "SIGKILL",
    );
    let error = outcome(&inputs, "kill -XCPU $$");
    assert_eq!(error, MediaError::TimedOut(Duration::from_secs(60)));
}

#[test]
fn a_decoder_that_cannot_lock_itself_in_is_not_used() {
    let inputs = Inputs::new();
    // Ready, but without seccomp; then sound.
    let open = r"\001\007\000\000\000\003\000\007\001\000\001\001";
    let sound = r"\004\004\0\0\0\0\0\0\0";
    let error = outcome(&inputs, &format!("printf '{open}{sound}'"));
    assert!(matches!(error, MediaError::Unavailable(_)), "{error:?}");
    let missing = with_program(&inputs.path("nowhere"), Arc::new(RealClock), SHORT);
    let file = inputs.file("a.jpg", b"\xff\xd8\xff");
    let error = missing.decode_image(&file.as_path().into()).unwrap_err();
    assert!(
        matches!(&error, MediaError::Unavailable(d) if d.contains("missing")),
        "{error:?}"
    );
    assert!(matches!(
        missing.self_check(),
        Err(MediaError::Unavailable(_))
    ));
}

/// Kills the decoder that was started from `program` at the first frame.
struct Killer {
    program: PathBuf,
    frames: usize,
}

impl VideoSink for Killer {
    fn frame(&mut self, _: VideoFrame) -> ControlFlow<()> {
        self.frames += 1;
        if self.frames == 1 {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                if arguments.starts_with(self.program.to_str().unwrap().as_bytes()) {
                    let pid = entry.file_name();
                    assert!(
                        Command::new("kill")
                            .arg("-9")
                            .arg(pid)
                            .status()
                            .unwrap()
                            .success()
                    );
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn audio(&mut self, _: &[f32]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_decoder_killed_midway_is_an_error_not_a_short_recording() {
    let inputs = Inputs::new();
    let program = inputs.path("idproof-decoder-to-kill");
    fs::copy(common::program(), &program).unwrap();
    let file = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=640x480:d=10 -c:v libvpx -deadline realtime -cpu-used 8",
        "a.webm",
    );
    let decoder = Decoder::new(DecoderConfig::new(&program), Arc::new(RealClock));
    let mut killer = Killer { program, frames: 0 };
    let error = decoder
        .decode_video(&file.as_path().into(), &every_frame(640), &mut killer)
        .unwrap_err();
    failed(&error, "SIGKILL");
    assert!((1..300).contains(&killer.frames));
}

#[test]
fn the_sandbox_refuses_files_sockets_programs_processes_and_memory() {
    let status = decoder().self_check().unwrap();
    assert!(
        status.seccomp && status.rlimits && status.no_new_privs,
        "{status:?}"
    );
    assert_eq!(status.attempts.len(), 6);
    for (attempt, result) in &status.attempts {
        let expected = match attempt.name() {
            "memory" => AttemptResult::Refused(libc::ENOMEM),
            "open-file" | "write-file" => AttemptResult::Refused(libc::EACCES),
            _ => AttemptResult::Killed,
        };
        assert_eq!(*result, expected, "{}", attempt.name());
    }
    assert!(status.holds());
    assert!(
        !Path::new("/tmp/idproof-self-check").exists(),
        "nothing was written"
    );
}

#[test]
fn too_little_memory_and_time_end_in_an_error() {
    let inputs = Inputs::new();
    let file = inputs.ffmpeg(
        "-f lavfi -i testsrc2=s=1280x720:r=60:d=40 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        "a.mp4",
    );
    let run = |limits| {
        let decoder = Decoder::new(DecoderConfig { limits, ..config() }, Arc::new(RealClock));
        let mut seen = Killer {
            program: "/nowhere".into(),
            frames: 1,
        };
        decoder.decode_video(&file.as_path().into(), &every_frame(1280), &mut seen)
    };
    for megabytes in [64, 230, 245, 260] {
        let result = run(Limits {
            memory_bytes: megabytes << 20,
            ..Limits::default()
        });
        assert!(
            matches!(
                result,
                Ok(_)
                    | Err(MediaError::LimitExceeded(_)
                        | MediaError::DecoderFailed(_)
                        | MediaError::Damaged(_)
                        | MediaError::Unavailable(_))
            ),
            "{megabytes}: {result:?}"
        );
    }
    let result = run(Limits {
        cpu_seconds: 1,
        ..Limits::default()
    });
    assert_eq!(result, Err(MediaError::TimedOut(Duration::from_secs(1))));
}
