//! Did the answers come when they were asked for?

use crate::challenge::{Script, ScriptStep};
use crate::check::CheckStatus;
use crate::evaluate::Verdict;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// When digits were said, against when they were shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Digits that were shown at a time.
    pub asked: usize,
    /// For each of them that was heard, in order: seconds from its showing to its word.
    pub delays: Vec<f64>,
}

impl Answers {
    /// Pairs what was heard with what was asked, in order. `heard`: digit and seconds after the
    /// first frame. `None` where the challenge shows no digits at times.
    pub fn of(script: &Script, heard: &[(u8, f64)]) -> Option<Self> {
        let asked: Vec<(u8, f64)> = script
            .steps
            .iter()
            .filter_map(|s| match s {
                ScriptStep::Digit { digit, after_ms } => {
                    Some((*digit, f64::from(*after_ms) / 1000.0))
                }
                _ => None,
            })
            .collect();
        if asked.is_empty() {
            return None;
        }
        let mut delays = Vec::new();
        let mut next = 0;
        for (digit, at) in heard {
            let rest = asked.get(next..).unwrap_or_default();
            if let Some(skipped) = rest.iter().position(|a| a.0 == *digit) {
                delays.push(at - rest[skipped].1);
                next += skipped + 1;
            }
        }
        Some(Self {
            asked: asked.len(),
            delays,
        })
    }
}

pub(crate) fn answers(a: &Answers, t: &Thresholds) -> Verdict {
    let Some(least) = a.delays.iter().copied().min_by(f64::total_cmp) else {
        return Verdict::passed("No digit was heard whose time could be compared.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let latest = a.delays.iter().copied().fold(f64::MIN, f64::max);
    let mut v = Verdict::passed(format!(
        "{} of {} digits were said {least:.1} to {latest:.1} s after they were shown.",
        a.delays.len(),
        a.asked
    ))
    .scored(least, t.answer_earliest);
    if least.is_nan() || least < t.answer_earliest {
        v.note(CheckStatus::Failed, ReasonCode::AnsweredEarly);
    }
    if latest > t.answer_latest {
        v.note(CheckStatus::Borderline, ReasonCode::AnsweredLate);
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn script(digits: &[u8]) -> Script {
        let step = |(i, d): (usize, &u8)| ScriptStep::Digit {
            digit: *d,
            after_ms: 1_000 + 1_500 * u32::try_from(i).unwrap_or(0),
        };
        Script {
            digits: digits.to_vec(),
            language: Language::En,
            steps: digits.iter().enumerate().map(step).collect(),
            adapt: vec![],
        }
    }

    #[test]
    fn what_was_heard_is_paired_in_order() {
        let script = script(&[3, 7, 3]);
        let all = Answers::of(&script, &[(3, 1.5), (7, 3.0), (3, 4.25)]).unwrap();
        assert_eq!(all.delays, [0.5, 0.5, 0.25]);
        // One was missed, one was something else.
        let some = Answers::of(&script, &[(9, 0.1), (7, 3.0), (3, 4.25)]).unwrap();
        assert_eq!((some.asked, some.delays.len()), (3, 2));
        assert!(Answers::of(&script, &[]).unwrap().delays.is_empty());
    }

    #[test]
    fn a_challenge_without_times_says_nothing() {
        let mut bare = script(&[1, 2, 3]);
        bare.steps.clear();
        assert!(Answers::of(&bare, &[(1, 0.0)]).is_none());
    }
}
