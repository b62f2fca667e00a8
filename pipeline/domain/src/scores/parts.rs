//! How each part of the evidence is written down: its numbers and statuses, nothing else.

use time::{Date, Month};

use super::words::{
    MOST, Reader, Words, Writer, by_fields, by_name, medians, read_comparisons, read_median,
    write_comparisons, write_median,
};
use crate::answers::Answers;
use crate::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture, Recorder};
use crate::challenge::Direction;
use crate::check::CheckName;
use crate::cues::{Display, Layout, Pulse, Skin};
use crate::document::print::Compared;
use crate::document::term::years_between;
use crate::document_kind::DocumentKind;
use crate::evaluate;
use crate::evidence::{
    DeclaredField, Doubt, FaceMatch, LipSync, Liveness, Measured, Motion, Portrait, Presence,
    Recording, SealLook, Speech, Surface, Zone,
};
use crate::origin::{Footage, Traces, written_elsewhere};
use crate::reason::ReasonCode;
use crate::seal::Trust;
use crate::thresholds::Thresholds;

by_fields! {
    Surface { resolution, blur, glare, dark_end, light_end, cut_off, covered }
    Portrait { score, width }
    Presence { frames, with_one_face, with_several, with_none, face_width, eyes, chin, light }
    Liveness { scores }
    Motion { frames, deformation }
    Pulse { seconds, strength }
    Injection { recorder, virtual_camera, repeated_frames, even_times }
    Footage { share, cases, marks }
    Answers { asked, delays }
    Speech { voiced_seconds, asked, as_asked, heard, least_confidence, log_ratio }
    LipSync { seconds, score, lag_ms }
}

/// Before what is known of edits, and of lines and second portraits, which older scores lack.
const EDITS: &str = "&";
const LINES: &str = "&&";

impl Words for Doubt {
    fn write(&self, to: &mut Writer) {
        let Self {
            screen,
            copy,
            portrait,
            field,
            line,
            second,
            by_editor,
        } = self;
        screen.write(to);
        copy.write(to);
        to.word(EDITS);
        portrait.write(to);
        field.write(to);
        by_editor.write(to);
        to.word(LINES);
        line.write(to);
        write_comparisons(second.as_slice(), to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (screen, copy) = (Words::read(from)?, Words::read(from)?);
        let (portrait, field, by_editor) = match from.passes(EDITS) {
            true => (Words::read(from)?, Words::read(from)?, Words::read(from)?),
            false => (None, None, false),
        };
        let (line, second) = match from.passes(LINES) {
            true => (Words::read(from)?, read_comparisons(from)?),
            false => (None, Vec::new()),
        };
        let second = match second.len() {
            0 | 1 => second.into_iter().next(),
            _ => return None,
        };
        Some(Self {
            screen,
            copy,
            portrait,
            field,
            line,
            second,
            by_editor,
        })
    }
}

by_name! {
    Recorder { Unknown = "unknown", Sent = "sent", Browser = "browser" }
    Trust {
        Verified = "verified", Forged = "forged", UnknownCertificate = "unknown_certificate",
        Revoked = "revoked", OutOfPeriod = "out_of_period", Test = "test",
    }
    Direction { Left = "left", Right = "right", Up = "up" }
}

by_fields! {
    HeadTurn { asked, degrees, otherwise, early }
}

medians! {
    Recapture { | periodicity }
    Display { beat | bars }
    Skin { | lips, warmth }
    Layout { | likeness }
}

impl Words for DocumentKind {
    fn write(&self, to: &mut Writer) {
        to.word(self.as_str());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.word()?.parse().ok()
    }
}

impl Words for FaceMatch {
    fn write(&self, to: &mut Writer) {
        let Self { comparisons } = self;
        write_comparisons(comparisons, to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let comparisons = read_comparisons(from)?;
        Some(Self { comparisons })
    }
}

impl Words for Continuity {
    fn write(&self, to: &mut Writer) {
        let Self {
            faces,
            frozen_seconds,
            repeated_seconds,
            cuts,
        } = self;
        write_comparisons(faces, to);
        frozen_seconds.write(to);
        repeated_seconds.write(to);
        cuts.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            faces: read_comparisons(from)?,
            frozen_seconds: Words::read(from)?,
            repeated_seconds: Words::read(from)?,
            cuts: Words::read(from)?,
        })
    }
}

