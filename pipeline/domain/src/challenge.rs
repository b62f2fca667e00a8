//! What an applicant is asked to do in one recording.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digits, Language};

/// What an applicant asked to be spared, or asked for. Each leads to a human, none to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adaptation {
    /// The digits are shown with the fingers or pointed at.
    NoSpeech,
    /// The digits are signed.
    Sign,
    /// No movement of the head is asked for.
    NoHead,
    /// Each step stays twice as long.
    MoreTime,
}

/// One thing to do, and when after the start of the recording.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScriptStep {
    /// Say this digit, 0 to 9.
    Digit { digit: u8, after_ms: u32 },
}

/// A challenge as it is stored. `Debug` hides it: the challenge of a running attempt is a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// In the order they are to be said; 3 to 6, each 0 to 9.
    pub digits: Vec<u8>,
    pub language: Language,
    pub steps: Vec<ScriptStep>,
    #[serde(default)]
    pub adapt: Vec<Adaptation>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} steps hidden)", self.steps.len())
    }
}

/// The shortest and longest wait before the first digit and between digits, in milliseconds.
const FIRST_MS: (u32, u32) = (1_500, 3_000);
const BETWEEN_MS: (u32, u32) = (1_400, 2_400);

impl Script {
    /// Draws digits and times by lot. `random` gives an unpredictable number below its argument.
    pub fn draw(
        count: usize,
        language: Language,
        adapt: Vec<Adaptation>,
        random: &mut dyn FnMut(u32) -> u32,
    ) -> Self {
        let slow = if adapt.contains(&Adaptation::MoreTime) {
            2
        } else {
            1
        };
        let count = count.clamp(Digits::MIN, Digits::MAX);
        let digits: Vec<u8> = (0..count)
            .map(|_| u8::try_from(random(10)).unwrap_or(0))
            .collect();
        let mut at = 0;
        let steps = digits
            .iter()
            .enumerate()
            .map(|(i, digit)| {
                let (low, high) = if i == 0 { FIRST_MS } else { BETWEEN_MS };
                at += slow * (low + random(high - low + 1));
                ScriptStep::Digit {
                    digit: *digit,
                    after_ms: at,
                }
            })
            .collect();
        Self {
            digits,
            language,
            steps,
            adapt,
        }
    }

    /// The digits, or `None` if what was stored are none.
    pub fn digits(&self) -> Option<Digits> {
        let text: String = self
            .digits
            .iter()
            .map(|d| char::from_digit(u32::from(*d), 10))
            .collect::<Option<_>>()?;
        text.parse().ok()
    }

    /// A machine cannot judge how this one is answered.
    pub fn needs_a_person(&self) -> bool {
        !self.adapt.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(script: &Script) -> Vec<u32> {
        script
            .steps
            .iter()
            .map(|ScriptStep::Digit { after_ms, .. }| *after_ms)
            .collect()
    }

    #[test]
    fn digits_come_in_order_with_room_between_them() {
        for lot in [0, u32::MAX] {
            let script = Script::draw(3, Language::Fr, vec![], &mut |below| lot.min(below - 1));
            let at = times(&script);
            assert_eq!(script.digits().unwrap().len(), 3);
            assert!((1_500..=3_000).contains(&at[0]));
            for pair in at.windows(2) {
                assert!((1_400..=2_400).contains(&(pair[1] - pair[0])), "{at:?}");
            }
        }
    }

    #[test]
    fn more_time_is_twice_the_time_and_leads_to_a_person() {
        let draw = |adapt| Script::draw(3, Language::Fr, adapt, &mut |_| 7);
        let (plain, slow) = (draw(vec![]), draw(vec![Adaptation::MoreTime]));
        assert_eq!(times(&slow)[2], 2 * times(&plain)[2]);
        assert!(slow.needs_a_person() && !plain.needs_a_person());
    }

    #[test]
    fn it_is_stored_as_json_and_hidden_from_debug() {
        let script = Script::draw(4, Language::En, vec![Adaptation::Sign], &mut |below| {
            below - 1
        });
        let text = serde_json::to_value(&script).unwrap();
        assert_eq!(text["digits"], serde_json::json!([9, 9, 9, 9]));
        assert_eq!(text["steps"][0]["kind"], "digit");
        assert_eq!(serde_json::from_value::<Script>(text).unwrap(), script);
        assert!(!format!("{script:?}").contains('9'));
    }

    #[test]
    fn what_was_stored_wrongly_gives_no_digits() {
        let mut script = Script::draw(3, Language::En, vec![], &mut |_| 1);
        script.digits = vec![1, 2, 11];
        assert!(script.digits().is_none());
    }
}
