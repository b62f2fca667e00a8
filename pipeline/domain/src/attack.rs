//! Is the recording one piece, of one living person, made here and now? What the stages measured
//! beside the passive networks, and how it is judged.

use crate::challenge::Direction;
use crate::check::CheckStatus;
use crate::evaluate::Verdict;
use crate::evidence::median;
use crate::face::{Calibrations, Comparison, Pair};
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Whether the recording is one piece and shows one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuity {
    /// The best face of each second against the one that is most like all of them.
    pub faces: Vec<Comparison>,
    /// The longest stretch in which nothing in the picture changes.
    pub frozen_seconds: f64,
    /// The longest stretch that repeats an earlier one, movement by movement.
    pub repeated_seconds: f64,
    /// Places where the whole picture changes at once.
    pub cuts: u32,
}

/// Traces of a display or a print before the camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Recapture {
    /// For the best frame of each second: how far the strongest fine period stands above its
    /// surroundings in the spectrum round the face. Moiré and the pixels of a display show so.
    pub periodicity: Vec<f64>,
}

/// How the recording is said to have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recorder {
    /// Nothing says so.
    #[default]
    Unknown,
    /// Sent to the service, by something else than its page.
    Sent,
    /// By the capture page in a browser, from a camera.
    Browser,
}

/// Traces of a recording that was fed in instead of filmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    pub recorder: Recorder,
    /// The page reports a camera that exists in software only.
    pub virtual_camera: bool,
    /// Share of frames that hardly differ from the frame before, where frames around them do.
    pub repeated_frames: f64,
    /// The frames' times are those of a machine: none is off the beat, none is missing.
    pub even_times: bool,
}

/// How one movement of the head was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadTurn {
    pub asked: Direction,
    /// The largest turn that way while it was asked, in degrees; `None` when no face was seen.
    pub degrees: Option<f64>,
    /// The largest turn another way in that time.
    pub otherwise: f64,
    /// The largest turn the way asked before that time.
    pub early: f64,
}

/// The document as it was held up in the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentShown {
    /// Analysed frames while it was asked for.
    pub frames: u32,
    /// The uploaded portrait against each second face that was seen then.
    pub portraits: Vec<Comparison>,
}

/// One frame may be bad; the second worst speaks for the recording.
fn second_least(mut ratios: Vec<f64>) -> Option<f64> {
    ratios.sort_by(f64::total_cmp);
    match ratios.len() {
        0 => None,
        1..=4 => ratios.first().copied(),
        _ => ratios.get(1).copied(),
    }
}

pub(crate) fn continuity(c: &Continuity, all: &Calibrations, t: &Thresholds) -> Verdict {
    let ratios: Option<Vec<f64>> = c
        .faces
        .iter()
        .map(|f| all.of(Pair::Photographs, f)?.log_ratio(f))
        .collect();
    let Some(ratios) = ratios else {
        return Verdict::passed("The policy holds no calibration for the embedders that are here.")
            .with(CheckStatus::Unavailable, ReasonCode::ModelUnavailable);
    };
    let Some(least) = second_least(ratios) else {
        return Verdict::passed("Too few seconds with a face.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let mut v = Verdict::passed(format!(
        "Least log likelihood ratio of one person {least:.1} over {} s; {:.1} s frozen, {:.1} s \
         repeated, {} cuts.",
        c.faces.len(),
        c.frozen_seconds,
        c.repeated_seconds,
        c.cuts
    ))
    .scored(least, t.continuity_accept);
    if least < t.continuity_refuse {
        v.note(CheckStatus::Failed, ReasonCode::PersonChanges);
    } else if least.is_nan() || least < t.continuity_accept {
        v.note(CheckStatus::Borderline, ReasonCode::PersonChanges);
    }
    if c.frozen_seconds >= t.continuity_frozen {
        v.note(CheckStatus::Failed, ReasonCode::PictureFrozen);
    }
    if c.repeated_seconds >= t.continuity_repeated {
        v.note(CheckStatus::Failed, ReasonCode::PictureRepeats);
    }
    if c.cuts > 0 {
        v.note(CheckStatus::Borderline, ReasonCode::RecordingCut);
    }
    v
}

