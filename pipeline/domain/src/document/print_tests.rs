use super::*;
use proptest::prelude::*;
use time::macros::date;

fn line(text: &str, left: f32, top: f32) -> Line {
    Line {
        text: text.into(),
        left,
        top,
        right: left + 12.0 * text.len() as f32,
        bottom: top + 20.0,
    }
}

fn card() -> Vec<Line> {
    vec![
        line("NOM / Surname", 300.0, 100.0),
        line("MARTIN", 300.0, 125.0),
        line("Prénoms / Given names", 300.0, 170.0),
        line("Maëlys-Gaëlle, Marie", 300.0, 195.0),
        line("SEXE / Sex", 300.0, 240.0),
        line("F", 300.0, 265.0),
        line("NATIONALITÉ / Nationality", 420.0, 240.0),
        line("FRA", 420.0, 265.0),
        line("DATE DE NAISS. / Date of birth", 620.0, 240.0),
        line("13 07 1990", 620.0, 265.0),
        line("LIEU DE NAISSANCE / Place of birth", 300.0, 310.0),
        line("PARIS", 300.0, 335.0),
        line("N° DU DOCUMENT / Document No", 300.0, 380.0),
        line("X4RTBPFW4", 300.0, 405.0),
        line("DATE D'EXPIR. / Expiry date", 620.0, 380.0),
        line("11 02 2030", 620.0, 405.0),
    ]
}

fn mrz() -> Mrz {
    crate::mrz::parse(&[
        "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
        "9007138F3002119FRA<<<<<<<<<<<6",
        "MARTIN<<MAELYS<GAELLE<MARIE<<<",
    ])
    .unwrap()
}

fn disagreeing(lines: &[Line]) -> Vec<&'static str> {
    compare(&read(lines), &mrz(), date!(2026 - 11 - 21))
        .into_iter()
        .filter(|c| c.agrees() != Some(true))
        .map(|c| c.field)
        .collect()
}

fn with(place: usize, text: &str) -> Vec<Line> {
    let mut lines = card();
    lines[place].text = text.into();
    lines
}

#[test]
fn fields_are_found_under_their_labels() {
    let print = read(&card());
    assert_eq!(print.get(Field::Surname), Some("MARTIN"));
    assert_eq!(print.get(Field::GivenNames), Some("Maëlys-Gaëlle, Marie"));
    assert_eq!(print.get(Field::Sex), Some("F"));
    assert_eq!(print.get(Field::Nationality), Some("FRA"));
    assert_eq!(print.get(Field::BirthPlace), Some("PARIS"));
    assert_eq!(print.date(Field::BirthDate), Some(date!(1990 - 07 - 13)));
    assert_eq!(print.date(Field::Expiry), Some(date!(2030 - 02 - 11)));
    assert_eq!(print.get(Field::Address), None);
}

#[test]
fn of_a_label_in_two_languages_a_part_of_the_second_is_no_value() {
    let value = |place, text, field| {
        let print = read(&with(place, text));
        print.get(field).map(str::to_owned)
    };
    let number = |text| value(12, text, Field::Number);
    for cut in ["N° DU DOCUMENT / Docum", "N° DU DOCUMENT / Document"] {
        assert_eq!(number(cut).as_deref(), Some("X4RTBPFW4"), "{cut}");
    }
    let place = value(10, "LIEU DE NAISSANCE / Place", Field::BirthPlace);
    assert_eq!(place.as_deref(), Some("PARIS"));
    // A value beside its label is one, also where it begins as the other language does.
    assert_eq!(number("N° DU DOCUMENT: DOCU").as_deref(), Some("DOCU"));
    assert_eq!(number("N° DU DOCUMENT / X4").as_deref(), Some("X4"));
}

#[test]
fn the_older_card_prints_values_beside_their_labels() {
    let print = read(&[
        line("Nom : BERTHIER", 100.0, 100.0),
        line("Prénom(s): CORINNE", 100.0, 140.0),
        line("Sexe: F", 100.0, 180.0),
        line("Adresse: 12 RUE DES LILAS", 100.0, 220.0),
    ]);
    assert_eq!(print.get(Field::Surname), Some("BERTHIER"));
    assert_eq!(print.get(Field::GivenNames), Some("CORINNE"));
    assert_eq!(print.get(Field::Sex), Some("F"));
    assert_eq!(print.get(Field::Address), Some("12 RUE DES LILAS"));
}

