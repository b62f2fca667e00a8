//! Where each element stands in each format (ICAO Doc 9303 parts 4 to 7; the French card
//! of 1995 to 2021 has its own layout).

/// The arrangement of a machine-readable zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Card, 3 × 30.
    Td1,
    /// Card, 2 × 36.
    Td2,
    /// Passport, 2 × 44.
    Td3,
    /// Visa, 2 × 44.
    MrvA,
    /// Visa, 2 × 36.
    MrvB,
    /// French national identity card issued 1995 to 2021, 2 × 36; not a TD2.
    FrenchCard,
}

impl Format {
    pub const ALL: [Self; 6] = [
        Self::Td1,
        Self::Td2,
        Self::Td3,
        Self::MrvA,
        Self::MrvB,
        Self::FrenchCard,
    ];

    /// Number of lines.
    pub const fn lines(self) -> usize {
        match self {
            Self::Td1 => 3,
            _ => 2,
        }
    }

    /// Characters in each line.
    pub const fn width(self) -> usize {
        match self {
            Self::Td1 => 30,
            Self::Td2 | Self::MrvB | Self::FrenchCard => 36,
            Self::Td3 | Self::MrvA => 44,
        }
    }

    /// Short stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
            Self::MrvA => "MRV-A",
            Self::MrvB => "MRV-B",
            Self::FrenchCard => "FR-CNI-1995",
        }
    }

    pub(super) const fn layout(self) -> &'static Layout {
        match self {
            Self::Td1 => &TD1,
            Self::Td2 => &TD2,
            Self::Td3 => &TD3,
            Self::MrvA => &MRV_A,
            Self::MrvB => &MRV_B,
            Self::FrenchCard => &FRENCH_CARD,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A stretch of one line: line from 0, columns from 0, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub line: usize,
    pub start: usize,
    pub end: usize,
}

/// Both ends 1-based and inclusive, as the standards print them.
const fn at(line: usize, first: usize, last: usize) -> Span {
    Span {
        line: line - 1,
        start: first - 1,
        end: last,
    }
}

impl Span {
    #[cfg(test)]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    pub const fn contains(self, line: usize, column: usize) -> bool {
        self.line == line && self.start <= column && column < self.end
    }
}

/// What may stand in a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `A-Z` or `<`.
    Letters,
    /// `0-9` or `<`.
    Digits,
    /// `A-Z`, `0-9` or `<`.
    Any,
    /// `M`, `F`, `<` (and `X`, seen though not conformant).
    Sex,
    /// `0-9`.
    Check,
    /// `0-9`, or `<` where a rule allows it.
    CheckOrFiller,
}

/// A check digit of its own: where it stands and what it is computed over.
pub(super) struct CheckSpec {
    pub name: CheckName,
    pub at: Span,
    pub over: &'static [Span],
}

/// Which check digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckName {
    Number,
    Birth,
    Expiry,
    /// Optional data of a passport; may be `<` when the data are empty.
    Optional,
    Composite,
}

impl CheckName {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Birth => "birth",
            Self::Expiry => "expiry",
            Self::Optional => "optional",
            Self::Composite => "composite",
        }
    }
}

impl std::fmt::Display for CheckName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

pub(super) struct Layout {
    pub code: Span,
    pub issuer: Span,
    pub number: Span,
    /// The number continues into the first optional span when its check position is `<`.
    pub long_number: bool,
    pub surname: Span,
    /// `None` where surname and given names share one field, `<<` between.
    pub given: Option<Span>,
    pub birth: Span,
    pub sex: Span,
    pub expiry: Option<Span>,
    pub nationality: Option<Span>,
    /// Year and month of issue.
    pub issue: Option<Span>,
    pub optional: &'static [Span],
    pub checks: &'static [CheckSpec],
}

impl Layout {
    /// What may stand at a place, line and column from 0.
    pub fn alphabet(&self, line: usize, column: usize) -> Alphabet {
        let within = |span: Span| span.contains(line, column);
        if let Some(check) = self.checks.iter().find(|c| within(c.at)) {
            return match check.name {
                CheckName::Optional => Alphabet::CheckOrFiller,
                CheckName::Number if self.long_number => Alphabet::CheckOrFiller,
                _ => Alphabet::Check,
            };
        }
        let dates = [Some(self.birth), self.expiry, self.issue];
        let letters = [
            Some(self.issuer),
            Some(self.surname),
            self.given,
            self.nationality,
        ];
        if within(self.sex) {
            Alphabet::Sex
        } else if dates.into_iter().flatten().any(within) {
            Alphabet::Digits
        } else if letters.into_iter().flatten().any(within) || (line, column) == (0, 0) {
            Alphabet::Letters
        } else {
            Alphabet::Any
        }
    }
}

