//! What an edit leaves in a picture: a portrait without the traces of the compression that all the
//! rest went through before, a line of print on ground without the noise of the ground round it.
//! Scores, never verdicts: a picture compressed once, or made smaller since, has nothing to compare.

use idproof_ports::{ImageReport, Point, Quad, Rect, RgbImage};

use crate::blocks::{Block, Blocks, FREQUENCIES, SIDE, Transform};
use crate::card::Card;
use crate::shown::{Corners, ShownSide};

/// Where things lie in the photograph.
pub(crate) struct Places {
    /// The document, where it was found.
    pub document: Option<Quad>,
    /// The face of its portrait.
    pub face: Option<Quad>,
    /// Fields of the print and rows of the zone.
    pub lines: Vec<Quad>,
}

impl Places {
    /// Of what was read; `face` is the portrait's where it was found in the photograph itself.
    pub fn of(card: Option<&Card>, shown: &ShownSide, face: Option<&Rect>) -> Self {
        let placed = |corners: &Corners| card.map(|c| c.in_photograph(corners));
        let zone = shown.zone.iter().map(|(_, corners)| corners);
        let fields = shown.fields.iter().map(|f| &f.corners);
        let bounds = |r: &Rect| {
            let (right, bottom) = (r.x + r.width, r.y + r.height);
            let corners = [(r.x, r.y), (right, r.y), (right, bottom), (r.x, bottom)];
            Quad {
                corners: corners.map(|(x, y)| Point::new(x, y)),
            }
        };
        Self {
            document: card.map(|c| c.quad),
            face: face
                .map(bounds)
                .or_else(|| shown.portrait.as_ref().and_then(placed)),
            lines: zone.chain(fields).filter_map(placed).collect(),
        }
    }
}

/// What edits left; `None` where nothing could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Edits {
    pub portrait: Option<f64>,
    pub field: Option<f64>,
}

pub(crate) fn edits(image: &RgbImage, report: Option<&ImageReport>, places: &Places) -> Edits {
    let blocks = Blocks::of(image, report);
    let face = places.face.as_ref();
    let of_lines = |line| field(&blocks, line, places.document.as_ref());
    Edits {
        portrait: face.and_then(|face| portrait(&blocks, face, places.document.as_ref())),
        field: places.lines.iter().filter_map(of_lines).reduce(f64::max),
    }
}

/// How many times its size round the face is the portrait, and no ground.
const PORTRAIT: f32 = 2.2;
/// Where no outline was found the ground reaches so many widths and heights of the face.
const GROUND: f32 = 9.0;
/// Blocks that are looked at, of ground and face, and fewest that tell something.
const MOST_GROUND: usize = 5_000;
const MOST_FACE: usize = 2_000;
const FEWEST_GROUND: usize = 64;
const FEWEST_FACE: usize = 16;
/// Magnitudes that are compared: smaller ones every block has, larger ones are rare.
const COMPARED: std::ops::RangeInclusive<usize> = 2..=64;
/// Magnitudes that are counted, and how far round each the curve is made smooth.
const COUNTED: usize = 90;
const SMOOTH: usize = 5;
/// Fewest coefficients of the face that tell something.
const FEWEST: usize = 30;

/// How much less the face fits the comb that an earlier compression left in the coefficients of the
/// document round it, as half of the ground does on the other half's measure: mean difference of the
/// logarithms of how frequent a coefficient is, over those of a smooth curve. About 0 for one picture,
/// whatever was done to it as a whole; of the kind of Lin et al., "Fast, automatic and fine-grained
/// tampered JPEG image detection via DCT coefficient analysis", 2009.
fn portrait(blocks: &Blocks<'_>, face: &Quad, document: Option<&Quad>) -> Option<f64> {
    let around = grown(face, GROUND);
    let ground = blocks.within(
        document.unwrap_or(&around),
        Some(&grown(face, PORTRAIT)),
        MOST_GROUND,
    );
    let face = blocks.within(face, None, MOST_FACE);
    if ground.len() < FEWEST_GROUND || face.len() < FEWEST_FACE {
        return None;
    }
    let transform = Transform::new();
    let all = |places: &[(usize, usize)]| -> Vec<[u16; FREQUENCIES]> {
        let of = |at: &(usize, usize)| transform.magnitudes(&blocks.at(*at));
        places.iter().map(of).collect()
    };
    let (learnt, kept): (Vec<_>, Vec<_>) = all(&ground)
        .into_iter()
        .enumerate()
        .partition(|(i, _)| i % 2 == 0);
    let comb = Comb::of(learnt.into_iter().map(|(_, b)| b));
    let ground = comb.fit(kept.into_iter().map(|(_, b)| b))?;
    let face = comb.fit(all(&face).into_iter())?;
    Some((ground - face).max(0.0))
}

/// By frequency and magnitude: the logarithm of how often it occurs, over that of its neighbours'.
struct Comb(Vec<[f64; COUNTED]>);

