//! Strings of digits compared.

/// What was said beside what was heard: both where a digit stands for a digit, one alone where
/// a digit was missed or added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    pub pairs: Vec<(Option<u8>, Option<u8>)>,
}

impl Alignment {
    pub fn right(&self) -> u64 {
        self.pairs
            .iter()
            .filter(|(s, h)| s.is_some() && s == h)
            .count() as u64
    }
}

/// The alignment with the fewest changes (Levenshtein).
pub fn align(said: &[u8], heard: &[u8]) -> Alignment {
    let (rows, columns) = (said.len() + 1, heard.len() + 1);
    let mut cost = vec![vec![0_usize; columns]; rows];
    for r in 0..rows {
        for c in 0..columns {
            cost[r][c] = match (r, c) {
                (0, n) | (n, 0) => n,
                _ => (cost[r - 1][c - 1] + usize::from(said[r - 1] != heard[c - 1]))
                    .min(cost[r - 1][c] + 1)
                    .min(cost[r][c - 1] + 1),
            };
        }
    }
    let (mut r, mut c, mut pairs) = (said.len(), heard.len(), Vec::new());
    while r > 0 || c > 0 {
        let both = r > 0
            && c > 0
            && cost[r][c] == cost[r - 1][c - 1] + usize::from(said[r - 1] != heard[c - 1]);
        let missed = r > 0 && cost[r][c] == cost[r - 1][c] + 1;
        let (dr, dc) = if both {
            (1, 1)
        } else if missed {
            (1, 0)
        } else {
            (0, 1)
        };
        pairs.push((
            (dr == 1).then(|| said[r - 1]),
            (dc == 1).then(|| heard[c - 1]),
        ));
        r -= dr;
        c -= dc;
    }
    pairs.reverse();
    Alignment { pairs }
}

/// Every answer that differs in one digit, lacks one, or has two neighbours swapped.
pub fn altered(digits: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for place in 0..digits.len() {
        for other in 0..10 {
            let mut changed = digits.to_vec();
            changed[place] = other;
            out.push(changed);
        }
        let mut shorter = digits.to_vec();
        shorter.remove(place);
        out.push(shorter);
        if place + 1 < digits.len() {
            let mut swapped = digits.to_vec();
            swapped.swap(place, place + 1);
            out.push(swapped);
        }
    }
    out.sort();
    out.dedup();
    out.retain(|o| o != digits && !o.is_empty());
    out
}

/// `372`; a dash for nothing.
pub fn text_of(digits: &[u8]) -> String {
    if digits.is_empty() {
        return "–".into();
    }
    digits.iter().map(|d| char::from(b'0' + d % 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignments_find_what_was_missed_added_and_confused() {
        assert_eq!(align(&[3, 7, 2], &[3, 7, 2]).right(), 3);
        let missed = align(&[3, 7, 2], &[3, 2]);
        assert_eq!(
            missed.pairs,
            [(Some(3), Some(3)), (Some(7), None), (Some(2), Some(2))]
        );
        let added = align(&[3], &[3, 9]);
        assert_eq!(added.pairs, [(Some(3), Some(3)), (None, Some(9))]);
        assert_eq!(align(&[3, 7, 2], &[3, 1, 2]).right(), 2);
        assert_eq!(align(&[], &[]).pairs, []);
    }

    #[test]
    fn altered_answers_all_differ() {
        let others = altered(&[3, 7, 2]);
        // 27 with one digit changed, 3 shorter, 2 swapped.
        assert_eq!(others.len(), 32);
        assert!(!others.contains(&vec![3, 7, 2]));
        assert!(others.contains(&vec![7, 3, 2]) && others.contains(&vec![3, 2]));
        assert_eq!(altered(&[4]).len(), 9);
    }
}
