//! Printed text: PP-OCR's detector and recogniser, and the search for machine-readable
//! zones with them.

mod decode;
mod detect;
mod recognise;
mod rows;
mod strip;

use idproof_domain::mrz;
use idproof_ports::{ModelError, ModelIdentity, RgbImage, TextLine, TextReader};

use crate::runtime::{ModelFile, Net, Runtime};
use decode::Reading;
use detect::Detector;
use recognise::Recogniser;
use rows::Group;
use strip::Strip;

/// Side the picture is scaled to for reading everything, and for a zone: first, and again
/// when nothing was found.
const SIDE: i32 = 1280;
const ZONE_SIDES: [i32; 2] = [960, 1600];
/// Groups of rows looked at.
const MOST_GROUPS: usize = 4;
/// How much wider than natural a zone is fed: fillers side by side need room.
const STRETCHES: [f32; 2] = [1.0, 1.3];
/// A row with fewer characters, or read with less confidence, is none of a zone.
const SHORTEST: usize = 20;
const LEAST_CONFIDENCE: f32 = 0.35;

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
        let strips = self.detector.find(image, SIDE)?;
        let readings = self.recogniser.read(image, &strips)?;
        Ok(lines(&strips, readings)
            .filter(|l| !l.text.trim().is_empty())
            .collect())
    }

    fn read_mrz_lines(&mut self, image: &RgbImage) -> Result<Vec<TextLine>, ModelError> {
        let mut best = Attempt::default();
        for side in ZONE_SIDES {
            let strips = self.detector.find(image, side)?;
            for group in rows::groups(&strips, MOST_GROUPS) {
                self.try_group(image, &group, &mut best)?;
                if best.is_perfect() {
                    return Ok(best.lines);
                }
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
    /// Reads a group, the right way up, and keeps it when it is the best so far.
    fn try_group(
        &mut self,
        image: &RgbImage,
        group: &Group,
        best: &mut Attempt,
    ) -> Result<(), ModelError> {
        let seed = group.rows[group.seed];
        let both = [seed, seed.turned()];
        let ways = self.recogniser.read_zone(image, &both, 1.0)?;
        let turn = likeness(&ways[1]) > likeness(&ways[0]);
        if ways.iter().all(|r| likeness(r) == 0.0) {
            return Ok(());
        }
        let mut strips = group.rows.clone();
        if turn {
            strips = strips.into_iter().rev().map(Strip::turned).collect();
        }
        for stretch in STRETCHES {
            let readings = self.recogniser.read_zone(image, &strips, stretch)?;
            let attempt = Attempt::new(
                lines(&strips, readings)
                    .filter(|l| l.text.len() >= SHORTEST && l.confidence >= LEAST_CONFIDENCE)
                    .collect(),
            );
            if attempt.beats(best) {
                *best = attempt;
            }
            if best.is_perfect() {
                break;
            }
        }
        Ok(())
    }
}

/// Lines read and how good a zone they make.
#[derive(Default)]
struct Attempt {
    lines: Vec<TextLine>,
    /// Wrong check digits and characters to change of the best proposal.
    rank: Option<(usize, usize)>,
}

impl Attempt {
    fn new(lines: Vec<TextLine>) -> Self {
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        let rank = mrz::correct(&texts)
            .first()
            .map(|c| (c.mrz.wrong_checks(), c.changed));
        Self { lines, rank }
    }

    fn is_perfect(&self) -> bool {
        self.rank.is_some_and(|(wrong, _)| wrong == 0)
    }

    fn beats(&self, other: &Self) -> bool {
        match (self.rank, other.rank) {
            (Some(own), Some(other)) => own < other,
            (own, None) => own.is_some() || self.lines.len() > other.lines.len(),
            (None, Some(_)) => false,
        }
    }
}

/// How much a row reads like one of a zone: 0 where it does not.
fn likeness(reading: &Reading) -> f32 {
    if reading.text.len() < SHORTEST || reading.confidence < LEAST_CONFIDENCE {
        0.0
    } else {
        reading.confidence
    }
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
