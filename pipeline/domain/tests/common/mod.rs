//! A case that is accepted, and ways to change it.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use idproof_domain::answers::Answers;
use idproof_domain::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture, Recorder};
use idproof_domain::challenge::Direction;
use idproof_domain::cues::{Display, Layout, Pulse, Skin};
use idproof_domain::document::print::Compared;
use idproof_domain::document_kind::DocumentKind;
use idproof_domain::evidence::{
    DeclaredField, Doubt, FaceMatch, LipSync, Liveness, Motion, Portrait, Presence, Recording,
    SealLook, Speech, Surface, Zone,
};
use idproof_domain::face::{Comparison, Pair};
use idproof_domain::origin::{Footage, Traces};
use idproof_domain::seal::Trust;
use idproof_domain::{CheckName, CheckStatus, Decision, Evidence, Measured, Policy, decide};
use time::macros::date;

pub fn good() -> Evidence {
    Evidence {
        today: date!(2026 - 11 - 21),
        surfaces: Measured::Value(vec![surface()]),
        announced: None,
        portrait: Measured::Value(Some(Portrait {
            score: 0.9,
            width: 300.0,
        })),
        doubts: Measured::Value(vec![Doubt {
            screen: 0.3,
            copy: 0.1,
            portrait: Some(0.05),
            field: Some(0.3),
            line: Some(0.05),
            second: ratios(Pair::Portrait, &[20.0]).pop(),
            by_editor: false,
        }]),
        seen_in: Some(0),
        print: Measured::Value(vec![printed("surname", 1.0), printed("birth_date", 1.0)]),
        seals: Measured::Value(vec![seal()]),
        zone: Measured::Value(Some(zone())),
        declared: Some(Measured::Value(vec![DeclaredField {
            field: "surname",
            agrees: true,
        }])),
        recording: Measured::Value(Recording {
            seconds: 8.0,
            frames: 240,
            irregular_frames: 0,
            sound_seconds: 8.0,
            lies: vec![],
        }),
        presence: Measured::Value(Presence {
            frames: 20,
            with_one_face: 20,
            with_several: 0,
            with_none: 0,
            face_width: 200.0,
            eyes: Some(1.0),
            chin: Some(0.01),
            light: Some(140.0),
        }),
        face_match: faces(&[12.0, 15.0, 13.0]),
        liveness: Measured::Value(Liveness {
            scores: vec![0.9, 0.95],
        }),
        motion: Measured::Value(Motion {
            frames: 20,
            deformation: 0.1,
        }),
        continuity: Measured::Value(Continuity {
            faces: vec![same(), same()],
            frozen_seconds: 0.0,
            repeated_seconds: 0.2,
            cuts: 0,
        }),
        recapture: Measured::Value(Recapture {
            periodicity: vec![1.9, 2.1],
        }),
        display: Measured::Value(Display {
            beat: Some(4.0),
            bars: vec![0.0, 1.0, 1.0],
        }),
        skin: Measured::Value(Skin {
            lips: vec![0.4, 0.5],
            warmth: vec![0.1, 0.09],
        }),
        pulse: Measured::Value(Pulse {
            seconds: 8.0,
            strength: 6.0,
        }),
        injection: Measured::Value(Injection {
            recorder: Recorder::Browser,
            virtual_camera: false,
            repeated_frames: 0.0,
            even_times: false,
        }),
        traces: Measured::Value(Traces {
            recorder: Recorder::Browser,
            programs: vec!["Chrome".into()],
        }),
        footage: Some(Measured::Value(Footage {
            share: 0.01,
            cases: 0,
            marks: 90,
        })),
        head: Some(Measured::Value(vec![HeadTurn {
            asked: Direction::Left,
            degrees: Some(30.0),
            otherwise: 2.0,
            early: 1.0,
        }])),
        document_shown: Some(Measured::Value(DocumentShown {
            frames: 20,
            portraits: ratios(Pair::Portrait, &[6.0, 7.0]),
        })),
        layout: Some(Measured::Value(Layout {
            likeness: vec![0.6, 0.7],
        })),
        speech: Measured::Value(Speech {
            voiced_seconds: 2.0,
            asked: 3,
            as_asked: true,
            heard: 3,
            least_confidence: 0.95,
            log_ratio: Some(9.0),
        }),
        answers: Some(Measured::Value(Answers {
            asked: 3,
            delays: vec![0.6, 0.7, 0.5],
        })),
        lips: Measured::Value(LipSync {
            seconds: 7.0,
            score: 0.5,
            lag_ms: 40,
        }),
    }
}

