//! Deadlines on both sides, over weekends, holidays and changes of hour.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_domain::calendar::{Calendar, CalendarError, Holidays, easter_sunday, media_due};
use jiff::civil::{Date, date};
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;

const FRANCE: Holidays = Holidays {
    alsace_moselle: false,
};
const ALSACE: Holidays = Holidays {
    alsace_moselle: true,
};

fn paris(holidays: Holidays) -> Calendar {
    Calendar::new("Europe/Paris", holidays).unwrap()
}

/// Milliseconds of a local time in Paris.
fn at(local: &str) -> i64 {
    let zoned: Zoned = format!("{local}[Europe/Paris]").parse().unwrap();
    zoned.timestamp().as_millisecond()
}

fn local(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap();
    let zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    at.to_zoned(zone).datetime().to_string()
}

fn due(submitted: &str) -> String {
    local(paris(FRANCE).letter_due(at(submitted)).unwrap())
}

#[test]
fn easter_falls_where_the_tables_say() {
    for (year, month, day) in [
        (1583, 4, 10),
        (1818, 3, 22),
        (1943, 4, 25),
        (1954, 4, 18),
        (1981, 4, 19),
        (2000, 4, 23),
        (2008, 3, 23),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2038, 4, 25),
        (2049, 4, 18),
        (2076, 4, 19),
        (2285, 3, 22),
    ] {
        assert_eq!(easter_sunday(year), Some(date(year, month, day)));
    }
    assert_eq!(easter_sunday(1582), None);
}

#[test]
fn the_eleven_holidays_and_the_two_of_alsace_moselle() {
    let days = |h: Holidays, year| -> Vec<String> {
        h.of_year(year)
            .iter()
            .map(|d| d.strftime("%m-%d").to_string())
            .collect()
    };
    assert_eq!(
        days(FRANCE, 2026),
        [
            "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01",
            "11-11", "12-25"
        ]
    );
    assert_eq!(
        days(ALSACE, 2026),
        [
            "01-01", "04-03", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15",
            "11-01", "11-11", "12-25", "12-26"
        ]
    );
    // In 2008 Ascension was on 1 May: ten days, not one counted twice.
    assert_eq!(days(FRANCE, 2008).len(), 10);
}

#[test]
fn good_friday_is_a_working_day_but_in_alsace_moselle() {
    let friday = date(2026, 4, 3);
    assert!(paris(FRANCE).is_working_day(friday));
    assert!(!paris(ALSACE).is_working_day(friday));
    assert!(!paris(FRANCE).is_working_day(date(2026, 4, 4)));
    assert!(!paris(FRANCE).is_working_day(date(2026, 4, 5)));
    assert!(!paris(FRANCE).is_working_day(date(2026, 4, 6)));
    assert!(paris(FRANCE).is_working_day(date(2026, 4, 7)));
}

#[test]
fn within_the_week_it_is_24_hours() {
    assert_eq!(due("2026-03-10T15:00:00.123"), "2026-03-11T15:00:00.123");
    // The last instant whose 24 hours end on Friday, and the first whose do not.
    assert_eq!(due("2026-03-12T23:59:59.999"), "2026-03-13T23:59:59.999");
    assert_eq!(due("2026-03-13T00:00:00"), "2026-03-16T00:00:00");
    assert_eq!(due("2026-03-13T00:00:00.001"), "2026-03-16T00:00:00.001");
}

#[test]
fn a_weekend_does_not_count() {
    assert_eq!(due("2026-03-13T15:00:00"), "2026-03-16T15:00:00");
    assert_eq!(due("2026-03-13T23:59:59.999"), "2026-03-16T23:59:59.999");
    assert_eq!(due("2026-03-14T00:00:00"), "2026-03-17T00:00:00");
    assert_eq!(due("2026-03-15T23:59:59.999"), "2026-03-17T00:00:00");
    assert_eq!(due("2026-03-16T00:00:00"), "2026-03-17T00:00:00");
}

