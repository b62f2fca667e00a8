//! What a person who judges the case is shown beside the media: faces cut out, what was read and
//! heard, scores over time. It stays with the media and is deleted with them.

use std::fmt;
use std::time::Duration;

use idproof_domain::document::print::{Field, Print};
use idproof_domain::mrz::{Era, Mrz, MrzDate, Sex};
use idproof_ports::{HeardDigit, Point, Rect, RgbImage, TextLine};
use time::Date;

use crate::card::{Card, Found};

/// Frames shown at most: the best ones.
const MOST_FRAMES: usize = 3;
/// Room round a face on every side, as a share of its longer side.
const MARGIN: f32 = 0.5;

/// Everything of it. Personal data throughout.
#[derive(Clone, Default)]
pub struct Shown {
    /// The portrait on the document.
    pub portrait: Option<RgbImage>,
    /// The faces of the best frames, best first.
    pub frames: Vec<ShownFrame>,
    /// Digits as they were heard, with their times.
    pub heard: Vec<HeardDigit>,
    /// Live scores (1 is bona fide) by time after the start.
    pub live: Vec<(Duration, f64)>,
    /// What speaks of a display, a print or a mask in the best frame of each second.
    pub signs: Vec<Signs>,
    /// How many faces were seen, by time after the start.
    pub faces: Vec<(Duration, u32)>,
    /// When the recording jumps to another scene.
    pub cuts: Vec<Duration>,
    /// While the document was to be held up: whether a second, smaller face was seen, by time.
    pub document: Vec<(Duration, bool)>,
    /// The turn of the head by time: degrees to the person's own left, degrees up, both from where it
    /// usually is.
    pub head: Vec<(Duration, f64, f64)>,
    /// The outer lip gap over the mouth's width, by time.
    pub mouth: Vec<(Duration, f64)>,
    /// Level of the sound by time after the first frame, dB of full scale.
    pub voice: Vec<(Duration, f64)>,
    /// What the zone says, by the names under which applicants declare the same.
    pub zone: Vec<(&'static str, String)>,
    /// What is printed, likewise.
    pub print: Vec<(&'static str, String)>,
    /// One for each photograph of the document, in their order.
    pub sides: Vec<ShownSide>,
}

/// Four points, clockwise from the text's own top left, as shares of a picture's width and height.
pub type Corners = [(f64, f64); 4];

/// A photograph of the document: the document alone, and what was read where on it.
#[derive(Clone, Default)]
pub struct ShownSide {
    /// The document alone, upright.
    pub straight: Option<RgbImage>,
    /// `outline`, `zone` or `none`: what told where it lies.
    pub found: &'static str,
    /// Width and height of the document.
    pub size_mm: Option<(f64, f64)>,
    /// The document in the photograph.
    pub outline: Option<Corners>,
    /// Rows of the zone, on the straightened picture as all that follows.
    pub zone: Vec<(String, Corners)>,
    pub fields: Vec<ShownField>,
    pub portrait: Option<Corners>,
}

/// A printed field, by the name under which applicants declare the same.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownField {
    pub name: &'static str,
    pub text: String,
    pub corners: Corners,
}

/// Signs of an attack in one frame, in the units of the evidence they go into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signs {
    /// After the start of the recording.
    pub at: Duration,
    pub periodicity: Option<f64>,
    pub bars: f64,
    pub lips: Option<f64>,
    pub warmth: Option<f64>,
}

/// A face in the recording.
#[derive(Clone)]
pub struct ShownFrame {
    /// After the start of the recording.
    pub at: Duration,
    pub quality: f32,
    pub image: RgbImage,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({} frames)", self.frames.len())
    }
}

impl Shown {
    /// Keeps the frame if it is among the best.
    pub(crate) fn offer(&mut self, frame: ShownFrame) {
        let place = self.frames.partition_point(|f| f.quality >= frame.quality);
        self.frames.insert(place, frame);
        self.frames.truncate(MOST_FRAMES);
    }
}

impl ShownSide {
    /// The side with nothing on it yet; `None`: where the document lies is not known.
    pub(crate) fn of(image: &RgbImage, card: Option<&Card>, straight: Option<&RgbImage>) -> Self {
        let (Some(card), Some(straight)) = (card, straight) else {
            return Self {
                found: "none",
                ..Self::default()
            };
        };
        let size = (f64::from(image.width()), f64::from(image.height()));
        Self {
            straight: Some(straight.clone()),
            found: match card.found {
                Found::Outline => "outline",
                Found::Zone => "zone",
            },
            size_mm: Some((card.format.width, card.format.height)),
            outline: Some(
                card.quad
                    .corners
                    .map(|c| (f64::from(c.x) / size.0, f64::from(c.y) / size.1)),
            ),
            ..Self::default()
        }
    }

    /// Adds the rows of the zone, which stand in the photograph.
    pub(crate) fn with_zone(&mut self, card: &Card, lines: &[TextLine]) {
        let placed = |l: &TextLine| Some((l.text.clone(), on(card, l.corners)?));
        self.zone = lines.iter().filter_map(placed).collect();
    }

