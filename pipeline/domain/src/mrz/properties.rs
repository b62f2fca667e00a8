//! Random valid zones: they round-trip, a flip is noticed, spoilt ones are recovered.

use super::compose::Contents;
use super::*;
use proptest::prelude::*;

fn any_date() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => (0u8..100, 1u8..13, 1u8..29).prop_map(|(y, m, d)| format!("{y:02}{m:02}{d:02}")),
        1 => (0u8..100).prop_map(|y| format!("{y:02}<<<<")),
    ]
}

fn contents() -> impl Strategy<Value = Contents> {
    let format = prop::sample::select(Format::ALL.to_vec());
    let state = prop::sample::select(vec!["FRA", "D", "UTO", "GBR", "XXA", "RKS"]);
    let optional = prop::collection::vec("[A-Z0-9]{0,5}", 2);
    let given = prop::collection::vec("[A-Z]{2,4}", 1..3);
    let texts = (
        "[A-Z]{1,9}(<[A-Z]{1,4})?",
        given,
        state.clone(),
        state,
        optional,
    );
    let dates = (any_date(), any_date(), 0u8..100, 1u8..13);
    let rest = (
        "[A-Z0-9]{9}",
        "[A-Z0-9]{3}",
        any::<bool>(),
        prop::sample::select(vec!['M', 'F', '<']),
    );
    (format, texts, dates, rest).prop_map(|(format, texts, dates, rest)| {
        let (surname, given, issuer, nationality, optional) = texts;
        let (number, more, long, sex) = rest;
        let french = format == Format::FrenchCard;
        let issue = format!("{:02}{:02}", dates.2, dates.3);
        let room = matches!(format, Format::Td1 | Format::Td2);
        let long = long && room;
        Contents {
            format,
            code: match format {
                Format::Td3 => "P",
                Format::MrvA | Format::MrvB => "V",
                Format::FrenchCard => "ID",
                _ => "I",
            }
            .into(),
            issuer: if french { "FRA" } else { issuer }.into(),
            number: match (french, long) {
                (true, _) => format!("{issue}75K{}", &number[..5]),
                (_, true) => format!("{number}{more}"),
                _ => number,
            },
            surname,
            given,
            birth: dates.0,
            sex,
            expiry: dates.1,
            nationality: nationality.into(),
            issue,
            // TD2 has no room for a long number and optional data.
            optional: if long {
                vec![String::new(); 2]
            } else {
                optional
            },
        }
    })
}

/// The check digits cover this place.
fn covered(format: Format, line: usize, column: usize) -> bool {
    let layout = format.layout();
    layout
        .checks
        .iter()
        .any(|c| c.at.contains(line, column) || c.over.iter().any(|s| s.contains(line, column)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_random_valid_zone_round_trips(contents in contents()) {
        let lines = contents.lines();
        let mrz = parse(&lines).unwrap();
        prop_assert_eq!(mrz.format, contents.format);
        prop_assert!(mrz.all_checks_valid(), "{:?} {:?}", lines, mrz.checks);
        prop_assert_eq!(&mrz.number, &contents.number);
        prop_assert_eq!(mrz.issuer.as_str(), &contents.issuer);
        prop_assert_eq!(&mrz.surname, &contents.surname.replace('<', " "));
        let given = mrz.given_names.join(" ");
        prop_assert_eq!(given, contents.given.join(" "));
        prop_assert!(mrz.birth_date == MrzDate::parse(contents.birth.as_bytes()).unwrap());
        prop_assert_eq!(mrz.expiry.is_some(), contents.format != Format::FrenchCard);
        let best = &correct(&lines)[0];
        prop_assert_eq!(&best.lines, &lines);
        prop_assert_eq!((best.changed, best.fillers), (0, 0));
    }

    #[test]
    fn one_flipped_character_never_passes_unnoticed(
        contents in contents(),
        place in any::<prop::sample::Index>(),
        other in prop::sample::select(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<".to_vec()),
    ) {
        let format = contents.format;
        let mut lines = contents.lines();
        let places: Vec<(usize, usize)> = (0..format.lines())
            .flat_map(|l| (0..format.width()).map(move |c| (l, c)))
            .filter(|(l, c)| covered(format, *l, *c))
            .collect();
        let (line, column) = places[place.index(places.len())];
        let was = lines[line].as_bytes()[column];
        // Characters whose values are equal modulo ten (0, A, K, U and the filler) are one
        // character to a check digit. At a check digit's own place only itself will do,
        // but that 0 and the filler there tell short numbers from long ones.
        let value = |b| check::value(b).unwrap() % 10;
        let own = format
            .layout()
            .checks
            .iter()
            .any(|c| c.at.contains(line, column));
        let filler = was == b'<' || other == b'<';
        prop_assume!(was != other && ((own && !filler) || value(was) != value(other)));
        let flipped = char::from(other).to_string();
        lines[line].replace_range(column..=column, &flipped);
        let unnoticed = parse(&lines).is_ok_and(|m| m.format == format && m.all_checks_valid());
        let spared = other == b'<' && format == Format::Td3 && (line, column) == (1, 42);
        prop_assert!(!unnoticed || spared, "line {} column {}", line, column);
    }

    #[test]
    fn lost_fillers_and_look_alikes_are_recovered(contents in contents(), lost in 1usize..4) {
        let lines = contents.lines();
        let mut raw = lines.clone();
        let name = if contents.format == Format::Td1 { 2 } else { 0 };
        let short = raw[name].len() - lost;
        let tail = raw[name][short..].bytes().all(|b| b == b'<');
        prop_assume!(tail && raw[name][..short].ends_with("<<"));
        prop_assume!(contents.format != Format::FrenchCard || contents.optional[0].is_empty());
        raw[name].truncate(short);
        let best = &correct(&raw)[0];
        prop_assert_eq!(&best.lines, &lines);
        prop_assert_eq!((best.changed, best.fillers), (0, lost));
    }

    #[test]
    fn hostile_text_never_panics(raw in prop::collection::vec(".{0,60}", 0..6)) {
        let _ = parse(&raw);
        let _ = correct(&raw);
    }

    #[test]
    fn near_zones_never_panic(raw in prop::collection::vec("[A-Z0-9<«k ]{24,50}", 2..4)) {
        let _ = parse(&raw);
        let _ = correct(&raw);
    }
}
