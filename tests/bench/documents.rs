//! What one photograph of a document of 12 megapixels costs one core, as a table: the zone alone,
//! and everything that a case does with a photograph. Of the first samples, or of the photographs
//! given by their full paths. PassportEye beside it where the Python
//! environment has it (`make bench-documents` installs it where pip and tesseract are there).
//!
//! Processor time, not wall time: the networks compute on the thread that calls them.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints and fails loudly"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use idproof::clock::SystemClock;
use idproof::{compose, config::Config};
use idproof_domain::Language;
use idproof_ports::{MediaDecoder, RgbImage};
use idproof_worker::{Analysers, CaseInput};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const REPEATS: usize = 7;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a root");
    std::env::set_current_dir(root).expect("the workspace");
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let photographs = if given.is_empty() {
        photographs(Path::new("var/samples"))
    } else {
        given
    };
    assert!(!photographs.is_empty(), "run `make samples` first");
    let mut config = Config::load(None, &idproof::config::environment()).expect("configuration");
    // This program lies in `examples`, the decoder one folder up.
    let own = std::env::current_exe().expect("own path");
    let folder = own.ancestors().nth(2).expect("target folder");
    config.decoder.program = Some(folder.join("idproof-decoder"));
    let clock = Arc::new(SystemClock::new());
    let store = compose::store(&config).expect("a store");
    let analysers = compose::analysers(&config, &store, clock.clone());
    let decoder = compose::decoder(&config, clock).expect("a decoder");
    println!(
        "| photograph | pixels | decoding | zone alone | whole document stage, decoding included |"
    );
    println!("|---|---|---|---|---|");
    for path in &photographs {
        let image = decoder
            .decode_image(&path.as_path().into())
            .expect("a photograph")
            .image;
        let decoding = measure(|| {
            let file = path.as_path().into();
            drop(decoder.decode_image(&file).expect("a photograph"));
        });
        let zone = measure(|| zone(&analysers, &image));
        let whole = measure(|| whole(&decoder, &analysers, path));
        println!(
            "| {} | {:.1} million | {decoding} ms | {zone} ms | {whole} ms |",
            path.display(),
            f64::from(image.width()) * f64::from(image.height()) / 1e6,
        );
    }
    passport_eye(&photographs);
}

/// The document found, and its zone.
fn zone(analysers: &Analysers, image: &RgbImage) {
    idproof_worker::zone_of(analysers, image).expect("models that work: `make models`");
}

fn whole(decoder: &dyn MediaDecoder, analysers: &Analysers, path: &Path) {
    let input = CaseInput {
        documents: vec![path.into()],
        video: path.into(),
        digits: "123".parse().expect("digits"),
        language: Language::En,
        script: None,
        capture: Default::default(),
        declared: None,
        announced: None,
        today: time::macros::date!(2026 - 11 - 29),
    };
    let read = idproof_worker::read_documents(decoder, analysers, &input);
    assert!(read.expect("a photograph").surfaces.value().is_some());
}

/// Median milliseconds of processor time, of this process and of its decoders.
fn measure(mut work: impl FnMut()) -> i64 {
    work();
    let used = || {
        let of = |who| {
            let usage = getrusage(who).expect("the system counts");
            usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
        };
        of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN)
    };
    let mut took: Vec<i64> = (0..REPEATS)
        .map(|_| {
            let before = used();
            work();
            used() - before
        })
        .collect();
    took.sort_unstable();
    took[REPEATS / 2] / 1_000
}

/// Backs and data pages of the first sample cases of each kind.
fn photographs(samples: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(samples)
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|case| {
            std::fs::read_dir(case.path())
                .into_iter()
                .flatten()
                .flatten()
        })
        .map(|file| file.path())
        .filter(|path| path.ends_with("card-back.jpg") || path.ends_with("card-front.jpg"))
        .collect();
    found.sort();
    found.truncate(4);
    found
}

/// The same photographs through PassportEye, its own processor time.
fn passport_eye(photographs: &[PathBuf]) {
    let ran = Command::new("var/venv/bin/python")
        .arg("tests/bench/passport_eye.py")
        .args(photographs)
        .output();
    match ran {
        Ok(done) if done.status.success() => {
            println!("\n{}", String::from_utf8_lossy(&done.stdout).trim_end());
        }
        Ok(done) => println!(
            "\nPassportEye is not here: {}",
            String::from_utf8_lossy(&done.stderr)
                .lines()
                .last()
                .unwrap_or("no message")
        ),
        Err(e) => println!("\nPassportEye is not here: {e}"),
    }
}
