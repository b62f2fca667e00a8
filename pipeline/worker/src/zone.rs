//! The zone of a photograph, looked for first on the document that was seen.

use idproof_domain::mrz::{self, Correction};
use idproof_ports::{
    FoundLines, ModelError, Point, Quad, RgbImage, TextLine, TextReader, ZoneAmong,
};

use crate::card::{self, Card, ZoneRows};
use crate::side::shares_of;
use crate::straighten::{CARD, Format, PAGE};

/// Length over height of an outline below which it is taken for a page or a card of the larger size (1.42), and above
/// for a card (1.59).
const SQUARE: f32 = 1.5;
/// Pixels a millimetre from which a card is seen well: what is found smaller is often a part of one.
const PLAIN: f64 = 7.0;
/// Pixels a millimetre at which lines of print are found on a document, and of its longer side at most: the labels are
/// 1.2 mm high, and pages with more pixels show no more fields.
const FINDING_PER_MM: f64 = 6.5;
const FINDING_MOST: u32 = 768;

/// What the longer side of a document alone is brought to for its lines to be found.
pub(crate) fn finding_side(format: Format) -> u32 {
    ((format.width * FINDING_PER_MM) as u32).min(FINDING_MOST)
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

    /// Where its rows stand in the photograph.
    pub fn places(&self) -> impl Iterator<Item = Quad> {
        self.lines.iter().map(|l| Quad { corners: l.corners })
    }

    /// A card of format TD1 carries its portrait on the other side (Doc 9303-5).
    pub fn is_of_a_back(&self) -> bool {
        self.best.mrz.format == mrz::Format::Td1
    }

    /// Where it begins on the card, as a share of the card's height.
    pub fn top(&self, card: &Card) -> Option<f32> {
        let corners = self.lines.iter().flat_map(|l| l.corners);
        let heights = corners.filter_map(|c| card.on(c)).map(|(_, y)| y as f32);
        heights.min_by(f32::total_cmp)
    }
}

/// The only document seen in a photograph, alone, and where lines run on it.
pub(crate) struct Flat {
    card: Card,
    picture: RgbImage,
    lines: FoundLines,
}

impl Flat {
    /// `None` where no document was seen or several, and where it stands on its side. `format`: the document's, where
    /// that is known; its outline tells it nearly.
    fn of(
        reader: &mut dyn TextReader,
        image: &RgbImage,
        documents: &[Quad],
        format: Option<Format>,
    ) -> Result<Option<Self>, ModelError> {
        let [quad] = documents else {
            return Ok(None);
        };
        let [a, b, c, d] = quad.corners;
        let aspect = (a.distance(b) + c.distance(d)) / (b.distance(c) + d.distance(a)).max(1e-3);
        let format = format.unwrap_or(if aspect < SQUARE { PAGE } else { CARD });
        let card = card::place(documents, None, format).filter(|_| aspect > 1.0);
        let Some((picture, card)) = card.and_then(|c| Some((c.straight(image)?, c))) else {
            return Ok(None);
        };
        let lines = reader.find_lines(&picture, finding_side(format))?;
        Ok(Some(Self {
            card,
            picture,
            lines,
        }))
    }

    /// It is seen well enough to tell that it has no zone, and is no data page, which always has one.
    fn may_have_none(&self) -> bool {
        let per_mm = f64::from(self.picture.width()) / self.card.format.width;
        self.lines.are_clear && self.card.format == CARD && per_mm >= PLAIN
    }

    /// The zone among its lines, read in the photograph, which is the finer picture.
    fn zone(&self, reader: &mut dyn TextReader, image: &RgbImage) -> Result<ZoneAmong, ModelError> {
        let placed = |line: &Quad| {
            self.card
                .in_photograph(&shares_of(line.corners, &self.picture))
        };
        let lines: Vec<Quad> = self.lines.places.iter().map(placed).collect();
        reader.read_mrz_among(image, &lines)
    }

    /// The document at `card` alone, and its lines where it was looked at before.
    pub fn straight(
        flat: Option<Self>,
        image: &RgbImage,
        card: &Card,
    ) -> Option<(RgbImage, Option<Vec<Quad>>)> {
        match flat.and_then(|f| f.of_card(image, card)) {
            Some((straight, lines)) => Some((straight, Some(lines))),
            None => card.straight(image).map(|straight| (straight, None)),
        }
    }