#[test]
fn holidays_do_not_count() {
    // 1 May 2026 is a Friday: from Thursday to Monday.
    assert_eq!(due("2026-04-30T10:00:00"), "2026-05-04T10:00:00");
    // 8 May 2026 is a Friday too.
    assert_eq!(due("2026-05-07T18:30:00"), "2026-05-11T18:30:00");
    // Ascension on Thursday 14 May 2026; the bridge's Friday is a working day.
    assert_eq!(due("2026-05-13T12:00:00"), "2026-05-15T12:00:00");
    assert_eq!(due("2026-05-14T12:00:00"), "2026-05-18T00:00:00");
    assert_eq!(due("2026-05-15T12:00:00"), "2026-05-18T12:00:00");
    // Whit Monday.
    assert_eq!(due("2026-05-22T09:00:00"), "2026-05-26T09:00:00");
    // Christmas 2026 is a Friday, the year's last day a Thursday.
    assert_eq!(due("2026-12-24T16:00:00"), "2026-12-28T16:00:00");
    assert_eq!(due("2026-12-31T16:00:00"), "2027-01-04T16:00:00");
    // Easter: Friday to Tuesday; in Alsace-Moselle Thursday to Tuesday.
    assert_eq!(due("2026-04-03T11:00:00"), "2026-04-07T11:00:00");
    let alsace = paris(ALSACE).letter_due(at("2026-04-02T11:00:00")).unwrap();
    assert_eq!(local(alsace), "2026-04-07T11:00:00");
}

#[test]
fn changes_of_hour_shift_nothing() {
    // Both fall on a Sunday: 29 March and 25 October 2026.
    assert_eq!(due("2026-03-27T15:00:00"), "2026-03-30T15:00:00");
    assert_eq!(
        at("2026-03-30T15:00:00") - at("2026-03-27T15:00:00"),
        71 * 3_600_000
    );
    assert_eq!(due("2026-10-23T15:00:00"), "2026-10-26T15:00:00");
    assert_eq!(
        at("2026-10-26T15:00:00") - at("2026-10-23T15:00:00"),
        73 * 3_600_000
    );
    // Submitted in the hour that the clock skips or shows twice.
    assert_eq!(due("2026-03-29T03:30:00+02:00"), "2026-03-31T00:00:00");
    assert_eq!(due("2026-10-25T02:30:00+02:00"), "2026-10-27T00:00:00");
    assert_eq!(due("2026-10-25T02:30:00+01:00"), "2026-10-27T00:00:00");
}

#[test]
fn a_working_day_of_23_or_25_hours_counts_its_own_hours() {
    // Cairo changes its hour on Fridays (a working day here): at midnight of 24 April 2026 on,
    // and at the end of 29 October 2026 off.
    let cairo = Calendar::new("Africa/Cairo", FRANCE).unwrap();
    let ms = |text: &str| text.parse::<Zoned>().unwrap().timestamp().as_millisecond();
    let spring = cairo
        .letter_due(ms("2026-04-23T12:00:00[Africa/Cairo]"))
        .unwrap();
    assert_eq!(spring, ms("2026-04-24T13:00:00[Africa/Cairo]"));
    let autumn = cairo
        .letter_due(ms("2026-10-29T12:00:00[Africa/Cairo]"))
        .unwrap();
    assert_eq!(autumn, ms("2026-10-30T11:00:00[Africa/Cairo]"));
}

