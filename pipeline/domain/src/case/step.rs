use serde::{Deserialize, Serialize};

use super::CaseState;
use super::CaseState as S;

/// Something that happens to a case and may move it. What is recorded with it never names a
/// person: it goes into a log that outlives the personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    Created,
    EmailConfirmed,
    PhoneConfirmed,
    /// Every contact the service asks for is confirmed.
    ContactConfirmed,
    IdentityDeclared,
    DocumentUploaded,
    VideoUploaded,
    /// A recording was thrown away by the applicant; a new challenge must be answered.
    VideoDiscarded,
    Submitted {
        attempt: u32,
    },
    ProcessingStarted {
        attempt: u32,
    },
    Accepted {
        by_human: bool,
    },
    Refused {
        by_human: bool,
        reasons: Vec<String>,
    },
    SentToReview {
        reasons: Vec<String>,
    },
    /// The applicant is asked to do better; `document` and `video` say what is to be taken again.
    RetakeAsked {
        reasons: Vec<String>,
        document: bool,
        video: bool,
    },
    /// The applicant begins the retake.
    RetakeStarted {
        attempt: u32,
        keep_document: bool,
    },
    Appealed,
    LetterSent,
    LetterOpened,
    /// The letter was refused by its addressee or never claimed.
    LetterReturned {
        claimed: bool,
    },
    Activated,
    Suspended,
    Reactivated,
    Withdrawn,
    Expired,
    Deleted,
}

/// The step's name alone.
pub type StepKind = &'static str;

/// Who made the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", content = "id", rename_all = "snake_case")]
pub enum Actor {
    Applicant,
    /// An integrator, by the id of its key.
    Integrator(String),
    /// A signed-in person, by account id.
    Staff(String),
    /// The service itself: worker, reconciler.
    System,
}

/// The step is not possible where the case stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{step}` is not possible while the case is `{from}`")]
pub struct InvalidStep {
    pub from: CaseState,
    pub step: StepKind,
}

