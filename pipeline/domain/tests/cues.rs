//! Cues that are told and decide nothing: each passes once and does not pass once, and the case is
//! accepted all the same under the policy that ships. Where a policy requires them, a person looks.

#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod common;

use common::{good, judge, policy, status};
use idproof_domain::cues::{Display, Layout, Pulse, Skin};
use idproof_domain::{
    CheckName, CheckStatus, Evidence, Measured, Outcome, Policy, ReasonCode, decide,
};

use CheckStatus::{Borderline, Passed, Unavailable};

fn check(
    change: impl Fn(&mut Evidence),
    name: CheckName,
    expected: CheckStatus,
    why: &[ReasonCode],
) {
    let decision = judge(&change);
    let found = decision.checks.iter().find(|c| c.name == name).unwrap();
    assert_eq!(found.status, expected, "{name}: {}", found.detail);
    assert_eq!(found.reasons, why, "{name}");
    assert_eq!(decision.outcome, Outcome::Accept, "{name} decides nothing");
    let line = Policy::DEFAULT_TEXT
        .lines()
        .find(|l| l.starts_with(name.as_str()))
        .unwrap();
    let required = line.replace("advisory", "required");
    let strict = Policy::parse(&Policy::DEFAULT_TEXT.replace(line, &required)).unwrap();
    let mut evidence = good();
    change(&mut evidence);
    let outcome = if expected == Passed {
        Outcome::Accept
    } else {
        Outcome::Review
    };
    assert_eq!(
        decide(&evidence, &strict).outcome,
        outcome,
        "{name} required"
    );
}

#[test]
fn a_beating_light_and_bars_round_the_face() {
    let t = policy().thresholds().clone();
    let name = CheckName::DisplayTraces;
    let with = |beat: Option<f64>, bars: f64| {
        move |e: &mut Evidence| {
            e.display = Measured::Value(Display {
                beat,
                bars: vec![bars, bars, 0.0],
            });
        }
    };
    check(
        with(Some(t.display_beat), t.display_bars),
        name,
        Passed,
        &[],
    );
    check(with(None, 0.0), name, Passed, &[]);
    let beats = [ReasonCode::LightBeats];
    check(
        with(Some(t.display_beat + 0.1), 0.0),
        name,
        Borderline,
        &beats,
    );
    check(with(Some(f64::NAN), 0.0), name, Borderline, &beats);
    let framed = [ReasonCode::BarsRoundFace];
    check(
        with(Some(2.0), t.display_bars + 1.0),
        name,
        Borderline,
        &framed,
    );
    let nothing = |e: &mut Evidence| {
        e.display = Measured::Value(Display {
            beat: None,
            bars: vec![],
        });
    };
    check(nothing, name, Borderline, &[ReasonCode::NothingToCompare]);
}

#[test]
fn lips_and_the_colour_of_skin() {
    let t = policy().thresholds().clone();
    let name = CheckName::FaceSkin;
    let with = |lips: f64, warmth: f64| {
        move |e: &mut Evidence| {
            e.skin = Measured::Value(Skin {
                lips: vec![lips; 3],
                warmth: vec![warmth; 3],
            });
        }
    };
    check(with(t.skin_lips, t.skin_warmth), name, Passed, &[]);
    let hidden = [ReasonCode::LipsNotSeen];
    check(with(t.skin_lips - 0.001, 0.1), name, Borderline, &hidden);
    let paper = [ReasonCode::SkinColourless];
    check(with(0.5, t.skin_warmth - 0.001), name, Borderline, &paper);
    let none = [ReasonCode::NothingToCompare];
    check(with(f64::NAN, 0.1), name, Borderline, &none);
}

#[test]
fn a_pulse_in_the_skin() {
    let t = policy().thresholds().clone();
    let name = CheckName::Pulse;
    let with = |strength: f64| {
        move |e: &mut Evidence| {
            e.pulse = Measured::Value(Pulse {
                seconds: 8.0,
                strength,
            });
        }
    };
    check(with(t.pulse_accept), name, Passed, &[]);
    let unseen = [ReasonCode::PulseNotSeen];
    check(with(t.pulse_accept - 0.1), name, Borderline, &unseen);
    check(with(f64::NAN), name, Borderline, &unseen);
    let dark = |e: &mut Evidence| {
        e.pulse = Measured::unavailable(ReasonCode::NothingToCompare, "Too dark.");
    };
    check(dark, name, Unavailable, &[ReasonCode::NothingToCompare]);
}

#[test]
fn the_layout_of_the_document_held_up() {
    let t = policy().thresholds().clone();
    let name = CheckName::DocumentLayout;
    let with = |likeness: Vec<f64>| {
        move |e: &mut Evidence| {
            e.layout = Some(Measured::Value(Layout {
                likeness: likeness.clone(),
            }));
        }
    };
    check(with(vec![t.layout_accept, 0.1, 0.9]), name, Passed, &[]);
    let differs = [ReasonCode::LayoutDiffers];
    check(
        with(vec![t.layout_accept - 0.01]),
        name,
        Borderline,
        &differs,
    );
    check(
        with(vec![]),
        name,
        Borderline,
        &[ReasonCode::NothingToCompare],
    );
    let decision = judge(|e| e.layout = None);
    assert!(
        decision.checks.iter().all(|c| c.name != name),
        "not asked for"
    );
    assert_eq!(status(&judge(|_| {}), name), Passed);
}
