//! How often a six-digit code may be sent and guessed. The code itself is not here: whoever holds
//! the keys says whether a guess was right.
//!
//! Times are milliseconds since 1970.

use std::fmt;
use std::str::FromStr;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Between two messages with a code.
const RESEND_MS: i64 = 30_000;
/// Messages with a code in one hour.
const SENDS_PER_HOUR: u32 = 5;
/// Wrong guesses until the next lock.
pub const TRIES: u32 = 5;
const FIRST_LOCK_MS: i64 = 15 * MINUTE;
const LONGEST_LOCK_MS: i64 = 24 * HOUR;

/// What a code proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodePurpose {
    /// That the applicant reads this mailbox.
    Email,
    /// That the applicant holds this telephone.
    Phone,
    /// That the applicant received the letter.
    Activation,
}

impl CodePurpose {
    pub const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::Activation];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Activation => "activation",
        }
    }

    /// How long a code that leaves by message can be used: NIST SP 800-63A-4 allows 24 hours by
    /// e-mail and 10 minutes by SMS. A letter's code has [`crate::letter::code_valid_until`].
    fn life_ms(self) -> i64 {
        match self {
            Self::Email => 24 * HOUR,
            Self::Phone | Self::Activation => 10 * MINUTE,
        }
    }
}

impl fmt::Display for CodePurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a purpose of a code")]
pub struct UnknownPurpose;

impl FromStr for CodePurpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or(UnknownPurpose)
    }
}

/// Everything that is kept of a code beside what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRecord {
    pub created_at: i64,
    /// The last millisecond at which it is taken.
    pub expires_at: i64,
    /// Since when `sent_count` counts.
    pub window_since: i64,
    pub sent_at: i64,
    pub sent_count: u32,
    /// Wrong guesses since the last right one, over all codes of this purpose.
    pub wrong_count: u32,
    pub locked_until: Option<i64>,
    pub used_at: Option<i64>,
}

/// Why a code is not sent or not taken. Says nothing about the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    #[error("the last message with a code has just left")]
    TooSoon { until: i64 },
    #[error("too many messages with a code within one hour")]
    TooMany { until: i64 },
    #[error("too many wrong codes")]
    Locked { until: i64 },
    #[error("the code is wrong")]
    Wrong { remaining: u32 },
    #[error("the code is too old, or was used")]
    Expired,
}

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// A new code.
    Fresh(CodeRecord),
    /// The same code once more: two messages under way hold the same digits.
    Again(CodeRecord),
}

impl CodeRecord {
    /// A code that leaves by letter: made once, never sent again.
    pub fn of_letter(now: i64) -> Self {
        Self {
            expires_at: crate::letter::code_valid_until(now),
            ..Self::fresh(CodePurpose::Activation, now)
        }
    }

    fn fresh(purpose: CodePurpose, now: i64) -> Self {
        Self {
            created_at: now,
            expires_at: now.saturating_add(purpose.life_ms()),
            window_since: now,
            sent_at: now,
            sent_count: 1,
            wrong_count: 0,
            locked_until: None,
            used_at: None,
        }
    }

    /// Whether a code may be sent now, and which. `same_target`: to where the last one went.
    pub fn send(
        last: Option<&Self>,
        purpose: CodePurpose,
        same_target: bool,
        now: i64,
    ) -> Result<Sending, CodeRefused> {
        let Some(last) = last else {
            return Ok(Sending::Fresh(Self::fresh(purpose, now)));
        };
        last.unlocked(now)?;
        let soon = last.sent_at.saturating_add(RESEND_MS);
        if now < soon {
            return Err(CodeRefused::TooSoon { until: soon });
        }
        let window_ends = last.window_since.saturating_add(HOUR);
        let (window_since, sent_count) = if now >= window_ends {
            (now, 1)
        } else if last.sent_count >= SENDS_PER_HOUR {
            return Err(CodeRefused::TooMany { until: window_ends });
        } else {
            (last.window_since, last.sent_count + 1)
        };
        // Another address does not bring new guesses.
        let counted = Self {
            window_since,
            sent_at: now,
            sent_count,
            ..*last
        };
        let half_left = last.expires_at.saturating_sub(now) >= purpose.life_ms() / 2;
        if same_target && last.used_at.is_none() && half_left {
            return Ok(Sending::Again(counted));
        }
        Ok(Sending::Fresh(Self {
            created_at: now,
            expires_at: now.saturating_add(purpose.life_ms()),
            used_at: None,
            ..counted
        }))
    }

    fn unlocked(&self, now: i64) -> Result<(), CodeRefused> {
        match self.locked_until {
            Some(until) if now < until => Err(CodeRefused::Locked { until }),
            _ => Ok(()),
        }
    }

    /// Whether a guess may be compared at all. To be asked before comparing, so that the answer
    /// while locked or too late is the same for a right guess and for a wrong one.
    pub fn open(&self, now: i64) -> Result<(), CodeRefused> {
        self.unlocked(now)?;
        if self.used_at.is_some() || now > self.expires_at {
            return Err(CodeRefused::Expired);
        }
        Ok(())
    }

    /// The record after a guess that was compared, and the answer. Every fifth wrong one locks:
    /// for 15 minutes, then four times as long each time, at most a day, so that a six-digit code
    /// sees some hundred guesses in the three weeks of a letter, not ten thousand.
    pub fn guessed(&self, right: bool, now: i64) -> (Self, Result<(), CodeRefused>) {
        let mut next = *self;
        if right {
            next.used_at = Some(now);
            next.wrong_count = 0;
            next.locked_until = None;
            return (next, Ok(()));
        }
        next.wrong_count = self.wrong_count.saturating_add(1);
        let in_round = next.wrong_count % TRIES;
        if in_round != 0 {
            let remaining = TRIES - in_round;
            return (next, Err(CodeRefused::Wrong { remaining }));
        }
        let round = (next.wrong_count / TRIES).saturating_sub(1).min(10);
        let lock = FIRST_LOCK_MS
            .saturating_mul(4i64.saturating_pow(round))
            .min(LONGEST_LOCK_MS);
        let until = now.saturating_add(lock);
        next.locked_until = Some(until);
        (next, Err(CodeRefused::Locked { until }))
    }
}
