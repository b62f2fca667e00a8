//! Whether scores are distributed as they were: the population stability index and the
//! two-sample Kolmogorov–Smirnov test, with the counts behind them.

/// Fewer cases than this on a side tell nothing.
pub const FEWEST: usize = 100;
/// From here on the index says that something moves, and that it has moved: the usual limits of
/// credit scoring (Siddiqi 2006, "Credit risk scorecards").
const WATCH: f64 = 0.1;
const ALARM: f64 = 0.25;
/// By chance alone no more often than this.
const SIGNIFICANT: f64 = 0.01;
/// Bins of the index: tenths of the reference.
const BINS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftState {
    /// Fewer than [`FEWEST`] cases on a side.
    TooFew,
    Steady,
    Watch,
    Alarm,
}

impl DriftState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::Steady => "steady",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
        }
    }
}

impl std::str::FromStr for DriftState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::TooFew, Self::Steady, Self::Watch, Self::Alarm]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or("a state of drift")
    }
}

/// A stretch of scores and how many lie in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Upper end, belonging to it; `None`: without end.
    pub to: Option<f64>,
    pub recent: u32,
    pub reference: u32,
}

/// Recent scores against those of a reference period.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    pub recent: usize,
    pub reference: usize,
    /// Not measured, on either side.
    pub missing: (usize, usize),
    /// Population stability index; what was not measured is a bin of its own.
    pub psi: f64,
    /// Largest distance between the distributions, 0..=1.
    pub ks: f64,
    /// How often chance alone gives as large a distance.
    pub p: f64,
    pub state: DriftState,
    pub bins: Vec<Bin>,
}