impl Words for DocumentShown {
    fn write(&self, to: &mut Writer) {
        let Self { frames, portraits } = self;
        frames.write(to);
        write_comparisons(portraits, to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            frames: Words::read(from)?,
            portraits: read_comparisons(from)?,
        })
    }
}

/// How alike the print is; not which field, nor where.
impl Words for Compared {
    fn write(&self, to: &mut Writer) {
        let Self {
            likeness,
            field: _,
            differs_at: _,
        } = self;
        likeness.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            field: "",
            likeness: Words::read(from)?,
            differs_at: Vec::new(),
        })
    }
}

/// Whether it agrees; not which field.
impl Words for DeclaredField {
    fn write(&self, to: &mut Writer) {
        let Self { agrees, field: _ } = self;
        agrees.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let agrees = Words::read(from)?;
        Some(Self { field: "", agrees })
    }
}

impl Words for SealLook {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Broken => to.word("broken"),
            Self::OtherFormat => to.word("other"),
            Self::TwoDDoc {
                trust,
                differing,
                compared,
            } => {
                trust.write(to);
                differing.len().write(to);
                compared.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let word = from.word()?;
        match word {
            "broken" => return Some(Self::Broken),
            "other" => return Some(Self::OtherFormat),
            _ => {}
        }
        Some(Self::TwoDDoc {
            trust: Trust::read(&mut Reader::new(word))?,
            differing: nameless(from)?,
            compared: Words::read(from)?,
        })
    }
}

/// What the container says wrongly may hold anything: only how often.
impl Words for Recording {
    fn write(&self, to: &mut Writer) {
        let Self {
            seconds,
            frames,
            irregular_frames,
            sound_seconds,
            lies,
        } = self;
        seconds.write(to);
        frames.write(to);
        irregular_frames.write(to);
        sound_seconds.write(to);
        lies.len().write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            seconds: Words::read(from)?,
            frames: Words::read(from)?,
            irregular_frames: Words::read(from)?,
            sound_seconds: Words::read(from)?,
            lies: vec![String::new(); few(from)?],
        })
    }
}

/// Whether a program that is no recorder left its name; what stands in the file may be anything.
impl Words for Traces {
    fn write(&self, to: &mut Writer) {
        let Self { recorder, programs } = self;
        recorder.write(to);
        programs.iter().any(|p| written_elsewhere(p)).write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let recorder = Words::read(from)?;
        let elsewhere = bool::read(from)?;
        Some(Self {
            recorder,
            programs: if elsewhere {
                vec!["ffmpeg".to_owned()]
            } else {
                Vec::new()
            },
        })
    }
}

/// A count of things whose names are not kept.
fn few(from: &mut Reader<'_>) -> Option<usize> {
    usize::read(from).filter(|n| *n <= MOST)
}

