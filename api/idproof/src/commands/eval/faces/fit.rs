//! Fits calibrations by logistic regression on half of the people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use idproof_domain::face::{Calibration, Comparison, OperatingPoints, Pair};

use super::gather::Album;
use super::pairs::{Compared, Pairs};

/// Steps of the fit; it settles within thirty.
const STEPS: usize = 60;
const FIRST_STEPS: usize = 20;
/// Share of the genuine pairs that are taken to be labelled wrongly: of the data the calibrations
/// that ship come from, about one photograph in a hundred is.
const WRONG_LABELS: f64 = 0.03;

/// One for all embedders together, then one for each alone.
///
/// # Errors
/// When the half has no pairs of one kind.
pub fn all(compared: &[Compared], album: &Album, pair: Pair) -> anyhow::Result<Vec<Calibration>> {
    let half: Vec<&Compared> = compared
        .iter()
        .filter(|c| album.is_for_fitting(c.people.0) && album.is_for_fitting(c.people.1))
        .collect();
    let names: Vec<String> = compared
        .first()
        .map(|c| {
            c.comparison
                .distances
                .iter()
                .map(|(n, _)| n.clone())
                .collect()
        })
        .unwrap_or_default();
    let mut sets = vec![names.clone()];
    if names.len() > 1 {
        sets.extend(names.into_iter().map(|n| vec![n]));
    }
    sets.iter()
        .map(|set| one(&half, album, pair, set))
        .collect()
}

fn one(
    half: &[&Compared],
    album: &Album,
    pair: Pair,
    names: &[String],
) -> anyhow::Result<Calibration> {
    let rows: Vec<(Vec<f64>, bool)> = half
        .iter()
        .map(|c| (features(&c.comparison, names), c.people.0 == c.people.1))
        .collect();
    let genuine = rows.iter().filter(|(_, same)| *same).count();
    let impostor = rows.len() - genuine;
    anyhow::ensure!(
        genuine > 10 && impostor > 10,
        "half of the people give too few pairs to fit on"
    );
    let beta = logistic(&rows, 0.5 / genuine as f64, 0.5 / impostor as f64)
        .context("the calibration cannot be fitted: the distances do not vary")?;
    let mut calibration = Calibration {
        pair,
        offset: beta[0],
        weights: names
            .iter()
            .cloned()
            .zip(beta[1..].iter().copied())
            .collect(),
        operating_points: OperatingPoints {
            fmr_1e3: 0.0,
            fmr_1e4: 0.0,
            fmr_1e5: 0.0,
        },
        data: String::new(),
    };
    let scored: Vec<Compared> = half.iter().map(|c| only(c, names)).collect();
    let pairs = Pairs::score(&scored, &calibration, |_| true);
    calibration.operating_points = points(&pairs);
    calibration.data = data(&pairs, album);
    Ok(calibration)
}

fn features(comparison: &Comparison, names: &[String]) -> Vec<f64> {
    let by: BTreeMap<&str, f64> = comparison
        .distances
        .iter()
        .map(|(n, d)| (n.as_str(), *d))
        .collect();
    let distances = names
        .iter()
        .map(|n| by.get(n.as_str()).copied().unwrap_or(0.0));
    std::iter::once(1.0).chain(distances).collect()
}

fn only(c: &Compared, names: &[String]) -> Compared {
    let kept = c
        .comparison
        .distances
        .iter()
        .filter(|(n, _)| names.contains(n));
    Compared {
        comparison: Comparison {
            distances: kept.cloned().collect(),
        },
        ..*c
    }
}

fn data(pairs: &Pairs, album: &Album) -> String {
    let people = (0..album.people)
        .filter(|p| album.is_for_fitting(*p))
        .count();
    format!(
        "fitted on {people} people: {} pairs of one person, {} of two",
        pairs.genuine.len(),
        pairs.impostor.len()
    )
}

/// Ratios at three false match rates. Where fewer than three impostors would lie above, the
/// line through the rates a hundred and ten times as high goes on.
fn points(pairs: &Pairs) -> OperatingPoints {
    let count = pairs.impostor.len() as f64;
    let at = |rate: f64| {
        let above = (count * rate).floor() as usize;
        pairs.impostor[above.min(pairs.impostor.len() - 1)].ratio
    };
    let mut ratios = [at(1e-2), at(1e-3), at(1e-4), at(1e-5)];
    for (i, rate) in [(2, 1e-4), (3, 1e-5)] {
        if count * rate < 3.0 {
            ratios[i] = ratios[i - 1] + (ratios[i - 1] - ratios[i - 2]).max(0.0);
        }
    }
    OperatingPoints {
        fmr_1e3: ratios[1],
        fmr_1e4: ratios[2].max(ratios[1]),
        fmr_1e5: ratios[3].max(ratios[2]).max(ratios[1]),
    }
}