impl Comb {
    fn of(blocks: impl Iterator<Item = [u16; FREQUENCIES]>) -> Self {
        let mut counts = vec![[0_u32; COUNTED]; FREQUENCIES];
        for block in blocks {
            for (count, magnitude) in counts.iter_mut().zip(block) {
                count[usize::from(magnitude).min(COUNTED - 1)] += 1;
            }
        }
        Self(counts.iter().map(teeth).collect())
    }

    /// Mean over the coefficients of the blocks; `None` for too few.
    fn fit(&self, blocks: impl Iterator<Item = [u16; FREQUENCIES]>) -> Option<f64> {
        let (mut sum, mut n) = (0.0, 0);
        for block in blocks {
            for (teeth, magnitude) in self.0.iter().zip(block) {
                let magnitude = usize::from(magnitude);
                if COMPARED.contains(&magnitude) {
                    sum += teeth[magnitude];
                    n += 1;
                }
            }
        }
        (n >= FEWEST).then(|| sum / n as f64)
    }
}

/// Over a curve that is smooth in the logarithm, so that it makes no difference how steeply it falls.
fn teeth(counts: &[u32; COUNTED]) -> [f64; COUNTED] {
    let logs = counts.map(|n| f64::from(n).ln_1p());
    std::array::from_fn(|i| {
        let window = i as i64 - SMOOTH as i64..=i as i64 + SMOOTH as i64;
        // Below 0 the same as above it: coefficients have both signs.
        let known = window.filter_map(|k| logs.get(k.unsigned_abs() as usize));
        logs[i] - known.sum::<f64>() / (2 * SMOOTH + 1) as f64
    })
}

/// The ground of a line: what lies between so many times its size and so many.
const NEAR: f32 = 1.3;
const FAR: f32 = 2.2;
/// Squares that are looked at of each, and fewest that tell something.
const MOST_SQUARES: usize = 600;
const FEWEST_SQUARES: usize = 6;
/// The share of squares that is quieter than the noise told: between characters ground shows.
const QUIET: f64 = 0.05;
/// Added to the noise, of luma: rounding alone makes as much.
const ROUNDING: f64 = 0.05;
/// Mean luma between which noise says something.
const TOLD: std::ops::RangeInclusive<f32> = 5.0..=250.0;

/// How much quieter the ground is between the characters of a line than round it, as a logarithm.
/// What was painted over or filled in has no noise of its own.
fn field(blocks: &Blocks<'_>, line: &Quad, document: Option<&Quad>) -> Option<f64> {
    let quiet = |places: Vec<(usize, usize)>| {
        let found = places.into_iter().filter_map(|at| noise(&blocks.at(at)));
        let mut found: Vec<f64> = found.collect();
        if found.len() < FEWEST_SQUARES {
            return None;
        }
        let place = ((found.len() - 1) as f64 * QUIET).round() as usize;
        let (_, value, _) = found.select_nth_unstable_by(place, f64::total_cmp);
        Some(*value + ROUNDING)
    };
    let mut ring = blocks.within(&grown(line, FAR), Some(&grown(line, NEAR)), MOST_SQUARES);
    if let Some(document) = document {
        ring.retain(|at| blocks.lies_in(document, *at));
    }
    let (within, around) = (
        quiet(blocks.within(line, None, MOST_SQUARES))?,
        quiet(ring)?,
    );
    Some((around / within).ln().max(0.0))
}

/// Standard deviation of the noise of one square (Immerkær, "Fast noise variance estimation", 1996),
/// of which only the inside is taken: compression leaves edges between squares.
fn noise(square: &Block) -> Option<f64> {
    let mean = square.iter().flatten().sum::<f32>() / (SIDE * SIDE) as f32;
    if !TOLD.contains(&mean) {
        return None;
    }
    let second = |a: f32, b: f32, c: f32| a - 2.0 * b + c;
    let mut sum = 0.0;
    for x in 1..SIDE - 1 {
        let across = |row: &[f32; SIDE]| second(row[x - 1], row[x], row[x + 1]);
        for rows in square.windows(3) {
            sum += second(across(&rows[0]), across(&rows[1]), across(&rows[2])).abs();
        }
    }
    let mean = sum / ((SIDE - 2) * (SIDE - 2)) as f32 / 6.0;
    Some(f64::from(mean) * (std::f64::consts::PI / 2.0).sqrt())
}

/// The quadrilateral so many times its size, about its middle.
fn grown(quad: &Quad, by: f32) -> Quad {
    let middle = quad.corners.iter().fold(Point::default(), |sum, c| {
        Point::new(sum.x + c.x / 4.0, sum.y + c.y / 4.0)
    });
    let place = |c: Point| {
        Point::new(
            middle.x + (c.x - middle.x) * by,
            middle.y + (c.y - middle.y) * by,
        )
    };
    Quad {
        corners: quad.corners.map(place),
    }
}

