//! Dates of a zone: two digits for the year, any part possibly unknown.

use time::{Date, Month};

/// `YYMMDD` (or `YYMM`); a part the document does not know is `None`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MrzDate {
    year: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

/// Where a two-digit year is to be sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// The last such year that does not lie after the reference: births, issues.
    Past,
    /// The such year nearest to the reference, 49 years back to 50 ahead: expiries.
    Near,
}

/// The first and last day that a partly known date may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    pub earliest: Date,
    pub latest: Date,
}

impl MrzDate {
    /// Six or four characters of `0-9<`. Fillers or `00` make a month or day unknown.
    /// `Err` is the offset, from 0, of the part that is no date.
    pub(super) fn parse(text: &[u8]) -> Result<Self, usize> {
        let part = |at: usize| -> Result<Option<u8>, usize> {
            match text.get(at..at + 2) {
                None | Some(b"<<") => Ok(None),
                Some([a @ b'0'..=b'9', b @ b'0'..=b'9']) => Ok(Some((a - b'0') * 10 + (b - b'0'))),
                Some(_) => Err(at),
            }
        };
        let known = |part: Option<u8>| part.filter(|v| *v != 0);
        let date = Self {
            year: part(0)?,
            month: known(part(2)?),
            day: known(part(4)?),
        };
        if date.month.is_some_and(|m| m > 12) {
            return Err(2);
        }
        let longest = match date.month {
            Some(4 | 6 | 9 | 11) => 30,
            // Which century is not known yet: 29 February stands until it is resolved.
            Some(2) if date.year.is_none_or(|y| y % 4 == 0) => 29,
            Some(2) => 28,
            _ => 31,
        };
        if date.day.is_some_and(|d| d > longest) {
            return Err(4);
        }
        Ok(date)
    }

    /// Last two digits of the year.
    pub fn year(self) -> Option<u8> {
        self.year
    }

    /// 1 to 12.
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// 1 to 31.
    pub fn day(self) -> Option<u8> {
        self.day
    }

    pub fn is_complete(self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// Chooses the century. `None` when the year is unknown or no such day exists
    /// (29 February of a year that has none).
    pub fn resolve(self, era: Era, reference: Date) -> Option<DateRange> {
        let short = i32::from(self.year?);
        let century = reference.year() - reference.year().rem_euclid(100);
        match era {
            Era::Past => [century, century - 100]
                .into_iter()
                .filter_map(|c| self.in_year(c + short))
                .find(|r| r.earliest <= reference)
                .map(|r| DateRange {
                    latest: r.latest.min(reference),
                    ..r
                }),
            Era::Near => {
                let year = [century - 100, century, century + 100]
                    .into_iter()
                    .map(|c| c + short)
                    .find(|y| (-49..=50).contains(&(y - reference.year())))?;
                self.in_year(year)
            }
        }
    }

    fn in_year(self, year: i32) -> Option<DateRange> {
        let first = Month::try_from(self.month.unwrap_or(1)).ok()?;
        let last = Month::try_from(self.month.unwrap_or(12)).ok()?;
        let latest_day = self.day.unwrap_or_else(|| last.length(year));
        Some(DateRange {
            earliest: Date::from_calendar_date(year, first, self.day.unwrap_or(1)).ok()?,
            // Day 31 of an unknown month: December has it.
            latest: Date::from_calendar_date(year, last, latest_day).ok()?,
        })
    }
}

impl std::fmt::Debug for MrzDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let complete = if self.is_complete() {
            "complete"
        } else {
            "partly unknown"
        };
        write!(f, "MrzDate({complete})")
    }
}

impl std::fmt::Debug for DateRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DateRange(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn resolve(text: &str, era: Era, reference: Date) -> Option<(Date, Date)> {
        MrzDate::parse(text.as_bytes())
            .unwrap()
            .resolve(era, reference)
            .map(|r| (r.earliest, r.latest))
    }

    #[test]
    fn a_birth_lies_in_the_past() {
        let today = date!(2026 - 11 - 21);
        let day = |d| Some((d, d));
        assert_eq!(
            resolve("740812", Era::Past, today),
            day(date!(1974 - 08 - 12))
        );
        assert_eq!(
            resolve("261121", Era::Past, today),
            day(date!(2026 - 11 - 21))
        );
        assert_eq!(
            resolve("261122", Era::Past, today),
            day(date!(1926 - 11 - 22))
        );
        assert_eq!(
            resolve("000229", Era::Past, today),
            day(date!(2000 - 02 - 29))
        );
    }

    #[test]
    fn an_expiry_lies_near() {
        let today = date!(2026 - 11 - 21);
        let day = |d| Some((d, d));
        assert_eq!(
            resolve("330102", Era::Near, today),
            day(date!(2033 - 01 - 02))
        );
        assert_eq!(
            resolve("960102", Era::Near, today),
            day(date!(1996 - 01 - 02))
        );
        assert_eq!(
            resolve("760102", Era::Near, today),
            day(date!(2076 - 01 - 02))
        );
        assert_eq!(
            resolve("770102", Era::Near, today),
            day(date!(1977 - 01 - 02))
        );
    }

    #[test]
    fn unknown_parts_widen_the_range() {
        let today = date!(2026 - 11 - 21);
        let year = Some((date!(1960 - 01 - 01), date!(1960 - 12 - 31)));
        assert_eq!(resolve("60<<<<", Era::Past, today), year);
        assert_eq!(resolve("600000", Era::Past, today), year);
        assert_eq!(
            resolve("6002<<", Era::Past, today),
            Some((date!(1960 - 02 - 01), date!(1960 - 02 - 29)))
        );
        assert_eq!(resolve("<<<<<<", Era::Past, today), None);
        assert_eq!(
            resolve("8806", Era::Past, today),
            Some((date!(1988 - 06 - 01), date!(1988 - 06 - 30)))
        );
        // This year, day unknown: never after the reference.
        assert_eq!(
            resolve("26<<<<", Era::Past, today),
            Some((date!(2026 - 01 - 01), today))
        );
    }

    #[test]
    fn what_is_no_date_is_named_by_its_offset() {
        for (text, offset) in [
            ("741312", 2),
            ("740432", 4),
            ("740431", 4),
            ("750229", 4),
            ("7A0812", 0),
            ("74<812", 2),
            ("7408<2", 4),
        ] {
            assert_eq!(MrzDate::parse(text.as_bytes()), Err(offset), "{text}");
        }
        assert_eq!(resolve("000229", Era::Past, date!(1950 - 01 - 01)), None);
    }
}
