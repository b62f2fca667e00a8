//! The recording for the player: what was asked when, and what was found in it.

use idproof_database::{Decision, Upload, UploadKind, UploadState};
use idproof_domain::challenge::{Script, ScriptStep};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Fact, Findings};
use super::machine;
use crate::problem::Problem;
use crate::service::Service;

#[derive(Serialize)]
pub(super) struct VideoView {
    media: String,
    seconds: Option<f64>,
    width: Option<u32>,
    height: Option<u32>,
    has_sound: Option<bool>,
    asked: Vec<Asked>,
    moves: Vec<Move>,
    heard: Option<Vec<Heard>>,
    tracks: Option<Vec<Track>>,
    lips: Option<Lips>,
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct Asked {
    digit: String,
    at_ms: u32,
}

/// What was asked beside digits.
#[derive(Serialize)]
struct Move {
    /// `head` or `document`.
    kind: &'static str,
    direction: Option<&'static str>,
    at_ms: u32,
}

/// The mouth against the voice.
#[derive(Serialize, Deserialize)]
pub(super) struct Lips {
    /// Correlation -1 to 1 at the best shift.
    score: f64,
    /// The mouth behind the voice at that shift.
    lag_ms: i64,
    /// How long they could be compared.
    seconds: f64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Heard {
    digit: String,
    start_ms: i64,
    end_ms: i64,
    confidence: f64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Track {
    name: String,
    unit: String,
    points: Vec<(f64, f64)>,
}

pub(super) fn video_of(uploads: &[Upload]) -> Option<&Upload> {
    uploads
        .iter()
        .rfind(|u| u.kind == UploadKind::SelfieVideo && u.state == UploadState::Complete)
}

pub(super) async fn script(
    service: &Service,
    video: Option<&Upload>,
) -> Result<Option<Script>, Problem> {
    let Some(id) = video.and_then(|v| v.challenge.as_ref()) else {
        return Ok(None);
    };
    Ok(service.database().challenge(id).await?.map(|c| c.script))
}

pub(super) fn video(
    upload: &Upload,
    script: Option<&Script>,
    machine: Option<&Decision>,
    findings: Option<Findings>,
) -> VideoView {
    let report = machine.and_then(machine::video_report);
    let asked = script.map(|s| {
        let asked = |step: &ScriptStep| match step {
            ScriptStep::Digit { digit, after_ms } => Some(Asked {
                digit: digit.to_string(),
                at_ms: *after_ms,
            }),
            ScriptStep::Head { .. } | ScriptStep::Document { .. } => None,
        };
        s.steps.iter().filter_map(asked).collect()
    });
    let moves = script.map_or(&[][..], |s| &s.steps);
    let mut facts = Vec::new();
    if let Some(r) = &report {
        let mut fact = |name: &str, value: Value| {
            facts.push(Fact {
                name: name.to_owned(),
                value,
            });
        };
        fact("container", r.container.clone().into());
        fact("codec", r.codec.clone().into());
        fact("frames", r.frames.into());
        fact("dropped_frames", r.dropped_frames.into());
        fact("duplicated_frames", r.duplicated_frames.into());
        fact("corrupt_frames", r.corrupt_frames.into());
        fact("rotation", r.rotation.into());
        fact("claimed_seconds", r.claimed_seconds.into());
        for lie in &r.contradictions {
            fact("contradiction", lie.clone().into());
        }
    }
    let Findings {
        heard,
        tracks,
        lips,
        ..
    } = findings.unwrap_or_default();
    VideoView {
        media: upload.id.to_string(),
        seconds: report.as_ref().map(|r| r.seconds),
        width: report.as_ref().map(|r| r.width),
        height: report.as_ref().map(|r| r.height),
        has_sound: report.as_ref().map(|r| r.audio.is_some()),
        asked: asked.unwrap_or_default(),
        moves: moves.iter().filter_map(moved).collect(),
        heard,
        tracks,
        lips,
        facts,
    }
}

fn moved(step: &ScriptStep) -> Option<Move> {
    let (kind, direction) = match step {
        ScriptStep::Digit { .. } => return None,
        ScriptStep::Head { direction, .. } => ("head", Some(direction.as_str())),
        ScriptStep::Document { .. } => ("document", None),
    };
    Some(Move {
        kind,
        direction,
        at_ms: step.after_ms(),
    })
}
