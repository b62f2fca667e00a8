//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod attempt;
mod decode;
mod detect;
mod grid;
mod own;
mod recognise;
mod rows;
mod strip;
mod tighten;

use idproof_domain::mrz;
use idproof_ports::{
    ModelError, ModelIdentity, PageRead, PageRequest, Point, RgbImage, TextLine, TextReader,
};

use crate::graph::fewer_passes;
use crate::runtime::{ModelFile, Net, Runtime};
use attempt::{Attempt, SHORTEST, mixtures};
use decode::Reading;
use detect::Detector;
use grid::Grid;
use own::LineReader;
use recognise::Recogniser;
use rows::Group;
use strip::Strip;

/// What the longer side of a page may be scaled to.
const LEAST_SIDE: i32 = 320;
const MOST_SIDE: i32 = 1600;
/// Lines of print that tell the way up, their length over thickness, and the confidence with which
/// they stand upright: the same lines upside down came to 0.05 to 0.48 on 27 documents.
const PROBED: usize = 3;
const TELLING: std::ops::RangeInclusive<f32> = 3.0..=8.0;
const PRINT_UPRIGHT: f32 = 0.75;
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
/// Symbols a row has, by format, the most first: what ends a shorter row would be read of a longer one too.
const WIDTHS: [usize; 3] = [44, 36, 30];
/// A row is read as long as a format has it, and once more by the pitch that this showed: perspective changes it.
const ROUNDS: usize = 2;
/// A row read with this confidence stands the right way up.
const UPRIGHT: f32 = 0.5;

/// Share of a level page's width, and length over thickness, above which a line is a title.
const LONGEST: f32 = 0.6;
const WORDY: f32 = 13.0;
/// What runs along so much of a level page's width, so long over its thickness and this near to its upper edge, as a
/// share of its height, is its title: no field stands there.
const TITLE: f32 = 0.4;
const TITLE_ASPECT: f32 = 10.0;
const TOP: f32 = 0.08;
/// Sine of the angle from which print on a level page was stamped over it.
const STAMPED: f32 = 0.12;

/// Fillers that the own network sees in a row which stands the right way up. Upside down it sees letters and digits in
/// their places or nothing, and is as sure of them.
const UPRIGHT_FILLERS: usize = 2;
/// A lone line is looked at without its margins where they take more than this of it.
const LOOSE: f32 = 0.8;

/// PP-OCR through ONNX Runtime; for zones, with our own network for their rows beside it.
pub struct PpOcr {
    detector: Detector,
    recogniser: Recogniser,
    own: Option<LineReader>,
}

