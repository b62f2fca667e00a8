//! Proposes conformant zones near what an optical reader saw.
//!
//! Fillers that were lost or invented are put right first, then characters that cannot
//! stand where they do, then, guided by the check digits, letters and digits that look
//! alike. Digits are never exchanged for other digits: that would let a zone whose check
//! digits do not fit be talked into fitting.

use super::check::{self, places};
use super::layout::{CheckName, CheckSpec, Format, Span};
use super::repair::{self, Fit};
use super::zone::Zone;
use super::{Mrz, parse};

/// A zone near what was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    /// Lines of the exact size of `mrz.format`.
    pub lines: Vec<String>,
    /// Characters replaced, or removed though they were no fillers.
    pub changed: usize,
    /// Fillers inserted or removed to reach the size.
    pub fillers: usize,
    /// Symbols that the line which lacked most had to be given.
    pub missing: usize,
    pub mrz: Mrz,
}

impl Correction {
    /// The share of its line that was not read, of the line of which least was.
    pub fn unread(&self) -> f64 {
        self.missing as f64 / self.mrz.format.width() as f64
    }
}

impl std::fmt::Debug for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Correction")
            .field("changed", &self.changed)
            .field("fillers", &self.fillers)
            .field("mrz", &self.mrz)
            .finish_non_exhaustive()
    }
}

/// Proposals returned.
const MOST_PROPOSALS: usize = 8;
/// Ways of fitting all lines that are looked at, and of those, how many are searched.
const MOST_COMBINATIONS: usize = 512;
const MOST_SEARCHED: usize = 32;
/// Solutions kept for one wrong check digit.
const MOST_SOLUTIONS: usize = 6;
/// A zone that needs more replaced than this was not read.
const MOST_CHANGED: usize = 16;

/// Zones near the lines read, top to bottom, the likeliest first: fewest wrong check
/// digits, then fewest characters changed. Empty when the lines resemble no format.
///
/// Lines beyond those of the zone (print above or below it) are tolerated.
pub fn correct<S: AsRef<str>>(raw: &[S]) -> Vec<Correction> {
    let lines: Vec<Vec<u8>> = raw.iter().map(|l| repair::clean(l.as_ref())).collect();
    let mut found = Vec::new();
    for format in Format::ALL {
        for window in lines.windows(format.lines()) {
            if resembles(format, window) {
                propose(format, window, &mut found);
            }
        }
    }
    found.retain(plausible);
    found.sort_by_key(rank);
    let mut proposals: Vec<Correction> = Vec::new();
    for correction in found {
        if !proposals.iter().any(|p| p.lines == correction.lines) {
            proposals.push(correction);
        }
    }
    proposals.truncate(MOST_PROPOSALS);
    proposals
}

/// Other print can be bent into a zone, but then most check digits are wrong. A zone that
/// stands as it was read is one whatever its check digits.
fn plausible(c: &Correction) -> bool {
    2 * c.mrz.wrong_checks() <= c.mrz.checks.len() || c.changed + c.fillers <= 3
}

/// Lower is likelier.
fn rank(c: &Correction) -> (usize, usize, usize) {
    let unknown = usize::from(!c.mrz.issuer.is_known())
        + usize::from(c.mrz.nationality.as_ref().is_some_and(|n| !n.is_known()));
    (c.mrz.wrong_checks(), c.changed + 2 * unknown, c.fillers)
}

/// Whether the first characters and the lengths allow the format at all.
fn resembles(format: Format, lines: &[Vec<u8>]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    let alike = |wanted: &[u8]| {
        let same = wanted.iter().zip(first).filter(|(a, b)| a == b).count();
        same + 1 >= wanted.len()
    };
    let visa = first.first() == Some(&b'V');
    let starts_so = match format {
        Format::MrvA | Format::MrvB => visa,
        Format::FrenchCard => alike(b"IDFRA"),
        // A passport whose long runs of fillers were not seen has all check digits of a TD2 right, too:
        // that begins with A, C or I (Doc 9303-6), and never with the P of a passport.
        Format::Td2 => !visa && !first.starts_with(b"P") && !first.starts_with(b"IDFRA"),
        Format::Td3 => !visa,
        Format::Td1 => true,
    };
    let longest = lines.iter().map(Vec::len).max().unwrap_or(0);
    starts_so && longest + 8 >= format.width() && longest <= format.width() + 8
}

fn propose(format: Format, lines: &[Vec<u8>], found: &mut Vec<Correction>) {
    let fits: Vec<Vec<Fit>> = lines
        .iter()
        .map(|line| repair::fit(line, format.width()))
        .collect();
    let mut drafts: Vec<Draft> = combinations(&fits)
        .into_iter()
        .map(|chosen| Draft::new(format, &chosen))
        .filter(|d| d.changed <= MOST_CHANGED)
        .collect();
    drafts.sort_by_key(|d| (d.wrong(), d.changed, d.fillers));
    for draft in drafts.into_iter().take(MOST_SEARCHED) {
        let solved = draft.solve();
        found.extend(draft.into_correction());
        found.extend(solved.into_iter().filter_map(Draft::into_correction));
    }
}

