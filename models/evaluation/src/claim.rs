//! Whether data carry a claim about an error rate.

use serde::Serialize;

use crate::operating::Ratio;

/// Whether data carry a claim, and why not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Support {
    pub verdict: Verdict,
    pub reasons: Vec<Unsupported>,
    pub errors: u64,
    pub of: u64,
    pub rate: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Supported,
    Unsupported,
}

/// Why data do not carry a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsupported {
    /// There was nothing to measure.
    NothingMeasured,
    /// Fewer than [`FEWEST_ERRORS`](crate::operating::FEWEST_ERRORS).
    TooFewErrors,
    /// The interval is wider than the claim.
    IntervalTooWide,
    /// The interval reaches above the claim.
    NotShown,
    /// The whole interval lies above the claim.
    Refuted,
}

/// Holds the claim "this rate is at most so much" against what was measured.
pub fn support(measured: &Ratio, at_most: f64) -> Support {
    let mut reasons = Vec::new();
    match (measured.low, measured.high) {
        (Some(low), Some(high)) => {
            if measured.few {
                reasons.push(Unsupported::TooFewErrors);
            }
            if high - low > at_most {
                reasons.push(Unsupported::IntervalTooWide);
            }
            if low > at_most {
                reasons.push(Unsupported::Refuted);
            } else if high > at_most {
                reasons.push(Unsupported::NotShown);
            }
        }
        _ => reasons.push(Unsupported::NothingMeasured),
    }
    Support {
        verdict: if reasons.is_empty() {
            Verdict::Supported
        } else {
            Verdict::Unsupported
        },
        reasons,
        errors: measured.errors,
        of: measured.of,
        rate: measured.rate,
        low: measured.low,
        high: measured.high,
    }
}
