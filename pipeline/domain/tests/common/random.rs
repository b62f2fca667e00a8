//! Cases and policies drawn from a seed. Shared by tests and benchmarks of other crates too.

#![allow(dead_code, reason = "each program uses a part of it")]

use idproof_domain::answers::Answers;
use idproof_domain::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture, Recorder};
use idproof_domain::challenge::Direction;
use idproof_domain::cues::{Display, Layout, Pulse, Skin};
use idproof_domain::document::print::Compared;
use idproof_domain::document_kind::DocumentKind;
use idproof_domain::evidence::{
    DeclaredField, Doubt, FaceMatch, LipSync, Liveness, Motion, Portrait, Presence, Recording,
    SealLook, Speech, Surface, Zone,
};
use idproof_domain::face::Comparison;
use idproof_domain::origin::{Footage, Traces};
use idproof_domain::seal::Trust;
use idproof_domain::{CheckName, Evidence, Measured, Policy, ReasonCode, Thresholds};
use time::{Date, Duration, Month};

/// A lot (splitmix64).
pub struct Lot(u64);

impl Lot {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// 0..1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }
}

/// Draws evidence: `wild` with numbers that are none, parts that could not be measured and dates of
/// every kind; otherwise what a service sees, mostly good.
pub struct Draw {
    pub lot: Lot,
    wild: bool,
}

impl Draw {
    fn number(&mut self, low: f64, high: f64) -> f64 {
        if self.wild && self.lot.chance(4) {
            let odd = [
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                0.0,
                -0.0,
                1e300,
                -1e-300,
                f64::from_bits(self.lot.next()),
            ];
            return odd[self.lot.below(8) as usize];
        }
        let spread = if self.wild { (high - low) * 0.3 } else { 0.0 };
        self.lot.between(low - spread, high + spread)
    }

    fn measured<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> Measured<T> {
        let percent = if self.wild { 10 } else { 1 };
        if self.lot.chance(percent) {
            let place = self.lot.below(ReasonCode::ALL.len() as u64) as usize;
            return Measured::unavailable(ReasonCode::ALL[place], "a sentence that is not kept");
        }
        Measured::Value(of(self))
    }

