//! Where the document lies in a photograph: the outline that fits its machine-readable zone, or
//! else the place that the zone itself tells.

use idproof_domain::mrz::Format as ZoneFormat;
use idproof_ports::{Point, Quad, RgbImage, TextLine};

use crate::straighten::{
    CARD, Format, LARGE_CARD, PAGE, homography, resolution, straighten, times,
};

/// Every zone is set at ten characters an inch (Doc 9303-3, 4.2.3).
const PITCH_MM: f64 = 2.54;
/// How far the middle of a zone lies above the document's lower edge: half of the 23.2 mm that
/// Doc 9303-3 (4.2.1) leaves it.
const MIDDLE_MM: f64 = 11.6;
/// What an outline and the zone may say differently of the pixels a millimetre; perspective and a
/// frayed edge are within.
const AGREES: std::ops::RangeInclusive<f64> = 0.78..=1.28;
/// How far off its place, in millimetres, a zone may lie on the document's own outline: print and rows as they were
/// found are that unsure, and an outline that runs round other things is further off.
const MOST_OFF: f64 = 4.0;
/// Width to which a document is straightened for people and for reading the print.
const WIDTH: f64 = 1_280.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// By its edges.
    Outline,
    /// By the place of its zone, as if the camera had looked straight down on it.
    Zone,
}

/// A document's place in a photograph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Card {
    /// Clockwise from the document's own top left, where its zone or print told which that is.
    pub quad: Quad,
    pub format: Format,
    pub found: Found,
    /// The same by the place of the zone alone, a few millimetres unsure.
    pub told: Option<Quad>,
}

/// The zone of a photograph: its rows as they were read, and the format they make.
pub(crate) struct ZoneRows<'a> {
    pub format: ZoneFormat,
    pub lines: &'a [TextLine],
}

impl ZoneRows<'_> {
    /// Pixels a millimetre, by the length of the rows.
    pub fn scale(&self) -> Option<f64> {
        let length = |l: &TextLine| l.corners[0].distance(l.corners[1]);
        let longest = self.lines.iter().map(length).fold(0.0, f32::max);
        let scale = f64::from(longest) / (self.format.width() as f64 * PITCH_MM);
        (scale > 0.0).then_some(scale)
    }

    /// The document as it would lie round its zone.
    fn card(&self) -> Option<Card> {
        let scale = self.scale()?;
        let (centre, along) = (self.centre()?, self.along()?);
        let format = size_of(self.format);
        let place = |x: f64, y: f64| {
            let (x, y) = (x * scale, y * scale);
            Point::new(
                (f64::from(centre.x) + x * along.0 - y * along.1) as f32,
                (f64::from(centre.y) + x * along.1 + y * along.0) as f32,
            )
        };
        let (half, above) = (format.width / 2.0, format.height - MIDDLE_MM);
        let quad = Quad {
            corners: [
                place(-half, -above),
                place(half, -above),
                place(half, MIDDLE_MM),
                place(-half, MIDDLE_MM),
            ],
        };
        Some(Card {
            quad,
            format,
            found: Found::Zone,
            told: Some(quad),
        })
    }

    fn centre(&self) -> Option<Point> {
        let corners = self.lines.iter().flat_map(|l| l.corners);
        let n = (self.lines.len() * 4) as f32;
        let sum = corners.fold(Point::default(), |s, c| Point::new(s.x + c.x, s.y + c.y));
        (n > 0.0).then(|| Point::new(sum.x / n, sum.y / n))
    }

    /// How far the zone lies from its place on the outline, in millimetres: the ends of its rows from the margins that
    /// their length leaves, its middle from its height, and one end of a row from the height of the other.
    fn off(&self, quad: &Quad, format: Format) -> Option<f64> {
        let length = self.format.width() as f64 * PITCH_MM;
        let margin = (format.width - length) / 2.0;
        let on_document = |p: Point| {
            let (x, y) = on(quad, p)?;
            Some((x * format.width, y * format.height))
        };
        let mut furthest = 0.0_f64;
        for line in self.lines {
            let [a, b, c, d] = line.corners;
            let middle = |p: Point, q: Point| Point::new((p.x + q.x) / 2.0, (p.y + q.y) / 2.0);
            let (left, right) = (on_document(middle(a, d))?, on_document(middle(b, c))?);
            let ends = (left.0 - margin)
                .abs()
                .max((right.0 - margin - length).abs());
            furthest = furthest.max(ends).max((left.1 - right.1).abs());
        }
        let (_, middle) = on_document(self.centre()?)?;
        Some(furthest.max((middle - format.height + MIDDLE_MM).abs()))
    }

    /// The direction of reading, of length 1.
    fn along(&self) -> Option<(f64, f64)> {
        let (mut x, mut y) = (0.0_f64, 0.0_f64);
        for line in self.lines {
            x += f64::from(line.corners[1].x - line.corners[0].x);
            y += f64::from(line.corners[1].y - line.corners[0].y);
        }
        let length = x.hypot(y);
        (length > 0.0).then(|| (x / length, y / length))
    }
}

