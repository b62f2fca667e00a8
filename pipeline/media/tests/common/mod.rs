//! What all tests of the adapter share: the decoder program, inputs made on the spot, a sink.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use idproof_media::{Decoder, DecoderConfig};
use idproof_ports::{
    Clock, MediaDecoder, MediaError, RgbImage, VideoFrame, VideoReport, VideoRequest, VideoSink,
};

/// The real time: the limits under test are real.
pub struct RealClock;

impl Clock for RealClock {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        let mut now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        #[expect(unsafe_code, reason = "clock_gettime(2) has no safe wrapper here")]
        // SAFETY: writes one timespec.
        unsafe {
            libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now);
        }
        Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
    }
}

/// Never moves.
pub struct FrozenClock;

impl Clock for FrozenClock {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// The decoder program beside this test's own, built first where it is missing or old.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let program = test
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("idproof-decoder");
        let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let newest =
            newest(&pipeline.join("decoder/src")).max(newest(&pipeline.join("protocol/src")));
        let built = fs::metadata(&program).and_then(|m| m.modified()).ok();
        if built.is_none_or(|built| built < newest) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "-p", "idproof-decoder"]);
            if !cfg!(debug_assertions) {
                cargo.arg("--release");
            }
            assert!(cargo.current_dir(pipeline).status().unwrap().success());
        }
        program
    })
}

fn newest(folder: &Path) -> SystemTime {
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        latest = latest.max(if meta.is_dir() {
            newest(&entry.path())
        } else {
            meta.modified().unwrap()
        });
    }
    latest
}

pub fn config() -> DecoderConfig {
    DecoderConfig {
        still_program: program().with_file_name("idproof-still-decoder"),
        ..DecoderConfig::new(program())
    }
}

pub fn decoder() -> Decoder {
    Decoder::new(config(), Arc::new(RealClock))
}

/// Every frame, at most this side.
pub fn every_frame(max_side: u32) -> VideoRequest {
    VideoRequest {
        min_frame_gap: Duration::ZERO,
        max_side,
    }
}

/// Keeps what it is given.
#[derive(Default)]
pub struct Seen {
    pub frames: Vec<(Duration, u64, RgbImage)>,
    pub samples: Vec<f32>,
    /// Breaks after this many frames.
    pub enough: Option<usize>,
}

impl VideoSink for Seen {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()> {
        self.frames.push((frame.at, frame.index, frame.image));
        if self
            .enough
            .is_some_and(|enough| self.frames.len() >= enough)
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn audio(&mut self, samples: &[f32]) -> ControlFlow<()> {
        self.samples.extend_from_slice(samples);
        ControlFlow::Continue(())
    }
}

/// Decodes every frame of a recording that must succeed.
pub fn decode(path: &Path) -> (VideoReport, Seen) {
    let mut seen = Seen::default();
    let report = decoder()
        .decode_video(&path.into(), &every_frame(1920), &mut seen)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (report, seen)
}

/// Decodes a recording that must fail.
pub fn refuse(path: &Path) -> MediaError {
    let mut seen = Seen::default();
    decoder()
        .decode_video(&path.into(), &every_frame(1920), &mut seen)
        .expect_err("a recording that must be refused")
}

/// A scratch folder and the files made in it.
pub struct Inputs(tempfile::TempDir);

impl Inputs {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the `ffmpeg` command line; `name` is its output.
    pub fn ffmpeg(&self, arguments: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .current_dir(self.0.path())
            .output()
            .expect("the ffmpeg command line is installed");
        assert!(
            output.status.success(),
            "ffmpeg {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        path
    }
}

/// Mean red, green, blue of a part of an image, given in hundredths of its sides.
pub fn mean(image: &RgbImage, x: [u32; 2], y: [u32; 2]) -> [u32; 3] {
    let (w, h) = (image.width(), image.height());
    let mut sum = [0u32; 3];
    let mut count = 0;
    for row in y[0] * h / 100..y[1] * h / 100 {
        for column in x[0] * w / 100..x[1] * w / 100 {
            let at = ((row * w + column) * 3) as usize;
            for (channel, total) in sum.iter_mut().enumerate() {
                *total += u32::from(image.data()[at + channel]);
            }
            count += 1;
        }
    }
    sum.map(|total| total / count.max(1))
}

/// Mean absolute difference of two images of one size.
pub fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let sum: u64 = a
        .data()
        .iter()
        .zip(b.data())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.data().len() as f64
}
