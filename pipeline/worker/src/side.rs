//! One photograph of the document: where the document lies, and the print on it.

use idproof_domain::document::print::{self, Print};
use idproof_domain::evidence::{Doubt, Surface};
use idproof_domain::mrz::Correction;
use idproof_ports::{
    ImageReport, ModelError, PageRead, PageRequest, Point, Quad, Rect, RgbImage, TextLine,
    TextReader,
};

use crate::analyse::lock;
use crate::card::{self, Card, Found};
use crate::case::Analysers;
use crate::doubt::doubt;
use crate::edits::{self, Edits, Places};
use crate::shown::{Corners, ShownField, ShownSide, fields_on};
use crate::straighten::CARD;
use crate::zone::{self, Flat, ZoneRead, finding_side, turned_by_half, upside_down};
use crate::{printed, surface};

/// What one photograph gives without its print: what data sets are measured by.
#[derive(Debug)]
pub struct Look {
    pub zone: Option<Correction>,
    pub surface: Surface,
    pub doubt: Doubt,
}

/// Zone, quality and doubt of one photograph, as a case has them.
///
/// # Errors
/// In words, when a model is missing or fails.
pub fn look(analysers: &Analysers, image: &RgbImage) -> Result<Look, String> {
    let reader = analysers.text.as_ref().map_err(ToString::to_string)?;
    let quads = lock(&analysers.outlines).find(image);
    let quads = quads.map_err(|e| e.to_string())?;
    let (zone, flat) =
        zone::find(&mut **lock(reader), image, &quads, None).map_err(|e| e.to_string())?;
    let rows = zone.as_ref().map(ZoneRead::rows);
    let card = card::place(&quads, rows.as_ref(), CARD);
    let straight = card.as_ref().and_then(|c| Flat::straight(flat, image, c));
    let straight = straight.as_ref().map(|(s, _)| s);
    Ok(Look {
        surface: surface_of(image, card.as_ref(), straight, zone.as_ref()),
        doubt: doubt(image, card.as_ref().map(|c| &c.quad)),
        zone: zone.map(|z| z.best),
    })
}

/// The zone of one photograph, as a case has it; `None` where there is none.
///
/// # Errors
/// In words, when a model is missing or fails.
pub fn zone_of(analysers: &Analysers, image: &RgbImage) -> Result<Option<Correction>, String> {
    let reader = analysers.text.as_ref().map_err(ToString::to_string)?;
    let why = |e: ModelError| e.to_string();
    let quads = lock(&analysers.outlines).find(image).map_err(why)?;
    let (zone, _) = zone::find(&mut **lock(reader), image, &quads, None).map_err(why)?;
    Ok(zone.map(|z| z.best))
}

/// How well a photograph shows the document. A finger or a reflection that does not reach in from
/// outside still hides what stands in a row of the zone.
pub(crate) fn surface_of(
    image: &RgbImage,
    card: Option<&Card>,
    straight: Option<&RgbImage>,
    zone: Option<&ZoneRead>,
) -> Surface {
    let scale = zone.and_then(|z| z.rows().scale());
    let mut seen = surface::look(image, card, straight, scale);
    let unread = zone.map_or(0.0, |z| z.best.unread());
    seen.covered = seen.covered.max(unread);
    seen
}

