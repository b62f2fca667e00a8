//! The registered e-letter: its steps, its limits to the millisecond, its proofs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::letter::{
    Letter, LetterCode, LetterContent, LetterError, LetterRow, LetterStep, Party, ProofKind,
    Stated, Statement, code_valid_until,
};
use jiff::Zoned;
use proptest::prelude::*;

fn calendar() -> Calendar {
    Calendar::new("Europe/Paris", Holidays::default()).unwrap()
}

fn at(local: &str) -> i64 {
    let zoned: Zoned = format!("{local}[Europe/Paris]").parse().unwrap();
    zoned.timestamp().as_millisecond()
}

fn notified(from: &str) -> Letter {
    let (letter, _) = Letter::deposit(at(from), &calendar()).unwrap();
    let step = letter.step(LetterStep::Notify, at(from), &calendar());
    step.unwrap().0
}

#[test]
fn each_step_leaves_its_proof() {
    let (letter, deposit) = Letter::deposit(at("2026-03-02T10:00:00"), &calendar()).unwrap();
    assert_eq!(deposit.kind, ProofKind::Deposit);
    let mut kinds = Vec::new();
    let mut now = letter;
    for (step, day) in [
        (LetterStep::Notify, "2026-03-02T10:01:00"),
        (LetterStep::Remind, "2026-03-09T10:01:00"),
        (LetterStep::Accept, "2026-03-10T12:00:00"),
    ] {
        assert!(!now.shows_sender());
        let (next, proof) = now.step(step, at(day), &calendar()).unwrap();
        assert_eq!(proof.at, at(day));
        kinds.push(proof.kind);
        now = next;
    }
    assert!(now.shows_sender());
    assert_eq!(
        kinds,
        [
            ProofKind::Notification,
            ProofKind::Reminder,
            ProofKind::Acceptance
        ]
    );
}

#[test]
fn the_fifteenth_day_counts_to_its_last_millisecond() {
    let letter = notified("2026-03-14T12:00:00");
    let last = at("2026-03-30T00:00:00") - 1;
    assert_eq!(letter.accept_until(), last);
    for step in [LetterStep::Accept, LetterStep::Refuse] {
        assert!(letter.step(step, last, &calendar()).is_ok());
        assert_eq!(
            letter.step(step, last + 1, &calendar()),
            Err(LetterError::TooLate)
        );
    }
    assert_eq!(
        letter.step(LetterStep::Lapse, last, &calendar()),
        Err(LetterError::TooEarly)
    );
    let (unclaimed, proof) = letter
        .step(LetterStep::Lapse, last + 1, &calendar())
        .unwrap();
    assert_eq!(
        (unclaimed.code(), proof.kind),
        (LetterCode::Unclaimed, ProofKind::NonClaim)
    );
}

#[test]
fn the_days_are_counted_from_the_notice_not_from_the_deposit() {
    let (letter, _) = Letter::deposit(at("2026-03-02T10:00:00"), &calendar()).unwrap();
    let late = at("2026-03-20T10:00:00");
    // Not notified: it does not run out, and can be accepted by who sees it on the page.
    assert!(matches!(
        letter.step(LetterStep::Lapse, late, &calendar()),
        Err(LetterError::Invalid { .. })
    ));
    assert!(letter.step(LetterStep::Accept, late, &calendar()).is_ok());
    let (letter, _) = letter.step(LetterStep::Notify, late, &calendar()).unwrap();
    assert_eq!(letter.accept_until(), at("2026-04-05T00:00:00") - 1);
}

#[test]
fn what_is_closed_stays_closed() {
    let letter = notified("2026-03-02T10:00:00");
    let now = at("2026-03-03T10:00:00");
    let late = at("2026-05-03T10:00:00");
    for (close, when) in [
        (LetterStep::Accept, now),
        (LetterStep::Refuse, now),
        (LetterStep::Lapse, late),
    ] {
        let (closed, _) = letter.step(close, when, &calendar()).unwrap();
        assert_eq!(closed.reminder_due(&calendar()), Ok(None));
        for step in [
            LetterStep::Notify,
            LetterStep::Remind,
            LetterStep::Accept,
            LetterStep::Refuse,
            LetterStep::Lapse,
        ] {
            let state = closed.code().as_str();
            assert_eq!(
                closed.step(step, when, &calendar()),
                Err(LetterError::Invalid { state, step })
            );
        }
    }
}

#[test]
fn there_is_one_reminder_a_week_after_the_notice() {
    let letter = notified("2026-03-25T09:00:00");
    let due = letter.reminder_due(&calendar()).unwrap().unwrap();
    assert_eq!(due, at("2026-04-01T09:00:00"), "over the change of hour");
    let (reminded, _) = letter.step(LetterStep::Remind, due, &calendar()).unwrap();
    assert_eq!(reminded.reminder_due(&calendar()), Ok(None));
    assert!(matches!(
        reminded.step(LetterStep::Remind, due, &calendar()),
        Err(LetterError::Invalid { .. })
    ));
    assert_eq!(
        letter.step(LetterStep::Remind, letter.accept_until() + 1, &calendar()),
        Err(LetterError::TooLate)
    );
}

