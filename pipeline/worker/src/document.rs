use std::sync::Mutex;

use idproof_domain::declared::{DeclaredIdentity, compare};
use idproof_domain::evidence::{DeclaredField, Portrait, Zone};
use idproof_domain::mrz::{self, Correction, Era, Mrz};
use idproof_domain::{Measured, ReasonCode};
use idproof_ports::{
    Capability, DecodedImage, Embedding, Face, ImageReport, MediaDecoder, MediaError, ModelError,
    ModelIdentity, RgbImage, TextReader,
};
use time::Date;

use crate::analyse::lock;
use crate::case::{Analysers, CaseInput, FaceTools, InputError, is_input_fault};

/// What the photographs of the document gave.
pub(crate) struct DocumentFindings {
    pub portrait: Measured<Option<Portrait>>,
    /// The portrait's embedding, where there is a portrait.
    pub embedding: Option<Embedding>,
    pub zone: Measured<Option<Zone>>,
    pub declared: Option<Measured<Vec<DeclaredField>>>,
    pub models: Vec<ModelIdentity>,
    pub reports: Vec<ImageReport>,
}

/// Reads every side; the portrait is the best face of any side.
pub(crate) fn read(
    decoder: &dyn MediaDecoder,
    analysers: &Analysers,
    input: &CaseInput,
) -> Result<DocumentFindings, InputError> {
    let mut reading = Reading::default();
    let mut reports = Vec::new();
    for (i, file) in input.documents.iter().enumerate() {
        match decoder.decode_image(file) {
            Ok(DecodedImage { image, report }) => {
                reports.push(report);
                reading.zone_of(&analysers.text, &image);
                reading.portrait_of(&analysers.faces, &image);
            }
            Err(source) if is_input_fault(&source) => {
                return Err(InputError::Document {
                    number: i + 1,
                    source,
                });
            }
            Err(e) => reading.decoder_error = Some(e),
        }
    }
    Ok(reading.conclude(input, reports))
}

#[derive(Default)]
struct Reading {
    portrait: Option<(Portrait, Embedding)>,
    zones: Vec<Correction>,
    face_problem: Option<(ReasonCode, String)>,
    text_problem: Option<(ReasonCode, String)>,
    decoder_error: Option<MediaError>,
    models: Vec<ModelIdentity>,
}

impl Reading {
    fn zone_of(&mut self, reader: &Capability<Mutex<Box<dyn TextReader>>>, image: &RgbImage) {
        let reader = match reader {
            Ok(r) => r,
            Err(why) => {
                self.text_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
                return;
            }
        };
        let mut reader = lock(reader);
        self.models.extend(reader.identities());
        match reader.read_mrz_lines(image) {
            Ok(lines) => {
                let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
                self.zones.extend(mrz::correct(&texts).into_iter().next());
            }
            Err(e) => self.text_problem = Some((ReasonCode::ModelFailed, e.to_string())),
        }
    }

    fn portrait_of(&mut self, tools: &Capability<Mutex<FaceTools>>, image: &RgbImage) {
        let tools = match tools {
            Ok(t) => t,
            Err(why) => {
                self.face_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
                return;
            }
        };
        let mut tools = lock(tools);
        self.models.extend([
            tools.finder.identity(),
            tools.landmarks.identity(),
            tools.embedder.identity(),
        ]);
        match portrait(&mut tools, image) {
            Ok(Some(found)) => {
                let better = self
                    .portrait
                    .as_ref()
                    .is_none_or(|(p, _)| found.0.score > p.score);
                if better {
                    self.portrait = Some(found);
                }
            }
            Ok(None) => {}
            Err(e) => self.face_problem = Some((ReasonCode::ModelFailed, e.to_string())),
        }
    }

    fn conclude(mut self, input: &CaseInput, reports: Vec<ImageReport>) -> DocumentFindings {
        if let Some(e) = self.decoder_error {
            let problem = (ReasonCode::DecoderFailed, e.to_string());
            self.text_problem.get_or_insert(problem.clone());
            self.face_problem.get_or_insert(problem);
        }
        // A problem on any side leaves the check to a human, whatever the other side gave.
        let (portrait, embedding) = match (self.face_problem, self.portrait) {
            (Some((reason, detail)), _) => (Measured::Unavailable { reason, detail }, None),
            (None, Some((p, e))) => (Measured::Value(Some(p)), Some(e)),
            (None, None) => (Measured::Value(None), None),
        };
        let best = self
            .zones
            .iter()
            .min_by_key(|c| (c.mrz.wrong_checks(), c.changed));
        let zone = match &self.text_problem {
            Some((reason, detail)) => Measured::unavailable(*reason, detail.clone()),
            None => Measured::Value(best.map(|c| zone(c, &self.zones, input.today))),
        };
        let declared = input.declared.as_ref().map(|d| match (&zone, best) {
            (Measured::Value(_), Some(c)) => declared(d, &c.mrz, input.today),
            (Measured::Unavailable { reason, detail }, _) => {
                Measured::unavailable(*reason, detail.clone())
            }
            (Measured::Value(_), None) => Measured::unavailable(
                ReasonCode::NothingToCompare,
                "The document's zone was not read.",
            ),
        });
        DocumentFindings {
            portrait,
            embedding,
            zone,
            declared,
            models: self.models,
            reports,
        }
    }
}

fn declared(d: &DeclaredIdentity, mrz: &Mrz, today: Date) -> Measured<Vec<DeclaredField>> {
    Measured::Value(compare(d, mrz, today))
}

fn portrait(
    tools: &mut FaceTools,
    image: &RgbImage,
) -> Result<Option<(Portrait, Embedding)>, ModelError> {
    let faces = tools.finder.find(image)?;
    let Some(face) = main_face(&faces) else {
        return Ok(None);
    };
    let landmarks = tools.landmarks.locate(image, &face.bounds)?;
    let embedding = tools.embedder.embed(image, &landmarks.five())?;
    let portrait = Portrait {
        score: f64::from(face.score),
        width: f64::from(face.bounds.width),
    };
    Ok(Some((portrait, embedding)))
}

/// Faces this much less sure than the surest compete with it by size.
const AS_SURE: f32 = 0.15;

/// The surest face; among those about as sure, the largest: a ghost image is smaller.
fn main_face(faces: &[Face]) -> Option<&Face> {
    let surest = faces.iter().map(|f| f.score).fold(0.0, f32::max);
    faces
        .iter()
        .filter(|f| f.score >= surest - AS_SURE)
        .max_by(|a, b| a.bounds.width.total_cmp(&b.bounds.width))
}

fn zone(best: &Correction, all: &[Correction], today: Date) -> Zone {
    let mrz = &best.mrz;
    let others = all.iter().filter(|c| c.mrz.all_checks_valid());
    Zone {
        format: mrz.format.name(),
        wrong_checks: mrz
            .checks
            .iter()
            .filter(|c| !c.ok)
            .map(|c| c.name.name())
            .collect(),
        checks: mrz.checks.len(),
        corrections: best.changed,
        // Where a part is unknown, the day least in the holder's favour.
        birth_date: mrz
            .birth_date
            .resolve(Era::Past, today)
            .map(|range| range.latest),
        expiry: mrz
            .expiry
            .and_then(|d| d.resolve(Era::Near, today))
            .map(|range| range.earliest),
        sides_differ: others.clone().count() > 1
            && others.map(|c| &c.mrz.number).any(|n| *n != mrz.number),
    }
}
