//! Reads the print of a page: the small network first, PP-OCR what that is not sure of.

use idproof_ports::{ModelError, PageRead, PageRequest, Quad, RgbImage};

use super::decode::Reading;
use super::quick::Seen;
use super::strip::Strip;
use super::{PpOcr, detect, lines, tighten};

/// What the longer side of a page may be scaled to.
const LEAST_SIDE: i32 = 320;
const MOST_SIDE: i32 = 1600;
/// Lines of print that tell the way up, their length over thickness, and the confidence with which
/// they stand upright: the same lines upside down came to 0.05 to 0.48 on 27 documents.
const PROBED: usize = 3;
const TELLING: std::ops::RangeInclusive<f32> = 3.0..=8.0;
const PRINT_UPRIGHT: f32 = 0.75;
/// Share of a level page's width, and length over thickness, above which a line is a title.
const LONGEST: f32 = 0.6;
const WORDY: f32 = 13.0;
/// What runs along so much of a level page's width, so long over its thickness and this near to its upper edge, as a
/// share of its height, is its title: no field stands there.
const TITLE: f32 = 0.4;
const TITLE_ASPECT: f32 = 10.0;
const TOP: f32 = 0.08;
/// Sine of the angle from which print on a level page was stamped over it.
const STAMPED: f32 = 0.12;

/// Lengths over thickness, in sum, of the lines that PP-OCR reads of one page: its time goes by them. The cards
/// of the samples leave 7 to 23.
const MOST_READ: f32 = 48.0;
/// So many lines read surely tell the way up, each of so many characters.
const FEWEST_TOLD: usize = 2;
const WORD: usize = 4;

impl PpOcr {
    /// Where lines run in the whole picture, its longer side brought to `side` pixels or near.
    pub(super) fn lines_of(
        &mut self,
        image: &RgbImage,
        side: u32,
    ) -> Result<Vec<Strip>, ModelError> {
        self.detector
            .find(image, detect::whole(image), admitted(side), 0.0)
    }

    /// Every line that may hold a field, the way up that reads; the lines given, or else those found.
    pub(super) fn read_page(
        &mut self,
        image: &RgbImage,
        given: Option<&[Quad]>,
        request: &PageRequest,
    ) -> Result<PageRead, ModelError> {
        let mut strips = match given {
            Some(lines) => lines.iter().map(|l| Strip::with(&l.corners)).collect(),
            None => self.lines_of(image, request.side)?,
        };
        strips.retain(|s| may_hold_a_field(s, image, request));
        // First what tells the way up: long enough to be words, and no longer.
        strips.sort_by(|a, b| b.length.total_cmp(&a.length));
        strips.sort_by_key(|s| !TELLING.contains(&s.aspect()));
        let mut turned = false;
        let mut seen = self.quickly(image, &strips)?;
        if request.may_be_turned {
            turned = self.turn_up(image, &mut strips, &mut seen)?;
        }
        let most = if self.quick.is_some() {
            MOST_READ
        } else {
            f32::INFINITY
        };
        let left = left_over(&strips, &seen, most);
        let unread: Vec<Strip> = left.iter().map(|i| strips[*i]).collect();
        for (i, reading) in left.iter().zip(self.recogniser.read(image, &unread)?) {
            seen[*i] = Seen::Surely(reading);
        }
        let readings = seen.into_iter().map(|s| s.reading().unwrap_or_default());
        let readings = readings.collect();
        let lines = lines(&strips, readings)
            .filter(|l| !l.text.trim().is_empty())
            .collect();
        Ok(PageRead { lines, turned })
    }

    /// What the small network reads, of lines that stand the way up they are given.
    fn quickly(&mut self, image: &RgbImage, strips: &[Strip]) -> Result<Vec<Seen>, ModelError> {
        let Some(quick) = &mut self.quick else {
            return Ok(vec![Seen::Nothing; strips.len()]);
        };
        let fitted = tighten::rows(image, strips).map_err(self.recogniser.vision_error())?;
        fitted.iter().map(|s| quick.read(image, *s)).collect()
    }

