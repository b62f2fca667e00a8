//! A seal's fields against the machine-readable zone.

use crate::mrz::{Mrz, Sex};
use crate::seal::Seal;

/// Which fields say something else than the zone, and how many were compared. A seal carries
/// spaces where a zone has fillers; nationality is two letters there, three here.
pub fn compare(seal: &Seal, lines: &[String], mrz: &Mrz) -> (Vec<&'static str>, usize) {
    let mut compared = Vec::new();
    let mut push = |name: &'static str, field: &str, agrees: &dyn Fn(&str) -> bool| {
        if let Some(value) = seal.get(field).filter(|v| !v.is_empty()) {
            compared.push((name, agrees(value)));
        }
    };
    let whole = squeeze(&lines.concat());
    push("zone", "6F", &|v| squeeze(v) == whole);
    push("number", "66", &|v| squeeze(v) == squeeze(&mrz.number));
    push("surname", "62", &|v| squeeze(v) == squeeze(&mrz.surname));
    // A zone may cut given names short, a seal need not.
    let given = squeeze(&mrz.given_names.concat());
    push("given_names", "60", &|v| {
        let all = squeeze(v);
        all == given || (mrz.maybe_truncated && !given.is_empty() && all.starts_with(&given))
    });
    push("sex", "68", &|v| match mrz.sex {
        Sex::Female => v == "F",
        Sex::Male => v == "M",
        Sex::Unspecified => v != "F" && v != "M",
    });
    push("birth_date", "69", &|v| birth_agrees(v, mrz));
    let differing = compared.iter().filter(|c| !c.1).map(|c| c.0).collect();
    (differing, compared.len())
}

/// `DDMMYYYY`, unknown parts `00`.
fn birth_agrees(text: &str, mrz: &Mrz) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u16>().ok());
    let (Some(day), Some(month), Some(year)) = (part(0, 2), part(2, 4), part(4, 8)) else {
        return false;
    };
    let own = |v: Option<u8>| v.map_or(0, u16::from);
    let birth = mrz.birth_date;
    day == own(birth.day()) && month == own(birth.month()) && year % 100 == own(birth.year())
}

fn squeeze(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mrz::parse;

    const LINES: [&str; 2] = [
        "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
        "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<04",
    ];

    fn differing(message: &str) -> (Vec<&'static str>, usize) {
        let content = format!("DC03FR030001092DFFFF0701{message}\u{1f}MY");
        let seal = crate::seal::parse(content.as_bytes()).unwrap();
        compare(&seal, &LINES.map(str::to_owned), &parse(&LINES).unwrap())
    }

    #[test]
    fn a_seal_that_says_the_same_agrees() {
        let all = "60NATACHA\u{1d}62SPECIMEN\u{1d}6607CD12304\u{1d}68F6912071973";
        assert_eq!(differing(all), (vec![], 5));
        let zone = "6FP FRASPECIMEN  NATACHA                      07CD123044FRA7307122F1603062              04\u{1d}";
        assert_eq!(differing(zone), (vec![], 1));
        assert_eq!(differing("6CFR"), (vec![], 0));
    }

    #[test]
    fn each_field_that_differs_is_named() {
        for (message, name) in [
            ("60NATALIA\u{1d}", "given_names"),
            ("62SPECIMAN\u{1d}", "surname"),
            ("6607CD12305\u{1d}", "number"),
            ("68M", "sex"),
            ("6913071973", "birth_date"),
            ("69XXXXXXXX", "birth_date"),
            ("6FP FRASPECIMEN  NATALIA\u{1d}", "zone"),
        ] {
            assert_eq!(differing(message), (vec![name], 1), "{message}");
        }
    }
}
