//! Reads every picture and keeps score.

use std::sync::{Mutex, PoisonError};

use idproof_domain::evidence::{Doubt, Surface};
use idproof_domain::mrz::Correction;
use idproof_domain::{Policy, ReasonCode, judge_document_quality, judge_doubt};
use idproof_ports::{Capability, Clock, ImageReport, MediaDecoder, RgbImage, Stopwatch};
use idproof_worker::{Analysers, FaceTools, Look};
use indicatif::{ProgressBar, ProgressStyle};

use super::material::{About, Picture, Shows, Truth, about_folders};

/// How one picture went.
pub struct Row {
    pub name: String,
    pub outcome: Outcome,
    /// Wall time of the reading, decoding left out.
    pub seconds: f64,
    /// Kept where something was missed.
    pub picture: Option<RgbImage>,
}

impl Row {
    /// What the picture is: as `truth.tsv` or its folders say.
    pub fn about(&self) -> Option<About> {
        let by_folders = || Some(about_folders(&self.name)?.0);
        self.outcome.about().or_else(by_folders)
    }

    /// The type of the edit.
    pub fn edit(&self) -> Option<&str> {
        about_folders(&self.name)?.1
    }

    /// An edit, or a picture that edits are held against.
    fn is_about_edits(&self) -> bool {
        let about = about_folders(&self.name).map(|a| a.0);
        matches!(
            about,
            Some(About::Legible | About::EditedPortrait | About::EditedField)
        )
    }
}

pub enum Outcome {
    /// The picture could not be decoded or a model failed; why.
    Failed(String),
    Document {
        zone: Option<Box<Correction>>,
        truth: Option<Truth>,
        /// Why the quality gate of the shipped policy asks for another picture; empty: it does not.
        gate: Vec<ReasonCode>,
        /// What the shipped policy suspects.
        suspected: Vec<ReasonCode>,
        surface: Surface,
        doubt: Box<Doubt>,
        /// `None` where faces cannot be looked for.
        portrait: Option<bool>,
    },
    Line {
        read: String,
        truth: String,
    },
}

impl Outcome {
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Document { zone: Some(z), .. } if z.mrz.all_checks_valid())
    }

    /// Exactly as written down; `None` where nothing is.
    pub fn is_exact(&self) -> Option<bool> {
        match self {
            Self::Document { zone, truth, .. } => {
                let truth = &truth.as_ref()?.lines;
                Some(zone.as_ref().is_some_and(|z| &z.lines == truth))
            }
            Self::Line { read, truth } => Some(read == truth),
            Self::Failed(_) => None,
        }
    }

    /// What somebody wrote down that the picture is.
    fn about(&self) -> Option<About> {
        match self {
            Self::Document { truth, .. } => truth.as_ref()?.about,
            _ => None,
        }
    }

    /// Whether the quality gate lets the picture through.
    pub fn passes_gate(&self) -> Option<bool> {
        match self {
            Self::Document { gate, .. } => Some(gate.is_empty()),
            _ => None,
        }
    }

    /// Whether the picture is suspected for this reason.
    pub fn is_suspected(&self, of: ReasonCode) -> Option<bool> {
        match self {
            Self::Document { suspected, .. } => Some(suspected.contains(&of)),
            _ => None,
        }
    }

    fn is_missed(&self) -> bool {
        match self {
            Self::Document { .. } => !self.is_valid() || self.is_exact() == Some(false),
            _ => self.is_exact() != Some(true),
        }
    }
}

pub struct Measures<'a> {
    analysers: &'a Analysers,
    decoder: &'a dyn MediaDecoder,
    clock: &'a dyn Clock,
    /// The shipped one.
    policy: Policy,
    pub rows: Vec<Row>,
}

/// Pictures of failures kept for the page.
const MOST_KEPT: usize = 200;

impl<'a> Measures<'a> {
    pub fn new(
        analysers: &'a Analysers,
        decoder: &'a dyn MediaDecoder,
        clock: &'a dyn Clock,
        policy: Policy,
    ) -> Self {
        Self {
            analysers,
            decoder,
            clock,
            policy,
            rows: Vec::new(),
        }
    }