    /// Lines that the small network does not mostly read as they stand: whether they stand upside down, told by what it
    /// reads then, or else by the other network's reading of the first lines. All of them are turned the way up that
    /// reads, and what was read is kept.
    fn turn_up(
        &mut self,
        image: &RgbImage,
        strips: &mut Vec<Strip>,
        seen: &mut Vec<Seen>,
    ) -> Result<bool, ModelError> {
        let upright = told(seen);
        if 2 * upright > strips.len() {
            return Ok(false);
        }
        let over: Vec<Strip> = strips.iter().map(|s| s.turned()).collect();
        let found = self.quickly(image, &over)?;
        let turned = told(&found);
        if upright.max(turned) >= FEWEST_TOLD && upright.min(turned) * 2 < upright.max(turned) {
            if turned > upright {
                (*strips, *seen) = (over, found);
            }
            return Ok(turned > upright);
        }
        let probed = strips.len().min(PROBED);
        let upright = self.recogniser.read(image, &strips[..probed])?;
        let sure = |all: &[Reading]| {
            all.iter().map(|r| r.confidence).sum::<f32>() / all.len().max(1) as f32
        };
        let mut best = (false, upright);
        if sure(&best.1) < PRINT_UPRIGHT {
            let turned = self.recogniser.read(image, &over[..probed])?;
            if sure(&turned) > sure(&best.1) {
                best = (true, turned);
                (*strips, *seen) = (over, found);
            }
        }
        for (slot, reading) in seen.iter_mut().zip(best.1) {
            *slot = Seen::Surely(reading);
        }
        Ok(best.0)
    }
}

/// The nearest side that the detector takes.
pub(super) fn admitted(side: u32) -> i32 {
    let side = i32::try_from(side).unwrap_or(i32::MAX);
    side.clamp(LEAST_SIDE, MOST_SIDE) / 32 * 32
}

/// The lines that PP-OCR is to read: those that the small network does not read surely, the shortest first, `most`
/// lengths over thickness in all. Values are short, and the longest lines are labels in several languages.
fn left_over(strips: &[Strip], seen: &[Seen], most: f32) -> Vec<usize> {
    let mut left: Vec<usize> = (0..strips.len())
        .filter(|i| seen[*i].surely().is_none())
        .collect();
    left.sort_by(|a, b| strips[*a].aspect().total_cmp(&strips[*b].aspect()));
    let mut sum = 0.0;
    left.retain(|i| {
        sum += strips[*i].aspect();
        sum <= most
    });
    left
}

/// How many lines of a word or more were read.
fn told(seen: &[Seen]) -> usize {
    let long = |r: &&Reading| r.text.chars().count() >= WORD;
    seen.iter().filter_map(Seen::surely).filter(long).count()
}

/// Titles across the whole of a document, what is stamped aslant over it, and print too thin to be
/// a field's are not read.
fn may_hold_a_field(strip: &Strip, image: &RgbImage, request: &PageRequest) -> bool {
    let across = strip.length > LONGEST * image.width() as f32 && strip.aspect() > WORDY;
    let title = strip.length > TITLE * image.width() as f32
        && strip.aspect() > TITLE_ASPECT
        && strip.centre.y < TOP * image.height() as f32;
    let aslant = request.is_level && strip.aspect() > 3.0 && strip.angle.sin().abs() > STAMPED;
    let lowest = request.down_to * image.height() as f32;
    let beside = strip.centre.y < lowest && strip.thickness >= request.thinnest;
    beside && !aslant && !(request.is_level && (across || title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_ports::Point;

    #[test]
    fn the_shortest_of_the_lines_not_read_surely_are_left_to_the_other_network() {
        let strip = |length: f32| Strip {
            centre: Point::default(),
            angle: 0.0,
            length,
            thickness: 10.0,
        };
        let strips = [200.0, 50.0, 120.0, 30.0, 300.0].map(strip);
        let read = || Reading {
            text: "X".into(),
            ..Reading::default()
        };
        let seen = [
            Seen::Unsurely(read()),
            Seen::Surely(read()),
            Seen::Nothing,
            Seen::Unsurely(read()),
            Seen::Unsurely(read()),
        ];
        assert_eq!(left_over(&strips, &seen, 40.0), [3, 2, 0]);
        assert_eq!(left_over(&strips, &seen, 14.9), [3]);
        assert_eq!(left_over(&strips, &seen, f32::INFINITY), [3, 2, 0, 4]);
    }

    #[test]
    fn a_title_along_the_upper_edge_holds_no_field_and_a_label_there_may() {
        let image = RgbImage::from_raw(1000, 630, vec![0; 1000 * 630 * 3]).unwrap();
        let held = |length: f32, y: f32, is_level: bool| {
            let strip = Strip {
                centre: Point::new(400.0, y),
                angle: 0.0,
                length,
                thickness: 35.0,
            };
            let request = PageRequest {
                side: 640,
                may_be_turned: false,
                is_level,
                down_to: 1.0,
                thinnest: 10.0,
            };
            may_hold_a_field(&strip, &image, &request)
        };
        assert!(!held(500.0, 25.0, true));
        assert!(held(300.0, 25.0, true));
        assert!(held(500.0, 70.0, true));
        assert!(held(500.0, 25.0, false));
    }
}
