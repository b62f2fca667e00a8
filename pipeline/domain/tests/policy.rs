#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use idproof_domain::{CheckName, Policy, PolicyError, Thresholds};

const DEFAULT: &str = Policy::DEFAULT_TEXT;

#[test]
fn the_policy_that_ships_names_every_threshold_with_unit_range_and_default() {
    let policy = Policy::parse(DEFAULT).unwrap();
    assert_eq!(policy.thresholds(), &Thresholds::default());
    for spec in Thresholds::SPECS {
        let line = DEFAULT
            .lines()
            .position(|l| l.starts_with(&format!("{} = ", spec.key)))
            .unwrap_or_else(|| panic!("{} is not in the file", spec.key));
        let above: Vec<&str> = DEFAULT.lines().skip(line - 2).take(2).collect();
        assert_eq!(above[0], format!("# {}", spec.meaning));
        assert_eq!(
            above[1],
            format!("# {}, {} to {}", spec.unit, spec.min, spec.max)
        );
        assert!((spec.min..=spec.max).contains(&spec.default));
    }
}

#[test]
fn a_policy_without_calibrations_has_those_that_ship() {
    let shipped = Policy::parse(DEFAULT).unwrap();
    assert_eq!(shipped.calibrations().all().len(), 6);
    let (without, _) = DEFAULT.split_once("[[face_calibration]]").unwrap();
    let own = Policy::parse(without).unwrap();
    assert_eq!(own.calibrations(), shipped.calibrations());
}

#[test]
fn a_bad_policy_is_named() {
    let parse = |from: &str, to: &str| {
        assert!(DEFAULT.contains(from), "{from}");
        Policy::parse(&DEFAULT.replace(from, to)).unwrap_err()
    };
    assert!(matches!(
        parse("liveness          =", "livenes ="),
        PolicyError::Syntax(_)
    ));
    assert_eq!(
        parse(
            "liveness          = { role = \"required\", on_fail = \"refuse\" }\n",
            ""
        ),
        PolicyError::ChecksMissing(vec![CheckName::Liveness])
    );
    assert_eq!(
        parse(
            "liveness          = { role = \"required\"",
            "liveness = { role = \"advisory\""
        ),
        PolicyError::CheckMustBeRequired(CheckName::Liveness)
    );
    assert!(matches!(
        parse("liveness_accept = 0.6", "liveness_accept = 1.5"),
        PolicyError::OutOfRange { .. }
    ));
    assert!(matches!(
        parse("liveness_accept = 0.6", "liveness_accept = nan"),
        PolicyError::OutOfRange { .. }
    ));
    assert!(matches!(
        parse("liveness_accept = 0.6", "liveness_accept = 0.1"),
        PolicyError::BandsOverlap {
            accept: "liveness_accept",
            ..
        }
    ));
    assert!(matches!(
        parse("recapture_refuse = ", "recapture_refuse = 2.0 #"),
        PolicyError::BandsOverlap {
            accept: "recapture_accept",
            ..
        }
    ));
    for (from, to, part) in [
        (
            "weights = { face_recognition",
            "weights = { a = 1.0, face_recognition",
            "positive",
        ),
        ("pair = \"portrait\"", "pair = \"photographs\"", "already"),
        ("offset = ", "offset = nan #", "finite"),
    ] {
        let error = parse(from, to).to_string();
        assert!(
            error.contains("face_calibration") && error.contains(part),
            "{error}"
        );
    }
    assert_eq!(
        parse("liveness_accept", "liveness_acept"),
        PolicyError::UnknownThreshold("liveness_acept".into())
    );
    assert_eq!(
        parse("version = \"2026-11-1\"", "version = \" \""),
        PolicyError::NoVersion
    );
}
