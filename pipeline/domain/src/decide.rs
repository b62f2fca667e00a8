//! From evidence to decision: pure, total, fail closed.

use crate::check::{CheckName, CheckResult, CheckStatus};
use crate::evaluate::evaluate;
use crate::evidence::Evidence;
use crate::policy::{OnFail, Policy, Role};
use crate::reason::ReasonCode;

/// What happens to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accept,
    /// A human decides.
    Review,
    Refuse,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Review => "review",
            Self::Refuse => "refuse",
        }
    }
}

/// One reason for not accepting, and the check it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    pub code: ReasonCode,
    pub check: CheckName,
    pub detail: String,
}

/// The outcome with everything needed to defend it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub checks: Vec<CheckResult>,
}

/// Judges evidence by a policy.
///
/// A case is accepted only when every required check has run and passed; it is refused
/// only when a required check whose failure refuses has clearly failed; everything else
/// goes to a human.
pub fn decide(evidence: &Evidence, policy: &Policy) -> Decision {
    let checks = evaluate(evidence, policy);
    let mut outcome = Outcome::Accept;
    let mut reasons = Vec::new();
    for check in &checks {
        let rule = policy.check(check.name);
        if rule.role == Role::Advisory || check.status == CheckStatus::Passed {
            continue;
        }
        outcome = match (check.status, rule.on_fail, outcome) {
            (_, _, Outcome::Refuse) | (CheckStatus::Failed, OnFail::Refuse, _) => Outcome::Refuse,
            _ => Outcome::Review,
        };
        reasons.extend(check.reasons.iter().map(|&code| Reason {
            code,
            check: check.name,
            detail: check.detail.clone(),
        }));
    }
    Decision {
        outcome,
        reasons,
        checks,
    }
}
