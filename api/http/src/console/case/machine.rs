//! What the machine found, and where its scores lie between accepting and refusing.

use idproof_database::{Decision, DecisionOutcome};
use idproof_domain::{Policy, ReasonCode, Thresholds, completed};
use idproof_wire::{CheckReport, DecisionReport, ModelReport, Report, StatusReport};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(in crate::console) struct MachineView {
    decision_id: String,
    outcome: &'static str,
    at: String,
    policy_version: String,
    policy_sha256: String,
    reasons: Vec<ReasonView>,
    checks: Vec<CheckView>,
    models: Vec<ModelReport>,
}

#[derive(Serialize)]
struct ReasonView {
    code: String,
    check: Option<String>,
    detail: String,
    meaning: &'static str,
}

#[derive(Serialize)]
struct CheckView {
    name: String,
    status: StatusReport,
    score: Option<f64>,
    threshold: Option<f64>,
    detail: String,
    scale: Option<Scale>,
}

#[derive(Debug, Serialize, PartialEq)]
struct Scale {
    unit: &'static str,
    accept: f64,
    refuse: Option<f64>,
    higher_is_better: bool,
    low: f64,
    high: f64,
}

/// Checks whose score lies between two thresholds: name, accepting and refusing key, whether more
/// is better.
const SCALES: &[(&str, &str, Option<&str>, bool)] = &[
    (
        "face_match",
        "face_match_accept",
        Some("face_match_refuse"),
        true,
    ),
    ("liveness", "liveness_accept", Some("liveness_refuse"), true),
    (
        "face_motion",
        "face_motion_accept",
        Some("face_motion_refuse"),
        true,
    ),
    (
        "spoken_digits",
        "speech_accept",
        Some("speech_refuse"),
        true,
    ),
    (
        "single_face",
        "single_face_pass",
        Some("single_face_fail"),
        true,
    ),
    ("document_portrait", "document_portrait_score", None, true),
    ("video_integrity", "video_minimum_seconds", None, true),
];

/// `judged` are the thresholds of the version that judged the case, where that is still known.
fn scale(name: &str, check: &CheckReport, judged: Option<&Thresholds>) -> Option<Scale> {
    let (_, accept, refuse, higher_is_better) = SCALES.iter().find(|s| s.0 == name)?;
    let spec = Thresholds::SPECS.iter().find(|s| s.key == *accept)?;
    let refusing = refuse.and_then(|key| Thresholds::SPECS.iter().find(|s| s.key == key));
    let of_judge = |key| judged.and_then(|thresholds| thresholds.get(key));
    Some(Scale {
        unit: spec.unit,
        // The report names the one it was compared with.
        accept: check.threshold.or_else(|| of_judge(accept))?,
        refuse: refuse.and_then(of_judge),
        higher_is_better: *higher_is_better,
        low: refusing.map_or(spec.min, |r| spec.min.min(r.min)),
        high: refusing.map_or(spec.max, |r| spec.max.max(r.max)),
    })
}

/// The machine's decision about an attempt: the last one that no person made.
pub(in crate::console) fn of_machine(decisions: &[Decision], attempt: u32) -> Option<&Decision> {
    decisions
        .iter()
        .rfind(|d| d.attempt == attempt && is_machines(d))
}

pub(in crate::console) fn is_machines(decision: &Decision) -> bool {
    !decision.decided_by.starts_with("usr_")
}

fn report(decision: &Decision) -> Option<Report> {
    Report::deserialize(&decision.report).ok()
}

/// Whether accepting goes against what the machine found, or where it found nothing at all.
pub(super) fn overrides(decision: Option<&Decision>) -> bool {
    let Some(decision) = decision else {
        return true;
    };
    let Some(report) = report(decision) else {
        return true;
    };
    decision.outcome == DecisionOutcome::Refuse
        || report.decision == DecisionReport::Refuse
        || report.checks.is_empty()
        || report
            .checks
            .values()
            .any(|c| c.status == StatusReport::Failed)
}

pub(super) fn meaning(code: &str) -> &'static str {
    ReasonCode::ALL
        .iter()
        .find(|c| c.as_str() == code)
        .map_or("", |c| c.meaning())
}

/// The very policy that judged: a version of the database, or the one of the configuration. `None` where neither
/// has this fingerprint any more, as after the configuration's file was replaced.
async fn judge(service: &Service, decision: &Decision) -> Result<Option<Policy>, Problem> {
    if decision.policy_sha256 == service.parts.policy_sha256 {
        return Ok(Some(service.parts.policy.clone()));
    }
    let sha256 = &decision.policy_sha256;
    let text = service.database().policy_text_by_sha256(sha256).await?;
    // A text from before a check was known still has the thresholds that it judged by.
    Ok(text
        .and_then(|text| completed(&text).ok())
        .map(|c| c.policy))
}

pub(super) async fn view(service: &Service, decision: &Decision) -> Result<MachineView, Problem> {
    let report = report(decision);
    let policy = judge(service, decision).await?;
    let judged = policy.as_ref().map(Policy::thresholds);
    let told = report
        .as_ref()
        .map(|r| r.reasons.as_slice())
        .unwrap_or_default();
    let reason = |code: &String| {
        let told = told.iter().find(|r| r.code == *code);
        ReasonView {
            code: code.clone(),
            check: told.map(|r| r.check.clone()),
            detail: told.map(|r| r.detail.clone()).unwrap_or_default(),
            meaning: meaning(code),
        }
    };
    let checks = report.as_ref().map(|r| {
        let view = |(name, check): (&String, &CheckReport)| CheckView {
            name: name.clone(),
            status: check.status,
            score: check.score,
            threshold: check.threshold,
            detail: check.detail.clone(),
            scale: scale(name, check, judged),
        };
        r.checks.iter().map(view).collect()
    });
    Ok(MachineView {
        decision_id: decision.id.to_string(),
        outcome: decision.outcome.as_str(),
        at: time(decision.at),
        policy_version: decision.policy_version.clone(),
        policy_sha256: decision.policy_sha256.clone(),
        reasons: decision.reasons.iter().map(reason).collect(),
        checks: checks.unwrap_or_default(),
        models: report.map(|r| r.models).unwrap_or_default(),
    })
}

/// What the report says of the recording, for the player.
pub(super) fn video_report(decision: &Decision) -> Option<idproof_wire::VideoMedia> {
    report(decision)?.media.video
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_names_thresholds_that_exist() {
        let thresholds = Thresholds::default();
        let check = CheckReport {
            status: StatusReport::Borderline,
            score: Some(0.5),
            threshold: Some(0.44),
            detail: String::new(),
        };
        for (name, accept, refuse, _) in SCALES {
            assert!(thresholds.get(accept).is_some(), "{accept}");
            assert!(refuse.is_none_or(|r| thresholds.get(r).is_some()));
            assert!(scale(name, &check, Some(&thresholds)).is_some());
        }
        let of = |judged| scale("face_match", &check, judged).unwrap();
        let known = of(Some(&thresholds));
        assert_eq!((known.accept, known.refuse), (0.44, Some(-6.0)));
        assert_eq!((known.low, known.high), (-50.0, 50.0));
        assert_eq!(of(None).accept, 0.44, "the report names it");
        assert_eq!(of(None).refuse, None, "no other policy stands in");
        assert_eq!(scale("document_mrz", &check, Some(&thresholds)), None);
    }
}
