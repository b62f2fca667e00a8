//! The standards' own examples, and zones as optical readers spoil them.

use super::*;
use time::macros::date;

const TD1: [&str; 3] = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
];
const TD2: [&str; 2] = [
    "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "D231458907UTO7408122F1204159<<<<<<<6",
];
const TD3: [&str; 2] = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];
const MRV_A: [&str; 2] = [
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
];
const MRV_B: [&str; 2] = [
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "L8988901C4XXX4009078F9612109<<<<<<<<",
];
const CARD_2021: [&str; 3] = [
    "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
    "9007138F3002119FRA<<<<<<<<<<<6",
    "MARTIN<<MAELYS<GAELLE<MARIE<<<",
];
const PASSPORT: [&str; 2] = [
    "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
    "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<04",
];
const BERTHIER: [&str; 2] = [
    "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<",
    "8806923102858CORINNE<<<<<<<6512068F6",
];
const TEST_NAME: [&str; 2] = [
    "IDFRATEST<NAME<<<<<<<<<<<<<<<<0CHE02",
    "1710GVA123451ROBERTA<<<<<<<9112311F2",
];
const LOISEAU: [&str; 2] = [
    "IDFRALOISEAU<<<<<<<<<<<<<<<<<<<<<<<<",
    "970675K002774HERVE<<DJAMEL<7303216M4",
];

const EXAMPLES: [(Format, &[&str]); 10] = [
    (Format::Td1, &TD1),
    (Format::Td2, &TD2),
    (Format::Td3, &TD3),
    (Format::MrvA, &MRV_A),
    (Format::MrvB, &MRV_B),
    (Format::Td1, &CARD_2021),
    (Format::Td3, &PASSPORT),
    (Format::FrenchCard, &BERTHIER),
    (Format::FrenchCard, &TEST_NAME),
    (Format::FrenchCard, &LOISEAU),
];

#[test]
fn every_published_example_is_right_in_every_check_digit() {
    for (format, lines) in EXAMPLES {
        let mrz = parse(lines).unwrap();
        assert_eq!(mrz.format, format);
        assert!(mrz.all_checks_valid(), "{lines:?}: {:?}", mrz.checks);
        assert!(mrz.issuer.is_known());
        assert!(!mrz.maybe_truncated);
        assert_ne!(mrz.kind(), DocumentKind::Other);
    }
}

#[test]
fn elements_of_the_icao_examples() {
    let today = date!(2026 - 11 - 21);
    for lines in [&TD1[..], &TD2, &TD3] {
        let mrz = parse(lines).unwrap();
        assert_eq!(mrz.surname, "ERIKSSON");
        assert_eq!(mrz.given_names, ["ANNA", "MARIA"]);
        assert_eq!(mrz.issuer.as_str(), "UTO");
        assert_eq!(mrz.nationality.unwrap().as_str(), "UTO");
        let birth = mrz.birth_date.resolve(Era::Past, today).unwrap();
        assert_eq!(birth.earliest, date!(1974 - 08 - 12));
        let expiry = mrz.expiry.unwrap().resolve(Era::Near, today).unwrap();
        assert_eq!(expiry.latest, date!(2012 - 04 - 15));
        assert!(mrz.sex == Sex::Female);
    }
    assert_eq!(parse(&TD1).unwrap().number, "D23145890");
    let passport = parse(&TD3).unwrap();
    assert_eq!(passport.number, "L898902C3");
    assert_eq!(passport.optional, ["ZE184226B"]);
    assert_eq!(passport.kind(), DocumentKind::Passport);
    let visa = parse(&MRV_A).unwrap();
    assert_eq!(visa.kind(), DocumentKind::Visa);
    assert_eq!(visa.checks.len(), 3);
    assert_eq!(visa.nationality.unwrap().as_str(), "XXX");
}

#[test]
fn elements_of_the_french_card_of_1995() {
    let mrz = parse(&LOISEAU).unwrap();
    assert_eq!(mrz.number, "970675K00277");
    assert_eq!(mrz.surname, "LOISEAU");
    assert_eq!(mrz.given_names, ["HERVE", "DJAMEL"]);
    assert_eq!(mrz.expiry, None);
    assert_eq!(mrz.nationality, None);
    let issue = mrz.issue.unwrap();
    assert_eq!(
        (issue.year(), issue.month(), issue.day()),
        (Some(97), Some(6), None)
    );
    let mrz = parse(&TEST_NAME).unwrap();
    assert_eq!(mrz.surname, "TEST NAME");
    assert_eq!(mrz.optional, ["0CHE02"]);
}

