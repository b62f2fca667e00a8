//! Behaviour at a threshold and at a date is exact, tested on both sides.

#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod common;

use common::{faces, judge, motion, policy, printed, ratios, speech, status, surface, zone};
use idproof_domain::document::print::Compared;
use idproof_domain::document_kind::DocumentKind;
use idproof_domain::evidence::{Doubt, LipSync, Liveness, SealLook, Surface, Zone};
use idproof_domain::face::{Comparison, Pair};
use idproof_domain::seal::Trust;
use idproof_domain::{CheckName, CheckResult, CheckStatus, Measured, ReasonCode};
use time::Date;
use time::macros::date;

#[test]
fn thresholds_are_exact_on_both_sides() {
    let t = policy().thresholds().clone();
    let below = |v: f64| v - 1e-9;
    let above = |v: f64| v + 1e-9;
    // The distance that gives a ratio is rounded, so a step above the ratio itself.
    let face = |r: f64| status(&judge(|e| e.face_match = faces(&[r])), CheckName::FaceMatch);
    assert_eq!(face(above(t.face_match_accept)), CheckStatus::Passed);
    assert_eq!(face(below(t.face_match_accept)), CheckStatus::Borderline);
    assert_eq!(face(above(t.face_match_refuse)), CheckStatus::Borderline);
    assert_eq!(face(below(t.face_match_refuse)), CheckStatus::Failed);
    let live = |s: f64| {
        status(
            &judge(|e| e.liveness = Measured::Value(Liveness { scores: vec![s] })),
            CheckName::Liveness,
        )
    };
    assert_eq!(live(t.liveness_accept), CheckStatus::Passed);
    assert_eq!(live(below(t.liveness_accept)), CheckStatus::Borderline);
    assert_eq!(live(t.liveness_refuse), CheckStatus::Borderline);
    assert_eq!(live(below(t.liveness_refuse)), CheckStatus::Failed);
    let said = |r: f64| {
        status(
            &judge(|e| speech(e, |s| s.log_ratio = Some(r))),
            CheckName::SpokenDigits,
        )
    };
    assert_eq!(said(t.speech_accept), CheckStatus::Passed);
    assert_eq!(said(below(t.speech_accept)), CheckStatus::Borderline);
    assert_eq!(said(t.speech_refuse), CheckStatus::Borderline);
    assert_eq!(said(below(t.speech_refuse)), CheckStatus::Failed);
    let synced = |score: f64| {
        let lips = LipSync {
            seconds: 5.0,
            score,
            lag_ms: 0,
        };
        status(
            &judge(|e| e.lips = Measured::Value(lips.clone())),
            CheckName::LipSync,
        )
    };
    assert_eq!(synced(t.lip_sync_accept), CheckStatus::Passed);
    assert_eq!(synced(below(t.lip_sync_accept)), CheckStatus::Borderline);
    assert_eq!(synced(f64::NAN), CheckStatus::Borderline);
    assert_eq!(synced(-1.0), CheckStatus::Borderline, "it never fails");
    let moved = |d: f64| status(&judge(|e| motion(e, d)), CheckName::FaceMotion);
    assert_eq!(moved(t.face_motion_accept), CheckStatus::Passed);
    assert_eq!(moved(below(t.face_motion_accept)), CheckStatus::Borderline);
    assert_eq!(moved(below(t.face_motion_refuse)), CheckStatus::Failed);
}

#[test]
fn the_day_itself_still_counts() {
    let day = date!(2026 - 11 - 21);
    let with = |birth, expiry| {
        let decision = judge(|e| {
            e.zone = Measured::Value(Some(Zone {
                birth_date: Some(birth),
                expiry: Some(expiry),
                ..zone()
            }));
        });
        status(&decision, CheckName::DocumentValidity)
    };
    assert_eq!(with(date!(1990 - 1 - 1), day), CheckStatus::Passed);
    assert_eq!(
        with(date!(1990 - 1 - 1), date!(2026 - 11 - 20)),
        CheckStatus::Failed
    );
    assert_eq!(with(date!(2008 - 11 - 21), day), CheckStatus::Passed);
    assert_eq!(with(date!(2008 - 11 - 22), day), CheckStatus::Failed);
}

fn validity(change: impl FnOnce(&mut Zone)) -> (CheckStatus, Vec<ReasonCode>) {
    let mut z = zone();
    change(&mut z);
    let decision = judge(|e| e.zone = Measured::Value(Some(z)));
    let check = decision
        .checks
        .iter()
        .find(|c| c.name == CheckName::DocumentValidity)
        .unwrap();
    (check.status, check.reasons.clone())
}

