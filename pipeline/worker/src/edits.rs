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
    /// Rows of the zone and lines of the print.
    pub lines: Vec<Quad>,
}

impl Places {
    /// Of what was read; `face` is the portrait's where it was found in the photograph itself.
    pub fn of(
        card: Option<&Card>,
        shown: &ShownSide,
        lines: Vec<Quad>,
        face: Option<&Rect>,
    ) -> Self {
        let placed = |corners: &Corners| card.map(|c| c.in_photograph(corners));
        Self {
            document: card.map(|c| c.quad),
            face: face
                .map(bounds)
                .or_else(|| shown.portrait.as_ref().and_then(placed)),
            lines,
        }
    }
}

/// A box by its corners.
pub(crate) fn bounds(r: &Rect) -> Quad {
    let (right, bottom) = (r.x + r.width, r.y + r.height);
    let corners = [(r.x, r.y), (right, r.y), (right, bottom), (r.x, bottom)];
    Quad {
        corners: corners.map(|(x, y)| Point::new(x, y)),
    }
}

/// What edits left; `None` where nothing could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Edits {
    pub portrait: Option<f64>,
    pub field: Option<f64>,
    pub line: Option<f64>,
}

pub(crate) fn edits(image: &RgbImage, report: Option<&ImageReport>, places: &Places) -> Edits {
    let blocks = Blocks::of(image, report);
    let of_lines = |line| field(&blocks, line, places.document.as_ref());
    let compression = Compression::of(&blocks, places);
    let (portrait, line) = compression.map_or((None, None), |c| {
        let portrait = places.face.as_ref().and_then(|face| c.portrait(face));
        (portrait, c.line(&places.lines))
    });
    Edits {
        portrait,
        field: places.lines.iter().filter_map(of_lines).reduce(f64::max),
        line,
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
/// Fewest coefficients that tell something.
const FEWEST: usize = 30;
/// Blocks that are looked at of each line, and fewest that tell something.
const MOST_OF_LINE: usize = 300;
const FEWEST_OF_LINE: usize = 8;
/// Lines of which one may differ.
const FEWEST_LINES: usize = 4;
/// Standard errors by which it must.
const SURE: f64 = 3.0;

/// What an earlier compression left in the coefficients of the document: about 0 for one picture,
/// whatever was done to it as a whole; of the kind of Lin et al., "Fast, automatic and fine-grained
/// tampered JPEG image detection via DCT coefficient analysis", 2009.
struct Compression<'a> {
    blocks: &'a Blocks<'a>,
    transform: Transform,
    comb: Comb,
    /// How the other half of the ground fits the comb that one half left.
    ground: Fit,
}

impl<'a> Compression<'a> {
    /// Of the document, or of what lies round its face where no outline was found, the portrait left
    /// out. `None` where there is too little of it.
    fn of(blocks: &'a Blocks<'a>, places: &Places) -> Option<Self> {
        let around = places.face.as_ref().map(|face| grown(face, GROUND));
        let portrait = places.face.as_ref().map(|face| grown(face, PORTRAIT));
        let ground = places.document.or(around)?;
        let ground = blocks.within(&ground, portrait.as_ref(), MOST_GROUND);
        if ground.len() < FEWEST_GROUND {
            return None;
        }
        let transform = Transform::new();
        let of = |at: &(usize, usize)| transform.magnitudes(&blocks.at(*at));
        let comb = Comb::of(ground.iter().step_by(2).map(of));
        let ground = comb.fit(ground.iter().skip(1).step_by(2).map(of))?;
        Some(Self {
            blocks,
            transform,
            comb,
            ground,
        })
    }

    fn fit(&self, quad: &Quad, most: usize, fewest: usize) -> Option<Fit> {
        let places = self.blocks.within(quad, None, most);
        let of = |at: &(usize, usize)| self.transform.magnitudes(&self.blocks.at(*at));
        (places.len() >= fewest).then(|| self.comb.fit(places.iter().map(of)))?
    }

    /// How much less the face fits than the document round it: mean difference of the logarithms of
    /// how frequent a coefficient is, over those of a smooth curve.
    fn portrait(&self, face: &Quad) -> Option<f64> {
        let face = self.fit(face, MOST_FACE, FEWEST_FACE)?;
        Some((self.ground.mean - face.mean).max(0.0))
    }

    /// How much less one line fits than half of the lines do, as far as its coefficients make sure.
    /// Characters that were copied within the picture hardly ever lie on its blocks as before.
    fn line(&self, lines: &[Quad]) -> Option<f64> {
        let fit = |line| self.fit(line, MOST_OF_LINE, FEWEST_OF_LINE);
        let fits: Vec<Fit> = lines.iter().filter_map(fit).collect();
        if fits.len() < FEWEST_LINES {
            return None;
        }
        let mut means: Vec<f64> = fits.iter().map(|f| f.mean).collect();
        let middle = means.len() / 2;
        let (_, median, _) = means.select_nth_unstable_by(middle, f64::total_cmp);
        let least = fits.iter().map(|f| f.mean + SURE * f.error);
        least
            .reduce(f64::min)
            .map(|least| (*median - least).max(0.0))
    }
}

/// How blocks fit a comb: the mean over their coefficients, and its standard error.
#[derive(Debug, Clone, Copy)]
struct Fit {
    mean: f64,
    error: f64,
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

    /// `None` for too few coefficients.
    fn fit(&self, blocks: impl Iterator<Item = [u16; FREQUENCIES]>) -> Option<Fit> {
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0);
        for block in blocks {
            for (teeth, magnitude) in self.0.iter().zip(block) {
                let magnitude = usize::from(magnitude);
                if COMPARED.contains(&magnitude) {
                    sum += teeth[magnitude];
                    squares += teeth[magnitude].powi(2);
                    n += 1;
                }
            }
        }
        let mean = sum / n as f64;
        let error = ((squares / n as f64 - mean * mean).max(0.0) / n as f64).sqrt();
        (n >= FEWEST).then_some(Fit { mean, error })
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

/// The ground of a line: what lies beyond so many times its height on every side, and within so many. What was
/// painted over reaches further than the characters.
const NEAR: f32 = 1.0;
const FAR: f32 = 3.0;
/// Squares that are looked at of each, and fewest that tell something.
const MOST_SQUARES: usize = 200;
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
    let mut ring = blocks.within(
        &widened(line, FAR),
        Some(&widened(line, NEAR)),
        MOST_SQUARES,
    );
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

/// The line with so many times its height round it.
fn widened(line: &Quad, by: f32) -> Quad {
    let [a, b, c, d] = line.corners;
    let (length, height) = (a.distance(b), a.distance(d));
    if !(length > 1.0 && height > 1.0) {
        return *line;
    }
    let by = by * height.min(length);
    let across = Point::new((b.x - a.x) / length * by, (b.y - a.y) / length * by);
    let down = Point::new((d.x - a.x) / height * by, (d.y - a.y) / height * by);
    let place = |p: Point, x: f32, y: f32| {
        Point::new(
            p.x + x * across.x + y * down.x,
            p.y + x * across.y + y * down.y,
        )
    };
    Quad {
        corners: [
            place(a, -1.0, -1.0),
            place(b, 1.0, -1.0),
            place(c, 1.0, 1.0),
            place(d, -1.0, 1.0),
        ],
    }
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
    fn a_line_copied_within_the_picture_leaves_the_comb_of_the_first_compression() {
        let most = Thresholds::default().document_line_edit_max;
        let lines: Vec<Quad> = (0..7)
            .map(|i| square(60.0, 40.0 + 64.0 * i as f32, 320.0, 32.0))
            .collect();
        let score = |shift: Option<(usize, usize)>, lines: &[Quad]| {
            let mut luma = texture(4);
            compressed(&mut luma, 9.0);
            if let Some((across, down)) = shift {
                let before = luma.clone();
                for (y, x) in (168..200).flat_map(|y| (60..380).map(move |x| (y, x))) {
                    luma[y * SIZE + x] = before[(y + down) * SIZE + x + across];
                }
            }
            compressed(&mut luma, 5.0);
            edits(&picture(&luma), None, &places(None, lines.to_vec())).line
        };
        let left_alone = score(None, &lines).unwrap();
        assert!(left_alone < most / 2.0, "{left_alone}");
        let copied = score(Some((5, 131)), &lines).unwrap();
        assert!(copied > most, "{copied}");
        // By whole blocks nothing changes, and a few lines have no others to differ from.
        let by_blocks = score(Some((16, 128)), &lines).unwrap();
        assert!(by_blocks < most / 2.0, "{by_blocks}");
        assert_eq!(score(Some((5, 131)), &lines[..3]), None);
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
