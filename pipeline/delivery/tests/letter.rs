//! The letter as PDF, read back by another program; and the export for a print house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::python;
use idproof_delivery::{
    DeliveryError, ElectronicLetter, LetterProvider, PrintExport, Reason, Unpostable, Window,
    letter_pdf,
};
use idproof_domain::Language;
use idproof_domain::ids::LetterId;
use idproof_domain::letter::{LetterContent, Party};
use jiff::civil::{Date, date};
use sha2::{Digest, Sha256};

const TODAY: Date = date(2026, 3, 12);

fn letter_id(n: u8) -> LetterId {
    LetterId::new(1_773_135_000_000, [n; 10])
}

fn content(name: &str) -> LetterContent {
    LetterContent {
        letter: letter_id(1),
        case_number: "7F3K-92QD".into(),
        language: Language::Fr,
        sender: Party {
            name: "Zéphyr Identité".into(),
            lines: vec!["1 quai des Brumes".into(), "76600 Le Havre".into()],
        },
        recipient: Party {
            name: name.into(),
            lines: vec![
                "12 rue de l’Église".into(),
                "Bâtiment B".into(),
                "67000 STRASBOURG".into(),
            ],
        },
        code: "048213".parse().unwrap(),
        made_on: TODAY,
        valid_until: date(2026, 4, 2).at(10, 5, 0, 0),
        site: "id.zephyr.example".into(),
        help: Some("01 23 45 67 89".into()),
    }
}

/// What pypdf, which knows nothing of us, finds in a PDF.
fn read(pdf: &[u8]) -> serde_json::Value {
    use std::io::Write;
    let mut child = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/read_pdf.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text_of(content: &LetterContent) -> String {
    let pdf = letter_pdf(content, Window::Right).unwrap();
    let found = read(&pdf.bytes);
    assert_eq!(found["pages"], 1);
    plain(found["text"].as_str().unwrap())
}

/// Spaces of every kind and line ends are one space.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_letter_says_what_it_must_in_both_languages() {
    let french = text_of(&content("Maëlys Martin"));
    for part in [
        "Maëlys Martin",
        "67000 STRASBOURG",
        "12 mars 2026",
        "Votre code d’activation",
        "Dossier 7F3K-92QD",
        "0 4 8 2 1 3",
        "id.zephyr.example",
        "21 jours, jusqu’au 2 avril 2026 à 10 h 05",
        "Vous n’avez rien demandé",
        "01 23 45 67 89",
    ] {
        assert!(french.contains(part), "{part}: {french}");
    }
    let english = text_of(&LetterContent {
        language: Language::En,
        ..content("Maëlys Martin")
    });
    for part in [
        "Your activation code",
        "Case 7F3K-92QD",
        "0 4 8 2 1 3",
        "21 days, until 2 April 2026 at 10:05",
        "You did not ask for this?",
    ] {
        assert!(english.contains(part), "{part}: {english}");
    }
}

#[test]
fn it_declares_itself_archivable_and_accessible_and_embeds_its_fonts() {
    let pdf = letter_pdf(&content("Maëlys Martin"), Window::Right).unwrap();
    let found = read(&pdf.bytes);
    assert_eq!(found["pdfa"], "2A");
    assert_eq!(found["pdfua"], "1");
    assert_eq!(found["language"], "fr");
    assert_eq!(found["marked"], true);
    assert_eq!(found["title"], "Votre code d’activation");
    let fonts = found["fonts"].as_array().unwrap();
    assert_eq!(fonts.len(), 2);
    assert!(fonts.iter().all(|f| f["embedded"] == true), "{fonts:?}");
    // Nothing of the person where a preview or a search engine looks.
    let metadata = found["metadata"].to_string();
    assert!(!metadata.contains("Martin") && !metadata.contains("STRASBOURG"));
    assert!(pdf.bytes.len() < 100_000, "{}", pdf.bytes.len());
}

#[test]
fn the_same_letter_is_the_same_file() {
    let pdf = |name| letter_pdf(&content(name), Window::Right).unwrap().bytes;
    assert_eq!(pdf("Maëlys Martin"), pdf("Maëlys Martin"));
    assert_ne!(pdf("Maëlys Martin"), pdf("Maëlis Martin"));
}

/// Where each line of the address stands, in millimetres from the page's top left corner.
fn address_lines(window: Window, name: &str) -> Vec<(f64, f64)> {
    let pdf = letter_pdf(&content(name), window).unwrap();
    let found = read(&pdf.bytes);
    let mm = 25.4 / 72.0;
    let lines: Vec<(f64, f64)> = found["positions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            (
                p["x"].as_f64().unwrap() * mm,
                297.0 - p["y"].as_f64().unwrap() * mm,
            )
        })
        .collect();
    lines
}

