//! What a labelled set says of a policy's thresholds: error rates with their counts and intervals, the
//! curve between them, groups compared, and whether the data carry a claim.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::labelled::{Item, Kind, LabelledSet};
use crate::statistics::{Det, bootstrap_by_group, clopper_pearson, normal_deviate, wilson};

/// Errors without which a rate is not to be relied upon (the rule of 30: Doddington et al. 2000,
/// "The NIST speaker recognition evaluation": with 30 errors the rate is within 30 % with 90 % confidence).
pub const FEWEST_ERRORS: u64 = 30;
/// Draws of a bootstrap.
const DRAWS: usize = 200;
/// Most points of a curve.
const POINTS: usize = 200;

/// The thresholds of a check at which a set is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Accepted from here on.
    pub accept: f64,
    /// Refused beyond here.
    pub refuse: Option<f64>,
    pub higher_is_better: bool,
}

/// So many errors of so many trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ratio {
    /// `fmr`, `fnmr`, `apcer` or `bpcer`.
    pub name: &'static str,
    pub errors: u64,
    pub of: u64,
    pub rate: Option<f64>,
    /// 95 %: Clopper and Pearson, or wider where the set names people and drawing them says so.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// 95 %, Wilson.
    pub wilson: Option<[f64; 2]>,
    /// Fewer errors than [`FEWEST_ERRORS`].
    pub few: bool,
}

impl Ratio {
    /// So many errors of so many trials, with the intervals of independent ones.
    pub fn new(name: &'static str, errors: u64, of: u64) -> Self {
        let exact = clopper_pearson(errors, of);
        Self {
            name,
            errors,
            of,
            rate: (of > 0).then(|| errors as f64 / of as f64),
            low: exact.map(|i| i[0]),
            high: exact.map(|i| i[1]),
            wilson: wilson(errors, of),
            few: errors < FEWEST_ERRORS,
        }
    }

    fn widened(mut self, by: Option<[f64; 2]>) -> Self {
        if let (Some([low, high]), Some(l), Some(h)) = (by, self.low, self.high) {
            self.low = Some(l.min(low));
            self.high = Some(h.max(high));
        }
        self
    }
}

/// A type of attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Species {
    pub name: String,
    pub false_accept: Ratio,
}

/// What thresholds lead to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    pub threshold: f64,
    /// Wrongly accepted; of attacks, those of the worst species.
    pub false_accept: Ratio,
    /// Wrongly not accepted.
    pub false_reject: Ratio,
    /// Wrongly refused outright.
    pub false_refuse: Option<Ratio>,
    pub species: Vec<Species>,
}

/// A point of the detection error trade-off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    pub threshold: f64,
    pub false_accept: f64,
    pub false_reject: f64,
}

/// The smallest rates the set can show: 3/N, the rule of three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Floor {
    pub false_accept: f64,
    pub false_reject: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    pub group: String,
    pub after: Point,
}

/// The group that fares worst beside the one that fares best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    pub worst: String,
    pub best: String,
    /// Rate of the worst over that of the best; `None` where the best had no error.
    pub ratio: Option<f64>,
    /// Their intervals do not meet.
    pub distinguishable: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gaps {
    pub false_accept: Option<Gap>,
    pub false_reject: Option<Gap>,
}

/// A set measured at the thresholds in force and at proposed ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    pub name: String,
    pub check: String,
    pub kind: Kind,
    pub higher_is_better: bool,
    pub before: Point,
    pub after: Point,
    pub det: Vec<CurvePoint>,
    pub floor: Floor,
    pub groups: Vec<Group>,
    pub group_gap: Gaps,
    pub notes: Vec<&'static str>,
}

/// Scores turned so that more is better. What could not be measured lies below everything.
fn turned(item: &Item, higher_is_better: bool) -> f64 {
    match item.score {
        None => f64::NEG_INFINITY,
        Some(score) if higher_is_better => score,
        Some(score) => -score,
    }
}

struct Judge {
    accept: f64,
    refuse: Option<f64>,
    higher_is_better: bool,
}

impl Judge {
    fn of(t: &Thresholds) -> Self {
        let turn = |value: f64| if t.higher_is_better { value } else { -value };
        Self {
            accept: turn(t.accept),
            refuse: t.refuse.map(turn),
            higher_is_better: t.higher_is_better,
        }
    }

    fn accepts(&self, item: &Item) -> bool {
        turned(item, self.higher_is_better) >= self.accept
    }

    fn refuses(&self, item: &Item) -> bool {
        self.refuse
            .is_some_and(|limit| turned(item, self.higher_is_better) < limit)
    }
}

fn count<'a>(
    name: &'static str,
    items: impl Iterator<Item = &'a Item>,
    is_error: impl Fn(&Item) -> bool,
) -> Ratio {
    let (mut errors, mut of) = (0, 0);
    for item in items {
        of += 1;
        errors += u64::from(is_error(item));
    }
    Ratio::new(name, errors, of)
}

/// The interval by drawing people, where every item says whose it is.
fn by_person(items: &[&Item], is_error: impl Fn(&Item) -> bool) -> Option<[f64; 2]> {
    let people: Option<Vec<[u32; 2]>> = items.iter().map(|i| i.people).collect();
    let people = people?;
    let names: BTreeSet<u32> = people.iter().flatten().copied().collect();
    let places: BTreeMap<u32, usize> = names.iter().enumerate().map(|(i, n)| (*n, i)).collect();
    let trials: Vec<(usize, usize, bool)> = items
        .iter()
        .zip(&people)
        .map(|(item, [a, b])| (places[a], places[b], is_error(item)))
        .collect();
    bootstrap_by_group(names.len(), DRAWS, 1, |times| {
        let (mut errors, mut of) = (0_u64, 0_u64);
        for (a, b, error) in &trials {
            let weight = if a == b {
                u64::from(times[*a])
            } else {
                u64::from(times[*a]) * u64::from(times[*b])
            };
            of += weight;
            errors += weight * u64::from(*error);
        }
        (of > 0).then(|| errors as f64 / of as f64)
    })
}

