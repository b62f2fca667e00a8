//! How the head is turned, from landmarks over time, held against what was asked.

use std::ops::Range;
use std::time::Duration;

use idproof_domain::attack::HeadTurn;
use idproof_domain::challenge::{Direction, Script, ScriptStep};
use idproof_ports::{Landmarks, Point};

/// How long after it is shown a movement is waited for.
const WINDOW: Duration = Duration::from_millis(3_500);
/// How long before it is shown a movement is looked for that came too early.
const EARLIER: Duration = Duration::from_millis(3_000);
/// How far the tip of the nose stands before the eyes, over the distance between them
/// (anthropometry: about 35 mm over 63 mm).
const NOSE: f32 = 0.55;
/// Degrees of looking up for the tip of the nose to reach the level of the eyes, starting from its
/// usual place. Coarse: from stills of raised and level heads.
const UP: f32 = 70.0;

/// The turn of a head in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    pub at: Duration,
    /// Degrees to the person's own left.
    left: f32,
    /// Where the tip of the nose lies between eyes (0) and mouth (1).
    nose: f32,
}

impl Pose {
    /// `None` where the points lie on one another. Recordings are not mirrored: who turns to
    /// their left turns to the right of the picture.
    pub fn of(at: Duration, landmarks: &Landmarks) -> Option<Self> {
        let [left, right, nose, mouth_left, mouth_right] = landmarks.five();
        let middle = |a: Point, b: Point| Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
        let (eyes, mouth) = (middle(left, right), middle(mouth_left, mouth_right));
        let eye = left.distance(right);
        if !eye.is_finite() || eye < 1.0 {
            return None;
        }
        let along = ((right.x - left.x) / eye, (right.y - left.y) / eye);
        let part = |p: Point| {
            let (x, y) = (p.x - eyes.x, p.y - eyes.y);
            (x * along.0 + y * along.1, y * along.0 - x * along.1)
        };
        let (sideways, down) = part(nose);
        let (_, depth) = part(mouth);
        (depth > 0.1 * eye).then(|| Self {
            at,
            left: (sideways / eye / NOSE).atan().to_degrees(),
            nose: down / depth,
        })
    }

    /// Degrees turned this way from a head at rest.
    fn degrees(&self, way: Direction, left: f32, nose: f32) -> f32 {
        match way {
            Direction::Left => self.left - left,
            Direction::Right => left - self.left,
            Direction::Up => (1.0 - self.nose / nose.max(0.05)) * UP,
        }
    }
}

/// Every turn against where the head usually is: degrees to the left, degrees up.
pub(crate) fn track(poses: &[Pose]) -> Vec<(Duration, f64, f64)> {
    let rest = (
        middle(poses.iter().map(|p| p.left)),
        middle(poses.iter().map(|p| p.nose)),
    );
    let (Some(left), Some(nose)) = rest else {
        return Vec::new();
    };
    let degrees = |p: &Pose, way| f64::from(p.degrees(way, left, nose));
    poses
        .iter()
        .map(|p| (p.at, degrees(p, Direction::Left), degrees(p, Direction::Up)))
        .collect()
}

/// How each movement that was asked for was answered; `None` when none was asked for.
pub(crate) fn turns(script: &Script, poses: &[Pose]) -> Option<Vec<HeadTurn>> {
    let asked: Vec<(Direction, Duration)> = script
        .steps
        .iter()
        .filter_map(|s| match s {
            ScriptStep::Head {
                direction,
                after_ms,
            } => Some((*direction, Duration::from_millis(u64::from(*after_ms)))),
            _ => None,
        })
        .collect();
    if asked.is_empty() {
        return None;
    }
    let window = |from: Duration| from..from + WINDOW;
    let resting: Vec<&Pose> = poses
        .iter()
        .filter(|p| asked.iter().all(|(_, from)| !window(*from).contains(&p.at)))
        .collect();
    let rest = (
        middle(resting.iter().map(|p| p.left)),
        middle(resting.iter().map(|p| p.nose)),
    );
    Some(
        asked
            .into_iter()
            .map(|(direction, from)| {
                let within = |time: Range<Duration>| -> Vec<&Pose> {
                    poses.iter().filter(|p| time.contains(&p.at)).collect()
                };
                let before = from.saturating_sub(EARLIER)..from;
                answer(direction, &within(window(from)), &within(before), rest)
            })
            .collect(),
    )
}

