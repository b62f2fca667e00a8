use std::sync::Mutex;

use idproof_domain::declared::{DeclaredIdentity, compare};
use idproof_domain::document::print::{self, Compared, Field, Print};
use idproof_domain::document::{kind, seal as sealed};
use idproof_domain::document_kind::{DocumentKind, Shape};
use idproof_domain::evidence::{DeclaredField, Doubt, Portrait, SealLook, Surface, Zone};
use idproof_domain::mrz::{Correction, Era, Mrz};
use idproof_domain::{Measured, ReasonCode};
use idproof_ports::{
    Capability, DecodedImage, FoundSeal, ImageReport, MediaDecoder, MediaError, ModelError,
    ModelIdentity, Quad, Rect, RgbImage, TextReader,
};
use time::Date;

use crate::analyse::lock;
use crate::card::{self, Card};
use crate::case::{Analysers, CaseInput, InputError, is_input_fault};
use crate::doubt::doubt;
use crate::edits::{Places, edits};
use crate::faces::{Enrolled, FaceTools, Template};
use crate::layout::Layout;
use crate::mark::{self, PictureMarks};
use crate::second;
use crate::shown::{Corners, Shown, ShownSide, cut_out, of_print, of_zone};
use crate::side;
use crate::straighten::{CARD, Format, LARGE_CARD, PAGE};
use crate::zone::{self, Flat, ZoneRead};

/// What the photographs of the document gave.
pub struct DocumentFindings {
    pub surfaces: Measured<Vec<Surface>>,
    pub portrait: Measured<Option<Portrait>>,
    /// The portrait's template, where there is a portrait.
    pub template: Option<Template>,
    /// What lies round the portrait, likewise.
    pub(crate) layout: Option<Layout>,
    pub zone: Measured<Option<Zone>>,
    pub doubts: Measured<Vec<Doubt>>,
    pub print: Measured<Vec<Compared>>,
    pub seals: Measured<Vec<SealLook>>,
    pub declared: Option<Measured<Vec<DeclaredField>>>,
    pub models: Vec<ModelIdentity>,
    pub reports: Vec<ImageReport>,
    /// Portrait, zone and print, for a person.
    pub shown: Shown,
    /// One for each photograph.
    pub marks: Vec<PictureMarks>,
}

