//! What a person who judges the case is shown beside the media: faces cut out, what was read and
//! heard, scores over time. It stays with the media and is deleted with them.

use std::fmt;
use std::time::Duration;

use idproof_domain::document::print::{Field, Print};
use idproof_domain::mrz::{Era, Mrz, MrzDate, Sex};
use idproof_ports::{HeardDigit, Rect, RgbImage};
use time::Date;

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
    /// How many faces were seen, by time after the start.
    pub faces: Vec<(Duration, u32)>,
    /// What the zone says, by the names under which applicants declare the same.
    pub zone: Vec<(&'static str, String)>,
    /// What is printed, likewise.
    pub print: Vec<(&'static str, String)>,
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

/// A face with some room round it.
pub(crate) fn cut_out(image: &RgbImage, face: &Rect) -> Option<RgbImage> {
    let room = face.width.max(face.height) * MARGIN;
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

pub(crate) fn of_print(print: &Print) -> Vec<(&'static str, String)> {
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
    NAMES
        .iter()
        .filter_map(|(name, field)| Some((*name, print.get(*field)?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use idproof_domain::mrz;
    use time::macros::date;

    use super::*;

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
}
