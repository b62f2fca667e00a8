//! Evidence on paper.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_delivery::{Sheet, sheet_pdf};

#[test]
fn a_long_list_runs_over_several_pages_and_is_the_same_every_time() {
    let pairs: Vec<(String, String)> = (0..300)
        .map(|n| {
            let value = format!("value {n} <script>\u{0} {}", "x".repeat(n));
            (format!("name {n}"), value)
        })
        .collect();
    let sections = [
        ("First".to_owned(), pairs),
        ("Empty".to_owned(), Vec::new()),
    ];
    let sheet = Sheet {
        title: "Evidence of case 1234",
        day: (2026, 3, 10),
        id: "case_1",
        sections: &sections,
    };
    let pdf = sheet_pdf(&sheet).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert_eq!(pdf, sheet_pdf(&sheet).unwrap());
    let few = [("First".to_owned(), vec![("a".to_owned(), String::new())])];
    let short = sheet_pdf(&Sheet {
        sections: &few,
        ..sheet
    })
    .unwrap();
    assert!(short.len() < pdf.len());
    // A value longer than a page is cut, not lost in a loop.
    let huge = [(
        "Huge".to_owned(),
        vec![("a".to_owned(), "y ".repeat(50_000))],
    )];
    assert!(
        sheet_pdf(&Sheet {
            sections: &huge,
            ..sheet
        })
        .is_ok()
    );
}
