use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::CheckName;
use crate::face::{Calibration, Calibrations};
use crate::thresholds::Thresholds;

/// What a check's result does to the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Acceptance needs it to have run and passed.
    Required,
    /// Recorded for people; changes no decision.
    Advisory,
}

/// What a failed required check leads to. Borderline and unavailable always go to a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    Refuse,
    Review,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckPolicy {
    pub role: Role,
    pub on_fail: OnFail,
}

/// The rules by which evidence becomes a decision. Immutable once parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    version: String,
    checks: BTreeMap<CheckName, CheckPolicy>,
    thresholds: Thresholds,
    calibrations: Calibrations,
}

#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum PolicyError {
    #[error("the policy is not valid TOML of the expected form: {0}")]
    Syntax(String),
    #[error("`version` is empty; name it so that decisions can refer to it")]
    NoVersion,
    /// A text from before the program knew them.
    #[error(
        "{} missing; every check needs a role: `idproof policy amend` adds what is missing as it ships",
        listed(.0)
    )]
    ChecksMissing(Vec<CheckName>),
    #[error("`checks.{0}.role` is `advisory`, but nobody may be accepted without this check")]
    CheckMustBeRequired(CheckName),
    #[error("`thresholds.{0}` is unknown; `idproof policy show` lists the known ones")]
    UnknownThreshold(String),
    #[error("`thresholds.{key}` is {value}; it must lie in {min}..={max} {unit}")]
    OutOfRange {
        key: String,
        value: f64,
        min: f64,
        max: f64,
        unit: &'static str,
    },
    #[error("`face_calibration` number {number}: {problem}")]
    Calibration {
        number: usize,
        problem: &'static str,
    },
    #[error(
        "`thresholds.{accept}` ({accept_value}) and `thresholds.{refuse}` ({refuse_value}) overlap: a score could be accepted and refused"
    )]
    BandsOverlap {
        accept: &'static str,
        accept_value: f64,
        refuse: &'static str,
        refuse_value: f64,
    },
}

/// `checks.a` is, `checks.a` and `checks.b` are.
fn listed(names: &[CheckName]) -> String {
    let all: Vec<String> = names
        .iter()
        .map(|name| format!("`checks.{name}`"))
        .collect();
    let verb = if all.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", all.join(", "))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: String,
    checks: BTreeMap<CheckName, CheckPolicy>,
    #[serde(default)]
    thresholds: BTreeMap<String, f64>,
    /// Those that ship where there are none.
    #[serde(default)]
    face_calibration: Vec<Calibration>,
}

/// Checks without which nobody is ever accepted automatically, whatever a policy says.
const ALWAYS_REQUIRED: [CheckName; 6] = [
    CheckName::DocumentPortrait,
    CheckName::DocumentMrz,
    CheckName::DocumentValidity,
    CheckName::SingleFace,
    CheckName::FaceMatch,
    CheckName::Liveness,
];

impl Policy {
    /// The policy that ships, as text.
    pub const DEFAULT_TEXT: &'static str = include_str!("../policy/default.toml");

    /// Parses and validates. Thresholds not named keep their defaults.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PolicyFile =
            toml::from_str(text).map_err(|e| PolicyError::Syntax(e.to_string()))?;
        if file.version.trim().is_empty() {
            return Err(PolicyError::NoVersion);
        }
        let missing: Vec<CheckName> = CheckName::ALL
            .into_iter()
            .filter(|name| !file.checks.contains_key(name))
            .collect();
        if !missing.is_empty() {
            return Err(PolicyError::ChecksMissing(missing));
        }
        let advisory = |name| {
            file.checks
                .get(&name)
                .is_some_and(|c| c.role == Role::Advisory)
        };
        if let Some(name) = ALWAYS_REQUIRED.into_iter().find(|name| advisory(*name)) {
            return Err(PolicyError::CheckMustBeRequired(name));
        }
        let thresholds = thresholds(file.thresholds)?;
        Ok(Self {
            version: file.version,
            checks: file.checks,
            thresholds,
            calibrations: calibrations(file.face_calibration)?,
        })
    }

    pub fn calibrations(&self) -> &Calibrations {
        &self.calibrations
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// A check the file does not name is required and reviewed; `parse` lets none through.
    pub fn check(&self, name: CheckName) -> CheckPolicy {
        self.checks.get(&name).copied().unwrap_or(CheckPolicy {
            role: Role::Required,
            on_fail: OnFail::Review,
        })
    }
}

fn calibrations(mut given: Vec<Calibration>) -> Result<Calibrations, PolicyError> {
    if given.is_empty() {
        let shipped: PolicyFile =
            toml::from_str(Policy::DEFAULT_TEXT).map_err(|e| PolicyError::Syntax(e.to_string()))?;
        given = shipped.face_calibration;
    }
    Calibrations::new(given)
        .map_err(|(number, problem)| PolicyError::Calibration { number, problem })
}

fn thresholds(values: BTreeMap<String, f64>) -> Result<Thresholds, PolicyError> {
    let mut thresholds = Thresholds::default();
    for (key, value) in values {
        let Some(spec) = Thresholds::SPECS.iter().find(|s| s.key == key) else {
            return Err(PolicyError::UnknownThreshold(key));
        };
        if !(spec.min..=spec.max).contains(&value) {
            return Err(PolicyError::OutOfRange {
                key,
                value,
                min: spec.min,
                max: spec.max,
                unit: spec.unit,
            });
        }
        if let Some(slot) = thresholds.slot(spec.key) {
            *slot = value;
        }
    }
    bands(&thresholds)?;
    Ok(thresholds)
}

/// Accepting and refusing bands of one score must not overlap.
fn bands(t: &Thresholds) -> Result<(), PolicyError> {
    // (accept, refuse, larger scores are better)
    let pairs = [
        ("single_face_pass", "single_face_fail", true),
        ("face_match_accept", "face_match_refuse", true),
        ("liveness_accept", "liveness_refuse", true),
        ("face_motion_accept", "face_motion_refuse", true),
        ("continuity_accept", "continuity_refuse", true),
        ("recapture_accept", "recapture_refuse", false),
        ("head_turn_accept", "head_turn_refuse", true),
        ("speech_accept", "speech_refuse", true),
    ];
    for (accept, refuse, larger_is_better) in pairs {
        let (Some(a), Some(r)) = (t.get(accept), t.get(refuse)) else {
            continue;
        };
        if (larger_is_better && a < r) || (!larger_is_better && a >= r) {
            return Err(PolicyError::BandsOverlap {
                accept,
                accept_value: a,
                refuse,
                refuse_value: r,
            });
        }
    }
    Ok(())
}