#[test]
fn a_name_that_fills_its_field_may_have_been_cut() {
    let full = [TD2[0].replace("<<<<<<<<<<<", "<<<<<<<<<<A"), TD2[1].into()];
    assert!(parse(&full).unwrap().maybe_truncated);
    let mut given = BERTHIER;
    given[1] = "8806923102858CORINNEANABELLE6512068F6";
    let given = [given[0], &given[1].replace("ANABELLE", "ANABELL")];
    let mrz = parse(&given).unwrap();
    assert!(mrz.maybe_truncated);
}

#[test]
fn a_long_number_continues_in_the_optional_field() {
    // Doc 9303-5, note j: nine characters, a filler, the rest and its check digit.
    let lines = [
        "I<UTOD23145890<7349<<<<<<<<<<<",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    ];
    let mrz = parse(&lines).unwrap();
    assert_eq!(mrz.number, "D23145890734");
    assert_eq!(mrz.optional, ["", ""]);
    assert!(mrz.all_checks_valid(), "{:?}", mrz.checks);
}

#[test]
fn an_empty_optional_field_may_do_without_its_check_digit() {
    let zero = [
        "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
        "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<<4",
    ];
    assert!(parse(&zero).unwrap().all_checks_valid());
    // Not where there are data.
    let data = [TD3[0], "L898902C36UTO7408122F1204159ZE184226B<<<<<<4"];
    let mrz = parse(&data).unwrap();
    let optional = mrz.checks.iter().find(|c| c.name == CheckName::Optional);
    assert!(!optional.unwrap().ok);
}

#[test]
fn a_wrong_check_digit_is_a_finding_and_not_an_error() {
    let mrz = parse(&[TD3[0], "L898902C36UTO7408123F1204159ZE184226B<<<<<10"]).unwrap();
    let wrong: Vec<CheckName> = mrz
        .checks
        .iter()
        .filter(|c| !c.ok)
        .map(|c| c.name)
        .collect();
    assert_eq!(wrong, [CheckName::Birth, CheckName::Composite]);
    assert_eq!((mrz.checks[1].expected, mrz.checks[1].found), ('2', '3'));
    assert_eq!(mrz.wrong_checks(), 2);
}

#[test]
fn errors_name_what_is_wrong_and_where() {
    let err = |lines: &[&str]| parse(lines).unwrap_err();
    assert_eq!(err(&["ABC"]), MrzError::Size { lengths: vec![3] });
    assert_eq!(err(&[]), MrzError::Size { lengths: vec![] });
    assert_eq!(
        err(&[TD2[0], "D231458907UTO7408122F1204159<<é<<<6"]),
        MrzError::Character {
            line: 2,
            column: 31
        }
    );
    assert_eq!(
        err(&[TD2[0], "D231458907UTO7413122F1204159<<<<<<<6"]).to_string(),
        "line 2, column 16: the birth date is no date"
    );
    assert_eq!(
        err(&[TD2[0], "D231458907UTO7408122Q1204159<<<<<<<6"]).to_string(),
        "line 2, column 21: the sex has a character that cannot stand there"
    );
    assert_eq!(
        err(&["I<UT0ERIKSSON<<ANNA<MARIA<<<<<<<<<<<", TD2[1]]).to_string(),
        "line 1, column 5: the issuing state has a character that cannot stand there"
    );
    assert_eq!(
        err(&["I<UTOERIKSS0N<<ANNA<MARIA<<<<<<<<<<<", TD2[1]]),
        MrzError::Field {
            field: Field::Name,
            line: 1,
            column: 12
        }
    );
    assert_eq!(
        err(&[TD2[0], "<<<<<<<<<0UTO7408122F1204159<<<<<<<6"]),
        MrzError::Empty {
            field: Field::Number,
            line: 2,
            column: 1
        }
    );
}