/// The size of the documents that carry the format (Doc 9303-4 to 7).
pub(crate) fn size_of(format: ZoneFormat) -> Format {
    match format {
        ZoneFormat::Td1 => CARD,
        ZoneFormat::Td2 | ZoneFormat::MrvB | ZoneFormat::FrenchCard => LARGE_CARD,
        ZoneFormat::Td3 | ZoneFormat::MrvA => PAGE,
    }
}

/// The document in `image`: with a zone, the outline about it the right way up, or the place that
/// the zone tells; without one, the largest outline. `None` where neither is there, and where the
/// zone fills the picture so that nothing of the document is round it.
pub(crate) fn place(
    quads: &[Quad],
    zone: Option<&ZoneRows<'_>>,
    announced: Format,
) -> Option<Card> {
    let Some(zone) = zone else {
        return quads.first().map(|quad| Card {
            quad: *quad,
            format: announced,
            found: Found::Outline,
            told: None,
        });
    };
    let format = size_of(zone.format);
    quads
        .iter()
        .filter_map(|q| fitting(q, zone, format))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, card)| card)
        .or_else(|| zone.card())
}

/// The outline turned so that the zone reads along its first side, where it is the zone's, and how far off the zone
/// lies on it, in millimetres.
fn fitting(quad: &Quad, zone: &ZoneRows<'_>, format: Format) -> Option<(f64, Card)> {
    let (along, scale) = (zone.along()?, zone.scale()?);
    let turned = (0..4).map(|by| {
        let mut corners = quad.corners;
        corners.rotate_left(by);
        Quad { corners }
    });
    let level = |q: &Quad| {
        let [a, b, ..] = q.corners;
        let (x, y) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
        (x * along.0 + y * along.1) / x.hypot(y).max(1e-6)
    };
    let quad = turned.max_by(|a, b| level(a).total_cmp(&level(b)))?;
    let agrees = AGREES.contains(&(resolution(&quad, format) / scale));
    let off = zone.off(&quad, format)?;
    (agrees && level(&quad) > 0.9 && off < MOST_OFF).then_some((
        off,
        Card {
            quad,
            format,
            found: Found::Outline,
            told: zone.card().map(|c| c.quad),
        },
    ))
}

impl Card {
    /// The document alone, upright, up to [`WIDTH`] pixels wide but no finer than the picture.
    pub fn straight(&self, image: &RgbImage) -> Option<RgbImage> {
        let finest = resolution(&self.quad, self.format).max(1.0);
        straighten(
            image,
            &self.quad,
            self.format,
            finest.min(WIDTH / self.format.width),
        )
    }

    /// The same document upside down.
    pub fn turned(&self) -> Self {
        let mut corners = self.quad.corners;
        corners.rotate_left(2);
        Self {
            quad: Quad { corners },
            ..self.clone()
        }
    }

    /// Places given as shares of the document, in the photograph.
    pub fn in_photograph(&self, corners: &[(f64, f64); 4]) -> Quad {
        let m = homography(&self.quad);
        let place = |(x, y)| {
            let (x, y, z) = times(&m, x, y);
            Point::new((x / z) as f32, (y / z) as f32)
        };
        Quad {
            corners: corners.map(place),
        }
    }

    /// A point of the photograph on the document, as shares of its width and height.
    pub fn on(&self, at: Point) -> Option<(f64, f64)> {
        on(&self.quad, at)
    }
}

