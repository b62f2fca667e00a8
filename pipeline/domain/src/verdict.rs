//! From a decision to what happens to the case.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decide::Outcome;
use crate::reason::{Part, ReasonCode};

/// Which cases a person looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewMode {
    /// Those that the policy neither accepts nor refuses.
    #[default]
    Borderline,
    /// All: nobody is accepted or refused without a person.
    EveryCase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be `borderline` or `every-case`")]
pub struct UnknownMode;

impl FromStr for ReviewMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "borderline" => Ok(Self::Borderline),
            "every-case" => Ok(Self::EveryCase),
            _ => Err(UnknownMode),
        }
    }
}

/// What decides beside the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    pub mode: ReviewMode,
    /// Attempts after which a person looks instead of asking for another one.
    pub most_attempts: u32,
}

/// What happens to a case that was looked at by the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Refuse {
        reasons: Vec<ReasonCode>,
    },
    Review {
        reasons: Vec<ReasonCode>,
    },
    /// Better pictures or a better recording are asked for.
    Retake {
        reasons: Vec<ReasonCode>,
        document: bool,
        video: bool,
    },
}

/// Turns an outcome and its reasons into a verdict. Where everything that stands in the way is
/// the quality of a picture or recording, the applicant is asked for another; at the last attempt
/// a person looks. `person`: why a person must look in any case.
pub fn verdict(
    outcome: Outcome,
    reasons: &[ReasonCode],
    attempt: u32,
    person: Option<ReasonCode>,
    rules: Rules,
) -> Verdict {
    let mut unique: Vec<ReasonCode> = Vec::new();
    for reason in reasons {
        if !unique.contains(reason) {
            unique.push(*reason);
        }
    }
    let mut reasons = unique;
    if let Some(person) = person {
        reasons.insert(0, person);
        return Verdict::Review { reasons };
    }
    if outcome != Outcome::Accept && curable(&reasons) {
        if attempt >= rules.most_attempts {
            return Verdict::Review { reasons };
        }
        let of = |part| reasons.iter().any(|r| r.to_retake() == Some(part));
        return Verdict::Retake {
            document: of(Part::Document),
            video: of(Part::Video),
            reasons,
        };
    }
    match (outcome, rules.mode) {
        (Outcome::Review, _) => Verdict::Review { reasons },
        (Outcome::Accept | Outcome::Refuse, ReviewMode::EveryCase) => {
            reasons.push(ReasonCode::EveryCase);
            Verdict::Review { reasons }
        }
        (Outcome::Accept, ReviewMode::Borderline) => Verdict::Accept,
        (Outcome::Refuse, ReviewMode::Borderline) => Verdict::Refuse { reasons },
    }
}

fn curable(reasons: &[ReasonCode]) -> bool {
    reasons.iter().any(|r| r.to_retake().is_some())
        && reasons
            .iter()
            .all(|r| r.to_retake().is_some() || r.only_follows())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReasonCode as R;

    const RULES: Rules = Rules {
        mode: ReviewMode::Borderline,
        most_attempts: 3,
    };
    const EVERY: Rules = Rules {
        mode: ReviewMode::EveryCase,
        ..RULES
    };

    #[test]
    fn a_clear_outcome_stands_unless_every_case_is_looked_at() {
        let (accept, refuse) = (Outcome::Accept, Outcome::Refuse);
        let reasons = vec![R::FaceMismatch];
        assert_eq!(verdict(accept, &[], 1, None, RULES), Verdict::Accept);
        assert_eq!(
            verdict(refuse, &reasons, 1, None, RULES),
            Verdict::Refuse {
                reasons: reasons.clone()
            }
        );
        for (outcome, reasons) in [(accept, vec![]), (refuse, reasons)] {
            let Verdict::Review { reasons } = verdict(outcome, &reasons, 1, None, EVERY) else {
                panic!("{outcome:?}")
            };
            assert!(reasons.contains(&R::EveryCase));
        }
    }

    #[test]
    fn quality_alone_asks_for_another_take_up_to_the_limit() {
        let reasons = [
            R::PortraitNotFound,
            R::NothingToCompare,
            R::PortraitNotFound,
        ];
        for outcome in [Outcome::Review, Outcome::Refuse] {
            for rules in [RULES, EVERY] {
                assert_eq!(
                    verdict(outcome, &reasons, 2, None, rules),
                    Verdict::Retake {
                        reasons: vec![R::PortraitNotFound, R::NothingToCompare],
                        document: true,
                        video: false
                    }
                );
                assert!(matches!(
                    verdict(outcome, &reasons, 3, None, rules),
                    Verdict::Review { .. }
                ));
            }
        }
        let both = [R::MrzNotFound, R::NothingSaid];
        assert!(matches!(
            verdict(Outcome::Review, &both, 1, None, RULES),
            Verdict::Retake {
                document: true,
                video: true,
                ..
            }
        ));
    }

    #[test]
    fn a_take_that_looks_like_an_attack_is_not_simply_taken_again() {
        let reasons = [R::PortraitTooSmall, R::PresentationAttackLikely];
        assert!(matches!(
            verdict(Outcome::Refuse, &reasons, 1, None, RULES),
            Verdict::Refuse { .. }
        ));
        // A consequence without its cause cures nothing.
        assert!(matches!(
            verdict(Outcome::Review, &[R::NothingToCompare], 1, None, RULES),
            Verdict::Review { .. }
        ));
    }

    #[test]
    fn whoever_needs_a_person_gets_one_whatever_the_machine_says() {
        for (outcome, reasons) in [
            (Outcome::Accept, vec![]),
            (Outcome::Refuse, vec![R::DigitsDiffer]),
            (Outcome::Review, vec![R::NothingSaid]),
        ] {
            let found = verdict(outcome, &reasons, 1, Some(R::PersonAsked), RULES);
            let Verdict::Review { reasons } = found else {
                panic!("{found:?}")
            };
            assert_eq!(reasons[0], R::PersonAsked);
        }
    }

    /// Every code that a better take cures is one that names a picture or a recording.
    #[test]
    fn every_reason_is_sorted_into_at_most_one_box() {
        for reason in R::ALL {
            assert!(
                reason.to_retake().is_none() || !reason.only_follows(),
                "{reason}"
            );
        }
    }
}
