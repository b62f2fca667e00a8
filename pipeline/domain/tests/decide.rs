//! Every check passes once and fails once; behaviour at a threshold is exact on both sides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{faces, good, judge, motion, policy, presence, recording, speech, status, zone};
use idproof_domain::evidence::{DeclaredField, FaceMatch, LipSync, Liveness, Portrait, Zone};
use idproof_domain::face::Comparison;
use idproof_domain::{
    CheckName, CheckStatus, Evidence, Measured, Outcome, Policy, ReasonCode, decide,
};
use time::macros::date;

#[test]
fn a_whole_case_is_accepted_with_every_check_passed() {
    let decision = judge(|_| {});
    assert_eq!(decision.outcome, Outcome::Accept, "{:?}", decision.reasons);
    assert!(decision.reasons.is_empty());
    assert_eq!(decision.checks.len(), CheckName::ALL.len());
    assert!(
        decision
            .checks
            .iter()
            .all(|c| c.status == CheckStatus::Passed)
    );
}

/// One change that breaks the case, and what must come of it.
type Broken = (
    fn(&mut Evidence),
    CheckName,
    CheckStatus,
    ReasonCode,
    Outcome,
);

#[test]
fn each_check_has_a_case_that_must_fail() {
    use CheckStatus::{Borderline, Failed};
    use Outcome::{Refuse, Review};
    fn z(e: &mut Evidence, change: impl FnOnce(&mut Zone)) {
        let mut zone = zone();
        change(&mut zone);
        e.zone = Measured::Value(Some(zone));
    }
    let cases: Vec<Broken> = vec![
        (
            |e| e.portrait = Measured::Value(None),
            CheckName::DocumentPortrait,
            Failed,
            ReasonCode::PortraitNotFound,
            Review,
        ),
        (
            |e| {
                e.portrait = Measured::Value(Some(Portrait {
                    score: 0.9,
                    width: 59.9,
                }))
            },
            CheckName::DocumentPortrait,
            Borderline,
            ReasonCode::PortraitTooSmall,
            Review,
        ),
        (
            |e| e.zone = Measured::Value(None),
            CheckName::DocumentMrz,
            Failed,
            ReasonCode::MrzNotFound,
            Review,
        ),
        (
            |e| z(e, |z| z.wrong_checks = vec!["composite"]),
            CheckName::DocumentMrz,
            Failed,
            ReasonCode::MrzCheckDigitWrong,
            Review,
        ),
        (
            |e| z(e, |z| z.checks = 0),
            CheckName::DocumentMrz,
            Failed,
            ReasonCode::MrzCheckDigitWrong,
            Review,
        ),
        (
            |e| z(e, |z| z.corrections = 5),
            CheckName::DocumentMrz,
            Borderline,
            ReasonCode::MrzUncertain,
            Review,
        ),
        (
            |e| z(e, |z| z.sides_differ = true),
            CheckName::DocumentMrz,
            Failed,
            ReasonCode::SidesDiffer,
            Review,
        ),
        (
            |e| z(e, |z| z.expiry = Some(date!(2026 - 11 - 20))),
            CheckName::DocumentValidity,
            Failed,
            ReasonCode::DocumentExpired,
            Refuse,
        ),
        (
            |e| z(e, |z| z.expiry = None),
            CheckName::DocumentValidity,
            Borderline,
            ReasonCode::ExpiryUnknown,
            Review,
        ),
        (
            |e| z(e, |z| z.birth_date = None),
            CheckName::DocumentValidity,
            Borderline,
            ReasonCode::BirthDateUnknown,
            Review,
        ),
        (
            |e| z(e, |z| z.birth_date = Some(date!(2008 - 11 - 22))),
            CheckName::DocumentValidity,
            Failed,
            ReasonCode::Underage,
            Refuse,
        ),
        (
            |e| {
                e.declared = Some(Measured::Value(vec![DeclaredField {
                    field: "surname",
                    agrees: false,
                }]))
            },
            CheckName::DeclaredIdentity,
            Failed,
            ReasonCode::IdentityDiffers,
            Review,
        ),
        (
            |e| e.declared = Some(Measured::Value(vec![])),
            CheckName::DeclaredIdentity,
            Borderline,
            ReasonCode::NothingToCompare,
            Review,
        ),
        (
            |e| recording(e, |r| r.seconds = 1.9),
            CheckName::VideoIntegrity,
            Failed,
            ReasonCode::VideoTooShort,
            Review,
        ),
        (
            |e| recording(e, |r| r.irregular_frames = 73),
            CheckName::VideoIntegrity,
            Borderline,
            ReasonCode::VideoTimingIrregular,
            Review,
        ),
        (
            |e| recording(e, |r| r.lies = vec!["claims 90 s".into()]),
            CheckName::VideoIntegrity,
            Borderline,
            ReasonCode::ContainerContradicts,
            Review,
        ),
        (
            |e| recording(e, |r| r.sound_seconds = 0.0),
            CheckName::VideoIntegrity,
            Failed,
            ReasonCode::NoSound,
            Review,
        ),
        (
            |e| presence(e, 0, 0, 20),
            CheckName::SingleFace,
            Failed,
            ReasonCode::NoFace,
            Review,
        ),
        (
            |e| presence(e, 17, 3, 0),
            CheckName::SingleFace,
            Borderline,
            ReasonCode::SeveralFaces,
            Review,
        ),
        (
            |e| presence(e, 9, 0, 11),
            CheckName::SingleFace,
            Failed,
            ReasonCode::FaceNotThroughout,
            Review,
        ),
        (
            |e| e.face_match = faces(&[-9.0, -8.0]),
            CheckName::FaceMatch,
            Failed,
            ReasonCode::FaceMismatch,
            Refuse,
        ),
        (
            |e| e.face_match = faces(&[2.0]),
            CheckName::FaceMatch,
            Borderline,
            ReasonCode::FaceUncertain,
            Review,
        ),
        (
            |e| e.face_match = faces(&[]),
            CheckName::FaceMatch,
            Borderline,
            ReasonCode::NothingToCompare,
            Review,
        ),
        (
            |e| e.liveness = Measured::Value(Liveness { scores: vec![0.1] }),
            CheckName::Liveness,
            Failed,
            ReasonCode::PresentationAttackLikely,
            Refuse,
        ),
        (
            |e| e.liveness = Measured::Value(Liveness { scores: vec![0.4] }),
            CheckName::Liveness,
            Borderline,
            ReasonCode::LivenessUncertain,
            Review,
        ),
        (
            |e| {
                e.liveness = Measured::Value(Liveness {
                    scores: vec![f64::NAN],
                })
            },
            CheckName::Liveness,
            Borderline,
            ReasonCode::LivenessUncertain,
            Review,
        ),
        (
            |e| motion(e, 0.0),
            CheckName::FaceMotion,
            Failed,
            ReasonCode::FaceDoesNotMove,
            Review,
        ),
        (
            |e| motion(e, f64::NAN),
            CheckName::FaceMotion,
            Borderline,
            ReasonCode::MotionUncertain,
            Review,
        ),
        (
            |e| speech(e, |s| s.voiced_seconds = 0.0),
            CheckName::SpokenDigits,
            Failed,
            ReasonCode::NothingSaid,
            Review,
        ),
        (
            |e| speech(e, |s| s.log_ratio = Some(-20.0)),
            CheckName::SpokenDigits,
            Failed,
            ReasonCode::DigitsDiffer,
            Review,
        ),
        (
            |e| speech(e, |s| s.log_ratio = None),
            CheckName::SpokenDigits,
            Borderline,
            ReasonCode::DigitsUncertain,
            Review,
        ),
        (
            |e| speech(e, |s| s.as_asked = false),
            CheckName::SpokenDigits,
            Borderline,
            ReasonCode::DigitsUncertain,
            Review,
        ),
        (
            |e| speech(e, |s| s.least_confidence = 0.49),
            CheckName::SpokenDigits,
            Borderline,
            ReasonCode::DigitsUncertain,
            Review,
        ),
    ];
    for (i, (change, check, expected, reason, outcome)) in cases.into_iter().enumerate() {
        let decision = judge(change);
        assert_eq!(status(&decision, check), expected, "case {i}");
        assert!(
            decision
                .reasons
                .iter()
                .any(|r| r.code == reason && r.check == check),
            "case {i}: {:?}",
            decision.reasons
        );
        assert_eq!(decision.outcome, outcome, "case {i}");
    }
}