/// A point of the picture in the quadrilateral's own shares; `None` for a flat one.
fn on(quad: &Quad, at: Point) -> Option<(f64, f64)> {
    let [a, b, c, d, e, f, g, h, i] = homography(quad);
    // The adjugate inverts it up to a factor, which the division takes out.
    let inverse = [
        e * i - f * h,
        c * h - b * i,
        b * f - c * e,
        f * g - d * i,
        a * i - c * g,
        c * d - a * f,
        d * h - e * g,
        b * g - a * h,
        a * e - b * d,
    ];
    let (x, y, z) = times(&inverse, f64::from(at.x), f64::from(at.y));
    let share = (x / z, y / z);
    (share.0.is_finite() && share.1.is_finite()).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quad(corners: [(f32, f32); 4]) -> Quad {
        Quad {
            corners: corners.map(|(x, y)| Point::new(x, y)),
        }
    }

    /// Three rows of a TD1 zone at ten pixels a millimetre in a card whose top left is at
    /// (100, 100), turned about the card's middle.
    fn rows(angle: f32) -> Vec<TextLine> {
        (0..3)
            .map(|k| {
                let (left, right) = (147.0, 147.0 + 762.0);
                let top = 100.0 + 539.8 - 116.0 + (k as f32 - 1.0) * 63.5 - 20.0;
                let corners = [
                    (left, top),
                    (right, top),
                    (right, top + 40.0),
                    (left, top + 40.0),
                ];
                TextLine {
                    corners: corners.map(|p| about(p, angle)),
                    text: "<".repeat(30),
                    confidence: 1.0,
                }
            })
            .collect()
    }

    fn about((x, y): (f32, f32), angle: f32) -> Point {
        let (sin, cos) = angle.sin_cos();
        let (x, y) = (x - 528.0, y - 369.9);
        Point::new(528.0 + x * cos - y * sin, 369.9 + x * sin + y * cos)
    }

    fn card(angle: f32) -> Quad {
        let corners = [
            (100.0, 100.0),
            (956.0, 100.0),
            (956.0, 639.8),
            (100.0, 639.8),
        ];
        Quad {
            corners: corners.map(|p| about(p, angle)),
        }
    }

    fn near(a: &Quad, b: &Quad, within: f32) -> bool {
        let pairs = a.corners.iter().zip(b.corners);
        pairs.clone().all(|(a, b)| a.distance(b) < within)
    }

    /// The card's outline with a corner that lies far beside.
    fn reaching(angle: f32) -> Quad {
        let mut seen = card(angle);
        let (away, from) = (seen.corners[1], seen.corners[3]);
        seen.corners[1] = Point::new(
            away.x + (away.x - from.x) * 0.3,
            away.y + (away.y - from.y) * 0.3,
        );
        seen
    }

    fn placed(quads: &[Quad], rows: &[TextLine]) -> Option<Card> {
        let zone = ZoneRows {
            format: ZoneFormat::Td1,
            lines: rows,
        };
        place(quads, Some(&zone), PAGE)
    }

    #[test]
    fn the_outline_about_the_zone_is_turned_the_way_it_reads() {
        for angle in [0.0, 0.5, 3.1, -1.5] {
            // The finder knows no up: its first corner is the picture's top left.
            let mut seen = card(angle);
            seen.corners.rotate_left(2);
            let other = quad([(0.0, 0.0), (90.0, 0.0), (90.0, 60.0), (0.0, 60.0)]);
            let found = placed(&[other, seen], &rows(angle)).unwrap();
            assert_eq!((found.found, found.format), (Found::Outline, CARD));
            assert!(near(&found.quad, &card(angle), 0.5), "{found:?}");
        }
    }

    #[test]
    fn without_a_fitting_outline_the_zone_tells_the_place() {
        for angle in [0.0, 2.0] {
            for quads in [
                vec![],
                // The page round the card, an outline on end, one without the zone.
                vec![quad([
                    (0.0, 0.0),
                    (2000.0, 0.0),
                    (2000.0, 1300.0),
                    (0.0, 1300.0),
                ])],
                vec![card(angle + 1.57)],
                vec![quad([(0.0, 0.0), (856.0, 0.0), (856.0, 90.0), (0.0, 90.0)])],
                // One that runs round something else behind the card.
                vec![reaching(angle)],
            ] {
                let found = placed(&quads, &rows(angle)).unwrap();
                assert_eq!(found.found, Found::Zone);
                assert!(near(&found.quad, &card(angle), 8.0), "{found:?}");
            }
        }
    }

    #[test]
    fn without_a_zone_it_is_the_largest_outline_and_without_one_nothing() {
        let found = place(&[card(0.0)], None, PAGE).unwrap();
        assert_eq!((found.quad, found.format), (card(0.0), PAGE));
        assert_eq!(place(&[], None, CARD), None);
        let none = ZoneRows {
            format: ZoneFormat::Td1,
            lines: &[],
        };
        assert_eq!(place(&[], Some(&none), CARD), None);
        let flat = TextLine {
            corners: [Point::new(5.0, 5.0); 4],
            text: String::new(),
            confidence: 0.0,
        };
        assert_eq!(placed(&[card(0.0)], &[flat]), None);
    }

    #[test]
    fn points_go_to_the_card_and_back() {
        let seen = quad([(10.0, 20.0), (900.0, 60.0), (870.0, 600.0), (40.0, 520.0)]);
        for (corner, wanted) in
            seen.corners
                .iter()
                .zip([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
        {
            let (x, y) = on(&seen, *corner).unwrap();
            assert!((x - wanted.0).abs() < 1e-4 && (y - wanted.1).abs() < 1e-4);
        }
        let line = quad([(0.0, 0.0), (50.0, 50.0), (50.0, 50.0), (0.0, 0.0)]);
        assert!(
            on(&line, Point::new(3.0, 9.0)).is_none_or(|(x, y)| x.is_finite() && y.is_finite())
        );
    }
}
