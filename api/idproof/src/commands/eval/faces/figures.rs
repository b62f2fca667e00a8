//! EER and true accept rates at fixed false match rates, with intervals by person.

use idproof_evaluation::{Figure, Report};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::pairs::{Pairs, Scored};

/// The rates at which true accepts are counted, and their names.
const RATES: [(f64, &str); 3] = [
    (1e-2, "tar_at_fmr_1e-2"),
    (1e-3, "tar_at_fmr_1e-3"),
    (1e-4, "tar_at_fmr_1e-4"),
];
const RESAMPLES: usize = 400;

/// EER, then the true accept rate at each of [`RATES`].
type Values = [f64; 4];

pub fn add(mut report: Report, prefix: &str, pairs: &Pairs) -> Report {
    let people = 1 + pairs
        .genuine
        .iter()
        .chain(&pairs.impostor)
        .map(|p| p.people.0.max(p.people.1))
        .max()
        .unwrap_or(0);
    let values = measure(pairs, &vec![1; people]);
    let intervals = intervals(pairs, people);
    let counts = [
        pairs.genuine.len() + pairs.impostor.len(),
        pairs.genuine.len(),
        pairs.genuine.len(),
        pairs.genuine.len(),
    ];
    let names = ["eer"].into_iter().chain(RATES.map(|(_, name)| name));
    for (i, name) in names.enumerate() {
        let figure = Figure {
            value: values.map(|v| v[i]),
            n: counts[i] as u64,
            ci95: intervals.as_ref().map(|all| all[i]),
        };
        report = report.figure(format!("{prefix}{name}"), figure);
    }
    report
}

/// With each person counted as often as `times` says; `None` without pairs of both kinds.
fn measure(pairs: &Pairs, times: &[u32]) -> Option<Values> {
    let weigh = |p: &Scored| match p.people {
        (a, b) if a == b => f64::from(times[a]),
        (a, b) => f64::from(times[a]) * f64::from(times[b]),
    };
    let sum = |all: &[Scored]| all.iter().map(weigh).sum::<f64>();
    let (genuine, impostor) = (sum(&pairs.genuine), sum(&pairs.impostor));
    if genuine <= 0.0 || impostor <= 0.0 {
        return None;
    }
    let mut tars = [None; 3];
    let mut eer = None;
    // Walks down the impostors; `accepted` genuine pairs lie above the one in hand, which is the
    // first that is too many for a rate.
    let (mut accepted, mut matched, mut next) = (0.0, 0.0, 0);
    for one in &pairs.impostor {
        while let Some(g) = pairs.genuine.get(next).filter(|g| g.ratio > one.ratio) {
            accepted += weigh(g);
            next += 1;
        }
        matched += weigh(one);
        let (fmr, tar) = (matched / impostor, accepted / genuine);
        for (slot, (rate, _)) in tars.iter_mut().zip(RATES) {
            if slot.is_none() && fmr > rate {
                *slot = Some(tar);
            }
        }
        if eer.is_none() && fmr >= 1.0 - tar {
            eer = Some(f64::midpoint(fmr, 1.0 - tar));
        }
        if eer.is_some() && tars.iter().all(Option::is_some) {
            break;
        }
    }
    let [one, two, three] = tars.map(|t| t.unwrap_or(1.0));
    Some([eer.unwrap_or(0.0), one, two, three])
}

/// Percentile bootstrap over people.
fn intervals(pairs: &Pairs, people: usize) -> Option<[[f64; 2]; 4]> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut all: Vec<Values> = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut times = vec![0; people];
        for _ in 0..people {
            times[(rng.next_u64() % people as u64) as usize] += 1;
        }
        all.extend(measure(pairs, &times));
    }
    if all.len() < RESAMPLES / 2 {
        return None;
    }
    let mut out = [[0.0; 2]; 4];
    for (i, interval) in out.iter_mut().enumerate() {
        let mut one: Vec<f64> = all.iter().map(|v| v[i]).collect();
        one.sort_by(f64::total_cmp);
        let at = |share: f64| one[((one.len() - 1) as f64 * share).round() as usize];
        *interval = [at(0.025), at(0.975)];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(genuine: &[f64], impostor: &[f64]) -> Pairs {
        let scored = |ratio: &f64, people| Scored {
            ratio: *ratio,
            a: 0,
            b: 1,
            people,
        };
        Pairs {
            genuine: genuine.iter().map(|r| scored(r, (0, 0))).collect(),
            impostor: impostor.iter().map(|r| scored(r, (0, 1))).collect(),
        }
    }

    #[test]
    fn perfect_separation_accepts_everyone() {
        let [eer, tars @ ..] = measure(&pairs(&[9.0, 8.0], &[1.0, 0.0]), &[1, 1]).unwrap();
        assert!(eer <= 0.5 && tars.iter().all(|t| *t == 1.0));
    }

    #[test]
    fn rates_are_counted_at_the_threshold_they_name() {
        // 1,000 impostors from 0 to 9.99, one genuine pair above all, one below the top ten.
        let impostor: Vec<f64> = (0..1000).rev().map(|i| f64::from(i) / 100.0).collect();
        let found = measure(&pairs(&[20.0, 9.905], &impostor), &[1, 1]).unwrap();
        assert_eq!(found[1], 1.0, "ten in a thousand");
        assert_eq!(found[2], 0.5, "one in a thousand");
        assert_eq!(found[3], 0.5, "none in a thousand");
    }

    #[test]
    fn nothing_to_measure_gives_no_value() {
        assert!(measure(&pairs(&[], &[1.0]), &[1, 1]).is_none());
        assert!(measure(&pairs(&[1.0], &[]), &[1, 1]).is_none());
    }

    #[test]
    fn who_is_drawn_twice_counts_twice() {
        let mut two = pairs(&[5.0], &[1.0, 0.5]);
        two.genuine.push(Scored {
            ratio: -5.0,
            a: 2,
            b: 3,
            people: (1, 1),
        });
        let tar = measure(&two, &[3, 1]).unwrap()[1];
        assert!((tar - 0.75).abs() < 1e-9, "{tar}");
    }
}