/// The second largest turn: one frame alone may be a slip of the landmarks.
fn answer(
    asked: Direction,
    inside: &[&Pose],
    before: &[&Pose],
    rest: (Option<f32>, Option<f32>),
) -> HeadTurn {
    let (Some(left), Some(nose)) = rest else {
        return HeadTurn {
            asked,
            degrees: None,
            otherwise: 0.0,
            early: 0.0,
        };
    };
    let largest = |poses: &[&Pose], way: Direction| {
        let mut all: Vec<f64> = poses
            .iter()
            .map(|p| f64::from(p.degrees(way, left, nose)))
            .collect();
        all.sort_by(|a, b| b.total_cmp(a));
        all.get(1).copied()
    };
    let by = |way| largest(inside, way);
    let others = [Direction::Left, Direction::Right, Direction::Up]
        .into_iter()
        .filter(|d| *d != asked)
        .filter_map(by)
        .fold(0.0, f64::max);
    HeadTurn {
        asked,
        degrees: by(asked),
        otherwise: others,
        early: largest(before, asked).unwrap_or(0.0),
    }
}

fn middle(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut all: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    all.sort_by(f32::total_cmp);
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_domain::Language;

    /// A head of five points in space, turned and projected without perspective.
    fn head(left: f32, up: f32) -> Landmarks {
        let place = |x: f32, y: f32, z: f32| {
            let (sl, cl) = left.to_radians().sin_cos();
            let (su, cu) = up.to_radians().sin_cos();
            let (x, z) = (x * cl + z * sl, z * cl - x * sl);
            Point::new(300.0 + 100.0 * x, 200.0 + 100.0 * (y * cu - z * su))
        };
        let mut points = [Point::default(); 68];
        (36..42).for_each(|i| points[i] = place(-0.5, 0.0, 0.0));
        (42..48).for_each(|i| points[i] = place(0.5, 0.0, 0.0));
        points[30] = place(0.0, 0.55, 0.55);
        points[48] = place(-0.35, 1.0, 0.1);
        points[54] = place(0.35, 1.0, 0.1);
        Landmarks { points }
    }

    fn script(direction: Direction) -> Script {
        Script {
            digits: vec![1, 2, 3],
            language: Language::En,
            steps: vec![ScriptStep::Head {
                direction,
                after_ms: 2_000,
            }],
            adapt: vec![],
        }
    }

    /// Six seconds in which the head turns between 2.4 s and 4 s.
    fn recording(left: f32, up: f32) -> Vec<Pose> {
        (0..30)
            .filter_map(|n| {
                let at = Duration::from_millis(200 * n);
                let turned = (12..20).contains(&n);
                let by = if turned { 1.0 } else { 0.0 };
                Pose::of(at, &head(3.0 + left * by, up * by))
            })
            .collect()
    }

    #[test]
    fn a_turn_as_asked_is_measured_in_degrees() {
        for (direction, left, up) in [
            (Direction::Left, 30.0, 0.0),
            (Direction::Right, -30.0, 0.0),
            (Direction::Up, 0.0, 25.0),
        ] {
            let found = turns(&script(direction), &recording(left, up)).unwrap();
            let degrees = found[0].degrees.unwrap();
            assert!((20.0..45.0).contains(&degrees), "{direction:?} {degrees}");
        }
    }

    #[test]
    fn a_turn_another_way_or_none_is_told() {
        let found = turns(&script(Direction::Left), &recording(-30.0, 0.0)).unwrap()[0];
        assert!(
            found.degrees.unwrap() < 8.0 && found.otherwise > 20.0,
            "{found:?}"
        );
        let found = turns(&script(Direction::Right), &recording(0.0, 0.0)).unwrap()[0];
        assert!(
            found.degrees.unwrap() < 8.0 && found.otherwise < 8.0,
            "{found:?}"
        );
    }

    #[test]
    fn a_turn_at_another_time_does_not_count() {
        let mut early = recording(30.0, 0.0);
        for pose in &mut early {
            pose.at = pose.at.saturating_sub(Duration::from_millis(2_300));
        }
        let found = turns(&script(Direction::Left), &early).unwrap();
        assert!(found[0].degrees.is_none_or(|d| d < 8.0), "{found:?}");
        assert!(found[0].early > 20.0, "{found:?}");
        assert!(
            turns(&script(Direction::Left), &[]).unwrap()[0]
                .degrees
                .is_none()
        );
    }

    #[test]
    fn the_track_is_in_degrees_from_where_the_head_usually_is() {
        let track = track(&recording(30.0, 0.0));
        assert_eq!(track.len(), 30);
        let (_, rest, _) = track[2];
        let (at, turned, _) = track[15];
        assert!(
            rest.abs() < 1.0 && (20.0..45.0).contains(&turned),
            "{track:?}"
        );
        assert_eq!(at, Duration::from_millis(3_000));
        assert!(super::track(&[]).is_empty());
    }

    #[test]
    fn nothing_is_measured_where_nothing_was_asked() {
        let mut none = script(Direction::Up);
        none.steps.clear();
        assert!(turns(&none, &recording(30.0, 0.0)).is_none());
    }
}
