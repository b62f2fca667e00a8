//! What the frames showed, as evidence: measured, or why not.

use idproof_domain::attack::{Continuity, DocumentShown, HeadTurn, Recapture};
use idproof_domain::challenge::ScriptStep;
use idproof_domain::cues::{self, Display, Pulse, Skin};
use idproof_domain::evidence::{FaceMatch, Liveness, Motion, Portrait, Presence};
use idproof_domain::{Measured, ReasonCode};

use crate::case::{Analysers, CaseInput};
use crate::continuity::pieces;
use crate::display::beat;
use crate::faces::{Template, against_most_typical};
use crate::head::turns;
use crate::layout::Layout;
use crate::motion::motion;
use crate::pulse;
use crate::video::VideoFindings;

/// How many frames, best first, are compared with the portrait.
const COMPARED_FRAMES: usize = 7;

/// Why nothing about faces can be said, if so.
pub(crate) fn face_problem<T>(found: &VideoFindings, analysers: &Analysers) -> Option<Measured<T>> {
    if let Err(why) = &analysers.faces {
        return Some(Measured::unavailable(
            ReasonCode::ModelUnavailable,
            why.to_string(),
        ));
    }
    found
        .face_error
        .as_ref()
        .map(|e| Measured::unavailable(ReasonCode::ModelFailed, e.to_string()))
}

pub(crate) fn presence(found: &VideoFindings, analysers: &Analysers) -> Measured<Presence> {
    face_problem(found, analysers).unwrap_or_else(|| {
        let middle = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        Measured::Value(Presence {
            frames: found.with_one + found.with_several + found.with_none,
            with_one_face: found.with_one,
            with_several: found.with_several,
            with_none: found.with_none,
            face_width: middle(found.widths.clone()).unwrap_or(0.0),
            eyes: middle(found.covers.iter().map(|c| c.eyes).collect()),
            chin: middle(found.covers.iter().filter_map(|c| c.chin).collect()),
            light: middle(found.covers.iter().map(|c| c.light).collect()),
        })
    })
}

