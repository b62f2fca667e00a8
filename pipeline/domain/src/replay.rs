//! What if: kept cases judged by the policy in force and by a proposed one.

use crate::check::{CheckName, CheckResult, CheckStatus};
use crate::decide::Decision;
use crate::policy::{Policy, Role};
use crate::reason::ReasonCode;
use crate::scores::Opened;
use crate::verdict::{Rules, Verdict, verdict};

/// What happens to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    Accept,
    Review,
    Refuse,
    Retake,
}

impl Fate {
    pub const ALL: [Self; 4] = [Self::Accept, Self::Review, Self::Refuse, Self::Retake];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Review => "review",
            Self::Refuse => "refuse",
            Self::Retake => "retake",
        }
    }
}

impl From<&Verdict> for Fate {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Review { .. } => Self::Review,
            Verdict::Refuse { .. } => Self::Refuse,
            Verdict::Retake { .. } => Self::Retake,
        }
    }
}

/// What decided beside the evidence when the case was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub attempt: u32,
    /// A person must look in any case.
    pub person: bool,
    pub rules: Rules,
}

/// Judges kept scores as the worker judges the evidence.
pub fn judge(scores: &Opened, policy: &Policy, under: &Circumstances) -> (Fate, Decision) {
    let decision = scores.decide(policy);
    let codes: Vec<ReasonCode> = decision.reasons.iter().map(|r| r.code).collect();
    let person = under.person.then_some(ReasonCode::PersonAsked);
    let found = verdict(decision.outcome, &codes, under.attempt, person, under.rules);
    (Fate::from(&found), decision)
}

/// A check that had a part in a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub check: CheckName,
    pub from: CheckStatus,
    pub to: CheckStatus,
}

/// A case that would change side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The case, as its caller names it.
    pub case: String,
    pub attempt: u32,
    pub at: i64,
    pub from: Fate,
    pub to: Fate,
    /// Whose status changed, or whose weight where the status is the same.
    pub by: Vec<Moved>,
}

const CHECKS: usize = CheckName::ALL.len();
const STATUSES: [CheckStatus; 4] = [
    CheckStatus::Passed,
    CheckStatus::Borderline,
    CheckStatus::Failed,
    CheckStatus::Unavailable,
];

/// How many cases moved from which status to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub check: CheckName,
    pub from: CheckStatus,
    pub to: CheckStatus,
    pub cases: u32,
}

/// Kept cases judged by two policies. Parts of a whole can be judged apart and put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub cases: u32,
    /// By [`Fate`].
    pub before: [u32; 4],
    pub after: [u32; 4],
    pub changed: u32,
    /// Those that change side, as many as were asked for.
    pub changes: Vec<Change>,
    most: usize,
    moves: [[[u32; 4]; 4]; CHECKS],
}

impl Replay {
    /// `most`: cases that are named.
    pub fn new(most: usize) -> Self {
        Self {
            cases: 0,
            before: [0; 4],
            after: [0; 4],
            changed: 0,
            changes: Vec::new(),
            most,
            moves: [[[0; 4]; 4]; CHECKS],
        }
    }

    /// Judges one more case by both.
    pub fn add(
        &mut self,
        case: &str,
        at: i64,
        scores: &Opened,
        under: &Circumstances,
        before: &Policy,
        after: &Policy,
    ) {
        let (from, old) = judge(scores, before, under);
        let (to, new) = judge(scores, after, under);
        self.cases += 1;
        self.before[from as usize] += 1;
        self.after[to as usize] += 1;
        // The same evidence undergoes the same checks in the same order.
        for (one, other) in old.checks.iter().zip(&new.checks) {
            let (a, b) = (one.status as usize, other.status as usize);
            self.moves[one.name as usize][a][b] += 1;
        }
        if from == to {
            return;
        }
        self.changed += 1;
        if self.changes.len() < self.most {
            self.changes.push(Change {
                case: case.to_owned(),
                attempt: under.attempt,
                at,
                from,
                to,
                by: causes(&old.checks, &new.checks, before, after),
            });
        }
    }

    /// Takes in what another part found.
    pub fn join(&mut self, other: Self) {
        self.cases += other.cases;
        self.changed += other.changed;
        for i in 0..4 {
            self.before[i] += other.before[i];
            self.after[i] += other.after[i];
        }
        for (mine, theirs) in self
            .moves
            .iter_mut()
            .flatten()
            .flatten()
            .zip(other.moves.iter().flatten().flatten())
        {
            *mine += theirs;
        }
        let room = self.most.saturating_sub(self.changes.len());
        self.changes.extend(other.changes.into_iter().take(room));
    }

    /// Of every check that some case underwent: from which status to which, the unmoved too.
    pub fn moves(&self) -> Vec<Move> {
        let mut all = Vec::new();
        for check in CheckName::ALL {
            for from in STATUSES {
                for to in STATUSES {
                    let cases = self.moves[check as usize][from as usize][to as usize];
                    if cases > 0 {
                        all.push(Move {
                            check,
                            from,
                            to,
                            cases,
                        });
                    }
                }
            }
        }
        all
    }
}

fn causes(old: &[CheckResult], new: &[CheckResult], before: &Policy, after: &Policy) -> Vec<Moved> {
    let counts = |policy: &Policy, check: &CheckResult| {
        policy.check(check.name).role == Role::Required && check.status != CheckStatus::Passed
    };
    old.iter()
        .zip(new)
        .filter(|(a, b)| {
            let matters = counts(before, a) || counts(after, b);
            let weighs = before.check(a.name) != after.check(b.name);
            matters && (a.status != b.status || weighs)
        })
        .map(|(a, b)| Moved {
            check: a.name,
            from: a.status,
            to: b.status,
        })
        .collect()
}
