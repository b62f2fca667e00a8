//! What shows that a recording is not one living person filmed now: each sign passes once and
//! fails once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{judge, policy, ratios, same, status};
use idproof_domain::answers::Answers;
use idproof_domain::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture, Recorder};
use idproof_domain::challenge::Direction;
use idproof_domain::face::Pair;
use idproof_domain::origin::{Footage, Traces};
use idproof_domain::{CheckName, CheckStatus, Evidence, Measured, Outcome, ReasonCode};

use CheckStatus::{Borderline, Failed, Passed, Unavailable};

fn continuity(change: impl FnOnce(&mut Continuity)) -> Measured<Continuity> {
    let mut all = Continuity {
        faces: vec![same(); 6],
        frozen_seconds: 0.0,
        repeated_seconds: 0.0,
        cuts: 0,
    };
    change(&mut all);
    Measured::Value(all)
}

fn check(
    change: impl FnOnce(&mut Evidence),
    name: CheckName,
    expected: CheckStatus,
    reason: Option<ReasonCode>,
) {
    let decision = judge(change);
    assert_eq!(status(&decision, name), expected, "{name} {reason:?}");
    let outcome = if expected == Passed {
        Outcome::Accept
    } else {
        Outcome::Review
    };
    assert_eq!(decision.outcome, outcome, "{name} {reason:?}");
    if let Some(reason) = reason {
        assert!(
            decision
                .reasons
                .iter()
                .any(|r| r.code == reason && r.check == name),
            "{name}: {:?}",
            decision.reasons
        );
    }
}

#[test]
fn one_person_in_one_piece() {
    let t = policy().thresholds().clone();
    let name = CheckName::FaceContinuity;
    let with =
        |change: fn(&mut Continuity)| move |e: &mut Evidence| e.continuity = continuity(change);
    check(with(|_| {}), name, Passed, None);
    // One bad frame is no other person; two are.
    let worse = |ratio: f64, times: usize| {
        move |e: &mut Evidence| {
            e.continuity = continuity(|c| {
                for face in c.faces.iter_mut().take(times) {
                    *face = ratios(Pair::Photographs, &[ratio]).remove(0);
                }
            });
        }
    };
    check(worse(-9.0, 1), name, Passed, None);
    check(
        worse(-9.0, 2),
        name,
        Failed,
        Some(ReasonCode::PersonChanges),
    );
    let below = t.continuity_accept - 0.01;
    check(
        worse(below, 2),
        name,
        Borderline,
        Some(ReasonCode::PersonChanges),
    );
    check(
        with(|c| c.frozen_seconds = 1.0),
        name,
        Failed,
        Some(ReasonCode::PictureFrozen),
    );
    check(with(|c| c.frozen_seconds = 0.99), name, Passed, None);
    check(
        with(|c| c.repeated_seconds = 1.2),
        name,
        Failed,
        Some(ReasonCode::PictureRepeats),
    );
    check(
        with(|c| c.cuts = 1),
        name,
        Borderline,
        Some(ReasonCode::RecordingCut),
    );
    check(
        with(|c| c.faces.clear()),
        name,
        Borderline,
        Some(ReasonCode::NothingToCompare),
    );
    let foreign = |c: &mut Continuity| c.faces[0].distances[0].0 = "unheard_of".into();
    check(
        with(foreign),
        name,
        Unavailable,
        Some(ReasonCode::ModelUnavailable),
    );
}

#[test]
fn fine_patterns_are_a_display() {
    let t = policy().thresholds().clone();
    let name = CheckName::Recapture;
    let with = |score: f64| {
        move |e: &mut Evidence| {
            e.recapture = Measured::Value(Recapture {
                periodicity: vec![score; 3],
            });
        }
    };
    check(with(t.recapture_accept), name, Passed, None);
    check(
        with(t.recapture_accept + 0.01),
        name,
        Borderline,
        Some(ReasonCode::ScreenLikely),
    );
    check(
        with(t.recapture_refuse + 0.01),
        name,
        Failed,
        Some(ReasonCode::ScreenLikely),
    );
    let none = |e: &mut Evidence| {
        e.recapture = Measured::Value(Recapture {
            periodicity: vec![],
        })
    };
    check(none, name, Borderline, Some(ReasonCode::NothingToCompare));
    check(with(f64::NAN), name, Borderline, None);
}

