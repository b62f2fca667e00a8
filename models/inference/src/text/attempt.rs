//! What rows that were read make of a zone, and which of two readings makes more.

use idproof_domain::mrz::{self, Format};
use idproof_ports::TextLine;

/// A row with fewer characters, or read with less confidence, is none of a zone.
pub(super) const SHORTEST: usize = 20;
const LEAST_CONFIDENCE: f32 = 0.35;
/// So many fillers may be put back into a zone that was read well: long runs of them are merged.
const MOST_PUT_BACK: usize = 4;

/// Lines read and how good a zone they make.
#[derive(Clone, Default)]
pub(super) struct Attempt {
    /// Empty where they make none.
    pub lines: Vec<TextLine>,
    /// Wrong check digits, characters to change and fillers to move of the best proposal.
    pub rank: Option<(usize, usize, usize)>,
    /// The format of that proposal.
    format: Option<Format>,
    /// There is a proposal, or a row that looks like the one with the dates.
    pub is_zone: bool,
}

impl Attempt {
    pub fn new(mut lines: Vec<TextLine>) -> Self {
        lines.retain(|l| l.text.len() >= SHORTEST && l.confidence >= LEAST_CONFIDENCE);
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        let proposals = mrz::correct(&texts);
        let best = proposals.first();
        let rank = best.map(|c| (c.mrz.wrong_checks(), c.changed, c.fillers));
        let format = best.map(|c| c.mrz.format);
        let is_zone =
            rank.is_some() || texts.iter().any(|t| has_dates(t.as_bytes())) || are_alike(&texts);
        if rank.is_none() {
            lines.clear();
        }
        Self {
            is_zone,
            lines,
            rank,
            format,
        }
    }

    /// It makes a zone as it was read. Of others a finer or a turned picture may show more: by enough repairs check
    /// digits come out right whatever was read.
    pub fn is_as_read(&self) -> bool {
        self.is_whole() && self.rank.is_some_and(|(_, changed, _)| changed == 0)
    }

    /// No part of a row had to be filled in.
    pub fn is_whole(&self) -> bool {
        self.rank.is_some_and(|(.., moved)| moved <= MOST_PUT_BACK)
    }

    pub fn is_perfect(&self) -> bool {
        self.rank.is_some_and(|(wrong, ..)| wrong == 0)
    }

    /// Nothing was wrong, changed or moved.
    pub fn is_clean(&self) -> bool {
        self.rank == Some((0, 0, 0))
    }

    /// Nothing of it can be another format's: a visa of two times 36 has no check digit behind which nothing more can
    /// follow, so that the larger one begins as it does.
    pub fn is_settled(&self) -> bool {
        self.is_clean() && self.format != Some(Format::MrvB)
    }

    /// Takes the other where that makes more of a zone.
    pub fn keep(&mut self, other: Self) {
        let is_zone = self.is_zone || other.is_zone;
        if other.beats(self) {
            *self = other;
        }
        self.is_zone = is_zone;
    }

    /// It needs fewer repairs, or as few and is longer.
    pub fn beats(&self, other: &Self) -> bool {
        let width = |a: &Self| a.format.map(Format::width);
        match (self.rank, other.rank) {
            (Some(own), Some(rank)) if own == rank => width(self) > width(other),
            (Some(own), Some(other)) => own < other,
            (own, None) => own.is_some(),
            (None, Some(_)) => false,
        }
    }
}

/// Two rows of nearly the same number of characters, one that a format has.
fn are_alike(texts: &[&str]) -> bool {
    let near = |width: usize| {
        texts
            .iter()
            .filter(|t| t.len().abs_diff(width) <= 2)
            .count()
    };
    [30, 36, 44].into_iter().any(|width| near(width) >= 2)
}

/// Six digits and a check digit, the sex, and digits again or the end: every format has a
/// row with them.
fn has_dates(text: &[u8]) -> bool {
    let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'O' | b'I' | b'B' | b'S' | b'Z');
    (8..text.len()).any(|i| {
        let (before, after) = (&text[i - 7..i], &text[i + 1..text.len().min(i + 8)]);
        matches!(text[i], b'M' | b'F' | b'<')
            && before.iter().all(digit)
            && !after.is_empty()
            && after.iter().filter(|b| digit(b)).count() >= after.len().min(6)
    })
}

#[cfg(test)]
mod tests {
    use idproof_ports::Point;

    use super::*;

    fn attempt(texts: &[&str]) -> Attempt {
        let line = |text: &&str| TextLine {
            corners: [Point::default(); 4],
            text: (*text).to_owned(),
            confidence: 0.99,
        };
        Attempt::new(texts.iter().map(line).collect())
    }

    const VISA: [&str; 2] = [
        "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L8988901C4XXX4009078F9612109<<<<<<<<<<<<<<<<",
    ];

    #[test]
    fn a_visa_that_was_read_further_is_the_larger_one() {
        let larger = attempt(&VISA);
        let begun = attempt(&VISA.map(|l| &l[..36]));
        assert!(larger.is_settled() && begun.is_clean() && !begun.is_settled());
        assert!(larger.beats(&begun) && !begun.beats(&larger));
        // What follows the smaller one is no filler: it needs repairs as the larger one.
        let clutter = attempt(
            &VISA
                .map(|l| format!("{}X7", &l[..36]))
                .each_ref()
                .map(|l| &l[..]),
        );
        assert!(begun.beats(&clutter) && !clutter.beats(&begun));
    }

    #[test]
    fn what_was_filled_in_is_not_taken_for_read() {
        let passport = [
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ];
        let read = attempt(&passport);
        let merged = attempt(&[&passport[0][..40], passport[1]]);
        assert!(read.is_as_read() && merged.is_as_read() && merged.is_whole());
        let short = attempt(&[&passport[0][..34], passport[1]]);
        assert_eq!(short.rank, Some((0, 0, 10)));
        assert!(!short.is_as_read() && !short.is_whole());
        assert!(read.beats(&short) && !short.beats(&read));
        let repaired = attempt(&["P<UT0ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", passport[1]]);
        assert!(repaired.is_perfect() && repaired.is_whole() && !repaired.is_as_read());
    }

    #[test]
    fn a_composite_check_digit_settles_what_was_read() {
        let card = attempt(&[
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
            "D231458907UTO7408122F1204159<<<<<<<6",
        ]);
        assert!(card.is_settled());
        assert!(!attempt(&["NO ZONE AT ALL", "SIMPLY PRINT"]).is_zone);
    }
}
