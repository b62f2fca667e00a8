//! Brings lines that an optical reader saw to a format's size and alphabets, before any
//! check digit is looked at.

use super::country::CountryCode;
use super::layout::{Alphabet, Format, Layout, Span};

/// More fillers than this are not invented in one line: long runs are often half read.
const MOST_INSERTED: usize = 26;
/// More characters than this are not removed from one line.
const MOST_REMOVED: usize = 10;
/// Ways kept to bring one line to its width.
const MOST_FITS: usize = 8;

/// A line of the right width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    pub line: Vec<u8>,
    /// Fillers inserted or removed.
    pub fillers: usize,
    /// Those of them that were inserted.
    pub missing: usize,
    /// Other characters added or removed.
    pub changed: usize,
}

/// Upper case, quotes and brackets that readers make of fillers turned back, spaces gone,
/// anything else a filler.
pub(super) fn clean(raw: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(raw.len());
    for c in raw.chars().filter(|c| !c.is_whitespace()) {
        match c.to_ascii_uppercase() {
            c @ ('A'..='Z' | '0'..='9') => line.extend(u8::try_from(c)),
            '«' | '《' | '≪' => line.extend(b"<<"),
            _ => line.push(b'<'),
        }
    }
    line
}

/// Ways to make a line `width` long, the likeliest first. Empty when it is too far off.
pub(super) fn fit(line: &[u8], width: usize) -> Vec<Fit> {
    let mut fits = match line.len() {
        n if n == width => vec![Fit {
            line: line.to_vec(),
            fillers: 0,
            missing: 0,
            changed: 0,
        }],
        n if n < width => lengthen(line, width - n),
        n => shorten(line, n - width),
    };
    let mut seen: Vec<Vec<u8>> = Vec::new();
    fits.retain(|f| {
        let new = !seen.contains(&f.line);
        seen.push(f.line.clone());
        new
    });
    fits.truncate(MOST_FITS);
    fits
}

fn lengthen(line: &[u8], missing: usize) -> Vec<Fit> {
    if missing > MOST_INSERTED || line.len() < 8 {
        return Vec::new();
    }
    // The longest run first, the last of equals: that is where fillers get lost.
    let runs = runs_longest_first(line);
    let mut places: Vec<usize> = runs.iter().map(|r| r.0).collect();
    // Where no run is longer than those within names, the whole tail was lost.
    let tail = runs.first().is_none_or(|(_, length)| *length < 3);
    places.insert(if tail { 0 } else { places.len() }, line.len());
    // All fillers before a closing check digit lost.
    places.push(line.len() - 1);
    let mut fits: Vec<Fit> = places
        .iter()
        .map(|at| inserted(line, &[(*at, missing)]))
        .collect();
    if (2..=4).contains(&missing) {
        for (i, first) in places.iter().enumerate() {
            for second in &places[i + 1..] {
                for n in 1..missing {
                    fits.push(inserted(line, &[(*first, n), (*second, missing - n)]));
                }
            }
        }
    }
    fits
}

fn inserted(line: &[u8], at: &[(usize, usize)]) -> Fit {
    let mut longer = Vec::with_capacity(line.len() + at.iter().map(|a| a.1).sum::<usize>());
    for (i, byte) in line.iter().enumerate() {
        for (_, n) in at.iter().filter(|a| a.0 == i) {
            longer.extend(std::iter::repeat_n(b'<', *n));
        }
        longer.push(*byte);
    }
    for (_, n) in at.iter().filter(|a| a.0 == line.len()) {
        longer.extend(std::iter::repeat_n(b'<', *n));
    }
    let missing = longer.len() - line.len();
    Fit {
        line: longer,
        fillers: missing,
        missing,
        changed: 0,
    }
}

fn shorten(line: &[u8], surplus: usize) -> Vec<Fit> {
    if surplus > MOST_REMOVED {
        return Vec::new();
    }
    let mut fits: Vec<Fit> = runs_longest_first(line)
        .into_iter()
        .filter(|(_, length)| *length > surplus)
        .map(|(start, _)| {
            let mut shorter = line.to_vec();
            shorter.drain(start..start + surplus);
            Fit {
                line: shorter,
                fillers: surplus,
                missing: 0,
                changed: 0,
            }
        })
        .collect();
    // A border or a neighbouring print read as characters of the zone.
    for from in 0..=surplus {
        fits.push(Fit {
            line: line[from..line.len() - (surplus - from)].to_vec(),
            fillers: 0,
            missing: 0,
            changed: surplus,
        });
    }
    fits
}