    /// Adds a face found in the photograph.
    pub(crate) fn with_portrait(&mut self, card: &Card, face: &Rect) {
        let (right, bottom) = (face.x + face.width, face.y + face.height);
        let corners = [
            (face.x, face.y),
            (right, face.y),
            (right, bottom),
            (face.x, bottom),
        ];
        self.portrait = on(card, corners.map(|(x, y)| Point::new(x, y)));
    }
}

/// Corners in the photograph, on the document.
fn on(card: &Card, corners: [Point; 4]) -> Option<Corners> {
    let mut placed = [(0.0, 0.0); 4];
    for (to, from) in placed.iter_mut().zip(corners) {
        *to = card.on(from)?;
    }
    Some(placed)
}

/// A face with some room round it.
pub(crate) fn cut_out(image: &RgbImage, face: &Rect) -> Option<RgbImage> {
    cut_with(image, face, face.width.max(face.height) * MARGIN)
}

/// A box with so many pixels round it, as far as they are in the picture.
pub(crate) fn cut_with(image: &RgbImage, face: &Rect, room: f32) -> Option<RgbImage> {
    let within = |value: f32, most: u32| value.clamp(0.0, most as f32) as u32;
    let (left, right) = (
        within(face.x - room, image.width()),
        within(face.x + face.width + room, image.width()),
    );
    let (top, bottom) = (
        within(face.y - room, image.height()),
        within(face.y + face.height + room, image.height()),
    );
    let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    let row_bytes = 3 * image.width() as usize;
    let mut data = Vec::with_capacity(3 * width as usize * height as usize);
    for y in top..bottom {
        let row = y as usize * row_bytes;
        data.extend_from_slice(
            image
                .data()
                .get(row + 3 * left as usize..row + 3 * right as usize)?,
        );
    }
    RgbImage::from_raw(width, height, data)
}

/// A date all of whose parts are known.
fn day(date: MrzDate, era: Era, today: Date) -> Option<String> {
    let range = date.resolve(era, today)?;
    (range.earliest == range.latest).then(|| range.latest.to_string())
}

pub(crate) fn of_zone(mrz: &Mrz, today: Date) -> Vec<(&'static str, String)> {
    let sex = match mrz.sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Unspecified => "X",
    };
    let expiry = mrz.expiry.and_then(|d| day(d, Era::Near, today));
    let all = [
        ("birth_name", Some(mrz.surname.clone())),
        ("first_names", Some(mrz.given_names.join(", "))),
        ("sex", Some(sex.to_owned())),
        ("birth_date", day(mrz.birth_date, Era::Past, today)),
        (
            "nationality",
            mrz.nationality.as_ref().map(ToString::to_string),
        ),
        ("document_number", Some(mrz.number.clone())),
        ("expiry_date", expiry),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)))
        .collect()
}

/// The names under which applicants declare what the fields hold.
const NAMES: [(&str, Field); 11] = [
    ("birth_name", Field::Surname),
    ("usage_name", Field::UsageName),
    ("first_names", Field::GivenNames),
    ("sex", Field::Sex),
    ("birth_date", Field::BirthDate),
    ("birth_place", Field::BirthPlace),
    ("nationality", Field::Nationality),
    ("document_number", Field::Number),
    ("issue_date", Field::Issue),
    ("expiry_date", Field::Expiry),
    ("postal_address", Field::Address),
];

/// The fields of a side where they stand on its straightened picture; `order` gives the line of
/// `lines` for each line that `print` was read from.
pub(crate) fn fields_on(
    straight: &RgbImage,
    print: &Print,
    order: &[usize],
    lines: &[TextLine],
) -> Vec<ShownField> {
    let size = (f64::from(straight.width()), f64::from(straight.height()));
    let mut fields = Vec::new();
    for (field, at) in print.places() {
        let name = NAMES.iter().find(|n| n.1 == field).map(|n| n.0);
        let line = order.get(at).and_then(|i| lines.get(*i));
        if let (Some(name), Some(line), Some(text)) = (name, line, print.get(field)) {
            fields.push(ShownField {
                name,
                text: text.to_owned(),
                corners: line
                    .corners
                    .map(|c| (f64::from(c.x) / size.0, f64::from(c.y) / size.1)),
            });
        }
    }
    fields
}

