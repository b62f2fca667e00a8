//! Groups strips into parallel rows that may form a machine-readable zone. Pure geometry.

use idproof_ports::Point;

use super::strip::Strip;

/// Aspects of a row that starts a group: of a zone's rows as the detector boxes them.
const SEED_ASPECTS: std::ops::RangeInclusive<f32> = 8.0..=45.0;
/// A row of this aspect has a direction of its own.
const DIRECTED: f32 = 8.0;
/// Rows of one zone differ in direction by no more, radians.
const PARALLEL: f32 = 0.1;
/// Rows of one zone lie no further apart, in thicknesses of the seed.
const FURTHEST: f32 = 3.0;
/// Share of the longest row's length from which a row is as long.
const EQUAL: f32 = 0.9;
/// Rows of a zone are at least this share of the longest: fillers may go undetected.
const SHORT: f32 = 0.45;
/// Share of the distance to the next row that a row takes.
const APART: f32 = 0.85;
/// Rows above or below the seed.
const MOST_ROWS: usize = 2;

/// Parallel rows, top to bottom, each stretched to the ends of the longest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub rows: Vec<Strip>,
    /// The longest row as found, before the others were stretched to it.
    pub seed: usize,
    /// How many rows are as long as the longest, 1 to 3.
    equal: usize,
    /// Centres of the rows as found.
    members: Vec<Point>,
}

/// Coordinates along and across a direction.
struct Frame {
    along: (f32, f32),
}

impl Frame {
    fn to(&self, p: Point) -> (f32, f32) {
        let (ux, uy) = self.along;
        (p.x * ux + p.y * uy, p.y * ux - p.x * uy)
    }

    fn from(&self, (u, v): (f32, f32)) -> Point {
        let (ux, uy) = self.along;
        Point::new(u * ux - v * uy, u * uy + v * ux)
    }
}

/// Groups that may be zones, the likeliest first, at most `most`: a zone has rows of equal
/// length, and long ones.
pub(super) fn groups(strips: &[Strip], most: usize) -> Vec<Group> {
    let joined = joined(strips);
    // First rows as they were found: what lies beside a zone would be joined to it.
    let mut groups = Vec::new();
    grouped(strips, |g| g.equal > 1, &mut groups);
    let whole = groups.len();
    grouped(&joined, |_| true, &mut groups);
    groups[whole..].sort_by_key(|g| std::cmp::Reverse(g.equal));
    groups.truncate(most);
    groups
}

fn grouped(strips: &[Strip], wanted: impl Fn(&Group) -> bool, groups: &mut Vec<Group>) {
    let mut longest = strips.to_vec();
    longest.sort_by(|a, b| b.length.total_cmp(&a.length));
    let mut taken: Vec<Point> = groups.iter().flat_map(|g| g.members.clone()).collect();
    for seed in longest
        .iter()
        .filter(|s| SEED_ASPECTS.contains(&s.aspect()))
    {
        if taken.contains(&seed.centre) {
            continue;
        }
        let rows = neighbours(seed, &longest);
        if rows.len() < 2 {
            continue;
        }
        let equal = |r: &&Strip| r.length > EQUAL * seed.length;
        let group = Group {
            seed: rows.iter().position(|r| r == seed).unwrap_or(0),
            equal: rows.iter().filter(equal).count().min(3),
            members: rows.iter().map(|r| r.centre).collect(),
            rows: apart(rows.iter().map(|r| stretched(r, seed)).collect()),
        };
        if wanted(&group) {
            taken.extend(&group.members);
            groups.push(group);
        }
    }
}

/// The direction, in radians within ±90°, of most of the text: the median, lengths as
/// weights, of what has a direction. Level where there is none.
pub(super) fn direction(strips: &[Strip]) -> f32 {
    let longest = strips.iter().filter(|s| s.aspect() > 3.0);
    let Some(main) = longest.clone().max_by(|a, b| a.length.total_cmp(&b.length)) else {
        return 0.0;
    };
    // About the longest, so that ±90° do not cancel out.
    let pi = std::f32::consts::PI;
    let off = |s: &Strip| (s.angle - main.angle + pi / 2.0).rem_euclid(pi) - pi / 2.0;
    let mut weighted: Vec<(f32, f32)> = longest.map(|s| (off(s), s.length)).collect();
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f32 = weighted.iter().map(|w| w.1).sum();
    let mut sum = 0.0;
    let median = weighted.iter().find(|w| {
        sum += w.1;
        2.0 * sum >= total
    });
    let angle = main.angle + median.map_or(0.0, |w| w.0);
    (angle + pi / 2.0).rem_euclid(pi) - pi / 2.0
}

