//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod decode;
mod detect;
mod recognise;
mod rows;
mod strip;
mod tighten;

use idproof_domain::mrz;
use idproof_ports::{ModelError, ModelIdentity, RgbImage, TextLine, TextReader};

use crate::runtime::{ModelFile, Net, Runtime};
use decode::Reading;
use detect::Detector;
use recognise::Recogniser;
use rows::Group;
use strip::Strip;

/// What the picture's longer side is scaled to for reading everything.
const SIDE: i32 = 1280;
/// The same for a zone: coarse first, finer while the text found is too small to tell.
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
/// A row read with this confidence stands the right way up.
const UPRIGHT: f32 = 0.5;

/// PP-OCR through ONNX Runtime.
pub struct PpOcr {
    detector: Detector,
    recogniser: Recogniser,
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
        Ok(Self {
            detector: Detector::new(runtime, detection)?,
            recogniser: Recogniser::new(runtime, recognition)?,
        })
    }
}

impl TextReader for PpOcr {
    fn read(&mut self, image: &RgbImage) -> Result<Vec<TextLine>, ModelError> {
        let strips = self.detector.find(image, SIDE, 0.0)?;
        let readings = self.recogniser.read(image, &strips)?;
        Ok(lines(&strips, readings)
            .filter(|l| !l.text.trim().is_empty())
            .collect())
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

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![
            self.detector.identity().clone(),
            self.recogniser.identity().clone(),
        ]
    }
}

impl PpOcr {
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
        if attempt.beats(best) {
            *best = attempt;
        }
        Ok(())
    }

    fn probe(&mut self, image: &RgbImage, strip: Strip) -> Result<Reading, ModelError> {
        let readings = self.recogniser.read_zone(image, &[strip], NATURAL)?;
        Ok(readings.into_iter().next().unwrap_or_default())
    }
}

/// Lines read and how good a zone they make.
#[derive(Default)]
struct Attempt {
    /// Empty where they make none.
    lines: Vec<TextLine>,
    /// Wrong check digits, characters to change and fillers to move of the best proposal.
    rank: Option<(usize, usize, usize)>,
    /// There is a proposal, or a row that looks like the one with the dates.
    is_zone: bool,
}

impl Attempt {
    fn new(mut lines: Vec<TextLine>) -> Self {
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
            rank,
        }
    }

    fn is_perfect(&self) -> bool {
        self.rank.is_some_and(|(wrong, ..)| wrong == 0)
    }

    fn beats(&self, other: &Self) -> bool {
        match (self.rank, other.rank) {
            (Some(own), Some(other)) => own < other,
            (own, None) => own.is_some(),
            (None, Some(_)) => false,
        }
    }
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

/// An OpenCV failure inside the adapter of `net`.
fn vision_error(net: &Net) -> impl Fn(opencv::Error) -> ModelError + '_ {
    move |e| net.error(format!("image preparation failed: {e}"))
}
