//! The store hands out the right file or none.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod small;

use std::fs;

use idproof_models::{Manifest, Outcome, Silent, Status, Store, StoreConfig, StoreError};
use small::{Lines, Place, TOY};

#[test]
fn the_right_file_is_handed_out_with_its_identity() {
    let place = Place::new();
    let store = place.store("");
    fs::write(place.path("store/toy.bin"), TOY).unwrap();
    let located = store.locate("toy").unwrap();
    assert_eq!(located.path, place.path("store/toy.bin"));
    assert_eq!(located.sha256, small::sha256(TOY));
    assert_eq!(
        (located.name.as_str(), located.version.as_str()),
        ("toy", "1")
    );
    let loaded = store.read("toy").unwrap();
    assert_eq!(loaded.bytes, TOY);
    assert!(
        !format!("{loaded:?}").contains("116"),
        "bytes are not printed"
    );
    assert_eq!(store.list()[0].status, Status::Ready);
}

#[test]
fn another_file_is_refused_and_named_whatever_its_length() {
    let mut same = TOY.to_vec();
    same[0] ^= 1;
    let longer = [TOY, b"!"].concat();
    for wrong in [same.as_slice(), &longer, &TOY[1..], b""] {
        let place = Place::new();
        let store = place.store("");
        let path = place.path("store/toy.bin");
        fs::write(&path, wrong).unwrap();
        let sum = small::sha256(wrong);
        for error in [
            store.locate("toy").unwrap_err(),
            store.read("toy").unwrap_err(),
        ] {
            assert!(
                matches!(&error, StoreError::WrongHash { actual, .. } if *actual == sum),
                "{error}"
            );
            let message = error.to_string();
            assert!(message.contains("toy: refused"), "{message}");
            assert!(message.contains(&path.display().to_string()), "{message}");
            assert!(message.contains(&small::sha256(TOY)), "{message}");
        }
        let states = store.verify();
        assert_eq!(states[0].status, Status::WrongHash { actual: sum });
        assert!(small::holds(&path, wrong), "a refused file is left alone");
    }
}

#[test]
fn a_missing_file_says_how_to_get_it() {
    let place = Place::new();
    let store = place.store("");
    let message = store.locate("toy").unwrap_err().to_string();
    assert!(message.contains("idproof models pull toy"), "{message}");
    assert!(matches!(store.read("toy"), Err(StoreError::Missing { .. })));
    assert_eq!(store.list()[0].status, Status::Missing);
    assert!(store.verify().is_empty());
}

#[test]
fn a_directory_in_the_place_of_the_file_is_not_read() {
    let place = Place::new();
    let store = place.store("");
    fs::create_dir(place.path("store/toy.bin")).unwrap();
    assert!(matches!(store.locate("toy"), Err(StoreError::Io { .. })));
    assert!(matches!(store.read("toy"), Err(StoreError::Io { .. })));
    assert!(matches!(store.list()[0].status, Status::Unreadable { .. }));
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let place = Place::new();
    let store = place.store("");
    let message = store.locate("tyo").unwrap_err().to_string();
    assert_eq!(message, "there is no model called tyo; known: toy");
    assert!(store.pull(&["tyo"], &mut Silent).is_err());
}

#[test]
fn a_pull_takes_the_mirror_tells_its_steps_and_leaves_one_whole_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let store = place.store("");
    fs::write(place.path("mirror/toy.bin"), TOY).unwrap();
    fs::write(place.path("store/.partial-killed"), b"half").unwrap();
    let mut lines = Lines::default();
    let report = store.pull(&[], &mut lines).unwrap();
    assert!(report.complete());
    let steps = [
        "started toy 31",
        "failed store: not there",
        "trying mirror",
        "ready toy mirror",
    ];
    assert_eq!(lines.0, steps);
    assert_eq!(place.files(), ["toy.bin"]);
    let metadata = fs::metadata(place.path("store/toy.bin")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o644);
    assert!(store.locate("toy").is_ok());
    assert_eq!(small::pull(&store), Outcome::AlreadyThere);
}

#[test]
fn a_pull_replaces_a_wrong_file_and_never_takes_another_wrong_one() {
    let place = Place::new();
    let store = place.store("[[model.source]]\nkind = \"repository\"\npath = \"toys/toy.bin\"\n");
    fs::write(place.path("store/toy.bin"), b"broken").unwrap();
    fs::write(place.path("mirror/toy.bin"), b"forged").unwrap();
    let message = small::pull_error(&store);
    for part in [
        "store: another file",
        "mirror: another file of 6 bytes",
        "repository toys/toy.bin",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(small::holds(&place.path("store/toy.bin"), b"broken"));

    fs::create_dir(place.path("repository/toys")).unwrap();
    fs::write(place.path("repository/toys/toy.bin"), TOY).unwrap();
    match small::pull(&store) {
        Outcome::Fetched { source, tried } => {
            assert_eq!(source, "repository toys/toy.bin");
            assert_eq!(tried.len(), 2);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(place.files(), ["toy.bin"]);
}

#[test]
fn two_pulls_at_once_both_succeed() {
    let place = Place::new();
    fs::write(place.path("mirror/toy.bin"), TOY).unwrap();
    std::thread::scope(|scope| {
        let pull = || small::pull(&place.store(""));
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(pull)).collect();
        for handle in handles {
            assert!(!matches!(handle.join().unwrap(), Outcome::Failed { .. }));
        }
    });
    assert_eq!(place.files(), ["toy.bin"]);
}

#[test]
fn a_store_that_cannot_be_made_is_an_error() {
    let place = Place::new();
    fs::write(place.path("file"), b"").unwrap();
    let manifest = Manifest::parse(&small::manifest("")).unwrap();
    let store = Store::new(StoreConfig::new(place.path("file/store")), manifest);
    let message = store.pull(&["toy"], &mut Silent).unwrap_err().to_string();
    assert!(message.starts_with("cannot make "), "{message}");
}
