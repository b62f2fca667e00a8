//! Working days and the deadlines that hang on them.
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z; days are those of the calendar's zone.
//! A deadline is kept by what happens at or before it.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const HOUR_MS: i64 = 3_600_000;
/// Working time within which the activation code leaves.
const LETTER_MS: i64 = 24 * HOUR_MS;
/// Time after processing within which media are deleted.
const MEDIA_MS: i64 = 72 * HOUR_MS;
/// Whole days, beginning with the day after, in which a registered e-letter may be accepted.
const ACCEPT_DAYS: i64 = 15;

/// Which days beside Saturday and Sunday are no working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holidays {
    /// Good Friday and 26 December, as in Bas-Rhin, Haut-Rhin and Moselle.
    pub alsace_moselle: bool,
}

impl Holidays {
    /// The public holidays of a year (Code du travail, L3133-1), in order. Empty where the
    /// calendar of 1582 does not reach.
    pub fn of_year(self, year: i16) -> Vec<Date> {
        let Some(easter) = easter_sunday(year) else {
            return Vec::new();
        };
        let fixed = [
            (1, 1),
            (5, 1),
            (5, 8),
            (7, 14),
            (8, 15),
            (11, 1),
            (11, 11),
            (12, 25),
        ];
        let mut days: Vec<Date> = fixed
            .into_iter()
            .filter_map(|(month, day)| Date::new(year, month, day).ok())
            .chain([1, 39, 50].map(|n| easter.saturating_add(n.days())))
            .collect();
        if self.alsace_moselle {
            days.push(easter.saturating_sub(2.days()));
            days.extend(Date::new(year, 12, 26));
        }
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// Easter Sunday by the method of Meeus, Jones and Butcher; `None` before 1583.
pub fn easter_sunday(year: i16) -> Option<Date> {
    if year < 1583 {
        return None;
    }
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("unknown time zone; use a name like `Europe/Paris`")]
    UnknownZone,
    #[error("the time {0} ms lies beyond the calendar")]
    OutOfRange(i64),
}

/// Working days in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    holidays: Holidays,
}

impl Calendar {
    /// `zone` is a name of the IANA database, which is built in.
    pub fn new(zone: &str, holidays: Holidays) -> Result<Self, CalendarError> {
        let zone = TimeZone::get(zone).map_err(|_| CalendarError::UnknownZone)?;
        Ok(Self { zone, holidays })
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.of_year(day.year()).contains(&day)
    }

    /// The local day an instant belongs to.
    pub fn day_of(&self, ms: i64) -> Result<Date, CalendarError> {
        let at = Timestamp::from_millisecond(ms).map_err(|_| CalendarError::OutOfRange(ms))?;
        Ok(self.zone.to_datetime(at).date())
    }

    /// When the activation code must have left: the first instant of a working day at which 24
    /// hours of working days have passed since submission. Where they end with a working day,
    /// that is midnight at the start of the next one, since the days between do not count.
    pub fn letter_due(&self, submitted_ms: i64) -> Result<i64, CalendarError> {
        self.after_working(submitted_ms, LETTER_MS)
    }

    /// When so many milliseconds of working days have passed from then on, in the sense of
    /// [`Calendar::letter_due`].
    pub fn after_working(&self, from_ms: i64, working_ms: i64) -> Result<i64, CalendarError> {
        let out = || CalendarError::OutOfRange(from_ms);
        let mut day = self.day_of(from_ms)?;
        let mut from = from_ms;
        let mut left = working_ms;
        loop {
            let next = day.checked_add(1.day()).map_err(|_| out())?;
            let end = self.start_of(next).ok_or_else(out)?;
            if self.is_working_day(day) {
                if left < end - from {
                    return Ok(from + left);
                }
                left -= end - from;
            }
            (day, from) = (next, end);
        }
    }

    /// The first instant of a day here.
    pub fn day_start(&self, day: Date) -> Option<i64> {
        self.start_of(day)
    }

    /// Until when a letter notified (or deposited) then may be accepted: the last millisecond of
    /// the fifteenth day, the first being the day after (décret 2018-347, CPCE R53-3).
    pub fn accept_until(&self, notified_ms: i64) -> Result<i64, CalendarError> {
        let out = || CalendarError::OutOfRange(notified_ms);
        let after = self
            .day_of(notified_ms)?
            .checked_add((ACCEPT_DAYS + 1).days())
            .map_err(|_| out())?;
        Ok(self.start_of(after).ok_or_else(out)? - 1)
    }

    /// The same time of day so many days later; in a gap of the clock, just after it.
    pub fn days_after(&self, ms: i64, days: i64) -> Result<i64, CalendarError> {
        let out = || CalendarError::OutOfRange(ms);
        let at = Timestamp::from_millisecond(ms).map_err(|_| out())?;
        let days = jiff::Span::new().try_days(days).map_err(|_| out())?;
        let then = at.to_zoned(self.zone.clone()).checked_add(days);
        Ok(then.map_err(|_| out())?.timestamp().as_millisecond())
    }

    fn start_of(&self, day: Date) -> Option<i64> {
        let start = day.to_zoned(self.zone.clone()).ok()?;
        Some(start.timestamp().as_millisecond())
    }
}

/// When a case's media must be gone: 72 hours of the clock after processing, or after the last
/// activity of an abandoned case. Weekends count.
pub fn media_due(processed_ms: i64) -> i64 {
    processed_ms.saturating_add(MEDIA_MS)
}
