//! The visual zone: fields found by their labels, and compared with the machine-readable zone.

use std::fmt;

use time::{Date, Month};

use super::names::likeness;
use crate::mrz::{Era, Mrz, MrzDate};

/// A printed line and its box in the picture, upright.
#[derive(Clone, PartialEq)]
pub struct Line {
    pub text: String,
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} characters)", self.text.chars().count())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Surname,
    GivenNames,
    UsageName,
    BirthDate,
    BirthPlace,
    Sex,
    Nationality,
    Number,
    Issue,
    Expiry,
    Address,
}

/// Labels of French documents and of the harmonised layouts, squeezed; the longest that
/// begins a line is meant.
const LABELS: &[(&str, Field)] = &[
    ("NOMSURNAME", Field::Surname),
    ("NOM", Field::Surname),
    ("SURNAME", Field::Surname),
    ("NOMDUSAGE", Field::UsageName),
    ("NOMDUSAGEALTERNATENAME", Field::UsageName),
    ("ALTERNATENAME", Field::UsageName),
    ("EPOUSE", Field::UsageName),
    ("PRENOMSGIVENNAMES", Field::GivenNames),
    ("PRENOMS", Field::GivenNames),
    ("PRENOM", Field::GivenNames),
    ("GIVENNAMES", Field::GivenNames),
    ("DATEDENAISSANCEDATEOFBIRTH", Field::BirthDate),
    ("DATEDENAISSANCE", Field::BirthDate),
    ("DATEDENAISSDATEOFBIRTH", Field::BirthDate),
    ("DATEDENAISSBIRTH", Field::BirthDate),
    ("DATEDENAISS", Field::BirthDate),
    ("DATEOFBIRTH", Field::BirthDate),
    ("NELE", Field::BirthDate),
    ("NEELE", Field::BirthDate),
    ("LIEUDENAISSANCEPLACEOFBIRTH", Field::BirthPlace),
    ("LIEUDENAISSANCE", Field::BirthPlace),
    ("PLACEOFBIRTH", Field::BirthPlace),
    ("SEXESEX", Field::Sex),
    ("SEXE", Field::Sex),
    ("SEX", Field::Sex),
    ("NATIONALITENATIONALITY", Field::Nationality),
    ("NATIONALITE", Field::Nationality),
    ("NATIONALITY", Field::Nationality),
    ("NDUDOCUMENTDOCUMENTNO", Field::Number),
    ("NDUDOCUMENT", Field::Number),
    ("DOCUMENTNO", Field::Number),
    ("CARTENATIONALEDIDENTITEN", Field::Number),
    ("PASSEPORTNPASSPORTNO", Field::Number),
    ("PASSEPORTN", Field::Number),
    ("PASSPORTNO", Field::Number),
    ("DATEDEDELIVRANCEDATEOFISSUE", Field::Issue),
    ("DATEDEDELIVRANCE", Field::Issue),
    ("DELIVREELE", Field::Issue),
    ("DATEOFISSUE", Field::Issue),
    ("DATEDEXPIRATIONDATEOFEXPIRY", Field::Expiry),
    ("DATEDEXPIREXPIRYDATE", Field::Expiry),
    ("DATEDEXPIRATION", Field::Expiry),
    ("DATEDEXPIR", Field::Expiry),
    ("EXPIRYDATE", Field::Expiry),
    ("DATEOFEXPIRY", Field::Expiry),
    ("CARTEVALABLEJUSQUAU", Field::Expiry),
    ("VALABLEJUSQUAU", Field::Expiry),
    ("ADRESSEADDRESS", Field::Address),
    ("ADRESSE", Field::Address),
    ("ADDRESS", Field::Address),
];

/// Characters of a line that are looked at, and lines of a page: a document has fewer.
const LONGEST: usize = 200;
const MOST_LINES: usize = 400;
/// A value lies no further below its label than this many heights of the label.
const BELOW: f32 = 2.6;
/// From this likeness on print and zone say the same; one misread character in six is allowed.
const ALIKE: f64 = 0.8;

