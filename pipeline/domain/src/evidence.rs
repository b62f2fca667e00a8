use time::Date;

use crate::answers::Answers;
use crate::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture};
use crate::cues::{Display, Layout, Pulse, Skin};
use crate::document::print::Compared;
use crate::document_kind::DocumentKind;
use crate::face::Comparison;
use crate::origin::{Footage, Traces};
use crate::reason::ReasonCode;
use crate::seal::Trust;

/// What a stage found, or why it could not look.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured<T> {
    Value(T),
    Unavailable {
        reason: ReasonCode,
        /// A sentence without personal data.
        detail: String,
    },
}

impl<T> Measured<T> {
    pub fn unavailable(reason: ReasonCode, detail: impl Into<String>) -> Self {
        Self::Unavailable {
            reason,
            detail: detail.into(),
        }
    }

    pub fn as_ref(&self) -> Measured<&T> {
        match self {
            Self::Value(v) => Measured::Value(v),
            Self::Unavailable { reason, detail } => Measured::Unavailable {
                reason: *reason,
                detail: detail.clone(),
            },
        }
    }

    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(v) => Some(v),
            Self::Unavailable { .. } => None,
        }
    }
}

/// Everything the stages found about one case; what [`crate::decide`] judges.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The legal day of the check.
    pub today: Date,
    /// Each photograph of the document, in the order given.
    pub surfaces: Measured<Vec<Surface>>,
    pub portrait: Measured<Option<Portrait>>,
    /// The kind of document that the applicant announced.
    pub announced: Option<DocumentKind>,
    pub zone: Measured<Option<Zone>>,
    /// What speaks against an original, a photograph each.
    pub doubts: Measured<Vec<Doubt>>,
    /// In how many other cases a photograph of the document was sent as well; `None`: not looked up.
    pub seen_in: Option<u64>,
    /// The printed fields against the zone; empty without a zone.
    pub print: Measured<Vec<Compared>>,
    /// Every DataMatrix found, compared with the zone.
    pub seals: Measured<Vec<SealLook>>,
    /// `None` when the applicant declared nothing.
    pub declared: Option<Measured<Vec<DeclaredField>>>,
    pub recording: Measured<Recording>,
    pub presence: Measured<Presence>,
    pub face_match: Measured<FaceMatch>,
    pub liveness: Measured<Liveness>,
    pub motion: Measured<Motion>,
    pub continuity: Measured<Continuity>,
    pub recapture: Measured<Recapture>,
    pub display: Measured<Display>,
    pub skin: Measured<Skin>,
    pub pulse: Measured<Pulse>,
    pub injection: Measured<Injection>,
    pub traces: Measured<Traces>,
    /// `None` where no other case's recordings are known.
    pub footage: Option<Measured<Footage>>,
    /// `None` when no movement was asked for.
    pub head: Option<Measured<Vec<HeadTurn>>>,
    /// `None` when the document was not asked for.
    pub document_shown: Option<Measured<DocumentShown>>,
    /// `None` when the document was not asked for.
    pub layout: Option<Measured<Layout>>,
    pub speech: Measured<Speech>,
    /// `None` where no digits were shown at times.
    pub answers: Option<Measured<Answers>>,
    pub lips: Measured<LipSync>,
}

/// How well a photograph shows the document; measured as the capture page measures before it
/// lets a picture be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Pixels a millimetre of the document; `None` where nothing tells its size.
    pub resolution: Option<f64>,
    /// 0 (sharp) to 1: Crete, Dolmiere, Ladret and Nicolas, "The blur effect", 2007.
    pub blur: f64,
    /// Share of the document that is burnt white.
    pub glare: f64,
    /// Luma below which a fiftieth of the document lies: high when overexposed.
    pub dark_end: f64,
    /// Luma above which a tenth of the document lies: low when underexposed.
    pub light_end: f64,
    /// The document reaches beyond the picture.
    pub cut_off: bool,
    /// Share of the side of the document that lies most under something of the colour of skin which reaches in from outside,
    /// or of the row of its zone of which most was not read, where that is more.
    pub covered: f64,
}

/// What speaks against an original document in front of the camera, or of an edited picture of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// How far a short wave stands out of the picture's spectrum, as a screen's pixels do.
    pub screen: f64,
    /// How near to grey the document is.
    pub copy: f64,
    /// How much less of an earlier JPEG compression the portrait tells than the document round it;
    /// `None` where nothing could be compared. About 0 for one picture, 1 or 2 where it was put in.
    pub portrait: Option<f64>,
    /// How much quieter the ground of a line of print is than round it, as a logarithm; `None` likewise.
    pub field: Option<f64>,
    /// How much less of an earlier JPEG compression a line of print tells than the other lines, in the
    /// unit of `portrait`; `None` likewise.
    pub line: Option<f64>,
    /// The portrait against a second, smaller one on the same document (a ghost image); `None` where
    /// there is none or it is too faint.
    pub second: Option<Comparison>,
    /// A picture editor has left its name in the file.
    pub by_editor: bool,
}

