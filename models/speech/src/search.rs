//! Finds the likeliest text under a grammar, and what any other text is worth.
//!
//! Uniform-cost search: prefixes are opened in the order of their probability, so the
//! first finished text is the best one and the next finished one the second best.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::grammar::{Grammar, Label, Node, Step, Token};

/// Whatever predicts the next token.
pub(crate) trait NextToken {
    type Error;
    /// Scores of all tokens after `text` (without the prompt).
    fn after(&mut self, text: &[Token]) -> Result<&[f32], Self::Error>;
}

/// One text and its log-probability among the grammar's texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub labels: Vec<Label>,
    /// Posterior of each label among the digits at its place.
    pub confidence: Vec<f32>,
    pub log_p: f32,
}

/// The best text and what else was possible.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub best: Text,
    /// Log-probability of the second best text, or a bound above it where the search ended early.
    pub second: f32,
}

/// No text is longer than this many labels.
const LONGEST: usize = 12;
/// Prefixes opened at most.
const EFFORT: usize = 96;

#[derive(Debug, Clone)]
struct Prefix {
    text: Text,
    tokens: Vec<Token>,
    at: Node,
    finished: bool,
}

impl PartialEq for Prefix {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Prefix {}
impl PartialOrd for Prefix {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Prefix {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.log_p.total_cmp(&other.text.log_p)
    }
}

/// The best text that is none of `left_out`. `None` only where the model predicts nothing finite.
pub(crate) fn find<M: NextToken>(
    model: &mut M,
    grammar: &Grammar,
    left_out: &[Vec<Label>],
) -> Result<Option<Found>, M::Error> {
    let mut open = BinaryHeap::from([Prefix {
        text: Text {
            labels: Vec::new(),
            confidence: Vec::new(),
            log_p: 0.0,
        },
        tokens: Vec::new(),
        at: Node::default(),
        finished: false,
    }]);
    let mut best: Option<Text> = None;
    let mut opened = 0;
    while let Some(prefix) = open.pop() {
        if prefix.finished && left_out.contains(&prefix.text.labels) {
            continue;
        }
        if let (Some(best), true) = (&best, prefix.finished || opened >= EFFORT) {
            return Ok(Some(Found {
                best: best.clone(),
                second: prefix.text.log_p,
            }));
        }
        if prefix.finished {
            best = Some(prefix.text);
            continue;
        }
        if opened >= 4 * EFFORT {
            break;
        }
        opened += 1;
        let choices = grammar.after(prefix.at);
        let scores = log_softmax(model.after(&prefix.tokens)?, choices);
        open.extend(
            choices
                .iter()
                .zip(&scores)
                .filter_map(|((token, step), score)| {
                    prefix.longer(*token, *step, *score, &confidence(choices, &scores))
                }),
        );
    }
    Ok(best.map(|best| Found {
        best,
        second: f32::NEG_INFINITY,
    }))
}

/// The log-probability of exactly these labels.
pub(crate) fn score<M: NextToken>(
    model: &mut M,
    grammar: &Grammar,
    labels: &[Label],
) -> Result<f32, M::Error> {
    let Some(tokens) = grammar.spell(labels) else {
        return Ok(f32::NEG_INFINITY);
    };
    let (mut at, mut total) = (Node::default(), 0.0);
    for (place, token) in tokens.iter().enumerate() {
        let choices = grammar.after(at);
        let scores = log_softmax(model.after(&tokens[..place])?, choices);
        let Some(chosen) = choices.iter().position(|(t, _)| t == token) else {
            return Ok(f32::NEG_INFINITY);
        };
        total += scores[chosen];
        at = match choices[chosen].1 {
            Step::Within(node) => node,
            Step::Said(_) | Step::End => Node::default(),
        };
    }
    Ok(total)
}

impl Prefix {
    fn longer(&self, token: Token, step: Step, score: f32, sure: &[f32]) -> Option<Self> {
        if !score.is_finite() || (step != Step::End && self.text.labels.len() >= LONGEST) {
            return None;
        }
        let mut out = self.clone();
        out.tokens.push(token);
        out.text.log_p += score;
        out.at = Node::default();
        match step {
            Step::Within(node) => out.at = node,
            Step::End => out.finished = true,
            Step::Said(label) => {
                out.text.labels.push(label);
                out.text.confidence.push(match label {
                    Label::Digit(d) => sure.get(usize::from(d)).copied().unwrap_or(score.exp()),
                    Label::Other => score.exp(),
                });
            }
        }
        Some(out)
    }
}

/// Posterior of each digit among the digits that may end here; empty inside a word.
fn confidence(choices: &[(Token, Step)], scores: &[f32]) -> Vec<f32> {
    let mut out = [0.0_f32; 10];
    for ((_, step), score) in choices.iter().zip(scores) {
        if let Step::Said(Label::Digit(d)) = step
            && let Some(slot) = out.get_mut(usize::from(*d))
        {
            *slot = score.exp();
        }
    }
    let sum: f32 = out.iter().sum();
    if out.iter().filter(|p| **p > 0.0).count() < 10 || sum <= f32::MIN_POSITIVE {
        return Vec::new();
    }
    out.iter().map(|p| p / sum).collect()
}

/// Log-probabilities of the choices among themselves.
fn log_softmax(scores: &[f32], choices: &[(Token, Step)]) -> Vec<f32> {
    let picked: Vec<f32> = choices
        .iter()
        .map(|(token, _)| {
            let place = usize::try_from(*token).ok();
            place
                .and_then(|p| scores.get(p))
                .copied()
                .unwrap_or(f32::NEG_INFINITY)
        })
        .collect();
    let top = picked.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = picked.iter().map(|s| (s - top).exp()).sum();
    picked.iter().map(|s| s - top - sum.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says token 1 then ends, with some doubt about 2; a third token is unlikely.
    struct Fixed;

    impl NextToken for Fixed {
        type Error = std::convert::Infallible;
        fn after(&mut self, text: &[Token]) -> Result<&[f32], Self::Error> {
            Ok(match text.len() {
                0 => &[-5.0, 2.0, 1.0, -5.0],
                1 => &[4.0, -3.0, -3.0, -9.0],
                _ => &[9.0, -9.0, -9.0, -9.0],
            })
        }
    }

    fn grammar() -> Grammar {
        let spellings = (1..=2)
            .map(|d| (Label::Digit(d), vec![Token::from(d)]))
            .collect();
        Grammar::new(spellings, 0).unwrap()
    }

    #[test]
    fn the_best_and_the_second_best_agree_with_their_own_scores() {
        let found = find(&mut Fixed, &grammar(), &[]).unwrap().unwrap();
        assert_eq!(found.best.labels, [Label::Digit(1)]);
        let best = score(&mut Fixed, &grammar(), &[Label::Digit(1)]).unwrap();
        let other = score(&mut Fixed, &grammar(), &[Label::Digit(2)]).unwrap();
        assert!((found.best.log_p - best).abs() < 1e-5);
        assert!((found.second - other).abs() < 1e-5);
        assert!((best - other - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_text_that_is_left_out_is_not_found() {
        let out = [vec![Label::Digit(1)]];
        let found = find(&mut Fixed, &grammar(), &out).unwrap().unwrap();
        assert_eq!(found.best.labels, [Label::Digit(2)]);
        assert!(found.second < found.best.log_p);
    }

    #[test]
    fn a_model_of_nonsense_ends() {
        struct Nonsense;
        impl NextToken for Nonsense {
            type Error = std::convert::Infallible;
            fn after(&mut self, _: &[Token]) -> Result<&[f32], Self::Error> {
                Ok(&[f32::NAN, f32::NAN, f32::NAN])
            }
        }
        assert_eq!(find(&mut Nonsense, &grammar(), &[]).unwrap(), None);

        struct NeverEnds;
        impl NextToken for NeverEnds {
            type Error = std::convert::Infallible;
            fn after(&mut self, _: &[Token]) -> Result<&[f32], Self::Error> {
                Ok(&[-90.0, 1.0, 1.0])
            }
        }
        assert!(find(&mut NeverEnds, &grammar(), &[]).is_ok());
    }
}