    /// The picture and its lines the way up and at the size of `card`, where that is this document. Lines of one that
    /// is larger than it was taken for were found too coarsely.
    fn of_card(self, image: &RgbImage, card: &Card) -> Option<(RgbImage, Vec<Quad>)> {
        let is_turned = self.card.turned().quad == card.quad;
        let is_same = is_turned || self.card.quad == card.quad;
        if !is_same || self.card.format.width < card.format.width {
            return None;
        }
        let (w, h) = (self.picture.width() as f32, self.picture.height() as f32);
        let picture = match (self.card.format == card.format, is_turned) {
            (true, false) => self.picture,
            (true, true) => upside_down(&self.picture),
            (false, _) => card.straight(image)?,
        };
        let (across, down) = (picture.width() as f32 / w, picture.height() as f32 / h);
        let placed = |l: &Quad| {
            let corners = l.corners.map(|p| Point::new(p.x * across, p.y * down));
            match is_turned {
                true => half_turned(&Quad { corners }, &picture),
                false => Quad { corners },
            }
        };
        let lines = self.lines.places.iter().map(placed).collect();
        Some((picture, lines))
    }
}

/// The zone, where there is one, and the document alone as far as it was looked at for it: first the lines of the
/// document that was seen, then the photograph, unless that document has none and no print runs beside it. `format`:
/// the document's, where known.
///
/// # Errors
/// When a network fails.
pub(crate) fn find(
    reader: &mut dyn TextReader,
    image: &RgbImage,
    documents: &[Quad],
    format: Option<Format>,
) -> Result<(Option<ZoneRead>, Option<Flat>), ModelError> {
    let Some(flat) = Flat::of(reader, image, documents, format)? else {
        let rows = reader.read_mrz_lines(image, documents)?;
        return Ok((zone_among(rows), None));
    };
    let rows = match flat.zone(reader, image)? {
        ZoneAmong::Read(rows) => rows,
        ZoneAmong::None if flat.may_have_none() && !reader.is_print_beside(image, documents)? => {
            Vec::new()
        }
        _ => reader.read_mrz_lines(image, documents)?,
    };
    Ok((zone_among(rows), Some(flat)))
}

/// The zone that rows make, where they make one.
fn zone_among(lines: Vec<TextLine>) -> Option<ZoneRead> {
    let of = |lines: &[TextLine]| {
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        mrz::correct(&texts).into_iter().next()
    };
    let best = of(&lines)?;
    // Print above a zone may have been read with it.
    let own = lines
        .windows(best.mrz.format.lines())
        .find(|rows| of(rows).is_some_and(|c| c.lines == best.lines));
    let lines = own.map_or_else(|| lines.clone(), <[TextLine]>::to_vec);
    Some(ZoneRead { best, lines })
}

/// The picture turned by half.
pub(crate) fn upside_down(image: &RgbImage) -> RgbImage {
    let (w, h) = (image.width(), image.height());
    let pixels = image.data().as_chunks::<3>().0.iter().rev();
    let data = pixels.flatten().copied().collect();
    RgbImage::from_raw(w, h, data).unwrap_or_else(|| image.clone())
}

/// A line in the picture turned by half, where its text may stand upright.
fn half_turned(line: &Quad, image: &RgbImage) -> Quad {
    let mut turned = turned_by_half(line.corners, image);
    turned.rotate_left(2);
    Quad { corners: turned }
}

pub(crate) fn turned_by_half(corners: [Point; 4], image: &RgbImage) -> [Point; 4] {
    let (w, h) = (image.width() as f32, image.height() as f32);
    corners.map(|p| Point::new(w - p.x, h - p.y))
}

#[cfg(test)]
mod tests {
    use idproof_ports::{ModelIdentity, PageRead, PageRequest};

    use super::*;

    const ZONE: [&str; 3] = [
        "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
        "9007138F3002119FRA<<<<<<<<<<<6",
        "MARTIN<<MAELYS<GAELLE<MARIE<<<",
    ];