/// Every choice of one fit a line, in order of likelihood, up to a limit.
fn combinations(fits: &[Vec<Fit>]) -> Vec<Vec<&Fit>> {
    let mut chosen: Vec<Vec<&Fit>> = vec![Vec::new()];
    for line in fits {
        chosen = line
            .iter()
            .flat_map(|fit| {
                chosen.iter().map(move |before| {
                    let mut with = before.clone();
                    with.push(fit);
                    with
                })
            })
            .take(MOST_COMBINATIONS)
            .collect();
    }
    chosen
}

/// A zone being worked on.
#[derive(Clone)]
struct Draft {
    zone: Zone,
    changed: usize,
    fillers: usize,
    missing: usize,
}

/// Replacements that make one check digit right.
type Solution = Vec<(usize, usize, u8)>;

impl Draft {
    fn new(format: Format, fits: &[&Fit]) -> Self {
        let mut lines: Vec<Vec<u8>> = fits.iter().map(|f| f.line.clone()).collect();
        let conformed = repair::conform(&mut lines, format);
        Self {
            zone: Zone::of(format, lines),
            changed: conformed + fits.iter().map(|f| f.changed).sum::<usize>(),
            fillers: fits.iter().map(|f| f.fillers).sum(),
            missing: fits.iter().map(|f| f.missing).max().unwrap_or(0),
        }
    }

    fn wrong(&self) -> usize {
        let checks = check::all(&self.zone, self.zone.format.layout());
        checks.iter().filter(|c| !c.ok).count()
    }

    fn into_correction(self) -> Option<Correction> {
        let lines = self.zone.strings();
        let mrz = parse(&lines).ok()?;
        Some(Correction {
            lines,
            changed: self.changed,
            fillers: self.fillers,
            missing: self.missing,
            mrz,
        })
    }

    /// Drafts with every check digit right, reached by exchanging look-alikes.
    fn solve(&self) -> Vec<Self> {
        let layout = self.zone.format.layout();
        let checks = check::all(&self.zone, layout);
        // The composite last: it covers what the others cover.
        let Some((spec, _)) = layout.checks.iter().zip(&checks).find(|(_, c)| !c.ok) else {
            return Vec::new();
        };
        let mut solved = Vec::new();
        for solution in self.solutions(spec) {
            let mut next = self.clone();
            next.changed += solution.len();
            for (line, column, byte) in solution {
                next.zone.set(line, column, byte);
            }
            if next.changed > MOST_CHANGED {
                continue;
            }
            if next.wrong() == 0 {
                solved.push(next);
            } else if spec.name != CheckName::Composite {
                solved.extend(next.solve());
            }
        }
        solved
    }

    /// One replacement, or two of the same kind, that make this check digit right, the
    /// fewest first.
    fn solutions(&self, spec: &CheckSpec) -> Vec<Solution> {
        let options = self.options(spec);
        let number = self.zone.format.layout().number;
        // Two letters of a series at the number's beginning.
        let series = |(line, column, byte): &(usize, usize, u8)| {
            number.contains(*line, *column)
                && column - number.start < 2
                && byte.is_ascii_uppercase()
        };
        let mut found: Vec<Solution> = Vec::new();
        for (i, first) in options.iter().enumerate() {
            if self.fulfils(spec, &[*first]) {
                found.push(vec![*first]);
            }
            for second in &options[i + 1..] {
                let alike = first.2 == second.2 || (series(first) && series(second));
                if alike && self.fulfils(spec, &[*first, *second]) {
                    found.push(vec![*first, *second]);
                }
            }
        }
        found.sort_by_key(Vec::len);
        found.truncate(MOST_SOLUTIONS);
        found
    }

    fn fulfils(&self, spec: &CheckSpec, changes: &[(usize, usize, u8)]) -> bool {
        let mut zone = self.zone.clone();
        for (line, column, byte) in changes {
            zone.set(*line, *column, *byte);
        }
        let layout = zone.format.layout();
        let checks = check::all(&zone, layout);
        checks.iter().any(|c| c.name == spec.name && c.ok)
    }

    /// Places the check digit covers and what else might stand there.
    fn options(&self, spec: &CheckSpec) -> Vec<(usize, usize, u8)> {
        let layout = self.zone.format.layout();
        let (_, mut spans) = places(&self.zone, layout, spec);
        if spec.name == CheckName::Composite {
            // What the others cover was found right by them.
            spans = layout.optional.to_vec();
        }
        let optional = |line, column| layout.optional.iter().any(|s| s.contains(line, column));
        let places = |s: Span| (s.start..s.end).map(move |column| (s.line, column));
        let mut options = Vec::new();
        for (line, column) in spans.into_iter().flat_map(places) {
            let byte = self.zone.at(line, column);
            let alphabet = layout.alphabet(line, column);
            let twin = repair::twin(byte, alphabet, optional(line, column));
            options.extend(twin.map(|twin| (line, column, twin)));
            let series = layout.number.contains(line, column) && column - layout.number.start < 2;
            if byte == b'0' && series {
                options.push((line, column, b'D'));
            }
        }
        options
    }
}
