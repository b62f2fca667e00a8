//! Rates, their intervals, and the curves between two kinds of error.

use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// Standard normal quantile of 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// Exact 95 % interval of a share (Clopper & Pearson 1934): for gates and claims.
/// `None` without trials or with more hits than trials.
pub fn clopper_pearson(hits: u64, n: u64) -> Option<[f64; 2]> {
    if n == 0 || hits > n {
        return None;
    }
    let (k, m) = (hits as f64, n as f64);
    let low = if hits == 0 {
        0.0
    } else {
        Beta::new(k, m - k + 1.0).ok()?.inverse_cdf(0.025)
    };
    let high = if hits == n {
        1.0
    } else {
        Beta::new(k + 1.0, m - k).ok()?.inverse_cdf(0.975)
    };
    Some([low, high])
}

/// 95 % score interval of a share (Wilson 1927): for dashboards.
pub fn wilson(hits: u64, n: u64) -> Option<[f64; 2]> {
    if n == 0 || hits > n {
        return None;
    }
    let (m, p) = (n as f64, hits as f64 / n as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * m)) / (1.0 + z2 / m);
    let half = Z * (p * (1.0 - p) / m + z2 / (4.0 * m * m)).sqrt() / (1.0 + z2 / m);
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

/// 95 % percentile interval by drawing whole groups (persons) with replacement, since pairs of one
/// person are not independent. `measure` sees how often each of `groups` was drawn and may find
/// nothing to measure. `None` when fewer than 40 draws gave a value. The seed makes it repeatable.
pub fn bootstrap_by_group(
    groups: usize,
    draws: usize,
    seed: u64,
    mut measure: impl FnMut(&[u32]) -> Option<f64>,
) -> Option<[f64; 2]> {
    if groups < 2 {
        return None;
    }
    let mut lot = fastrand::Rng::with_seed(seed);
    let mut values: Vec<f64> = (0..draws)
        .filter_map(|_| {
            let mut times = vec![0_u32; groups];
            for _ in 0..groups {
                times[lot.usize(..groups)] += 1;
            }
            measure(&times).filter(|v| v.is_finite())
        })
        .collect();
    if values.len() < 40 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// A quantile of the standard normal: the scale of a DET curve's axes.
pub fn normal_deviate(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share.clamp(1e-12, 1.0 - 1e-12))
}

/// The trade between false match and false non-match over every threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Det {
    /// From the strictest threshold to the most lenient one.
    pub points: Vec<DetPoint>,
    pub genuine: f64,
    pub impostor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetPoint {
    /// Accepted is what scores at least this.
    pub threshold: f64,
    /// Share of impostors accepted.
    pub fmr: f64,
    /// Share of genuine ones not accepted.
    pub fnmr: f64,
}

impl Det {
    /// Scores where higher means more alike, each with its weight (1 outside of bootstraps).
    /// `None` when one side has no weight or a score is not a number.
    pub fn weighted(genuine: &[(f64, f64)], impostor: &[(f64, f64)]) -> Option<Self> {
        let mut all: Vec<(f64, f64, bool)> = genuine
            .iter()
            .map(|&(score, weight)| (score, weight, true))
            .chain(
                impostor
                    .iter()
                    .map(|&(score, weight)| (score, weight, false)),
            )
            .filter(|(_, weight, _)| *weight > 0.0)
            .collect();
        if all.iter().any(|(score, ..)| score.is_nan()) {
            return None;
        }
        let sum = |side| all.iter().filter(|a| a.2 == side).map(|a| a.1).sum::<f64>();
        let (of_genuine, of_impostor): (f64, f64) = (sum(true), sum(false));
        if of_genuine <= 0.0 || of_impostor <= 0.0 {
            return None;
        }
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut points = vec![DetPoint {
            threshold: f64::INFINITY,
            fmr: 0.0,
            fnmr: 1.0,
        }];
        let (mut accepted, mut wrong) = (0.0, 0.0);
        for (i, &(score, weight, is_genuine)) in all.iter().enumerate() {
            if is_genuine {
                accepted += weight;
            } else {
                wrong += weight;
            }
            if all.get(i + 1).is_none_or(|next| next.0 < score) {
                points.push(DetPoint {
                    threshold: score,
                    fmr: wrong / of_impostor,
                    fnmr: 1.0 - accepted / of_genuine,
                });
            }
        }
        Some(Self {
            points,
            genuine: of_genuine,
            impostor: of_impostor,
        })
    }

    /// As [`Det::weighted`], each score counting once.
    pub fn new(genuine: &[f64], impostor: &[f64]) -> Option<Self> {
        let once = |scores: &[f64]| scores.iter().map(|s| (*s, 1.0)).collect::<Vec<_>>();
        Self::weighted(&once(genuine), &once(impostor))
    }

    /// Where both errors are equally frequent.
    pub fn eer(&self) -> f64 {
        let mut best = (f64::INFINITY, 1.0);
        for p in &self.points {
            let gap = (p.fmr - p.fnmr).abs();
            if gap < best.0 {
                best = (gap, f64::midpoint(p.fmr, p.fnmr));
            }
        }
        best.1
    }