pub(crate) fn face_match(
    portrait: Option<&Template>,
    seen: &Measured<Option<Portrait>>,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Measured<FaceMatch> {
    if let Some(problem) = face_problem(found, analysers) {
        return problem;
    }
    if let Measured::Unavailable { reason, detail } = seen {
        return Measured::unavailable(*reason, detail.clone());
    }
    let Some(portrait) = portrait else {
        return Measured::unavailable(
            ReasonCode::NothingToCompare,
            "There is no portrait to compare with.",
        );
    };
    let mut frames: Vec<_> = found.templates.iter().collect();
    frames.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    Measured::Value(FaceMatch {
        comparisons: frames
            .iter()
            .take(COMPARED_FRAMES)
            .map(|f| portrait.compare(&f.template))
            .collect(),
    })
}

pub(crate) fn liveness(found: &VideoFindings, analysers: &Analysers) -> Measured<Liveness> {
    if let Err(why) = &analysers.liveness {
        return Measured::unavailable(ReasonCode::ModelUnavailable, why.to_string());
    }
    if let Some(e) = &found.live_error {
        return Measured::unavailable(ReasonCode::ModelFailed, e.to_string());
    }
    face_problem(found, analysers).unwrap_or_else(|| {
        Measured::Value(Liveness {
            scores: found.live_scores.clone(),
        })
    })
}

pub(crate) fn continuity(found: &VideoFindings, analysers: &Analysers) -> Measured<Continuity> {
    face_problem(found, analysers).unwrap_or_else(|| {
        let pieces = pieces(&found.glimpses);
        let templates: Vec<&Template> = found.templates.iter().map(|s| &s.template).collect();
        Measured::Value(Continuity {
            faces: against_most_typical(&templates),
            frozen_seconds: pieces.frozen_seconds,
            repeated_seconds: pieces.repeated_seconds,
            cuts: pieces.cuts,
        })
    })
}

pub(crate) fn recapture(found: &VideoFindings, analysers: &Analysers) -> Measured<Recapture> {
    face_problem(found, analysers).unwrap_or_else(|| {
        Measured::Value(Recapture {
            periodicity: found.periodicity.clone(),
        })
    })
}

pub(crate) fn display(found: &VideoFindings, analysers: &Analysers) -> Measured<Display> {
    face_problem(found, analysers).unwrap_or_else(|| {
        Measured::Value(Display {
            beat: beat(&found.glimpses),
            bars: found.bars.clone(),
        })
    })
}

pub(crate) fn skin(found: &VideoFindings, analysers: &Analysers) -> Measured<Skin> {
    face_problem(found, analysers).unwrap_or_else(|| {
        if found.surfaces.is_empty() {
            let why = "No face was light and large enough.";
            return Measured::unavailable(ReasonCode::NothingToCompare, why);
        }
        Measured::Value(Skin {
            lips: found.surfaces.iter().map(|s| s.lips).collect(),
            warmth: found.surfaces.iter().map(|s| s.warmth).collect(),
        })
    })
}

pub(crate) fn pulse(found: &VideoFindings, analysers: &Analysers) -> Measured<Pulse> {
    face_problem(found, analysers).unwrap_or_else(|| match pulse::pulse(&found.colours) {
        // How fast a heart beats is nobody's business here: only whether one does.
        Ok((_, pulse)) => Measured::Value(pulse),
        Err(why) => Measured::unavailable(ReasonCode::NothingToCompare, why.to_string()),
    })
}

pub(crate) fn layout(
    input: &CaseInput,
    uploaded: Option<&Layout>,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Option<Measured<cues::Layout>> {
    let asked = |s: &ScriptStep| matches!(s, ScriptStep::Document { .. });
    input
        .script
        .as_ref()
        .filter(|s| s.steps.iter().any(asked))?;
    if let Some(problem) = face_problem(found, analysers) {
        return Some(problem);
    }
    let likeness = |held: &Layout| uploaded?.likeness(held);
    let likeness: Vec<f64> = found.held_layouts.iter().filter_map(likeness).collect();
    if likeness.is_empty() {
        let why = "Too little of the document is seen round its portrait.";
        return Some(Measured::unavailable(ReasonCode::NothingToCompare, why));
    }
    Some(Measured::Value(cues::Layout { likeness }))
}

pub(crate) fn head(
    input: &CaseInput,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Option<Measured<Vec<HeadTurn>>> {
    let turns = turns(input.script.as_ref()?, &found.poses)?;
    Some(face_problem(found, analysers).unwrap_or(Measured::Value(turns)))
}

pub(crate) fn document_shown(
    input: &CaseInput,
    portrait: Option<&Template>,
    seen: &Measured<Option<Portrait>>,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Option<Measured<DocumentShown>> {
    let asked = |s: &ScriptStep| matches!(s, ScriptStep::Document { .. });
    input
        .script
        .as_ref()
        .filter(|s| s.steps.iter().any(asked))?;
    if let Some(problem) = face_problem(found, analysers) {
        return Some(problem);
    }
    if let Measured::Unavailable { reason, detail } = seen {
        return Some(Measured::unavailable(*reason, detail.clone()));
    }
    let Some(portrait) = portrait else {
        let why = "There is no portrait to compare with.";
        return Some(Measured::unavailable(ReasonCode::NothingToCompare, why));
    };
    Some(Measured::Value(DocumentShown {
        frames: found.document_frames,
        portraits: found.held_up.iter().map(|t| portrait.compare(t)).collect(),
    }))
}

pub(crate) fn deformation(found: &VideoFindings, analysers: &Analysers) -> Measured<Motion> {
    face_problem(found, analysers).unwrap_or_else(|| {
        motion(&found.landmarks).map_or_else(
            || Measured::unavailable(ReasonCode::NothingToCompare, "Too few frames with a face."),
            Measured::Value,
        )
    })
}