#[cfg(test)]
mod tests {
    use idproof_domain::Thresholds;

    use super::*;

    const SIZE: usize = 512;

    /// Compresses as JPEG does, finer waves more coarsely.
    fn compressed(luma: &mut [f32], step: f32) {
        let transform = Transform::new();
        for at in (0..SIZE * SIZE).filter(|i| i % SIDE == 0 && (i / SIZE).is_multiple_of(SIDE)) {
            let place = |y: usize, x: usize| at + y * SIZE + x;
            let block: Block = std::array::from_fn(|y| std::array::from_fn(|x| luma[place(y, x)]));
            let coarse = transform.quantised(&block, |u, v| step + (u + v) as f32 * 0.5);
            for (y, row) in coarse.iter().enumerate() {
                luma[place(y, 0)..place(y, SIDE)].copy_from_slice(row);
            }
        }
    }

    /// Waves of many lengths and noise, the same every time for one `seed`.
    fn texture(seed: u32) -> Vec<f32> {
        let mut state = seed;
        let noise = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (*state >> 16) as f32 / 65_536.0 - 0.5
        };
        (0..SIZE * SIZE)
            .map(|i| {
                let (x, y) = ((i % SIZE) as f32, (i / SIZE) as f32);
                let wave = (x * 0.31 + seed as f32).sin() * (y * 0.17).cos() * 22.0;
                130.0 + wave + (x * y * 0.003).sin() * 14.0 + noise(&mut state) * 30.0
            })
            .collect()
    }

    fn picture(luma: &[f32]) -> RgbImage {
        let data = luma.iter().flat_map(|v| [v.clamp(0.0, 255.0) as u8; 3]);
        RgbImage::from_raw(SIZE as u32, SIZE as u32, data.collect()).unwrap()
    }

    fn square(x: f32, y: f32, width: f32, height: f32) -> Quad {
        let corners = [
            (x, y),
            (x + width, y),
            (x + width, y + height),
            (x, y + height),
        ];
        Quad {
            corners: corners.map(|(x, y)| Point::new(x, y)),
        }
    }

    fn places(face: Option<Quad>, lines: Vec<Quad>) -> Places {
        Places {
            document: Some(square(0.0, 0.0, SIZE as f32, SIZE as f32)),
            face,
            lines,
        }
    }

    #[test]
    fn a_portrait_put_in_does_not_know_the_first_compression() {
        let most = Thresholds::default().document_portrait_edit_max;
        let score = |edit: bool| {
            let mut luma = texture(3);
            compressed(&mut luma, 9.0);
            if edit {
                let other = texture(8);
                for i in 0..SIZE * SIZE {
                    if (100..320).contains(&(i % SIZE)) && (90..330).contains(&(i / SIZE)) {
                        luma[i] = other[i];
                    }
                }
            }
            compressed(&mut luma, 5.0);
            let face = square(130.0, 120.0, 150.0, 170.0);
            edits(&picture(&luma), None, &places(Some(face), vec![]))
                .portrait
                .unwrap()
        };
        let (left_alone, replaced) = (score(false), score(true));
        assert!(left_alone < most / 2.0, "{left_alone}");
        assert!(replaced > most, "{replaced}");
    }

    #[test]
    fn a_line_written_over_has_quiet_ground() {
        let most = Thresholds::default().document_field_edit_max;
        let line = square(100.0, 200.0, 200.0, 36.0);
        let score = |painted: bool| {
            let mut luma = texture(5);
            for (i, v) in luma.iter_mut().enumerate() {
                let (x, y) = (i % SIZE, i / SIZE);
                let here = (92..308).contains(&x) && (194..242).contains(&y);
                if painted && here {
                    *v = 140.0;
                }
                if (105..290).contains(&x) && (205..230).contains(&y) && x % 24 < 5 {
                    *v -= 90.0;
                }
            }
            compressed(&mut luma, 3.0);
            edits(&picture(&luma), None, &places(None, vec![line]))
                .field
                .unwrap()
        };
        let (printed, painted) = (score(false), score(true));
        assert!(printed < most / 2.0, "{printed}");
        assert!(painted > most, "{painted}");
    }

    #[test]
    fn what_is_too_small_or_beyond_the_picture_tells_nothing() {
        let image = picture(&texture(1));
        let dot = square(10.0, 10.0, 6.0, 6.0);
        let beyond = square(900.0, -700.0, 300.0, 90.0);
        let no_number = square(f32::NAN, 0.0, 10.0, 10.0);
        for quad in [dot, beyond, no_number] {
            let found = edits(&image, None, &places(Some(quad), vec![quad]));
            assert_eq!(found, Edits::default());
        }
        assert_eq!(edits(&image, None, &places(None, vec![])), Edits::default());
        let one = RgbImage::from_raw(1, 1, vec![9; 3]).unwrap();
        let found = edits(&one, None, &places(Some(dot), vec![dot]));
        assert_eq!(found, Edits::default());
    }
}
