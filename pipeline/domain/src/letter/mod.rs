//! The electronic registered letter (CPCE L100, R53 to R53-4; décret 2018-347): what may happen
//! to it, when, and which proof each step leaves.
//!
//! Times are milliseconds since 1970. A clock that was set back never makes a letter's times run
//! backwards: a step is dated no earlier than the one before.

mod content;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, CalendarError};

pub use content::{LetterContent, Party, Stated, Statement};

/// Days after the notification at which a letter still unopened is recalled to mind.
const REMINDER_DAYS: i64 = 7;
/// How long an activation code can be used, from its making.
const CODE_MS: i64 = 21 * 24 * 3_600_000;

/// The last millisecond at which an activation code made then is taken (NIST SP 800-63A-4: at
/// most 21 days for a code by post).
pub fn code_valid_until(made_ms: i64) -> i64 {
    made_ms.saturating_add(CODE_MS)
}

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// The provider has it; its addressee does not know yet.
    Deposited,
    /// The addressee was told, without the sender's name.
    Notified(Notice),
    /// The addressee took it: from now on sender and content are shown.
    Accepted { notice: Option<Notice>, at: i64 },
    /// The addressee declined it unseen.
    Refused { notice: Option<Notice>, at: i64 },
    /// The fifteen days went by.
    Unclaimed { notice: Notice, at: i64 },
}

/// When the addressee was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    pub notified_at: i64,
    pub reminded_at: Option<i64>,
}

/// A registered e-letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    deposited_at: i64,
    accept_until: i64,
    state: LetterState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterStep {
    Notify,
    Remind,
    /// Opening it; acknowledges receipt.
    Accept,
    Refuse,
    /// Nobody claimed it in time.
    Lapse,
}

/// What a step leaves behind, kept at least a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    Deposit,
    Notification,
    Reminder,
    /// Acceptance and opening are one act.
    Acceptance,
    Refusal,
    NonClaim,
}

/// A proof and the time it is dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    pub kind: ProofKind,
    pub at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    #[error("`{step:?}` is not possible while the letter is `{state}`")]
    Invalid {
        state: &'static str,
        step: LetterStep,
    },
    #[error("the time in which the letter could be accepted is over")]
    TooLate,
    #[error("the letter can still be accepted")]
    TooEarly,
    /// The stored letter contradicts itself.
    #[error("a stored letter cannot be `{state}` with these times")]
    Inconsistent { state: &'static str },
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// A letter as a row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterRow {
    pub state: LetterCode,
    pub deposited_at: i64,
    pub notified_at: Option<i64>,
    pub reminded_at: Option<i64>,
    pub accept_until: i64,
    pub closed_at: Option<i64>,
}

/// The state's stable name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterCode {
    Deposited,
    Notified,
    Accepted,
    Refused,
    Unclaimed,
}

impl LetterCode {
    pub const ALL: [Self; 5] = [
        Self::Deposited,
        Self::Notified,
        Self::Accepted,
        Self::Refused,
        Self::Unclaimed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deposited => "deposited",
            Self::Notified => "notified",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unclaimed => "unclaimed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a letter")]
pub struct UnknownLetterState;

impl FromStr for LetterCode {
    type Err = UnknownLetterState;

    fn from_str(text: &str) -> Result<Self, UnknownLetterState> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or(UnknownLetterState)
    }
}

impl fmt::Display for LetterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ProofKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Notification => "notification",
            Self::Reminder => "reminder",
            Self::Acceptance => "acceptance",
            Self::Refusal => "refusal",
            Self::NonClaim => "non_claim",
        }
    }
}

impl Letter {
    /// A new letter and its proof of deposit. Until it is notified, the time to accept is
    /// counted from the deposit.
    pub fn deposit(at: i64, calendar: &Calendar) -> Result<(Self, Proof), LetterError> {
        let letter = Self {
            deposited_at: at,
            accept_until: calendar.accept_until(at)?,
            state: LetterState::Deposited,
        };
        let kind = ProofKind::Deposit;
        Ok((letter, Proof { kind, at }))
    }

    pub fn state(&self) -> LetterState {
        self.state
    }

    pub fn code(&self) -> LetterCode {
        match self.state {
            LetterState::Deposited => LetterCode::Deposited,
            LetterState::Notified(_) => LetterCode::Notified,
            LetterState::Accepted { .. } => LetterCode::Accepted,
            LetterState::Refused { .. } => LetterCode::Refused,
            LetterState::Unclaimed { .. } => LetterCode::Unclaimed,
        }
    }

    pub fn deposited_at(&self) -> i64 {
        self.deposited_at
    }

    /// The last millisecond at which it can be accepted or refused.
    pub fn accept_until(&self) -> i64 {
        self.accept_until
    }

    /// Sender and content are shown only once the letter is accepted.
    pub fn shows_sender(&self) -> bool {
        matches!(self.state, LetterState::Accepted { .. })
    }

