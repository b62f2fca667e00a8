//! Builds valid zones for tests, straight from the layouts.

use super::check::{check_digit, places};
use super::layout::{CheckName, Format, Span};
use super::zone::Zone;

/// What goes into a zone; texts with fillers already in place of spaces.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    pub format: Format,
    pub code: String,
    pub issuer: String,
    /// Longer than the field only in TD1 and TD2.
    pub number: String,
    pub surname: String,
    pub given: Vec<String>,
    pub birth: String,
    pub sex: char,
    pub expiry: String,
    pub nationality: String,
    pub issue: String,
    pub optional: Vec<String>,
}

impl Contents {
    /// Lines with every check digit right.
    pub fn lines(&self) -> Vec<String> {
        let layout = self.format.layout();
        let empty = vec![vec![b'<'; self.format.width()]; self.format.lines()];
        let mut zone = Zone::of(self.format, empty);
        let french = self.format == Format::FrenchCard;
        put(&mut zone, layout.code, &self.code);
        put(&mut zone, layout.issuer, &self.issuer);
        let names = self.given.join(if french { "<<" } else { "<" });
        match layout.given {
            Some(span) => {
                put(&mut zone, layout.surname, &self.surname);
                put(&mut zone, span, &names);
            }
            None => put(
                &mut zone,
                layout.surname,
                &format!("{}<<{names}", self.surname),
            ),
        }
        for (span, text) in layout.optional.iter().zip(&self.optional) {
            put(&mut zone, *span, text);
        }
        put(&mut zone, layout.number, &self.number);
        put(&mut zone, layout.birth, &self.birth);
        put(&mut zone, layout.sex, &self.sex.to_string());
        for (span, text) in [
            (layout.expiry, &self.expiry),
            (layout.nationality, &self.nationality),
            (layout.issue, &self.issue),
        ] {
            if let Some(span) = span {
                put(&mut zone, span, text);
            }
        }
        for spec in layout.checks {
            zone.set(spec.at.line, spec.at.start, b'0');
        }
        self.long_number(&mut zone);
        for spec in layout.checks {
            let (place, over) = places(&zone, layout, spec);
            let data: Vec<u8> = over.iter().flat_map(|s| zone.text(*s).to_vec()).collect();
            let digit = check_digit(data);
            zone.set(place.line, place.start, digit);
        }
        zone.strings()
    }

    pub fn is_long(&self) -> bool {
        let layout = self.format.layout();
        layout.long_number && self.number.len() > layout.number.len()
    }

    fn long_number(&self, zone: &mut Zone) {
        let layout = self.format.layout();
        if self.is_long() {
            let rest = &self.number[layout.number.len()..];
            let check = layout
                .checks
                .iter()
                .find(|c| c.name == CheckName::Number)
                .expect("every layout checks its number");
            zone.set(check.at.line, check.at.start, b'<');
            // The digit itself is put in place of `0` later.
            let more = format!("{rest}0<{}", self.optional[0]);
            put(zone, layout.optional[0], &more);
        }
    }
}

fn put(zone: &mut Zone, span: Span, text: &str) {
    for (column, byte) in (span.start..span.end).zip(text.bytes()) {
        zone.set(span.line, column, byte);
    }
}
