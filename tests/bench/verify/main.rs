//! What a verification costs beside its floor, in one run, as a table.
//!
//! Floor: FFmpeg's command line decoding the same files, plus the bare model calls – each ONNX
//! call that the verification made, made again with an input of the same shape and nothing else,
//! and the speech model on the same sound. Models are loaded before anything is measured.
//! Input: 10 s of 720p VP8 and two 12 MP photographs, from the sample cases (`make samples`).
//! Beside it the recording alone, beyond its decoding, and the memory of one five times as long.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

mod call_counter;
mod memory;
mod recording;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idproof::clock::SystemClock;
use idproof::{compose, config::Config};
use idproof_inference::{BareModel, ModelFile, Runtime};
use idproof_ports::{ModelIdentity, SpeechRequest};
use idproof_worker::{Analysers, CaseInput, Progress, Stage, analyse};
use nix::sys::resource::{UsageWho, getrusage};

const REPEATS: usize = 5;
const DIGITS: &str = "372";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a root");
    std::env::set_current_dir(root).expect("the workspace");
    let case = Case::prepare(root);
    let calls = call_counter::install();
    let config = config();
    let store = compose::store(&config).expect("a store");
    let clock = Arc::new(SystemClock::new());
    let runtime = compose::runtime(&store).expect("ONNX Runtime");
    let analysers = compose::analysers_on(Ok(runtime.clone()), &config, &store, clock.clone());
    let decoder = compose::decoder(&config, clock.clone()).expect("a decoder");
    let run = || analyse(&case.input(), &decoder, &analysers, &*clock, &Silent).expect("usable");

    run(); // warms caches
    calls.reset();
    run();
    let made = calls.taken().calls;
    let mut whole = Vec::new();
    for _ in 0..REPEATS {
        whole.push(measure(run));
    }
    let cpu = median(whole.iter().map(|m| m.cpu));
    let wall = median(whole.iter().map(|m| m.wall));
    let children = median(whole.iter().map(|m| m.children));

    let video = ffmpeg_floor(&case.video);
    let photos: Duration = case.documents.iter().map(|d| ffmpeg_floor(d)).sum();
    let models = model_floor(&runtime, &store, &made);
    let speech = speech_floor(&analysers, &case);
    let onnx: Duration = models.values().map(|m| m.total).sum();
    let floor = video + photos + onnx + speech;
    let peak = memory::peak_of_verify(&case, &config);

    println!("\n| what | CPU ms |\n|---|---|");
    println!("| ffmpeg, the recording | {} |", ms(video));
    println!("| ffmpeg, both photographs | {} |", ms(photos));
    for (name, m) in &models {
        println!("| {name}: {} calls | {} |", m.calls, ms(m.total));
    }
    println!("| speech model on the same sound | {} |", ms(speech));
    println!("| **floor** | **{}** |", ms(floor));
    println!("| whole verification (median of {REPEATS}) | {} |", ms(cpu));
    println!("| – of it the sandboxed decoders | {} |", ms(children));
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!("\n| figure | measured | asked |\n|---|---|---|");
    println!("| CPU over floor | {:.2} | ≤ 1.25 |", ratio(cpu, floor));
    println!(
        "| CPU over floor, the photographs' decoding not counted in the floor | {:.2} | – |",
        ratio(cpu, floor - photos)
    );
    println!("| wall time, models loaded | {} ms | ≤ 4000 ms |", ms(wall));
    println!(
        "| peak memory of all its processes | {} MB | ≤ 800 MB |",
        peak / 1_000_000
    );
    recording::report(
        &case,
        &recording::Tools {
            calls: &calls,
            runtime: &runtime,
            store: &store,
            decoder: &decoder,
            analysers: &analysers,
            clock: &*clock,
        },
    );
    recording::memory_by_length(&case, &config, peak);
    println!(
        "| cores | {} | 2 |",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
}

/// The files of the case under measurement.
pub struct Case {
    pub documents: Vec<PathBuf>,
    pub video: PathBuf,
}

impl Case {
    fn prepare(root: &Path) -> Self {
        let sample = root.join("var/samples/attack-photo");
        assert!(sample.is_dir(), "run `make samples` first");
        let work = root.join("var/bench");
        std::fs::create_dir_all(&work).expect("var/bench");
        let video = work.join("ten-seconds.webm");
        if !video.exists() {
            let status = Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-stream_loop", "1", "-i"])
                .arg(sample.join("attack-photo.webm"))
                .args([
                    "-t",
                    "10",
                    "-c:v",
                    "libvpx",
                    "-b:v",
                    "2M",
                    "-deadline",
                    "good",
                ])
                .args(["-cpu-used", "4", "-c:a", "libopus"])
                .arg(&video)
                .status();
            assert!(
                status.is_ok_and(|s| s.success()),
                "ffmpeg makes the recording"
            );
        }
        Self {
            documents: vec![sample.join("card-front.jpg"), sample.join("card-back.jpg")],
            video,
        }
    }

