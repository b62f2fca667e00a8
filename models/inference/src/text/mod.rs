//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod decode;
mod detect;
mod own;
mod recognise;
mod rows;
mod strip;
mod tighten;

use idproof_domain::mrz;
use idproof_ports::{
    ModelError, ModelIdentity, PageRead, PageRequest, Point, RgbImage, TextLine, TextReader,
};

use crate::runtime::{ModelFile, Net, Runtime};
use decode::Reading;
use detect::Detector;
use own::LineReader;
use recognise::Recogniser;
use rows::Group;
use strip::Strip;

/// What the longer side of a page may be scaled to.
const LEAST_SIDE: i32 = 320;
const MOST_SIDE: i32 = 1600;
/// Lines of print that tell the way up, their length over thickness, and the confidence with which
/// they stand upright.
const PROBED: usize = 3;
const TELLING: std::ops::RangeInclusive<f32> = 3.0..=8.0;
const PRINT_UPRIGHT: f32 = 0.9;
/// What the longer side is scaled to for finding a zone: coarse first, finer while the text found is too small to tell.
const ZONE_SIDES: [i32; 3] = [640, 960, 1600];
/// Rows as thick as this, in pixels of the scaled picture, would have been told from a zone.
const CLEAR: f32 = 14.0;
/// Text further from level than this, radians, is looked for in a turned picture.
const ASLANT: f32 = 0.05;
/// Groups of rows looked at in one picture.
const MOST_GROUPS: usize = 6;
/// A row of a zone has at least so many fillers and digits.
const FEWEST_SIGNS: usize = 3;
/// How wide a zone is fed at the first try, as a share of its natural width.
const NATURAL: f32 = 1.0;
/// How much wider than natural a zone is fed at the second try: fillers side by side need
/// room.
const STRETCH: f32 = 1.3;
/// A row with fewer characters, or read with less confidence, is none of a zone.
const SHORTEST: usize = 20;
const LEAST_CONFIDENCE: f32 = 0.35;
/// Symbols a row has, by format.
const WIDTHS: [usize; 3] = [30, 36, 44];
/// Symbols looked for behind a row's end: the shortest row read may be one of the longest format.
const MOST_MISSING: usize = 24;
/// A row read with this confidence stands the right way up.
const UPRIGHT: f32 = 0.5;

/// Share of a level page's width, and length over thickness, above which a line is a title.
const LONGEST: f32 = 0.6;
const WORDY: f32 = 13.0;
/// Sine of the angle from which print on a level page was stamped over it.
const STAMPED: f32 = 0.12;

/// A row that the own network reads with this confidence stands the right way up.
const OWN_UPRIGHT: f32 = 0.85;
/// Rows in which the own network sees so few fillers are none of a zone.
const FEWEST_FILLERS: usize = 5;
/// A lone line is looked at without its margins where they take more than this of it.
const LOOSE: f32 = 0.8;

/// PP-OCR through ONNX Runtime; for zones, with our own network for their rows beside it.
pub struct PpOcr {
    detector: Detector,
    recogniser: Recogniser,
    own: Option<LineReader>,
}

/// Where the rows lie, and what they say.
type Rows = (Vec<Strip>, Vec<TextLine>);

impl PpOcr {
    /// `detection` and `recognition` are the files of PP-OCR v4 (or of like input and
    /// output).
    ///
    /// # Errors
    /// A file that cannot be loaded, or a recogniser that does not bring its characters.
    pub fn new(
        runtime: &Runtime,
        detection: &ModelFile,
        recognition: &ModelFile,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            detector: Detector::new(runtime, detection)?,
            recogniser: Recogniser::new(runtime, recognition)?,
            own: None,
        })
    }

    /// Rows of zones are read by this network first; PP-OCR reads where check digits are wrong.
    ///
    /// # Errors
    /// A file that cannot be loaded, or that does not name its symbols.
    pub fn with_mrz_lines(
        mut self,
        runtime: &Runtime,
        lines: &ModelFile,
    ) -> Result<Self, ModelError> {
        self.own = Some(LineReader::new(runtime, lines)?);
        Ok(self)
    }
}

