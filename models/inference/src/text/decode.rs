//! From the recogniser's probabilities to text (connectionist temporal classification:
//! repeats collapse, the blank separates).

/// A line as read.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Reading {
    pub text: String,
    /// Mean probability of the characters, 0..=1; 0 where there are none.
    pub confidence: f32,
    /// Fillers and digits that the network itself saw; none are counted in free text.
    pub signs: usize,
}

/// Class 0 of PP-OCR's recogniser.
const BLANK: usize = 0;
/// Below this a symbol of the zone is no better than chance.
const FAINTEST: f32 = 0.005;
/// A gap this many times the pitch lost a character, one this small has one too many.
const WIDE: f32 = 1.6;

/// The likeliest text. `probabilities`: steps × `names.len()`; `names[0]` is the blank.
pub(super) fn free(probabilities: &[f32], names: &[String]) -> Reading {
    let mut text = String::new();
    let (mut sum, mut count, mut last) = (0.0, 0_u16, BLANK);
    for step in probabilities.chunks_exact(names.len()) {
        let (class, probability) =
            step.iter().enumerate().fold(
                (BLANK, 0.0),
                |best, (i, p)| if *p > best.1 { (i, *p) } else { best },
            );
        if class != BLANK && class != last {
            text.push_str(&names[class]);
            sum += probability;
            count += 1;
        }
        last = class;
    }
    Reading {
        text,
        confidence: if count == 0 {
            0.0
        } else {
            sum / f32::from(count)
        },
        signs: 0,
    }
}

/// The classes that stand for a symbol of `A-Z0-9<`: small letters and the signs that the
/// network takes fillers for included.
pub(super) fn zone_classes(names: &[String]) -> Vec<(usize, u8)> {
    let symbol = |name: &str| -> Option<u8> {
        let mut chars = name.chars();
        let (c, None) = (chars.next()?, chars.next()) else {
            return None;
        };
        match c {
            '<' | '＜' | '‹' | '〈' | '«' | '《' | '≤' | '∠' | 'く' => Some(b'<'),
            'A'..='Z' | '0'..='9' | 'a'..='z' => u8::try_from(c.to_ascii_uppercase()).ok(),
            _ => None,
        }
    };
    let named = names.iter().enumerate();
    named
        .filter_map(|(class, name)| Some((class, symbol(name)?)))
        .collect()
}

/// One character of a zone and the steps it lasted.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    byte: u8,
    first: usize,
    last: usize,
    probability: f32,
}

impl Mark {
    fn centre(&self) -> f32 {
        (self.first + self.last) as f32 / 2.0
    }
}

/// The likeliest text in `A-Z0-9<`. Zones are set at a fixed pitch, so a gap of several
/// pitches tells how many characters the network merged or passed over.
pub(super) fn zone(probabilities: &[f32], classes: usize, symbols: &[(usize, u8)]) -> Reading {
    let marks = marks(probabilities, classes, symbols);
    let count = marks.len() as f32;
    let confidence = marks.iter().map(|m| m.probability).sum::<f32>() / count.max(1.0);
    Reading {
        text: spaced(&marks),
        confidence,
        signs: marks
            .iter()
            .filter(|m| m.byte == b'<' || m.byte.is_ascii_digit())
            .count(),
    }
}

fn marks(probabilities: &[f32], classes: usize, symbols: &[(usize, u8)]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut open = false;
    for (step, all) in probabilities.chunks_exact(classes).enumerate() {
        let mut sums = [0.0_f32; 128];
        for (class, byte) in symbols {
            sums[usize::from(*byte)] += all[*class];
        }
        let (byte, probability) =
            (0_u8..).zip(sums).fold(
                (0, 0.0),
                |best, (b, p)| if p > best.1 { (b, p) } else { best },
            );
        // Half of the probability on the blank: what is left may be spread over signs that
        // no zone has, and says that something stands there.
        let nothing = all[BLANK] >= 0.5 || probability < FAINTEST;
        match marks.last_mut().filter(|m| open && m.byte == byte) {
            _ if nothing => {}
            Some(mark) => {
                mark.last = step;
                mark.probability = mark.probability.max(probability);
            }
            None => marks.push(Mark {
                byte,
                first: step,
                last: step,
                probability,
            }),
        }
        open = !nothing;
    }
    marks
}

/// Text with characters put into gaps that are too wide for the pitch.
fn spaced(marks: &[Mark]) -> String {
    let mut gaps: Vec<f32> = marks
        .windows(2)
        .map(|w| w[1].centre() - w[0].centre())
        .collect();
    gaps.sort_by(f32::total_cmp);
    let pitch = gaps
        .get(gaps.len() / 2)
        .copied()
        .filter(|_| gaps.len() >= 8);
    let mut text = String::new();
    let mut previous: Option<&Mark> = None;
    for mark in marks {
        if let (Some(previous), Some(pitch)) = (previous, pitch) {
            let gap = (mark.centre() - previous.centre()) / pitch;
            if gap > WIDE {
                let lost = (gap.round() as usize).saturating_sub(1).min(40);
                let byte = if lost == 1 {
                    lost_between(previous, mark)
                } else {
                    b'<'
                };
                text.extend(std::iter::repeat_n(char::from(byte), lost));
            }
        }
        text.push(char::from(mark.byte));
        previous = Some(mark);
    }
    text
}

/// The one character that the network merged or passed over between two marks: a filler
/// beside a filler; elsewhere the second of a pair, the longer mark's.
fn lost_between(before: &Mark, after: &Mark) -> u8 {
    let steps = |m: &Mark| m.last - m.first;
    if before.byte == b'<' || after.byte == b'<' {
        b'<'
    } else if steps(before) > steps(after) {
        before.byte
    } else {
        after.byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["", "A", "b", "<", "《", "字"].map(str::to_owned).to_vec()
    }

    /// One-hot steps.
    fn steps(classes: &[usize]) -> Vec<f32> {
        let one = |class: &usize| (0..6).map(|i| f32::from(i == *class)).collect::<Vec<_>>();
        classes.iter().flat_map(one).collect()
    }

    #[test]
    fn repeats_collapse_and_blanks_separate() {
        let reading = free(&steps(&[0, 1, 1, 0, 1, 5, 0, 0]), &names());
        assert_eq!(reading.text, "AA字");
        assert!((reading.confidence - 1.0).abs() < 1e-6);
        assert!(free(&steps(&[0, 0]), &names()) == Reading::default());
    }

    #[test]
    fn a_zone_knows_only_its_own_alphabet() {
        let symbols = zone_classes(&names());
        assert_eq!(symbols, [(1, b'A'), (2, b'B'), (3, b'<'), (4, b'<')]);
        let reading = zone(&steps(&[1, 0, 2, 0, 3, 0, 4]), 6, &symbols);
        assert_eq!(reading.text, "AB<<");
        // A foreign sign leaves what the alphabet has, however faint.
        let mut faint = steps(&[5]);
        faint[1] = 0.1;
        assert_eq!(zone(&faint, 6, &symbols).text, "A");
    }

    #[test]
    fn wide_gaps_are_filled() {
        let symbols = zone_classes(&names());
        let read = |gap: usize, then: &[usize]| {
            let mut line = [1, 0, 2, 0].repeat(5);
            line.extend(vec![0; gap]);
            line.extend(then);
            zone(&steps(&line), 6, &symbols).text
        };
        assert_eq!(read(2, &[1, 0, 2]), "ABABABABABAAB");
        assert_eq!(read(4, &[1, 0, 2]), "ABABABABAB<<AB");
        assert_eq!(read(2, &[3, 0, 2]), "ABABABABAB<<B");
    }
}