    fn input(&self) -> CaseInput {
        CaseInput {
            documents: self.documents.iter().map(|d| d.as_path().into()).collect(),
            video: self.video.as_path().into(),
            digits: DIGITS.parse().expect("digits"),
            language: idproof_domain::Language::Fr,
            script: None,
            capture: idproof_worker::CaptureFacts::default(),
            declared: None,
            announced: None,
            today: time::macros::date!(2026 - 11 - 21),
        }
    }
}

fn config() -> Config {
    let mut config = Config::load(None, &idproof::config::environment()).expect("configuration");
    // This program lies in `examples`, the decoder one folder up.
    let own = std::env::current_exe().expect("own path");
    let folder = own.ancestors().nth(2).expect("target folder");
    config.decoder.program = Some(folder.join("idproof-decoder"));
    config
}

struct Silent;

impl Progress for Silent {
    fn started(&self, _: Stage) {}
    fn seen(&self, _: Stage, _: Duration) {}
    fn finished(&self, _: Stage, _: Duration) {}
}

struct Measured {
    /// Of this process and its children.
    cpu: Duration,
    /// Of the children alone.
    children: Duration,
    wall: Duration,
}

fn measure<T>(work: impl FnOnce() -> T) -> Measured {
    let before = (
        cpu_time(UsageWho::RUSAGE_SELF),
        cpu_time(UsageWho::RUSAGE_CHILDREN),
    );
    let wall = Instant::now();
    let value = work();
    let own = cpu_time(UsageWho::RUSAGE_SELF) - before.0;
    let children = cpu_time(UsageWho::RUSAGE_CHILDREN) - before.1;
    let measured = Measured {
        cpu: own + children,
        children,
        wall: wall.elapsed(),
    };
    drop(value);
    measured
}

/// User and system time; children count once they have ended.
fn cpu_time(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("getrusage");
    [usage.user_time(), usage.system_time()]
        .map(|t| {
            let micros = t.tv_sec() * 1_000_000 + t.tv_usec();
            Duration::from_micros(u64::try_from(micros).unwrap_or(0))
        })
        .iter()
        .sum()
}

fn median(values: impl Iterator<Item = Duration>) -> Duration {
    let mut all: Vec<Duration> = values.collect();
    all.sort();
    all[all.len() / 2]
}

/// One decoding of the file by FFmpeg's command line, on one thread.
fn ffmpeg_floor(path: &Path) -> Duration {
    median((0..REPEATS).map(|_| {
        measure(|| {
            let status = Command::new("ffmpeg")
                .args(["-v", "error", "-threads", "1", "-i"])
                .arg(path)
                .args(["-f", "null", "-"])
                .status();
            assert!(status.is_ok_and(|s| s.success()));
        })
        .cpu
    }))
}

struct ModelFloor {
    calls: usize,
    total: Duration,
}

/// Every ONNX call that was made, made again bare.
fn model_floor(
    runtime: &Runtime,
    store: &idproof_models::Store,
    made: &call_counter::Calls,
) -> BTreeMap<String, ModelFloor> {
    made.iter()
        .map(|(name, shapes)| {
            let model = store.read(name).expect("a model that spoke");
            let file = ModelFile {
                identity: ModelIdentity {
                    name: model.name,
                    version: model.version,
                    sha256: model.sha256,
                },
                bytes: model.bytes,
            };
            let mut total = Duration::ZERO;
            for (shape, count) in shapes {
                let pixels = vec![127.0; shape.iter().product()];
                let mut bare = BareModel::new(runtime, &file, shape, pixels).expect("it loads");
                bare.run().expect("it runs");
                let each = measure(|| {
                    for _ in 0..REPEATS {
                        bare.run().expect("it runs");
                    }
                });
                total += each.cpu * u32::try_from(*count).unwrap_or(1) / REPEATS as u32;
            }
            let calls = shapes.values().sum();
            (name.clone(), ModelFloor { calls, total })
        })
        .collect()
}

/// The speech model alone on the recording's sound; zero where there is none.
fn speech_floor(analysers: &Analysers, case: &Case) -> Duration {
    let Ok(recogniser) = &analysers.speech else {
        return Duration::ZERO;
    };
    let raw = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&case.video)
        .args(["-f", "f32le", "-ac", "1", "-ar", "16000", "-"])
        .output()
        .expect("ffmpeg")
        .stdout;
    let samples: Vec<f32> = raw
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let expected = DIGITS.parse().expect("digits");
    let mut recogniser = recogniser.lock().expect("unused");
    measure(|| {
        let request = SpeechRequest {
            samples: &samples,
            language: idproof_domain::Language::Fr,
            expected: &expected,
        };
        recogniser.recognise(&request).expect("it listens")
    })
    .cpu
}

fn ms(d: Duration) -> String {
    format!("{:.0}", d.as_secs_f64() * 1e3)
}
