//! Reads the machine-readable zone of every image below a directory and says how many have
//! all check digits right: `mrz MODELS_DIR IMAGES_DIR [--show] [--missed] [--turn]...`. Where the directory holds a
//! `truth.tsv` (file, lines with `/` between) it also says how many were read exactly. `--show` prints the lines, `--missed`
//! only those of pictures that were not read exactly: for specimens only. Each `--turn` turns every image by 90° first.
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use idproof_domain::mrz;
use idproof_inference::{ModelFile, Runtime, text::PpOcr};
use idproof_ports::{ModelIdentity, RgbImage, TextReader};

/// Our own network for rows, used where the directory has it.
const OWN: &str = "mrz-lines.onnx";

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

/// The lines written down for each file.
fn truth(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(dir.join("truth.tsv")).unwrap_or_default();
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let (file, zone) = (parts.next()?, parts.next()?);
            Some((
                file.to_owned(),
                zone.split('/').map(str::to_owned).collect(),
            ))
        })
        .collect()
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
        return Err("usage: mrz MODELS_DIR IMAGES_DIR [--show] [--missed] [--turn]...".into());
    };
    let asked = |name: &str| rest.iter().any(|a| a == name);
    let models = Path::new(models);
    let runtime = Runtime::load(&models.join("libonnxruntime.so"))?;
    let detection = model(models, "ch_PP-OCRv4_det_infer.onnx")?;
    let recognition = model(models, "ch_PP-OCRv4_rec_infer.onnx")?;
    let mut reader = PpOcr::new(&runtime, &detection, &recognition)?;
    if models.join(OWN).exists() {
        reader = reader.with_mrz_lines(&runtime, &model(models, OWN)?)?;
    }
    let truth = truth(Path::new(dir));
    let (mut valid, mut exact, mut all, mut total) = (0, 0, 0, 0);
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
        let lines = reader.read_mrz_lines(&picture, &[])?;
        let took = on_cpu()? - start;
        total += took;
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        let best = mrz::correct(&texts).into_iter().next();
        let right = best.as_ref().is_some_and(|c| c.mrz.all_checks_valid());
        valid += usize::from(right);
        all += 1;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let written = truth.get(&name);
        let same = best.as_ref().map(|b| &b.lines) == written;
        exact += usize::from(same);
        let verdict = match (right, written.is_none() || same) {
            (true, true) => "valid",
            (true, false) => "WRONG",
            (false, _) => "-----",
        };
        println!("{verdict} {took:5} ms {width}x{height} {name} {best:?}");
        if asked("--show") || (asked("--missed") && !same) {
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
            for line in written.into_iter().flatten() {
                println!("      truth {:2}      {line}", line.len());
            }
        }
    }
    println!(
        "{valid} of {all} with every check digit right, {} ms CPU each",
        total / all.max(1)
    );
    if !truth.is_empty() {
        println!("{exact} of {} read exactly", truth.len());
    }
    Ok(())
}
