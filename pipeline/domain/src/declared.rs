//! What the applicant declared, compared with a machine-readable zone.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use time::Date;
use time::macros::format_description;

use crate::evidence::DeclaredField;
use crate::mrz::{Era, Mrz, MrzDate, Sex};

/// The identity as the applicant typed it. Every field is optional. Those that a zone carries
/// are compared; place and country of birth, civility and date of issue stand on no zone.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeclaredIdentity {
    pub civility: Option<String>,
    #[serde(alias = "surname")]
    pub birth_name: Option<String>,
    /// The name in use, if another than the birth name. A document may carry either.
    pub usage_name: Option<String>,
    /// All of them, as a list or with spaces between; hyphens kept.
    #[serde(alias = "given_names", deserialize_with = "names")]
    pub first_names: Option<String>,
    /// `F`, `M` or `X`.
    pub sex: Option<String>,
    #[serde(deserialize_with = "day")]
    pub birth_date: Option<Date>,
    /// Where a letter reaches them, line by line, without the name.
    pub postal_address: Vec<String>,
    pub birth_place: Option<String>,
    pub birth_country: Option<String>,
    /// ISO 3166-1 alpha-3, as in the zone.
    pub nationality: Option<String>,
    pub document_number: Option<String>,
    #[serde(deserialize_with = "day")]
    pub issue_date: Option<Date>,
    #[serde(deserialize_with = "day")]
    pub expiry_date: Option<Date>,
}

impl std::fmt::Debug for DeclaredIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeclaredIdentity(hidden)")
    }
}

/// `YYYY-MM-DD`.
fn day<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Date>, D::Error> {
    Option::<String>::deserialize(d)?
        .map(|text| {
            Date::parse(&text, format_description!("[year]-[month]-[day]"))
                .map_err(|_| D::Error::custom("a date must be written YYYY-MM-DD"))
        })
        .transpose()
}

/// One text, or a list of names.
fn names<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        Text(String),
        List(Vec<String>),
    }
    Ok(Option::<Names>::deserialize(d)?.map(|names| match names {
        Names::Text(text) => text,
        Names::List(list) => list.join(" "),
    }))
}

/// Compares each declared field with the zone; `today` settles two-digit years.
pub fn compare(declared: &DeclaredIdentity, mrz: &Mrz, today: Date) -> Vec<DeclaredField> {
    let mut fields = Vec::new();
    let mut push = |field, agrees| fields.push(DeclaredField { field, agrees });
    if let Some(name) = &declared.birth_name {
        let usage = declared.usage_name.as_deref();
        let agrees = [Some(name.as_str()), usage]
            .into_iter()
            .flatten()
            .any(|n| surname_agrees(n, mrz));
        push("surname", agrees);
    }
    if let Some(names) = &declared.first_names {
        push("first_names", first_names_agree(names, mrz));
    }
    if let Some(sex) = &declared.sex {
        push("sex", sex_agrees(sex, mrz.sex));
    }
    if let Some(birth) = declared.birth_date {
        push(
            "birth_date",
            day_agrees(birth, mrz.birth_date, Era::Past, today),
        );
    }
    if let (Some(expiry), Some(zone)) = (declared.expiry_date, mrz.expiry) {
        push("expiry_date", day_agrees(expiry, zone, Era::Near, today));
    }
    if let Some(number) = &declared.document_number {
        push("document_number", squeeze(number) == squeeze(&mrz.number));
    }
    if let (Some(declared), Some(zone)) = (&declared.nationality, &mrz.nationality) {
        let zone = zone.as_str().trim_end_matches('<');
        push("nationality", declared.trim().eq_ignore_ascii_case(zone));
    }
    fields
}

fn day_agrees(declared: Date, zone: MrzDate, era: Era, today: Date) -> bool {
    zone.resolve(era, today)
        .is_some_and(|range| (range.earliest..=range.latest).contains(&declared))
}

fn sex_agrees(declared: &str, zone: Sex) -> bool {
    match zone {
        Sex::Female => declared.eq_ignore_ascii_case("F"),
        Sex::Male => declared.eq_ignore_ascii_case("M"),
        Sex::Unspecified => declared.eq_ignore_ascii_case("X"),
    }
}

/// Equal once written as a zone writes it; a name the zone cut short must begin it.
fn surname_agrees(declared: &str, mrz: &Mrz) -> bool {
    let zone = squeeze(&mrz.surname);
    spellings(declared)
        .iter()
        .any(|d| *d == zone || (mrz.maybe_truncated && zone.len() >= 3 && d.starts_with(&zone)))
}

/// The zone may leave out later first names for want of space, never the first.
fn first_names_agree(declared: &str, mrz: &Mrz) -> bool {
    let zone = squeeze(&mrz.given_names.concat());
    if zone.is_empty() {
        return false;
    }
    let first = mrz.given_names.first().map(|n| squeeze(n));
    spellings(declared).iter().any(|d| {
        *d == zone
            || (d.starts_with(&zone)
                && first.as_ref().is_some_and(|f| d.starts_with(f))
                && mrz.maybe_truncated)
    })
}

