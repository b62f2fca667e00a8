//! Where in a picture a zone is looked for first: where documents were seen.

use idproof_ports::{Point, Quad, Rect, RgbImage, TextLine};
use opencv::core::Rect as PixelRect;

/// The documents seen are looked at with so much round them, as a share of their longer side; not alone where that
/// is most of the picture.
const AROUND: f32 = 0.04;
const MOST: f32 = 0.75;
/// What is beside them is looked at too where it is wider than this share of their shorter side.
const ROOM: f32 = 0.15;

/// The part of a picture with all the documents seen in it.
pub(super) fn part_with(documents: &[Quad], image: &RgbImage) -> Option<PixelRect> {
    let corners: Vec<Point> = documents.iter().flat_map(|q| q.corners).collect();
    let bounds = Rect::round(&corners);
    let more = AROUND * bounds.width.max(bounds.height);
    let within = |v: f32, most: u32| v.clamp(0.0, most as f32) as i32;
    let left = within(bounds.x - more, image.width());
    let top = within(bounds.y - more, image.height());
    let right = within(bounds.x + bounds.width + more, image.width());
    let bottom = within(bounds.y + bounds.height + more, image.height());
    let part = PixelRect::new(left, top, right - left, bottom - top);
    let all = image.width() as f32 * image.height() as f32;
    let share = part.width as f32 * part.height as f32 / all.max(1.0);
    (part.width > 0 && part.height > 0 && share < MOST).then_some(part)
}

/// Whether another document may lie beside the part, or the zone of one whose outline was found too small.
pub(super) fn has_room_beside(documents: &[Quad], part: PixelRect, image: &RgbImage) -> bool {
    let shorter = |q: &Quad| q.corners[1].distance(q.corners[2]);
    let largest = documents.iter().map(shorter).fold(0.0, f32::max);
    let (right, below) = (part.x + part.width, part.y + part.height);
    let beside = [
        part.x as f32,
        part.y as f32,
        image.width() as f32 - right as f32,
        image.height() as f32 - below as f32,
    ];
    beside.iter().any(|b| *b > ROOM * largest)
}

/// Whether a place lies on none of the documents, whose corners run clockwise.
pub(super) fn is_off(documents: &[Quad], at: Point) -> bool {
    let is_on = |q: &Quad| {
        (0..4).all(|i| {
            let (a, b) = (q.corners[i], q.corners[(i + 1) % 4]);
            (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x) >= 0.0
        })
    };
    !documents.iter().any(is_on)
}

/// Whether rows lie in the part, one thickness off its edges.
pub(super) fn is_inside(rows: &[TextLine], part: PixelRect) -> bool {
    let (right, below) = (part.x + part.width, part.y + part.height);
    rows.iter().all(|row| {
        let by = row.corners[1].distance(row.corners[2]);
        row.corners.iter().all(|p| {
            p.x - by > part.x as f32
                && p.y - by > part.y as f32
                && p.x + by < right as f32
                && p.y + by < below as f32
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quad(x0: f32, y0: f32, x1: f32, y1: f32) -> Quad {
        Quad {
            corners: [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| Point::new(x, y)),
        }
    }

    fn picture() -> RgbImage {
        RgbImage::from_raw(400, 300, vec![0; 400 * 300 * 3]).unwrap()
    }

    #[test]
    fn the_part_has_all_documents_and_lies_in_the_picture() {
        let part = part_with(&[quad(-9.0, 20.0, 100.0, 80.0)], &picture()).unwrap();
        assert_eq!((part.x, part.y), (0, 15));
        assert_eq!((part.x + part.width, part.y + part.height), (104, 84));
        let both = [
            quad(20.0, 20.0, 90.0, 60.0),
            quad(100.0, 70.0, 220.0, 140.0),
        ];
        let part = part_with(&both, &picture()).unwrap();
        assert_eq!(
            (part.x, part.y, part.width, part.height),
            (12, 12, 216, 136)
        );
    }

    #[test]
    fn none_seen_or_most_of_the_picture_is_no_part() {
        assert_eq!(part_with(&[], &picture()), None);
        assert_eq!(
            part_with(&[quad(-90.0, -90.0, -40.0, -40.0)], &picture()),
            None
        );
        assert_eq!(
            part_with(&[quad(10.0, 10.0, 390.0, 290.0)], &picture()),
            None
        );
    }

    #[test]
    fn there_is_room_beside_where_a_margin_is_wide() {
        let room = |q: Quad| {
            let part = part_with(&[q], &picture()).unwrap();
            has_room_beside(&[q], part, &picture())
        };
        assert!(!room(quad(40.0, 40.0, 360.0, 258.0)));
        assert!(room(quad(120.0, 30.0, 370.0, 260.0)));
    }

    #[test]
    fn a_place_is_off_where_it_lies_on_no_document() {
        let mut aslant = quad(20.0, 20.0, 90.0, 60.0);
        aslant.corners[0].x = 60.0;
        let documents = [aslant, quad(100.0, 70.0, 220.0, 140.0)];
        assert!(!is_off(&documents, Point::new(80.0, 30.0)));
        assert!(!is_off(&documents, Point::new(150.0, 100.0)));
        assert!(is_off(&documents, Point::new(25.0, 25.0)));
        assert!(is_off(&documents, Point::new(95.0, 65.0)));
        assert!(is_off(&[], Point::new(95.0, 65.0)));
    }

    #[test]
    fn rows_lie_inside_where_they_keep_off_the_edge() {
        let row = |x: f32| TextLine {
            corners: quad(x, 50.0, x + 60.0, 60.0).corners,
            text: String::new(),
            confidence: 1.0,
        };
        let part = PixelRect::new(0, 0, 100, 100);
        assert!(is_inside(&[row(20.0)], part));
        assert!(!is_inside(&[row(20.0), row(31.0)], part));
    }
}