#[test]
fn fifteen_days_begin_the_day_after_and_end_with_their_last_millisecond() {
    let until = |from: &str| local(paris(FRANCE).accept_until(at(from)).unwrap());
    assert_eq!(until("2026-03-02T00:00:00"), "2026-03-17T23:59:59.999");
    assert_eq!(until("2026-03-02T23:59:59.999"), "2026-03-17T23:59:59.999");
    assert_eq!(until("2026-03-03T00:00:00"), "2026-03-18T23:59:59.999");
    // Weekends and holidays count; changes of hour do not move the end of the day.
    assert_eq!(until("2026-03-14T12:00:00"), "2026-03-29T23:59:59.999");
    assert_eq!(until("2026-10-10T12:00:00"), "2026-10-25T23:59:59.999");
    assert_eq!(until("2026-12-24T12:00:00"), "2027-01-08T23:59:59.999");
    assert_eq!(until("2028-02-14T12:00:00"), "2028-02-29T23:59:59.999");
    // It is one millisecond before the sixteenth day.
    let end = paris(FRANCE)
        .accept_until(at("2026-03-14T12:00:00"))
        .unwrap();
    assert_eq!(end + 1, at("2026-03-30T00:00:00"));
}

#[test]
fn media_go_after_72_hours_whatever_the_days() {
    let processed = at("2026-03-27T15:00:00");
    assert_eq!(
        media_due(processed),
        at("2026-03-30T16:00:00"),
        "over the change of hour"
    );
    assert_eq!(media_due(i64::MAX), i64::MAX);
}

#[test]
fn days_later_is_the_same_time_of_day() {
    let calendar = paris(FRANCE);
    let later = |from: &str| local(calendar.days_after(at(from), 7).unwrap());
    assert_eq!(later("2026-03-25T09:00:00"), "2026-04-01T09:00:00");
    assert_eq!(later("2026-03-22T02:30:00"), "2026-03-29T03:30:00");
    assert!(calendar.days_after(0, i64::MAX).is_err());
}

#[test]
fn what_no_calendar_knows_is_an_error() {
    assert_eq!(
        Calendar::new("Europe/Pariss", FRANCE),
        Err(CalendarError::UnknownZone)
    );
    for ms in [i64::MAX, i64::MIN, 253_402_207_200_000] {
        assert_eq!(
            paris(FRANCE).letter_due(ms),
            Err(CalendarError::OutOfRange(ms))
        );
        assert_eq!(
            paris(FRANCE).accept_until(ms),
            Err(CalendarError::OutOfRange(ms))
        );
    }
}

/// Working milliseconds between two instants, counted day by day.
fn working_ms(calendar: &Calendar, from: i64, to: i64) -> i64 {
    let mut day: Date = calendar.day_of(from).unwrap();
    let mut sum = 0;
    loop {
        let start = day
            .to_zoned(calendar.zone().clone())
            .unwrap()
            .timestamp()
            .as_millisecond();
        if start >= to {
            return sum;
        }
        let next = day.tomorrow().unwrap();
        let end = next
            .to_zoned(calendar.zone().clone())
            .unwrap()
            .timestamp()
            .as_millisecond();
        if calendar.is_working_day(day) {
            sum += end.min(to) - start.max(from);
        }
        day = next;
    }
}

proptest! {
    #[test]
    fn the_letter_is_due_on_a_working_day_after_24_working_hours(
        from in at("2000-01-01T00:00:00")..at("2100-01-01T00:00:00"), alsace_moselle: bool,
    ) {
        let calendar = paris(Holidays { alsace_moselle });
        let due = calendar.letter_due(from).unwrap();
        prop_assert!(due - from >= 24 * 3_600_000);
        prop_assert!(calendar.is_working_day(calendar.day_of(due).unwrap()));
        prop_assert_eq!(working_ms(&calendar, from, due), 24 * 3_600_000);
        // Submitted later, never due earlier.
        prop_assert!(calendar.letter_due(from + 1).unwrap() >= due);
    }

    #[test]
    fn acceptance_ends_between_15_and_16_days_later(
        from in at("2000-01-01T00:00:00")..at("2100-01-01T00:00:00"),
    ) {
        let length = paris(FRANCE).accept_until(from).unwrap() - from;
        let hour = 3_600_000;
        prop_assert!((15 * 24 * hour - hour - 1..=16 * 24 * hour + hour).contains(&length), "{length}");
    }
}
