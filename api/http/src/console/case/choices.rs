//! Which reasons go with which decision.

use idproof_domain::{Part, ReasonCode};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Choices {
    refuse: Vec<&'static str>,
    retake: Vec<RetakeChoice>,
    escalate: Vec<&'static str>,
}

#[derive(Serialize)]
struct RetakeChoice {
    code: &'static str,
    part: &'static str,
}

/// Codes that a person may give, by kind.
pub(super) fn refusal_codes() -> impl Iterator<Item = ReasonCode> {
    use ReasonCode as R;
    [
        R::IdentityNotEstablished,
        R::FaceMismatch,
        R::PresentationAttackLikely,
        R::FaceDoesNotMove,
        R::SeveralFaces,
        R::DigitsDiffer,
        R::NothingSaid,
        R::ContainerContradicts,
        R::DocumentExpired,
        R::ExpiryUnknown,
        R::Underage,
        R::BirthDateUnknown,
        R::MrzCheckDigitWrong,
        R::SidesDiffer,
        R::IdentityDiffers,
    ]
    .into_iter()
}

pub(super) fn retake_codes() -> impl Iterator<Item = (ReasonCode, Part)> {
    ReasonCode::ALL
        .iter()
        .filter_map(|code| Some((*code, code.to_retake()?)))
}

/// Why a case is handed on: anything that can be wrong with it.
pub(super) fn escalation_codes() -> impl Iterator<Item = ReasonCode> {
    use ReasonCode as R;
    let own = |c: &ReasonCode| !c.only_follows() && !matches!(c, R::EveryCase | R::PersonAsked);
    ReasonCode::ALL.iter().copied().filter(own)
}

pub(super) fn choices() -> Choices {
    Choices {
        refuse: refusal_codes().map(ReasonCode::as_str).collect(),
        retake: retake_codes()
            .map(|(code, part)| RetakeChoice {
                code: code.as_str(),
                part: part_name(part),
            })
            .collect(),
        escalate: escalation_codes().map(ReasonCode::as_str).collect(),
    }
}

pub(super) fn part_name(part: Part) -> &'static str {
    match part {
        Part::Document => "document",
        Part::Video => "video",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_retake_code_says_what_is_taken_again() {
        assert!(retake_codes().count() >= 8);
        for code in refusal_codes() {
            assert!(!code.only_follows(), "{code}");
        }
    }
}
