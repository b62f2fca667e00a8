use serde::{Deserialize, Serialize};

/// Declares the one table of reason codes: code, and what it means in a sentence.
macro_rules! reason_codes {
    ($($variant:ident = $code:literal, $meaning:literal;)+) => {
        /// Why a check did not pass. Codes are stable; pages and reports share this table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ReasonCode {
            $(#[doc = $meaning] #[serde(rename = $code)] $variant,)+
        }

        impl ReasonCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it means, for a reviewer.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

reason_codes! {
    ModelUnavailable = "model_unavailable", "A model this check needs is missing on this machine or failed its hash.";
    ModelFailed = "model_failed", "A model stopped with an error or gave a value that is no number.";
    StageTimedOut = "stage_timed_out", "The stage did not finish within its time limit.";
    DecoderFailed = "decoder_failed", "The sandboxed decoder stopped before the media were read.";
    NothingToCompare = "nothing_to_compare", "An earlier check found nothing that this one could work on.";

    DocumentTooSmall = "document_too_small", "The document is too small in the picture: too few pixels a millimetre.";
    DocumentBlurred = "document_blurred", "The picture of the document is blurred.";
    DocumentGlare = "document_glare", "Light glares on the document.";
    DocumentTooDark = "document_too_dark", "The picture of the document is too dark.";
    DocumentTooBright = "document_too_bright", "The picture of the document is overexposed.";
    DocumentCutOff = "document_cut_off", "The document is not all in the picture.";
    DocumentCovered = "document_covered", "A finger or another thing covers part of the document.";
    PortraitNotFound = "portrait_not_found", "No face was found on the document.";
    PortraitTooSmall = "portrait_too_small", "The portrait on the document is too small in the picture to compare.";
    MrzNotFound = "mrz_not_found", "No machine-readable zone of a known format was found on the document.";
    MrzCheckDigitWrong = "mrz_check_digit_wrong", "A check digit of the machine-readable zone is wrong.";
    MrzUncertain = "mrz_uncertain", "The machine-readable zone could only be read with many corrections.";
    DocumentNotAccepted = "document_not_accepted", "The document is of no kind that is accepted here.";
    SpecimenDocument = "specimen_document", "The document is a specimen or an example of the standard.";
    DocumentKindDiffers = "document_kind_differs", "The document is of another kind than the applicant announced.";
    DocumentExpired = "document_expired", "The document's date of expiry is past.";
    PermitTooShort = "permit_too_short", "The residence permit was issued for less than five years.";
    PermitTermUnknown = "permit_term_unknown", "It could not be read how long the residence permit was issued for.";
    ExpiryUnknown = "expiry_unknown", "The zone carries no date of expiry, or it could not be read.";
    Underage = "underage", "The holder is younger than the minimum age on the day of the check.";
    BirthDateUnknown = "birth_date_unknown", "The date of birth is incomplete or could not be read.";
    ScreenSuspected = "screen_suspected", "The picture of the document has the pattern of a screen's pixels.";
    CopySuspected = "copy_suspected", "The document has no colour: it may be a photocopy.";
    EditInPortrait = "edit_in_portrait", "The portrait does not share the traces of compression that the rest of the document has: it may have been put into the picture.";
    EditInField = "edit_in_field", "A line of print lacks the noise of the ground round it or the traces of compression of the other lines: it may have been written over.";
    SecondPortraitDiffers = "second_portrait_differs", "The second, smaller portrait on the document shows somebody else than the portrait.";
    EditProgram = "edit_program", "A picture editor has left its name in the file.";
    SeenInAnotherCase = "seen_in_another_case", "The very same picture of a document was sent in another case.";
    PrintDiffers = "print_differs", "The printed fields of the document say something else than its machine-readable zone.";
    PrintUnreadable = "print_unreadable", "Too few printed fields could be read to compare them with the machine-readable zone.";
    SealForged = "seal_forged", "The signature of the document's 2D-Doc seal is wrong, or the seal contradicts itself.";
    SealDiffers = "seal_differs", "The document's 2D-Doc seal says something else than its machine-readable zone.";
    SealUntrusted = "seal_untrusted", "The seal's certificate is unknown here, revoked, out of its period or a test's.";
    SealUnverified = "seal_unverified", "A seal is there whose format is not public: it was seen, not verified.";
    SidesDiffer = "sides_differ", "Front and back carry zones with different document numbers.";
    IdentityDiffers = "identity_differs", "What the applicant declared differs from the document.";

    VideoTooShort = "video_too_short", "The recording is shorter than the minimum.";
    VideoTimingIrregular = "video_timing_irregular", "Many frames are missing, repeated or damaged.";
    ContainerContradicts = "container_contradicts", "The file's header contradicts its content.";
    NoSound = "no_sound", "The recording has no sound, or it ends far too early.";
    NoFace = "no_face", "No face is visible in the recording.";
    FaceNotThroughout = "face_not_throughout", "The face is not visible throughout the recording.";
    SeveralFaces = "several_faces", "More than one face is visible in the recording.";
    FaceTooSmall = "face_too_small", "The face in the recording is too small to compare.";
    FaceTooDark = "face_too_dark", "The face is too dark: too little light, or light from behind.";
    FaceCovered = "face_covered", "Dark glasses, a mask or something else covers a part of the face.";
    FaceMismatch = "face_mismatch", "The face in the recording is not the face on the document.";
    FaceUncertain = "face_uncertain", "The faces are neither clearly the same nor clearly different.";
    PresentationAttackLikely = "presentation_attack_likely", "The frames look like a picture, a screen or a mask.";
    LivenessUncertain = "liveness_uncertain", "The frames are neither clearly bona fide nor clearly an attack.";
    FaceDoesNotMove = "face_does_not_move", "The face never deforms: it moves like a picture.";
    MotionUncertain = "motion_uncertain", "The face moves too little to tell a head from a picture.";
    PersonChanges = "person_changes", "The face is not the same one from first to last.";
    RecordingCut = "recording_cut", "The whole picture changes at once: the recording may be cut.";
    PictureFrozen = "picture_frozen", "The picture stands still for a while.";
    PictureRepeats = "picture_repeats", "A stretch of the recording repeats an earlier one.";
    ScreenLikely = "screen_likely", "Fine regular patterns as of a display are in the picture.";
    LightBeats = "light_beats", "The light of the picture beats steadily, as a display's or a lamp's does before a camera.";
    BarsRoundFace = "bars_round_face", "Dark straight bars stand round the face, as the frame of a display does.";
    LipsNotSeen = "lips_not_seen", "No lips stand out of the face: something pale may cover them.";
    SkinColourless = "skin_colourless", "The cheeks have the colour of paper rather than of skin.";
    PulseNotSeen = "pulse_not_seen", "No pulse can be seen in the colour of the skin; often light or compression hides it.";
    VirtualCamera = "virtual_camera", "The camera exists in software only.";
    TimingUnnatural = "timing_unnatural", "Frames repeat as where a recording is fed in.";
    RecordingReencoded = "recording_reencoded", "Another program than a recorder has written the recording: it was encoded again or edited.";
    FootageSeen = "footage_seen", "The same footage was sent in another case.";
    HeadNotMoved = "head_not_moved", "The head was not turned as asked.";
    HeadMovedOtherwise = "head_moved_otherwise", "The head was turned another way than asked.";
    HeadMovedEarly = "head_moved_early", "The head was turned before it was asked for.";
    DocumentNotShown = "document_not_shown", "The document was not seen where it was to be held up.";
    DocumentShownDiffers = "document_shown_differs", "The portrait that was held up is not clearly the uploaded one.";
    LayoutDiffers = "layout_differs", "The document that was held up does not clearly look like the uploaded one round its portrait.";
    NothingSaid = "nothing_said", "No voice was heard.";
    DigitsDiffer = "digits_differ", "Other digits were said than those asked for.";
    DigitsUncertain = "digits_uncertain", "The digits could not be recognised with enough certainty.";
    AnsweredEarly = "answered_early", "A digit was said before it was shown.";
    AnsweredLate = "answered_late", "A digit was said long after it was shown.";
    LipsUncertain = "lips_uncertain", "The mouth does not clearly move with the voice.";

    DocumentUnusable = "document_unusable", "A picture of the document cannot be used at all.";
    VideoUnusable = "video_unusable", "The recording cannot be used at all.";
    FileUnsupported = "file_unsupported", "The file is of no known kind.";
    FileTooLarge = "file_too_large", "The file is larger than can be decoded.";
    FileDamaged = "file_damaged", "The file is damaged.";

    AnalysisFailed = "analysis_failed", "The analysis failed at every attempt, through no fault of the applicant.";
    PersonAsked = "person_asked", "The applicant asked for an adapted recording, which a person judges.";
    BiometricsDeclined = "biometrics_declined", "The applicant did not consent to biometric processing; nothing was analysed.";
    EveryCase = "every_case", "A person confirms every decision.";
    IdentityNotEstablished = "identity_not_established", "A person could not establish the identity from what was sent.";
}

/// What an applicant can take again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Document,
    Video,
}

impl ReasonCode {
    /// What a better picture or recording would cure; `None` where it would not, or where a
    /// person should look.
    pub fn to_retake(self) -> Option<Part> {
        match self {
            Self::DocumentUnusable
            | Self::DocumentTooSmall
            | Self::DocumentBlurred
            | Self::DocumentGlare
            | Self::DocumentTooDark
            | Self::DocumentTooBright
            | Self::DocumentCutOff
            | Self::DocumentCovered
            | Self::PortraitNotFound
            | Self::PortraitTooSmall
            | Self::MrzNotFound
            | Self::MrzUncertain => Some(Part::Document),
            Self::VideoUnusable
            | Self::VideoTooShort
            | Self::NoSound
            | Self::NoFace
            | Self::FaceNotThroughout
            | Self::FaceTooSmall
            | Self::FaceCovered
            | Self::FaceTooDark
            | Self::HeadNotMoved
            | Self::DocumentNotShown
            | Self::NothingSaid => Some(Part::Video),
            _ => None,
        }
    }

    /// Says nothing by itself: another reason stands behind it.
    pub fn only_follows(self) -> bool {
        matches!(
            self,
            Self::NothingToCompare | Self::FileUnsupported | Self::FileTooLarge | Self::FileDamaged
        )
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
