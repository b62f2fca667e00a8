//! Compares names and numbers from the zone, the print and the declaration: how alike they
//! are, and which characters differ.

use std::fmt;

/// How alike two texts are and where they differ.
#[derive(Clone, PartialEq)]
pub struct Likeness {
    /// 1 equal, 0 nothing alike: one less the edit distance over the longer length.
    pub score: f64,
    pub differences: Vec<Difference>,
}

/// One place where two texts differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Position in the first text, from 1; one past its end for what the second adds there.
    pub at: usize,
    /// `None` where the second has one more character.
    pub first: Option<char>,
    /// `None` where the second lacks this one.
    pub second: Option<char>,
}

impl fmt::Debug for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Likeness({:.2}, {} differ)",
            self.score,
            self.differences.len()
        )
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Difference(at {})", self.at)
    }
}

/// Longer texts are not compared further: no name, number or address is as long.
const LONGEST: usize = 512;

/// Compares character by character along the shortest edit (Levenshtein, 1966). Texts beyond
/// 512 characters are cut there.
pub fn likeness(first: &str, second: &str) -> Likeness {
    let a: Vec<char> = first.chars().take(LONGEST).collect();
    let b: Vec<char> = second.chars().take(LONGEST).collect();
    if a.is_empty() && b.is_empty() {
        return Likeness {
            score: 1.0,
            differences: Vec::new(),
        };
    }
    let table = distances(&a, &b);
    let differences = walk(&a, &b, &table);
    let longer = a.len().max(b.len()) as f64;
    Likeness {
        score: 1.0 - differences.len() as f64 / longer,
        differences,
    }
}

/// `[i][j]`: edits between the first `i` and the first `j` characters.
fn distances(a: &[char], b: &[char]) -> Vec<Vec<usize>> {
    let mut table = vec![(0..=b.len()).collect::<Vec<_>>()];
    for (i, x) in a.iter().enumerate() {
        let above = &table[i];
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            row.push(replaced.min(above[j + 1] + 1).min(row[j] + 1));
        }
        table.push(row);
    }
    table
}

fn walk(a: &[char], b: &[char], table: &[Vec<usize>]) -> Vec<Difference> {
    let (mut i, mut j) = (a.len(), b.len());
    let mut found = Vec::new();
    while i > 0 || j > 0 {
        let here = table[i][j];
        if i > 0 && j > 0 && here == table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]) {
            if a[i - 1] != b[j - 1] {
                found.push(Difference {
                    at: i,
                    first: Some(a[i - 1]),
                    second: Some(b[j - 1]),
                });
            }
            (i, j) = (i - 1, j - 1);
        } else if i > 0 && here == table[i - 1][j] + 1 {
            found.push(Difference {
                at: i,
                first: Some(a[i - 1]),
                second: None,
            });
            i -= 1;
        } else {
            found.push(Difference {
                at: i + 1,
                first: None,
                second: Some(b[j - 1]),
            });
            j -= 1;
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn differing_characters_are_named_with_their_place() {
        let found = likeness("MARTIN", "MARTHIN");
        assert_eq!(
            found.differences,
            [Difference {
                at: 5,
                first: None,
                second: Some('H'),
            }]
        );
        assert!((found.score - 6.0 / 7.0).abs() < 1e-9);
        let found = likeness("DUPOND", "DUPONT");
        assert_eq!(
            found.differences,
            [Difference {
                at: 6,
                first: Some('D'),
                second: Some('T'),
            }]
        );
        assert_eq!(likeness("", "").score, 1.0);
        assert_eq!(likeness("ABC", "").score, 0.0);
        assert_eq!(likeness("ABC", "ABC").differences, []);
    }

    #[test]
    fn nothing_personal_is_shown_in_debug() {
        assert_eq!(
            format!("{:?}", likeness("MARTIN", "MARTEN")),
            "Likeness(0.83, 1 differ)"
        );
    }

    proptest! {
        #[test]
        fn scores_are_symmetric_and_bounded(a in ".{0,40}", b in ".{0,40}") {
            let (one, other) = (likeness(&a, &b), likeness(&b, &a));
            prop_assert!((0.0..=1.0).contains(&one.score));
            prop_assert!((one.score - other.score).abs() < 1e-9);
            prop_assert_eq!(one.differences.is_empty(), a == b);
        }

        #[test]
        fn hostile_lengths_do_no_harm(a in "\\PC{0,2000}") {
            let _ = likeness(&a, "MARTIN");
        }
    }
}