impl TextReader for PpOcr {
    fn read(&mut self, image: &RgbImage, request: &PageRequest) -> Result<PageRead, ModelError> {
        let side = i32::try_from(request.side).unwrap_or(i32::MAX);
        let side = side.clamp(LEAST_SIDE, MOST_SIDE) / 32 * 32;
        let mut strips = self.detector.find(image, side, 0.0)?;
        strips.retain(|s| may_hold_a_field(s, image, request));
        // First what tells the way up: long enough to be words, and no longer.
        strips.sort_by(|a, b| b.length.total_cmp(&a.length));
        strips.sort_by_key(|s| !TELLING.contains(&s.aspect()));
        let (turned, mut readings) = match request.may_be_turned {
            true => self.way_up(image, &mut strips)?,
            false => (false, Vec::new()),
        };
        readings.extend(self.recogniser.read(image, &strips[readings.len()..])?);
        let lines = lines(&strips, readings)
            .filter(|l| !l.text.trim().is_empty())
            .collect();
        Ok(PageRead { lines, turned })
    }

    fn read_mrz_lines(&mut self, image: &RgbImage) -> Result<Vec<TextLine>, ModelError> {
        let mut best = Attempt::default();
        let mut turn = 0.0;
        let longer = image.width().max(image.height()) as f32;
        for side in ZONE_SIDES {
            let mut strips = self.detector.find(image, side, turn)?;
            self.try_strips(image, &strips, &mut best)?;
            let found = rows::direction(&strips);
            if best.rank.is_none() && (found - turn).abs() > ASLANT {
                // Long rows that do not lie level come out in pieces.
                turn = found;
                strips = self.detector.find(image, side, turn)?;
                self.try_strips(image, &strips, &mut best)?;
            }
            let thickest = CLEAR * longer / side as f32;
            let clear = !best.is_zone && rows::are_clear(&strips, thickest);
            if best.rank.is_some() || clear {
                break;
            }
        }
        Ok(best.lines)
    }

    fn read_mrz_line(&mut self, image: &RgbImage) -> Result<Option<TextLine>, ModelError> {
        let whole = Strip {
            centre: Point::new(image.width() as f32 / 2.0, image.height() as f32 / 2.0),
            angle: 0.0,
            length: image.width() as f32,
            thickness: image.height() as f32,
        };
        let mut ways = vec![whole];
        let tight = tighten::rows(image, &ways).map_err(self.recogniser.vision_error())?[0];
        if tight.thickness < LOOSE * whole.thickness {
            ways.push(tight);
        }
        let mut readings = Vec::new();
        for way in &ways {
            readings.push(match &mut self.own {
                Some(own) => own.read(image, *way)?,
                None => self.probe(image, *way)?,
            });
        }
        let best = lines(&ways, readings)
            .filter(|l| !l.text.is_empty())
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence));
        Ok(best.map(|line| TextLine {
            text: mrz::settle(&line.text),
            ..line
        }))
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        let mut all = vec![
            self.detector.identity().clone(),
            self.recogniser.identity().clone(),
        ];
        all.extend(self.own.as_ref().map(|own| own.identity().clone()));
        all
    }
}

impl PpOcr {
    /// Whether the print stands upside down, told by its first lines; all of them are turned the way
    /// up that reads. What those first lines say.
    fn way_up(
        &mut self,
        image: &RgbImage,
        strips: &mut [Strip],
    ) -> Result<(bool, Vec<Reading>), ModelError> {
        let first = &strips[..strips.len().min(PROBED)];
        let readings = self.recogniser.read(image, first)?;
        let sure = |all: &[Reading]| {
            all.iter().map(|r| r.confidence).sum::<f32>() / all.len().max(1) as f32
        };
        if sure(&readings) >= PRINT_UPRIGHT {
            return Ok((false, readings));
        }
        let turned: Vec<Strip> = first.iter().map(|s| s.turned()).collect();
        let others = self.recogniser.read(image, &turned)?;
        if sure(&others) <= sure(&readings) {
            return Ok((false, readings));
        }
        strips.iter_mut().for_each(|s| *s = s.turned());
        Ok((true, others))
    }

    fn try_strips(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        for group in rows::groups(strips, MOST_GROUPS) {
            if best.is_perfect() {
                break;
            }
            self.try_group(image, &group, best)?;
        }
        Ok(())
    }