/// What edits left in one photograph, as a case has it: for data sets, since the print is read for it.
///
/// # Errors
/// In words, when a model is missing or fails.
pub fn edits_of(
    analysers: &Analysers,
    image: &RgbImage,
    report: &ImageReport,
) -> Result<Edits, String> {
    let reader = analysers.text.as_ref().map_err(ToString::to_string)?;
    let mut reader = lock(reader);
    let why = |e: ModelError| e.to_string();
    let quads = lock(&analysers.outlines).find(image).map_err(why)?;
    let (zone, flat) = zone::find(&mut **reader, image, &quads, None).map_err(why)?;
    let rows = zone.as_ref().map(ZoneRead::rows);
    let card = card::place(&quads, rows.as_ref(), CARD);
    let read = read(&mut **reader, image, card, flat, zone.as_ref()).map_err(why)?;
    let (card, straight) = read.card.unzip();
    let mut shown = ShownSide::of(image, card.as_ref(), straight.as_ref());
    let faces = analysers.faces.as_ref().map_err(ToString::to_string)?;
    let tools = &mut *lock(faces);
    let face = tools.enrol_at_a_glance(image).map_err(why)?;
    if let (None, Some(straight)) = (&face, &straight) {
        let on_document = tools.enrol_at_a_glance(straight).map_err(why)?;
        shown.portrait = on_document.map(|f| shares(&f.face.bounds, straight));
    }
    let face = face.map(|f| f.face.bounds);
    let rows = zone.iter().flat_map(ZoneRead::places);
    let lines = rows.chain(read.lines).collect();
    let places = Places::of(card.as_ref(), &shown, lines, face.as_ref());
    Ok(edits::edits(image, Some(report), &places))
}

/// A box as shares of the picture.
pub(crate) fn shares(face: &Rect, picture: &RgbImage) -> Corners {
    shares_of(edits::bounds(face).corners, picture)
}

/// Places in the picture as shares of it.
pub(crate) fn shares_of(corners: [Point; 4], picture: &RgbImage) -> Corners {
    let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
    corners.map(|c| (f64::from(c.x) / w, f64::from(c.y) / h))
}

/// What is printed on a side, and the straightened picture it was read from.
pub(crate) struct Read {
    pub print: Print,
    /// The way up that made sense of it, with the document alone and the fields' places on it.
    pub card: Option<(Card, RgbImage)>,
    pub fields: Vec<ShownField>,
    /// Every line of it, in the photograph.
    pub lines: Vec<Quad>,
}

/// Reads the print from the straightened document, whichever way up it stands where no zone told;
/// from the whole photograph where the document was not found or is not legible there.
///
/// # Errors
/// When a network fails.
pub(crate) fn read(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    card: Option<Card>,
    flat: Option<Flat>,
    zone: Option<&ZoneRead>,
) -> Result<Read, ModelError> {
    let best = match card {
        Some(card) => straightened(reader, image, card, flat, zone)?,
        None => None,
    };
    // A zone that was read tells that this is the document, whatever is printed on it.
    let legible = best
        .as_ref()
        .is_some_and(|(.., page)| zone.is_some() || page.is_legible());
    let whole = match legible {
        true => None,
        false => Some(Page::read(reader, image, None, &WHOLE)?.0),
    };
    let mut lines: Vec<Quad> = whole.iter().flat_map(Page::places).collect();
    let Some((card, straight, page)) = best else {
        return Ok(Read {
            print: whole.map(|w| w.print).unwrap_or_default(),
            card: None,
            fields: Vec::new(),
            lines,
        });
    };
    let placed = |q: Quad| card.in_photograph(&shares_of(q.corners, &straight));
    lines.extend(page.places().map(placed));
    let fields = fields_on(&straight, &page.print, &page.order, &page.lines);
    let mut print = page.print;
    print.merge(whole.map(|w| w.print).unwrap_or_default());
    Ok(Read {
        print,
        card: Some((card, straight)),
        fields,
        lines,
    })
}

/// The print of another document in the same photograph: front and back in one scan.
///
/// # Errors
/// When a network fails.
pub(crate) fn beside(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    main: &Card,
    quads: &[Quad],
) -> Result<Print, ModelError> {
    let size = area(&main.quad);
    let other = quads.iter().find(|q| {
        let ratio = area(q) / size.max(1.0);
        let middle = q.corners.iter().fold(Point::default(), |s, c| {
            Point::new(s.x + c.x / 4.0, s.y + c.y / 4.0)
        });
        let apart = main
            .on(middle)
            .is_some_and(|(x, y)| !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y));
        (0.5..=2.0).contains(&ratio) && apart
    });
    let Some(quad) = other else {
        return Ok(Print::default());
    };
    let card = Card {
        quad: *quad,
        format: main.format,
        found: Found::Outline,
        told: None,
    };
    let read = straightened(reader, image, card, None, None)?;
    Ok(read.map(|(.., page)| page.print).unwrap_or_default())
}