#[test]
fn an_old_card_is_valid_fifteen_years_where_the_law_says_so() {
    // The day of the check is 21 November 2026.
    let issued = |first, last, birth| {
        validity(|z| {
            z.kind = Some(DocumentKind::FrenchOldCard);
            z.expiry = None;
            z.issue = Some((first, last));
            z.birth_date = Some(birth);
        })
    };
    let adult = date!(1970 - 01 - 01);
    let day = |d| (d, d);
    for (issue, birth, status) in [
        (day(date!(2011 - 11 - 22)), adult, CheckStatus::Passed),
        (day(date!(2011 - 11 - 21)), adult, CheckStatus::Failed),
        // A minor on the day of issue: ten years, whatever the age today.
        (
            day(date!(2013 - 11 - 22)),
            date!(1995 - 11 - 23),
            CheckStatus::Failed,
        ),
        (
            day(date!(2013 - 11 - 22)),
            date!(1995 - 11 - 22),
            CheckStatus::Passed,
        ),
        // The zone's month alone decides where it can.
        (
            (date!(2011 - 12 - 01), date!(2011 - 12 - 31)),
            adult,
            CheckStatus::Passed,
        ),
        (
            (date!(2011 - 10 - 01), date!(2011 - 10 - 31)),
            adult,
            CheckStatus::Failed,
        ),
        (
            (date!(2011 - 11 - 01), date!(2011 - 11 - 30)),
            adult,
            CheckStatus::Borderline,
        ),
    ] {
        assert_eq!(issued(issue.0, issue.1, birth).0, status, "{issue:?}");
    }
}

#[test]
fn a_permit_of_less_than_five_years_is_named() {
    let permit = |issue: Option<Date>, expiry| {
        validity(|z| {
            z.kind = Some(DocumentKind::FrenchPermit);
            z.issue = issue.map(|d| (d, d));
            z.expiry = Some(expiry);
        })
    };
    let issue = Some(date!(2022 - 03 - 10));
    assert_eq!(permit(issue, date!(2027 - 03 - 09)).0, CheckStatus::Passed);
    assert_eq!(
        permit(issue, date!(2027 - 03 - 08)),
        (CheckStatus::Failed, vec![ReasonCode::PermitTooShort])
    );
    assert_eq!(
        permit(None, date!(2027 - 03 - 09)),
        (CheckStatus::Borderline, vec![ReasonCode::PermitTermUnknown])
    );
}

fn kind_reasons(
    announced: Option<DocumentKind>,
    change: impl FnOnce(&mut Zone),
) -> Vec<ReasonCode> {
    let mut z = zone();
    change(&mut z);
    let decision = judge(|e| {
        e.zone = Measured::Value(Some(z));
        e.announced = announced;
    });
    let check = decision
        .checks
        .iter()
        .find(|c| c.name == CheckName::DocumentKind)
        .unwrap();
    check.reasons.clone()
}

#[test]
fn the_kind_of_document_is_named_when_it_is_not_as_it_should_be() {
    let card = Some(DocumentKind::FrenchCard);
    assert!(kind_reasons(None, |_| {}).is_empty());
    assert!(kind_reasons(card, |_| {}).is_empty());
    assert_eq!(
        kind_reasons(Some(DocumentKind::FrenchPassport), |_| {}),
        [ReasonCode::DocumentKindDiffers]
    );
    assert_eq!(
        kind_reasons(card, |z| z.kind = None),
        [ReasonCode::DocumentNotAccepted]
    );
    assert_eq!(
        kind_reasons(card, |z| z.specimen = true),
        [ReasonCode::SpecimenDocument]
    );
}