pub fn surface() -> Surface {
    Surface {
        resolution: Some(12.0),
        blur: 0.3,
        glare: 0.0,
        dark_end: 40.0,
        light_end: 210.0,
        cut_off: false,
        covered: 0.0,
    }
}

pub fn printed(field: &'static str, likeness: f64) -> Compared {
    Compared {
        field,
        likeness: Some(likeness),
        differs_at: vec![],
    }
}

pub fn seal() -> SealLook {
    SealLook::TwoDDoc {
        trust: Trust::Verified,
        differing: vec![],
        compared: 3,
    }
}

/// Two frames that surely show one person.
pub fn same() -> Comparison {
    ratios(Pair::Photographs, &[8.0]).remove(0)
}

/// A portrait that was compared by one embedder, with these log likelihood ratios.
pub fn faces(all: &[f64]) -> Measured<FaceMatch> {
    Measured::Value(FaceMatch {
        comparisons: ratios(Pair::Portrait, all),
    })
}

/// Comparisons by one embedder that have these log likelihood ratios.
pub fn ratios(pair: Pair, all: &[f64]) -> Vec<Comparison> {
    let calibration = policy()
        .calibrations()
        .all()
        .iter()
        .find(|c| c.pair == pair && c.weights.len() == 1)
        .cloned()
        .unwrap();
    let (name, weight) = calibration.weights.iter().next().unwrap();
    let distance = |ratio: &f64| (ratio - calibration.offset) / weight;
    all.iter()
        .map(|r| Comparison {
            distances: vec![(name.clone(), distance(r))],
        })
        .collect()
}

pub fn zone() -> Zone {
    Zone {
        format: "TD1",
        wrong_checks: vec![],
        checks: 4,
        corrections: 0,
        kind: Some(DocumentKind::FrenchCard),
        specimen: false,
        issue: None,
        birth_date: Some(date!(1990 - 07 - 13)),
        expiry: Some(date!(2033 - 02 - 11)),
        sides_differ: false,
    }
}

pub fn policy() -> Policy {
    Policy::parse(Policy::DEFAULT_TEXT).unwrap()
}

pub fn status(decision: &Decision, name: CheckName) -> CheckStatus {
    decision
        .checks
        .iter()
        .find(|c| c.name == name)
        .unwrap()
        .status
}

pub fn judge(change: impl FnOnce(&mut Evidence)) -> Decision {
    let mut evidence = good();
    change(&mut evidence);
    decide(&evidence, &policy())
}

pub fn recording(e: &mut Evidence, change: impl FnOnce(&mut Recording)) {
    if let Measured::Value(r) = &mut e.recording {
        change(r);
    }
}

pub fn presence(e: &mut Evidence, one: u32, several: u32, none: u32) {
    if let Measured::Value(p) = &mut e.presence {
        (p.with_one_face, p.with_several, p.with_none) = (one, several, none);
    }
}

pub fn motion(e: &mut Evidence, deformation: f64) {
    e.motion = Measured::Value(Motion {
        frames: 20,
        deformation,
    });
}

pub fn speech(e: &mut Evidence, change: impl FnOnce(&mut Speech)) {
    if let Measured::Value(s) = &mut e.speech {
        change(s);
    }
}
