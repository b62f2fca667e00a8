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
/// Points of a curve.
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
    fn new(name: &'static str, errors: u64, of: u64) -> Self {
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
    /// Fewer than [`FEWEST_ERRORS`].
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled::Label;

    fn item(label: Label, score: f64) -> Item {
        Item {
            label,
            score: Some(score),
            people: None,
            species: None,
            group: None,
        }
    }

    /// `n` scores of a label, of which `high` lie at 0.9 and the rest at 0.1.
    fn many(label: Label, n: usize, high: usize) -> Vec<Item> {
        (0..n)
            .map(|i| item(label, if i < high { 0.9 } else { 0.1 }))
            .collect()
    }

    fn set(kind: Kind, parts: Vec<Vec<Item>>) -> LabelledSet {
        LabelledSet::new("a set", "face_match", kind, parts.concat())
    }

    const HALF: Thresholds = Thresholds {
        accept: 0.5,
        refuse: Some(0.05),
        higher_is_better: true,
    };

    #[test]
    fn rates_are_counted_at_the_threshold_in_either_direction() {
        let set = set(
            Kind::Comparison,
            vec![
                many(Label::Genuine, 100, 90),
                many(Label::Impostor, 1000, 40),
            ],
        );
        let found = at(&set, &HALF);
        assert_eq!(
            (found.false_accept.errors, found.false_accept.of),
            (40, 1000)
        );
        assert_eq!(
            (found.false_reject.errors, found.false_reject.of),
            (10, 100)
        );
        assert_eq!(found.false_refuse.unwrap().errors, 0);
        assert_eq!(found.false_accept.name, "fmr");
        assert!(!found.false_accept.few && found.false_reject.few);
        let mut mirrored = set.clone();
        for item in &mut mirrored.items {
            item.score = item.score.map(|s| -s);
        }
        let other = at(
            &mirrored,
            &Thresholds {
                accept: -0.5,
                refuse: Some(-0.05),
                higher_is_better: false,
            },
        );
        assert_eq!(other.false_accept, found.false_accept);
        assert_eq!(other.false_reject, found.false_reject);
        // A score that equals the threshold is accepted.
        let equal = at(
            &set,
            &Thresholds {
                accept: 0.9,
                ..HALF
            },
        );
        assert_eq!(equal.false_accept.errors, 40);
    }

    #[test]
    fn what_could_not_be_measured_is_never_accepted() {
        let mut one = set(
            Kind::PresentationAttack,
            vec![many(Label::BonaFide, 1, 1), many(Label::Attack, 1, 1)],
        );
        for item in &mut one.items {
            item.score = None;
        }
        let found = at(
            &one,
            &Thresholds {
                accept: -1e300,
                ..HALF
            },
        );
        assert_eq!(
            (found.false_accept.errors, found.false_reject.errors),
            (0, 1)
        );
    }

    #[test]
    fn the_worst_species_speaks_for_the_attacks() {
        let mut print = many(Label::Attack, 100, 1);
        let mut mask = many(Label::Attack, 20, 10);
        print
            .iter_mut()
            .for_each(|i| i.species = Some("print".into()));
        mask.iter_mut()
            .for_each(|i| i.species = Some("mask".into()));
        let set = set(
            Kind::PresentationAttack,
            vec![many(Label::BonaFide, 10, 9), print, mask],
        );
        let found = at(&set, &HALF);
        assert_eq!((found.false_accept.errors, found.false_accept.of), (10, 20));
        assert_eq!(found.species.len(), 2);
        assert_eq!(found.false_accept.name, "apcer");
    }

    /// Both sides of the rule: data that carry a claim, and each way in which they do not.
    #[test]
    fn a_claim_is_carried_by_enough_errors_and_a_narrow_interval_alone() {
        let of = |errors, of, at_most| support(&Ratio::new("fmr", errors, of), at_most);
        let good = of(60, 130_000, 0.001);
        assert_eq!((good.verdict, good.reasons.len()), (Verdict::Supported, 0));
        // The thirtieth error makes the difference.
        assert_eq!(of(30, 100_000, 0.001).verdict, Verdict::Supported);
        assert_eq!(of(29, 100_000, 0.001).reasons, [Unsupported::TooFewErrors]);
        assert_eq!(of(0, 29_956, 0.001).reasons, [Unsupported::TooFewErrors]);
        let wide = of(40, 100, 0.15).reasons;
        assert_eq!(wide, [Unsupported::IntervalTooWide, Unsupported::Refuted]);
        assert_eq!(of(45, 50_000, 0.001).reasons, [Unsupported::NotShown]);
        assert_eq!(of(600, 100_000, 0.001).reasons, [Unsupported::Refuted]);
        assert_eq!(of(0, 0, 0.5).reasons, [Unsupported::NothingMeasured]);
    }

    #[test]
    fn shared_people_widen_the_interval() {
        // Ten people, a hundred items each; all of two people are wrong.
        let mut items: Vec<Item> = (0..1000_u32)
            .map(|i| {
                let person = i / 100;
                let mut item = item(Label::Genuine, if person < 2 { 0.1 } else { 0.9 });
                item.people = Some([person, person]);
                item
            })
            .collect();
        items.extend(many(Label::Impostor, 10, 0).into_iter().map(|mut i| {
            i.people = Some([0, 1]);
            i
        }));
        let with = at(&set(Kind::Comparison, vec![items.clone()]), &HALF).false_reject;
        items.iter_mut().for_each(|i| i.people = None);
        let without = at(&set(Kind::Comparison, vec![items]), &HALF).false_reject;
        assert_eq!(with.rate, without.rate);
        let width = |r: &Ratio| r.high.unwrap() - r.low.unwrap();
        assert!(width(&with) > 3.0 * width(&without), "{with:?} {without:?}");
    }

    #[test]
    fn groups_are_told_apart_only_where_their_intervals_are() {
        let group = |name: &str, n, low| {
            let mut all = many(Label::Genuine, n, n - low);
            all.iter_mut().for_each(|i| i.group = Some(name.to_owned()));
            all
        };
        let gap = |a, b| {
            let set = set(Kind::Comparison, vec![a, b, many(Label::Impostor, 5, 0)]);
            measure(&set, &HALF, &HALF).group_gap.false_reject.unwrap()
        };
        let far = gap(group("a", 1000, 20), group("b", 1000, 100));
        assert_eq!((far.worst.as_str(), far.distinguishable), ("b", true));
        assert!((far.ratio.unwrap() - 5.0).abs() < 1e-9);
        assert!(!gap(group("a", 20, 1), group("b", 20, 2)).distinguishable);
    }

    #[test]
    fn the_curve_is_short_and_falls() {
        let mut lot = fastrand::Rng::with_seed(3);
        let mut draw = |label, shift: f64| -> Vec<Item> {
            (0..5000).map(|_| item(label, lot.f64() + shift)).collect()
        };
        let parts = vec![draw(Label::Genuine, 0.4), draw(Label::Impostor, 0.0)];
        let found = measure(&set(Kind::Comparison, parts), &HALF, &HALF);
        assert!(
            (20..=POINTS).contains(&found.det.len()),
            "{}",
            found.det.len()
        );
        for pair in found.det.windows(2) {
            assert!(pair[0].false_accept <= pair[1].false_accept);
            assert!(pair[0].false_reject >= pair[1].false_reject);
            assert!(pair[0].threshold > pair[1].threshold);
        }
        assert!((found.floor.false_accept - 0.0006).abs() < 1e-12);
    }

    #[test]
    fn a_set_that_cannot_be_used_is_named() {
        use crate::labelled::LabelledError as E;
        let good = set(
            Kind::Comparison,
            vec![many(Label::Genuine, 2, 2), many(Label::Impostor, 2, 0)],
        );
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(LabelledSet::parse(text.as_bytes()).unwrap(), good);
        let parse = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            LabelledSet::parse(text.replace(from, to).as_bytes()).unwrap_err()
        };
        assert_eq!(parse("labelled-1", "labelled-2"), E::Format);
        assert_eq!(parse("a set", " "), E::Text("name"));
        assert_eq!(
            parse("\"comparison\"", "\"presentation_attack\""),
            E::Label(1)
        );
        assert_eq!(parse("impostor", "genuine"), E::NoImpostor);
        assert_eq!(parse("genuine", "impostor"), E::NoGenuine);
        assert!(matches!(parse("\"kind\"", "\"kin\""), E::Json { .. }));
        assert!(matches!(LabelledSet::parse(b"{"), Err(E::Json { .. })));
        assert!(matches!(parse("0.9", "1e999"), E::Json { .. }));
    }
}
