//! Which document a machine-readable zone belongs to.

use crate::document_kind::DocumentKind;
use crate::mrz::{Format, Mrz};

/// The kind among those that are accepted; `None` for any other document.
pub fn recognise(mrz: &Mrz) -> Option<DocumentKind> {
    let code = mrz.document_code.as_str();
    match mrz.format {
        Format::FrenchCard => Some(DocumentKind::FrenchOldCard),
        _ if mrz.issuer.as_str() != "FRA" => None,
        Format::Td1 if code == "ID" => Some(DocumentKind::FrenchCard),
        // Residence permits of the uniform format (Regulation (EU) 2017/1954).
        Format::Td1 if code.starts_with("IR") || code == "TS" => Some(DocumentKind::FrenchPermit),
        Format::Td3 if code.starts_with('P') => Some(DocumentKind::FrenchPassport),
        _ => None,
    }
}

/// Numbers that stand on published specimens of French documents (data sheets of PRADO and
/// of the ministry of the interior).
const SPECIMEN_NUMBERS: [&str; 5] = [
    "X4RTBPFW4",
    "07CD12304",
    "880692310285",
    "970675K00277",
    "1710GVA12345",
];

/// Whether the zone is a specimen's: the state of the standard's examples, a number that was
/// published, or a holder called so.
pub fn is_specimen(mrz: &Mrz) -> bool {
    let named = |text: &str| {
        text.split(' ')
            .any(|part| matches!(part, "SPECIMEN" | "MUSTERMANN" | "ESPECIMEN"))
    };
    mrz.issuer.as_str() == "UTO"
        || SPECIMEN_NUMBERS.contains(&mrz.number.as_str())
        || named(&mrz.surname)
        || mrz.given_names.iter().any(|n| named(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mrz::parse;

    #[test]
    fn french_documents_are_told_apart_and_others_are_none() {
        let kind = |lines: &[&str]| recognise(&parse(lines).unwrap());
        assert_eq!(
            kind(&[
                "IDFRALOISEAU<<<<<<<<<<<<<<<<<<<<<<<<",
                "970675K002774HERVE<<DJAMEL<7303216M4",
            ]),
            Some(DocumentKind::FrenchOldCard)
        );
        assert_eq!(
            kind(&[
                "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
                "9007138F3002119FRA<<<<<<<<<<<6",
                "MARTIN<<MAELYS<GAELLE<MARIE<<<",
            ]),
            Some(DocumentKind::FrenchCard)
        );
        assert_eq!(
            kind(&[
                "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
                "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<04",
            ]),
            Some(DocumentKind::FrenchPassport)
        );
        let permit = |code: &str| {
            let first = format!("{code}FRA1234567897<<<<<<<<<<<<<<<");
            kind(&[
                &first,
                "7408122F1204159TUN<<<<<<<<<<<0",
                "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            ])
        };
        assert_eq!(permit("IR"), Some(DocumentKind::FrenchPermit));
        assert_eq!(permit("IX"), None);
        assert_eq!(
            kind(&[
                "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
                "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
            ]),
            None
        );
    }

    #[test]
    fn specimens_are_known_by_state_number_or_name() {
        let specimen = |lines: &[&str]| is_specimen(&parse(lines).unwrap());
        assert!(specimen(&[
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        ]));
        assert!(specimen(&[
            "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
            "9007138F3002119FRA<<<<<<<<<<<6",
            "MARTIN<<MAELYS<GAELLE<MARIE<<<",
        ]));
        assert!(specimen(&[
            "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
            "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<04",
        ]));
        assert!(!specimen(&[
            "IDFRAX5RTBPFW45<<<<<<<<<<<<<<<",
            "9007138F3002119FRA<<<<<<<<<<<6",
            "MARTIN<<MAELYS<GAELLE<MARIE<<<",
        ]));
    }
}