/// Start and length of each run of fillers, the longest first, the last of equals first.
fn runs_longest_first(line: &[u8]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, _) in line.iter().enumerate().filter(|(_, b)| **b == b'<') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == i => *length += 1,
            _ => runs.push((i, 1)),
        }
    }
    runs.sort_by_key(|(start, length)| std::cmp::Reverse((*length, *start)));
    runs
}

/// Makes every position hold a character that may stand there, where a look-alike does,
/// and clears noise out of filler runs. Returns how many characters were changed.
pub(super) fn conform(lines: &mut [Vec<u8>], format: Format) -> usize {
    let layout = format.layout();
    let before: Vec<Vec<u8>> = lines.to_vec();
    document_code(lines, format);
    for (row, line) in lines.iter_mut().enumerate() {
        for (column, byte) in line.iter_mut().enumerate() {
            *byte = look_alike(*byte, layout.alphabet(row, column));
        }
    }
    countries(lines, layout);
    let tails = [Some(layout.surname), layout.given];
    for span in tails.into_iter().flatten() {
        clear_tail(&mut lines[span.line][span.start..span.end], 3);
    }
    for span in layout.optional {
        clear_islands(&mut lines[span.line][span.start..span.end]);
    }
    let pairs = before.iter().flatten().zip(lines.iter().flatten());
    pairs.filter(|(a, b)| a != b).count()
}

fn document_code(lines: &mut [Vec<u8>], format: Format) {
    let Some([first, second, rest @ ..]) = lines.first_mut().map(Vec::as_mut_slice) else {
        return;
    };
    match format {
        Format::Td3 => {
            *first = b'P';
            if matches!(second, b'K' | b'C' | b'S' | b'X' | b'E') {
                *second = b'<';
            }
        }
        Format::Td1 | Format::Td2 => {
            if matches!(first, b'1' | b'L' | b'T' | b'J') {
                *first = b'I';
            }
            if *second == b'K' {
                *second = b'<';
            }
        }
        Format::MrvA | Format::MrvB => {
            if *second == b'K' {
                *second = b'<';
            }
        }
        Format::FrenchCard => {
            *first = b'I';
            *second = b'D';
            for (byte, right) in rest.iter_mut().zip(b"FRA") {
                *byte = *right;
            }
        }
    }
}

fn look_alike(byte: u8, alphabet: Alphabet) -> u8 {
    match alphabet {
        Alphabet::Any => byte,
        Alphabet::Letters => letter_for(byte),
        Alphabet::Digits | Alphabet::CheckOrFiller => digit_for(byte),
        Alphabet::Check => match byte {
            b'<' => byte,
            _ => digit_for(byte),
        },
        Alphabet::Sex => match byte {
            b'H' | b'N' | b'W' => b'M',
            b'P' | b'E' | b'R' => b'F',
            b'K' | b'C' | b'S' | b'L' => b'<',
            _ => byte,
        },
    }
}

/// What else a character may have been where both letters and digits may stand. Few on
/// purpose: each adds to the chance that a forged digit is explained away.
pub(super) fn twin(byte: u8, alphabet: Alphabet, optional: bool) -> Option<u8> {
    if alphabet != Alphabet::Any {
        return None;
    }
    match byte {
        b'0' => Some(b'O'),
        b'O' | b'D' | b'Q' => Some(b'0'),
        b'1' => Some(b'I'),
        b'I' | b'L' => Some(b'1'),
        b'2' => Some(b'Z'),
        b'Z' => Some(b'2'),
        b'5' => Some(b'S'),
        b'S' => Some(b'5'),
        b'6' => Some(b'G'),
        b'G' => Some(b'6'),
        b'8' => Some(b'B'),
        b'B' => Some(b'8'),
        b'C' | b'E' | b'X' if optional => Some(b'<'),
        _ => None,
    }
}