    /// The most lenient point whose false match rate is at most `fmr`.
    pub fn at_fmr(&self, fmr: f64) -> DetPoint {
        let end = self.points.partition_point(|p| p.fmr <= fmr);
        self.points[end.saturating_sub(1)]
    }

    /// Share of genuine ones accepted at that false match rate.
    pub fn tar_at_fmr(&self, fmr: f64) -> f64 {
        1.0 - self.at_fmr(fmr).fnmr
    }

    /// What a threshold leads to.
    pub fn at_threshold(&self, threshold: f64) -> DetPoint {
        let end = self.points.partition_point(|p| p.threshold >= threshold);
        DetPoint {
            threshold,
            ..self.points[end.saturating_sub(1)]
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() < tolerance
    }

    #[test]
    fn exact_intervals_are_those_of_the_tables() {
        // Two-sided 95 %: no error in 150 gives at most 2.43 %, in 300 at most 1.22 %.
        assert!(near(clopper_pearson(0, 150).unwrap()[1], 0.0243, 1e-4));
        assert!(near(clopper_pearson(0, 300).unwrap()[1], 0.0122, 1e-4));
        let [low, high] = clopper_pearson(5, 20).unwrap();
        assert!(near(low, 0.0866, 1e-3) && near(high, 0.4910, 1e-3));
        assert_eq!(clopper_pearson(0, 0), None);
        assert_eq!(clopper_pearson(3, 2), None);
    }

    #[test]
    fn wilson_is_the_textbook_value() {
        let [low, high] = wilson(5, 20).unwrap();
        assert!(near(low, 0.1119, 1e-3) && near(high, 0.4687, 1e-3));
    }

    #[test]
    fn separated_scores_have_no_error_and_equal_ones_all() {
        let apart = Det::new(&[0.8, 0.9], &[0.1, 0.2]).unwrap();
        assert_eq!(apart.eer(), 0.0);
        assert_eq!(apart.tar_at_fmr(0.0), 1.0);
        let same = Det::new(&[0.5; 4], &[0.5; 4]).unwrap();
        assert_eq!(same.tar_at_fmr(0.5), 0.0);
        assert_eq!(same.eer(), 0.5);
    }

    #[test]
    fn thresholds_accept_what_equals_them() {
        let det = Det::new(&[0.6, 0.4], &[0.4, 0.1]).unwrap();
        let at = det.at_threshold(0.4);
        assert_eq!((at.fmr, at.fnmr), (0.5, 0.0));
        let above = det.at_threshold(0.41);
        assert_eq!((above.fmr, above.fnmr), (0.0, 0.5));
    }

    #[test]
    fn a_score_that_is_no_number_gives_no_curve() {
        assert!(Det::new(&[f64::NAN], &[0.1]).is_none());
        assert!(Det::new(&[], &[0.1]).is_none());
    }

    #[test]
    fn drawing_persons_widens_what_pairs_would_make_narrow() {
        // Ten persons of 100 pairs each; all pairs of a person share their fate.
        let right = [true, true, true, true, true, true, true, false, false, true];
        let by_person = bootstrap_by_group(10, 500, 7, |times| {
            let sum: u32 = times.iter().sum();
            let hits: u32 = times.iter().zip(right).filter(|t| t.1).map(|t| t.0).sum();
            Some(f64::from(hits) / f64::from(sum))
        })
        .unwrap();
        let by_pair = clopper_pearson(800, 1000).unwrap();
        assert!(by_person[1] - by_person[0] > 3.0 * (by_pair[1] - by_pair[0]));
        assert_eq!(bootstrap_by_group(1, 500, 7, |_| Some(0.5)), None);
    }

    proptest! {
        #[test]
        fn intervals_hold_the_share(n in 1_u64..400, part in 0.0_f64..=1.0) {
            let hits = (n as f64 * part) as u64;
            let share = hits as f64 / n as f64;
            for [low, high] in [clopper_pearson(hits, n).unwrap(), wilson(hits, n).unwrap()] {
                prop_assert!(low <= share + 1e-9 && share <= high + 1e-9 && low >= 0.0 && high <= 1.0);
            }
        }

        #[test]
        fn leniency_only_moves_errors_one_way(
            genuine in prop::collection::vec(-1.0_f64..1.0, 1..30),
            impostor in prop::collection::vec(-1.0_f64..1.0, 1..30),
        ) {
            let det = Det::new(&genuine, &impostor).unwrap();
            for pair in det.points.windows(2) {
                prop_assert!(pair[0].fmr <= pair[1].fmr && pair[0].fnmr >= pair[1].fnmr);
            }
            for t in genuine.iter().chain(&impostor) {
                let at = det.at_threshold(*t);
                let share = |s: &[f64]| s.iter().filter(|v| *v >= t).count() as f64 / s.len() as f64;
                prop_assert!((at.fmr - share(&impostor)).abs() < 1e-9);
                prop_assert!((1.0 - at.fnmr - share(&genuine)).abs() < 1e-9);
            }
        }
    }
}