    /// Reads a group, the right way up, and keeps it when it is the best so far.
    fn try_group(
        &mut self,
        image: &RgbImage,
        group: &Group,
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        let rows = tighten::rows(image, &group.rows).map_err(self.recogniser.vision_error())?;
        let seed = rows[group.seed];
        let own = self.own_lines(image, &rows, group.seed)?;
        let own = match own {
            Some((upright, read)) => Some(self.lengthened(image, &upright, Attempt::new(read))?),
            None => None,
        };
        if let Some(attempt) = &own {
            best.is_zone |= attempt.is_zone;
            if attempt.beats(best) {
                *best = attempt.clone();
            }
            if best.is_perfect() {
                return Ok(());
            }
        }
        // A line that our own network reads and that has no fillers is print; the other network would
        // cost ten times as much to say so.
        if own.as_ref().is_some_and(|own| !own.may_be_a_zone()) {
            return Ok(());
        }
        let mut turned = false;
        let mut reading = self.probe(image, seed)?;
        if reading.confidence < UPRIGHT {
            let other = self.probe(image, seed.turned())?;
            turned = other.confidence > reading.confidence;
            reading = if turned { other } else { reading };
        }
        if reading.signs < FEWEST_SIGNS || reading.text.len() < SHORTEST {
            return Ok(());
        }
        let (mut strips, mut at) = (rows, group.seed);
        if turned {
            strips = strips.iter().rev().map(|s| s.turned()).collect();
            at = strips.len() - 1 - at;
        }
        let mut others = strips.clone();
        others.remove(at);
        let mut readings = self.recogniser.read_zone(image, &others, NATURAL)?;
        readings.insert(at, reading);
        let mut attempt = Attempt::new(lines(&strips, readings).collect());
        if attempt.is_zone && !attempt.is_perfect() {
            let readings = self.recogniser.read_zone(image, &strips, STRETCH)?;
            let wider = Attempt::new(lines(&strips, readings).collect());
            if wider.beats(&attempt) {
                attempt = wider;
            }
        }
        best.is_zone |= attempt.is_zone;
        if let Some(own) = own.filter(|_| !attempt.is_perfect()) {
            for mixed in mixtures(&own.read, &attempt.read) {
                let mixed = Attempt::new(mixed);
                if mixed.beats(&attempt) {
                    attempt = mixed;
                }
            }
        }
        if attempt.beats(best) {
            *best = attempt;
        }
        Ok(())
    }

    /// Reads rows again that are longer at their end, as long as those of each format are: the
    /// detector misses long runs of fillers, and the check digit that stands alone behind them.
    fn lengthened(
        &mut self,
        image: &RgbImage,
        rows: &[Strip],
        attempt: Attempt,
    ) -> Result<Attempt, ModelError> {
        let symbols = attempt.read.iter().map(|l| l.text.len()).max();
        let Some((own, symbols)) = self.own.as_mut().zip(symbols) else {
            return Ok(attempt);
        };
        let mut best = attempt;
        for width in WIDTHS {
            let missing = width.saturating_sub(symbols);
            if best.is_clean() || !best.is_zone || !(1..=MOST_MISSING).contains(&missing) {
                continue;
            }
            let by = missing as f32 / symbols as f32;
            let longer: Vec<Strip> = rows.iter().map(|r| r.lengthened(by * r.length)).collect();
            let readings = own.read_rows(image, &longer, width)?;
            let longer = Attempt::new(lines(&longer, readings).collect());
            if longer.beats(&best) {
                best = longer;
            }
        }
        Ok(best)
    }

    /// The rows as our own network reads them, the right way up; `None` without it.
    fn own_lines(
        &mut self,
        image: &RgbImage,
        rows: &[Strip],
        seed: usize,
    ) -> Result<Option<Rows>, ModelError> {
        let Some(own) = &mut self.own else {
            return Ok(None);
        };
        let mut rows = rows.to_vec();
        let mut reading = own.read(image, rows[seed])?;
        if reading.confidence < OWN_UPRIGHT {
            let other = own.read(image, rows[seed].turned())?;
            if other.confidence > reading.confidence {
                reading = other;
                rows = rows.iter().rev().map(|s| s.turned()).collect();
            }
        }
        if reading.text.len() < SHORTEST {
            return Ok(None);
        }
        let readings = own.read_rows(image, &rows, reading.text.len())?;
        let read = lines(&rows, readings).collect();
        Ok(Some((rows, read)))
    }

    fn probe(&mut self, image: &RgbImage, strip: Strip) -> Result<Reading, ModelError> {
        let readings = self.recogniser.read_zone(image, &[strip], NATURAL)?;
        Ok(readings.into_iter().next().unwrap_or_default())
    }
}