#[test]
fn print_and_zone_agree_accents_and_hyphens_aside() {
    assert!(disagreeing(&card()).is_empty());
}

#[test]
fn each_field_that_differs_is_named_with_the_characters() {
    assert_eq!(disagreeing(&with(1, "DURAND")), ["surname"]);
    assert_eq!(disagreeing(&with(3, "Sophie")), ["given_names"]);
    assert_eq!(disagreeing(&with(9, "14 07 1990")), ["birth_date"]);
    assert_eq!(disagreeing(&with(13, "A1B2C3D4E")), ["document_number"]);
    assert_eq!(disagreeing(&with(15, "11 02 2031")), ["expiry_date"]);
    let all = compare(&read(&with(1, "MARTEN")), &mrz(), date!(2026 - 11 - 21));
    assert_eq!(all[0].differs_at, [5]);
    assert_eq!(all[0].agrees(), Some(true));
}

#[test]
fn a_page_without_print_is_unread_not_different() {
    let all = compare(&read(&[]), &mrz(), date!(2026 - 11 - 21));
    assert!(all.iter().all(|c| c.agrees().is_none()), "{all:?}");
}

#[test]
fn dates_are_read_day_first_and_must_exist() {
    for text in ["13.07.1990", "13/07/1990", "13 07 1990", "13071990"] {
        assert_eq!(super::date(text), Some(date!(1990 - 07 - 13)), "{text}");
    }
    for text in ["31.02.1990", "13.13.1990", "1990", "", "13.07.90"] {
        assert_eq!(super::date(text), None, "{text}");
    }
}

#[test]
fn hostile_print_is_text_and_nothing_else() {
    let hostile = [
        "<script>alert(1)</script>",
        "'; DROP TABLE cases; --",
        "\u{202e}NITRAM\u{202c}",
        &"A".repeat(10_000),
        "NOM",
        "NOM :",
    ];
    for text in hostile {
        let mut lines = with(1, text);
        lines.extend((0..2_000).map(|k| line(text, 0.0, k as f32)));
        let differing = disagreeing(&lines);
        assert!(differing.contains(&"surname"), "{differing:?}");
        assert!(!format!("{:?}", read(&lines)).contains("script"));
    }
}

proptest! {
    #[test]
    fn any_print_does_no_harm(texts in proptest::collection::vec("\\PC{0,60}", 0..40)) {
        let lines: Vec<Line> = (0_u8..).zip(&texts).map(|(k, t)| line(t, 0.0, f32::from(k) * 25.0)).collect();
        let _ = compare(&read(&lines), &mrz(), date!(2026 - 11 - 21));
    }
}

#[test]
fn a_value_says_which_line_it_stands_on_and_sides_are_put_together() {
    let mut front = read(&card());
    let place = |print: &Print, field| print.places().find(|p| p.0 == field).map(|p| p.1);
    assert_eq!(place(&front, Field::Surname), Some(1));
    assert_eq!(place(&front, Field::Expiry), Some(15));
    assert_eq!(place(&front, Field::Issue), None);
    let back = read(&[
        line("NOM : DUPONT", 10.0, 10.0),
        line("Date de délivrance : 12 02 2020", 10.0, 40.0),
    ]);
    assert_eq!(place(&back, Field::Issue), Some(1), "beside its label");
    front.merge(back);
    assert_eq!(
        front.get(Field::Surname),
        Some("MARTIN"),
        "the first side's"
    );
    assert_eq!(front.date(Field::Issue), Some(date!(2020 - 02 - 12)));
}

#[test]
fn hostile_text_is_text() {
    let long = "A".repeat(10_000);
    for text in [
        "<script>alert(1)</script>",
        "'; DROP TABLE cases; --",
        "\u{202e}NITRAM\u{202c}",
        "\u{0}\u{1b}[31m",
        long.as_str(),
        "",
    ] {
        let lines = [
            line("NOM / Surname", 300.0, 100.0),
            line(text, 300.0, 125.0),
        ];
        let print = read(&lines);
        let read_there = print.get(Field::Surname).unwrap_or_default();
        assert!(read_there.chars().count() <= 200);
        let compared = compare(&print, &mrz(), date!(2026 - 11 - 21));
        assert_ne!(compared[0].agrees(), Some(true), "{text:.20}");
    }
    // Marks that change the direction of writing hide nothing and add nothing.
    let marked = with(1, "\u{202a}MAR\u{200f}TIN\u{202c}");
    assert!(!disagreeing(&marked).contains(&"surname"));
}
