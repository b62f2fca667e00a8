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
    /// Where the middle of each character stands, as a share of the picture's width; only [`plain`] tells.
    pub places: Vec<f32>,
    /// The probability of each character; only [`plain`] tells.
    pub sure: Vec<f32>,
}

impl Reading {
    pub fn fillers(&self) -> usize {
        self.text.bytes().filter(|b| *b == b'<').count()
    }
}

/// Class 0 of PP-OCR's recogniser.
const BLANK: usize = 0;
/// Below this a symbol of the zone is no better than chance.
const FAINTEST: f32 = 0.005;
/// What the network saw of a character it passed over.
const TRACE: f32 = 0.0005;
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
        places: Vec::new(),
        sure: Vec::new(),
    }
}

/// The likeliest text of a network that knows only the zone's symbols: class 0 is the blank,
/// class `k` is `symbols[k - 1]`.
pub(super) fn plain(probabilities: &[f32], symbols: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let steps = probabilities.len() / (symbols.len() + 1);
    let runs = runs(probabilities, symbols.len() + 1);
    for run in &runs {
        let byte = symbols[run.class - 1];
        reading.text.push(char::from(byte));
        reading.signs += usize::from(byte == b'<' || byte.is_ascii_digit());
        reading.confidence += run.probability / runs.len() as f32;
        let middle = (run.first + run.last) as f32 / 2.0;
        reading.places.push((middle + 0.5) / steps.max(1) as f32);
        reading.sure.push(run.probability);
    }
    reading
}

/// The likeliest text in `names`, whose class 1 is the first, and whether it is sure: each character at least so
/// probable, and no small letter between two capitals. Spaces before and behind it are no part of it. `None` where
/// there is no text.
pub(super) fn named(probabilities: &[f32], names: &[char], least: f32) -> Option<(Reading, bool)> {
    let runs = runs(probabilities, names.len() + 1);
    let is_space = |r: &Run| names[r.class - 1].is_whitespace();
    let first = runs.iter().position(|r| !is_space(r))?;
    let last = runs.iter().rposition(|r| !is_space(r))?;
    let runs = &runs[first..=last];
    let text: String = runs.iter().map(|r| names[r.class - 1]).collect();
    let letters: Vec<char> = text.chars().collect();
    let mixed = letters
        .windows(3)
        .any(|w| w[0].is_uppercase() && w[1].is_lowercase() && w[2].is_uppercase());
    let reading = Reading {
        confidence: runs.iter().map(|r| r.probability).sum::<f32>() / runs.len() as f32,
        text,
        ..Reading::default()
    };
    Some((
        reading,
        !mixed && runs.iter().all(|r| r.probability >= least),
    ))
}

/// A class other than the blank, the steps it lasted and its highest probability in them.
struct Run {
    class: usize,
    first: usize,
    last: usize,
    probability: f32,
}

fn runs(probabilities: &[f32], classes: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = BLANK;
    for (at, step) in probabilities.chunks_exact(classes).enumerate() {
        let (class, probability) =
            step.iter().enumerate().fold(
                (BLANK, 0.0),
                |best, (i, p)| if *p > best.1 { (i, *p) } else { best },
            );
        match runs.last_mut().filter(|_| class == last) {
            _ if class == BLANK => {}
            Some(run) => {
                run.last = at;
                run.probability = run.probability.max(probability);
            }
            None => runs.push(Run {
                class,
                first: at,
                last: at,
                probability,
            }),
        }
        last = class;
    }
    runs
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
    let steps: Vec<Step> = probabilities
        .chunks_exact(classes)
        .map(|all| Step::new(all, symbols))
        .collect();
    let marks = marks(&steps);
    let count = marks.len() as f32;
    let confidence = marks.iter().map(|m| m.probability).sum::<f32>() / count.max(1.0);
    Reading {
        text: spaced(&marks, &steps),
        confidence,
        signs: marks
            .iter()
            .filter(|m| m.byte == b'<' || m.byte.is_ascii_digit())
            .count(),
        places: Vec::new(),
        sure: Vec::new(),
    }
}

/// The likeliest symbol of one step, the blank left out.
#[derive(Debug, Clone, Copy)]
struct Step {
    byte: u8,
    probability: f32,
    /// Half of the probability is on the blank, or no symbol stands out. What is left may be
    /// spread over signs that no zone has, and says that something stands there.
    nothing: bool,
}