#[test]
fn a_clock_set_back_an_hour_dates_no_step_before_the_last() {
    let letter = notified("2026-03-02T10:00:00");
    let (accepted, proof) = letter
        .step(LetterStep::Accept, at("2026-03-02T09:00:00"), &calendar())
        .unwrap();
    assert_eq!(proof.at, at("2026-03-02T10:00:00"));
    assert_eq!(accepted.to_row().closed_at, Some(proof.at));
}

#[test]
fn a_row_that_contradicts_itself_is_refused() {
    let row = notified("2026-03-02T10:00:00").to_row();
    for broken in [
        LetterRow {
            notified_at: None,
            ..row
        },
        LetterRow {
            closed_at: Some(1),
            ..row
        },
        LetterRow {
            state: LetterCode::Accepted,
            ..row
        },
        LetterRow {
            state: LetterCode::Deposited,
            ..row
        },
        LetterRow {
            state: LetterCode::Deposited,
            notified_at: None,
            reminded_at: Some(1),
            ..row
        },
    ] {
        assert!(matches!(
            Letter::try_from(broken),
            Err(LetterError::Inconsistent { .. })
        ));
    }
}

#[test]
fn a_code_lives_21_days() {
    let made = at("2026-03-20T10:00:00");
    assert_eq!(
        code_valid_until(made),
        at("2026-04-10T11:00:00"),
        "504 hours, over the change of hour"
    );
}

#[test]
fn a_statement_tells_the_times_and_nobodys_name() {
    let stated = Stated {
        letter: "let_01jnxxxxxxxxxxxxxxxxxxxxxx".parse().unwrap(),
        case_number: "7F3K-92QD".into(),
        sender: "Zéphyr".into(),
        recipient_mac: [0xab; 32],
        content_mac: [0x01; 32],
    };
    let letter = notified("2026-03-02T10:00:00");
    let (letter, proof) = letter
        .step(
            LetterStep::Accept,
            at("2026-03-30T09:00:00") - 14 * 86_400_000,
            &calendar(),
        )
        .unwrap();
    let statement = Statement::new(&stated, &letter, proof).unwrap();
    assert_eq!(statement.at, "2026-03-16T07:00:00.000Z");
    assert_eq!(statement.notified_at.unwrap(), "2026-03-02T09:00:00.000Z");
    assert_eq!(statement.accept_until, "2026-03-17T22:59:59.999Z");
    assert_eq!(statement.recipient_mac, "ab".repeat(32));
}

#[test]
fn every_part_of_a_letter_counts_in_its_proof() {
    let content = LetterContent {
        letter: "let_01jnxxxxxxxxxxxxxxxxxxxxxx".parse().unwrap(),
        case_number: "7F3K-92QD".into(),
        language: idproof_domain::Language::Fr,
        sender: Party {
            name: "Zéphyr".into(),
            lines: vec!["1 quai".into()],
        },
        recipient: Party {
            name: "Maëlys".into(),
            lines: vec![],
        },
        code: "048213".parse().unwrap(),
        made_on: jiff::civil::date(2026, 3, 2),
        valid_until: jiff::civil::date(2026, 3, 23).at(10, 0, 0, 0),
        site: "id.example.org".into(),
        help: None,
    };
    let other = LetterContent {
        code: "048214".parse().unwrap(),
        ..content.clone()
    };
    assert_eq!(content.parts(), content.clone().parts());
    assert_ne!(content.parts(), other.parts());
    let shown = format!("{content:?}");
    assert!(!shown.contains("048213") && !shown.contains("Maëlys"));
}

fn steps() -> impl Strategy<Value = Vec<(LetterStep, i64)>> {
    let step = prop_oneof![
        Just(LetterStep::Notify),
        Just(LetterStep::Remind),
        Just(LetterStep::Accept),
        Just(LetterStep::Refuse),
        Just(LetterStep::Lapse),
    ];
    let hour = 3_600_000i64;
    proptest::collection::vec((step, -2 * hour..400 * hour), 0..12)
}

proptest! {
    /// Whatever is tried whenever: no proof twice, no time backwards, at most one end, and the
    /// row says the same as the letter.
    #[test]
    fn whatever_is_tried_a_letter_ends_once(start in 0i64..4_000_000_000_000, tries in steps()) {
        let calendar = calendar();
        let (mut letter, deposit) = Letter::deposit(start, &calendar).unwrap();
        let mut proofs = vec![deposit];
        let mut now = start;
        for (step, passed) in tries {
            now += passed;
            if let Ok((next, proof)) = letter.step(step, now, &calendar) {
                proofs.push(proof);
                letter = next;
            }
            prop_assert_eq!(Letter::try_from(letter.to_row()), Ok(letter));
        }
        let mut kinds: Vec<_> = proofs.iter().map(|p| p.kind).collect();
        prop_assert!(proofs.windows(2).all(|w| w[0].at <= w[1].at));
        kinds.sort_unstable();
        prop_assert!(kinds.windows(2).all(|w| w[0] != w[1]));
        prop_assert!(kinds.iter().filter(|k| **k >= ProofKind::Acceptance).count() <= 1);
    }
}