/// `None` among the scores: it was not measured.
pub fn drift(recent: &[Option<f64>], reference: &[Option<f64>]) -> Drift {
    // What was not measured lies below everything: it moves the distribution too.
    let sorted = |all: &[Option<f64>]| {
        let below = |v: &Option<f64>| v.filter(|v| !v.is_nan()).unwrap_or(f64::NEG_INFINITY);
        let mut all: Vec<f64> = all.iter().map(below).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let (new, old) = (sorted(recent), sorted(reference));
    let missing = |all: &[f64]| all.partition_point(|v| *v == f64::NEG_INFINITY);
    let bins = bins(&new, &old);
    let psi = psi(&bins, new.len(), old.len());
    let (ks, p) = kolmogorov_smirnov(&new, &old);
    let state = if new.len() < FEWEST || old.len() < FEWEST {
        DriftState::TooFew
    } else if p >= SIGNIFICANT || psi < WATCH {
        DriftState::Steady
    } else if psi < ALARM {
        DriftState::Watch
    } else {
        DriftState::Alarm
    };
    Drift {
        recent: new.len(),
        reference: old.len(),
        missing: (missing(&new), missing(&old)),
        psi,
        ks,
        p,
        state,
        bins,
    }
}

/// Tenths of what the reference measured; fewer where many scores are the same.
fn bins(new: &[f64], old: &[f64]) -> Vec<Bin> {
    let measured = &old[old.partition_point(|v| *v == f64::NEG_INFINITY)..];
    let mut ends = vec![f64::NEG_INFINITY];
    for i in 1..BINS {
        if let Some(end) = measured.get(i * measured.len() / BINS)
            && ends.last().is_none_or(|last| end > last)
        {
            ends.push(*end);
        }
    }
    ends.push(f64::INFINITY);
    let mut before = (0, 0);
    ends.into_iter()
        .map(|end| {
            let upto = |all: &[f64]| all.partition_point(|v| *v <= end);
            let (a, b) = (upto(new), upto(old));
            let bin = Bin {
                to: end.is_finite().then_some(end),
                recent: u32::try_from(a - before.0).unwrap_or(u32::MAX),
                reference: u32::try_from(b - before.1).unwrap_or(u32::MAX),
            };
            before = (a, b);
            bin
        })
        .collect()
}

/// An empty bin counts as half a case, or one case would make the index infinite.
fn psi(bins: &[Bin], new: usize, old: usize) -> f64 {
    if new == 0 || old == 0 {
        return 0.0;
    }
    let share =
        |count: u32, of: usize| (f64::from(count) + 0.5) / (of as f64 + 0.5 * bins.len() as f64);
    bins.iter()
        .map(|b| {
            let (a, e) = (share(b.recent, new), share(b.reference, old));
            (a - e) * (a / e).ln()
        })
        .sum()
}

/// Distance and its p-value by the limiting distribution (Stephens 1970, as in Press et al.,
/// "Numerical Recipes", 14.3).
fn kolmogorov_smirnov(new: &[f64], old: &[f64]) -> (f64, f64) {
    if new.is_empty() || old.is_empty() {
        return (0.0, 1.0);
    }
    let (n, m) = (new.len() as f64, old.len() as f64);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < new.len() && j < old.len() {
        let at = new[i].min(old[j]);
        while new.get(i).is_some_and(|v| *v <= at) {
            i += 1;
        }
        while old.get(j).is_some_and(|v| *v <= at) {
            j += 1;
        }
        distance = distance.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    let mut p = 0.0;
    let mut sign = 1.0;
    for k in 1..=100 {
        let term = (-2.0 * f64::from(k * k) * x * x).exp();
        p += sign * 2.0 * term;
        sign = -sign;
        if term < 1e-12 {
            break;
        }
    }
    // The sum does not settle for tiny distances.
    (distance, if x < 0.2 { 1.0 } else { p.clamp(0.0, 1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` evenly spread numbers from `low` on, a span of 1.
    fn even(n: usize, low: f64) -> Vec<Option<f64>> {
        (0..n).map(|i| Some(low + i as f64 / n as f64)).collect()
    }

    #[test]
    fn the_same_distribution_is_steady_and_a_shifted_one_alarms() {
        let same = drift(&even(500, 0.0), &even(2000, 0.0));
        assert_eq!(same.state, DriftState::Steady);
        assert!(same.psi < 0.01 && same.p > 0.9, "{same:?}");
        let shifted = drift(&even(500, 0.3), &even(2000, 0.0));
        assert_eq!(shifted.state, DriftState::Alarm);
        assert!((shifted.ks - 0.3).abs() < 0.01, "{shifted:?}");
        let counts: u32 = shifted.bins.iter().map(|b| b.recent).sum();
        assert_eq!(counts, 500);
    }

    #[test]
    fn between_steady_and_alarm_there_is_watch() {
        // A share of the recent ones moved to the top tenth.
        let mut recent = even(1000, 0.0);
        for value in recent.iter_mut().take(75) {
            *value = Some(0.99);
        }
        let found = drift(&recent, &even(3000, 0.0));
        assert_eq!(found.state, DriftState::Watch, "{found:?}");
    }

    #[test]
    fn few_cases_raise_no_alarm() {
        let found = drift(&even(FEWEST - 1, 5.0), &even(2000, 0.0));
        assert_eq!(found.state, DriftState::TooFew);
        let found = drift(&even(FEWEST, 5.0), &even(2000, 0.0));
        assert_eq!(found.state, DriftState::Alarm);
        assert_eq!(drift(&[], &[]).state, DriftState::TooFew);
    }

    #[test]
    fn a_check_that_stops_measuring_alarms_and_one_constant_score_does_not() {
        let mut half = even(600, 0.0);
        half.iter_mut().step_by(2).for_each(|v| *v = None);
        let found = drift(&half, &even(2000, 0.0));
        assert_eq!((found.state, found.missing), (DriftState::Alarm, (300, 0)));
        let ones = |n| vec![Some(1.0); n];
        assert_eq!(drift(&ones(300), &ones(900)).state, DriftState::Steady);
        let nan = drift(&vec![Some(f64::NAN); 300], &ones(900));
        assert_eq!((nan.state, nan.missing.0), (DriftState::Alarm, 300));
    }

    /// Quantiles of the limiting distribution: 1.36 at 5 %, 1.63 at 1 %.
    #[test]
    fn the_p_value_is_that_of_the_tables() {
        let of = |x: f64| {
            let n = 1_000_000.0_f64;
            let root = (n / 2.0).sqrt();
            let shift = x / (root + 0.12 + 0.11 / root);
            let mut recent = even(1_000_000, 0.0);
            for v in &mut recent {
                *v = v.map(|v| v + shift);
            }
            drift(&recent, &even(1_000_000, 0.0)).p
        };
        assert!((of(1.358) - 0.05).abs() < 0.002, "{}", of(1.358));
        assert!((of(1.628) - 0.01).abs() < 0.001, "{}", of(1.628));
    }
}