#[test]
fn the_address_stands_in_the_window() {
    for (window, x, y) in [
        (Window::Right, 104.9..185.0, 55.0..79.0),
        (Window::Left, 24.9..100.0, 62.7..90.0),
    ] {
        for name in ["Maëlys Martin".to_owned(), "Anne-Sophie ".repeat(25)] {
            let lines = address_lines(window, &name);
            let inside: Vec<_> = lines
                .iter()
                .filter(|(lx, ly)| x.contains(lx) && y.contains(ly))
                .collect();
            assert!(inside.len() >= 4, "{window:?}: {lines:?}");
            // Between sender and text there is nothing else.
            for (lx, ly) in &lines {
                let between = *ly > 40.0 && *ly < 95.0;
                assert!(!between || (x.contains(lx) && y.contains(ly)), "{lx} {ly}");
            }
        }
    }
}

#[test]
fn a_name_of_300_characters_wraps_and_shrinks() {
    for name in [
        "Anne-Sophie ".repeat(25),
        "W".repeat(150) + " " + &"i".repeat(149),
    ] {
        let name = name.trim();
        let text = text_of(&content(name)).replace(' ', "");
        let name = name.replace(' ', "");
        assert!(text.matches(&name).count() >= 2, "in address and greeting");
    }
    // As wide as letters get, and an address that leaves no room.
    let mut wide = content(&"W".repeat(300));
    wide.recipient.lines = vec!["W".repeat(200); 5];
    let pdf = letter_pdf(&wide, Window::Right).unwrap();
    assert_eq!(pdf.unpostable, Some(Unpostable::TooLong));
    assert_eq!(read(&pdf.bytes)["pages"], 1);
    assert_eq!(ElectronicLetter.deposit(&wide, TODAY), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        PrintExport::new(dir.path(), Window::Right).deposit(&wide, TODAY),
        Err(DeliveryError::Permanent {
            reason: Reason::Unpostable(Unpostable::TooLong)
        })
    );
}

#[test]
fn arabic_is_shaped_and_reads_back() {
    let pdf = letter_pdf(&content("فاطمة الزهراء"), Window::Right).unwrap();
    assert_eq!(pdf.unpostable, None);
    let found = read(&pdf.bytes);
    let text = plain(found["text"].as_str().unwrap());
    for word in ["فاطمة", "الزهراء"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(
        text.contains("12 rue de l’Église"),
        "the street is not turned round: {text}"
    );
    // Joined forms are other glyphs than isolated ones.
    let joined = glyphs("فاطمة");
    let isolated = glyphs("ف ا ط م ة");
    assert_ne!(joined, isolated);
}

/// Tells subsets of the fonts apart by the glyphs they hold.
fn glyphs(name: &str) -> u64 {
    let pdf = letter_pdf(&content(name), Window::Right).unwrap();
    read(&pdf.bytes)["glyph_hash"].as_u64().unwrap()
}

#[test]
fn an_emoji_is_shown_or_replaced_by_a_box_and_never_fails() {
    for name in [
        "Zoë 🌷",
        "👩‍👩‍👧 Léa",
        "🇫🇷",
        "a\u{0301}\u{0323}b",
        "\u{e000}x",
        "☺ Zoë",
        "x\u{200d}y",
    ] {
        let pdf = letter_pdf(&content(name), Window::Right).unwrap();
        let text = read(&pdf.bytes)["text"].as_str().unwrap().to_owned();
        assert!(text.contains("STRASBOURG"), "{name}");
        assert_eq!(pdf.unpostable, None, "{name}");
    }
    assert!(text_of(&content("Zoë 🌷")).contains("Zoë □"));
}

#[test]
fn letters_the_font_lacks_are_shown_as_boxes_and_not_printed() {
    let chinese = content("李小龍");
    let pdf = letter_pdf(&chinese, Window::Right).unwrap();
    assert_eq!(pdf.unpostable, Some(Unpostable::MissingLetters));
    assert!(text_of(&chinese).contains("□□□"));
    assert_eq!(ElectronicLetter.deposit(&chinese, TODAY), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        PrintExport::new(dir.path(), Window::Right).deposit(&chinese, TODAY),
        Err(DeliveryError::Permanent {
            reason: Reason::Unpostable(Unpostable::MissingLetters)
        })
    );
    assert!(!dir.path().join("2026-03-12").exists());
}

fn manifest(root: &Path, day: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root.join(day).join("manifest.csv")).unwrap();
    let mut lines = text
        .lines()
        .map(|l| l.split(',').map(String::from).collect());
    assert_eq!(
        lines.next(),
        Some(
            ["letter", "file", "pages", "sha256"]
                .map(String::from)
                .to_vec()
        )
    );
    lines.collect()
}

