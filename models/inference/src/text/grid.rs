//! Zones are set at a fixed pitch from a common left edge (Doc 9303-3, 4.2.3): the grid on which their symbols stand.

use idproof_ports::Point;

use super::decode::Reading;
use super::strip::Strip;

/// Symbols in a row that tell a pitch.
const FEWEST: usize = 8;
/// Symbols so many times the usual distance apart have others between them that were not read.
const WIDE: f32 = 1.6;
/// Empty symbols before the first and behind the last.
const MARGIN: f32 = 0.8;

/// Where the first symbol of the rows stands and how far apart symbols are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// The common direction of reading.
    along: (f32, f32),
    /// Middle of the first symbol, pixels along that direction.
    first: f32,
    /// Pixels.
    pitch: f32,
}

impl Grid {
    /// As the rows show it, which were read the right way up; `None` where none has enough symbols.
    pub fn of(rows: &[Strip], readings: &[Reading]) -> Option<Self> {
        let seen = rows.iter().zip(readings);
        let seen: Vec<_> = seen.filter(|(_, r)| r.places.len() >= FEWEST).collect();
        let (longest, _) = seen
            .iter()
            .max_by(|a, b| a.0.length.total_cmp(&b.0.length))?;
        let along = longest.along();
        let pitch = seen
            .iter()
            .map(|(row, r)| (r.places.len(), row.length * pitch(&r.places)));
        let (_, pitch) = pitch.max_by_key(|(symbols, _)| *symbols)?;
        let first = seen
            .iter()
            .map(|(row, r)| {
                let before = (r.places[0] - 0.5) * row.length;
                project(row.centre, along) + before
            })
            .fold(f32::INFINITY, f32::min);
        (pitch > 0.0 && first.is_finite()).then_some(Self {
            along,
            first,
            pitch,
        })
    }

    /// The rows from the first symbol on, each `symbols` long, with a margin.
    pub fn rows(&self, rows: &[Strip], symbols: usize) -> Vec<Strip> {
        let length = (symbols as f32 + 2.0 * MARGIN) * self.pitch;
        let middle = self.first + (symbols as f32 - 1.0) / 2.0 * self.pitch;
        let on = |row: &Strip| {
            let by = middle - project(row.centre, self.along);
            let (ux, uy) = row.along();
            Strip {
                centre: Point::new(row.centre.x + by * ux, row.centre.y + by * uy),
                length,
                ..*row
            }
        };
        rows.iter().map(on).collect()
    }
}

/// The mean distance of neighbours, as far as none was lost between them: perspective makes them unequal.
fn pitch(places: &[f32]) -> f32 {
    let mut between: Vec<f32> = places.windows(2).map(|w| w[1] - w[0]).collect();
    between.sort_by(f32::total_cmp);
    let usual = between[between.len() / 2];
    let near = between.iter().filter(|d| **d < WIDE * usual);
    let (sum, count) = near.fold((0.0, 0.0), |(sum, n), d| (sum + d, n + 1.0));
    sum / count
}

fn project(p: Point, (ux, uy): (f32, f32)) -> f32 {
    p.x * ux + p.y * uy
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of symbols ten pixels apart, the first one's middle at `first`.
    fn row(first: f32, y: f32, symbols: usize) -> (Strip, Reading) {
        let length = 10.0 * symbols as f32 + 20.0;
        let strip = Strip {
            centre: Point::new(first - 15.0 + length / 2.0, y),
            angle: 0.0,
            length,
            thickness: 12.0,
        };
        let places = (0..symbols).map(|k| (15.0 + 10.0 * k as f32) / length);
        let reading = Reading {
            text: "A".repeat(symbols),
            places: places.collect(),
            ..Reading::default()
        };
        (strip, reading)
    }

    #[test]
    fn rows_of_unequal_length_get_one_grid() {
        let (rows, readings): (Vec<_>, Vec<_>) = [row(120.0, 50.0, 36), row(110.0, 80.0, 20)]
            .into_iter()
            .unzip();
        let grid = Grid::of(&rows, &readings).unwrap();
        assert!((grid.first - 110.0).abs() < 0.1 && (grid.pitch - 10.0).abs() < 0.1);
        for (at, row) in grid.rows(&rows, 44).iter().enumerate() {
            let left = row.centre.x - row.length / 2.0;
            assert!((left - (110.0 - 13.0)).abs() < 0.2, "{row:?}");
            assert!((row.length - 456.0).abs() < 0.2);
            assert_eq!(row.centre.y, rows[at].centre.y);
        }
    }

    #[test]
    fn too_few_symbols_tell_no_grid() {
        let (strip, reading) = row(100.0, 50.0, 5);
        assert_eq!(Grid::of(&[strip], &[reading]), None);
    }
}
