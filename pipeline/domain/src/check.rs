use serde::{Deserialize, Serialize};

/// The checks a case can undergo. Their names are stable: reports, policies and pages use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// A face is found on the document, large enough to compare.
    DocumentPortrait,
    /// The photographs are good enough to judge the document: size, focus, light, nothing hidden.
    DocumentQuality,
    /// A machine-readable zone is found and every check digit in it is right.
    DocumentMrz,
    /// The document is of an accepted kind, the kind that was announced, and no specimen.
    DocumentKind,
    /// What the document says is acceptable on the day: still valid, long enough, adult.
    DocumentValidity,
    /// The visual zone says what the machine-readable zone says.
    DocumentPrint,
    /// Nothing speaks for a screen or a copy in the document's place.
    DocumentOriginal,
    /// The seal on the document is genuine and says what the zone says. Exists only where a
    /// DataMatrix was found.
    DocumentSeal,
    /// What the applicant declared agrees with the zone. Exists only where something was declared.
    DeclaredIdentity,
    /// The recording is whole: long enough, steady timing, sound present, container honest.
    VideoIntegrity,
    /// Exactly one face, throughout the recording.
    SingleFace,
    /// The face of the recording is the face on the document.
    FaceMatch,
    /// Passive presentation attack detection over several frames.
    Liveness,
    /// The face deforms and turns like a living head, not like a moved picture.
    FaceMotion,
    /// The recording is one piece and shows one person: no cut, nothing frozen or repeated.
    FaceContinuity,
    /// No traces of a display before the camera.
    Recapture,
    /// No beating light and no frame of a display round the face.
    DisplayTraces,
    /// The face has lips and the colour of skin.
    FaceSkin,
    /// The colour of the skin beats with a pulse.
    Pulse,
    /// No traces of a recording that was fed in instead of filmed.
    Injection,
    /// No program but a recorder's has written the file.
    EncoderTraces,
    /// The recording was not sent in another case. Exists only in the service, which knows others.
    FootageSeen,
    /// The head was turned as asked. Exists only where that was asked.
    HeadMovement,
    /// The document was held up, and is the uploaded one. Exists only where that was asked.
    DocumentShown,
    /// The document held up has the layout of the uploaded one. Exists only where that was asked.
    DocumentLayout,
    /// The digits asked for were said.
    SpokenDigits,
    /// The digits were said after they were shown. Exists only where they were shown at times.
    AnswerTimes,
    /// The mouth moves with the voice.
    LipSync,
}

impl CheckName {
    pub const ALL: [Self; 28] = [
        Self::DocumentQuality,
        Self::DocumentPortrait,
        Self::DocumentMrz,
        Self::DocumentKind,
        Self::DocumentValidity,
        Self::DocumentPrint,
        Self::DocumentOriginal,
        Self::DocumentSeal,
        Self::DeclaredIdentity,
        Self::VideoIntegrity,
        Self::SingleFace,
        Self::FaceMatch,
        Self::Liveness,
        Self::FaceMotion,
        Self::FaceContinuity,
        Self::Recapture,
        Self::DisplayTraces,
        Self::FaceSkin,
        Self::Pulse,
        Self::Injection,
        Self::EncoderTraces,
        Self::FootageSeen,
        Self::HeadMovement,
        Self::DocumentShown,
        Self::DocumentLayout,
        Self::SpokenDigits,
        Self::AnswerTimes,
        Self::LipSync,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::DocumentQuality => "document_quality",
            Self::DocumentPortrait => "document_portrait",
            Self::DocumentMrz => "document_mrz",
            Self::DocumentKind => "document_kind",
            Self::DocumentValidity => "document_validity",
            Self::DocumentPrint => "document_print",
            Self::DocumentOriginal => "document_original",
            Self::DocumentSeal => "document_seal",
            Self::DeclaredIdentity => "declared_identity",
            Self::VideoIntegrity => "video_integrity",
            Self::SingleFace => "single_face",
            Self::FaceMatch => "face_match",
            Self::Liveness => "liveness",
            Self::FaceMotion => "face_motion",
            Self::FaceContinuity => "face_continuity",
            Self::Recapture => "recapture",
            Self::DisplayTraces => "display_traces",
            Self::FaceSkin => "face_skin",
            Self::Pulse => "pulse",
            Self::Injection => "injection",
            Self::EncoderTraces => "encoder_traces",
            Self::FootageSeen => "footage_seen",
            Self::HeadMovement => "head_movement",
            Self::DocumentShown => "document_shown",
            Self::DocumentLayout => "document_layout",
            Self::SpokenDigits => "spoken_digits",
            Self::AnswerTimes => "answer_times",
            Self::LipSync => "lip_sync",
        }
    }
}

impl std::fmt::Display for CheckName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    Passed,
    Failed,
    /// Measured, but neither clearly right nor clearly wrong: a human decides.
    Borderline,
    /// Could not be measured: a human decides.
    Unavailable,
}

impl CheckStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Borderline => "borderline",
            Self::Unavailable => "unavailable",
        }
    }
}

/// One check's outcome with what is needed to defend it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    pub name: CheckName,
    pub status: CheckStatus,
    /// In the unit of the policy's threshold; `None` when nothing was measured.
    pub score: Option<f64>,
    /// The accepting threshold the score was compared with.
    pub threshold: Option<f64>,
    /// Why it is not `Passed`; empty when it is.
    pub reasons: Vec<crate::reason::ReasonCode>,
    /// A sentence without personal data.
    pub detail: String,
}