/// The document alone and the print on it, the way up that its zone or its print tells.
fn straightened(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    card: Card,
    flat: Option<Flat>,
    zone: Option<&ZoneRead>,
) -> Result<Option<(Card, RgbImage, Page)>, ModelError> {
    let Some((straight, lines)) = Flat::straight(flat, image, &card) else {
        return Ok(None);
    };
    let per_mm = f64::from(straight.width()) / card.format.width;
    let request = PageRequest {
        side: finding_side(card.format),
        may_be_turned: zone.is_none(),
        is_level: true,
        down_to: zone.and_then(|z| z.top(&card)).unwrap_or(1.0),
        thinnest: (THINNEST_MM * per_mm) as f32,
    };
    let (page, turned) = Page::read(reader, &straight, lines.as_deref(), &request)?;
    Ok(Some(match turned {
        false => (card, straight, page),
        true => {
            let page = page.turned(&straight);
            (card.turned(), upside_down(&straight), page)
        }
    }))
}

/// Thinner lines are microprint and the ground's.
const THINNEST_MM: f64 = 1.0;
/// Of a photograph in which the document was not found.
const WHOLE: PageRequest = PageRequest {
    side: 1_280,
    may_be_turned: true,
    is_level: false,
    down_to: 1.0,
    thinnest: 0.0,
};

fn area(quad: &Quad) -> f32 {
    let [a, b, c, d] = quad.corners;
    let cross = |p: Point, q: Point| p.x * q.y - q.x * p.y;
    ((cross(a, b) + cross(b, c) + cross(c, d) + cross(d, a)) / 2.0).abs()
}

struct Page {
    lines: Vec<TextLine>,
    print: Print,
    /// Which line each line of the print was.
    order: Vec<usize>,
}

/// Print read with this mean confidence is legible.
const CLEAR: f32 = 0.85;
/// A page has at least so many lines.
const FEWEST_LINES: usize = 4;

impl Page {
    /// The page, and whether it stands upside down in the picture.
    fn read(
        reader: &mut dyn TextReader,
        image: &RgbImage,
        lines: Option<&[Quad]>,
        request: &PageRequest,
    ) -> Result<(Self, bool), ModelError> {
        let PageRead { lines, turned } = reader.read(image, lines, request)?;
        let (framed, order): (Vec<_>, Vec<_>) = printed::lines(&lines).into_iter().unzip();
        let page = Self {
            print: print::read(&framed),
            lines,
            order,
        };
        Ok((page, turned))
    }

    /// Where the lines stand in the picture.
    fn places(&self) -> impl Iterator<Item = Quad> {
        self.lines.iter().map(|l| Quad { corners: l.corners })
    }

    /// Where the lines stand when the picture is turned by half.
    fn turned(mut self, image: &RgbImage) -> Self {
        for line in &mut self.lines {
            line.corners = turned_by_half(line.corners, image);
        }
        self
    }

    /// Mean over characters.
    fn confidence(&self) -> f32 {
        let weight = |l: &TextLine| l.text.chars().count() as f32;
        let all: f32 = self.lines.iter().map(weight).sum();
        let sum: f32 = self.lines.iter().map(|l| weight(l) * l.confidence).sum();
        sum / all.max(1.0)
    }

    /// It holds a field, or print that reads well and names none.
    fn is_legible(&self) -> bool {
        let fields = self.print.places().count();
        fields > 0 || (self.lines.len() >= FEWEST_LINES && self.confidence() > CLEAR)
    }
}
