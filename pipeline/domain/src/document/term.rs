//! How long French documents are valid.

use time::{Date, Duration, Month};

use crate::document_kind::DocumentKind;

/// What a document says about its own term. Where only a month is known, its first and last day.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Printed {
    pub birth: Option<Date>,
    /// First and last day the issue may have been.
    pub issue: Option<(Date, Date)>,
    pub expiry: Option<Date>,
}

impl std::fmt::Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Printed(hidden)")
    }
}

/// The last day of validity, or why it cannot be told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LastDay {
    On(Date),
    /// The month of issue alone is known, and the day decides: first and last possibility.
    Between(Date, Date),
    Unknown,
}

impl std::fmt::Debug for LastDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::On(_) => "On(hidden)",
            Self::Between(..) => "Between(hidden)",
            Self::Unknown => "Unknown",
        })
    }
}

/// Laminated cards issued in these days to adults are valid five years longer than printed
/// (décret 2013-1188, article 1).
const PROLONGED: (Date, Date) = (day(2004, Month::January, 2), day(2013, Month::December, 31));
const ADULT: i32 = 18;
/// A residence permit is accepted from this term on.
pub const LEAST_PERMIT_YEARS: i32 = 5;

const fn day(year: i32, month: Month, day: u8) -> Date {
    match Date::from_calendar_date(year, month, day) {
        Ok(date) => date,
        Err(_) => Date::MIN,
    }
}

/// The last day on which the document is valid.
///
/// The card of 1995 carries no expiry in its zone: ten years from its issue, fifteen for cards
/// issued to adults from 2 January 2004 to 31 December 2013.
pub fn last_day(kind: Option<DocumentKind>, printed: &Printed) -> LastDay {
    if kind != Some(DocumentKind::FrenchOldCard) {
        return printed.expiry.map_or(LastDay::Unknown, LastDay::On);
    }
    let Some((earliest, latest)) = printed.issue else {
        return LastDay::Unknown;
    };
    let (first, last) = (
        old_card(earliest, printed.birth),
        old_card(latest, printed.birth),
    );
    if first == last {
        LastDay::On(first)
    } else {
        LastDay::Between(first.min(last), first.max(last))
    }
}

fn old_card(issue: Date, birth: Option<Date>) -> Date {
    let adult = birth.is_some_and(|b| years_between(b, issue) >= ADULT);
    let prolonged = (PROLONGED.0..=PROLONGED.1).contains(&issue);
    eve_of(anniversary(issue, if adult && prolonged { 15 } else { 10 }))
}

/// Whether a permit was issued for five years or more; `None` where a date is unknown or the
/// day of issue decides.
pub fn is_long_permit(printed: &Printed) -> Option<bool> {
    let (earliest, latest) = printed.issue?;
    let expiry = printed.expiry?;
    let long = |issue: Date| expiry >= eve_of(anniversary(issue, LEAST_PERMIT_YEARS));
    (long(earliest) == long(latest)).then(|| long(earliest))
}

/// The same day so many years later; 1 March where that year has no 29 February.
pub fn anniversary(date: Date, years: i32) -> Date {
    let year = date.year() + years;
    Date::from_calendar_date(year, date.month(), date.day())
        .or_else(|_| Date::from_calendar_date(year, Month::March, 1))
        .unwrap_or(Date::MAX)
}

fn eve_of(date: Date) -> Date {
    date.checked_sub(Duration::DAY).unwrap_or(Date::MIN)
}

