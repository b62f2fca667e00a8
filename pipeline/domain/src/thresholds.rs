/// What a threshold means, for documentation, validation and editors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdSpec {
    pub key: &'static str,
    pub unit: &'static str,
    pub min: f64,
    pub max: f64,
    pub default: f64,
    pub meaning: &'static str,
}

/// Declares the one table of thresholds: key, default, range, unit, meaning.
macro_rules! thresholds {
    ($($key:ident = $default:literal, $min:literal ..= $max:literal, $unit:literal, $meaning:literal;)+) => {
        /// Every number a decision is compared with. See [`Thresholds::SPECS`] for units and ranges.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Thresholds {
            $(#[doc = $meaning] pub $key: f64,)+
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl Thresholds {
            pub const SPECS: &[ThresholdSpec] = &[
                $(ThresholdSpec {
                    key: stringify!($key), unit: $unit, min: $min, max: $max,
                    default: $default, meaning: $meaning,
                },)+
            ];

            pub(crate) fn slot(&mut self, key: &str) -> Option<&mut f64> {
                match key {
                    $(stringify!($key) => Some(&mut self.$key),)+
                    _ => None,
                }
            }

            pub fn get(&self, key: &str) -> Option<f64> {
                match key {
                    $(stringify!($key) => Some(self.$key),)+
                    _ => None,
                }
            }
        }
    };
}

thresholds! {
    document_resolution_min = 4.0, 1.0..=40.0, "pixels a millimetre", "Documents with fewer pixels a millimetre are too small in the picture.";
    document_blur_max = 0.35, 0.0..=1.0, "blur effect", "Pictures of documents above this are blurred.";
    document_glare_max = 0.02, 0.0..=1.0, "share of the document", "More of the document than this may not be burnt white.";
    document_dark_end_max = 120.0, 0.0..=255.0, "luma", "A fiftieth of the document must be darker than this, or it is overexposed.";
    document_light_end_min = 90.0, 0.0..=255.0, "luma", "A tenth of the document must be lighter than this, or it is too dark.";
    document_covered_max = 0.12, 0.0..=1.0, "share of a side", "More of one side of the document, or of a row of its zone, than this may not be covered.";
    document_screen_max = 0.9, 0.0..=1.0, "share of the largest peak", "A stronger pattern of pixels than this makes a screen be suspected.";
    document_copy_max = 0.8, 0.0..=1.0, "nearness to grey", "Documents nearer to grey than this may be photocopies.";
    document_portrait_edit_max = 0.45, 0.0..=5.0, "logarithm of frequencies", "A portrait that differs more than this in its traces of compression may have been put into the picture.";
    document_field_edit_max = 0.5, 0.0..=10.0, "logarithm of noise", "A line of print on ground quieter by more than this may have been written over.";
    document_line_edit_max = 0.2, 0.0..=5.0, "logarithm of frequencies", "A line of print that differs more than this from the others in its traces of compression may have been written over or copied.";
    document_second_portrait_min = -6.0, -50.0..=50.0, "log likelihood ratio", "Below this a second, smaller portrait on the document shows somebody else.";
    document_portrait_score = 0.4, 0.1..=1.0, "detector confidence", "A face on the document counts as its portrait from here on.";
    document_portrait_width = 60.0, 16.0..=1000.0, "pixels", "Narrower portraits are too small to compare.";
    document_mrz_corrections = 4.0, 0.0..=20.0, "characters", "More characters corrected by the zone's grammar than this leave the reading to a human.";
    document_minimum_age = 18.0, 0.0..=120.0, "years", "Younger holders are refused.";
    video_minimum_seconds = 2.0, 0.5..=60.0, "seconds", "Shorter recordings cannot be judged.";
    video_irregular_share = 0.3, 0.0..=1.0, "share of frames", "A larger share of missing, repeated or damaged frames is irregular.";
    video_sound_share = 0.5, 0.0..=1.0, "share of the recording", "Sound must cover at least this share of the recording.";
    single_face_pass = 0.9, 0.5..=1.0, "share of analysed frames", "At least this share of frames shows exactly one face.";
    single_face_fail = 0.5, 0.0..=1.0, "share of analysed frames", "Below this share the recording fails.";
    face_width = 80.0, 24.0..=1000.0, "pixels", "Narrower faces in the recording are too small to compare.";
    face_light = 30.0, 0.0..=255.0, "luma", "Cheeks darker than this are in too little light, or before too much.";
    face_eyes_light = 0.5, 0.0..=1.0, "luma over the cheeks'", "Eyes darker than this are behind dark glasses.";
    face_chin_colour = 0.15, 0.0..=0.5, "chromaticity", "A chin further than this from the colour between the brows is covered.";
    face_match_accept = 7.0, 0.0..=50.0, "log likelihood ratio", "From here on the faces count as the same person's.";
    face_match_refuse = -6.0, -50.0..=0.0, "log likelihood ratio", "Below this they count as two people's.";
    liveness_accept = 0.6, 0.0..=1.0, "mean live score", "From here on the frames count as bona fide.";
    liveness_refuse = 0.2, 0.0..=1.0, "mean live score", "Below this the frames count as a presentation attack.";
    face_motion_accept = 0.035, 0.0..=1.0, "residual over eye distance", "From here on the face deforms like a living one.";
    face_motion_refuse = 0.015, 0.0..=1.0, "residual over eye distance", "Below this the face moves like a picture.";
    continuity_accept = 6.0, -10.0..=30.0, "log likelihood ratio", "From here on every second shows the same person.";
    continuity_refuse = -3.0, -50.0..=10.0, "log likelihood ratio", "Below this the person changes.";
    continuity_frozen = 1.0, 0.4..=10.0, "seconds", "From here on a stretch without any change is frozen.";
    continuity_repeated = 1.2, 0.4..=10.0, "seconds", "From here on a stretch that is like an earlier one is repeated.";
    recapture_accept = 4.0, 1.0..=100.0, "peak over surroundings", "Up to here fine patterns are natural.";
    recapture_refuse = 8.0, 1.0..=1000.0, "peak over surroundings", "Above this they are a display's.";
    display_beat = 10.0, 1.0..=1000.0, "times other changes of the light", "A stronger steady beat of the light may be a display's.";
    display_bars = 2.0, 0.0..=4.0, "sides of the face", "Dark straight bars on more sides may be the frame of a display.";
    skin_lips = 0.1, 0.0..=1.0, "share of light", "Lips that stand out less may be covered.";
    skin_warmth = 0.03, -0.5..=0.5, "share of light", "Cheeks with less colour may be paper.";
    pulse_accept = 3.0, -30.0..=30.0, "dB", "From here on a pulse is seen in the skin.";
    injection_repeated = 0.08, 0.0..=1.0, "share of frames", "More frames that repeat the one before are unnatural from a camera.";
    footage_seen = 0.2, 0.05..=1.0, "share of marks", "From here on two recordings are the same footage.";
    head_turn_accept = 20.0, 5.0..=60.0, "degrees", "From here on the head was turned.";
    head_turn_refuse = 8.0, 0.0..=60.0, "degrees", "Below this it was not.";
    document_shown_accept = 3.0, -10.0..=30.0, "log likelihood ratio", "From here on the portrait held up is the uploaded one.";
    layout_accept = 0.45, -1.0..=1.0, "correlation", "From here on the document held up has the layout of the uploaded one.";
    speech_accept = 0.5, 0.0..=50.0, "log likelihood ratio", "The expected digits must be this much likelier than any other string.";
    speech_refuse = -2.5, -50.0..=0.0, "log likelihood ratio", "Below this, other digits were said.";
    speech_digit_confidence = 0.5, 0.0..=1.0, "posterior", "Each digit must be heard with at least this confidence.";
    speech_minimum_voice = 0.4, 0.0..=10.0, "seconds", "Less voice than this counts as nothing said.";
    answer_earliest = 0.0, -2.0..=2.0, "seconds after it was shown", "A digit said earlier than this was known beforehand.";
    answer_latest = 4.0, 0.5..=20.0, "seconds after it was shown", "A digit said later than this leaves the answer to a human.";
    lip_sync_accept = 0.2, -1.0..=1.0, "correlation", "From here on the mouth moves with the voice; below, a human looks.";
}