impl Step {
    fn new(all: &[f32], symbols: &[(usize, u8)]) -> Self {
        let mut sums = [0.0_f32; 128];
        for (class, byte) in symbols {
            sums[usize::from(*byte)] += all[*class];
        }
        let best = |best: (u8, f32), (b, p)| if p > best.1 { (b, p) } else { best };
        let (byte, probability) = (0_u8..).zip(sums).fold((b'<', 0.0), best);
        Self {
            byte,
            probability,
            nothing: all[BLANK] >= 0.5 || probability < FAINTEST,
        }
    }
}

fn marks(steps: &[Step]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut open = false;
    for (at, step) in steps.iter().enumerate() {
        match marks.last_mut().filter(|m| open && m.byte == step.byte) {
            _ if step.nothing => {}
            Some(mark) => {
                mark.last = at;
                mark.probability = mark.probability.max(step.probability);
            }
            None => marks.push(Mark {
                byte: step.byte,
                first: at,
                last: at,
                probability: step.probability,
            }),
        }
        open = !step.nothing;
    }
    marks
}

/// Text with characters put into gaps that are too wide for the pitch.
fn spaced(marks: &[Mark], steps: &[Step]) -> String {
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
                text.extend(
                    (1..=lost).map(|k| char::from(between(previous, mark, k, lost, steps))),
                );
            }
        }
        text.push(char::from(mark.byte));
        previous = Some(mark);
    }
    text
}

/// The `k`th of `lost` characters between two marks: what the network faintly saw there;
/// else a filler, or, where one is missing between two others, the second of a pair.
fn between(before: &Mark, after: &Mark, k: usize, lost: usize, steps: &[Step]) -> u8 {
    let pitch = (after.centre() - before.centre()) / (lost + 1) as f32;
    let middle = before.centre() + pitch * k as f32;
    let first = ((middle - pitch / 2.0).ceil() as usize).max(before.last + 1);
    let last = ((middle + pitch / 2.0).floor() as usize).min(after.first.saturating_sub(1));
    let seen = steps
        .get(first..=last)
        .into_iter()
        .flatten()
        .filter(|s| s.probability >= TRACE)
        .max_by(|a, b| a.probability.total_cmp(&b.probability));
    let long = |m: &Mark| m.last - m.first;
    match seen {
        Some(step) => step.byte,
        None if lost > 1 || before.byte == b'<' || after.byte == b'<' => b'<',
        None if long(before) > long(after) => before.byte,
        None => after.byte,
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
    fn plain_text_has_the_mean_confidence_of_its_symbols() {
        let mut seen = steps(&[0, 1, 1, 0, 1, 3, 0]);
        seen[4 * 6 + 1] = 0.5;
        let reading = plain(&seen, b"A0<XY");
        assert_eq!((reading.text.as_str(), reading.signs), ("AA<", 1));
        assert!((reading.confidence - 2.5 / 3.0).abs() < 1e-6);
        assert!(plain(&steps(&[0, 0]), b"A0<XY") == Reading::default());
    }

    #[test]
    fn a_line_is_sure_where_each_of_its_characters_is() {
        let mut seen = steps(&[5, 1, 0, 1, 2, 2, 0, 5]);
        let names = ['A', 'b', '<', '-', ' '];
        let read = |seen: &[f32]| named(seen, &names, 0.9).map(|(r, sure)| (r.text, sure));
        let told = |text: &str, sure| Some((text.to_owned(), sure));
        assert_eq!(read(&seen), told("AAb", true));
        // The surest step of a character counts.
        seen[4 * 6 + 2] = 0.6;
        assert_eq!(read(&seen), told("AAb", true));
        seen[5 * 6 + 2] = 0.7;
        assert_eq!(read(&seen), told("AAb", false));
        assert_eq!(read(&steps(&[0, 0, 5])), None);
        // What stands before and behind it does not count, what stands between words does.
        let mut ends = steps(&[5, 1, 0, 1, 5]);
        (ends[5], ends[4 * 6 + 5]) = (0.3, 0.3);
        assert_eq!(read(&ends), told("AA", true));
        let mut between = steps(&[1, 5, 1]);
        between[6 + 5] = 0.7;
        assert_eq!(read(&between), told("A A", false));
        // A letter taken for a small one.
        assert_eq!(read(&steps(&[1, 2, 1])), told("AbA", false));
        assert_eq!(read(&steps(&[1, 2, 2])), told("Ab", true));
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