const fn check(name: CheckName, at: Span, over: &'static [Span]) -> CheckSpec {
    CheckSpec { name, at, over }
}

static TD1: Layout = Layout {
    code: at(1, 1, 2),
    issuer: at(1, 3, 5),
    number: at(1, 6, 14),
    long_number: true,
    surname: at(3, 1, 30),
    given: None,
    birth: at(2, 1, 6),
    sex: at(2, 8, 8),
    expiry: Some(at(2, 9, 14)),
    nationality: Some(at(2, 16, 18)),
    issue: None,
    optional: &[at(1, 16, 30), at(2, 19, 29)],
    checks: &[
        check(CheckName::Number, at(1, 15, 15), &[at(1, 6, 14)]),
        check(CheckName::Birth, at(2, 7, 7), &[at(2, 1, 6)]),
        check(CheckName::Expiry, at(2, 15, 15), &[at(2, 9, 14)]),
        check(
            CheckName::Composite,
            at(2, 30, 30),
            &[at(1, 6, 30), at(2, 1, 7), at(2, 9, 15), at(2, 19, 29)],
        ),
    ],
};

const NUMBER: CheckSpec = check(CheckName::Number, at(2, 10, 10), &[at(2, 1, 9)]);
const BIRTH: CheckSpec = check(CheckName::Birth, at(2, 20, 20), &[at(2, 14, 19)]);
const EXPIRY: CheckSpec = check(CheckName::Expiry, at(2, 28, 28), &[at(2, 22, 27)]);

/// The four formats of two lines share the first 28 positions of the second.
const fn two_lines(
    width: usize,
    long_number: bool,
    optional: &'static [Span],
    checks: &'static [CheckSpec],
) -> Layout {
    Layout {
        code: at(1, 1, 2),
        issuer: at(1, 3, 5),
        number: at(2, 1, 9),
        long_number,
        surname: at(1, 6, width),
        given: None,
        birth: at(2, 14, 19),
        sex: at(2, 21, 21),
        expiry: Some(at(2, 22, 27)),
        nationality: Some(at(2, 11, 13)),
        issue: None,
        optional,
        checks,
    }
}

static TD2: Layout = two_lines(
    36,
    true,
    &[at(2, 29, 35)],
    &[
        NUMBER,
        BIRTH,
        EXPIRY,
        check(
            CheckName::Composite,
            at(2, 36, 36),
            &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 35)],
        ),
    ],
);

static TD3: Layout = two_lines(
    44,
    false,
    &[at(2, 29, 42)],
    &[
        NUMBER,
        BIRTH,
        EXPIRY,
        check(CheckName::Optional, at(2, 43, 43), &[at(2, 29, 42)]),
        check(
            CheckName::Composite,
            at(2, 44, 44),
            &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 43)],
        ),
    ],
);

static MRV_A: Layout = two_lines(44, false, &[at(2, 29, 44)], &[NUMBER, BIRTH, EXPIRY]);
static MRV_B: Layout = two_lines(36, false, &[at(2, 29, 36)], &[NUMBER, BIRTH, EXPIRY]);

static FRENCH_CARD: Layout = Layout {
    code: at(1, 1, 2),
    issuer: at(1, 3, 5),
    number: at(2, 1, 12),
    long_number: false,
    surname: at(1, 6, 30),
    given: Some(at(2, 14, 27)),
    birth: at(2, 28, 33),
    sex: at(2, 35, 35),
    expiry: None,
    nationality: None,
    issue: Some(at(2, 1, 4)),
    optional: &[at(1, 31, 36)],
    checks: &[
        check(CheckName::Number, at(2, 13, 13), &[at(2, 1, 12)]),
        check(CheckName::Birth, at(2, 34, 34), &[at(2, 28, 33)]),
        check(
            CheckName::Composite,
            at(2, 36, 36),
            &[at(1, 1, 36), at(2, 1, 35)],
        ),
    ],
};