#[derive(Clone, PartialEq)]
struct Value {
    field: Field,
    text: String,
    /// Which of the lines given it stands on.
    at: usize,
}

/// What was found beside the labels. Where both sides carry a field, the first is kept.
#[derive(Clone, Default, PartialEq)]
pub struct Print {
    values: Vec<Value>,
    /// Every line, squeezed, for values whose label was not read.
    lines: Vec<String>,
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<Field> = self.values.iter().map(|v| v.field).collect();
        write!(f, "Print({fields:?})")
    }
}

impl Print {
    pub fn get(&self, field: Field) -> Option<&str> {
        let of = |v: &&Value| v.field == field;
        self.values.iter().find(of).map(|v| v.text.as_str())
    }

    /// Each field found and which of the lines given to [`read`] its value stands on. Not for a [merged](Self::merge)
    /// print.
    pub fn places(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        self.values.iter().map(|v| (v.field, v.at))
    }

    /// Adds what another side says and this one does not.
    pub fn merge(&mut self, other: Self) {
        for value in other.values {
            if self.get(value.field).is_none() {
                self.values.push(value);
            }
        }
        self.lines.extend(other.lines);
        self.lines.truncate(MOST_LINES);
    }

    /// The date in a field, day first as French documents print it.
    pub fn date(&self, field: Field) -> Option<Date> {
        self.get(field).and_then(date)
    }
}

/// Finds the fields of a page by their labels: beside the label, or on the line below it.
pub fn read(lines: &[Line]) -> Print {
    let lines = &lines[..lines.len().min(MOST_LINES)];
    let mut print = Print::default();
    for (at, line) in lines.iter().enumerate() {
        let text: String = line.text.chars().take(LONGEST).collect();
        print.lines.push(squeeze(&text));
        let Some((field, rest)) = label(&text) else {
            continue;
        };
        let value = if rest.is_empty() {
            below(line, lines).map(|(at, l)| (l.text.chars().take(LONGEST).collect(), at))
        } else {
            Some((rest, at))
        };
        if let Some((text, at)) = value.filter(|_| print.get(field).is_none()) {
            print.values.push(Value { field, text, at });
        }
    }
    print
}

/// The field whose label begins the line, and what stands after it.
fn label(text: &str) -> Option<(Field, String)> {
    let squeezed = squeeze(text);
    let (name, field) = LABELS
        .iter()
        .filter(|(name, _)| squeezed.starts_with(name))
        .max_by_key(|(name, _)| name.len())?;
    // The label must be a word of its own: NOMBRE is none.
    let mut left = name.len();
    let mut rest = text.chars();
    while left > 0 {
        let c = rest.next()?;
        left = left.saturating_sub(squeeze(&c.to_string()).len());
    }
    let rest = rest.as_str();
    if rest.chars().next().is_some_and(char::is_alphanumeric) {
        return None;
    }
    // Of the label's other language a part alone was found: `N° du document / Docum`.
    let longer = |(name, of): &(&str, Field)| of == field && name.starts_with(&squeezed);
    if rest.trim_start().starts_with('/') && LABELS.iter().any(longer) {
        return Some((*field, String::new()));
    }
    // `(s)` of « Prénom(s) », `(e)` of « Né(e) », colons and dots.
    let value = rest
        .trim_start_matches("(s)")
        .trim_start_matches(|c: char| !c.is_alphanumeric());
    Some((*field, value.trim().to_owned()))
}

/// The nearest line under a label that begins about where it does and is no label.
fn below<'a>(of: &Line, lines: &'a [Line]) -> Option<(usize, &'a Line)> {
    let height = (of.bottom - of.top).max(1.0);
    lines
        .iter()
        .enumerate()
        .filter(|(_, l)| {
            let down = l.top - of.bottom;
            let middle = (l.top + l.bottom) / 2.0;
            middle > of.bottom
                && down < BELOW * height
                && (l.left - of.left).abs() < 3.0 * height
                && label(&l.text).is_none()
        })
        .min_by(|(_, a), (_, b)| a.top.total_cmp(&b.top))
}

