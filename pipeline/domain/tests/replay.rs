//! Judged again from what is kept, a case has the very same outcome; and nothing is kept that ought
//! not to be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod common;
#[path = "common/random.rs"]
mod random;

use common::{good, policy, zone};
use idproof_domain::catalogue::{CATALOGUE, band, band_at};
use idproof_domain::replay::{Circumstances, Fate, Replay, judge};
use idproof_domain::scores::{Opened, Scores};
use idproof_domain::{
    CheckName, CheckStatus, Decision, Evidence, Measured, Policy, ReasonCode, ReviewMode, Rules,
    Thresholds, decide, verdict,
};
use proptest::prelude::*;
use time::Date;
use time::macros::date;

/// Through the text that is stored.
fn kept(evidence: &Evidence, policy: &Policy) -> Opened {
    let text = serde_json::to_string(&Scores::of(evidence, policy)).unwrap();
    let scores: Scores<'_> = serde_json::from_str(&text).unwrap();
    scores.open().unwrap()
}

/// Everything but the sentences.
fn essence(decision: &Decision) -> (&'static str, Vec<String>) {
    let checks = decision.checks.iter().map(|c| {
        let bits = |n: Option<f64>| n.map(|n| if n.is_nan() { 0 } else { n.to_bits() });
        format!(
            "{} {} {:?} {:?} {:?}",
            c.name,
            c.status.as_str(),
            bits(c.score),
            bits(c.threshold),
            c.reasons
        )
    });
    (decision.outcome.as_str(), checks.collect())
}

const UNDER: Circumstances = Circumstances {
    attempt: 1,
    person: false,
    rules: Rules {
        mode: ReviewMode::Borderline,
        most_attempts: 3,
    },
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any evidence under any policy: the one that judged it, and, ages beyond those that are kept
    /// apart, any other.
    #[test]
    fn a_case_judged_again_has_the_very_same_outcome(seed: u64, by: u64, other: u64) {
        let evidence = random::evidence(seed, true);
        let judged_by = random::policy(by);
        let opened = kept(&evidence, &judged_by);
        prop_assert_eq!(essence(&opened.decide(&judged_by)), essence(&decide(&evidence, &judged_by)));
        let other = random::policy(other);
        if other.thresholds().document_minimum_age <= 30.0 {
            prop_assert_eq!(essence(&opened.decide(&other)), essence(&decide(&evidence, &other)));
        }
        // What happens to the case follows.
        let decision = decide(&evidence, &judged_by);
        let codes: Vec<ReasonCode> = decision.reasons.iter().map(|r| r.code).collect();
        let found = verdict(decision.outcome, &codes, 1, None, UNDER.rules);
        prop_assert_eq!(judge(&opened, &judged_by, &UNDER).0, Fate::from(&found));
    }

    #[test]
    fn no_text_makes_the_reader_panic(seed: u64, at in 0_usize..2_000, with in "[ -~]{0,3}") {
        let text = serde_json::to_string(&Scores::of(&random::evidence(seed, true), &policy())).unwrap();
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with.into_bytes());
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(scores) = serde_json::from_str::<Scores<'_>>(&text)
            && let Ok(opened) = scores.open()
        {
            opened.decide(&policy());
        }
    }

    #[test]
    fn parts_judged_apart_make_the_whole(seed: u64, size in 1_u64..40, cut in 0_u64..40) {
        let (before, after) = (policy(), random::policy(seed));
        let run = |from: u64, to: u64| {
            let mut replay = Replay::new(7);
            for i in from..to {
                let opened = kept(&random::evidence(seed.wrapping_add(i), true), &before);
                replay.add(&format!("case {i}"), 0, &opened, &UNDER, &before, &after);
            }
            replay
        };
        let cut = cut.min(size);
        let mut parts = run(0, cut);
        parts.join(run(cut, size));
        prop_assert_eq!(parts, run(0, size));
    }
}

