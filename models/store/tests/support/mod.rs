//! What the tests of the networks share: the store, the original networks, pictures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use idproof_models::{Manifest, Silent, Store, StoreConfig};

/// The store of this machine: `IDPROOF_MODELS_DIR`, or `var/models` in the workspace.
/// What is missing there is pulled first.
pub fn store(names: &[&str]) -> Store {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = std::env::var_os("IDPROOF_MODELS_DIR").map(PathBuf::from);
    let dir = dir.unwrap_or_else(|| workspace.join("var/models"));
    let mut config = StoreConfig::new(dir);
    config.repository = Some(workspace.join("models"));
    let store = Store::new(config, Manifest::embedded().unwrap());
    let report = store.pull(names, &mut Silent).unwrap();
    let failures: Vec<String> = report.failures().map(|(_, e)| e.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    store
}

/// The directory with the original networks' packages, installed as the lock file says.
pub fn originals() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/original");
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm.lock")).unwrap();
    lock.lock().unwrap();
    let age = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    let installed = age(&dir.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < age(&dir.join("package-lock.json")) {
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&dir)
            .output()
            .unwrap_or_else(|error| {
                panic!("the original networks need npm (Node.js 20 or newer): {error}")
            });
        assert!(
            output.status.success(),
            "`npm ci` in {} failed:\n{}",
            dir.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    dir
}

/// Runs the original networks on every `<model>.<index>.rgb` in `directory`.
pub fn run_originals(directory: &Path) {
    let originals = originals();
    let output = Command::new("node")
        .arg(originals.join("run.mjs"))
        .arg(directory)
        .output()
        .unwrap_or_else(|error| panic!("the original networks need Node.js 20 or newer: {error}"));
    assert!(
        output.status.success(),
        "the original networks failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A square picture, RGB, row by row: gradients under blurred noise from a fixed generator.
pub fn synthetic(size: usize) -> Vec<u8> {
    const CELL: usize = 16;
    let cells = size / CELL + 2;
    let mut state = 0x2545_f491_u32;
    let grid: Vec<u32> = (0..cells * cells * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24
        })
        .collect();
    let mut picture = Vec::with_capacity(size * size * 3);
    for y in 0..size {
        for x in 0..size {
            for channel in 0..3 {
                let at = |dy: usize, dx: usize| {
                    grid[((y / CELL + dy) * cells + x / CELL + dx) * 3 + channel] as usize
                };
                let (fy, fx) = (y % CELL, x % CELL);
                let top = at(0, 0) * (CELL - fx) + at(0, 1) * fx;
                let bottom = at(1, 0) * (CELL - fx) + at(1, 1) * fx;
                let noise = (top * (CELL - fy) + bottom * fy) / (CELL * CELL);
                let gradient = [x, y, x + y][channel] * 255 / (2 * size);
                picture.push(((noise + gradient) / 2) as u8);
            }
        }
    }
    picture
}

/// The face that human carries as its warm-up picture, scaled to a square of `size`, RGB.
pub fn face(size: usize) -> Vec<u8> {
    let source = originals().join("node_modules/@vladmandic/human/src/sample.ts");
    let text = fs::read_to_string(source).unwrap();
    let encoded: String = text
        .split('`')
        .nth(1)
        .expect("the sample is a template string")
        .split_whitespace()
        .collect();
    let jpeg = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .unwrap();
    let picture = image::load_from_memory(&jpeg).unwrap().to_rgb8();
    let side = u32::try_from(size).unwrap();
    let filter = image::imageops::FilterType::Triangle;
    image::imageops::resize(&picture, side, side, filter).into_raw()
}
