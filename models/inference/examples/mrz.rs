//! Reads the machine-readable zone of every image below a directory and says how many have
//! all check digits right: `mrz MODELS_DIR IMAGES_DIR [--show] [--turn]...`. `--show` prints the lines:
//! for specimens only. Each `--turn` turns every image by 90° first.
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

use std::path::{Path, PathBuf};

use idproof_domain::mrz;
use idproof_inference::{ModelFile, Runtime, text::PpOcr};
use idproof_ports::{ModelIdentity, RgbImage, TextReader};

type Failure = Box<dyn std::error::Error>;

fn model(dir: &Path, file: &str) -> Result<ModelFile, Failure> {
    Ok(ModelFile {
        identity: ModelIdentity {
            name: file.to_owned(),
            version: String::new(),
            sha256: String::new(),
        },
        bytes: std::fs::read(dir.join(file))?,
    })
}

fn images(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(images(&path)?);
        } else if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("jpg" | "png")
        ) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Milliseconds this thread has run.
fn on_cpu() -> Result<u64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: u64 = text.split(' ').next().unwrap_or("0").parse()?;
    Ok(nanoseconds / 1_000_000)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [models, dir, rest @ ..] = arguments.as_slice() else {
        return Err("usage: mrz MODELS_DIR IMAGES_DIR [--show]".into());
    };
    let models = Path::new(models);
    let runtime = Runtime::load(&models.join("libonnxruntime.so"))?;
    let detection = model(models, "ch_PP-OCRv4_det_infer.onnx")?;
    let recognition = model(models, "ch_PP-OCRv4_rec_infer.onnx")?;
    let mut reader = PpOcr::new(&runtime, &detection, &recognition)?;
    let (mut valid, mut all, mut total) = (0, 0, 0);
    for path in images(Path::new(dir))? {
        let mut picture = image::open(&path)?.to_rgb8();
        for _ in 0..rest.iter().filter(|a| *a == "--turn").count() {
            picture = image::imageops::rotate90(&picture);
        }
        let (width, height) = picture.dimensions();
        let Some(picture) = RgbImage::from_raw(width, height, picture.into_raw()) else {
            continue;
        };
        let start = on_cpu()?;
        let lines = reader.read_mrz_lines(&picture)?;
        let took = on_cpu()? - start;
        total += took;
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        let best = mrz::correct(&texts).into_iter().next();
        let right = best.as_ref().is_some_and(|c| c.mrz.all_checks_valid());
        valid += usize::from(right);
        all += 1;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let verdict = if right { "valid" } else { "-----" };
        println!(
            "{verdict} {took:5} ms {width}x{height} {} {best:?}",
            name.unwrap_or_default()
        );
        if rest.iter().any(|a| a == "--show") {
            for line in &lines {
                println!(
                    "      read  {:2} {:.2} {}",
                    line.text.len(),
                    line.confidence,
                    line.text
                );
            }
            for line in best.iter().flat_map(|c| &c.lines) {
                println!("      taken {:2}      {line}", line.len());
            }
        }
    }
    println!(
        "{valid} of {all} with every check digit right, {} ms CPU each",
        total / all.max(1)
    );
    Ok(())
}