fn numbered(n: u8) -> LetterContent {
    LetterContent {
        letter: letter_id(n),
        ..content("Maëlys Martin")
    }
}

#[test]
fn a_letter_is_exported_once_whatever_happens_again() {
    let dir = tempfile::tempdir().unwrap();
    let export = PrintExport::new(dir.path(), Window::Right);
    let tomorrow = TODAY.tomorrow().unwrap();
    for day in [TODAY, TODAY, tomorrow] {
        assert_eq!(export.deposit(&numbered(1), day), Ok(()));
    }
    assert_eq!(export.deposit(&numbered(2), tomorrow), Ok(()));
    let lines = manifest(dir.path(), "2026-03-12");
    assert_eq!(lines.len(), 1);
    let pdf = std::fs::read(dir.path().join("2026-03-12").join(&lines[0][1])).unwrap();
    let hash: String = Sha256::digest(&pdf)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(lines[0][3], hash);
    assert_eq!(read(&pdf)["pages"], 1);
    assert_eq!(manifest(dir.path(), "2026-03-13").len(), 1);

    // The house took the day and the files are removed: still not again.
    assert_eq!(export.remove_before(tomorrow).unwrap(), 1);
    assert!(!dir.path().join("2026-03-12").exists());
    assert_eq!(export.deposit(&numbered(1), tomorrow), Ok(()));
    assert_eq!(manifest(dir.path(), "2026-03-13").len(), 1);
}

#[test]
fn an_export_that_was_cut_short_goes_out_on_the_day_of_the_next_try() {
    let dir = tempfile::tempdir().unwrap();
    let export = PrintExport::new(dir.path(), Window::Right);
    let tomorrow = TODAY.tomorrow().unwrap();
    let mark = dir.path().join("exported").join(letter_id(1).as_str());
    let old = dir.path().join("2026-03-12");
    // The mark and the PDF were written, the manifest was not.
    export.deposit(&numbered(2), TODAY).unwrap();
    std::fs::write(&mark, "2026-03-12\n").unwrap();
    std::fs::write(old.join(format!("{}.pdf", letter_id(1))), "half").unwrap();
    assert_eq!(export.deposit(&numbered(1), tomorrow), Ok(()));
    assert!(!old.join(format!("{}.pdf", letter_id(1))).exists());
    assert_eq!(manifest(dir.path(), "2026-03-12").len(), 1);
    assert_eq!(manifest(dir.path(), "2026-03-13").len(), 1);

    // The manifest was written, the mark was not finished.
    std::fs::write(&mark, "2026-03-13\n").unwrap();
    assert_eq!(export.deposit(&numbered(1), date(2026, 3, 14)), Ok(()));
    assert!(!dir.path().join("2026-03-14").exists());
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "out 2026-03-13\n");

    // The same, and the batch is gone: nobody here can know.
    std::fs::write(&mark, "2026-03-13\n").unwrap();
    std::fs::remove_dir_all(dir.path().join("2026-03-13")).unwrap();
    assert_eq!(
        export.deposit(&numbered(1), date(2026, 3, 14)),
        Err(DeliveryError::Permanent {
            reason: Reason::MaybePrinted
        })
    );
}

#[test]
fn several_processes_may_export_at_once() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let export = PrintExport::new(dir.path(), Window::Right);
                for n in 1..=10 {
                    export.deposit(&numbered(n), TODAY).unwrap();
                }
            });
        }
    });
    let mut ids: Vec<_> = manifest(dir.path(), "2026-03-12")
        .into_iter()
        .map(|line| line[0].clone())
        .collect();
    ids.sort();
    let expected: Vec<_> = (1..=10).map(|n| letter_id(n).to_string()).collect();
    assert_eq!(ids, expected);
}

#[test]
fn what_cannot_be_printed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut homeless = content("Maëlys Martin");
    homeless.recipient.lines.clear();
    assert_eq!(
        PrintExport::new(dir.path(), Window::Right).deposit(&homeless, TODAY),
        Err(DeliveryError::Permanent {
            reason: Reason::NoPostalAddress
        })
    );
    assert_eq!(ElectronicLetter.deposit(&homeless, TODAY), Ok(()));

    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let result = PrintExport::new(&file, Window::Right).deposit(&numbered(1), TODAY);
    assert!(matches!(
        result,
        Err(DeliveryError::Transient {
            reason: Reason::Export(_),
            ..
        })
    ));
}
