//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod attempt;
mod decode;
mod detect;
mod grid;
mod own;
mod page;
mod part;
mod quick;
mod recognise;
mod rows;
mod strip;
mod tighten;

use idproof_domain::mrz;
use idproof_ports::{
    FoundLines, ModelError, ModelIdentity, PageRead, PageRequest, Point, Quad, RgbImage, TextLine,
    TextReader, ZoneAmong,
};
use opencv::core::Rect as PixelRect;

use crate::graph::fewer_passes;
use crate::runtime::{ModelFile, Net, Runtime};
use attempt::{Attempt, SHORTEST};
use decode::Reading;
use detect::Detector;
use grid::Grid;
use own::LineReader;
use part::{has_room_beside, is_inside, is_off, part_with};
use quick::QuickReader;
use recognise::Recogniser;
use rows::Group;
use strip::Strip;

/// What the longer side is scaled to for finding a zone: coarse first, finer while the text found is too small to tell.
const ZONE_SIDES: [i32; 3] = [640, 960, 1600];
/// What the longer side is scaled to for telling whether there is print beside the documents seen, and how long over
/// its thickness a strip is print.
const COARSE: i32 = 320;
const LONG: f32 = 4.0;
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

    /// Rows of zones are read by this network, and by PP-OCR, which takes over ten times as long, only where this one
    /// reads none: rows that this one reads with a wrong check digit the other reads no better.
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
    fn find_lines(&mut self, image: &RgbImage, side: u32) -> Result<FoundLines, ModelError> {
        let strips = self.lines_of(image, side)?;
        Ok(FoundLines {
            are_clear: is_clear(&strips, image, page::admitted(side)),
            places: strips
                .iter()
                .map(|s| Quad {
                    corners: s.corners(),
                })
                .collect(),
        })
    }

    fn read_mrz_among(
        &mut self,
        image: &RgbImage,
        lines: &[Quad],
    ) -> Result<ZoneAmong, ModelError> {
        let strips: Vec<Strip> = lines.iter().map(|l| Strip::with(&l.corners)).collect();
        let mut best = Attempt::default();
        let others = self.own.is_none();
        self.try_strips(image, &strips, others, &mut best)?;
        Ok(match best {
            best if best.is_as_read() && best.is_perfect() => ZoneAmong::Read(best.lines),
            best if best.is_zone => ZoneAmong::Unsure,
            _ => ZoneAmong::None,
        })
    }

    fn read(
        &mut self,
        image: &RgbImage,
        lines: Option<&[Quad]>,
        request: &PageRequest,
    ) -> Result<PageRead, ModelError> {
        self.read_page(image, lines, request)
    }

    fn is_print_beside(
        &mut self,
        image: &RgbImage,
        documents: &[Quad],
    ) -> Result<bool, ModelError> {
        match part_with(documents, image) {
            Some(_) => self.is_print_off(image, documents),
            None => Ok(true),
        }
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
            let nothing = !best.is_zone && (alone || !self.is_print_off(image, documents)?);
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
        for side in ZONE_SIDES {
            let before = best.rank;
            let mut strips = self.detector.find(image, part, side, turn)?;
            self.try_strips(image, &strips, true, best)?;
            let found = rows::direction(&strips);
            if !best.is_as_read() && (found - turn).abs() > ASLANT {
                // Long rows that do not lie level come out in pieces.
                turn = found;
                strips = self.detector.find(image, part, side, turn)?;
                self.try_strips(image, &strips, true, best)?;
            }
            let clear = !best.is_zone && is_clear(&strips, image, side);
            // Where a finer picture shows the same, another will not show more.
            let settled = best.is_perfect() && best.is_whole() && best.rank == before;
            if best.is_as_read() || settled || clear {
                break;
            }
        }
        Ok(())
    }

    /// Whether a row of print runs beside the documents seen.
    fn is_print_off(&mut self, image: &RgbImage, documents: &[Quad]) -> Result<bool, ModelError> {
        let strips = self.detector.glance(image, COARSE)?;
        let is_print = |s: &Strip| s.aspect() > LONG && is_off(documents, s.centre);
        Ok(strips.iter().any(is_print))
    }

    /// `others`: PP-OCR reads the rows of which our own network reads none.
    fn try_strips(
        &mut self,
        image: &RgbImage,
        strips: &[Strip],
        others: bool,
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        for group in rows::groups(strips, MOST_GROUPS) {
            if best.is_as_read() {
                break;
            }
            self.try_group(image, &group, others, best)?;
        }
        Ok(())
    }

    /// Reads a group, the right way up, and keeps it when it is the best so far.
    fn try_group(
        &mut self,
        image: &RgbImage,
        group: &Group,
        others: bool,
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        let rows = tighten::rows(image, &group.rows).map_err(self.recogniser.vision_error())?;
        let attempt = match self.own_rows(image, &rows, group.seed)? {
            Some(own) => Some(self.on_grid(image, own)?),
            None if others => self.other_rows(image, rows, group.seed)?,
            None => None,
        };
        if let Some(attempt) = attempt {
            best.keep(attempt);
        }
        Ok(())
    }

    /// What PP-OCR makes of rows of which our own network, if it is there, reads none.
    fn other_rows(
        &mut self,
        image: &RgbImage,
        rows: Vec<Strip>,
        seed: usize,
    ) -> Result<Option<Attempt>, ModelError> {
        let mut turned = false;
        let mut reading = self.probe(image, rows[seed])?;
        if reading.confidence < UPRIGHT {
            let other = self.probe(image, rows[seed].turned())?;
            turned = other.confidence > reading.confidence;
            reading = if turned { other } else { reading };
        }
        if reading.signs < FEWEST_SIGNS || reading.text.len() < SHORTEST {
            return Ok(None);
        }
        let (mut strips, mut at) = (rows, seed);
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
        Ok(Some(attempt))
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

/// Whether a zone would have been told from print in the picture, its longer side brought to `side`.
fn is_clear(strips: &[Strip], image: &RgbImage, side: i32) -> bool {
    let longer = image.width().max(image.height()) as f32;
    rows::are_clear(strips, CLEAR * longer / side as f32)
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

/// An OpenCV failure inside the adapter of `net`.
fn vision_error(net: &Net) -> impl Fn(opencv::Error) -> ModelError + '_ {
    move |e| net.error(format!("image preparation failed: {e}"))
}