    pub fn all(&mut self, pictures: &[Picture]) {
        let bar = ProgressBar::new(pictures.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} left") {
            bar.set_style(style);
        }
        let mut kept = 0;
        for picture in pictures {
            let mut row = self.one(picture);
            if row.outcome.is_missed() && kept < MOST_KEPT {
                kept += 1;
            } else {
                row.picture = None;
            }
            self.rows.push(row);
            bar.inc(1);
        }
        bar.finish_and_clear();
    }

    fn one(&self, picture: &Picture) -> Row {
        let failed = |why: String| Row {
            name: picture.name.clone(),
            outcome: Outcome::Failed(why),
            seconds: 0.0,
            picture: None,
        };
        let (image, report) = match self.decoder.decode_image(&picture.path.as_path().into()) {
            Ok(decoded) => (decoded.image, decoded.report),
            Err(e) => return failed(e.to_string()),
        };
        let watch = Stopwatch::start(self.clock);
        let read = match &picture.shows {
            Shows::Document(truth) => self.document(&image, truth.clone()),
            Shows::Line(truth) => self.line(&image, truth),
        };
        let seconds = watch.elapsed().as_secs_f64();
        match read {
            Ok(outcome) => {
                let mut row = Row {
                    name: picture.name.clone(),
                    outcome: self.with_portrait(outcome, &image),
                    seconds,
                    picture: None,
                };
                if row.is_about_edits()
                    && let Err(why) = self.add_edits(&mut row.outcome, &image, &report)
                {
                    return failed(why);
                }
                row.picture = Some(image);
                row
            }
            Err(why) => failed(why),
        }
    }

    fn document(&self, image: &RgbImage, truth: Option<Truth>) -> Result<Outcome, String> {
        let Look {
            zone,
            surface,
            doubt,
        } = idproof_worker::look(self.analysers, image)?;
        let thresholds = self.policy.thresholds();
        Ok(Outcome::Document {
            zone: zone.map(Box::new),
            truth,
            gate: judge_document_quality(std::slice::from_ref(&surface), thresholds).reasons,
            suspected: judge_doubt(std::slice::from_ref(&doubt), &self.policy).reasons,
            surface,
            doubt: Box::new(doubt),
            portrait: None,
        })
    }

    fn line(&self, image: &RgbImage, truth: &str) -> Result<Outcome, String> {
        let text = self.analysers.text.as_ref().map_err(ToString::to_string)?;
        let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
        let line = text.read_mrz_line(image).map_err(|e| e.to_string())?;
        Ok(Outcome::Line {
            read: line.map(|l| l.text).unwrap_or_default(),
            truth: truth.to_owned(),
        })
    }

    /// What edits left, and what is suspected by it: on its own, since the print is read for it.
    fn add_edits(
        &self,
        outcome: &mut Outcome,
        image: &RgbImage,
        report: &ImageReport,
    ) -> Result<(), String> {
        if let Outcome::Document {
            doubt, suspected, ..
        } = outcome
        {
            let edits = idproof_worker::edits_of(self.analysers, image, report)?;
            doubt.portrait = edits.portrait;
            doubt.field = edits.field;
            doubt.line = edits.line;
            *suspected = judge_doubt(std::slice::from_ref(&**doubt), &self.policy).reasons;
        }
        Ok(())
    }

    /// Whether a face is on the document, as sure as the shipped policy wants it.
    fn with_portrait(&self, mut outcome: Outcome, image: &RgbImage) -> Outcome {
        let faces: &Capability<Mutex<FaceTools>> = &self.analysers.faces;
        if let (Outcome::Document { portrait, .. }, Ok(faces)) = (&mut outcome, faces) {
            let mut faces = faces.lock().unwrap_or_else(PoisonError::into_inner);
            let sure = self.policy.thresholds().document_portrait_score;
            *portrait = faces
                .finder
                .find(image)
                .ok()
                .map(|found| found.iter().any(|f| f64::from(f.score) >= sure));
        }
        outcome
    }
}

/// Levenshtein distance in characters.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("AB", "", 2),
            ("KITTEN", "SITTING", 3),
            ("A<<B", "A<B", 1),
        ] {
            assert_eq!(distance(a, b), wanted);
            assert_eq!(distance(b, a), wanted);
        }
    }

    #[test]
    fn a_line_is_exact_or_missed() {
        let line = |read: &str| Outcome::Line {
            read: read.into(),
            truth: "P<UTO".into(),
        };
        assert_eq!(line("P<UTO").is_exact(), Some(true));
        assert!(!line("P<UTO").is_missed());
        assert!(line("P<UT0").is_missed());
        assert!(Outcome::Failed("no".into()).is_missed());
    }
}
