//! PP-OCR on drawn pages. Needs the models: `IDPROOF_MODELS_DIR`, by default `var/models`
//! in the workspace.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock};

use idproof_domain::mrz;
use idproof_inference::{ModelFile, Runtime, text::PpOcr};
use idproof_ports::{ModelIdentity, PageRead, PageRequest, Quad, RgbImage, TextReader, ZoneAmong};
use opencv::core::{CV_8UC3, Mat, Point, Scalar};
use opencv::imgproc;
use opencv::prelude::*;

const PASSPORT: [&str; 2] = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];
const CARD: [&str; 3] = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
];

fn models() -> PathBuf {
    std::env::var_os("IDPROOF_MODELS_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../var/models")),
        PathBuf::from,
    )
}

fn model(file: &str) -> ModelFile {
    let path = models().join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| {
        panic!("{}: {e}; `idproof models pull` fetches it", path.display());
    });
    ModelFile {
        identity: ModelIdentity {
            name: file.to_owned(),
            version: String::new(),
            sha256: String::new(),
        },
        bytes,
    }
}

/// Our own network for print, as it lies in the repository.
fn own(name: &str) -> ModelFile {
    let path = format!("{}/../{name}/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    let identity = ModelIdentity {
        name: name.replace('-', "_"),
        version: String::new(),
        sha256: String::new(),
    };
    let bytes = std::fs::read(path).unwrap();
    ModelFile { identity, bytes }
}

/// PP-OCR alone, with our own network for print, and with those for print and for zones: the runtime loads once a
/// process.
fn readers() -> &'static [Mutex<PpOcr>; 3] {
    static READERS: OnceLock<[Mutex<PpOcr>; 3]> = OnceLock::new();
    READERS.get_or_init(|| {
        let runtime = Runtime::load(&models().join("libonnxruntime.so")).unwrap();
        let detection = model("ch_PP-OCRv4_det_infer.onnx");
        let recognition = model("ch_PP-OCRv4_rec_infer.onnx");
        let alone = || PpOcr::new(&runtime, &detection, &recognition).unwrap();
        let print = || {
            alone()
                .with_print_lines(&runtime, &own("print-lines"))
                .unwrap()
        };
        let all = print().with_mrz_lines(&runtime, &own("mrz-lines")).unwrap();
        [Mutex::new(alone()), Mutex::new(print()), Mutex::new(all)]
    })
}