/// Weighted logistic regression: the coefficients are a log likelihood ratio because both kinds
/// weigh the same. [`WRONG_LABELS`] of the genuine pairs are taken to be of two people in truth;
/// without that, a few wrong labels flatten the whole calibration. By Fisher scoring; the first
/// steps allow for no wrong labels, so that it starts near. `None` when the features do not vary.
fn logistic(rows: &[(Vec<f64>, bool)], genuine: f64, impostor: f64) -> Option<Vec<f64>> {
    let size = rows.first()?.0.len();
    let mut beta = vec![0.0; size];
    for step in 0..STEPS {
        let wrong = if step < FIRST_STEPS {
            0.0
        } else {
            WRONG_LABELS
        };
        let mut gradient = vec![0.0; size];
        let mut information = vec![vec![0.0; size]; size];
        for (x, same) in rows {
            let z: f64 = x.iter().zip(&beta).map(|(a, b)| a * b).sum();
            // Odds of the label, and how they follow the ratio.
            let ratio = (1.0 - wrong) * z.clamp(-30.0, 30.0).exp();
            let odds = ratio + wrong;
            let (weight, y) = if *same {
                (genuine, 1.0)
            } else {
                (impostor, 0.0)
            };
            let slope = weight * (y - odds / (1.0 + odds)) * ratio / odds;
            let curve = weight * ratio * ratio / (odds * (1.0 + odds).powi(2));
            for i in 0..size {
                gradient[i] += slope * x[i];
                for j in 0..size {
                    information[i][j] += curve * x[i] * x[j];
                }
            }
        }
        // A little ridge keeps separable data finite.
        (0..size).for_each(|i| information[i][i] += 1e-9);
        let step = solve(information, gradient)?;
        beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
    }
    beta.iter().all(|b| b.is_finite()).then_some(beta)
}

/// Gaussian elimination with pivots.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|x, y| a[*x][k].abs().total_cmp(&a[*y][k].abs()))?;
        if a[pivot][k].abs() < 1e-15 {
            return None;
        }
        a.swap(k, pivot);
        b.swap(k, pivot);
        let (above, below) = a.split_at_mut(k + 1);
        let pivot = &above[k];
        for (n, row) in below.iter_mut().enumerate() {
            let by = row[k] / pivot[k];
            for (value, taken) in row.iter_mut().zip(pivot).skip(k) {
                *value -= by * taken;
            }
            b[k + 1 + n] -= by * b[k];
        }
    }
    for k in (0..n).rev() {
        let rest: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - rest) / a[k][k];
    }
    Some(b)
}

/// Writes them as a policy holds them.
///
/// # Errors
/// When the file cannot be written.
pub fn append(out: &Path, all: &[Calibration]) -> anyhow::Result<()> {
    let mut text = std::fs::read_to_string(out).unwrap_or_default();
    for c in all {
        let weights: Vec<String> = c
            .weights
            .iter()
            .map(|(n, w)| format!("{n} = {w:.4}"))
            .collect();
        let points = c.operating_points;
        let _ = write!(
            text,
            "[[face_calibration]]\npair = \"{}\"\noffset = {:.4}\nweights = {{ {} }}\n\
             operating_points = {{ \"fmr_1e-3\" = {:.3}, \"fmr_1e-4\" = {:.3}, \"fmr_1e-5\" = {:.3} }}\n\
             data = \"{}\"\n\n",
            c.pair.as_str(),
            c.offset,
            weights.join(", "),
            points.fmr_1e3,
            points.fmr_1e4,
            points.fmr_1e5,
            c.data
        );
    }
    std::fs::write(out, text).with_context(|| format!("{} cannot be written", out.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regression_finds_the_ratio_of_two_normal_distributions() {
        // Means 0.4 and 1.0, one deviation 0.1: ratio = 42 - 60 d.
        let mut rows = Vec::new();
        for i in 0..4_000 {
            let u = (f64::from(i) + 0.5) / 4_000.0;
            // A logistic deviate of about that deviation.
            let z = (u / (1.0 - u)).ln() * 0.0551;
            rows.push((vec![1.0, 0.4 + z], true));
            rows.push((vec![1.0, 1.0 + z], false));
        }
        let beta = logistic(&rows, 1.0 / 8_000.0, 1.0 / 8_000.0).unwrap();
        assert!(beta[1] < -10.0, "{beta:?}");
        assert!((beta[0] / -beta[1] - 0.7).abs() < 0.01, "{beta:?}");
    }

    #[test]
    fn features_that_do_not_vary_are_no_calibration() {
        let rows = vec![(vec![1.0, 0.0], true), (vec![1.0, 0.0], false)];
        let found = logistic(&rows, 0.5, 0.5);
        assert!(found.is_none_or(|b| b[1].abs() < 1e-6));
    }

    #[test]
    fn equations_are_solved_with_pivots() {
        let found = solve(vec![vec![0.0, 2.0], vec![1.0, 1.0]], vec![4.0, 3.0]).unwrap();
        assert_eq!(found, [1.0, 2.0]);
        assert!(solve(vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![1.0, 2.0]).is_none());
    }
}