    fn quad(x0: f32, y0: f32, x1: f32, y1: f32) -> Quad {
        Quad {
            corners: [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| Point::new(x, y)),
        }
    }

    /// Rows at the foot of a document that takes the whole picture.
    fn rows(image: &RgbImage) -> Vec<TextLine> {
        let (w, h) = (image.width() as f32, image.height() as f32);
        let row = |(k, text): (usize, &&str)| {
            let top = h * (0.7 + 0.09 * k as f32);
            TextLine {
                corners: quad(0.05 * w, top, 0.95 * w, top + 0.05 * h).corners,
                text: (*text).to_owned(),
                confidence: 1.0,
            }
        };
        ZONE.iter().enumerate().map(row).collect()
    }

    /// A reader that says what the test wants, and what it was asked.
    struct Reader {
        zone: fn() -> ZoneAmong,
        are_clear: bool,
        beside: bool,
        asked: Vec<&'static str>,
    }

    impl TextReader for Reader {
        fn find_lines(&mut self, _: &RgbImage, side: u32) -> Result<FoundLines, ModelError> {
            self.asked.push(match side {
                556 => "lines",
                FINDING_MOST => "lines of a page",
                _ => unreachable!("{side}"),
            });
            Ok(FoundLines {
                places: vec![quad(8.0, 20.0, 48.0, 30.0)],
                are_clear: self.are_clear,
            })
        }

        fn read_mrz_among(
            &mut self,
            image: &RgbImage,
            lines: &[Quad],
        ) -> Result<ZoneAmong, ModelError> {
            self.asked.push("among");
            // Where the line lies in the photograph, which is no finer than the document alone.
            assert_eq!(image.width(), 1_200);
            let [at, ..] = lines[0].corners;
            assert!(at.x > 207.0 && at.x < 212.0 && at.y > 119.0 && at.y < 321.0);
            Ok((self.zone)())
        }

        fn read(
            &mut self,
            _: &RgbImage,
            _: Option<&[Quad]>,
            _: &PageRequest,
        ) -> Result<PageRead, ModelError> {
            unreachable!("no print is read")
        }

        fn is_print_beside(&mut self, _: &RgbImage, _: &[Quad]) -> Result<bool, ModelError> {
            self.asked.push("beside");
            Ok(self.beside)
        }

        fn read_mrz_lines(
            &mut self,
            image: &RgbImage,
            _: &[Quad],
        ) -> Result<Vec<TextLine>, ModelError> {
            self.asked.push("photograph");
            Ok(rows(image))
        }

        fn read_mrz_line(&mut self, _: &RgbImage) -> Result<Option<TextLine>, ModelError> {
            unreachable!("no lone line is read")
        }

        fn identities(&self) -> Vec<ModelIdentity> {
            Vec::new()
        }
    }

    fn photograph() -> RgbImage {
        RgbImage::from_raw(1_200, 900, vec![90; 1_200 * 900 * 3]).unwrap()
    }

    /// The card of 800 × 504 pixels in it.
    fn card() -> Quad {
        quad(200.0, 300.0, 1_000.0, 804.5)
    }

