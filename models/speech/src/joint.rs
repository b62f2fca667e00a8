//! Puts the windows of one recording together: what was heard in all, and what the
//! expected digits are worth against anything else.

use crate::grammar::Label;
use crate::search::Found;

/// ln P(expected) - ln P(best other text), over windows that are independent.
///
/// `score(window, labels)` is the log-probability of exactly these labels there.
pub(crate) fn log_ratio<E>(
    found: &[Found],
    expected: &[Label],
    mut score: impl FnMut(usize, &[Label]) -> Result<f32, E>,
) -> Result<f32, E> {
    // split[n]: the best log-probability of the first n expected labels in the windows so far.
    let mut split = vec![f32::NEG_INFINITY; expected.len() + 1];
    split[0] = 0.0;
    for (window, here) in found.iter().enumerate() {
        let mut next = vec![f32::NEG_INFINITY; expected.len() + 1];
        for from in (0..=expected.len()).filter(|n| split[*n].is_finite()) {
            // In one window only the whole will do; that spares the model the rest.
            let to_least = if found.len() == 1 {
                expected.len()
            } else {
                from
            };
            for to in to_least..=expected.len() {
                let part = &expected[from..to];
                let worth = if part == here.best.labels {
                    here.best.log_p
                } else {
                    score(window, part)?
                };
                next[to] = next[to].max(split[from] + worth);
            }
        }
        split = next;
    }
    let heard: Vec<Label> = found
        .iter()
        .flat_map(|f| f.best.labels.iter().copied())
        .collect();
    let best: f32 = found.iter().map(|f| f.best.log_p).sum();
    let other = if heard == expected {
        // The nearest other text differs in the window that is least sure.
        let margins = found.iter().map(|f| f.best.log_p - f.second);
        best - margins.fold(f32::INFINITY, f32::min)
    } else {
        best
    };
    Ok((split[expected.len()] - other).clamp(-99.0, 99.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Text;

    const EXPECTED: [Label; 2] = [Label::Digit(3), Label::Digit(8)];

    fn found(digits: &[u8], log_p: f32, second: f32) -> Found {
        Found {
            best: Text {
                labels: digits.iter().map(|d| Label::Digit(*d)).collect(),
                confidence: vec![1.0; digits.len()],
                log_p,
            },
            second,
        }
    }

    fn unlikely(_: usize, _: &[Label]) -> Result<f32, std::convert::Infallible> {
        Ok(-20.0)
    }

    #[test]
    fn one_window_compares_with_its_second_best() {
        let right = log_ratio(&[found(&[3, 8], -0.1, -6.1)], &EXPECTED, unlikely).unwrap();
        assert!((right - 6.0).abs() < 1e-4);
        let wrong = log_ratio(&[found(&[3, 9], -0.1, -6.1)], &EXPECTED, unlikely).unwrap();
        assert!((wrong + 19.9).abs() < 1e-4);
    }

    #[test]
    fn two_windows_may_share_the_digits() {
        let both = [found(&[3], -0.1, -4.0), found(&[8], -0.2, -9.0)];
        let ratio = log_ratio(&both, &EXPECTED, unlikely).unwrap();
        assert!((ratio - 3.9).abs() < 1e-4, "{ratio}");
        let more = [
            found(&[3], -0.1, -4.0),
            found(&[8], -0.2, -9.0),
            found(&[1], -0.1, -9.0),
        ];
        assert!(log_ratio(&more, &EXPECTED, unlikely).unwrap() < -15.0);
    }

    #[test]
    fn no_window_is_no_digit() {
        assert_eq!(log_ratio(&[], &EXPECTED, unlikely).unwrap(), -99.0);
    }
}
