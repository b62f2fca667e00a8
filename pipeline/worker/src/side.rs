//! One photograph of the document: its zone, where the document lies, and the print on it.

use idproof_domain::document::print::{self, Print};
use idproof_domain::evidence::{Doubt, Surface};
use idproof_domain::mrz::{self, Correction};
use idproof_ports::{ModelError, Point, Quad, RgbImage, TextLine, TextReader};

use crate::analyse::lock;
use crate::card::{self, Card, Found, ZoneRows};
use crate::case::Analysers;
use crate::doubt::doubt;
use crate::shown::{ShownField, fields_on};
use crate::straighten::CARD;
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
    let zone = zone(&mut **lock(reader), image).map_err(|e| e.to_string())?;
    let quads = lock(&analysers.outlines).find(image);
    let quads = quads.map_err(|e| e.to_string())?;
    let rows = zone.as_ref().map(ZoneRead::rows);
    let card = card::place(&quads, rows.as_ref(), CARD);
    let scale = rows.as_ref().and_then(|r| r.scale());
    Ok(Look {
        surface: surface::look(image, card.as_ref(), scale),
        doubt: doubt(image, card.as_ref().map(|c| &c.quad)),
        zone: zone.map(|z| z.best),
    })
}

/// The zone of a photograph.
pub(crate) struct ZoneRead {
    pub best: Correction,
    /// Its rows as they were read, and no other.
    pub lines: Vec<TextLine>,
}

impl ZoneRead {
    pub fn rows(&self) -> ZoneRows<'_> {
        ZoneRows {
            format: self.best.mrz.format,
            lines: &self.lines,
        }
    }
}

/// The zone, where there is one.
///
/// # Errors
/// When a network fails.
pub(crate) fn zone(
    reader: &mut dyn TextReader,
    image: &RgbImage,
) -> Result<Option<ZoneRead>, ModelError> {
    let lines = reader.read_mrz_lines(image)?;
    let of = |lines: &[TextLine]| {
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        mrz::correct(&texts).into_iter().next()
    };
    let Some(best) = of(&lines) else {
        return Ok(None);
    };
    // Print above a zone may have been read with it.
    let own = lines
        .windows(best.mrz.format.lines())
        .find(|rows| of(rows).is_some_and(|c| c.lines == best.lines));
    let lines = own.map_or_else(|| lines.clone(), <[TextLine]>::to_vec);
    Ok(Some(ZoneRead { best, lines }))
}

/// What is printed on a side, and the straightened picture it was read from.
pub(crate) struct Read {
    pub print: Print,
    /// The way up that made sense of it, with the document alone and the fields' places on it.
    pub card: Option<(Card, RgbImage)>,
    pub fields: Vec<ShownField>,
}

/// Reads the print from the straightened document, upside down as well where no zone told the
/// way up; from the whole photograph where the document was not found or says nothing.
///
/// # Errors
/// When a network fails.
pub(crate) fn read(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    card: Option<Card>,
    way_up_known: bool,
) -> Result<Read, ModelError> {
    let best = match card {
        Some(card) => straightened(reader, image, card, way_up_known)?,
        None => None,
    };
    let says_something = best.as_ref().is_some_and(|(.., page)| page.fields() > 0);
    let whole = match says_something {
        true => None,
        false => Some(Page::read(reader, image)?),
    };
    let Some((card, straight, page)) = best else {
        return Ok(Read {
            print: whole.map(|w| w.print).unwrap_or_default(),
            card: None,
            fields: Vec::new(),
        });
    };
    let fields = fields_on(&straight, &page.print, &page.order, &page.lines);
    let mut print = page.print;
    print.merge(whole.map(|w| w.print).unwrap_or_default());
    Ok(Read {
        print,
        card: Some((card, straight)),
        fields,
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
    let read = straightened(reader, image, card, false)?;
    Ok(read.map(|(.., page)| page.print).unwrap_or_default())
}

/// The document alone and the print on it, the way up that makes more sense of it.
fn straightened(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    card: Card,
    way_up_known: bool,
) -> Result<Option<(Card, RgbImage, Page)>, ModelError> {
    let Some(straight) = card.straight(image) else {
        return Ok(None);
    };
    let page = Page::read(reader, &straight)?;
    if way_up_known || page.is_clear() {
        return Ok(Some((card, straight, page)));
    }
    let turned = card.turned();
    let Some(other) = turned.straight(image) else {
        return Ok(Some((card, straight, page)));
    };
    let turned_page = Page::read(reader, &other)?;
    Ok(Some(match turned_page.is_better_than(&page) {
        true => (turned, other, turned_page),
        false => (card, straight, page),
    }))
}

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

/// Print read with this mean confidence stands the right way up.
const CLEAR: f32 = 0.9;

impl Page {
    fn read(reader: &mut dyn TextReader, image: &RgbImage) -> Result<Self, ModelError> {
        let lines = reader.read(image)?;
        let (framed, order): (Vec<_>, Vec<_>) = printed::lines(&lines).into_iter().unzip();
        Ok(Self {
            print: print::read(&framed),
            lines,
            order,
        })
    }

    fn fields(&self) -> usize {
        self.print.places().count()
    }

    /// Mean over characters.
    fn confidence(&self) -> f32 {
        let weight = |l: &TextLine| l.text.chars().count() as f32;
        let all: f32 = self.lines.iter().map(weight).sum();
        let sum: f32 = self.lines.iter().map(|l| weight(l) * l.confidence).sum();
        sum / all.max(1.0)
    }

    fn is_clear(&self) -> bool {
        self.fields() > 1 || (self.fields() > 0 && self.confidence() > CLEAR)
    }

    fn is_better_than(&self, other: &Self) -> bool {
        let (own, others) = (self.fields(), other.fields());
        own > others || (own == others && self.confidence() > other.confidence())
    }
}