    fn some<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let missing = self.lot.chance(if self.wild { 25 } else { 2 });
        (!missing).then(|| of(self))
    }

    fn several<T>(&mut self, from: u64, to: u64, of: impl Fn(&mut Self) -> T) -> Vec<T> {
        let from = if self.wild { 0 } else { from };
        let n = from + self.lot.below(to - from + 1);
        (0..n).map(|_| of(self)).collect()
    }

    fn comparisons(&mut self, from: u64, to: u64) -> Vec<Comparison> {
        let same = !self.lot.chance(10);
        let sets: [&[&str]; 4] = [
            &["face_recognition", "mobilefacenet_foamliu"],
            &["face_recognition"],
            &["mobilefacenet_foamliu", "face_recognition"],
            &["a name\twith % blanks", ""],
        ];
        let set = if self.wild { self.lot.below(4) } else { 0 } as usize;
        self.several(from, to, |d| Comparison {
            distances: sets[set]
                .iter()
                .map(|name| {
                    let (low, high) = if same { (0.2, 0.75) } else { (0.7, 1.3) };
                    ((*name).to_owned(), d.number(low, high))
                })
                .collect(),
        })
    }

    fn date(&mut self, from: i32, to: i32) -> Date {
        let years = u64::try_from(to - from + 1).unwrap_or(1);
        let year = from + i32::try_from(self.lot.below(years)).unwrap_or(0);
        let first = Date::from_calendar_date(year, Month::January, 1).unwrap_or(Date::MIN);
        first + Duration::days(i64::try_from(self.lot.below(366)).unwrap_or(0))
    }

    fn zone(&mut self) -> Zone {
        let wrong = if self.lot.chance(if self.wild { 30 } else { 3 }) {
            1 + self.lot.below(3)
        } else {
            0
        };
        let kinds = DocumentKind::ALL.len() as u64;
        let kind = self.some(|d| DocumentKind::ALL[d.lot.below(kinds) as usize]);
        let issue = self.some(|d| {
            let first = d.date(1995, 2026);
            let span = if d.wild { d.lot.below(40) } else { 0 };
            (
                first,
                first + Duration::days(i64::try_from(span).unwrap_or(0)),
            )
        });
        let expiry = if self.wild {
            self.some(|d| d.date(2020, 2035))
        } else {
            Some(self.date(2026, 2036))
        };
        let birth_date = if self.wild {
            self.some(|d| d.date(1920, 2027))
        } else {
            Some(self.date(1945, 2010))
        };
        Zone {
            format: "TD1",
            wrong_checks: vec!["document_number"; wrong as usize],
            checks: if self.lot.chance(3) { 0 } else { 4 },
            corrections: self.lot.below(7) as usize,
            kind,
            specimen: self.lot.chance(3),
            birth_date,
            issue,
            expiry,
            sides_differ: self.lot.chance(3),
        }
    }

    fn seal(&mut self) -> SealLook {
        match self.lot.below(4) {
            0 => SealLook::Broken,
            1 => SealLook::OtherFormat,
            _ => SealLook::TwoDDoc {
                trust: [
                    Trust::Verified,
                    Trust::Forged,
                    Trust::UnknownCertificate,
                    Trust::Revoked,
                    Trust::OutOfPeriod,
                    Trust::Test,
                ][self.lot.below(6) as usize],
                differing: vec!["surname"; self.lot.below(2) as usize],
                compared: self.lot.below(4) as usize,
            },
        }
    }

    fn document(&mut self, e: &mut Evidence) {
        e.surfaces = self.measured(|d| {
            d.several(1, 2, |d| Surface {
                resolution: d.some(|d| d.number(3.0, 20.0)),
                blur: d.number(0.1, 0.6),
                glare: d.number(0.0, 0.03),
                dark_end: d.number(10.0, 130.0),
                light_end: d.number(80.0, 250.0),
                cut_off: d.lot.chance(3),
                covered: d.number(0.0, 0.15),
            })
        });
        e.portrait = self.measured(|d| {
            d.some(|d| Portrait {
                score: d.number(0.35, 1.0),
                width: d.number(50.0, 400.0),
            })
        });
        let kinds = DocumentKind::ALL.len() as u64;
        e.announced = self.some(|d| DocumentKind::ALL[d.lot.below(kinds) as usize]);
        e.zone = self.measured(|d| d.some(Self::zone));
        e.doubts = self.measured(|d| {
            d.several(1, 2, |d| Doubt {
                screen: d.number(0.0, 1.0),
                copy: d.number(0.0, 1.0),
                portrait: None,
                field: None,
                line: None,
                second: None,
                by_editor: false,
            })
        });
        e.seen_in = self.some(|d| d.lot.below(3));
        e.print = self.measured(|d| {
            d.several(3, 5, |d| Compared {
                field: "surname",
                likeness: d.some(|d| d.number(0.5, 1.0)),
                differs_at: vec![1, 2],
            })
        });
        e.seals = self.measured(|d| d.several(0, 1, Self::seal));
        e.declared = self.some(|d| {
            d.measured(|d| {
                d.several(2, 6, |d| DeclaredField {
                    field: "birth_name",
                    agrees: !d.lot.chance(3),
                })
            })
        });
    }

    fn recording(&mut self, e: &mut Evidence) {
        e.recording = self.measured(|d| Recording {
            seconds: d.number(1.5, 12.0),
            frames: d.lot.below(400),
            irregular_frames: d.lot.below(30),
            sound_seconds: d.number(4.0, 12.0),
            lies: vec!["it says so".to_owned(); if d.lot.chance(4) { 2 } else { 0 }],
        });
        e.presence = self.measured(|d| Presence {
            frames: 20,
            with_one_face: if d.lot.chance(85) {
                20
            } else {
                d.lot.below(21) as u32
            },
            with_several: d.lot.below(2) as u32,
            with_none: d.lot.below(2) as u32,
            face_width: d.number(70.0, 400.0),
            eyes: d.some(|d| d.number(0.49, 1.0)),
            chin: d.some(|d| d.number(0.0, 0.155)),
            light: d.some(|d| d.number(29.0, 200.0)),
        });
        e.face_match = self.measured(|d| FaceMatch {
            comparisons: d.comparisons(3, 7),
        });
        e.liveness = self.measured(|d| Liveness {
            scores: d.several(4, 10, |d| d.number(0.3, 1.0)),
        });
        e.motion = self.measured(|d| Motion {
            frames: d.lot.below(60) as u32,
            deformation: d.number(0.01, 0.12),
        });
        e.continuity = self.measured(|d| Continuity {
            faces: d.comparisons(5, 9),
            frozen_seconds: d.number(0.0, 1.05),
            repeated_seconds: d.number(0.0, 0.55),
            cuts: u32::from(d.lot.chance(4)),
        });
        e.recapture = self.measured(|d| Recapture {
            periodicity: d.several(5, 9, |d| d.number(1.0, 5.0)),
        });
        e.display = self.measured(|d| Display {
            beat: d.some(|d| d.number(0.5, 10.5)),
            bars: d.several(5, 9, |d| d.number(0.0, 2.2)),
        });
        e.skin = self.measured(|d| Skin {
            lips: d.several(5, 9, |d| d.number(0.09, 0.8)),
            warmth: d.several(5, 9, |d| d.number(0.028, 0.3)),
        });
        e.pulse = self.measured(|d| Pulse {
            seconds: d.number(5.0, 12.0),
            strength: d.number(-3.0, 9.0),
        });
        e.injection = self.measured(|d| Injection {
            recorder: if d.lot.chance(80) {
                Recorder::Browser
            } else {
                Recorder::Unknown
            },
            virtual_camera: d.lot.chance(2),
            repeated_frames: d.number(0.0, 0.09),
            even_times: d.lot.chance(50),
        });
        e.traces = self.measured(|d| Traces {
            recorder: [Recorder::Unknown, Recorder::Sent, Recorder::Browser]
                [d.lot.below(3) as usize],
            programs: vec![
                if d.lot.chance(2) {
                    "Lavf61.7.100"
                } else {
                    "Chrome"
                }
                .to_owned(),
            ],
        });
        e.footage = self.some(|d| {
            d.measured(|d| Footage {
                share: d.number(0.0, 0.205),
                cases: u32::from(d.lot.chance(2)),
                marks: d.lot.below(200) as u32,
            })
        });
    }

    /// Drawn last: what was drawn before stays as it was before there were edits.
    fn edits(&mut self, e: &mut Evidence) {
        let Measured::Value(doubts) = &mut e.doubts else {
            return;
        };
        for doubt in doubts {
            doubt.portrait = self.some(|d| d.number(0.0, 1.0));
            doubt.field = self.some(|d| d.number(0.0, 2.0));
            doubt.by_editor = self.lot.below(8) == 0;
        }
    }

    /// Drawn after that, likewise.
    fn lines(&mut self, e: &mut Evidence) {
        let Measured::Value(doubts) = &mut e.doubts else {
            return;
        };
        for doubt in doubts {
            doubt.line = self.some(|d| d.number(0.0, 0.5));
            doubt.second = self.comparisons(0, 1).pop();
        }
    }

    fn answer(&mut self, e: &mut Evidence) {
        e.head = self.some(|d| {
            d.measured(|d| {
                d.several(1, 2, |d| HeadTurn {
                    asked: [Direction::Left, Direction::Right, Direction::Up]
                        [d.lot.below(3) as usize],
                    degrees: d.some(|d| d.number(15.0, 45.0)),
                    otherwise: d.number(0.0, 22.0),
                    early: d.number(0.0, 20.2),
                })
            })
        });
        e.document_shown = self.some(|d| {
            d.measured(|d| DocumentShown {
                frames: d.lot.below(40) as u32,
                portraits: d.comparisons(1, 4),
            })
        });
        e.layout = self.some(|d| {
            d.measured(|d| Layout {
                likeness: d.several(1, 4, |d| d.number(0.2, 0.9)),
            })
        });
        e.speech = self.measured(|d| Speech {
            voiced_seconds: d.number(0.3, 4.0),
            asked: 3,
            as_asked: !d.lot.chance(5),
            heard: d.lot.below(5) as usize,
            least_confidence: d.number(0.4, 1.0),
            log_ratio: d.some(|d| d.number(-1.0, 15.0)),
        });
        e.answers = self.some(|d| {
            d.measured(|d| Answers {
                asked: 3,
                delays: d.several(0, 3, |d| d.number(-0.01, 4.03)),
            })
        });
        e.lips = self.measured(|d| LipSync {
            seconds: d.number(2.0, 8.0),
            score: d.number(-0.1, 0.8),
            lag_ms: d.lot.below(200) as i32 - 100,
        });
    }
}