/// Lines read and how good a zone they make.
#[derive(Clone, Default)]
struct Attempt {
    /// Empty where they make none.
    lines: Vec<TextLine>,
    /// Every row as it was read.
    read: Vec<TextLine>,
    /// Wrong check digits, characters to change and fillers to move of the best proposal.
    rank: Option<(usize, usize, usize)>,
    /// There is a proposal, or a row that looks like the one with the dates.
    is_zone: bool,
}

impl Attempt {
    fn new(mut lines: Vec<TextLine>) -> Self {
        let read = lines.clone();
        lines.retain(|l| l.text.len() >= SHORTEST && l.confidence >= LEAST_CONFIDENCE);
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        let rank = mrz::correct(&texts)
            .first()
            .map(|c| (c.mrz.wrong_checks(), c.changed, c.fillers));
        let is_zone =
            rank.is_some() || texts.iter().any(|t| has_dates(t.as_bytes())) || are_alike(&texts);
        if rank.is_none() {
            lines.clear();
        }
        Self {
            is_zone,
            lines,
            read,
            rank,
        }
    }

    /// It is one, or has the fillers of one.
    fn may_be_a_zone(&self) -> bool {
        let fillers = self.read.iter().flat_map(|l| l.text.bytes());
        self.is_zone || fillers.filter(|b| *b == b'<').count() >= FEWEST_FILLERS
    }

    fn is_perfect(&self) -> bool {
        self.rank.is_some_and(|(wrong, ..)| wrong == 0)
    }

    /// Nothing was wrong, changed or moved.
    fn is_clean(&self) -> bool {
        self.rank == Some((0, 0, 0))
    }

    fn beats(&self, other: &Self) -> bool {
        match (self.rank, other.rank) {
            (Some(own), Some(other)) => own < other,
            (own, None) => own.is_some(),
            (None, Some(_)) => false,
        }
    }
}

/// Each choice of one reading a row, between two readings of the same rows.
fn mixtures(own: &[TextLine], other: &[TextLine]) -> Vec<Vec<TextLine>> {
    if own.len() != other.len() || own.len() > 3 {
        return Vec::new();
    }
    (1..(1_usize << own.len()) - 1)
        .map(|choice| {
            let pick = |k: usize| {
                if choice >> k & 1 == 1 {
                    &own[k]
                } else {
                    &other[k]
                }
            };
            (0..own.len()).map(|k| pick(k).clone()).collect()
        })
        .collect()
}

/// Two rows of nearly the same number of characters, one that a format has.
fn are_alike(texts: &[&str]) -> bool {
    let near = |width: usize| {
        texts
            .iter()
            .filter(|t| t.len().abs_diff(width) <= 2)
            .count()
    };
    [30, 36, 44].into_iter().any(|width| near(width) >= 2)
}

/// Six digits and a check digit, the sex, and digits again or the end: every format has a
/// row with them.
fn has_dates(text: &[u8]) -> bool {
    let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'O' | b'I' | b'B' | b'S' | b'Z');
    (8..text.len()).any(|i| {
        let (before, after) = (&text[i - 7..i], &text[i + 1..text.len().min(i + 8)]);
        matches!(text[i], b'M' | b'F' | b'<')
            && before.iter().all(digit)
            && !after.is_empty()
            && after.iter().filter(|b| digit(b)).count() >= after.len().min(6)
    })
}

fn lines(strips: &[Strip], readings: Vec<Reading>) -> impl Iterator<Item = TextLine> {
    strips
        .iter()
        .zip(readings)
        .map(|(strip, reading)| TextLine {
            corners: strip.corners(),
            text: reading.text,
            confidence: reading.confidence,
        })
}

/// Titles across the whole of a document, what is stamped aslant over it, and print too thin to be
/// a field's are not read.
fn may_hold_a_field(strip: &Strip, image: &RgbImage, request: &PageRequest) -> bool {
    let across = strip.length > LONGEST * image.width() as f32 && strip.aspect() > WORDY;
    let aslant = request.is_level && strip.aspect() > 3.0 && strip.angle.sin().abs() > STAMPED;
    let lowest = request.down_to * image.height() as f32;
    let beside = strip.centre.y < lowest && strip.thickness >= request.thinnest;
    beside && !aslant && !(request.is_level && across)
}

/// An OpenCV failure inside the adapter of `net`.
fn vision_error(net: &Net) -> impl Fn(opencv::Error) -> ModelError + '_ {
    move |e| net.error(format!("image preparation failed: {e}"))
}
