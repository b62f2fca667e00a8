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

/// Where the head is turned, as the applicant sees it: their own left is their left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Left,
    Right,
    Up,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Up => "up",
        }
    }
}

/// One thing to do, and when after the start of the recording.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScriptStep {
    /// Say this digit, 0 to 9.
    Digit { digit: u8, after_ms: u32 },
    /// Turn the head this way and come back.
    Head { direction: Direction, after_ms: u32 },
    /// Hold the document beside the face.
    Document { after_ms: u32 },
}

impl ScriptStep {
    pub fn after_ms(&self) -> u32 {
        match self {
            Self::Digit { after_ms, .. }
            | Self::Head { after_ms, .. }
            | Self::Document { after_ms } => *after_ms,
        }
    }
}

/// What a challenge asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// 3 to 6.
    pub digits: usize,
    /// A movement of the head, its direction by lot.
    pub head: bool,
    /// The document, shown again.
    pub document: bool,
}

impl Asks {
    pub fn digits(digits: usize) -> Self {
        Self {
            digits,
            head: false,
            document: false,
        }
    }
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

/// The shortest and longest wait before the first step and after each kind of step, in
/// milliseconds.
const FIRST_MS: (u32, u32) = (1_500, 3_000);
const AFTER_DIGIT_MS: (u32, u32) = (1_400, 2_400);
const AFTER_HEAD_MS: (u32, u32) = (2_800, 3_600);
const AFTER_DOCUMENT_MS: (u32, u32) = (3_800, 4_600);

impl Script {
    /// Draws digits, direction, order and times by lot. `random` gives an unpredictable number
    /// below its argument. Whoever is to be spared a movement of the head is not asked for one.
    pub fn draw(
        asks: Asks,
        language: Language,
        adapt: Vec<Adaptation>,
        random: &mut dyn FnMut(u32) -> u32,
    ) -> Self {
        let slow = if adapt.contains(&Adaptation::MoreTime) {
            2
        } else {
            1
        };
        let count = asks.digits.clamp(Digits::MIN, Digits::MAX);
        let mut digits: Vec<u8> = Vec::with_capacity(count);
        for _ in 0..count {
            // Never one twice in a row: on the screen nothing would seem to happen.
            let digit = match digits.last() {
                None => random(10),
                Some(last) => (u32::from(*last) + 1 + random(9)) % 10,
            };
            digits.push(u8::try_from(digit).unwrap_or(0));
        }
        let mut kinds: Vec<Kind> = digits.iter().map(|d| Kind::Digit(*d)).collect();
        if asks.head && !adapt.contains(&Adaptation::NoHead) {
            let direction = match random(3) {
                0 => Direction::Left,
                1 => Direction::Right,
                _ => Direction::Up,
            };
            insert(&mut kinds, Kind::Head(direction), random);
        }
        if asks.document {
            insert(&mut kinds, Kind::Document, random);
        }
        let (mut at, mut wait) = (0, FIRST_MS);
        let mut steps = Vec::with_capacity(kinds.len());
        for kind in kinds {
            at += slow * (wait.0 + random(wait.1 - wait.0 + 1));
            let (step, after) = kind.at(at);
            steps.push(step);
            wait = after;
        }
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

    /// Whether the steps are the digits in their order, and the times rise. What a person wrote by
    /// hand may not be.
    pub fn is_consistent(&self) -> bool {
        let shown: Vec<u8> = self
            .steps
            .iter()
            .filter_map(|s| match s {
                ScriptStep::Digit { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect();
        let rising = self
            .steps
            .windows(2)
            .all(|w| w[0].after_ms() < w[1].after_ms());
        rising && (shown.is_empty() || shown == self.digits)
    }

    /// A machine cannot judge how this one is answered.
    pub fn needs_a_person(&self) -> bool {
        !self.adapt.is_empty()
    }
}

/// A step without its time.
enum Kind {
    Digit(u8),
    Head(Direction),
    Document,
}

impl Kind {
    /// The step at this time, and how long it may take.
    fn at(self, after_ms: u32) -> (ScriptStep, (u32, u32)) {
        match self {
            Self::Digit(digit) => (ScriptStep::Digit { digit, after_ms }, AFTER_DIGIT_MS),
            Self::Head(direction) => (
                ScriptStep::Head {
                    direction,
                    after_ms,
                },
                AFTER_HEAD_MS,
            ),
            Self::Document => (ScriptStep::Document { after_ms }, AFTER_DOCUMENT_MS),
        }
    }
}

/// At a place by lot.
fn insert(kinds: &mut Vec<Kind>, kind: Kind, random: &mut dyn FnMut(u32) -> u32) {
    let places = u32::try_from(kinds.len() + 1).unwrap_or(1);
    kinds.insert(random(places) as usize, kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(script: &Script) -> Vec<u32> {
        script.steps.iter().map(ScriptStep::after_ms).collect()
    }

    #[test]
    fn digits_come_in_order_with_room_between_them() {
        for lot in [0, u32::MAX] {
            let script = Script::draw(Asks::digits(3), Language::Fr, vec![], &mut |below| {
                lot.min(below - 1)
            });
            let at = times(&script);
            assert_eq!(script.digits().unwrap().len(), 3);
            assert!((1_500..=3_000).contains(&at[0]));
            for pair in at.windows(2) {
                assert!((1_400..=2_400).contains(&(pair[1] - pair[0])), "{at:?}");
            }
        }
    }

    #[test]
    fn no_digit_is_asked_twice_in_a_row_and_every_other_one_may_follow() {
        let mut pairs = std::collections::BTreeSet::new();
        for first in 0..10 {
            for step in 0..9 {
                let mut lots = [first, step, 0].into_iter().chain(std::iter::repeat(0));
                let script = Script::draw(Asks::digits(3), Language::Fr, vec![], &mut |_| {
                    lots.next().unwrap_or(0)
                });
                assert!(script.digits.windows(2).all(|pair| pair[0] != pair[1]));
                pairs.insert((script.digits[0], script.digits[1]));
            }
        }
        assert_eq!(pairs.len(), 90);
    }

    #[test]
    fn more_time_is_twice_the_time_and_leads_to_a_person() {
        let draw = |adapt| Script::draw(Asks::digits(3), Language::Fr, adapt, &mut |_| 7);
        let (plain, slow) = (draw(vec![]), draw(vec![Adaptation::MoreTime]));
        assert_eq!(times(&slow)[2], 2 * times(&plain)[2]);
        assert!(slow.needs_a_person() && !plain.needs_a_person());
    }

    const ALL: Asks = Asks {
        digits: 3,
        head: true,
        document: true,
    };

    #[test]
    fn head_and_document_come_at_places_by_lot() {
        let first = Script::draw(ALL, Language::Fr, vec![], &mut |_| 0);
        assert!(matches!(first.steps[0], ScriptStep::Document { .. }));
        assert!(matches!(
            first.steps[1],
            ScriptStep::Head {
                direction: Direction::Left,
                ..
            }
        ));
        let last = Script::draw(ALL, Language::Fr, vec![], &mut |below| below - 1);
        assert!(matches!(
            last.steps[3],
            ScriptStep::Head {
                direction: Direction::Up,
                ..
            }
        ));
        assert!(matches!(last.steps[4], ScriptStep::Document { .. }));
        for script in [&first, &last] {
            assert!(script.is_consistent());
            assert_eq!(script.steps.len(), 5);
        }
        // After the longest way there is room for the answer.
        let at = times(&first);
        assert!(at[1] - at[0] >= 3_800 && at[2] - at[1] >= 2_800);
    }

    #[test]
    fn whoever_is_spared_the_movement_is_not_asked_for_it() {
        let script = Script::draw(ALL, Language::Fr, vec![Adaptation::NoHead], &mut |_| 0);
        assert_eq!(script.steps.len(), 4);
        assert!(script.needs_a_person());
    }

    #[test]
    fn a_script_that_contradicts_itself_is_told() {
        let good = Script::draw(ALL, Language::En, vec![], &mut |_| 1);
        let mut other_digits = good.clone();
        other_digits.digits = vec![9, 9, 9];
        let mut backwards = good;
        backwards.steps.reverse();
        assert!(!other_digits.is_consistent() && !backwards.is_consistent());
    }

    #[test]
    fn it_is_stored_as_json_and_hidden_from_debug() {
        let script = Script::draw(
            Asks::digits(4),
            Language::En,
            vec![Adaptation::Sign],
            &mut |below| below - 1,
        );
        let text = serde_json::to_value(&script).unwrap();
        assert_eq!(text["digits"], serde_json::json!([9, 8, 7, 6]));
        assert_eq!(text["steps"][0]["kind"], "digit");
        assert_eq!(serde_json::from_value::<Script>(text).unwrap(), script);
        assert!(!format!("{script:?}").contains('9'));
    }

    #[test]
    fn what_was_stored_wrongly_gives_no_digits() {
        let mut script = Script::draw(Asks::digits(3), Language::En, vec![], &mut |_| 1);
        script.digits = vec![1, 2, 11];
        assert!(script.digits().is_none());
    }
}