pub(crate) fn of_print(print: &Print) -> Vec<(&'static str, String)> {
    NAMES
        .iter()
        .filter_map(|(name, field)| Some((*name, print.get(*field)?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use idproof_domain::document::print;
    use idproof_domain::mrz;
    use idproof_ports::Quad;
    use time::macros::date;

    use super::*;
    use crate::printed;
    use crate::straighten::CARD;

    fn image(width: u32, height: u32) -> RgbImage {
        let data = (0..width * height).flat_map(|n| [(n % 251) as u8; 3]);
        RgbImage::from_raw(width, height, data.collect()).unwrap()
    }

    #[test]
    fn a_face_is_cut_out_with_room_and_never_beyond_the_picture() {
        let whole = image(100, 80);
        let face = Rect {
            x: 40.0,
            y: 30.0,
            width: 20.0,
            height: 20.0,
        };
        let cut = cut_out(&whole, &face).unwrap();
        assert_eq!((cut.width(), cut.height()), (40, 40));
        assert_eq!(cut.data()[..3], whole.data()[3 * (20 * 100 + 30)..][..3]);
        let edge = Rect {
            x: -10.0,
            y: 60.0,
            width: 30.0,
            height: 40.0,
        };
        let cut = cut_out(&whole, &edge).unwrap();
        assert_eq!((cut.width(), cut.height()), (40, 40));
        let outside = Rect { x: 500.0, ..edge };
        assert!(cut_out(&whole, &outside).is_none());
        let no_number = Rect {
            x: f32::NAN,
            ..edge
        };
        assert!(cut_out(&whole, &no_number).is_none_or(|c| c.width() <= 100));
    }

    #[test]
    fn the_best_frames_are_kept_best_first() {
        let mut shown = Shown::default();
        for quality in [0.2, 0.9, 0.1, 0.5, 0.7] {
            shown.offer(ShownFrame {
                at: Duration::ZERO,
                quality,
                image: image(1, 1),
            });
        }
        let kept: Vec<f32> = shown.frames.iter().map(|f| f.quality).collect();
        assert_eq!(kept, [0.9, 0.7, 0.5]);
        assert!(!format!("{shown:?}").contains("image"));
    }

    #[test]
    fn a_zone_is_shown_by_the_names_of_what_is_declared() {
        let zone = mrz::parse(&[
            "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
            "9007138F3002119FRA<<<<<<<<<<<6",
            "MARTIN<<MAELYS<GAELLE<MARIE<<<",
        ])
        .unwrap();
        let shown = of_zone(&zone, date!(2026 - 11 - 29));
        let get = |name| shown.iter().find(|f| f.0 == name).map(|f| f.1.as_str());
        assert_eq!(get("birth_name"), Some("MARTIN"));
        assert_eq!(get("first_names"), Some("MAELYS, GAELLE, MARIE"));
        assert_eq!(get("birth_date"), Some("1990-07-13"));
        assert_eq!(get("expiry_date"), Some("2030-02-11"));
        assert_eq!(get("document_number"), Some("X4RTBPFW4"));
        assert_eq!(get("usage_name"), None);
    }

    fn row(text: &str, (x, y): (f32, f32), width: f32) -> TextLine {
        let corners = [(x, y), (x + width, y), (x + width, y + 20.0), (x, y + 20.0)];
        TextLine {
            corners: corners.map(|(x, y)| Point::new(x, y)),
            text: text.to_owned(),
            confidence: 1.0,
        }
    }

    #[test]
    fn a_side_tells_where_zone_face_and_fields_stand_on_the_document() {
        let whole = image(200, 100);
        let card = Card {
            quad: Quad {
                corners: [(50.0, 20.0), (150.0, 20.0), (150.0, 80.0), (50.0, 80.0)]
                    .map(|(x, y)| Point::new(x, y)),
            },
            format: CARD,
            found: Found::Outline,
            told: None,
        };
        let straight = image(100, 60);
        let mut side = ShownSide::of(&whole, Some(&card), Some(&straight));
        assert_eq!((side.found, side.size_mm), ("outline", Some((85.6, 53.98))));
        assert_eq!(side.outline.unwrap()[2], (0.75, 0.8));
        side.with_zone(&card, &[row("P<UTO", (50.0, 50.0), 100.0)]);
        let (text, corners) = &side.zone[0];
        assert_eq!(text, "P<UTO");
        let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1) < 1e-6;
        assert!(near(corners[0], (0.0, 0.5)) && near(corners[1], (1.0, 0.5)));
        let face = Rect {
            x: 60.0,
            y: 26.0,
            width: 20.0,
            height: 30.0,
        };
        side.with_portrait(&card, &face);
        assert!(near(side.portrait.unwrap()[2], (0.3, 0.6)));

        let lines = [
            row("MARTIN", (30.0, 40.0), 30.0),
            row("NOM / Surname", (30.0, 15.0), 60.0),
        ];
        let framed = printed::lines(&lines);
        let order: Vec<usize> = framed.iter().map(|f| f.1).collect();
        let framed: Vec<_> = framed.into_iter().map(|f| f.0).collect();
        let fields = fields_on(&straight, &print::read(&framed), &order, &lines);
        assert_eq!((fields[0].name, &*fields[0].text), ("birth_name", "MARTIN"));
        assert!(near(fields[0].corners[0], (0.3, 40.0 / 60.0)));
    }

    #[test]
    fn a_side_on_which_nothing_was_found_says_so() {
        let side = ShownSide::of(&image(20, 20), None, None);
        assert_eq!(side.found, "none");
        assert!(side.straight.is_none() && side.outline.is_none() && side.size_mm.is_none());
        let no_print = fields_on(&image(9, 9), &print::read(&[]), &[], &[]);
        assert!(no_print.is_empty() && side.zone.is_empty());
    }
}
