//! What is kept of a case so that it can be judged again when its media are gone: the numbers and
//! statuses that [`decide`] compares with thresholds. No biometrics (distances between faces, not
//! the faces), no text that was read, no date; ages only up to an age.
//!
//! Judged again under the very policy that judged it, a case has the very same outcome.

mod parts;
mod words;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::decide::{Decision, decide};
use crate::document_kind::DocumentKind;
use crate::evidence::{Evidence, Measured};
use crate::policy::Policy;
use crate::reason::ReasonCode;
use parts::{DAY, KeptZone};
use words::{Reader, Words, Writer};

/// Stored scores that this program cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored scores of `{0}` cannot be read")]
pub struct Unreadable(&'static str);

macro_rules! sections {
    ($($name:ident),+ $(,)?) => {
        /// The evidence of a case, packed: a line of numbers for each part. Empty: the part did not
        /// exist.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub struct Scores<'a> {
            $(#[serde(borrow, default, skip_serializing_if = "str::is_empty")] $name: Cow<'a, str>,)+
        }
    };
}

sections! {
    surfaces, portrait, announced, zone, doubts, seen_in, print, seals, declared, recording, presence, face_match,
    liveness, motion, continuity, recapture, display, skin, pulse, injection, traces, footage, head, document_shown, layout, speech,
    answers, lips,
}

fn pack<T: Words>(value: &T) -> Cow<'static, str> {
    let mut writer = Writer::default();
    value.write(&mut writer);
    Cow::Owned(writer.0)
}

fn pack_optional<T: Words>(value: Option<&T>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), pack)
}

fn unpack<T: Words>(name: &'static str, text: &str) -> Result<T, Unreadable> {
    let mut reader = Reader::new(text);
    let value = T::read(&mut reader).ok_or(Unreadable(name))?;
    if reader.at_end() {
        Ok(value)
    } else {
        Err(Unreadable(name))
    }
}

/// A part that older scores lack was not measured then.
fn measured<T: Words>(name: &'static str, text: &str) -> Result<Measured<T>, Unreadable> {
    if text.is_empty() {
        return Ok(Measured::unavailable(ReasonCode::NothingToCompare, ""));
    }
    unpack(name, text)
}

fn optional<T: Words>(name: &'static str, text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() {
        return Ok(None);
    }
    unpack(name, text).map(Some)
}

impl Scores<'static> {
    /// What is kept of this evidence, which `policy` judges.
    pub fn of(evidence: &Evidence, policy: &Policy) -> Self {
        // Names every part: a new one must be kept too, or judging again is not exact.
        let Evidence {
            today,
            surfaces,
            portrait,
            announced,
            zone,
            doubts,
            seen_in,
            print,
            seals,
            declared,
            recording,
            presence,
            face_match,
            liveness,
            motion,
            continuity,
            recapture,
            display,
            skin,
            pulse,
            injection,
            traces,
            footage,
            head,
            document_shown,
            layout,
            speech,
            answers,
            lips,
        } = evidence;
        let asked = policy.thresholds().document_minimum_age;
        let zone = match zone {
            Measured::Value(z) => {
                Measured::Value(z.as_ref().map(|z| KeptZone::of(z, *today, asked)))
            }
            Measured::Unavailable { reason, .. } => Measured::unavailable(*reason, ""),
        };
        Self {
            surfaces: pack(surfaces),
            portrait: pack(portrait),
            announced: pack_optional(announced.as_ref()),
            zone: pack(&zone),
            doubts: pack(doubts),
            seen_in: pack_optional(seen_in.as_ref()),
            print: pack(print),
            seals: pack(seals),
            declared: pack_optional(declared.as_ref()),
            recording: pack(recording),
            presence: pack(presence),
            face_match: pack(face_match),
            liveness: pack(liveness),
            motion: pack(motion),
            continuity: pack(continuity),
            recapture: pack(recapture),
            display: pack(display),
            skin: pack(skin),
            pulse: pack(pulse),
            injection: pack(injection),
            traces: pack(traces),
            footage: pack_optional(footage.as_ref()),
            head: pack_optional(head.as_ref()),
            document_shown: pack_optional(document_shown.as_ref()),
            layout: pack_optional(layout.as_ref()),
            speech: pack(speech),
            answers: pack_optional(answers.as_ref()),
            lips: pack(lips),
        }
    }
}

impl Scores<'_> {
    /// Reads them for judging.
    pub fn open(&self) -> Result<Opened, Unreadable> {
        let zone: Measured<Option<KeptZone>> = measured("zone", &self.zone)?;
        let kept = zone.value().and_then(Option::as_ref);
        let at_least = kept.filter(|z| z.at_least).and_then(KeptZone::years);
        let zone = match &zone {
            Measured::Value(None) => Measured::Value(None),
            Measured::Value(Some(z)) => Measured::Value(Some(z.zone().ok_or(Unreadable("zone"))?)),
            Measured::Unavailable { reason, .. } => Measured::unavailable(*reason, ""),
        };
        let evidence = Evidence {
            today: DAY,
            surfaces: measured("surfaces", &self.surfaces)?,
            portrait: measured("portrait", &self.portrait)?,
            announced: optional::<DocumentKind>("announced", &self.announced)?,
            zone,
            doubts: measured("doubts", &self.doubts)?,
            seen_in: optional("seen_in", &self.seen_in)?,
            print: measured("print", &self.print)?,
            seals: measured("seals", &self.seals)?,
            declared: optional("declared", &self.declared)?,
            recording: measured("recording", &self.recording)?,
            presence: measured("presence", &self.presence)?,
            face_match: measured("face_match", &self.face_match)?,
            liveness: measured("liveness", &self.liveness)?,
            motion: measured("motion", &self.motion)?,
            continuity: measured("continuity", &self.continuity)?,
            recapture: measured("recapture", &self.recapture)?,
            display: measured("display", &self.display)?,
            skin: measured("skin", &self.skin)?,
            pulse: measured("pulse", &self.pulse)?,
            injection: measured("injection", &self.injection)?,
            traces: measured("traces", &self.traces)?,
            footage: optional("footage", &self.footage)?,
            head: optional("head", &self.head)?,
            document_shown: optional("document_shown", &self.document_shown)?,
            layout: optional("layout", &self.layout)?,
            speech: measured("speech", &self.speech)?,
            answers: optional("answers", &self.answers)?,
            lips: measured("lips", &self.lips)?,
        };
        Ok(Opened { evidence, at_least })
    }
}

/// Kept scores, ready to be judged by any policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    evidence: Evidence,
    /// The holder is at least that old; how old exactly is not kept.
    at_least: Option<i32>,
}

impl Opened {
    /// Judges as [`decide`] judges the evidence itself. Where a policy asks for a higher age than was
    /// kept, the age is unknown.
    pub fn decide(&self, policy: &Policy) -> Decision {
        let asked = policy.thresholds().document_minimum_age;
        if self.at_least.is_some_and(|age| asked > f64::from(age)) {
            let mut evidence = self.evidence.clone();
            if let Measured::Value(Some(zone)) = &mut evidence.zone {
                zone.birth_date = None;
            }
            return decide(&evidence, policy);
        }
        decide(&self.evidence, policy)
    }

    /// The numbers, in place of the evidence they were taken from.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}
