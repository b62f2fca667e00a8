use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;

use super::share::{SMALLEST, Share, is_small};
use super::{Chosen, SEE};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

/// Verdicts looked at, at most.
const MOST: i64 = 500_000;
/// Where one column of the distribution ends and the next begins, in seconds.
const BOUNDS_S: [i64; 8] = [60, 300, 900, 3_600, 14_400, 43_200, 86_400, 172_800];
const DAY_S: i64 = 86_400;

/// A quantile with its interval at 95 %, in seconds.
#[derive(Debug, PartialEq, Serialize)]
struct Quantile {
    s: f64,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Serialize)]
struct Bin {
    upto_s: Option<i64>,
    count: i64,
}

#[derive(Serialize)]
struct Times {
    n: i64,
    median: Option<Quantile>,
    p90: Option<Quantile>,
    bins: Option<Vec<Bin>>,
}

#[derive(Serialize)]
pub(super) struct Decisions {
    since: String,
    smallest: i64,
    within_24h: Share,
    all: Times,
    machine: Times,
    person: Times,
}

/// The quantile `q` of sorted values: the smallest that at least that share does not exceed. Its
/// interval lies between two of the values, by the normal approximation of the binomial (Conover,
/// Practical Nonparametric Statistics, 3.2); without one where they would lie outside.
fn quantile(sorted: &[i64], q: f64) -> Option<Quantile> {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let n = sorted.len() as f64;
    let seconds = |ms: &i64| *ms as f64 / 1_000.0;
    // Ranks count from 1.
    let at = |rank: f64| {
        let whole = (1.0..=n).contains(&rank).then_some(rank as usize)?;
        sorted.get(whole - 1).map(seconds)
    };
    let half = Z * (n * q * (1.0 - q)).sqrt();
    Some(Quantile {
        s: at((n * q).ceil().max(1.0))?,
        low: at((n * q - half).ceil()),
        high: at((n * q + half).ceil()),
    })
}

fn times(mut ms: Vec<i64>) -> Times {
    ms.sort_unstable();
    let n = i64::try_from(ms.len()).unwrap_or(i64::MAX);
    let mut bins: Vec<Bin> = BOUNDS_S
        .iter()
        .map(|s| Some(*s))
        .chain([None])
        .map(|upto_s| Bin { upto_s, count: 0 })
        .collect();
    for one in &ms {
        let place = BOUNDS_S.partition_point(|s| s.saturating_mul(1_000) < *one);
        if let Some(bin) = bins.get_mut(place) {
            bin.count += 1;
        }
    }
    let told = !is_small(n);
    Times {
        n,
        median: quantile(&ms, 0.5).filter(|_| told),
        p90: quantile(&ms, 0.9).filter(|_| told),
        bins: told.then_some(bins),
    }
}

pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(chosen): Query<Chosen>,
) -> Result<Answer<Decisions>, Problem> {
    me.may(SEE)?;
    let filter = chosen.filter(&service).await?;
    let since = chosen.since(&service)?;
    let found = service
        .database()
        .times_to_decision(&filter, since, MOST)
        .await?;
    let of = |who: Option<bool>| -> Vec<i64> {
        found
            .iter()
            .filter(|t| who.is_none_or(|person| t.by_person == person))
            .map(|t| t.ms)
            .collect()
    };
    let all = of(None);
    let in_time = all.iter().filter(|ms| **ms <= DAY_S * 1_000).count();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Answer(Decisions {
        since: time(since),
        smallest: SMALLEST,
        within_24h: Share::new(count(in_time), count(all.len())),
        all: times(all),
        machine: times(of(Some(false))),
        person: times(of(Some(true))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred: Vec<i64> = (1..=100).map(|n| n * 1_000).collect();
        let median = quantile(&hundred, 0.5).unwrap();
        // Ranks 40.2 and 59.8: the 41st and the 60th.
        let expected = Quantile {
            s: 50.0,
            low: Some(41.0),
            high: Some(60.0),
        };
        assert_eq!(median, expected);
        assert_eq!(quantile(&hundred, 0.9).unwrap().s, 90.0);
        assert_eq!(quantile(&[], 0.5), None);
        let three = quantile(&[1_000, 2_000, 3_000], 0.9).unwrap();
        assert_eq!((three.s, three.high), (3.0, None));
    }

    #[test]
    fn a_few_times_are_only_counted() {
        let few = times(vec![1; 4]);
        assert!(few.n == 4 && few.median.is_none() && few.bins.is_none());
        let more = times(vec![60_000, 60_001, 300_000, 90_000_000, 900_000_000]);
        let counts: Vec<i64> = more.bins.unwrap().iter().map(|b| b.count).collect();
        assert_eq!(counts, [1, 2, 0, 0, 0, 0, 0, 1, 1]);
    }
}