pub(super) fn letter_for(byte: u8) -> u8 {
    match byte {
        b'0' => b'O',
        b'1' => b'I',
        b'2' => b'Z',
        b'3' | b'8' => b'B',
        b'4' => b'A',
        b'5' => b'S',
        b'6' => b'G',
        b'7' => b'T',
        _ => byte,
    }
}

pub(super) fn digit_for(byte: u8) -> u8 {
    match byte {
        b'O' | b'D' | b'Q' | b'U' => b'0',
        b'I' | b'L' | b'J' => b'1',
        b'Z' => b'2',
        b'A' => b'4',
        b'S' => b'5',
        b'G' => b'6',
        b'T' | b'Y' => b'7',
        b'B' => b'8',
        _ => byte,
    }
}

/// Gives an unknown issuer or nationality the code it most likely is.
fn countries(lines: &mut [Vec<u8>], layout: &Layout) {
    let code = |lines: &[Vec<u8>], span: Span| -> [u8; 3] {
        let text = &lines[span.line][span.start..span.end];
        [text[0], text[1], text[2]]
    };
    let issuer = code(lines, layout.issuer);
    let nationality = layout.nationality.map(|s| code(lines, s));
    let mut put = |span: Span, code: Option<[u8; 3]>| {
        if let Some(code) = code {
            lines[span.line][span.start..span.end].copy_from_slice(&code);
        }
    };
    put(layout.issuer, nearest_code(issuer, nationality));
    if let (Some(span), Some(nationality)) = (layout.nationality, nationality) {
        put(span, nearest_code(nationality, Some(issuer)));
    }
}

/// `None` when the code is known, or when nothing known is clearly meant.
fn nearest_code(code: [u8; 3], other: Option<[u8; 3]>) -> Option<[u8; 3]> {
    if known(code) {
        return None;
    }
    let distance = |other: [u8; 3]| code.iter().zip(other).filter(|(a, b)| **a != *b).count();
    if let Some(other) = other.filter(|o| known(*o) && distance(*o) == 1) {
        return Some(other);
    }
    let mut near = (0..3).flat_map(|i| {
        letters_like(code[i]).iter().map(move |letter| {
            let mut other = code;
            other[i] = *letter;
            other
        })
    });
    let found = near.find(|c| known(*c))?;
    (!near.any(|c| known(c) && c != found)).then_some(found)
}

fn known(code: [u8; 3]) -> bool {
    std::str::from_utf8(&code).is_ok_and(|text| CountryCode::new(text).is_known())
}

fn letters_like(letter: u8) -> &'static [u8] {
    match letter {
        b'O' | b'D' | b'Q' => b"ODQCGU",
        b'C' => b"G<O",
        b'G' => b"CO",
        b'I' | b'L' | b'J' => b"ILJT",
        b'T' => b"IY",
        b'B' => b"RE",
        b'R' => b"BPK",
        b'P' => b"RF",
        b'E' | b'F' => b"EF",
        b'M' | b'N' | b'H' | b'W' => b"MNHW",
        b'U' | b'V' | b'Y' => b"UVYO",
        b'K' => b"<XR",
        b'X' => b"K",
        b'S' => b"Z",
        b'Z' => b"S",
        _ => b"",
    }
}

/// Nothing but fillers may follow a run of `run` of them in a name: the letters that
/// readers make of fillers there are turned back.
fn clear_tail(field: &mut [u8], run: usize) {
    let Some(start) = field
        .windows(run)
        .position(|w| w.iter().all(|b| *b == b'<'))
    else {
        return;
    };
    let tail = &mut field[start..];
    let noise = |b: &u8| matches!(b, b'<' | b'K' | b'C' | b'S' | b'L' | b'E' | b'X' | b'Z');
    let letters = tail.iter().filter(|b| **b != b'<').count();
    if letters * 2 < tail.len() && tail.iter().all(noise) {
        tail.fill(b'<');
    }
}

/// Lone letters amid fillers that a reader makes of fillers.
fn clear_islands(field: &mut [u8]) {
    for i in 1..field.len().saturating_sub(1) {
        let alone = field[i - 1] == b'<' && field[i + 1] == b'<';
        if alone && matches!(field[i], b'K' | b'C' | b'S' | b'L' | b'E' | b'X') {
            field[i] = b'<';
        }
    }
}
