//! Cues of a display, a print or a mask before the camera, of a living body, and of the document's
//! layout, and how they are judged. Each is measured on too few attacks to decide alone: none fails
//! a case, and the policy that ships lets none decide.

use crate::check::CheckStatus;
use crate::evaluate::Verdict;
use crate::evidence::median;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Traces of a display as a thing: its light beats against the camera, its frame stands round the
/// face.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    /// How far the strongest steady beat of the light stands above other changes of it, in power;
    /// `None` where the recording is too short.
    pub beat: Option<f64>,
    /// For the best frame of each second: on how many sides of the face a dark straight bar lies.
    pub bars: Vec<f64>,
}

/// The pulse in the colour of the skin. The rate itself is about a person's health: it is not told.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// How long the skin was seen without a break.
    pub seconds: f64,
    /// Power at the strongest rate and twice that rate over all other power, dB.
    pub strength: f64,
}

/// What a face's surface looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Skin {
    /// For the best frame of each second: how much redder lips are than the skin round them, or how
    /// much darker the line between them, whichever is more, as shares of light.
    pub lips: Vec<f64>,
    /// For the best frame of each second: how much more red than blue the cheeks give back, as a
    /// share of light.
    pub warmth: Vec<f64>,
}

/// The document that was held up against the uploaded one, round their portraits.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Correlation of both pictures, one for each portrait that was seen.
    pub likeness: Vec<f64>,
}

fn nothing() -> Verdict {
    Verdict::passed("No frame could be measured.")
        .with(CheckStatus::Borderline, ReasonCode::NothingToCompare)
}

pub(crate) fn display(d: &Display, t: &Thresholds) -> Verdict {
    let Some(bars) = median(&d.bars) else {
        return nothing();
    };
    let beat = d.beat.map_or_else(
        || "Too short to see a beat of the light".to_owned(),
        |beat| format!("The strongest beat of the light is {beat:.1} times the others"),
    );
    let mut v = Verdict::passed(format!(
        "{beat}; dark bars on {bars:.0} sides of the face, median of {} frames.",
        d.bars.len()
    ));
    if let Some(beat) = d.beat {
        v = v.scored(beat, t.display_beat);
        if beat.is_nan() || beat > t.display_beat {
            v.note(CheckStatus::Borderline, ReasonCode::LightBeats);
        }
    }
    if bars.is_nan() || bars > t.display_bars {
        v.note(CheckStatus::Borderline, ReasonCode::BarsRoundFace);
    }
    v
}

pub(crate) fn pulse(p: &Pulse, t: &Thresholds) -> Verdict {
    let v = Verdict::passed(format!(
        "The strongest rate has {:.1} dB over {:.1} s of skin.",
        p.strength, p.seconds
    ))
    .scored(p.strength, t.pulse_accept);
    if p.strength >= t.pulse_accept {
        v
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::PulseNotSeen)
    }
}

pub(crate) fn skin(s: &Skin, t: &Thresholds) -> Verdict {
    let (Some(lips), Some(warmth)) = (median(&s.lips), median(&s.warmth)) else {
        return nothing();
    };
    let mut v = Verdict::passed(format!(
        "Lips stand out by {lips:.3} of the light, cheeks are warmer than grey by {warmth:.3}; medians of {} frames.",
        s.lips.len()
    ))
    .scored(lips, t.skin_lips);
    if lips.is_nan() || lips < t.skin_lips {
        v.note(CheckStatus::Borderline, ReasonCode::LipsNotSeen);
    }
    if warmth.is_nan() || warmth < t.skin_warmth {
        v.note(CheckStatus::Borderline, ReasonCode::SkinColourless);
    }
    v
}

pub(crate) fn layout(l: &Layout, t: &Thresholds) -> Verdict {
    let Some(likeness) = median(&l.likeness) else {
        return Verdict::passed("The document was not seen.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let v = Verdict::passed(format!(
        "Correlation {likeness:.2} with the uploaded document, median of {} frames.",
        l.likeness.len()
    ))
    .scored(likeness, t.layout_accept);
    if likeness >= t.layout_accept {
        v
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::LayoutDiffers)
    }
}
