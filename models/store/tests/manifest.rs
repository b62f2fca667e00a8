//! The manifest's rules, each with an entry that breaks it; and the manifest that ships.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod small;

use std::fs;
use std::path::Path;

use idproof_models::{Kind, Manifest, PullPolicy, Source};

/// The message for [`small::manifest`] with `from` replaced by `to`.
fn broken(from: &str, to: &str, sources: &str) -> String {
    let text = small::manifest(sources);
    assert!(text.contains(from), "{from} is not in the manifest");
    let broken = Manifest::parse(&text.replace(from, to));
    broken.expect_err(to).to_string()
}

#[test]
fn file_names_stay_in_the_store() {
    for name in [
        "",
        ".",
        "..",
        "../toy.bin",
        "/etc/passwd",
        "a/b",
        "a\\\\b",
        ".hidden",
        ".partial-x",
        ".lock",
        "toy\\u0000.bin",
        "toy bin",
        "tôy.bin",
        "-toy",
    ] {
        let message = broken("file = \"toy.bin\"", &format!("file = \"{name}\""), "");
        assert!(
            message.contains("toy: ") && message.contains("not a plain file name"),
            "{message}"
        );
    }
}

#[test]
fn paths_in_the_repository_stay_there() {
    for path in [
        "/etc/passwd",
        "../secret",
        "toys/../../secret",
        "toys//toy.bin",
        "",
    ] {
        let text = format!("[[model.source]]\nkind = \"repository\"\npath = \"{path}\"\n");
        let message = broken("format = 1", "format = 1 ", &text);
        assert!(message.contains("leaves the repository"), "{message}");
    }
}

#[test]
fn packages_are_pinned_and_cannot_pass_for_options() {
    let sum = small::integrity(b"");
    let npm = small::npm_source(&sum, &["a"], "");
    for (from, to, why) in [
        (
            "@scope/toy",
            "--registry=https://evil.example",
            "is not an npm package",
        ),
        ("@scope/toy", "@scope/toy/more", "is not an npm package"),
        ("@scope/toy", "../toy", "is not an npm package"),
        ("@scope/toy", "file:toy", "is not an npm package"),
        ("1.2.3", "latest", "not a pinned version"),
        ("1.2.3", "^1.2.3", "not a pinned version"),
        (sum.as_str(), "sha512-AAAA", "integrity is not"),
        (sum.as_str(), "sha1-AAAA", "integrity is not"),
        ("[\"a\"]", "[\"a\", \"b\"]", "2 members, expected 1"),
    ] {
        let message = broken(from, to, &npm);
        assert!(message.contains(why), "{message}");
    }
    let pypi = small::pypi_source(&small::sha256(b"wheel"), "a");
    for (from, to, why) in [
        (
            "package = \"toy\"",
            "package = \"-r\"",
            "is not a PyPI package",
        ),
        ("1.2.3", ">=1", "not a pinned version"),
        ("members", "abi = \"cp311\"\nmembers", "belong together"),
        ("members", "python = \"3;x\"\nmembers", "is not a wheel tag"),
    ] {
        let message = broken(from, to, &pypi);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn sums_tasks_addresses_and_keys_are_checked() {
    let sum = small::sha256(small::TOY);
    for (from, to, why) in [
        (sum.as_str(), "abc", "sha256 is not 64"),
        (sum.as_str(), &sum.to_uppercase(), "sha256 is not 64"),
        ("speech", "telepathy", "telepathy"),
        ("bytes = 31", "bytes = 0", "bytes is 0"),
        ("licence = \"MIT\"", "licence = \" \"", "licence is empty"),
        (
            "https://example.org",
            "http://example.org",
            "neither an https address nor",
        ),
        ("\"ggml\"", "\"onnx\"", "without inputs or outputs"),
        ("format = 1", "format = 2", "format 2 is not known"),
        (
            "version = \"1\"",
            "version = \"1\"\ncolour = \"red\"",
            "colour",
        ),
    ] {
        let message = broken(from, to, "");
        assert!(message.contains(why), "{message}");
    }
    let address = "[[model.source]]\nkind = \"address\"\nurl = \"https://example.org/toy\"\n";
    let message = broken("https://example.org/toy", "file:///etc/passwd", address);
    assert!(message.contains("not an https address"), "{message}");
}

#[test]
fn names_and_files_are_unique() {
    let one = small::manifest("");
    let twice = format!("{one}{}", one.replace("format = 1\n", ""));
    let message = Manifest::parse(&twice).unwrap_err().to_string();
    assert!(
        message.contains("toy: the name is there twice"),
        "{message}"
    );
    let other = one
        .replace("format = 1\n", "")
        .replace("\"toy\"", "\"toy2\"");
    let message = Manifest::parse(&format!("{one}{other}"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("toy2: the file toy.bin is there twice"),
        "{message}"
    );
}

#[test]
fn a_model_of_another_platform_is_not_offered() {
    let foreign = small::manifest("").replace("kind =", "platform = \"plan9-vax\"\nkind =");
    assert!(Manifest::parse(&foreign).unwrap().entries().is_empty());
}

#[test]
fn the_manifest_that_ships_is_valid_and_every_required_model_has_a_source_without_a_mirror() {
    let manifest = Manifest::embedded().unwrap();
    for entry in manifest.entries() {
        if entry.pull == PullPolicy::Required {
            let free = |source: &Source| !matches!(source, Source::Address { .. });
            assert!(
                entry.source.iter().any(free),
                "{} has no package",
                entry.name
            );
        }
        assert_eq!(
            entry.kind == Kind::Onnx,
            !entry.input.is_empty(),
            "{}",
            entry.name
        );
    }
    assert!(manifest.default_names().contains(&"face_recognition"));
    assert!(!manifest.default_names().contains(&"whisper_tiny"));
}

#[test]
fn every_file_committed_beside_the_manifest_is_the_one_it_names() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in Manifest::embedded().unwrap().entries() {
        for source in &entry.source {
            let Source::Repository { path } = source else {
                continue;
            };
            let bytes = fs::read(models.join(path)).unwrap();
            assert_eq!(bytes.len() as u64, entry.bytes, "{}", entry.name);
            assert_eq!(small::sha256(&bytes), entry.sha256, "{}", entry.name);
        }
    }
}

#[test]
fn the_readme_names_every_model_with_its_file_and_licence() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(models.join("README.md")).unwrap();
    for entry in Manifest::load(&models.join("manifest.toml"))
        .unwrap()
        .entries()
    {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{}`", entry.name)));
        let row = row.unwrap_or_else(|| panic!("README.md has no row for {}", entry.name));
        assert!(row.contains(&format!("`{}`", entry.file)), "{row}");
        assert!(row.contains(&entry.licence), "{row}");
        for spec in entry.input.iter().chain(entry.output.first()) {
            assert!(
                row.contains(&format!("`{}`", spec.name)),
                "{}: {row}",
                spec.name
            );
        }
    }
}
