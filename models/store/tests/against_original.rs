//! The converted networks against the originals, on the same pictures: a synthetic one and a face.
//!
//! Needs Node.js and npm for the originals, and ONNX Runtime from the store. The largest
//! differences measured are in `models/README.md`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod support;

use std::fs;
use std::path::Path;

use idproof_models::{Recipe, Source, Store, convert};
use ort::session::Session;
use ort::value::Tensor;

/// Model, side of its input, whether it takes a batch.
const NETWORKS: [(&str, usize, bool); 6] = [
    ("face_detector_ssd", 512, true),
    ("face_landmarks_68", 112, true),
    ("face_recognition", 150, true),
    ("facemesh", 192, true),
    ("blazeface", 256, false),
    ("iris", 64, true),
];

/// Largest difference allowed, as a share of the output's largest number. Single precision over
/// some fifty layers in another order of summation leaves about 1e-5.
const TOLERANCE: f32 = 1e-4;

#[test]
fn every_converted_network_answers_like_its_original() {
    let mut names = vec!["onnxruntime"];
    names.extend(NETWORKS.iter().map(|(name, ..)| *name));
    let store = support::store(&names);
    let pictures = tempfile::tempdir().unwrap();
    for (name, size, _) in NETWORKS {
        let path = |index: usize| pictures.path().join(format!("{name}.{index}.rgb"));
        fs::write(path(0), support::synthetic(size)).unwrap();
        fs::write(path(1), support::face(size)).unwrap();
    }
    support::run_originals(pictures.path());

    let library = store.locate("onnxruntime").unwrap();
    let environment = ort::init_from(library.path).unwrap().build().unwrap();
    let mut failures = Vec::new();
    for (name, size, batched) in NETWORKS {
        let bytes = store.read(name).unwrap().bytes;
        let mut session = Session::builder(&environment)
            .unwrap()
            .commit_from_memory(&bytes)
            .unwrap();
        check_signature(&store, name, &session);
        let batches: &[&[usize]] = if batched { &[&[0, 1]] } else { &[&[0], &[1]] };
        for batch in batches {
            compare(
                &mut session,
                name,
                size,
                batch,
                pictures.path(),
                &mut failures,
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs `batch` at once and compares every output with the originals'.
fn compare(
    session: &mut Session,
    name: &str,
    size: usize,
    batch: &[usize],
    pictures: &Path,
    failures: &mut Vec<String>,
) {
    let mut input = Vec::new();
    for index in batch {
        let picture = fs::read(pictures.join(format!("{name}.{index}.rgb"))).unwrap();
        for channel in 0..3 {
            input.extend(
                picture
                    .iter()
                    .skip(channel)
                    .step_by(3)
                    .map(|v| f32::from(*v)),
            );
        }
    }
    let tensor = Tensor::from_array((vec![batch.len(), 3, size, size], input)).unwrap();
    let outputs = session.run(ort::inputs!["image" => tensor]).unwrap();
    for (output, value) in outputs.iter() {
        let (_, numbers) = value.try_extract_tensor::<f32>().unwrap();
        let each = numbers.len() / batch.len();
        for (index, ours) in batch.iter().zip(numbers.chunks_exact(each)) {
            let original = |index: usize| -> Vec<f32> {
                let path = pictures.join(format!("{name}.{index}.{output}.f32"));
                let bytes = fs::read(path).unwrap();
                let words = bytes.chunks_exact(4);
                words
                    .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
                    .collect()
            };
            let (difference, largest) = difference(ours, &original(*index));
            println!("{name:18} {index} {output:10} difference {difference:.2e} of {largest:.3e}");
            if !same(difference, largest) {
                failures.push(format!(
                    "{name}, picture {index}, {output}: differs by {difference} of {largest}"
                ));
            }
            // The comparison can tell: the other picture's answer is not taken for this one's.
            let (difference, largest) = self::difference(ours, &original(1 - index));
            if same(difference, largest) {
                failures.push(format!("{name}, {output}: blind to the picture"));
            }
        }
    }
}

/// The largest difference, and the largest number of the original.
fn difference(ours: &[f32], original: &[f32]) -> (f32, f32) {
    assert_eq!(ours.len(), original.len());
    let pairs = ours.iter().zip(original);
    pairs.fold((0.0, 0.0), |(difference, largest), (a, b)| {
        let this = (a - b).abs();
        // Kept when it is not a number, so that the comparison fails.
        let difference = if this <= difference { difference } else { this };
        (difference, f32::max(largest, b.abs()))
    })
}

fn same(difference: f32, largest: f32) -> bool {
    difference <= TOLERANCE * largest.max(1e-3)
}

/// The file has the inputs and outputs that the manifest names, in its order.
fn check_signature(store: &Store, name: &str, session: &Session) {
    let entry = store.manifest().entry(name).unwrap();
    let names = |list: &[idproof_models::TensorSpec]| -> Vec<String> {
        list.iter().map(|spec| spec.name.clone()).collect()
    };
    let inputs: Vec<String> = session
        .inputs()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    let outputs: Vec<String> = session
        .outputs()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    assert_eq!(inputs, names(&entry.input), "inputs of {name}");
    assert_eq!(outputs, names(&entry.output), "outputs of {name}");
}

#[test]
fn the_conversion_gives_the_same_bytes_every_time_and_those_of_the_manifest() {
    let packages = support::originals().join("node_modules");
    let store = support::store(&["face_landmarks_68"]);
    let mut converted = 0;
    for entry in store.manifest().entries() {
        for source in &entry.source {
            let Source::Npm {
                package,
                members,
                convert: Some(recipe),
                ..
            } = source
            else {
                continue;
            };
            let member = |index: usize| {
                let path = members[index].strip_prefix("package/").unwrap();
                fs::read(packages.join(package).join(path)).unwrap()
            };
            let (json, binary) = (member(0), member(1));
            let first = convert(recipe, &entry.name, &json, &binary).unwrap();
            let second = convert(recipe, &entry.name, &json, &binary).unwrap();
            assert!(first == second, "{} differs from itself", entry.name);
            assert_eq!(first.len() as u64, entry.bytes, "{}", entry.name);
            assert_eq!(sha256(&first), entry.sha256, "{}", entry.name);
            refuses_half(recipe, &json, &binary);
            converted += 1;
        }
    }
    assert_eq!(converted, NETWORKS.len());
}

/// A truncated binary or a cut JSON is an error, not a smaller network.
fn refuses_half(recipe: &Recipe, json: &[u8], binary: &[u8]) {
    assert!(convert(recipe, "half", json, &binary[..binary.len() / 2]).is_err());
    assert!(convert(recipe, "half", &json[..json.len() / 2], binary).is_err());
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