/// Reads every side; the portrait is the best face of any side.
///
/// # Errors
/// Only for a photograph that cannot be used.
pub fn read(
    decoder: &dyn MediaDecoder,
    analysers: &Analysers,
    input: &CaseInput,
) -> Result<DocumentFindings, InputError> {
    let mut reading = Reading::default();
    let mut reports = Vec::new();
    for (i, file) in input.documents.iter().enumerate() {
        match decoder.decode_image(file) {
            Ok(DecodedImage { image, report }) => {
                reading.side(analysers, input, &image, &report);
                reports.push(report);
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
    print: Print,
    seals: Vec<FoundSeal>,
    seal_problem: Option<(ReasonCode, String)>,
    portrait: Option<(Portrait, Template)>,
    layout: Option<Layout>,
    /// The portrait, cut out.
    cut_out: Option<RgbImage>,
    shown: Vec<ShownSide>,
    marks: Vec<PictureMarks>,
    zones: Vec<Correction>,
    face_problem: Option<(ReasonCode, String)>,
    text_problem: Option<(ReasonCode, String)>,
    decoder_error: Option<MediaError>,
    models: Vec<ModelIdentity>,
}

impl Reading {
    /// Everything that one photograph gives.
    fn side(
        &mut self,
        analysers: &Analysers,
        input: &CaseInput,
        image: &RgbImage,
        report: &ImageReport,
    ) {
        let quads = match lock(&analysers.outlines).find(image) {
            Ok(quads) => quads,
            Err(e) => {
                self.outline_problem = Some((ReasonCode::ModelFailed, e.to_string()));
                Vec::new()
            }
        };
        let format = input.announced.map(format_of);
        let (zone, flat) = self.zone_of(&analysers.text, image, &quads, format);
        let rows = zone.as_ref().map(ZoneRead::rows);
        let card = card::place(&quads, rows.as_ref(), format.unwrap_or(CARD));
        let seen = (card, flat);
        let (mut shown, card, mut lines) =
            self.print_of(&analysers.text, image, seen, &quads, zone.as_ref());
        lines.extend(zone.iter().flat_map(ZoneRead::places));
        if let (Some(card), Some(zone)) = (&card, &zone) {
            shown.with_zone(card, &zone.lines);
        }
        self.surfaces.push(side::surface_of(
            image,
            card.as_ref(),
            shown.straight.as_ref(),
            zone.as_ref(),
        ));
        // What was read of the document tells that it lies where it was straightened from.
        let sure = zone.is_some() || shown.fields.len() > 1;
        self.seals_of(analysers, image, shown.straight.as_ref(), sure);
        let bare = quads.len() < 2 && zone.as_ref().is_some_and(ZoneRead::is_of_a_back);
        let face = self.portrait_of(
            &analysers.faces,
            (image, card.as_ref().map(|c| &c.quad)),
            shown.straight.as_ref(),
            bare,
        );
        let (face, template) = face.unzip();
        match (&face, &card) {
            (Some(Seen::InPhotograph(bounds)), Some(card)) => shown.with_portrait(card, bounds),
            (Some(Seen::Straightened(corners)), _) => shown.portrait = Some(*corners),
            _ => {}
        }
        let second = second::of_side(&analysers.faces, &shown, template.as_ref());
        let second = second.unwrap_or_else(|e| {
            self.face_problem = Some((ReasonCode::ModelFailed, e.to_string()));
            None
        });
        let face = face.as_ref().and_then(Seen::bounds);
        let places = Places::of(card.as_ref(), &shown, lines, face);
        let edits = edits(image, Some(report), &places);
        self.doubts.push(Doubt {
            portrait: edits.portrait,
            field: edits.field,
            line: edits.line,
            second,
            by_editor: report.by_editor,
            ..doubt(image, card.as_ref().map(|c| &c.quad))
        });
        self.zones.extend(zone.map(|z| z.best));
        self.shown.push(shown);
        self.marks.push(mark::marks(image));
    }

    /// The zone of a photograph, and the document alone as far as it was looked at for it.
    fn zone_of(
        &mut self,
        reader: &Capability<Mutex<Box<dyn TextReader>>>,
        image: &RgbImage,
        documents: &[Quad],
        format: Option<Format>,
    ) -> (Option<ZoneRead>, Option<Flat>) {
        let reader = match reader {
            Ok(r) => r,
            Err(why) => {
                self.text_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
                return (None, None);
            }
        };
        let mut reader = lock(reader);
        self.models.extend(reader.identities());
        match zone::find(&mut **reader, image, documents, format) {
            Ok(found) => found,
            Err(e) => {
                self.text_problem = Some((ReasonCode::ModelFailed, e.to_string()));
                (None, None)
            }
        }
    }

    /// Reads the print; what a person is shown of the side, the document the way up that the
    /// print or the zone told, and where the lines stand in the photograph.
    fn print_of(
        &mut self,
        reader: &Capability<Mutex<Box<dyn TextReader>>>,
        image: &RgbImage,
        (card, flat): (Option<Card>, Option<Flat>),
        quads: &[Quad],
        zone: Option<&ZoneRead>,
    ) -> (ShownSide, Option<Card>, Vec<Quad>) {
        let unread = |card: Option<Card>| {
            let straight = card.as_ref().and_then(|c| c.straight(image));
            let shown = ShownSide::of(image, card.as_ref(), straight.as_ref());
            (shown, card, Vec::new())
        };
        let Ok(reader) = reader else {
            return unread(card);
        };
        let mut reader = lock(reader);
        let read = side::read(&mut **reader, image, card.clone(), flat, zone);
        let beside = card
            .as_ref()
            .map(|c| side::beside(&mut **reader, image, c, quads))
            .transpose();
        match (read, beside) {
            (Ok(read), Ok(beside)) => {
                self.print.merge(read.print);
                self.print.merge(beside.unwrap_or_default());
                let (card, straight) = read.card.unzip();
                let mut shown = ShownSide::of(image, card.as_ref(), straight.as_ref());
                shown.fields = read.fields;
                (shown, card, read.lines)
            }
            (Err(e), _) | (_, Err(e)) => {
                self.text_problem = Some((ReasonCode::ModelFailed, e.to_string()));
                unread(card)
            }
        }
    }

    /// Seals on the straightened document, and where none is there and it may lie elsewhere, in the
    /// whole photograph.
    fn seals_of(
        &mut self,
        analysers: &Analysers,
        image: &RgbImage,
        straight: Option<&RgbImage>,
        sure: bool,
    ) {
        let whole = (straight.is_none() || !sure).then_some(image);
        match &analysers.seals {
            Ok(reader) => {
                for picture in straight.into_iter().chain(whole) {
                    match lock(reader).read(picture) {
                        Ok(found) if found.is_empty() => {}
                        Ok(found) => {
                            self.seals.extend(found);
                            return;
                        }
                        Err(e) => {
                            self.seal_problem = Some((ReasonCode::ModelFailed, e.to_string()));
                            return;
                        }
                    }
                }
            }
            Err(why) => {
                self.seal_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
            }
        }
    }

    /// The portrait and its template: in the photograph, or on the straightened document where the
    /// photograph shows it turned. Looked for at length only while there is none, and not on a side that has none.
    fn portrait_of(
        &mut self,
        tools: &Capability<Mutex<FaceTools>>,
        (image, outline): (&RgbImage, Option<&Quad>),
        straight: Option<&RgbImage>,
        bare: bool,
    ) -> Option<(Seen, Template)> {
        let tools = match tools {
            Ok(t) => t,
            Err(why) => {
                self.face_problem = Some((ReasonCode::ModelUnavailable, why.to_string()));
                return None;
            }
        };
        let mut tools = lock(tools);
        self.models.extend(tools.identities());
        let found = match enrol(&mut tools, image, straight, bare || self.portrait.is_some()) {
            Ok(found) => found?,
            Err(e) => {
                self.face_problem = Some((ReasonCode::ModelFailed, e.to_string()));
                return None;
            }
        };
        let (picture, found) = found;
        let bounds = found.face.bounds;
        let template = found.template.clone();
        let straightened = straight.filter(|s| std::ptr::eq(picture, *s));
        self.keep_portrait(picture, found, outline.filter(|_| straightened.is_none()));
        let seen = match straightened {
            Some(straight) => Seen::Straightened(side::shares(&bounds, straight)),
            None => Seen::InPhotograph(bounds),
        };
        Some((seen, template))
    }

    /// Keeps the surest face of any side.
    fn keep_portrait(&mut self, picture: &RgbImage, found: Enrolled, outline: Option<&Quad>) {
        let bounds = found.face.bounds;
        let portrait = Portrait {
            score: f64::from(found.face.score),
            width: f64::from(bounds.width),
        };
        let better = self
            .portrait
            .as_ref()
            .is_none_or(|(p, _)| portrait.score > p.score);
        if better {
            self.layout = Layout::of(picture, &found.landmarks.five(), outline);
            self.portrait = Some((portrait, found.template));
            self.cut_out = cut_out(picture, &bounds);
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
        let read = self.print;
        let shown = Shown {
            portrait: self.cut_out,
            zone: best.map_or_else(Vec::new, |c| of_zone(&c.mrz, input.today)),
            print: of_print(&read),
            sides: self.shown,
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
            layout: self.layout,
            zone,
            declared,
            models: self.models,
            reports,
            shown,
            marks: self.marks,
        }
    }
}

/// The face of a side and the picture that shows it.
fn enrol<'a>(
    tools: &mut FaceTools,
    image: &'a RgbImage,
    straight: Option<&'a RgbImage>,
    glance: bool,
) -> Result<Option<(&'a RgbImage, Enrolled)>, ModelError> {
    for picture in [Some(image), straight].into_iter().flatten() {
        if let Some(found) = tools.enrol_at_a_glance(picture)? {
            return Ok(Some((picture, found)));
        }
    }
    if glance {
        return Ok(None);
    }
    let picture = straight.unwrap_or(image);
    let found = tools.enrol_at_length(picture)?;
    Ok(found.map(|f| (picture, f)))
}

/// Where a face was seen.
enum Seen {
    InPhotograph(Rect),
    Straightened(Corners),
}

impl Seen {
    /// In the photograph.
    fn bounds(&self) -> Option<&Rect> {
        match self {
            Self::InPhotograph(bounds) => Some(bounds),
            Self::Straightened(_) => None,
        }
    }
}

fn format_of(kind: DocumentKind) -> Format {
    match kind {
        DocumentKind::FrenchOldCard => LARGE_CARD,
        kind if kind.shape() == Shape::Booklet => PAGE,
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

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
