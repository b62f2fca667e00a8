use idproof_domain::face::{Calibration, Comparison, Pair};

use super::gather::Album;

/// Two pictures that were compared.
pub struct Compared {
    /// Places in the album. For portraits, `a` is the printed one.
    pub a: usize,
    pub b: usize,
    /// Their people.
    pub people: (usize, usize),
    pub comparison: Comparison,
}

/// Compares every photograph with every later one, or every printed portrait with every other
/// photograph.
pub fn compare(album: &Album, pair: Pair) -> Vec<Compared> {
    let mut all = Vec::new();
    for (a, first) in album.photos.iter().enumerate() {
        let one = match pair {
            Pair::Photographs => &first.template,
            Pair::Portrait => &first.portrait,
        };
        let Some(one) = one else { continue };
        let start = if pair == Pair::Photographs { a + 1 } else { 0 };
        for (b, second) in album.photos.iter().enumerate().skip(start) {
            let Some(other) = second.template.as_ref().filter(|_| a != b) else {
                continue;
            };
            all.push(Compared {
                a,
                b,
                people: (first.person, second.person),
                comparison: one.compare(other),
            });
        }
    }
    all
}

/// A scored pair.
#[derive(Debug, Clone, Copy)]
pub struct Scored {
    /// Log likelihood ratio.
    pub ratio: f64,
    pub a: usize,
    pub b: usize,
    pub people: (usize, usize),
}

/// Pairs of one person and of two, each by falling ratio.
pub struct Pairs {
    pub genuine: Vec<Scored>,
    pub impostor: Vec<Scored>,
}

impl Pairs {
    /// Those of people for whom `counts` holds. A pair that cannot be scored counts as the least
    /// alike: it must not vanish from the figures.
    pub fn score(
        compared: &[Compared],
        calibration: &Calibration,
        counts: impl Fn(usize) -> bool,
    ) -> Self {
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for c in compared {
            if !counts(c.people.0) || !counts(c.people.1) {
                continue;
            }
            let scored = Scored {
                ratio: calibration.log_ratio(&c.comparison).unwrap_or(-1e9),
                a: c.a,
                b: c.b,
                people: c.people,
            };
            if c.people.0 == c.people.1 {
                genuine.push(scored);
            } else {
                impostor.push(scored);
            }
        }
        for pairs in [&mut genuine, &mut impostor] {
            pairs.sort_by(|x, y| y.ratio.total_cmp(&x.ratio));
        }
        Self { genuine, impostor }
    }
}
