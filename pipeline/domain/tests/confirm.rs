//! Sending and guessing six-digit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_domain::confirm::{CodePurpose, CodeRecord, CodeRefused, Sending};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn first(purpose: CodePurpose) -> CodeRecord {
    match CodeRecord::send(None, purpose, false, 0) {
        Ok(Sending::Fresh(record)) => record,
        other => panic!("{other:?}"),
    }
}

fn record(sending: Sending) -> CodeRecord {
    match sending {
        Sending::Fresh(record) | Sending::Again(record) => record,
    }
}

#[test]
fn the_next_message_waits_thirty_seconds_and_repeats_the_code() {
    let sent = first(CodePurpose::Email);
    let soon = CodeRecord::send(Some(&sent), CodePurpose::Email, true, 30 * SECOND - 1);
    assert_eq!(soon, Err(CodeRefused::TooSoon { until: 30 * SECOND }));
    let again = CodeRecord::send(Some(&sent), CodePurpose::Email, true, 30 * SECOND).unwrap();
    let Sending::Again(again) = again else {
        panic!("{again:?}")
    };
    assert_eq!(again.expires_at, sent.expires_at);
}

#[test]
fn another_address_or_a_code_half_gone_gets_new_digits() {
    let sent = first(CodePurpose::Phone);
    for (same, at) in [(false, MINUTE), (true, 5 * MINUTE + 1)] {
        let next = CodeRecord::send(Some(&sent), CodePurpose::Phone, same, at).unwrap();
        assert!(matches!(next, Sending::Fresh(r) if r.expires_at == at + 10 * MINUTE));
    }
    let half = CodeRecord::send(Some(&sent), CodePurpose::Phone, true, 5 * MINUTE).unwrap();
    assert!(matches!(half, Sending::Again(_)));
}

#[test]
fn five_messages_an_hour() {
    let mut sent = first(CodePurpose::Email);
    for n in 1..5 {
        sent = record(CodeRecord::send(Some(&sent), CodePurpose::Email, true, n * MINUTE).unwrap());
    }
    let sixth = CodeRecord::send(Some(&sent), CodePurpose::Email, false, 59 * MINUTE);
    assert_eq!(sixth, Err(CodeRefused::TooMany { until: HOUR }));
    let later = CodeRecord::send(Some(&sent), CodePurpose::Email, false, HOUR).unwrap();
    assert_eq!(record(later).sent_count, 1);
}

#[test]
fn the_fifth_wrong_code_locks_and_a_right_one_does_not_open() {
    let mut code = first(CodePurpose::Email);
    for remaining in (1..5).rev() {
        let (next, answer) = code.guessed(false, MINUTE);
        assert_eq!(answer, Err(CodeRefused::Wrong { remaining }));
        code = next;
    }
    let (locked, answer) = code.guessed(false, MINUTE);
    let until = 16 * MINUTE;
    assert_eq!(answer, Err(CodeRefused::Locked { until }));
    assert_eq!(locked.open(until - 1), Err(CodeRefused::Locked { until }));
    // Nor does a new code.
    let send = CodeRecord::send(Some(&locked), CodePurpose::Email, false, until - 1);
    assert_eq!(send, Err(CodeRefused::Locked { until }));
    assert_eq!(locked.open(until), Ok(()));
    let (used, answer) = locked.guessed(true, until);
    assert_eq!((answer, used.wrong_count), (Ok(()), 0));
    assert_eq!(used.open(until), Err(CodeRefused::Expired));
}

#[test]
fn locks_grow_to_a_day_so_that_three_weeks_allow_few_guesses() {
    let mut code = CodeRecord::of_letter(0);
    let (mut now, mut guesses) = (0, 0);
    while code.open(now) != Err(CodeRefused::Expired) {
        match code.open(now) {
            Err(CodeRefused::Locked { until }) => now = until,
            _ => {
                code = code.guessed(false, now).0;
                guesses += 1;
            }
        }
    }
    assert!((50..150).contains(&guesses), "{guesses}");
}

#[test]
fn a_new_code_brings_no_new_guesses() {
    let code = first(CodePurpose::Phone);
    let (guessed, _) = code.guessed(false, SECOND);
    let next = CodeRecord::send(Some(&guessed), CodePurpose::Phone, false, MINUTE).unwrap();
    assert_eq!(record(next).wrong_count, 1);
}

#[test]
fn each_way_has_its_time() {
    for (purpose, life) in [
        (CodePurpose::Email, 24 * HOUR),
        (CodePurpose::Phone, 10 * MINUTE),
    ] {
        let code = first(purpose);
        assert_eq!(code.open(life), Ok(()));
        assert_eq!(code.open(life + 1), Err(CodeRefused::Expired));
    }
    assert_eq!(CodeRecord::of_letter(0).open(21 * 24 * HOUR), Ok(()));
}
