use std::sync::Mutex;

use idproof_domain::declared::{DeclaredIdentity, compare};
use idproof_domain::document::print::{self, Compared, Field};
use idproof_domain::document::{kind, seal as sealed};
use idproof_domain::document_kind::{DocumentKind, Shape};
use idproof_domain::evidence::{DeclaredField, Doubt, Portrait, SealLook, Surface, Zone};
use idproof_domain::mrz::{self, Correction, Era, Format as ZoneFormat, Mrz};
use idproof_domain::{Measured, ReasonCode};
use idproof_ports::{
    Capability, DecodedImage, FoundSeal, ImageReport, MediaDecoder, MediaError, ModelIdentity,
    RgbImage, TextLine, TextReader,
};
use time::Date;

use crate::analyse::lock;
use crate::case::{Analysers, CaseInput, InputError, is_input_fault};
use crate::doubt::doubt;
use crate::faces::{FaceTools, Template};
use crate::shown::{Shown, cut_out, of_print, of_zone};
use crate::straighten::{CARD, Format, LARGE_CARD, PAGE};
use crate::{printed, surface};

/// What the photographs of the document gave.
pub(crate) struct DocumentFindings {
    pub surfaces: Measured<Vec<Surface>>,
    pub portrait: Measured<Option<Portrait>>,
    /// The portrait's template, where there is a portrait.
    pub template: Option<Template>,
    pub zone: Measured<Option<Zone>>,
    pub doubts: Measured<Vec<Doubt>>,
    pub print: Measured<Vec<Compared>>,
    pub seals: Measured<Vec<SealLook>>,
    pub declared: Option<Measured<Vec<DeclaredField>>>,
    pub models: Vec<ModelIdentity>,
    pub reports: Vec<ImageReport>,
    /// Portrait, zone and print, for a person.
    pub shown: Shown,
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
                let zone = reading.zone_of(&analysers.text, &image);
                reading.surface_of(analysers, input, &image, zone);
                reading.seals_of(analysers, &image);
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
    surfaces: Vec<Surface>,
    doubts: Vec<Doubt>,
    outline_problem: Option<(ReasonCode, String)>,
    print: Vec<print::Line>,
    seals: Vec<FoundSeal>,
    seal_problem: Option<(ReasonCode, String)>,
    portrait: Option<(Portrait, Template)>,
    /// The portrait, cut out.
    cut_out: Option<RgbImage>,
    zones: Vec<Correction>,
    face_problem: Option<(ReasonCode, String)>,
    text_problem: Option<(ReasonCode, String)>,
    decoder_error: Option<MediaError>,
    models: Vec<ModelIdentity>,
}

impl Reading {
    /// Reads the zone of a photograph; its format and the pixels a millimetre it tells.
    fn zone_of(
        &mut self,
        reader: &Capability<Mutex<Box<dyn TextReader>>>,
        image: &RgbImage,
    ) -> Option<(ZoneFormat, f64)> {
        let reader = match reader {
            Ok(r) => r,
            Err(why) => {
                self.text_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
                return None;
            }
        };
        let mut reader = lock(reader);
        self.models.extend(reader.identities());
        match reader.read(image) {
            Ok(lines) => self.print.extend(printed::lines(&lines)),
            Err(e) => self.text_problem = Some((ReasonCode::ModelFailed, e.to_string())),
        }
        match reader.read_mrz_lines(image) {
            Ok(lines) => {
                let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
                let best = mrz::correct(&texts).into_iter().next()?;
                let told = ruler(&lines, best.mrz.format).map(|s| (best.mrz.format, s));
                self.zones.push(best);
                return told;
            }
            Err(e) => self.text_problem = Some((ReasonCode::ModelFailed, e.to_string())),
        }
        None
    }

    fn seals_of(&mut self, analysers: &Analysers, image: &RgbImage) {
        match &analysers.seals {
            None => {}
            Some(Ok(reader)) => match lock(reader).read(image) {
                Ok(found) => self.seals.extend(found),
                Err(e) => self.seal_problem = Some((ReasonCode::ModelFailed, e.to_string())),
            },
            Some(Err(why)) => {
                self.seal_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
            }
        }
    }