#[test]
fn what_was_fed_in_is_told() {
    let name = CheckName::Injection;
    let with = |recorder, virtual_camera, repeated_frames| {
        move |e: &mut Evidence| {
            e.injection = Measured::Value(Injection {
                recorder,
                virtual_camera,
                repeated_frames,
                even_times: true,
            });
        }
    };
    check(with(Recorder::Browser, false, 0.08), name, Passed, None);
    let odd = Some(ReasonCode::TimingUnnatural);
    check(with(Recorder::Browser, false, 0.081), name, Borderline, odd);
    check(
        with(Recorder::Browser, false, f64::NAN),
        name,
        Borderline,
        odd,
    );
    // Even times alone are a telephone's as well.
    check(with(Recorder::Browser, false, 0.0), name, Passed, None);
    check(with(Recorder::Sent, false, 0.2), name, Borderline, odd);
    // A file of unknown making may repeat frames.
    check(with(Recorder::Unknown, false, 0.2), name, Passed, None);
    check(
        with(Recorder::Unknown, true, 0.0),
        name,
        Failed,
        Some(ReasonCode::VirtualCamera),
    );
}

#[test]
fn what_is_worn_before_the_face_is_told() {
    let t = policy().thresholds().clone();
    let with = |eyes: f64, chin: f64| {
        move |e: &mut Evidence| {
            if let Measured::Value(p) = &mut e.presence {
                (p.eyes, p.chin) = (Some(eyes), Some(chin));
            }
        }
    };
    let told = |eyes, chin, expected| {
        let decision = judge(with(eyes, chin));
        assert_eq!(status(&decision, CheckName::SingleFace), expected);
        let why = |r: &idproof_domain::Reason| r.code == ReasonCode::FaceCovered;
        assert_eq!(decision.reasons.iter().any(why), expected != Passed);
    };
    told(t.face_eyes_light, t.face_chin_colour, Passed);
    told(t.face_eyes_light - 0.01, 0.0, Borderline);
    told(1.0, t.face_chin_colour + 0.001, Borderline);
    told(f64::NAN, 0.0, Borderline);
    for (light, expected) in [(t.face_light, Passed), (t.face_light - 0.1, Borderline)] {
        let decision = judge(|e| {
            if let Measured::Value(p) = &mut e.presence {
                p.light = Some(light);
            }
        });
        assert_eq!(status(&decision, CheckName::SingleFace), expected);
        let dark = |r: &idproof_domain::Reason| r.code == ReasonCode::FaceTooDark;
        assert_eq!(decision.reasons.iter().any(dark), expected != Passed);
    }
}

#[test]
fn what_another_program_has_written_is_told() {
    let name = CheckName::EncoderTraces;
    let with = |recorder, program: &'static str| {
        move |e: &mut Evidence| {
            let programs = vec![program.to_owned()];
            e.traces = Measured::Value(Traces { recorder, programs });
        }
    };
    let again = Some(ReasonCode::RecordingReencoded);
    check(with(Recorder::Browser, "Chrome"), name, Passed, None);
    check(
        with(Recorder::Browser, "Lavf58.29.100"),
        name,
        Borderline,
        again,
    );
    check(
        with(Recorder::Sent, "HandBrake 1.8.1"),
        name,
        Borderline,
        again,
    );
    // A file alone says nothing of how it was made.
    check(with(Recorder::Unknown, "Lavf58.29.100"), name, Passed, None);
    let decision = judge(|e| {
        e.traces = Measured::unavailable(ReasonCode::DecoderFailed, "gone");
    });
    assert_eq!(status(&decision, name), Unavailable);
    assert_eq!(decision.outcome, Outcome::Review);
}

#[test]
fn footage_of_another_case_goes_to_a_person() {
    let t = policy().thresholds().clone();
    let name = CheckName::FootageSeen;
    let with = |share, cases| {
        move |e: &mut Evidence| {
            e.footage = Some(Measured::Value(Footage {
                share,
                cases,
                marks: 90,
            }));
        }
    };
    let seen = Some(ReasonCode::FootageSeen);
    check(with(t.footage_seen - 0.01, 0), name, Passed, None);
    check(with(t.footage_seen, 1), name, Borderline, seen);
    check(with(f64::NAN, 0), name, Borderline, seen);
    let decision = judge(|e| e.footage = None);
    assert!(decision.checks.iter().all(|c| c.name != name));
    assert_eq!(decision.outcome, Outcome::Accept);
}