#[test]
fn whatever_is_unavailable_goes_to_a_human() {
    let gone = |e: &mut Evidence, n: usize| {
        let (reason, detail) = (ReasonCode::ModelUnavailable, "no model".to_owned());
        match n {
            0 => e.portrait = Measured::Unavailable { reason, detail },
            1 => e.zone = Measured::Unavailable { reason, detail },
            2 => e.declared = Some(Measured::Unavailable { reason, detail }),
            3 => e.recording = Measured::Unavailable { reason, detail },
            4 => e.presence = Measured::Unavailable { reason, detail },
            5 => e.face_match = Measured::Unavailable { reason, detail },
            6 => e.liveness = Measured::Unavailable { reason, detail },
            7 => e.motion = Measured::Unavailable { reason, detail },
            _ => e.speech = Measured::Unavailable { reason, detail },
        }
    };
    for n in 0..9 {
        let decision = judge(|e| gone(e, n));
        assert_eq!(decision.outcome, Outcome::Review, "{n}");
        assert!(
            decision
                .checks
                .iter()
                .any(|c| c.status == CheckStatus::Unavailable)
        );
    }
    // All of them at once, too.
    let decision = judge(|e| (0..9).for_each(|n| gone(e, n)));
    assert_eq!(decision.outcome, Outcome::Review);
}