/// Letters and digits alone, capital, as a zone would write them.
fn squeeze(text: &str) -> String {
    crate::declared::spelled(text)
}

/// `13 07 1990`, `13.07.1990`, `13/07/90` and the like: day, month, year.
pub fn date(text: &str) -> Option<Date> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
    if digits.len() != 8 {
        return None;
    }
    let month = Month::try_from(u8::try_from(part(2, 4)?).ok()?).ok()?;
    let day = u8::try_from(part(0, 2)?).ok()?;
    Date::from_calendar_date(i32::from(part(4, 8)?), month, day).ok()
}

/// One field of the print against the zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub field: &'static str,
    /// 0..=1; `None` where the print could not be read there.
    pub likeness: Option<f64>,
    /// Positions, from 1, of the characters that differ in the zone's value.
    pub differs_at: Vec<usize>,
}

impl Compared {
    pub fn agrees(&self) -> Option<bool> {
        self.likeness.map(|l| l >= ALIKE)
    }
}

/// Surname, given names, number, birth and expiry as printed against the zone; `today`
/// settles two-digit years.
pub fn compare(print: &Print, mrz: &Mrz, today: Date) -> Vec<Compared> {
    let given = mrz.given_names.concat();
    let mut all = vec![
        text(
            print,
            "surname",
            Field::Surname,
            &mrz.surname,
            mrz.maybe_truncated,
        ),
        text(print, "given_names", Field::GivenNames, &given, true),
        text(print, "document_number", Field::Number, &mrz.number, false),
        day(
            print,
            "birth_date",
            Field::BirthDate,
            Some(mrz.birth_date),
            Era::Past,
            today,
        ),
    ];
    if mrz.expiry.is_some() {
        all.push(day(
            print,
            "expiry_date",
            Field::Expiry,
            mrz.expiry,
            Era::Near,
            today,
        ));
    }
    all
}

/// `cut`: the zone may hold the beginning of the printed value only.
fn text(print: &Print, name: &'static str, field: Field, zone: &str, cut: bool) -> Compared {
    let zone = squeeze(zone);
    let against = |printed: &str| {
        let printed: String = match cut {
            true => printed.chars().take(zone.chars().count()).collect(),
            false => printed.to_owned(),
        };
        likeness(&zone, &printed)
    };
    let labelled = print.get(field).map(squeeze).filter(|v| !v.is_empty());
    // A value that stands there though its label was misread or is another.
    let anywhere = print
        .lines
        .iter()
        .map(|l| likeness(&zone, l))
        .filter(|l| l.score >= ALIKE && zone.len() >= 3)
        .max_by(|a, b| a.score.total_cmp(&b.score));
    let best = match (labelled.map(|v| against(&v)), anywhere) {
        (Some(own), Some(other)) if other.score > own.score => Some(other),
        (Some(own), _) => Some(own),
        (None, other) => other,
    };
    Compared {
        field: name,
        likeness: best.as_ref().map(|l| l.score),
        differs_at: best.map_or(Vec::new(), |l| l.differences.iter().map(|d| d.at).collect()),
    }
}

fn day(
    print: &Print,
    name: &'static str,
    field: Field,
    zone: Option<MrzDate>,
    era: Era,
    today: Date,
) -> Compared {
    let range = zone.and_then(|z| z.resolve(era, today));
    let within = |d: Date| range.is_some_and(|r| (r.earliest..=r.latest).contains(&d));
    let labelled = print.date(field);
    let anywhere = || print.lines.iter().filter_map(|l| date(l)).any(within);
    let agrees = match labelled {
        Some(d) => Some(within(d)),
        None => anywhere().then_some(true),
    };
    Compared {
        field: name,
        likeness: agrees.map(|a| if a { 1.0 } else { 0.0 }),
        differs_at: Vec::new(),
    }
}

#[cfg(test)]
#[path = "print_tests.rs"]
mod tests;
