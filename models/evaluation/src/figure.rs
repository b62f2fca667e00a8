use serde::Serialize;

use crate::statistics;

/// One measured quantity with what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// `None` when there was nothing to measure.
    pub value: Option<f64>,
    /// What was counted: cases, lines, pairs, or persons, as the figure's name says.
    pub n: u64,
    /// Bounds of the 95 % interval, where one can be given.
    pub ci95: Option<[f64; 2]>,
}

impl Figure {
    /// `hits` of `n`, with the exact interval of Clopper and Pearson.
    pub fn share(hits: u64, n: u64) -> Self {
        Self {
            value: (n > 0).then(|| hits as f64 / n as f64),
            n,
            ci95: statistics::clopper_pearson(hits, n),
        }
    }

    /// A quantity without an interval, such as a time.
    pub fn bare(value: Option<f64>, n: u64) -> Self {
        Self {
            value: value.filter(|v| v.is_finite()),
            n,
            ci95: None,
        }
    }

    /// A quantity whose interval was found otherwise, by bootstrap for example.
    pub fn with_interval(value: f64, n: u64, ci95: Option<[f64; 2]>) -> Self {
        Self {
            ci95,
            ..Self::bare(Some(value), n)
        }
    }
}