/// Whether the longest row is at least so thick.
pub(super) fn are_clear(strips: &[Strip], thickness: f32) -> bool {
    let rows = strips.iter().filter(|s| SEED_ASPECTS.contains(&s.aspect()));
    rows.max_by(|a, b| a.length.total_cmp(&b.length))
        .is_some_and(|longest| longest.thickness >= thickness)
}

/// Pieces of one row put together: collinear, of like thickness, with a gap the fillers
/// between may have left.
fn joined(strips: &[Strip]) -> Vec<Strip> {
    let mut rows: Vec<Strip> = strips
        .iter()
        .copied()
        .filter(|s| s.aspect() >= 1.5)
        .collect();
    rows.sort_by(|a, b| b.length.total_cmp(&a.length));
    let mut done = Vec::new();
    while !rows.is_empty() {
        let mut row = rows.remove(0);
        while let Some(i) = rows.iter().position(|other| continues(&row, other)) {
            let other = rows.remove(i);
            row = union(&row, &other);
        }
        done.push(row);
    }
    done
}

fn continues(row: &Strip, other: &Strip) -> bool {
    let ratio = other.thickness / row.thickness;
    if !(0.55..=1.8).contains(&ratio) || (other.aspect() > 4.0 && !parallel(row, other)) {
        return false;
    }
    let frame = Frame { along: row.along() };
    let ((u0, v0), (u1, v1)) = (frame.to(row.centre), frame.to(other.centre));
    let gap = (u1 - u0).abs() - (row.length + other.length) / 2.0;
    // A long gap lets the direction drift.
    let drift = 0.35 * row.thickness + 0.02 * gap.max(0.0);
    (v1 - v0).abs() < drift && gap < 8.0 * row.thickness && gap > -1.5 * row.thickness
}

fn parallel(a: &Strip, b: &Strip) -> bool {
    let pi = std::f32::consts::PI;
    let between = (a.angle - b.angle).rem_euclid(pi);
    between.min(pi - between) < PARALLEL
}

/// The box over both, in the direction of the line through their far ends.
fn union(a: &Strip, b: &Strip) -> Strip {
    let frame = Frame { along: a.along() };
    let ends = |s: &Strip| {
        let half = s.length / 2.0;
        // A short piece has no direction of its own.
        let (ux, uy) = if s.aspect() > 4.0 {
            s.along()
        } else {
            a.along()
        };
        [-half, half].map(|t| frame.to(Point::new(s.centre.x + t * ux, s.centre.y + t * uy)))
    };
    let mut all: Vec<(f32, f32)> = ends(a).into_iter().chain(ends(b)).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (first, last) = (frame.from(all[0]), frame.from(all[all.len() - 1]));
    Strip {
        centre: Point::new((first.x + last.x) / 2.0, (first.y + last.y) / 2.0),
        angle: (last.y - first.y).atan2(last.x - first.x),
        length: first.distance(last),
        thickness: a.thickness.max(b.thickness),
    }
}

/// Rows above and below the seed, itself included, top to bottom.
fn neighbours(seed: &Strip, rows: &[Strip]) -> Vec<Strip> {
    let frame = Frame {
        along: seed.along(),
    };
    let (u0, v0) = frame.to(seed.centre);
    let mut near: Vec<(f32, Strip)> = rows
        .iter()
        .filter(|r| {
            let ratio = r.thickness / seed.thickness;
            let overlap = (seed.length + r.length) / 2.0 - (frame.to(r.centre).0 - u0).abs();
            (r.aspect() < 4.0 || parallel(seed, r))
                && (0.5..=2.0).contains(&ratio)
                && overlap > 0.6 * r.length
                && r.length > SHORT * seed.length
        })
        .map(|r| (frame.to(r.centre).1 - v0, *r))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(at) = near.iter().position(|(_, r)| r == seed) else {
        return vec![*seed];
    };
    let close = |a: &(f32, Strip), b: &(f32, Strip)| b.0 - a.0 < FURTHEST * seed.thickness;
    let (mut first, mut last) = (at, at);
    while first > 0 && at - first < MOST_ROWS && close(&near[first - 1], &near[first]) {
        first -= 1;
    }
    while last + 1 < near.len() && last - at < MOST_ROWS && close(&near[last], &near[last + 1]) {
        last += 1;
    }
    near[first..=last].iter().map(|(_, r)| *r).collect()
}