fn free(reader: &'static Mutex<PpOcr>) -> MutexGuard<'static, PpOcr> {
    reader
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// One reader for most tests.
fn reader() -> MutexGuard<'static, PpOcr> {
    free(&readers()[1])
}

fn page() -> Mat {
    Mat::new_rows_cols_with_default(800, 1300, CV_8UC3, Scalar::all(235.0)).unwrap()
}

/// Draws text, each character in the middle of a cell of `pitch` pixels.
fn print(page: &mut Mat, text: &str, x: i32, y: i32, pitch: i32) {
    let font = imgproc::FONT_HERSHEY_DUPLEX;
    let scale = f64::from(pitch) / 36.0;
    for (column, c) in (0..).zip(text.chars()) {
        let c = c.to_string();
        let width = imgproc::get_text_size(&c, font, scale, 2, &mut 0)
            .unwrap()
            .width;
        imgproc::put_text(
            page,
            &c,
            Point::new(x + column * pitch + (pitch - width) / 2, y),
            font,
            scale,
            Scalar::all(25.0),
            2,
            imgproc::LINE_AA,
            false,
        )
        .unwrap();
    }
}

fn zone(lines: &[&str], pitch: i32) -> Mat {
    let mut page = page();
    for (row, line) in (0..).zip(lines) {
        print(&mut page, line, 60, 560 + row * 70, pitch);
    }
    page
}

/// Quarter turns counter-clockwise.
fn image(page: &Mat, turns: i32) -> RgbImage {
    let mut turned = page.clone();
    for _ in 0..turns {
        let mut next = Mat::default();
        opencv::core::rotate(&turned, &mut next, opencv::core::ROTATE_90_COUNTERCLOCKWISE).unwrap();
        turned = next;
    }
    let (width, height) = (turned.cols() as u32, turned.rows() as u32);
    RgbImage::from_raw(width, height, turned.data_bytes().unwrap().to_vec()).unwrap()
}

#[test]
fn a_zone_is_read_whichever_way_it_is_turned() {
    for (lines, pitch) in [(&PASSPORT[..], 26), (&CARD[..], 38)] {
        let page = zone(lines, pitch);
        for turns in 0..4 {
            let found = reader().read_mrz_lines(&image(&page, turns), &[]).unwrap();
            let texts: Vec<&str> = found.iter().map(|l| l.text.as_str()).collect();
            let best = mrz::correct(&texts).into_iter().next();
            let best = best.unwrap_or_else(|| panic!("{turns} turns: no zone in {texts:?}"));
            assert_eq!(best.lines, lines, "{turns} turns");
            assert!(best.mrz.all_checks_valid());
        }
    }
}

#[test]
fn a_zone_is_read_where_a_document_was_seen_and_beside_it() {
    let picture = image(&zone(&CARD, 38), 0);
    let quad = |x0: f32, y0: f32, x1: f32, y1: f32| Quad {
        corners: [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
            .map(|(x, y)| idproof_ports::Point::new(x, y)),
    };
    for documents in [
        vec![quad(30.0, 200.0, 1_260.0, 780.0)],
        // Another document, whose zone it is not; and one that was found too small.
        vec![quad(100.0, 20.0, 700.0, 420.0)],
        vec![quad(40.0, 200.0, 700.0, 600.0)],
        vec![quad(30.0, 200.0, 1_260.0, 590.0)],
        // No document at all.
        vec![quad(-50.0, -90.0, -10.0, -20.0)],
    ] {
        let found = reader().read_mrz_lines(&picture, &documents).unwrap();
        let texts: Vec<&str> = found.iter().map(|l| l.text.as_str()).collect();
        let best = mrz::correct(&texts).into_iter().next();
        assert_eq!(
            best.map(|b| b.lines),
            Some(CARD.map(str::to_owned).to_vec()),
            "{documents:?}"
        );
    }
}

#[test]
fn lines_found_in_one_picture_are_read_in_another() {
    let among = |lines: &[&str], pitch, turns| {
        let picture = image(&zone(lines, pitch), turns);
        let found = reader().find_lines(&picture, 640).unwrap();
        assert!(found.places.len() >= lines.len());
        free(&readers()[2])
            .read_mrz_among(&picture, &found.places)
            .unwrap()
    };
    for turns in [0, 2] {
        let ZoneAmong::Read(rows) = among(&PASSPORT, 26, turns) else {
            panic!("{turns} turns");
        };
        // Names have no check digit, and this stroked face is none of a zone's.
        assert_eq!((rows.len(), rows[1].text.as_str()), (2, PASSPORT[1]));
    }
    let lines = [PASSPORT[0], "L898902C36UTO7408123F1204159ZE184226B<<<<<10"];
    assert_eq!(among(&lines, 26, 0), ZoneAmong::Unsure);
    let mut page = page();
    for (row, text) in (0..).zip(["REPUBLIC OF UTOPIA", "IDENTITY CARD", "12 LANTERN STREET"]) {
        print(&mut page, text, 100, 200 + 90 * row, 34);
    }
    let page = image(&page, 0);
    let found = reader().find_lines(&page, 640).unwrap();
    assert!(found.are_clear && found.places.len() >= 3);
    let zone = reader().read_mrz_among(&page, &found.places).unwrap();
    assert_eq!(zone, ZoneAmong::None);
    // They are read as those that a page finds itself.
    let read = |lines| {
        let request = PageRequest {
            side: 640,
            ..UPRIGHT
        };
        reader().read(&page, lines, &request).unwrap()
    };
    let text = |p: PageRead| p.lines.into_iter().map(|l| l.text).collect::<Vec<_>>();
    assert_eq!(text(read(Some(&found.places[..]))), text(read(None)));
    assert!(
        !reader()
            .find_lines(&image(&self::page(), 0), 640)
            .unwrap()
            .are_clear
    );
}

#[test]
fn print_beside_a_document_is_seen_and_what_is_on_it_is_not_beside_it() {
    let picture = image(&zone(&CARD, 38), 0);
    let beside = |x0: f32, y0: f32, x1: f32, y1: f32| {
        let document = Quad {
            corners: [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
                .map(|(x, y)| idproof_ports::Point::new(x, y)),
        };
        reader().is_print_beside(&picture, &[document]).unwrap()
    };
    assert!(!beside(30.0, 490.0, 1_260.0, 780.0));
    assert!(beside(100.0, 20.0, 700.0, 420.0));
    // A document that takes most of the picture, and none.
    assert!(beside(5.0, 5.0, 1_295.0, 795.0));
    assert!(reader().is_print_beside(&picture, &[]).unwrap());
}

#[test]
fn a_wrong_check_digit_is_read_as_it_stands() {
    let lines = [PASSPORT[0], "L898902C36UTO7408123F1204159ZE184226B<<<<<10"];
    let found = reader()
        .read_mrz_lines(&image(&zone(&lines, 26), 0), &[])
        .unwrap();
    let texts: Vec<&str> = found.iter().map(|l| l.text.as_str()).collect();
    let best = &mrz::correct(&texts)[0];
    assert_eq!(best.lines, lines);
    assert_eq!(best.mrz.wrong_checks(), 2);
}

#[test]
fn lines_stand_where_they_were_printed() {
    let found = reader()
        .read_mrz_lines(&image(&zone(&CARD, 38), 0), &[])
        .unwrap();
    for (row, line) in found.iter().enumerate() {
        let [a, _, c, _] = line.corners;
        let middle = ((a.x + c.x) / 2.0, (a.y + c.y) / 2.0);
        assert!((middle.0 - (60.0 + 15.0 * 38.0)).abs() < 20.0, "{line:?}");
        assert!(
            (middle.1 - (548.0 + 70.0 * row as f32)).abs() < 12.0,
            "{line:?}"
        );
        assert!((0.0..=1.0).contains(&line.confidence));
    }
    assert_eq!(found.len(), 3);
}

#[test]
fn print_that_is_no_zone_gives_no_lines() {
    assert!(
        reader()
            .read_mrz_lines(&image(&page(), 0), &[])
            .unwrap()
            .is_empty()
    );
    let mut page = page();
    for (row, text) in (0..).zip(["REPUBLIC OF UTOPIA", "IDENTITY CARD", "12 LANTERN STREET"]) {
        print(&mut page, text, 100, 200 + 90 * row, 34);
    }
    assert!(
        reader()
            .read_mrz_lines(&image(&page, 0), &[])
            .unwrap()
            .is_empty()
    );
}

const UPRIGHT: PageRequest = PageRequest {
    side: 1_280,
    may_be_turned: false,
    is_level: false,
    down_to: 1.0,
    thinnest: 0.0,
};

#[test]
fn ordinary_text_is_read() {
    let mut page = page();
    print(&mut page, "REPUBLIC", 100, 200, 40);
    print(&mut page, "14051988", 100, 400, 40);
    let found = reader()
        .read(&image(&page, 0), None, &UPRIGHT)
        .unwrap()
        .lines;
    let mut texts: Vec<&str> = found.iter().map(|l| l.text.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["14051988", "REPUBLIC"]);
    assert!(found.iter().all(|l| l.confidence > 0.8));
    // Below a zone's beginning nothing is read.
    let above = PageRequest {
        down_to: 0.4,
        ..UPRIGHT
    };
    let found = reader().read(&image(&page, 0), None, &above).unwrap().lines;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "REPUBLIC");
}

#[test]
fn a_page_upside_down_is_read_where_that_may_be() {
    let mut page = page();
    for (row, text) in (0..).zip(["REPUBLIC OF UTOPIA", "IDENTITY CARD", "14051988", "ANNA"]) {
        print(&mut page, text, 100, 200 + 120 * row, 40);
    }
    let either = PageRequest {
        may_be_turned: true,
        ..UPRIGHT
    };
    for turns in [0, 2] {
        let found = reader().read(&image(&page, turns), None, &either).unwrap();
        assert_eq!(found.turned, turns == 2);
        let line = found.lines.iter().find(|l| l.text == "14051988").unwrap();
        // The text's own top left.
        let near =
            |p: idproof_ports::Point, x: f32, y: f32| p.distance(idproof_ports::Point::new(x, y));
        let far = match turns {
            0 => near(line.corners[0], 100.0, 410.0),
            _ => near(line.corners[0], 1_200.0, 390.0),
        };
        assert!(far < 45.0, "{:?}", line.corners);
    }
    let found = reader().read(&image(&page, 2), None, &UPRIGHT).unwrap();
    assert!(!found.turned && found.lines.iter().all(|l| l.text != "14051988"));
}

#[test]
fn the_smallest_image_is_no_error() {
    let dot = RgbImage::from_raw(1, 1, vec![0; 3]).unwrap();
    assert!(
        reader()
            .read(&dot, None, &UPRIGHT)
            .unwrap()
            .lines
            .is_empty()
    );
    assert!(reader().read_mrz_lines(&dot, &[]).unwrap().is_empty());
    let hair = RgbImage::from_raw(3000, 1, vec![90; 9000]).unwrap();
    assert!(reader().read_mrz_lines(&hair, &[]).unwrap().is_empty());
}

#[test]
fn print_reads_the_same_with_our_own_network_for_it_and_without() {
    let mut page = page();
    let written = ["REPUBLIC", "14051988", "LANTERN", "MARTIN"];
    for (row, text) in (0..).zip(written) {
        print(&mut page, text, 100, 200 + 120 * row, 40);
    }
    let either = PageRequest {
        may_be_turned: true,
        ..UPRIGHT
    };
    for reader in readers() {
        for turns in [0, 2] {
            let found = free(reader)
                .read(&image(&page, turns), None, &either)
                .unwrap();
            assert_eq!(found.turned, turns == 2);
            for text in written {
                // PP-OCR takes an R of this stroked face for a small one.
                let texts: Vec<String> =
                    found.lines.iter().map(|l| l.text.to_uppercase()).collect();
                assert!(texts.iter().any(|t| t == text), "{texts:?}");
            }
        }
    }
}

#[test]
fn every_model_is_named() {
    let named = readers().each_ref().map(|r| free(r).identities().len());
    assert_eq!(named, [2, 3, 4]);
}