#[test]
fn lips_that_do_not_fit_are_recorded_and_where_required_go_to_a_human() {
    let mut evidence = good();
    evidence.lips = Measured::Value(LipSync {
        seconds: 6.0,
        score: -0.3,
        lag_ms: 0,
    });
    let decision = decide(&evidence, &policy());
    assert_eq!(decision.outcome, Outcome::Accept, "advisory by default");
    assert_eq!(
        status(&decision, CheckName::LipSync),
        CheckStatus::Borderline
    );
    let text = Policy::DEFAULT_TEXT.replace(
        "lip_sync          = { role = \"advisory\", on_fail = \"review\" }",
        "lip_sync          = { role = \"required\", on_fail = \"refuse\" }",
    );
    let strict = Policy::parse(&text).unwrap();
    let decision = decide(&evidence, &strict);
    assert_eq!(decision.outcome, Outcome::Review);
    assert!(
        decision
            .reasons
            .iter()
            .any(|r| r.code == ReasonCode::LipsUncertain)
    );
    evidence.lips = Measured::unavailable(ReasonCode::NothingToCompare, "too short");
    assert_eq!(decide(&evidence, &strict).outcome, Outcome::Review);
}

#[test]
fn an_advisory_check_changes_nothing() {
    let text = Policy::DEFAULT_TEXT.replace(
        "spoken_digits     = { role = \"required\"",
        "spoken_digits     = { role = \"advisory\"",
    );
    let policy = Policy::parse(&text).unwrap();
    let mut evidence = good();
    evidence.speech = Measured::unavailable(ReasonCode::ModelUnavailable, "");
    let decision = decide(&evidence, &policy);
    assert_eq!(decision.outcome, Outcome::Accept);
    assert_eq!(
        status(&decision, CheckName::SpokenDigits),
        CheckStatus::Unavailable
    );
}

#[test]
fn embedders_without_a_calibration_go_to_a_human() {
    let decision = judge(|e| {
        e.face_match = Measured::Value(FaceMatch {
            comparisons: vec![Comparison {
                distances: vec![("unheard_of".into(), 0.1)],
            }],
        });
    });
    assert_eq!(decision.outcome, Outcome::Review);
    assert_eq!(
        status(&decision, CheckName::FaceMatch),
        CheckStatus::Unavailable
    );
    // A distance that is no number, too.
    let decision = judge(|e| e.face_match = faces(&[12.0, f64::NAN, 12.0]));
    assert_eq!(decision.outcome, Outcome::Review);
}