#[test]
fn each_limit_of_quality_is_exact_and_has_its_own_reason() {
    let t = policy().thresholds().clone();
    let reasons = |change: &dyn Fn(&mut Surface)| {
        let mut s = surface();
        change(&mut s);
        let decision = judge(|e| e.surfaces = Measured::Value(vec![surface(), s]));
        let check = decision
            .checks
            .iter()
            .find(|c| c.name == CheckName::DocumentQuality)
            .unwrap();
        (check.status, check.reasons.clone())
    };
    let least = 1e-9;
    type Change<'a> = &'a dyn Fn(&mut Surface, f64);
    let limits: [(Change<'_>, f64, f64, ReasonCode); 6] = [
        (
            &|s, v| s.resolution = Some(v),
            t.document_resolution_min,
            -least,
            ReasonCode::DocumentTooSmall,
        ),
        (
            &|s, v| s.blur = v,
            t.document_blur_max,
            least,
            ReasonCode::DocumentBlurred,
        ),
        (
            &|s, v| s.glare = v,
            t.document_glare_max,
            least,
            ReasonCode::DocumentGlare,
        ),
        (
            &|s, v| s.light_end = v,
            t.document_light_end_min,
            -least,
            ReasonCode::DocumentTooDark,
        ),
        (
            &|s, v| s.dark_end = v,
            t.document_dark_end_max,
            least,
            ReasonCode::DocumentTooBright,
        ),
        (
            &|s, v| s.covered = v,
            t.document_covered_max,
            least,
            ReasonCode::DocumentCovered,
        ),
    ];
    for (set, limit, step, reason) in limits {
        assert_eq!(
            reasons(&|s| set(s, limit)).0,
            CheckStatus::Passed,
            "{reason}"
        );
        let beyond = reasons(&|s| set(s, limit + step));
        assert_eq!(beyond, (CheckStatus::Failed, vec![reason]));
        let none = reasons(&|s| set(s, f64::NAN));
        assert_eq!(none, (CheckStatus::Failed, vec![reason]));
    }
    assert_eq!(
        reasons(&|s| s.cut_off = true).1,
        [ReasonCode::DocumentCutOff]
    );
    assert_eq!(reasons(&|s| s.resolution = None).0, CheckStatus::Passed);
}

#[test]
fn print_that_differs_fails_and_print_unread_is_left_to_a_person() {
    let judged = |fields: Vec<Compared>| {
        let decision = judge(|e| e.print = Measured::Value(fields));
        let check = decision
            .checks
            .iter()
            .find(|c| c.name == CheckName::DocumentPrint)
            .unwrap();
        (check.status, check.reasons.clone())
    };
    let good = printed("surname", 0.8);
    assert_eq!(
        judged(vec![good.clone(), printed("birth_date", 1.0)]).0,
        CheckStatus::Passed
    );
    assert_eq!(
        judged(vec![good.clone(), printed("birth_date", 0.79)]),
        (CheckStatus::Failed, vec![ReasonCode::PrintDiffers])
    );
    let unread = Compared {
        likeness: None,
        ..printed("birth_date", 0.0)
    };
    for fields in [vec![], vec![good, unread]] {
        assert_eq!(
            judged(fields),
            (CheckStatus::Borderline, vec![ReasonCode::PrintUnreadable])
        );
    }
}

#[test]
fn doubt_above_its_limit_goes_to_a_person() {
    let t = policy().thresholds().clone();
    let doubt = Doubt {
        screen: 0.1,
        copy: 0.1,
        portrait: None,
        field: None,
        line: None,
        second: None,
        by_editor: false,
    };
    let judged_of = |doubt: Doubt| {
        let decision = judge(|e| e.doubts = Measured::Value(vec![doubt]));
        let check = decision
            .checks
            .iter()
            .find(|c| c.name == CheckName::DocumentOriginal)
            .unwrap();
        (check.status, check.reasons.clone())
    };
    let judged = |screen, copy| {
        judged_of(Doubt {
            screen,
            copy,
            ..doubt.clone()
        })
    };
    let (screen, copy) = (t.document_screen_max, t.document_copy_max);
    assert_eq!(judged(screen, copy).0, CheckStatus::Passed);
    let borderline = |reason| (CheckStatus::Borderline, vec![reason]);
    assert_eq!(
        judged(screen + 1e-9, copy),
        borderline(ReasonCode::ScreenSuspected)
    );
    assert_eq!(
        judged(screen, copy + 1e-9),
        borderline(ReasonCode::CopySuspected)
    );
    assert_eq!(
        judged(f64::NAN, copy),
        borderline(ReasonCode::ScreenSuspected)
    );
    let edited = |portrait, field, by_editor| {
        judged_of(Doubt {
            portrait,
            field,
            by_editor,
            ..doubt.clone()
        })
    };
    let portrait = t.document_portrait_edit_max;
    let field = t.document_field_edit_max;
    assert_eq!(
        edited(Some(portrait), Some(field), false).0,
        CheckStatus::Passed
    );
    assert_eq!(
        edited(Some(portrait + 1e-9), None, false),
        borderline(ReasonCode::EditInPortrait)
    );
    assert_eq!(
        edited(Some(f64::NAN), None, false),
        borderline(ReasonCode::EditInPortrait)
    );
    assert_eq!(
        edited(None, Some(field + 1e-9), false),
        borderline(ReasonCode::EditInField)
    );
    assert_eq!(
        edited(None, None, true),
        borderline(ReasonCode::EditProgram)
    );
    let line = |line| {
        judged_of(Doubt {
            line: Some(line),
            ..doubt.clone()
        })
    };
    let most = t.document_line_edit_max;
    assert_eq!(line(most).0, CheckStatus::Passed);
    assert_eq!(line(most + 1e-9), borderline(ReasonCode::EditInField));
    assert_eq!(line(f64::NAN), borderline(ReasonCode::EditInField));
    let second = |second| {
        judged_of(Doubt {
            second: Some(second),
            ..doubt.clone()
        })
    };
    let of = |ratio| second(ratios(Pair::Portrait, &[ratio]).remove(0));
    let least = t.document_second_portrait_min;
    assert_eq!(of(least + 1e-9).0, CheckStatus::Passed);
    let differs = borderline(ReasonCode::SecondPortraitDiffers);
    assert_eq!(of(least - 1e-9), differs);
    assert_eq!(of(f64::NAN), differs);
    let unknown = Comparison {
        distances: vec![("another".to_owned(), 0.1)],
    };
    assert_eq!(second(unknown), differs);
}

#[test]
fn a_picture_of_another_case_goes_to_a_person_and_one_not_looked_up_does_not() {
    let judged = |seen_in| {
        let decision = judge(|e| e.seen_in = seen_in);
        let of = |c: &&CheckResult| c.name == CheckName::DocumentOriginal;
        let check = decision.checks.iter().find(of).unwrap();
        (check.status, check.reasons.clone())
    };
    assert_eq!(judged(None).0, CheckStatus::Passed);
    assert_eq!(judged(Some(0)).0, CheckStatus::Passed);
    assert_eq!(
        judged(Some(1)),
        (CheckStatus::Borderline, vec![ReasonCode::SeenInAnotherCase])
    );
}

#[test]
fn a_seal_is_genuine_or_the_reason_is_named() {
    let judged = |seals: Vec<SealLook>| {
        let decision = judge(|e| e.seals = Measured::Value(seals));
        let check = decision
            .checks
            .iter()
            .find(|c| c.name == CheckName::DocumentSeal);
        check.map(|c| (c.status, c.reasons.clone()))
    };
    let of = |trust, differing| {
        judged(vec![SealLook::TwoDDoc {
            trust,
            differing,
            compared: 2,
        }])
        .unwrap()
    };
    assert_eq!(judged(vec![]), None);
    assert_eq!(of(Trust::Verified, vec![]).0, CheckStatus::Passed);
    assert_eq!(
        of(Trust::Verified, vec!["number"]),
        (CheckStatus::Failed, vec![ReasonCode::SealDiffers])
    );
    assert_eq!(
        of(Trust::Forged, vec![]),
        (CheckStatus::Failed, vec![ReasonCode::SealForged])
    );
    assert_eq!(
        of(Trust::Revoked, vec![]),
        (CheckStatus::Failed, vec![ReasonCode::SealUntrusted])
    );
    for trust in [Trust::UnknownCertificate, Trust::OutOfPeriod, Trust::Test] {
        assert_eq!(
            of(trust, vec![]),
            (CheckStatus::Borderline, vec![ReasonCode::SealUntrusted])
        );
    }
    assert_eq!(
        judged(vec![SealLook::OtherFormat]),
        Some((CheckStatus::Borderline, vec![ReasonCode::SealUnverified]))
    );
    assert_eq!(
        judged(vec![SealLook::Broken]),
        Some((CheckStatus::Failed, vec![ReasonCode::SealForged]))
    );
}

#[test]
fn born_on_29_february() {
    let age_ok = |today| {
        let decision = judge(|e| {
            e.today = today;
            e.zone = Measured::Value(Some(Zone {
                birth_date: Some(date!(2004 - 02 - 29)),
                ..zone()
            }));
        });
        status(&decision, CheckName::DocumentValidity)
    };
    assert_eq!(age_ok(date!(2022 - 02 - 28)), CheckStatus::Failed);
    assert_eq!(age_ok(date!(2022 - 03 - 01)), CheckStatus::Passed);
}
