//! What may be written: digits and, where the model knows it, "something else", as token sequences.

use idproof_domain::Language;

pub(crate) type Token = i32;

/// One thing that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Label {
    Digit(u8),
    /// Speech that is no digit.
    Other,
}

/// What must come before the first label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Node(pub(crate) usize);

#[derive(Debug, Default)]
struct Branch {
    next: Vec<(Token, Step)>,
}

/// Where a token leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the middle of a word.
    Within(Node),
    /// To the end of a word; the next one begins.
    Said(Label),
    /// To the end of the text.
    End,
}

/// A prefix tree over the labels' tokens; after each label it starts over.
#[derive(Debug)]
pub(crate) struct Grammar {
    branches: Vec<Branch>,
    spellings: Vec<(Label, Vec<Token>)>,
    end: Token,
}

impl Grammar {
    /// `None` where a spelling is empty or begins another.
    pub(crate) fn new(spellings: Vec<(Label, Vec<Token>)>, end: Token) -> Option<Self> {
        let mut grammar = Self {
            branches: vec![Branch {
                next: vec![(end, Step::End)],
            }],
            spellings: Vec::new(),
            end,
        };
        for (label, tokens) in spellings {
            grammar.add(label, &tokens)?;
            grammar.spellings.push((label, tokens));
        }
        Some(grammar)
    }

    fn add(&mut self, label: Label, tokens: &[Token]) -> Option<()> {
        let (last, body) = tokens.split_last()?;
        let mut at = Node::default();
        for token in body {
            let found = self.branches[at.0].next.iter().find(|(t, _)| t == token);
            at = match found.map(|(_, step)| *step) {
                Some(Step::Within(node)) => node,
                Some(_) => return None,
                None => {
                    let node = Node(self.branches.len());
                    self.branches.push(Branch::default());
                    self.branches[at.0].next.push((*token, Step::Within(node)));
                    node
                }
            };
        }
        let branch = &mut self.branches[at.0];
        if branch.next.iter().any(|(t, _)| t == last) {
            return None;
        }
        branch.next.push((*last, Step::Said(label)));
        Some(())
    }

    /// The tokens that may follow.
    pub(crate) fn after(&self, node: Node) -> &[(Token, Step)] {
        &self.branches[node.0].next
    }

    /// The tokens of a whole text, with its end; `None` where a label has no spelling.
    pub(crate) fn spell(&self, labels: &[Label]) -> Option<Vec<Token>> {
        let mut out = Vec::new();
        for label in labels {
            out.extend(&self.spellings.iter().find(|(l, _)| l == label)?.1);
        }
        out.push(self.end);
        Some(out)
    }
}

/// What a general Whisper writes when it hears a digit: the word.
pub(crate) fn words(language: Language) -> [&'static str; 10] {
    match language {
        Language::En => [
            " zero", " one", " two", " three", " four", " five", " six", " seven", " eight",
            " nine",
        ],
        Language::Fr => [
            " zéro", " un", " deux", " trois", " quatre", " cinq", " six", " sept", " huit",
            " neuf",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_several_tokens_share_their_beginning() {
        let three = vec![
            (Label::Digit(0), vec![1, 2]),
            (Label::Digit(1), vec![1, 3]),
            (Label::Other, vec![4]),
        ];
        let grammar = Grammar::new(three, 9).unwrap();
        let root = grammar.after(Node::default());
        assert_eq!(
            root.len(),
            3,
            "the end, the shared token and the single one"
        );
        let Some((1, Step::Within(inner))) = root.iter().find(|(t, _)| *t == 1) else {
            panic!("no shared token")
        };
        assert_eq!(grammar.after(*inner).len(), 2);
        let text = [Label::Digit(1), Label::Other];
        assert_eq!(grammar.spell(&text).unwrap(), [1, 3, 4, 9]);
        assert_eq!(grammar.spell(&[Label::Digit(7)]), None);
    }

    #[test]
    fn one_spelling_must_not_begin_another() {
        let bad = vec![(Label::Digit(0), vec![1]), (Label::Digit(1), vec![1, 3])];
        assert!(Grammar::new(bad, 9).is_none());
    }
}