fn point(kind: Kind, items: &[&Item], t: &Thresholds) -> Point {
    let judge = Judge::of(t);
    let (accepted_name, rejected_name) = kind.rates();
    let (genuine, impostor): (Vec<&Item>, Vec<&Item>) =
        items.iter().copied().partition(|i| i.label.is_genuine());
    let accepted = |i: &Item| judge.accepts(i);
    let rejected = |i: &Item| !judge.accepts(i);
    let mut species: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    if kind == Kind::PresentationAttack {
        for item in &impostor {
            let name = item.species.as_deref().unwrap_or("unnamed");
            species.entry(name).or_default().push(item);
        }
    }
    let species: Vec<Species> = species
        .into_iter()
        .map(|(name, items)| Species {
            name: name.to_owned(),
            false_accept: count(accepted_name, items.iter().copied(), accepted)
                .widened(by_person(&items, accepted)),
        })
        .collect();
    let worst = species
        .iter()
        .map(|s| &s.false_accept)
        .max_by(|a, b| {
            let of = |r: &Ratio| (r.rate.unwrap_or(0.0), r.high.unwrap_or(1.0));
            let (x, y) = (of(a), of(b));
            x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1))
        })
        .cloned();
    let all_accepted = || {
        count(accepted_name, impostor.iter().copied(), accepted)
            .widened(by_person(&impostor, accepted))
    };
    Point {
        threshold: t.accept,
        false_accept: worst.unwrap_or_else(all_accepted),
        false_reject: count(rejected_name, genuine.iter().copied(), rejected)
            .widened(by_person(&genuine, rejected)),
        false_refuse: t
            .refuse
            .map(|_| count(rejected_name, genuine.iter().copied(), |i| judge.refuses(i))),
        species,
    }
}

/// The point at which the claims of a proposal are held against a set.
pub fn at(set: &LabelledSet, t: &Thresholds) -> Point {
    let items: Vec<&Item> = set.items.iter().collect();
    point(set.kind, &items, t)
}

/// Measures a set at the thresholds in force and at proposed ones.
pub fn measure(set: &LabelledSet, before: &Thresholds, after: &Thresholds) -> Measured {
    let now = at(set, after);
    let groups: Vec<Group> = set
        .by(|i| i.group.as_ref())
        .into_iter()
        .map(|(name, items)| Group {
            group: name.to_owned(),
            after: point(set.kind, &items, after),
        })
        .collect();
    let of = |genuine| {
        set.items
            .iter()
            .filter(|i| i.label.is_genuine() == genuine)
            .count() as f64
    };
    let mut notes = Vec::new();
    if now.false_accept.few {
        notes.push("few_false_accepts");
    }
    if now.false_reject.few {
        notes.push("few_false_rejects");
    }
    if set.items.iter().any(|i| i.people.is_none()) {
        // Shared people make intervals too narrow, and nothing says who is shared.
        notes.push("people_unknown");
    }
    Measured {
        name: set.name.clone(),
        check: set.check.clone(),
        kind: set.kind,
        higher_is_better: after.higher_is_better,
        before: at(set, before),
        det: curve(set, after.higher_is_better),
        floor: Floor {
            false_accept: 3.0 / of(false),
            false_reject: 3.0 / of(true),
        },
        group_gap: Gaps {
            false_accept: gap(&groups, |p| &p.false_accept),
            false_reject: gap(&groups, |p| &p.false_reject),
        },
        groups,
        after: now,
        notes,
    }
}

fn gap(groups: &[Group], of: fn(&Point) -> &Ratio) -> Option<Gap> {
    let mut rated: Vec<(&str, &Ratio, f64)> = groups
        .iter()
        .filter_map(|g| {
            let ratio = of(&g.after);
            Some((g.group.as_str(), ratio, ratio.rate?))
        })
        .collect();
    rated.sort_by(|a, b| a.2.total_cmp(&b.2));
    let (best, worst) = (rated.first()?, rated.last()?);
    if rated.len() < 2 {
        return None;
    }
    Some(Gap {
        worst: worst.0.to_owned(),
        best: best.0.to_owned(),
        ratio: (best.2 > 0.0).then(|| worst.2 / best.2),
        distinguishable: worst.1.low > best.1.high,
    })
}

/// The curve, thinned where its points lie close on the axes of normal deviates.
fn curve(set: &LabelledSet, higher_is_better: bool) -> Vec<CurvePoint> {
    const STEP: f64 = 0.05;
    let scores = |genuine| -> Vec<f64> {
        let fits = |i: &&Item| i.label.is_genuine() == genuine;
        let all = set.items.iter().filter(fits);
        all.map(|i| turned(i, higher_is_better)).collect()
    };
    let Some(det) = Det::new(&scores(true), &scores(false)) else {
        return Vec::new();
    };
    let mut kept: Vec<CurvePoint> = Vec::new();
    let mut last = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for p in det.points.iter().filter(|p| p.threshold.is_finite()) {
        let here = (normal_deviate(p.fmr), normal_deviate(p.fnmr));
        if (here.0 - last.0).abs() + (here.1 - last.1).abs() < STEP {
            continue;
        }
        last = here;
        kept.push(CurvePoint {
            threshold: if higher_is_better {
                p.threshold
            } else {
                -p.threshold
            },
            false_accept: p.fmr,
            false_reject: p.fnmr,
        });
    }
    let stride = kept.len().div_ceil(POINTS).max(1);
    kept.into_iter().step_by(stride).collect()
}