#[test]
fn neither_dates_nor_names_nor_what_was_read_are_kept() {
    let mut evidence = good();
    if let Measured::Value(Some(zone)) = &mut evidence.zone {
        zone.wrong_checks = vec!["birth_date"];
    }
    if let Measured::Value(recording) = &mut evidence.recording {
        recording.lies = vec!["made by Anna's telephone".to_owned()];
    }
    evidence.motion = Measured::unavailable(ReasonCode::ModelFailed, "Eriksson");
    let text = serde_json::to_string(&Scores::of(&evidence, &policy())).unwrap();
    for secret in [
        "1990", "2033", "2026", "birth", "surname", "Anna", "Eriksson", "TD1",
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    // Numbers only: of two people of thirty and more, whatever their day of birth, the same is kept.
    let born = |day: Date| {
        let mut e = good();
        if let Measured::Value(Some(zone)) = &mut e.zone {
            zone.birth_date = Some(day);
        }
        Scores::of(&e, &policy())
    };
    assert_eq!(born(date!(1990 - 07 - 13)), born(date!(1931 - 01 - 02)));
    assert_ne!(born(date!(1990 - 07 - 13)), born(date!(2000 - 01 - 02)));
    assert_eq!(born(date!(2000 - 01 - 02)), born(date!(2000 - 05 - 30)));
}

/// A policy that asks for a higher age than was kept apart leaves the case to a person.
#[test]
fn an_age_that_was_not_kept_is_unknown() {
    let of_age = |asked: &str, born: Date| {
        let text = Policy::DEFAULT_TEXT.replace(
            "document_minimum_age = 18.0",
            &format!("document_minimum_age = {asked}"),
        );
        let mut evidence = good();
        evidence.zone = Measured::Value(Some(idproof_domain::evidence::Zone {
            birth_date: Some(born),
            ..zone()
        }));
        let decision = kept(&evidence, &policy()).decide(&Policy::parse(&text).unwrap());
        let check = decision
            .checks
            .iter()
            .find(|c| c.name == CheckName::DocumentValidity);
        check.unwrap().clone()
    };
    let old = date!(1990 - 07 - 13);
    assert_eq!(of_age("30.0", old).status, CheckStatus::Passed);
    let unknown = of_age("31.0", old);
    assert_eq!(unknown.status, CheckStatus::Borderline);
    assert_eq!(unknown.reasons, [ReasonCode::BirthDateUnknown]);
    let young = of_age("31.0", date!(2005 - 01 - 01));
    assert_eq!(young.reasons, [ReasonCode::Underage]);
}

#[test]
fn scores_of_another_form_are_refused() {
    let good = Scores::of(&good(), &policy());
    let text = serde_json::to_string(&good).unwrap();
    assert!(text.len() < 2_000, "{} bytes", text.len());
    for (from, to) in [
        ("\"liveness\":\"= 2", "\"liveness\":\"= 3"),
        ("\"liveness\":\"= 2", "\"liveness\":\"= 1"),
        ("\"liveness\":\"=", "\"liveness\":\"?"),
        ("\"portrait\":\"= +", "\"portrait\":\"! no_such_code"),
        ("\"seals\":\"= 1 verified", "\"seals\":\"= 1 vrified"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let other = text.replace(from, to);
        let scores: Scores<'_> = serde_json::from_str(&other).unwrap();
        assert!(scores.open().is_err(), "{to}");
    }
    // Numbers were once kept as decimal digits; a number too long is none.
    let with = |liveness: &str| {
        let from = text.find("\"liveness\"").unwrap();
        let to = from + text[from..].find(',').unwrap();
        format!(
            "{}\"liveness\":\"{liveness}\"{}",
            &text[..from],
            &text[to..]
        )
    };
    for (liveness, read) in [
        ("= 3 0.75 NaN -1e300", true),
        ("= 3 :P-g : :v_A", true),
        ("= 1 :AAAAAAAAAAAA", false),
        ("= 1 :P-", false),
    ] {
        let text = with(liveness);
        let scores: Scores<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(scores.open().is_ok(), read, "{liveness}");
    }
    // Older scores of doubt know nothing of edits.
    let from = text.find("\"doubts\":\"").unwrap() + 10;
    let to = from + text[from..].find('"').unwrap();
    for (doubts, read) in [
        ("= 1 0.3 0.1", true),
        ("= 1 0.3 0.1 & + 0.2 - 1", true),
        ("= 2 0.3 0.1 & + 0.2 - 1 0.3 0.1", true),
        ("= 1 0.3 0.1 & - -", false),
        ("= 1 0.3 0.1 & + 0.2 - 1 && + 0.1 0 0", true),
        ("= 1 0.3 0.1 & + 0.2 - 1 && - 0 2 0 0", false),
        ("= 1 0.3 0.1 & + 0.2 - 1 && -", false),
        ("= 1 0.3", false),
    ] {
        let text = format!("{}{doubts}{}", &text[..from], &text[to..]);
        let scores: Scores<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(scores.open().is_ok(), read, "{doubts}");
    }
    // A part that older scores lack was not measured; a part that newer ones hold is left aside.
    let without = text.replace("\"lips\"", "\"something_new\"");
    let scores: Scores<'_> = serde_json::from_str(&without).unwrap();
    let decision = scores.open().unwrap().decide(&policy());
    let lips = decision
        .checks
        .iter()
        .find(|c| c.name == CheckName::LipSync);
    assert_eq!(lips.unwrap().status, CheckStatus::Unavailable);
}

#[test]
fn a_change_names_the_checks_that_made_it() {
    let mut evidence = good();
    evidence.liveness = Measured::Value(idproof_domain::evidence::Liveness { scores: vec![0.65] });
    let opened = kept(&evidence, &policy());
    let parse = |from: &str, to: &str| {
        assert!(Policy::DEFAULT_TEXT.contains(from));
        Policy::parse(&Policy::DEFAULT_TEXT.replace(from, to)).unwrap()
    };
    let mut replay = Replay::new(9);
    let stricter = parse("liveness_accept = 0.6", "liveness_accept = 0.7");
    replay.add("one", 5, &opened, &UNDER, &policy(), &stricter);
    let change = &replay.changes[0];
    assert_eq!((change.from, change.to), (Fate::Accept, Fate::Review));
    assert_eq!(change.by.len(), 1);
    assert_eq!(change.by[0].check, CheckName::Liveness);
    assert_eq!(change.by[0].to, CheckStatus::Borderline);
    // A role alone: the status stays, the weight changes.
    let mut shifted = good();
    shifted.lips = Measured::unavailable(ReasonCode::ModelUnavailable, "");
    let opened = kept(&shifted, &policy());
    let required = parse(
        "lip_sync          = { role = \"advisory\"",
        "lip_sync          = { role = \"required\"",
    );
    let mut replay = Replay::new(9);
    replay.add("two", 5, &opened, &UNDER, &policy(), &required);
    let by = replay.changes[0].by[0];
    assert_eq!(
        (by.check, by.from, by.to),
        (
            CheckName::LipSync,
            CheckStatus::Unavailable,
            CheckStatus::Unavailable
        )
    );
    // Whoever needs a person gets one under any policy.
    let person = Circumstances {
        person: true,
        ..UNDER
    };
    let mut replay = Replay::new(9);
    replay.add("three", 5, &opened, &person, &policy(), &required);
    assert_eq!(
        (replay.changed, replay.after[Fate::Review as usize]),
        (0, 1)
    );
}

#[test]
fn the_catalogue_names_every_threshold_once_and_finds_its_number() {
    let keys: Vec<&str> = CATALOGUE.iter().map(|e| e.key).collect();
    let specs: Vec<&str> = Thresholds::SPECS.iter().map(|s| s.key).collect();
    assert_eq!(keys, specs);
    let (evidence, decision) = (good(), decide(&good(), &policy()));
    for entry in CATALOGUE {
        assert!(
            entry.number(&evidence, &decision, &policy()).is_some(),
            "{}",
            entry.key
        );
        assert!(
            entry.fr.ends_with('.') && entry.fr.len() > 20,
            "{}",
            entry.key
        );
        if let Some(partner) = entry.partner {
            let other = CATALOGUE.iter().find(|e| e.key == partner).unwrap();
            assert_eq!((other.check, other.partner), (entry.check, Some(entry.key)));
        }
    }
    let faces = band(CheckName::FaceMatch, &policy()).unwrap();
    assert_eq!(
        (faces.accept, faces.refuse),
        (7.0, Some(("face_match_refuse", -6.0)))
    );
    let screens = band(CheckName::Recapture, &policy()).unwrap();
    assert!(!screens.higher_is_better);
    assert_eq!(band(CheckName::DocumentSeal, &policy()), None);
    // A limit by its key, where the check has no band of its own or several limits.
    let at = |check, key| band_at(check, Some(key), &policy());
    assert_eq!(band(CheckName::DocumentOriginal, &policy()), None);
    let screen = at(CheckName::DocumentOriginal, "document_screen_max").unwrap();
    let limit = policy().thresholds().document_screen_max;
    assert_eq!(
        (screen.accept, screen.refuse, screen.higher_is_better),
        (limit, None, false)
    );
    assert_eq!(at(CheckName::FaceMatch, "face_match_accept"), Some(faces));
    assert_eq!(band_at(CheckName::FaceMatch, None, &policy()), Some(faces));
    for (check, key) in [
        (CheckName::FaceMatch, "face_match_refuse"),
        (CheckName::FaceMatch, "liveness_accept"),
        (CheckName::DocumentOriginal, "document_blur_max"),
        (CheckName::DocumentOriginal, "no_such"),
    ] {
        assert_eq!(at(check, key), None, "{key}");
    }
}

/// The number an editor shows is the one that is compared: on its two sides the check differs.
#[test]
fn a_threshold_moved_across_its_number_changes_its_check() {
    // No number at the end of its range.
    let mut evidence = good();
    if let Measured::Value(surfaces) = &mut evidence.surfaces {
        (surfaces[0].glare, surfaces[0].covered) = (0.01, 0.05);
    }
    if let Measured::Value(Some(zone)) = &mut evidence.zone {
        zone.corrections = 2;
    }
    common::recording(&mut evidence, |r| {
        (r.irregular_frames, r.sound_seconds) = (6, 6.0)
    });
    common::presence(&mut evidence, 19, 1, 0);
    if let Measured::Value(presence) = &mut evidence.presence {
        (presence.eyes, presence.chin) = (Some(0.8), Some(0.05));
    }
    if let Measured::Value(injection) = &mut evidence.injection {
        injection.repeated_frames = 0.02;
    }
    let decision = decide(&evidence, &policy());
    for entry in CATALOGUE {
        let number = entry.number(&evidence, &decision, &policy()).unwrap();
        let spec = entry.spec().unwrap();
        let text = |value: f64| {
            let mut text: String = Policy::DEFAULT_TEXT
                .lines()
                .filter(|l| {
                    let own = l.starts_with(&format!("{} = ", entry.key));
                    let partner = entry
                        .partner
                        .is_some_and(|p| l.starts_with(&format!("{p} = ")));
                    !own && !partner
                })
                .map(|l| {
                    let mut line = l.to_owned();
                    if l == "[thresholds]" {
                        line.push_str(&format!("\n{} = {value:?}", entry.key));
                        if let Some(partner) = entry.partner {
                            // The band shrinks to a point, so that only one side is left.
                            line.push_str(&format!("\n{partner} = {value:?}"));
                        }
                    }
                    line + "\n"
                })
                .collect();
            text.push('\n');
            text
        };
        let status = |value: f64| {
            let policy = Policy::parse(&text(value)).ok()?;
            let decision = decide(&evidence, &policy);
            let check = decision
                .checks
                .iter()
                .find(|c| c.name == entry.check)?
                .clone();
            Some((check.status, check.reasons))
        };
        let step = (spec.max - spec.min) * 1e-4;
        let (low, high) = ((number - step).max(spec.min), (number + step).min(spec.max));
        if let (Some(below), Some(above)) = (status(low), status(high)) {
            assert_ne!(below, above, "{} at {number}", entry.key);
        }
    }
}