pub(crate) fn recapture(r: &Recapture, t: &Thresholds) -> Verdict {
    let Some(score) = median(&r.periodicity) else {
        return Verdict::passed("No frame could be measured.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let v = Verdict::passed(format!(
        "Strongest fine period {score:.1} times its surroundings, median of {} frames.",
        r.periodicity.len()
    ))
    .scored(score, t.recapture_accept);
    if score <= t.recapture_accept {
        v
    } else if score > t.recapture_refuse {
        v.with(CheckStatus::Failed, ReasonCode::ScreenLikely)
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::ScreenLikely)
    }
}

pub(crate) fn injection(i: &Injection, t: &Thresholds) -> Verdict {
    let how = match i.recorder {
        Recorder::Unknown => "Nothing says how it was recorded; times are not held against it.",
        Recorder::Sent => "Not recorded by the capture page.",
        Recorder::Browser => "Recorded by the capture page.",
    };
    let times = if i.even_times { "even" } else { "uneven" };
    let mut v = Verdict::passed(format!(
        "{how} {:.1} % of frames repeat the one before; their times are {times}.",
        i.repeated_frames * 100.0
    ))
    .scored(i.repeated_frames, t.injection_repeated);
    if i.virtual_camera {
        v.note(CheckStatus::Failed, ReasonCode::VirtualCamera);
    }
    let odd = i.repeated_frames.is_nan() || i.repeated_frames > t.injection_repeated;
    if i.recorder != Recorder::Unknown && odd {
        v.note(CheckStatus::Borderline, ReasonCode::TimingUnnatural);
    }
    v
}

pub(crate) fn head(turns: &[HeadTurn], t: &Thresholds) -> Verdict {
    let least = turns
        .iter()
        .map(|turn| turn.degrees.unwrap_or(0.0))
        .fold(f64::INFINITY, f64::min);
    let mut v = Verdict::passed(format!("Turned by at least {least:.0} degrees as asked."))
        .scored(least, t.head_turn_accept);
    for turn in turns {
        let degrees = turn.degrees.unwrap_or(0.0);
        let status = if degrees >= t.head_turn_accept {
            continue;
        } else if degrees < t.head_turn_refuse {
            CheckStatus::Failed
        } else {
            CheckStatus::Borderline
        };
        let reason = if turn.early >= t.head_turn_accept {
            ReasonCode::HeadMovedEarly
        } else if turn.otherwise >= t.head_turn_accept {
            ReasonCode::HeadMovedOtherwise
        } else {
            ReasonCode::HeadNotMoved
        };
        v.note(status, reason);
    }
    v
}

pub(crate) fn document_shown(d: &DocumentShown, all: &Calibrations, t: &Thresholds) -> Verdict {
    let ratios: Option<Vec<f64>> = d
        .portraits
        .iter()
        .map(|p| all.of(Pair::Portrait, p)?.log_ratio(p))
        .collect();
    let Some(ratios) = ratios else {
        return Verdict::passed("The policy holds no calibration for the embedders that are here.")
            .with(CheckStatus::Unavailable, ReasonCode::ModelUnavailable);
    };
    let Some(ratio) = median(&ratios) else {
        return Verdict::passed(format!("No second face in {} frames.", d.frames))
            .with(CheckStatus::Failed, ReasonCode::DocumentNotShown);
    };
    let v = Verdict::passed(format!(
        "Its portrait was seen in {} frames, log likelihood ratio {ratio:.1} to the uploaded one.",
        ratios.len()
    ))
    .scored(ratio, t.document_shown_accept);
    if ratio >= t.document_shown_accept {
        v
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::DocumentShownDiffers)
    }
}
