//! What labelled scores say of thresholds, and when they carry a claim.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use idproof_evaluation::claim::{Unsupported, Verdict, support};
use idproof_evaluation::labelled::{Item, Kind, Label, LabelledSet};
use idproof_evaluation::operating::{Ratio, Thresholds, at, measure};

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
    assert!((20..=200).contains(&found.det.len()), "{}", found.det.len());
    for pair in found.det.windows(2) {
        assert!(pair[0].false_accept <= pair[1].false_accept);
        assert!(pair[0].false_reject >= pair[1].false_reject);
        assert!(pair[0].threshold > pair[1].threshold);
    }
    assert!((found.floor.false_accept - 0.0006).abs() < 1e-12);
}

#[test]
fn a_set_that_cannot_be_used_is_named() {
    use idproof_evaluation::labelled::LabelledError as E;
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