/// Rows so thin that none reaches into the next: the detector's boxes grow thick where its
/// picture is coarse.
fn apart(mut rows: Vec<Strip>) -> Vec<Strip> {
    let across = |a: &Strip, b: &Strip| {
        let frame = Frame { along: a.along() };
        (frame.to(b.centre).1 - frame.to(a.centre).1).abs()
    };
    let nearest = rows
        .windows(2)
        .map(|w| across(&w[0], &w[1]))
        .fold(f32::INFINITY, f32::min);
    for row in &mut rows {
        row.thickness = row.thickness.min(APART * nearest).max(4.0);
    }
    rows
}

/// The row lengthened to the seed's ends, in its own direction where it has one.
fn stretched(row: &Strip, seed: &Strip) -> Strip {
    let (ux, uy) = seed.along();
    let along = match row.along() {
        _ if row.aspect() <= DIRECTED => (ux, uy),
        // Angles near ±90° flip between one row and the next: all read the seed's way.
        (x, y) if x * ux + y * uy < 0.0 => (-x, -y),
        own => own,
    };
    let frame = Frame { along };
    let (u, v) = frame.to(row.centre);
    let (seed_u, _) = frame.to(seed.centre);
    let first = (u - row.length / 2.0).min(seed_u - seed.length / 2.0);
    let last = (u + row.length / 2.0).max(seed_u + seed.length / 2.0);
    Strip {
        centre: frame.from(((first + last) / 2.0, v)),
        angle: along.1.atan2(along.0),
        length: last - first,
        thickness: row.thickness,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(x: f32, y: f32, length: f32) -> Strip {
        Strip {
            centre: Point::new(x, y),
            angle: 0.0,
            length,
            thickness: 20.0,
        }
    }

    #[test]
    fn three_long_rows_form_one_group_and_loose_print_stays_out() {
        let strips = [
            strip(300.0, 340.0, 500.0),
            strip(300.0, 300.0, 498.0),
            strip(300.0, 380.0, 502.0),
            strip(300.0, 60.0, 200.0),
            strip(900.0, 60.0, 40.0),
        ];
        let groups = groups(&strips, 4);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].rows.len(), 3);
        assert!(groups[0].rows.is_sorted_by(|a, b| a.centre.y < b.centre.y));
        assert!(groups[0].rows.iter().all(|r| r.length >= 502.0));
    }

    #[test]
    fn pieces_of_a_row_are_put_together() {
        let strips = [
            strip(150.0, 300.0, 200.0),
            strip(450.0, 303.0, 200.0),
            strip(300.0, 340.0, 500.0),
        ];
        let groups = groups(&strips, 4);
        assert_eq!(groups[0].rows.len(), 2);
        assert!((groups[0].rows[0].length - 500.0).abs() < 5.0);
    }

    #[test]
    fn the_direction_is_that_of_most_of_the_text() {
        let aslant = |angle: f32, length| Strip {
            angle,
            ..strip(100.0, 100.0, length)
        };
        let close = |a: f32, b: f32| (a - b).abs() < 1e-4;
        let strips = [aslant(0.3, 200.0), aslant(0.31, 100.0), aslant(-0.2, 80.0)];
        assert!(close(direction(&strips), 0.3));
        let upright = [
            aslant(1.55, 200.0),
            aslant(-1.56, 180.0),
            aslant(1.56, 100.0),
        ];
        assert!(direction(&upright).abs() > 1.54);
        assert!(close(direction(&[]), 0.0));
    }

    #[test]
    fn a_lone_row_is_no_zone() {
        assert!(groups(&[strip(300.0, 300.0, 500.0)], 4).is_empty());
        assert!(groups(&[], 4).is_empty());
    }
}
