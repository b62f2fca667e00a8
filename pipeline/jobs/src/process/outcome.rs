use std::time::Duration;

use idproof_database::{Case, DecisionOutcome, SandboxOutcome};
use idproof_domain::{
    CheckName, Decision, Evidence, Outcome, Policy, Reason, ReasonCode, Rules, Verdict, decide,
    verdict,
};
use idproof_ports::MediaError;
use idproof_wire::{PolicyReport, Report, ReportParts};
use idproof_worker::{Analysis, InputError, Marks, Progress, Stage};

use crate::handler::JobError;

/// What looking at a case gave.
pub(super) struct Found {
    pub verdict: Verdict,
    decision: Decision,
    analysis: Option<Analysis>,
    decided_by: &'static str,
    /// Why a person had to look whatever was found.
    pub person: Option<ReasonCode>,
}

impl Found {
    /// The outcome that an integrator asked for in the sandbox.
    pub fn forced(outcome: SandboxOutcome) -> Self {
        let (verdict, outcome) = match outcome {
            SandboxOutcome::Accept => (Verdict::Accept, Outcome::Accept),
            SandboxOutcome::Review => {
                let reasons = vec![ReasonCode::LivenessUncertain];
                (Verdict::Review { reasons }, Outcome::Review)
            }
            SandboxOutcome::Refuse => {
                let reasons = vec![ReasonCode::FaceMismatch];
                (Verdict::Refuse { reasons }, Outcome::Refuse)
            }
            SandboxOutcome::Retake => {
                let reasons = vec![ReasonCode::PortraitNotFound, ReasonCode::NoFace];
                let verdict = Verdict::Retake {
                    reasons,
                    document: true,
                    video: true,
                };
                (verdict, Outcome::Review)
            }
        };
        Self {
            verdict,
            decision: without_checks(outcome),
            analysis: None,
            decided_by: "sandbox",
            person: None,
        }
    }

    /// Nothing was analysed, and nothing may be.
    pub fn for_a_person(why: ReasonCode) -> Self {
        Self {
            verdict: Verdict::Review { reasons: vec![why] },
            decision: without_checks(Outcome::Review),
            analysis: None,
            decided_by: "policy",
            person: Some(why),
        }
    }

    pub fn judged(
        analysed: Result<Analysis, InputError>,
        by: &Policy,
        attempt: u32,
        person: Option<ReasonCode>,
        rules: Rules,
    ) -> Self {
        let (decision, analysis) = match analysed {
            Ok(analysis) => (decide(&analysis.evidence, by), Some(analysis)),
            Err(e) => (unusable(&e), None),
        };
        Self {
            verdict: weigh(&decision, attempt, person, rules),
            decision,
            analysis,
            decided_by: "policy",
            person,
        }
    }

    pub fn reasons(&self) -> &[ReasonCode] {
        match &self.verdict {
            Verdict::Accept => &[],
            Verdict::Refuse { reasons }
            | Verdict::Review { reasons }
            | Verdict::Retake { reasons, .. } => reasons,
        }
    }

    pub fn outcome(&self) -> DecisionOutcome {
        outcome_of(&self.verdict)
    }

    /// What was measured, where anything was.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.analysis.as_ref().map(|a| &a.evidence)
    }

    /// What was found, unless nobody needs to look at it.
    pub fn to_show(&self) -> Option<&Analysis> {
        match self.verdict {
            Verdict::Accept => None,
            _ => self.analysis.as_ref(),
        }
    }

    /// How the recording moves, where it was analysed.
    pub fn marks(&self) -> Option<&Marks> {
        self.analysis.as_ref().map(|a| &a.marks)
    }

    pub fn decided_by(&self) -> &'static str {
        self.decided_by
    }

    /// The report that is kept with the decision.
    pub fn report(&self, by: &PolicyReport, at: String) -> Result<serde_json::Value, JobError> {
        let analysis = self.analysis.as_ref();
        let timings: Vec<(&str, Duration)> = analysis
            .map(|a| {
                a.timings
                    .iter()
                    .map(|t| (t.stage.as_str(), t.took))
                    .collect()
            })
            .unwrap_or_default();
        let report = Report::from(ReportParts {
            decided_at: at,
            decision: &self.decision,
            models: analysis.map_or(&[], |a| &a.models),
            policy: by.clone(),
            timings,
            documents: analysis.map_or(&[], |a| &a.media.documents),
            video: analysis.and_then(|a| a.media.video.as_ref()),
        });
        serde_json::to_value(report)
            .map_err(|e| JobError::give_up(format!("the report cannot be written: {e}")))
    }
}

/// From a decision to what happens to the case.
pub(super) fn weigh(
    decision: &Decision,
    attempt: u32,
    person: Option<ReasonCode>,
    rules: Rules,
) -> Verdict {
    let codes: Vec<ReasonCode> = decision.reasons.iter().map(|r| r.code).collect();
    verdict(decision.outcome, &codes, attempt, person, rules)
}

pub(super) fn outcome_of(verdict: &Verdict) -> DecisionOutcome {
    match verdict {
        Verdict::Accept => DecisionOutcome::Accept,
        Verdict::Refuse { .. } => DecisionOutcome::Refuse,
        Verdict::Review { .. } => DecisionOutcome::Review,
        Verdict::Retake { .. } => DecisionOutcome::Retake,
    }
}

/// Whether the applicant agreed to be recognised by machine. Without a clear yes: no.
pub(super) fn may_use_biometrics(case: &Case) -> bool {
    let consent = case.consent.as_deref().unwrap_or("null");
    serde_json::from_str::<serde_json::Value>(consent)
        .is_ok_and(|consent| consent["biometrics"] == serde_json::Value::Bool(true))
}

fn without_checks(outcome: Outcome) -> Decision {
    Decision {
        outcome,
        reasons: vec![],
        checks: vec![],
    }
}

/// Input that cannot be used at all: nothing was checked, the part and its fault are named.
fn unusable(error: &InputError) -> Decision {
    let (part, check, fault) = match error {
        InputError::Document { source, .. } => (
            ReasonCode::DocumentUnusable,
            CheckName::DocumentPortrait,
            fault(source),
        ),
        InputError::Video { source } => (
            ReasonCode::VideoUnusable,
            CheckName::VideoIntegrity,
            fault(source),
        ),
        InputError::DocumentCount(_) => (
            ReasonCode::DocumentUnusable,
            CheckName::DocumentPortrait,
            ReasonCode::FileUnsupported,
        ),
    };
    let reason = |code| Reason {
        code,
        check,
        detail: error.to_string(),
    };
    Decision {
        outcome: Outcome::Review,
        reasons: vec![reason(part), reason(fault)],
        checks: vec![],
    }
}

fn fault(error: &MediaError) -> ReasonCode {
    match error {
        MediaError::LimitExceeded(_) => ReasonCode::FileTooLarge,
        MediaError::Damaged(_) => ReasonCode::FileDamaged,
        _ => ReasonCode::FileUnsupported,
    }
}

struct Quiet;

impl Progress for Quiet {
    fn started(&self, _: Stage) {}
    fn seen(&self, _: Stage, _: Duration) {}
    fn finished(&self, _: Stage, _: Duration) {}
}

/// Nobody watches a job.
pub(super) fn quiet() -> &'static dyn Progress {
    &Quiet
}