impl Step {
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Created => "created",
            Self::EmailConfirmed => "email_confirmed",
            Self::PhoneConfirmed => "phone_confirmed",
            Self::ContactConfirmed => "contact_confirmed",
            Self::IdentityDeclared => "identity_declared",
            Self::DocumentUploaded => "document_uploaded",
            Self::VideoUploaded => "video_uploaded",
            Self::VideoDiscarded => "video_discarded",
            Self::Submitted { .. } => "submitted",
            Self::ProcessingStarted { .. } => "processing_started",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::SentToReview { .. } => "sent_to_review",
            Self::RetakeAsked { .. } => "retake_asked",
            Self::RetakeStarted { .. } => "retake_started",
            Self::Appealed => "appealed",
            Self::LetterSent => "letter_sent",
            Self::LetterOpened => "letter_opened",
            Self::LetterReturned { .. } => "letter_returned",
            Self::Activated => "activated",
            Self::Suspended => "suspended",
            Self::Reactivated => "reactivated",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
        }
    }

    /// The state this step leads to from `from`, or why it is not possible there.
    pub fn apply(&self, from: CaseState) -> Result<CaseState, InvalidStep> {
        let to = match (self, from) {
            (Self::Created, S::Created) => S::Created,
            (Self::EmailConfirmed | Self::PhoneConfirmed, s) if s.is_collecting() => s,
            (Self::ContactConfirmed, s) if s.is_collecting() => s.max(S::ContactConfirmed),
            (Self::IdentityDeclared, s) if s.is_collecting() && s >= S::ContactConfirmed => {
                s.max(S::IdentityDeclared)
            }
            (Self::DocumentUploaded, s) if s.is_collecting() && s >= S::IdentityDeclared => {
                s.max(S::DocumentUploaded)
            }
            (Self::VideoUploaded, S::DocumentUploaded | S::VideoUploaded) => S::VideoUploaded,
            (Self::VideoDiscarded, S::VideoUploaded) => S::DocumentUploaded,
            (Self::Submitted { .. }, S::VideoUploaded) => S::Submitted,
            (Self::ProcessingStarted { .. }, S::Submitted) => S::Processing,
            (Self::Accepted { by_human: false }, S::Processing)
            | (Self::Accepted { by_human: true }, S::InReview) => S::Accepted,
            (
                Self::Refused {
                    by_human: false, ..
                },
                S::Processing,
            )
            | (Self::Refused { by_human: true, .. }, S::InReview) => S::Refused,
            (Self::SentToReview { .. }, S::Processing) | (Self::Appealed, S::Refused) => {
                S::InReview
            }
            (Self::RetakeAsked { .. }, S::Processing | S::InReview) => S::RetakeAsked,
            (Self::RetakeStarted { keep_document, .. }, S::RetakeAsked) => {
                if *keep_document {
                    S::DocumentUploaded
                } else {
                    S::IdentityDeclared
                }
            }
            (Self::LetterSent, S::Accepted) => S::LetterSent,
            (Self::LetterOpened, S::LetterSent) => S::LetterOpened,
            (Self::LetterReturned { .. }, S::LetterSent) => S::Expired,
            // A printed letter is opened out of sight.
            (Self::Activated, S::LetterSent | S::LetterOpened) => S::Activated,
            (Self::Suspended, S::Activated) => S::Suspended,
            (Self::Reactivated, S::Suspended) => S::Activated,
            (Self::Withdrawn, s) if s < S::Activated && s != S::Refused => S::Withdrawn,
            (Self::Expired, s)
                if s.is_collecting()
                    || matches!(
                        s,
                        S::RetakeAsked | S::Accepted | S::LetterSent | S::LetterOpened
                    ) =>
            {
                S::Expired
            }
            (Self::Deleted, s) if s != S::Deleted => S::Deleted,
            _ => {
                return Err(InvalidStep {
                    from,
                    step: self.kind(),
                });
            }
        };
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(steps: &[Step]) -> Result<CaseState, InvalidStep> {
        steps.iter().try_fold(S::Created, |s, step| step.apply(s))
    }

    fn all() -> Vec<Step> {
        let mut all = vec![
            Step::Created,
            Step::EmailConfirmed,
            Step::PhoneConfirmed,
            Step::ContactConfirmed,
            Step::IdentityDeclared,
            Step::DocumentUploaded,
            Step::VideoUploaded,
            Step::VideoDiscarded,
            Step::Submitted { attempt: 1 },
            Step::ProcessingStarted { attempt: 1 },
            Step::SentToReview { reasons: vec![] },
            Step::RetakeAsked {
                reasons: vec![],
                document: true,
                video: true,
            },
            Step::RetakeStarted {
                attempt: 2,
                keep_document: false,
            },
            Step::RetakeStarted {
                attempt: 2,
                keep_document: true,
            },
            Step::Appealed,
            Step::LetterSent,
            Step::LetterOpened,
            Step::LetterReturned { claimed: false },
            Step::Activated,
            Step::Suspended,
            Step::Reactivated,
            Step::Withdrawn,
            Step::Expired,
            Step::Deleted,
        ];
        for by_human in [false, true] {
            all.push(Step::Accepted { by_human });
            all.push(Step::Refused {
                by_human,
                reasons: vec![],
            });
        }
        all
    }

    #[test]
    fn the_straight_way_ends_activated() {
        let steps = [
            Step::ContactConfirmed,
            Step::IdentityDeclared,
            Step::DocumentUploaded,
            Step::VideoUploaded,
            Step::Submitted { attempt: 1 },
            Step::ProcessingStarted { attempt: 1 },
            Step::Accepted { by_human: false },
            Step::LetterSent,
            Step::LetterOpened,
            Step::Activated,
        ];
        assert_eq!(way(&steps), Ok(S::Activated));
    }

    /// Whatever the order of steps, acceptance is preceded by submission and by processing, and
    /// a human's verdict by a review. Shown by walking every state that can be reached.
    #[test]
    fn acceptance_comes_only_from_processing_or_review() {
        for state in CaseState::ALL {
            for step in all() {
                if step.apply(*state) == Ok(S::Accepted) {
                    assert!(
                        matches!(state, S::Processing | S::InReview),
                        "{state} {step:?}"
                    );
                }
                if step.apply(*state) == Ok(S::Processing) {
                    assert_eq!(*state, S::Submitted);
                }
                if step.apply(*state) == Ok(S::Submitted) {
                    assert_eq!(*state, S::VideoUploaded);
                }
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_and_left_or_is_final() {
        let mut reached = vec![S::Created];
        let mut i = 0;
        while i < reached.len() {
            for step in all() {
                if let Ok(to) = step.apply(reached[i])
                    && !reached.contains(&to)
                {
                    reached.push(to);
                }
            }
            i += 1;
        }
        for state in CaseState::ALL {
            assert!(reached.contains(state), "{state} cannot be reached");
            let leaves = all()
                .iter()
                .any(|s| matches!(s.apply(*state), Ok(to) if to != *state));
            assert!(leaves || *state == S::Deleted, "{state} cannot be left");
        }
    }

    #[test]
    fn what_is_out_of_order_is_an_error() {
        for (from, step) in [
            (S::Created, Step::Submitted { attempt: 1 }),
            (S::Created, Step::IdentityDeclared),
            (S::InReview, Step::Accepted { by_human: false }),
            (S::Processing, Step::Accepted { by_human: true }),
            (S::Accepted, Step::Activated),
            (S::Withdrawn, Step::ContactConfirmed),
            (S::Deleted, Step::Deleted),
            (S::Submitted, Step::VideoUploaded),
        ] {
            let error = InvalidStep {
                from,
                step: step.kind(),
            };
            assert_eq!(step.apply(from), Err(error));
        }
    }
}