    type Found = (Option<ZoneRead>, Option<Flat>, Vec<&'static str>);

    fn found(zone: fn() -> ZoneAmong, (are_clear, beside): (bool, bool), seen: &[Quad]) -> Found {
        let mut reader = Reader {
            zone,
            are_clear,
            beside,
            asked: Vec::new(),
        };
        let (zone, flat) = find(&mut reader, &photograph(), seen, None).unwrap();
        (zone, flat, reader.asked)
    }

    #[test]
    fn a_zone_among_the_document_s_lines_is_not_searched_for_any_more() {
        let read = || ZoneAmong::Read(rows(&photograph()));
        let (zone, flat, asked) = found(read, (false, true), &[card()]);
        assert_eq!(zone.unwrap().best.lines, ZONE.map(str::to_owned));
        assert!(flat.is_some());
        assert_eq!(asked, ["lines", "among"]);
    }

    #[test]
    fn where_the_document_has_none_the_photograph_is_searched_only_for_print_beside() {
        let none = || ZoneAmong::None;
        let (zone, _, asked) = found(none, (true, false), &[card()]);
        assert!(zone.is_none());
        assert_eq!(asked, ["lines", "among", "beside"]);
        let (zone, _, asked) = found(none, (true, true), &[card()]);
        assert!(zone.is_some());
        assert_eq!(asked, ["lines", "among", "beside", "photograph"]);
    }

    #[test]
    fn what_the_lines_cannot_tell_is_searched_for_in_the_photograph() {
        let (_, _, asked) = found(|| ZoneAmong::Unsure, (true, false), &[card()]);
        assert_eq!(asked, ["lines", "among", "photograph"]);
        let (_, _, asked) = found(|| ZoneAmong::None, (false, false), &[card()]);
        assert_eq!(asked, ["lines", "among", "photograph"]);
        // What may be a data page, and what is small.
        let page = [quad(200.0, 100.0, 1_000.0, 663.0)];
        let (_, _, asked) = found(|| ZoneAmong::None, (true, false), &page);
        assert_eq!(asked, ["lines of a page", "among", "photograph"]);
        let small = [quad(200.0, 300.0, 780.0, 665.7)];
        let (_, _, asked) = found(|| ZoneAmong::None, (true, false), &small);
        assert_eq!(asked, ["lines", "among", "photograph"]);
        // Two documents, none, and one that stands on its side are not looked at alone.
        let two = [card(), quad(10.0, 10.0, 200.0, 130.0)];
        let on_its_side = [quad(100.0, 100.0, 500.0, 800.0)];
        for documents in [&two[..], &[], &on_its_side] {
            let (zone, flat, asked) = found(|| ZoneAmong::None, (true, false), documents);
            assert!(zone.is_some() && flat.is_none());
            assert_eq!(asked, ["photograph"]);
        }
    }

    #[test]
    fn lines_found_serve_the_same_document_and_the_same_upside_down_and_no_other() {
        let photograph = photograph();
        let seen = || {
            found(|| ZoneAmong::None, (true, false), &[card()])
                .1
                .unwrap()
        };
        let own = seen().card.clone();
        let of = |card: &Card| seen().of_card(&photograph, card);
        let (picture, lines) = of(&own).unwrap();
        assert_eq!(lines, [quad(8.0, 20.0, 48.0, 30.0)]);
        let (turned, lines) = of(&own.turned()).unwrap();
        assert_eq!(turned, upside_down(&picture));
        let (w, h) = (picture.width() as f32, picture.height() as f32);
        assert_eq!(lines, [quad(w - 48.0, h - 30.0, w - 8.0, h - 20.0)]);
        let mut other = own.clone();
        other.quad.corners[0].x += 3.0;
        assert!(of(&other).is_none());
        let format = |format| Card {
            format,
            ..own.clone()
        };
        assert!(of(&format(PAGE)).is_none());
        // One that is smaller: the same places on its own picture.
        let half = Format {
            width: CARD.width / 2.0,
            height: CARD.height,
        };
        let (picture, lines) = of(&format(half)).unwrap();
        let by = (picture.width() as f32 / w, picture.height() as f32 / h);
        let wanted = quad(8.0 * by.0, 20.0 * by.1, 48.0 * by.0, 30.0 * by.1);
        assert!((by.0 - 0.5).abs() < 0.02 && lines == [wanted], "{by:?}");
    }

    #[test]
    fn an_outline_tells_a_page_from_a_card() {
        let page = [quad(200.0, 100.0, 1_000.0, 663.0)];
        let mut reader = Reader {
            zone: || ZoneAmong::Unsure,
            are_clear: false,
            beside: false,
            asked: Vec::new(),
        };
        for (announced, format) in [(None, PAGE), (Some(CARD), CARD)] {
            let flat = Flat::of(&mut reader, &photograph(), &page, announced).unwrap();
            assert_eq!(flat.unwrap().card.format, format);
        }
        let flat = Flat::of(&mut reader, &photograph(), &[card()], None).unwrap();
        assert_eq!(flat.unwrap().card.format, CARD);
        assert_eq!(reader.asked, ["lines of a page", "lines", "lines"]);
    }
}