fn nameless(from: &mut Reader<'_>) -> Option<Vec<&'static str>> {
    Some(vec![""; few(from)?])
}

/// The day on which a case that is judged again lies: its own would tell dates of birth.
pub(super) const DAY: Date = day(2020, 15);
/// Ages from here on are not told apart, unless the policy that judged asks for more.
const OLDEST: i32 = 30;

const fn day(year: i32, day: u8) -> Date {
    match Date::from_calendar_date(year, Month::June, day) {
        Ok(date) => date,
        Err(_) => Date::MIN,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Term {
    Running,
    Expired,
    Unknown,
}

#[derive(Clone, Copy, PartialEq)]
enum Permit {
    Long,
    Short,
    Unknown,
}

by_name! {
    Term { Running = "running", Expired = "expired", Unknown = "unknown" }
    Permit { Long = "long", Short = "short", Unknown = "unknown" }
}

/// What is kept of a zone: no date, no name of anything that was read.
pub(super) struct KeptZone {
    checks: usize,
    wrong: usize,
    corrections: usize,
    specimen: bool,
    sides_differ: bool,
    kind: Option<DocumentKind>,
    term: Term,
    permit: Permit,
    /// Completed years.
    age: Option<i32>,
    /// That old or older.
    pub at_least: bool,
}

by_fields! {
    KeptZone { checks, wrong, corrections, specimen, sides_differ, kind, term, permit, age, at_least }
}

impl KeptZone {
    /// `asked`: the minimum age of the policy that judges.
    pub fn of(zone: &Zone, today: Date, asked: f64) -> Self {
        let Zone {
            format: _,
            wrong_checks,
            checks,
            corrections,
            kind,
            specimen,
            birth_date,
            issue: _,
            expiry: _,
            sides_differ,
        } = zone;
        let any_age = Thresholds {
            document_minimum_age: 0.0,
            ..Thresholds::default()
        };
        // The check itself tells what follows from the dates.
        let look = evaluate::run(CheckName::DocumentValidity, Measured::Value(zone), |z| {
            evaluate::validity(Some(z), today, &any_age)
        });
        let says = |code| look.reasons.contains(&code);
        let oldest = OLDEST.max(asked.clamp(0.0, 200.0).ceil() as i32);
        let years = birth_date
            .filter(|_| wrong_checks.is_empty())
            .map(|birth| years_between(birth, today).max(-1));
        Self {
            checks: *checks,
            wrong: wrong_checks.len(),
            corrections: *corrections,
            specimen: *specimen,
            sides_differ: *sides_differ,
            kind: *kind,
            term: match () {
                () if says(ReasonCode::DocumentExpired) => Term::Expired,
                () if says(ReasonCode::ExpiryUnknown) => Term::Unknown,
                () => Term::Running,
            },
            permit: match () {
                () if says(ReasonCode::PermitTooShort) => Permit::Short,
                () if says(ReasonCode::PermitTermUnknown) => Permit::Unknown,
                () => Permit::Long,
            },
            age: years.map(|y| y.min(oldest)),
            at_least: years.is_some_and(|y| y >= oldest),
        }
    }

    /// A zone on [`DAY`] that is judged as the one it was made of.
    pub fn zone(&self) -> Option<Zone> {
        let old_card = self.kind == Some(DocumentKind::FrenchOldCard);
        let (first, recent, future) = (day(1990, 1), day(2019, 1), day(2030, 1));
        let expiry = match self.term {
            Term::Running => Some(future),
            Term::Expired => Some(recent),
            Term::Unknown => None,
        };
        // Of an old card the issue tells the term, of a permit the time until its expiry.
        let issue = match (old_card, self.term, self.permit) {
            (true, Term::Running, _) => Some(recent),
            (true, Term::Expired, _) | (false, _, Permit::Long) => Some(first),
            (true, Term::Unknown, _) | (false, _, Permit::Unknown) => None,
            (false, _, Permit::Short) => expiry,
        };
        let birth_date = match self.age {
            None => None,
            Some(age) => {
                Some(Date::from_calendar_date(DAY.year().checked_sub(age)?, Month::June, 15).ok()?)
            }
        };
        Some(Zone {
            format: "",
            wrong_checks: vec![""; self.wrong.min(1_000)],
            checks: self.checks,
            corrections: self.corrections,
            kind: self.kind,
            specimen: self.specimen,
            birth_date,
            issue: issue.map(|d| (d, d)),
            expiry,
            sides_differ: self.sides_differ,
        })
    }

    pub fn years(&self) -> Option<i32> {
        self.age
    }
}