    /// When a reminder is due, while one is.
    pub fn reminder_due(&self, calendar: &Calendar) -> Result<Option<i64>, LetterError> {
        match self.state {
            LetterState::Notified(Notice {
                notified_at,
                reminded_at: None,
            }) => Ok(Some(calendar.days_after(notified_at, REMINDER_DAYS)?)),
            _ => Ok(None),
        }
    }

    /// When its addressee was told, if they were.
    pub fn notice(&self) -> Option<Notice> {
        match self.state {
            LetterState::Deposited => None,
            LetterState::Notified(notice) | LetterState::Unclaimed { notice, .. } => Some(notice),
            LetterState::Accepted { notice, .. } | LetterState::Refused { notice, .. } => notice,
        }
    }

    fn last_at(&self) -> i64 {
        match self.notice() {
            None => self.deposited_at,
            Some(notice) => notice.reminded_at.unwrap_or(notice.notified_at),
        }
    }

    /// The letter after `step` at the time `now`, and the proof of it. A letter may be accepted
    /// or refused before its notice has left: whoever sees it on the page knows of it.
    pub fn step(
        &self,
        step: LetterStep,
        now: i64,
        calendar: &Calendar,
    ) -> Result<(Self, Proof), LetterError> {
        let at = now.max(self.last_at());
        let mut letter = *self;
        let kind = match (step, self.state) {
            (LetterStep::Notify, LetterState::Deposited) => {
                letter.accept_until = calendar.accept_until(at)?;
                letter.state = LetterState::Notified(Notice {
                    notified_at: at,
                    reminded_at: None,
                });
                ProofKind::Notification
            }
            (LetterStep::Remind, LetterState::Notified(notice)) if notice.reminded_at.is_none() => {
                self.in_time(at)?;
                letter.state = LetterState::Notified(Notice {
                    reminded_at: Some(at),
                    ..notice
                });
                ProofKind::Reminder
            }
            (LetterStep::Accept, LetterState::Deposited | LetterState::Notified(_)) => {
                self.in_time(at)?;
                let notice = self.notice();
                letter.state = LetterState::Accepted { notice, at };
                ProofKind::Acceptance
            }
            (LetterStep::Refuse, LetterState::Deposited | LetterState::Notified(_)) => {
                self.in_time(at)?;
                let notice = self.notice();
                letter.state = LetterState::Refused { notice, at };
                ProofKind::Refusal
            }
            (LetterStep::Lapse, LetterState::Notified(notice)) => {
                if at <= self.accept_until {
                    return Err(LetterError::TooEarly);
                }
                letter.state = LetterState::Unclaimed { notice, at };
                ProofKind::NonClaim
            }
            _ => {
                let state = self.code().as_str();
                return Err(LetterError::Invalid { state, step });
            }
        };
        Ok((letter, Proof { kind, at }))
    }

    /// A letter that was never notified does not run out: nobody was given the fifteen days.
    fn in_time(&self, at: i64) -> Result<(), LetterError> {
        let late = self.state != LetterState::Deposited && at > self.accept_until;
        if late {
            Err(LetterError::TooLate)
        } else {
            Ok(())
        }
    }

    pub fn to_row(&self) -> LetterRow {
        let notice = self.notice();
        LetterRow {
            state: self.code(),
            deposited_at: self.deposited_at,
            notified_at: notice.map(|n| n.notified_at),
            reminded_at: notice.and_then(|n| n.reminded_at),
            accept_until: self.accept_until,
            closed_at: match self.state {
                LetterState::Deposited | LetterState::Notified(_) => None,
                LetterState::Accepted { at, .. }
                | LetterState::Refused { at, .. }
                | LetterState::Unclaimed { at, .. } => Some(at),
            },
        }
    }
}

impl TryFrom<LetterRow> for Letter {
    type Error = LetterError;

    fn try_from(row: LetterRow) -> Result<Self, LetterError> {
        let broken = LetterError::Inconsistent {
            state: row.state.as_str(),
        };
        let notice = match (row.notified_at, row.reminded_at) {
            (None, Some(_)) => return Err(broken),
            (notified, reminded_at) => notified.map(|notified_at| Notice {
                notified_at,
                reminded_at,
            }),
        };
        let state = match (row.state, notice, row.closed_at) {
            (LetterCode::Deposited, None, None) => LetterState::Deposited,
            (LetterCode::Notified, Some(notice), None) => LetterState::Notified(notice),
            (LetterCode::Accepted, notice, Some(at)) => LetterState::Accepted { notice, at },
            (LetterCode::Refused, notice, Some(at)) => LetterState::Refused { notice, at },
            (LetterCode::Unclaimed, Some(notice), Some(at)) => {
                LetterState::Unclaimed { notice, at }
            }
            _ => return Err(broken),
        };
        Ok(Self {
            deposited_at: row.deposited_at,
            accept_until: row.accept_until,
            state,
        })
    }
}