/// Where rows lie, the right way up, and what our own network reads there.
struct OwnRows {
    rows: Vec<Strip>,
    readings: Vec<Reading>,
}

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
        let lean = |model: &ModelFile| ModelFile {
            identity: model.identity.clone(),
            bytes: fewer_passes(&model.bytes),
        };
        Ok(Self {
            detector: Detector::new(runtime, &lean(detection))?,
            recogniser: Recogniser::new(runtime, &lean(recognition))?,
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
            let before = best.rank;
            let mut strips = self.detector.find(image, side, turn)?;
            self.try_strips(image, &strips, &mut best)?;
            let found = rows::direction(&strips);
            if !best.is_as_read() && (found - turn).abs() > ASLANT {
                // Long rows that do not lie level come out in pieces.
                turn = found;
                strips = self.detector.find(image, side, turn)?;
                self.try_strips(image, &strips, &mut best)?;
            }
            let thickest = CLEAR * longer / side as f32;
            let clear = !best.is_zone && rows::are_clear(&strips, thickest);
            // Where a finer picture shows the same, another will not show more.
            let settled = best.is_perfect() && best.is_whole() && best.rank == before;
            if best.is_as_read() || settled || clear {
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
            if best.is_as_read() {
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
        let own = match self.own_rows(image, &rows, group.seed)? {
            Some(own) => Some(self.on_grid(image, own)?),
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

    /// Reads rows again as long as those of each format are, from where the first symbol of any of them stands: the
    /// detector misses long runs of fillers, and the check digit that stands alone behind them.
    fn on_grid(&mut self, image: &RgbImage, own: OwnRows) -> Result<Attempt, ModelError> {
        let OwnRows { rows, readings } = own;
        let grid = Grid::of(&rows, &readings);
        let mut best = Attempt::new(lines(&rows, readings).collect());
        let Some((reader, grid)) = self.own.as_mut().zip(grid) else {
            return Ok(best);
        };
        if !best.is_zone || best.is_settled() {
            return Ok(best);
        }
        for width in WIDTHS {
            let mut grid = grid;
            for _ in 0..ROUNDS {
                let rows = grid.rows(&rows, width);
                let readings = reader.read_rows(image, &rows, width)?;
                let next = Grid::of(&rows, &readings);
                let attempt = Attempt::new(lines(&rows, readings).collect());
                let clean = attempt.is_clean();
                if attempt.beats(&best) {
                    best = attempt;
                }
                match next.filter(|_| !clean) {
                    Some(next) => grid = next,
                    None => break,
                }
            }
            if best.is_clean() {
                break;
            }
        }
        Ok(best)
    }

    /// The rows as our own network reads them, the right way up; `None` without it.
    fn own_rows(
        &mut self,
        image: &RgbImage,
        rows: &[Strip],
        seed: usize,
    ) -> Result<Option<OwnRows>, ModelError> {
        let Some(own) = &mut self.own else {
            return Ok(None);
        };
        let mut rows = rows.to_vec();
        let mut reading = own.read(image, rows[seed])?;
        if reading.fillers() < UPRIGHT_FILLERS {
            let other = own.read(image, rows[seed].turned())?;
            let sure = |r: &Reading| (r.fillers().min(UPRIGHT_FILLERS), r.confidence);
            if sure(&other) > sure(&reading) {
                reading = other;
                rows = rows.iter().rev().map(|s| s.turned()).collect();
            }
        }
        if reading.text.len() < SHORTEST {
            return Ok(None);
        }
        let readings = own.read_rows(image, &rows, reading.text.len())?;
        Ok(Some(OwnRows { rows, readings }))
    }

    fn probe(&mut self, image: &RgbImage, strip: Strip) -> Result<Reading, ModelError> {
        let readings = self.recogniser.read_zone(image, &[strip], NATURAL)?;
        Ok(readings.into_iter().next().unwrap_or_default())
    }
}

fn lines(strips: &[Strip], readings: Vec<Reading>) -> impl Iterator<Item = TextLine> {
    strips
        .iter()
        .zip(readings)
        .map(|(strip, reading)| TextLine {
            corners: on_symbols(strip, &reading).corners(),
            text: reading.text,
            confidence: reading.confidence,
        })
}

/// The strip from the first symbol's beginning to the last one's end, where the reading tells their places.
fn on_symbols(strip: &Strip, reading: &Reading) -> Strip {
    let [first, .., last] = reading.places[..] else {
        return *strip;
    };
    let gaps = (reading.places.len() - 1) as f32;
    let length = (last - first) * (gaps + 1.0) / gaps;
    let by = ((first + last) / 2.0 - 0.5) * strip.length;
    let (ux, uy) = strip.along();
    Strip {
        centre: Point::new(strip.centre.x + by * ux, strip.centre.y + by * uy),
        length: length * strip.length,
        ..*strip
    }
}

/// Titles across the whole of a document, what is stamped aslant over it, and print too thin to be
/// a field's are not read.
fn may_hold_a_field(strip: &Strip, image: &RgbImage, request: &PageRequest) -> bool {
    let across = strip.length > LONGEST * image.width() as f32 && strip.aspect() > WORDY;
    let title = strip.length > TITLE * image.width() as f32
        && strip.aspect() > TITLE_ASPECT
        && strip.centre.y < TOP * image.height() as f32;
    let aslant = request.is_level && strip.aspect() > 3.0 && strip.angle.sin().abs() > STAMPED;
    let lowest = request.down_to * image.height() as f32;
    let beside = strip.centre.y < lowest && strip.thickness >= request.thinnest;
    beside && !aslant && !(request.is_level && (across || title))
}

/// An OpenCV failure inside the adapter of `net`.
fn vision_error(net: &Net) -> impl Fn(opencv::Error) -> ModelError + '_ {
    move |e| net.error(format!("image preparation failed: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_along_the_upper_edge_holds_no_field_and_a_label_there_may() {
        let image = RgbImage::from_raw(1000, 630, vec![0; 1000 * 630 * 3]).unwrap();
        let held = |length: f32, y: f32, is_level: bool| {
            let strip = Strip {
                centre: Point::new(400.0, y),
                angle: 0.0,
                length,
                thickness: 35.0,
            };
            let request = PageRequest {
                side: 640,
                may_be_turned: false,
                is_level,
                down_to: 1.0,
                thinnest: 10.0,
            };
            may_hold_a_field(&strip, &image, &request)
        };
        assert!(!held(500.0, 25.0, true));
        assert!(held(300.0, 25.0, true));
        assert!(held(500.0, 70.0, true));
        assert!(held(500.0, 25.0, false));
    }
}
