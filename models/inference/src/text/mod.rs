//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod attempt;
mod decode;
mod detect;
mod grid;
mod own;
mod quick;
mod recognise;
mod rows;
mod strip;
mod tighten;

use idproof_domain::mrz;
use idproof_ports::{
    ModelError, ModelIdentity, PageRead, PageRequest, Point, Quad, Rect, RgbImage, TextLine,
    TextReader,
};
use opencv::core::{Point as PixelPoint, Rect as PixelRect};

use crate::graph::fewer_passes;
use crate::runtime::{ModelFile, Net, Runtime};
use attempt::{Attempt, SHORTEST, mixtures};
use decode::Reading;
use detect::Detector;
use grid::Grid;
use own::LineReader;
use quick::QuickReader;
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
/// What the longer side is scaled to for telling whether there is print beside the documents seen, and how long over
/// its thickness a strip is print.
const COARSE: i32 = 320;
const LONG: f32 = 4.0;
/// The documents seen are looked at with so much round them, as a share of their longer side; not alone where that
/// is most of the picture.
const AROUND: f32 = 0.04;
const MOST: f32 = 0.75;
/// What is beside them is looked at too where it is wider than this share of their shorter side.
const ROOM: f32 = 0.15;
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
/// So many lines read surely tell the way up, each of so many characters.
const FEWEST_TOLD: usize = 2;
const WORD: usize = 4;

/// A lone line is looked at without its margins where they take more than this of it.
const LOOSE: f32 = 0.8;

/// PP-OCR through ONNX Runtime; for zones, with our own network for their rows beside it.
pub struct PpOcr {
    detector: Detector,
    recogniser: Recogniser,
    own: Option<LineReader>,
    quick: Option<QuickReader>,
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
            quick: None,
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

    /// Print is read by this network first; what it does not read surely is left to PP-OCR, which takes over ten times
    /// as long.
    ///
    /// # Errors
    /// A file that cannot be loaded, or that does not name its symbols.
    pub fn with_print_lines(
        mut self,
        runtime: &Runtime,
        lines: &ModelFile,
    ) -> Result<Self, ModelError> {
        self.quick = Some(QuickReader::new(runtime, lines)?);
        Ok(self)
    }
}

impl TextReader for PpOcr {
    fn read(&mut self, image: &RgbImage, request: &PageRequest) -> Result<PageRead, ModelError> {
        let side = i32::try_from(request.side).unwrap_or(i32::MAX);
        let side = side.clamp(LEAST_SIDE, MOST_SIDE) / 32 * 32;
        let mut strips = self.detector.find(image, detect::whole(image), side, 0.0)?;
        strips.retain(|s| may_hold_a_field(s, image, request));
        // First what tells the way up: long enough to be words, and no longer.
        strips.sort_by(|a, b| b.length.total_cmp(&a.length));
        strips.sort_by_key(|s| !TELLING.contains(&s.aspect()));
        let mut turned = false;
        let mut readings = self.quickly(image, &strips)?;
        if request.may_be_turned {
            turned = self.turn_up(image, &mut strips, &mut readings)?;
        }
        let left: Vec<usize> = (0..strips.len())
            .filter(|i| readings[*i].is_none())
            .collect();
        let unread: Vec<Strip> = left.iter().map(|i| strips[*i]).collect();
        for (i, reading) in left.iter().zip(self.recogniser.read(image, &unread)?) {
            readings[*i] = Some(reading);
        }
        let readings = readings
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        let lines = lines(&strips, readings)
            .filter(|l| !l.text.trim().is_empty())
            .collect();
        Ok(PageRead { lines, turned })
    }

    fn read_mrz_lines(
        &mut self,
        image: &RgbImage,
        documents: &[Quad],
    ) -> Result<Vec<TextLine>, ModelError> {
        let mut best = Attempt::default();
        if let Some(part) = part_with(documents, image) {
            self.search(image, part, &mut best)?;
            let alone = !has_room_beside(documents, part, image);
            let nothing = !best.is_zone && (alone || !self.is_print_beside(image, part)?);
            // Rows that reach the edge may go on, and lie on a document that was found too small.
            if best.is_perfect() || nothing || best.rank.is_some() && is_inside(&best.lines, part) {
                return Ok(best.lines);
            }
        }
        self.search(image, detect::whole(image), &mut best)?;
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
        for way in ways {
            match &mut self.own {
                Some(own) => {
                    let first = own.read(image, way)?;
                    let again = own.read_rows(image, &[way], first.text.len())?;
                    readings.extend([first].into_iter().chain(again).map(|r| (way, r)));
                }
                None => readings.push((way, self.probe(image, way)?)),
            }
        }
        // What is read the same more often, then what is surer.
        let alike = |text: &str| readings.iter().filter(|(_, r)| r.text == text).count();
        let best = readings
            .iter()
            .filter(|(_, r)| !r.text.is_empty())
            .max_by(|(_, a), (_, b)| {
                let often = alike(&a.text).cmp(&alike(&b.text));
                often.then(a.confidence.total_cmp(&b.confidence))
            });
        Ok(best.map(|(way, reading)| TextLine {
            corners: on_symbols(way, reading).corners(),
            text: mrz::settle(&reading.text, &reading.sure),
            confidence: reading.confidence,
        }))
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        let mut all = vec![
            self.detector.identity().clone(),
            self.recogniser.identity().clone(),
        ];
        all.extend(self.own.as_ref().map(|own| own.identity().clone()));
        all.extend(self.quick.as_ref().map(|quick| quick.identity().clone()));
        all
    }
}