/// Completed years on `day`. Born on 29 February: the birthday of a common year is 1 March.
pub fn years_between(birth: Date, day: Date) -> i32 {
    let years = day.year() - birth.year();
    let had_birthday = (day.month() as u8, day.day()) >= (birth.month() as u8, birth.day());
    years - i32::from(!had_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn old(issue: Date, birth: Date) -> LastDay {
        last_day(
            Some(DocumentKind::FrenchOldCard),
            &Printed {
                birth: Some(birth),
                issue: Some((issue, issue)),
                expiry: None,
            },
        )
    }

    #[test]
    fn cards_of_2004_to_2013_of_adults_last_fifteen_years() {
        let adult = date!(1970 - 05 - 01);
        for (issue, last) in [
            (date!(2004 - 01 - 01), date!(2013 - 12 - 31)),
            (date!(2004 - 01 - 02), date!(2019 - 01 - 01)),
            (date!(2013 - 12 - 31), date!(2028 - 12 - 30)),
            (date!(2014 - 01 - 01), date!(2023 - 12 - 31)),
            (date!(2004 - 02 - 29), date!(2019 - 02 - 28)),
            (date!(2012 - 02 - 29), date!(2027 - 02 - 28)),
        ] {
            assert_eq!(old(issue, adult), LastDay::On(last), "{issue}");
        }
    }

    #[test]
    fn a_minor_s_card_stays_at_ten_years() {
        let issue = date!(2010 - 06 - 15);
        let ten = LastDay::On(date!(2020 - 06 - 14));
        let fifteen = LastDay::On(date!(2025 - 06 - 14));
        assert_eq!(old(issue, date!(1992 - 06 - 15)), fifteen);
        assert_eq!(old(issue, date!(1992 - 06 - 16)), ten);
        // Born on 29 February: of age on 1 March of a common year.
        assert_eq!(
            old(date!(2010 - 02 - 28), date!(1992 - 02 - 29)),
            LastDay::On(date!(2020 - 02 - 27))
        );
        assert_eq!(
            old(date!(2010 - 03 - 01), date!(1992 - 02 - 29)),
            LastDay::On(date!(2025 - 02 - 28))
        );
        let unknown = Printed {
            issue: Some((issue, issue)),
            ..Printed::default()
        };
        assert_eq!(last_day(Some(DocumentKind::FrenchOldCard), &unknown), ten);
    }

    #[test]
    fn the_zone_s_month_leaves_the_day_open() {
        let month = |first, last| {
            last_day(
                Some(DocumentKind::FrenchOldCard),
                &Printed {
                    birth: Some(date!(1970 - 05 - 01)),
                    issue: Some((first, last)),
                    expiry: None,
                },
            )
        };
        assert_eq!(
            month(date!(2010 - 06 - 01), date!(2010 - 06 - 30)),
            LastDay::Between(date!(2025 - 05 - 31), date!(2025 - 06 - 29))
        );
        // 1 January 2004 is not prolonged, 2 January is.
        assert_eq!(
            month(date!(2004 - 01 - 01), date!(2004 - 01 - 31)),
            LastDay::Between(date!(2013 - 12 - 31), date!(2019 - 01 - 30))
        );
        assert_eq!(
            last_day(Some(DocumentKind::FrenchOldCard), &Printed::default()),
            LastDay::Unknown
        );
    }

    #[test]
    fn other_documents_last_until_the_printed_day() {
        let printed = Printed {
            expiry: Some(date!(2030 - 02 - 11)),
            ..Printed::default()
        };
        for kind in [
            None,
            Some(DocumentKind::FrenchCard),
            Some(DocumentKind::FrenchPermit),
        ] {
            assert_eq!(last_day(kind, &printed), LastDay::On(date!(2030 - 02 - 11)));
        }
        assert_eq!(last_day(None, &Printed::default()), LastDay::Unknown);
    }

    #[test]
    fn a_permit_lasts_five_years_to_the_day() {
        let long = |issue: Date, expiry: Date| {
            is_long_permit(&Printed {
                issue: Some((issue, issue)),
                expiry: Some(expiry),
                birth: None,
            })
        };
        assert_eq!(
            long(date!(2022 - 03 - 10), date!(2027 - 03 - 09)),
            Some(true)
        );
        assert_eq!(
            long(date!(2022 - 03 - 10), date!(2027 - 03 - 08)),
            Some(false)
        );
        assert_eq!(
            long(date!(2024 - 02 - 29), date!(2029 - 02 - 28)),
            Some(true)
        );
        assert_eq!(
            long(date!(2024 - 02 - 29), date!(2029 - 02 - 27)),
            Some(false)
        );
        let month = Printed {
            issue: Some((date!(2022 - 03 - 01), date!(2022 - 03 - 31))),
            expiry: Some(date!(2027 - 03 - 15)),
            birth: None,
        };
        assert_eq!(is_long_permit(&month), None);
        assert_eq!(is_long_permit(&Printed::default()), None);
    }
}