#[test]
fn debug_shows_no_personal_data() {
    let mrz = parse(&TD3).unwrap();
    let shown = format!("{mrz:?} {:?} {:?}", mrz.birth_date, correct(&TD3));
    for secret in [
        "ERIKSSON",
        "ANNA",
        "L898902C3",
        "740812",
        "Female",
        "ZE184226B",
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn published_examples_need_no_correction() {
    for (format, lines) in EXAMPLES {
        let best = &correct(lines)[0];
        assert_eq!(
            (best.mrz.format, best.changed, best.fillers),
            (format, 0, 0)
        );
        assert_eq!(best.lines, lines);
    }
}

#[test]
fn spoilt_lines_are_put_right_and_the_changes_counted() {
    let cases: [(&[&str], &[&str], usize, usize); 8] = [
        // Letters for digits and digits for letters.
        (
            &[TD3[0], "L8989O2C36UT07408122F12O4159ZE184226B<<<<<10"],
            &TD3,
            3,
            0,
        ),
        (
            &[
                "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
                "9OO7I38F3002119FRA<<<<<<<<<<<6",
                CARD_2021[2],
            ],
            &CARD_2021,
            3,
            0,
        ),
        // Fillers lost at the end, in the middle, both.
        (&["P<UTOERIKSSON<<ANNA<MARIA<<<<<<", TD3[1]], &TD3, 0, 13),
        (&[TD1[0], "7408122F1204159UTO<<<<6", TD1[2]], &TD1, 0, 7),
        (&[TD1[0], "7408122F1204159UTO6", TD1[2]], &TD1, 0, 11),
        (
            &[
                "I<UTOERIKSSON<<ANNA<MARIA",
                "D231458907UTO7408122F1204159<<<6",
            ],
            &TD2,
            0,
            15,
        ),
        // Fillers invented, and a letter read in them.
        (
            &["PKUTOERIKSSON<<ANNA<MARIA<<<<<<K<<<<<<<<<<<<<<", TD3[1]],
            &TD3,
            2,
            2,
        ),
        // Spaces, lower case, quotes.
        (
            &["p<utoeriksson << anna<maria ««««««««««<", TD3[1]],
            &TD3,
            0,
            2,
        ),
    ];
    for (raw, right, changed, fillers) in cases {
        let best = &correct(raw)[0];
        assert_eq!(best.lines, right);
        assert!(best.mrz.all_checks_valid());
        assert_eq!((best.changed, best.fillers), (changed, fillers), "{raw:?}");
    }
}

#[test]
fn series_letters_read_as_digits_are_recovered() {
    // `ID` at the number's beginning read as `10`.
    let raw = [
        "IDUTO1098754015<<<<<<<<<<<<<<<",
        "8205122F1906224UTO<<<<<<<<<<<6",
        "SPECIMEN<<MARIA<<<<<<<<<<<<<<<",
    ];
    let best = &correct(&raw)[0];
    assert_eq!(best.mrz.number, "ID9875401");
    assert!(best.mrz.all_checks_valid());
    assert_eq!(best.changed, 2);
}

#[test]
fn a_passport_whose_fillers_were_not_seen_is_no_smaller_document() {
    // Eight fillers of each row are missing, and the check digits of a TD2 are right.
    let seen = [
        "P<FRABENALI<<MAELYS<ZOE<<<<<<<<<<<<<",
        "71VC863042FRA9604021M2810216<<<<<<02",
    ];
    let best = &correct(&seen)[0];
    assert_eq!(best.mrz.format, Format::Td3);
    assert_eq!(
        best.lines[1],
        "71VC863042FRA9604021M2810216<<<<<<<<<<<<<<02"
    );
    // A card of that size stays one.
    let card = &correct(&TD2)[0];
    assert_eq!((card.mrz.format, card.fillers), (Format::Td2, 0));
}

#[test]
fn what_was_not_read_of_a_row_is_counted_apart_from_what_was_too_much() {
    let unread = |first: &str| correct(&[first, TD3[1]])[0].unread();
    assert_eq!(unread(TD3[0]), 0.0);
    assert_eq!(unread(&TD3[0][..33]), 0.25);
    assert_eq!(unread(&format!("{}<<", TD3[0])), 0.0);
}

#[test]
fn print_beside_the_zone_is_passed_over() {
    let best = &correct(&["REPUBLIQUE D'UTOPIE", TD3[0], TD3[1]])[0];
    assert_eq!(best.lines, TD3);
    let best = &correct(&["12 RUE DES LILAS", TD1[0], TD1[1], TD1[2], "XYZ"])[0];
    assert_eq!(best.lines, TD1);
}

#[test]
fn a_forged_digit_is_not_talked_away() {
    for forged in [
        "L898902C36UTO7408123F1204159ZE184226B<<<<<10",
        "L898902C36UTO7409122F1204159ZE184226B<<<<<10",
        "L898903C36UTO7408122F1204159ZE184226B<<<<<10",
        "L898902C36UTO7408122F1304159ZE184226B<<<<<10",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<11",
    ] {
        let proposals = correct(&[TD3[0], forged]);
        assert!(!proposals.is_empty());
        let talked = proposals.iter().find(|p| p.mrz.all_checks_valid());
        assert!(talked.is_none(), "{:?}", talked.map(|p| &p.lines));
    }
}

#[test]
fn what_resembles_no_zone_gets_no_proposal() {
    assert!(correct::<&str>(&[]).is_empty());
    assert!(correct(&["", ""]).is_empty());
    assert!(correct(&["<script>alert(1)</script>", "\u{202e}abc"]).is_empty());
    let long = "A<".repeat(5_000);
    assert!(correct(&[long.as_str(), long.as_str()]).is_empty());
}