    fn surface_of(
        &mut self,
        analysers: &Analysers,
        input: &CaseInput,
        image: &RgbImage,
        zone: Option<(ZoneFormat, f64)>,
    ) {
        let format = zone.map_or_else(|| format_of(input.announced), |(f, _)| size_of(f));
        match lock(&analysers.outlines).find(image) {
            Ok(quads) => {
                let scale = zone.map(|(_, scale)| scale);
                let seen = surface::look(image, quads.first(), format, scale);
                self.surfaces.push(seen);
                self.doubts.push(doubt(image, quads.first()));
            }
            Err(e) => self.outline_problem = Some((ReasonCode::ModelFailed, e.to_string())),
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
        self.models.extend(tools.identities());
        match tools.enrol(image) {
            Ok(Some(found)) => {
                let portrait = Portrait {
                    score: f64::from(found.face.score),
                    width: f64::from(found.face.bounds.width),
                };
                let bounds = found.face.bounds;
                let found = (portrait, found.template);
                let better = self
                    .portrait
                    .as_ref()
                    .is_none_or(|(p, _)| found.0.score > p.score);
                if better {
                    self.portrait = Some(found);
                    self.cut_out = cut_out(image, &bounds);
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
            self.outline_problem.get_or_insert(problem.clone());
            self.seal_problem.get_or_insert(problem.clone());
            self.face_problem.get_or_insert(problem);
        }
        // A problem on any side leaves the check to a human, whatever the other side gave.
        let (portrait, template) = match (self.face_problem, self.portrait) {
            (Some((reason, detail)), _) => (Measured::Unavailable { reason, detail }, None),
            (None, Some((p, e))) => (Measured::Value(Some(p)), Some(e)),
            (None, None) => (Measured::Value(None), None),
        };
        let best = self
            .zones
            .iter()
            .min_by_key(|c| (c.mrz.wrong_checks(), c.changed));
        let read = print::read(&self.print);
        let shown = Shown {
            portrait: self.cut_out,
            zone: best.map_or_else(Vec::new, |c| of_zone(&c.mrz, input.today)),
            print: of_print(&read),
            ..Shown::default()
        };
        let zone = match &self.text_problem {
            Some((reason, detail)) => Measured::unavailable(*reason, detail.clone()),
            None => {
                Measured::Value(best.map(|c| narrowed(zone(c, &self.zones, input.today), &read)))
            }
        };
        let print = match &self.text_problem {
            Some((reason, detail)) => Measured::unavailable(*reason, detail.clone()),
            None => Measured::Value(
                best.map_or_else(Vec::new, |c| print::compare(&read, &c.mrz, input.today)),
            ),
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
        let seals = match self.seal_problem {
            Some((reason, detail)) => Measured::unavailable(reason, detail),
            None => Measured::Value(self.seals.iter().map(|s| seal(s, best)).collect()),
        };
        let (surfaces, doubts) = match self.outline_problem {
            Some((reason, detail)) => (
                Measured::unavailable(reason, detail.clone()),
                Measured::unavailable(reason, detail),
            ),
            None => (Measured::Value(self.surfaces), Measured::Value(self.doubts)),
        };
        DocumentFindings {
            surfaces,
            doubts,
            print,
            seals,
            portrait,
            template,
            zone,
            declared,
            models: self.models,
            reports,
            shown,
        }
    }
}

/// Every zone is set at ten characters an inch (Doc 9303-3, 4.2.3).
const PITCH_MM: f64 = 2.54;

/// Pixels a millimetre, by the length of a zone's rows.
fn ruler(lines: &[TextLine], format: ZoneFormat) -> Option<f64> {
    let longest = lines
        .iter()
        .map(|l| l.corners[0].distance(l.corners[1]))
        .fold(0.0, f32::max);
    (longest > 0.0).then(|| f64::from(longest) / (format.width() as f64 * PITCH_MM))
}

/// The size of the documents that carry the format (Doc 9303-4 to 7).
fn size_of(format: ZoneFormat) -> Format {
    match format {
        ZoneFormat::Td1 => CARD,
        ZoneFormat::Td2 | ZoneFormat::MrvB | ZoneFormat::FrenchCard => LARGE_CARD,
        ZoneFormat::Td3 | ZoneFormat::MrvA => PAGE,
    }
}

fn format_of(kind: Option<DocumentKind>) -> Format {
    match kind {
        Some(DocumentKind::FrenchOldCard) => LARGE_CARD,
        Some(kind) if kind.shape() == Shape::Booklet => PAGE,
        _ => CARD,
    }
}

/// The zone with the printed day of issue, where that does not contradict the zone's month.
fn narrowed(mut zone: Zone, print: &print::Print) -> Zone {
    let printed = print.date(Field::Issue);
    let fits = |d: &Date| {
        zone.issue
            .is_none_or(|(first, last)| (first..=last).contains(d))
    };
    if let Some(day) = printed.filter(fits) {
        zone.issue = Some((day, day));
    }
    zone
}

fn seal(found: &FoundSeal, zone: Option<&Correction>) -> SealLook {
    match found {
        FoundSeal::OtherFormat => SealLook::OtherFormat,
        FoundSeal::Broken(_) => SealLook::Broken,
        FoundSeal::TwoDDoc { seal, trust } => {
            let (differing, compared) =
                zone.map_or((Vec::new(), 0), |z| sealed::compare(seal, &z.lines, &z.mrz));
            SealLook::TwoDDoc {
                trust: *trust,
                differing,
                compared,
            }
        }
    }
}

fn declared(d: &DeclaredIdentity, mrz: &Mrz, today: Date) -> Measured<Vec<DeclaredField>> {
    Measured::Value(compare(d, mrz, today))
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
        kind: kind::recognise(mrz),
        specimen: kind::is_specimen(mrz),
        issue: mrz
            .issue
            .and_then(|d| d.resolve(Era::Past, today))
            .map(|range| (range.earliest, range.latest)),
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