/// A text as a zone would write it, letters and digits alone: accents gone, ligatures apart.
pub(crate) fn spelled(text: &str) -> String {
    let plain: String = text
        .chars()
        .flat_map(char::to_uppercase)
        .map(|c| transliterate(c, false))
        .collect();
    squeeze(&plain)
}

/// Each way the standard allows to write a name in the zone (Doc 9303-3, 6), squeezed.
fn spellings(name: &str) -> [String; 2] {
    [false, true].map(|expanded| {
        let text: String = name
            .chars()
            .flat_map(char::to_uppercase)
            .map(|c| transliterate(c, expanded))
            .collect();
        squeeze(&text)
    })
}

/// `expanded` writes umlauts with E (Ä as AE), else the bare letter.
fn transliterate(c: char, expanded: bool) -> String {
    let plain = match c {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ą' | 'Ă' | 'Ā' => "A",
        'Ä' => return if expanded { "AE" } else { "A" }.into(),
        'Å' => return if expanded { "AA" } else { "A" }.into(),
        'Ç' | 'Ć' | 'Č' => "C",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ę' | 'Ě' | 'Ē' => "E",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ī' | 'İ' => "I",
        'Ł' => "L",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ő' => "O",
        'Ö' | 'Ø' => return if expanded { "OE" } else { "O" }.into(),
        'Œ' => "OE",
        'Æ' => "AE",
        'Ù' | 'Ú' | 'Û' | 'Ů' | 'Ű' | 'Ū' => "U",
        'Ü' => return if expanded { "UE" } else { "U" }.into(),
        'Ý' | 'Ÿ' => "Y",
        'Ź' | 'Ž' | 'Ż' => "Z",
        'Ś' | 'Š' | 'Ş' => "S",
        'Ř' => "R",
        'Ť' | 'Ţ' => "T",
        'Ď' | 'Ð' | 'Đ' => "D",
        'Ğ' => "G",
        'Þ' => "TH",
        'ẞ' => "SS",
        other => return other.to_string(),
    };
    plain.into()
}

/// Letters and digits alone: spaces, hyphens, apostrophes and fillers do not tell names apart.
fn squeeze(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mrz;
    use time::macros::date;

    fn maelys() -> Mrz {
        mrz::parse(&[
            "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
            "9007138F3002119FRA<<<<<<<<<<<6",
            "MARTIN<<MAELYS<GAELLE<MARIE<<<",
        ])
        .unwrap()
    }

    fn declared() -> DeclaredIdentity {
        DeclaredIdentity {
            birth_name: Some("Martin".into()),
            first_names: Some("Maëlys-Gaëlle Marie".into()),
            sex: Some("f".into()),
            expiry_date: Some(date!(2030 - 02 - 11)),
            birth_date: Some(date!(1990 - 07 - 13)),
            document_number: Some("x4rt bpfw4".into()),
            nationality: Some("fra".into()),
            ..DeclaredIdentity::default()
        }
    }

    fn differing(change: impl FnOnce(&mut DeclaredIdentity)) -> Vec<&'static str> {
        let mut d = declared();
        change(&mut d);
        compare(&d, &maelys(), date!(2026 - 11 - 21))
            .into_iter()
            .filter(|f| !f.agrees)
            .map(|f| f.field)
            .collect()
    }

    #[test]
    fn accents_hyphens_case_and_spaces_do_not_matter() {
        assert!(differing(|_| {}).is_empty());
    }

    #[test]
    fn each_field_that_differs_is_named() {
        assert_eq!(
            differing(|d| d.birth_name = Some("Martini".into())),
            ["surname"]
        );
        assert_eq!(
            differing(|d| d.first_names = Some("Gaëlle".into())),
            ["first_names"]
        );
        assert_eq!(
            differing(|d| d.birth_date = Some(date!(1990 - 07 - 14))),
            ["birth_date"]
        );
        assert_eq!(
            differing(|d| d.document_number = Some("X4RTBPFW5".into())),
            ["document_number"]
        );
        assert_eq!(
            differing(|d| d.nationality = Some("BEL".into())),
            ["nationality"]
        );
        assert_eq!(differing(|d| d.sex = Some("M".into())), ["sex"]);
        assert_eq!(
            differing(|d| d.expiry_date = Some(date!(2030 - 02 - 12))),
            ["expiry_date"]
        );
    }

    #[test]
    fn a_usage_name_may_stand_on_the_document() {
        let fields = differing(|d| {
            d.birth_name = Some("Durand".into());
            d.usage_name = Some("Martin".into());
        });
        assert!(fields.is_empty());
    }

    #[test]
    fn both_ways_to_write_an_umlaut_agree() {
        assert!(spellings("Müller").contains(&"MULLER".to_owned()));
        assert!(spellings("Müller").contains(&"MUELLER".to_owned()));
        assert_eq!(spellings("D'Œuvre-Weiß")[0], "DOEUVREWEISS");
    }

    #[test]
    fn nothing_declared_compares_nothing() {
        assert!(
            compare(
                &DeclaredIdentity::default(),
                &maelys(),
                date!(2026 - 11 - 21)
            )
            .is_empty()
        );
    }
}