#[test]
fn answers_come_after_their_questions() {
    let t = policy().thresholds().clone();
    let name = CheckName::AnswerTimes;
    let with = |delays: Vec<f64>| {
        move |e: &mut Evidence| {
            e.answers = Some(Measured::Value(Answers { asked: 3, delays }));
        }
    };
    check(with(vec![t.answer_earliest, 0.8]), name, Passed, None);
    let early = Some(ReasonCode::AnsweredEarly);
    check(
        with(vec![0.5, t.answer_earliest - 0.01]),
        name,
        Failed,
        early,
    );
    check(with(vec![f64::NAN]), name, Failed, early);
    check(with(vec![0.5, t.answer_latest]), name, Passed, None);
    let late = Some(ReasonCode::AnsweredLate);
    check(
        with(vec![0.5, t.answer_latest + 0.01]),
        name,
        Borderline,
        late,
    );
    check(
        with(vec![]),
        name,
        Borderline,
        Some(ReasonCode::NothingToCompare),
    );
    let decision = judge(|e| e.answers = None);
    assert!(decision.checks.iter().all(|c| c.name != name));
}

#[test]
fn the_head_was_turned_as_asked() {
    let t = policy().thresholds().clone();
    let name = CheckName::HeadMovement;
    let with = |degrees: Option<f64>, otherwise: f64| {
        move |e: &mut Evidence| {
            e.head = Some(Measured::Value(vec![HeadTurn {
                asked: Direction::Up,
                degrees,
                otherwise,
                early: 0.0,
            }]));
        }
    };
    let early = judge(|e| {
        e.head = Some(Measured::Value(vec![HeadTurn {
            asked: Direction::Left,
            degrees: Some(3.0),
            otherwise: 0.0,
            early: 25.0,
        }]));
    });
    assert_eq!(status(&early, name), Failed);
    let told = |r: &idproof_domain::Reason| r.code == ReasonCode::HeadMovedEarly;
    assert!(early.reasons.iter().any(told));
    let retaken = |degrees, otherwise, expected, reason| {
        let decision = judge(with(degrees, otherwise));
        assert_eq!(status(&decision, name), expected);
        assert!(decision.reasons.iter().any(|r| r.code == reason));
    };
    check(with(Some(t.head_turn_accept), 0.0), name, Passed, None);
    retaken(Some(19.9), 0.0, Borderline, ReasonCode::HeadNotMoved);
    retaken(Some(7.9), 0.0, Failed, ReasonCode::HeadNotMoved);
    retaken(None, 0.0, Failed, ReasonCode::HeadNotMoved);
    retaken(Some(2.0), 30.0, Failed, ReasonCode::HeadMovedOtherwise);
    // Not asked for: no such check.
    let decision = judge(|e| e.head = None);
    assert!(decision.checks.iter().all(|c| c.name != name));
    assert_eq!(decision.outcome, Outcome::Accept);
}

#[test]
fn the_document_was_held_up() {
    let t = policy().thresholds().clone();
    let name = CheckName::DocumentShown;
    let with = |all: Vec<f64>| {
        move |e: &mut Evidence| {
            e.document_shown = Some(Measured::Value(DocumentShown {
                frames: 20,
                portraits: ratios(Pair::Portrait, &all),
            }));
        }
    };
    check(
        with(vec![t.document_shown_accept + 0.01]),
        name,
        Passed,
        None,
    );
    let differs = Some(ReasonCode::DocumentShownDiffers);
    check(
        with(vec![t.document_shown_accept - 0.01]),
        name,
        Borderline,
        differs,
    );
    check(
        with(vec![]),
        name,
        Failed,
        Some(ReasonCode::DocumentNotShown),
    );
    let decision = judge(|e| e.document_shown = None);
    assert!(decision.checks.iter().all(|c| c.name != name));
}

#[test]
fn what_could_not_be_measured_goes_to_a_human() {
    let gone = || (ReasonCode::ModelUnavailable, "no model".to_owned());
    type Change = fn(&mut Evidence, (ReasonCode, String));
    let changes: [Change; 5] = [
        |e, (reason, detail)| e.continuity = Measured::Unavailable { reason, detail },
        |e, (reason, detail)| e.recapture = Measured::Unavailable { reason, detail },
        |e, (reason, detail)| e.injection = Measured::Unavailable { reason, detail },
        |e, (reason, detail)| e.head = Some(Measured::Unavailable { reason, detail }),
        |e, (reason, detail)| e.document_shown = Some(Measured::Unavailable { reason, detail }),
    ];
    for change in changes {
        assert_eq!(judge(|e| change(e, gone())).outcome, Outcome::Review);
    }
}
