//! Behaviour at a threshold and at a date is exact, tested on both sides.

mod common;

use common::{judge, motion, policy, speech, status, zone};
use idproof_domain::evidence::{FaceMatch, LipSync, Liveness, Zone};
use idproof_domain::{CheckName, CheckStatus, Measured};
use time::macros::date;

#[test]
fn thresholds_are_exact_on_both_sides() {
    let t = policy().thresholds().clone();
    let below = |v: f64| v - 1e-9;
    let above = |v: f64| v + 1e-9;
    let face = |d: f64| {
        status(
            &judge(|e| e.face_match = Measured::Value(FaceMatch { distances: vec![d] })),
            CheckName::FaceMatch,
        )
    };
    assert_eq!(face(t.face_match_accept), CheckStatus::Passed);
    assert_eq!(face(above(t.face_match_accept)), CheckStatus::Borderline);
    assert_eq!(face(below(t.face_match_refuse)), CheckStatus::Borderline);
    assert_eq!(face(t.face_match_refuse), CheckStatus::Failed);
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
