//! From distances between embeddings to one calibrated log likelihood ratio.
//!
//! Each embedder gives a distance; a calibration weighs them into the natural logarithm of how
//! much likelier the two faces are of one person than of two. It is fitted by logistic regression
//! on pairs of known identity (Brümmer & du Preez 2006, "Application-independent evaluation of
//! speaker detection") and lies in the policy beside the data it came from.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Two faces compared by every embedder there is: model name and Euclidean distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub distances: Vec<(String, f64)>,
}

/// What is compared with what; each kind of pair has calibrations of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pair {
    /// Two photographs or frames of a camera.
    Photographs,
    /// A document's portrait (small, printed, greyish) and a photograph or frame.
    Portrait,
}

impl Pair {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Photographs => "photographs",
            Self::Portrait => "portrait",
        }
    }
}

/// Log likelihood ratios above which the false match rate is that of the name.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoints {
    #[serde(rename = "fmr_1e-3")]
    pub fmr_1e3: f64,
    #[serde(rename = "fmr_1e-4")]
    pub fmr_1e4: f64,
    #[serde(rename = "fmr_1e-5")]
    pub fmr_1e5: f64,
}

/// How the distances of one set of embedders become a log likelihood ratio.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub pair: Pair,
    pub offset: f64,
    /// By embedder, a unit of distance.
    pub weights: BTreeMap<String, f64>,
    pub operating_points: OperatingPoints,
    /// What it was fitted and measured on, with counts.
    pub data: String,
}

impl Calibration {
    /// The log likelihood ratio; `None` when the distances are not of these embedders, or one is
    /// no number.
    pub fn log_ratio(&self, comparison: &Comparison) -> Option<f64> {
        if comparison.distances.len() != self.weights.len() {
            return None;
        }
        let mut ratio = self.offset;
        for (name, distance) in &comparison.distances {
            ratio += self.weights.get(name)? * distance;
        }
        ratio.is_finite().then_some(ratio)
    }

    /// The embedders it is for, as the report names them.
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.weights.keys().map(String::as_str).collect();
        names.join(" + ")
    }

    fn fits(&self, pair: Pair, comparison: &Comparison) -> bool {
        self.pair == pair
            && self.weights.len() == comparison.distances.len()
            && comparison
                .distances
                .iter()
                .all(|(name, _)| self.weights.contains_key(name))
    }

    fn problem(&self) -> Option<&'static str> {
        let points = &self.operating_points;
        let numbers = [self.offset, points.fmr_1e3, points.fmr_1e4, points.fmr_1e5];
        if self.weights.is_empty() {
            return Some("`weights` is empty; name an embedder");
        }
        if numbers
            .iter()
            .chain(self.weights.values())
            .any(|v| !v.is_finite())
        {
            return Some("a number is not finite");
        }
        if self.weights.values().any(|w| *w > 0.0) {
            return Some("a weight is positive; a larger distance would speak for the same person");
        }
        if points.fmr_1e3 > points.fmr_1e4 || points.fmr_1e4 > points.fmr_1e5 {
            return Some(
                "the operating points fall; a lower false match rate needs a higher ratio",
            );
        }
        if self.data.trim().is_empty() {
            return Some("`data` is empty; say what it was fitted on");
        }
        None
    }
}

/// Every calibration of a policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibrations(Vec<Calibration>);

impl Calibrations {
    /// Checked: numbers, signs, order, one for each pair and set of embedders.
    ///
    /// # Errors
    /// The place (from 1) and what is wrong.
    pub(crate) fn new(all: Vec<Calibration>) -> Result<Self, (usize, &'static str)> {
        for (i, one) in all.iter().enumerate() {
            if let Some(problem) = one.problem() {
                return Err((i + 1, problem));
            }
            let twin = |other: &Calibration| {
                other.pair == one.pair && other.weights.keys().eq(one.weights.keys())
            };
            if all[..i].iter().any(twin) {
                return Err((
                    i + 1,
                    "there is one for the same pair and embedders already",
                ));
            }
        }
        Ok(Self(all))
    }

    pub fn all(&self) -> &[Calibration] {
        &self.0
    }

    /// The calibration for what compared this pair.
    pub fn of(&self, pair: Pair, comparison: &Comparison) -> Option<&Calibration> {
        self.0.iter().find(|c| c.fits(pair, comparison))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration() -> Calibration {
        Calibration {
            pair: Pair::Portrait,
            offset: 10.0,
            weights: [("a".to_owned(), -8.0), ("b".to_owned(), -4.0)].into(),
            operating_points: OperatingPoints {
                fmr_1e3: 1.0,
                fmr_1e4: 2.0,
                fmr_1e5: 3.0,
            },
            data: "none".into(),
        }
    }

    fn pair(distances: &[(&str, f64)]) -> Comparison {
        Comparison {
            distances: distances
                .iter()
                .map(|(name, d)| ((*name).to_owned(), *d))
                .collect(),
        }
    }

    #[test]
    fn distances_are_weighed_by_embedder_whatever_their_order() {
        let c = calibration();
        assert_eq!(c.log_ratio(&pair(&[("a", 0.5), ("b", 1.0)])), Some(2.0));
        assert_eq!(c.log_ratio(&pair(&[("b", 1.0), ("a", 0.5)])), Some(2.0));
        for wrong in [
            pair(&[("a", 0.5)]),
            pair(&[("a", 0.5), ("c", 1.0)]),
            pair(&[("a", f64::NAN), ("b", 1.0)]),
            pair(&[("a", f64::INFINITY), ("b", 1.0)]),
        ] {
            assert_eq!(c.log_ratio(&wrong), None);
        }
    }

    #[test]
    fn a_calibration_is_found_by_pair_and_embedders() {
        let all = Calibrations::new(vec![calibration()]).unwrap();
        let both = pair(&[("a", 0.5), ("b", 1.0)]);
        assert!(all.of(Pair::Portrait, &both).is_some());
        assert!(all.of(Pair::Photographs, &both).is_none());
        assert!(all.of(Pair::Portrait, &pair(&[("a", 0.5)])).is_none());
    }

    #[test]
    fn what_cannot_be_a_calibration_is_named() {
        let broken: [fn(&mut Calibration); 5] = [
            |c| c.weights.clear(),
            |c| c.offset = f64::NAN,
            |c| {
                c.weights.insert("a".into(), 1.0);
            },
            |c| c.operating_points.fmr_1e5 = 0.0,
            |c| c.data.clear(),
        ];
        for change in broken {
            let mut one = calibration();
            change(&mut one);
            assert_eq!(Calibrations::new(vec![one]).unwrap_err().0, 1);
        }
        let twice = Calibrations::new(vec![calibration(), calibration()]);
        assert_eq!(twice.unwrap_err().0, 2);
    }
}