fn nothing() -> Evidence {
    fn none<T>() -> Measured<T> {
        Measured::unavailable(ReasonCode::NothingToCompare, "")
    }
    Evidence {
        today: Date::from_calendar_date(2026, Month::November, 21).unwrap_or(Date::MIN),
        surfaces: none(),
        portrait: none(),
        announced: None,
        zone: none(),
        doubts: none(),
        seen_in: None,
        print: none(),
        seals: none(),
        declared: None,
        recording: none(),
        presence: none(),
        face_match: none(),
        liveness: none(),
        motion: none(),
        continuity: none(),
        recapture: none(),
        display: none(),
        skin: none(),
        pulse: none(),
        injection: none(),
        traces: none(),
        footage: None,
        head: None,
        document_shown: None,
        layout: None,
        speech: none(),
        answers: None,
        lips: none(),
    }
}

pub fn evidence(seed: u64, wild: bool) -> Evidence {
    let mut draw = Draw {
        lot: Lot::new(seed),
        wild,
    };
    let mut e = nothing();
    if wild {
        e.today = draw.date(2015, 2030);
    }
    draw.document(&mut e);
    draw.recording(&mut e);
    draw.answer(&mut e);
    draw.edits(&mut e);
    draw.lines(&mut e);
    e
}

/// The text of a valid policy: thresholds anywhere in their ranges where their bands allow it, and every
/// role that may be.
pub fn policy_text(seed: u64) -> String {
    let mut lot = Lot::new(seed);
    loop {
        let mut text = format!("version = \"drawn {seed}\"\n[checks]\n");
        for name in CheckName::ALL {
            let on_fail = ["refuse", "review"][lot.below(2) as usize];
            let free = !matches!(
                name,
                CheckName::DocumentPortrait
                    | CheckName::DocumentMrz
                    | CheckName::DocumentValidity
                    | CheckName::SingleFace
                    | CheckName::FaceMatch
                    | CheckName::Liveness
            );
            let role = if free && lot.chance(40) {
                "advisory"
            } else {
                "required"
            };
            text.push_str(&format!(
                "{name} = {{ role = \"{role}\", on_fail = \"{on_fail}\" }}\n"
            ));
        }
        text.push_str("[thresholds]\n");
        for spec in Thresholds::SPECS {
            if lot.chance(30) {
                let value = if lot.chance(70) {
                    let span = (spec.max - spec.min) * 0.05;
                    (spec.default + lot.between(-span, span)).clamp(spec.min, spec.max)
                } else {
                    lot.between(spec.min, spec.max)
                };
                text.push_str(&format!("{} = {value:?}\n", spec.key));
            }
        }
        if Policy::parse(&text).is_ok() {
            return text;
        }
    }
}

pub fn policy(seed: u64) -> Policy {
    Policy::parse(&policy_text(seed)).unwrap_or_else(|e| unreachable!("{e}"))
}