/// The face on the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// Detector confidence, 0..=1.
    pub score: f64,
    /// Width of the face box in pixels of the photograph.
    pub width: f64,
}

/// What a machine-readable zone says about itself and about dates.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// `TD1`, `TD2`, `TD3`, `MRV-A`, `MRV-B` or `FR-CNI-1995`.
    pub format: &'static str,
    /// Names of the check digits that are wrong; empty when all are right.
    pub wrong_checks: Vec<&'static str>,
    pub checks: usize,
    /// Characters the grammar changed on the way from the reading to the zone.
    pub corrections: usize,
    /// The kind among those that are accepted.
    pub kind: Option<DocumentKind>,
    /// A published number, a fictitious state or holder.
    pub specimen: bool,
    pub birth_date: Option<Date>,
    /// First and last day the document may have been issued on.
    pub issue: Option<(Date, Date)>,
    pub expiry: Option<Date>,
    /// Front and back carry zones with different document numbers.
    pub sides_differ: bool,
}

/// A DataMatrix on the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealLook {
    TwoDDoc {
        trust: Trust,
        /// Names of the fields that say something else than the zone.
        differing: Vec<&'static str>,
        /// How many fields were compared.
        compared: usize,
    },
    /// It begins as a 2D-Doc and is none.
    Broken,
    /// Of a format that is not public.
    OtherFormat,
}

/// One declared field compared with the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredField {
    pub field: &'static str,
    pub agrees: bool,
}

/// The recording as the decoder saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub seconds: f64,
    pub frames: u64,
    /// Missing, repeated and damaged frames.
    pub irregular_frames: u64,
    /// Seconds of sound.
    pub sound_seconds: f64,
    /// What the container says that its packets contradict.
    pub lies: Vec<String>,
}

/// Who is in the picture, over the analysed frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Presence {
    pub frames: u32,
    pub with_one_face: u32,
    pub with_several: u32,
    pub with_none: u32,
    /// Median width of the face box in pixels of the recording.
    pub face_width: f64,
    /// Median over the best frames of the lightest tenth round the eyes over the cheeks, by luma.
    pub eyes: Option<f64>,
    /// Likewise, how far the chin's chromaticity lies from that between the brows.
    pub chin: Option<f64>,
    /// Likewise, the luma of the darker cheek, 0 to 255.
    pub light: Option<f64>,
}

/// Portrait against recording.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceMatch {
    /// The portrait against each compared frame, best frames first.
    pub comparisons: Vec<Comparison>,
}

/// Passive presentation attack detection.
#[derive(Debug, Clone, PartialEq)]
pub struct Liveness {
    /// Live score of each scored frame, 0..=1.
    pub scores: Vec<f64>,
}

impl Liveness {
    pub fn score(&self) -> Option<f64> {
        if self.scores.is_empty() {
            return None;
        }
        Some(self.scores.iter().sum::<f64>() / self.scores.len() as f64)
    }
}

/// How the landmarks move against each other once the motion of a plane is taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    pub frames: u32,
    /// Residual over the distance between the eyes.
    pub deformation: f64,
}

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    pub voiced_seconds: f64,
    pub asked: usize,
    /// Whether the digits heard are, in order, the digits asked for.
    pub as_asked: bool,
    pub heard: usize,
    /// Least confidence among the digits heard, 0..=1.
    pub least_confidence: f64,
    /// See `SpeechFindings::expected_log_ratio`.
    pub log_ratio: Option<f64>,
}

/// The mouth against the voice.
#[derive(Debug, Clone, PartialEq)]
pub struct LipSync {
    /// How long face and sound could be compared.
    pub seconds: f64,
    /// Correlation -1..=1 of the mouth's shape and the voice's level at the best shift.
    pub score: f64,
    /// How far the mouth is behind the voice at that shift.
    pub lag_ms: i32,
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.len() != values.len() || sorted.is_empty() {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let mid = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[mid]
    } else {
        f64::midpoint(sorted[mid - 1], sorted[mid])
    };
    // There is nothing between the infinities.
    (!median.is_nan()).then_some(median)
}