impl PpOcr {
    /// Looks for a zone in a part of a picture, finer as long as that may show more, and keeps the best.
    fn search(
        &mut self,
        image: &RgbImage,
        part: PixelRect,
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        let mut turn = 0.0;
        let longer = image.width().max(image.height()) as f32;
        for side in ZONE_SIDES {
            let before = best.rank;
            let mut strips = self.detector.find(image, part, side, turn)?;
            self.try_strips(image, &strips, best)?;
            let found = rows::direction(&strips);
            if !best.is_as_read() && (found - turn).abs() > ASLANT {
                // Long rows that do not lie level come out in pieces.
                turn = found;
                strips = self.detector.find(image, part, side, turn)?;
                self.try_strips(image, &strips, best)?;
            }
            let thickest = CLEAR * longer / side as f32;
            let clear = !best.is_zone && rows::are_clear(&strips, thickest);
            // Where a finer picture shows the same, another will not show more.
            let settled = best.is_perfect() && best.is_whole() && best.rank == before;
            if best.is_as_read() || settled || clear {
                break;
            }
        }
        Ok(())
    }

    /// Whether a row of print runs where no document was seen: another document may lie there.
    fn is_print_beside(&mut self, image: &RgbImage, part: PixelRect) -> Result<bool, ModelError> {
        let strips = self.detector.glance(image, COARSE)?;
        let within =
            |s: &Strip| part.contains(PixelPoint::new(s.centre.x as i32, s.centre.y as i32));
        Ok(strips.iter().any(|s| s.aspect() > LONG && !within(s)))
    }

    /// What the small network reads surely, of lines that stand the way up they are given.
    fn quickly(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
    ) -> Result<Vec<Option<Reading>>, ModelError> {
        let Some(quick) = &mut self.quick else {
            return Ok(vec![None; strips.len()]);
        };
        let fitted = tighten::rows(image, strips).map_err(self.recogniser.vision_error())?;
        fitted.iter().map(|s| quick.read(image, *s)).collect()
    }

    /// Lines that the small network does not mostly read as they stand: whether they stand upside down, told by what it
    /// reads then, or else by the other network's reading of the first lines. All of them are turned the way up that
    /// reads, and what was read is kept.
    fn turn_up(
        &mut self,
        image: &RgbImage,
        strips: &mut Vec<Strip>,
        readings: &mut Vec<Option<Reading>>,
    ) -> Result<bool, ModelError> {
        let upright = told(readings);
        if 2 * upright > strips.len() {
            return Ok(false);
        }
        let over: Vec<Strip> = strips.iter().map(|s| s.turned()).collect();
        let found = self.quickly(image, &over)?;
        let turned = told(&found);
        if upright.max(turned) >= FEWEST_TOLD && upright.min(turned) * 2 < upright.max(turned) {
            if turned > upright {
                (*strips, *readings) = (over, found);
            }
            return Ok(turned > upright);
        }
        let probed = strips.len().min(PROBED);
        let upright = self.recogniser.read(image, &strips[..probed])?;
        let sure = |all: &[Reading]| {
            all.iter().map(|r| r.confidence).sum::<f32>() / all.len().max(1) as f32
        };
        let mut best = (false, upright);
        if sure(&best.1) < PRINT_UPRIGHT {
            let turned = self.recogniser.read(image, &over[..probed])?;
            if sure(&turned) > sure(&best.1) {
                best = (true, turned);
                (*strips, *readings) = (over, found);
            }
        }
        for (slot, reading) in readings.iter_mut().zip(best.1) {
            *slot = Some(reading);
        }
        Ok(best.0)
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

/// Whether another document may lie beside the part, or the zone of one whose outline was found too small.
fn has_room_beside(documents: &[Quad], part: PixelRect, image: &RgbImage) -> bool {
    let shorter = |q: &Quad| q.corners[1].distance(q.corners[2]);
    let largest = documents.iter().map(shorter).fold(0.0, f32::max);
    let (right, below) = (part.x + part.width, part.y + part.height);
    let beside = [
        part.x as f32,
        part.y as f32,
        image.width() as f32 - right as f32,
        image.height() as f32 - below as f32,
    ];
    beside.iter().any(|b| *b > ROOM * largest)
}

/// Whether rows lie in the part, one thickness off its edges.
fn is_inside(rows: &[TextLine], part: PixelRect) -> bool {
    let (right, below) = (part.x + part.width, part.y + part.height);
    rows.iter().all(|row| {
        let by = row.corners[1].distance(row.corners[2]);
        row.corners.iter().all(|p| {
            p.x - by > part.x as f32
                && p.y - by > part.y as f32
                && p.x + by < right as f32
                && p.y + by < below as f32
        })
    })
}

/// How many lines of a word or more were read.
fn told(readings: &[Option<Reading>]) -> usize {
    let long = |r: &&Reading| r.text.chars().count() >= WORD;
    readings.iter().flatten().filter(long).count()
}

/// The part of a picture with all the documents seen in it.
fn part_with(documents: &[Quad], image: &RgbImage) -> Option<PixelRect> {
    let corners: Vec<Point> = documents.iter().flat_map(|q| q.corners).collect();
    let bounds = Rect::round(&corners);
    let more = AROUND * bounds.width.max(bounds.height);
    let within = |v: f32, most: u32| v.clamp(0.0, most as f32) as i32;
    let left = within(bounds.x - more, image.width());
    let top = within(bounds.y - more, image.height());
    let right = within(bounds.x + bounds.width + more, image.width());
    let bottom = within(bounds.y + bounds.height + more, image.height());
    let part = PixelRect::new(left, top, right - left, bottom - top);
    let all = image.width() as f32 * image.height() as f32;
    let share = part.width as f32 * part.height as f32 / all.max(1.0);
    (part.width > 0 && part.height > 0 && share < MOST).then_some(part)
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
