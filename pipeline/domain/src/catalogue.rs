//! What an editor shows of each threshold beside [`Thresholds::SPECS`]: the check it serves, on which
//! side of it a case fares better, its meaning in French, and the number of a case it is compared with.

use crate::check::CheckName;
use crate::decide::Decision;
use crate::document::term::years_between;
use crate::evidence::{Doubt, Evidence, Surface, median};
use crate::face::{Comparison, Pair};
use crate::policy::Policy;
use crate::thresholds::{ThresholdSpec, Thresholds};

/// What lies on which side of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Passed from there on.
    AcceptFrom,
    /// Passed up to there.
    AcceptTo,
    /// Failed below.
    RefuseBelow,
    /// Failed above.
    RefuseAbove,
    /// Not passed below.
    LimitBelow,
    /// Not passed above.
    LimitAbove,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcceptFrom => "accept_from",
            Self::AcceptTo => "accept_to",
            Self::RefuseBelow => "refuse_below",
            Self::RefuseAbove => "refuse_above",
            Self::LimitBelow => "limit_below",
            Self::LimitAbove => "limit_above",
        }
    }

    /// Larger numbers fare better.
    pub fn higher_is_better(self) -> bool {
        matches!(
            self,
            Self::AcceptFrom | Self::RefuseBelow | Self::LimitBelow
        )
    }
}

/// Where the number comes from that a threshold is compared with.
#[derive(Clone, Copy)]
enum Number {
    /// The score of its check.
    Score,
    Of(fn(&Evidence) -> Option<f64>),
    /// The least ratio of these comparisons of portraits, by the policy's calibration.
    LeastRatio(fn(&Evidence) -> Vec<&Comparison>),
}

/// A threshold as an editor shows it.
#[derive(Clone, Copy)]
pub struct ThresholdEntry {
    pub key: &'static str,
    pub check: CheckName,
    pub side: Side,
    /// The other end of the band between accepting and refusing.
    pub partner: Option<&'static str>,
    /// [`ThresholdSpec::meaning`] in French.
    pub fr: &'static str,
    number: Number,
}

impl ThresholdEntry {
    pub fn spec(&self) -> Option<&'static ThresholdSpec> {
        Thresholds::SPECS.iter().find(|s| s.key == self.key)
    }

    /// The number of this case that the threshold is compared with, in the threshold's unit; of
    /// several the worst, by the policy that judged it. `None` where it was not measured.
    pub fn number(&self, evidence: &Evidence, decision: &Decision, policy: &Policy) -> Option<f64> {
        let ratio = |c: &Comparison| policy.calibrations().of(Pair::Portrait, c)?.log_ratio(c);
        let number = match self.number {
            Number::Of(of) => of(evidence),
            Number::LeastRatio(of) => {
                let all = of(evidence).into_iter().filter_map(ratio);
                all.reduce(f64::min)
            }
            Number::Score => decision
                .checks
                .iter()
                .find(|c| c.name == self.check)
                .and_then(|c| c.score),
        };
        number.filter(|n| n.is_finite())
    }

    /// Whether moving the threshold from one value to the other lets more cases pass.
    pub fn is_looser(&self, from: f64, to: f64) -> bool {
        if self.side.higher_is_better() {
            to < from
        } else {
            to > from
        }
    }
}

/// The thresholds between which a check's score is accepted, judged by a person, or refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub accept_key: &'static str,
    pub accept: f64,
    pub refuse: Option<(&'static str, f64)>,
    pub higher_is_better: bool,
}

/// The band of a check's score in a policy; `None` where its score is compared with no such
/// threshold.
pub fn band(check: CheckName, policy: &Policy) -> Option<Band> {
    let of = |sides: [Side; 2]| {
        let fits = |e: &&ThresholdEntry| e.check == check && sides.contains(&e.side);
        CATALOGUE.iter().find(fits)
    };
    let value = |entry: &ThresholdEntry| policy.thresholds().get(entry.key);
    let accept = of([Side::AcceptFrom, Side::AcceptTo])?;
    let refuse = of([Side::RefuseBelow, Side::RefuseAbove]);
    Some(Band {
        accept_key: accept.key,
        accept: value(accept)?,
        refuse: refuse.and_then(|r| Some((r.key, value(r)?))),
        higher_is_better: accept.side.higher_is_better(),
    })
}

/// The same by the key of one of the check's thresholds, where it has several or none that accepts a score: on the
/// good side of a limit counts as accepted. `None`: the check's own band.
pub fn band_at(check: CheckName, key: Option<&str>, policy: &Policy) -> Option<Band> {
    let Some(key) = key else {
        return band(check, policy);
    };
    let refusing = [Side::RefuseBelow, Side::RefuseAbove];
    let fits =
        |e: &&ThresholdEntry| e.check == check && e.key == key && !refusing.contains(&e.side);
    let entry = CATALOGUE.iter().find(fits)?;
    let value = |key| policy.thresholds().get(key);
    Some(Band {
        accept_key: entry.key,
        accept: value(entry.key)?,
        refuse: entry.partner.and_then(|key| Some((key, value(key)?))),
        higher_is_better: entry.side.higher_is_better(),
    })
}

fn surfaces(e: &Evidence, of: impl Fn(&Surface) -> Option<f64>, least: bool) -> Option<f64> {
    let all = e.surfaces.value()?.iter().filter_map(of);
    all.reduce(if least { f64::min } else { f64::max })
}

fn doubts(e: &Evidence, of: fn(&Doubt) -> Option<f64>) -> Option<f64> {
    e.doubts.value()?.iter().filter_map(of).reduce(f64::max)
}

fn second_portraits(e: &Evidence) -> Vec<&Comparison> {
    let all = e.doubts.value().into_iter().flatten();
    all.filter_map(|d| d.second.as_ref()).collect()
}

fn age(e: &Evidence) -> Option<f64> {
    let zone = e.zone.value()?.as_ref()?;
    let birth = zone.birth_date.filter(|_| zone.wrong_checks.is_empty())?;
    Some(f64::from(years_between(birth, e.today)))
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

macro_rules! catalogue {
    ($($key:ident: $check:ident, $side:ident, $partner:expr, $number:expr, $fr:literal;)+) => {
        /// Every threshold, in the order of [`Thresholds::SPECS`].
        pub const CATALOGUE: &[ThresholdEntry] = &[
            $(ThresholdEntry {
                key: stringify!($key), check: CheckName::$check, side: Side::$side, partner: $partner,
                number: $number, fr: $fr,
            },)+
        ];
    };
}

use Number::{LeastRatio, Of, Score};

catalogue! {
    document_resolution_min: DocumentQuality, LimitBelow, None, Of(|e| surfaces(e, |s| s.resolution, true)),
        "Avec moins de pixels par millimètre, le document est trop petit sur l'image.";
    document_blur_max: DocumentQuality, LimitAbove, None, Of(|e| surfaces(e, |s| Some(s.blur), false)),
        "Au-dessus, l'image du document est floue.";
    document_glare_max: DocumentQuality, LimitAbove, None, Of(|e| surfaces(e, |s| Some(s.glare), false)),
        "Une plus grande part du document ne doit pas être brûlée par un reflet.";
    document_dark_end_max: DocumentQuality, LimitAbove, None, Of(|e| surfaces(e, |s| Some(s.dark_end), false)),
        "Un cinquantième du document doit être plus sombre que cela, sinon l'image est surexposée.";
    document_light_end_min: DocumentQuality, LimitBelow, None, Of(|e| surfaces(e, |s| Some(s.light_end), true)),
        "Un dixième du document doit être plus clair que cela, sinon l'image est trop sombre.";
    document_covered_max: DocumentQuality, LimitAbove, None, Of(|e| surfaces(e, |s| Some(s.covered), false)),
        "Une plus grande part d'un bord du document ou d'une ligne de sa zone ne doit pas être cachée.";
    document_screen_max: DocumentOriginal, LimitAbove, None, Of(|e| doubts(e, |d| Some(d.screen))),
        "Un motif de pixels plus fort fait soupçonner un écran.";
    document_copy_max: DocumentOriginal, LimitAbove, None, Of(|e| doubts(e, |d| Some(d.copy))),
        "Un document plus proche du gris peut être une photocopie.";
    document_portrait_edit_max: DocumentOriginal, LimitAbove, None, Of(|e| doubts(e, |d| d.portrait)),
        "Un portrait dont les traces de compression diffèrent davantage peut avoir été inséré dans l'image.";
    document_field_edit_max: DocumentOriginal, LimitAbove, None, Of(|e| doubts(e, |d| d.field)),
        "Une ligne imprimée sur un fond plus lisse que cela peut avoir été réécrite.";
    document_line_edit_max: DocumentOriginal, LimitAbove, None, Of(|e| doubts(e, |d| d.line)),
        "Une ligne imprimée dont les traces de compression diffèrent davantage de celles des autres peut avoir été réécrite ou copiée.";
    document_second_portrait_min: DocumentOriginal, LimitBelow, None, LeastRatio(second_portraits),
        "En dessous, un second portrait plus petit sur le document montre quelqu'un d'autre.";
    document_portrait_score: DocumentPortrait, LimitBelow, None, Of(|e| Some(e.portrait.value()?.as_ref()?.score)),
        "À partir de là, un visage sur le document compte comme son portrait.";
    document_portrait_width: DocumentPortrait, LimitBelow, None, Of(|e| Some(e.portrait.value()?.as_ref()?.width)),
        "Un portrait plus étroit est trop petit pour être comparé.";
    document_mrz_corrections: DocumentMrz, LimitAbove, None, Of(|e| Some(e.zone.value()?.as_ref()?.corrections as f64)),
        "Si la grammaire de la zone corrige plus de caractères, une personne relit.";
    document_minimum_age: DocumentValidity, LimitBelow, None, Of(age),
        "Les titulaires plus jeunes sont refusés.";
    video_minimum_seconds: VideoIntegrity, LimitBelow, None, Of(|e| Some(e.recording.value()?.seconds)),
        "Un enregistrement plus court ne peut pas être jugé.";
    video_irregular_share: VideoIntegrity, LimitAbove, None,
        Of(|e| e.recording.value().and_then(|r| share(r.irregular_frames as f64, r.frames as f64))),
        "Une plus grande part d'images manquantes, répétées ou abîmées est irrégulière.";
    video_sound_share: VideoIntegrity, LimitBelow, None,
        Of(|e| e.recording.value().and_then(|r| share(r.sound_seconds, r.seconds))),
        "Le son doit couvrir au moins cette part de l'enregistrement.";
    single_face_pass: SingleFace, AcceptFrom, Some("single_face_fail"), Score,
        "Au moins cette part des images montre exactement un visage.";
    single_face_fail: SingleFace, RefuseBelow, Some("single_face_pass"), Score,
        "En dessous de cette part, l'enregistrement échoue.";
    face_width: SingleFace, LimitBelow, None, Of(|e| Some(e.presence.value()?.face_width)),
        "Un visage plus étroit dans l'enregistrement est trop petit pour être comparé.";
    face_light: SingleFace, LimitBelow, None, Of(|e| e.presence.value()?.light),
        "Des joues plus sombres que cela manquent de lumière, ou en ont trop derrière elles.";
    face_eyes_light: SingleFace, LimitBelow, None, Of(|e| e.presence.value()?.eyes),
        "Des yeux plus sombres que cela sont derrière des lunettes foncées.";
    face_chin_colour: SingleFace, LimitAbove, None, Of(|e| e.presence.value()?.chin),
        "Un menton dont la couleur s'éloigne davantage de celle du front est couvert.";
    face_match_accept: FaceMatch, AcceptFrom, Some("face_match_refuse"), Score,
        "À partir de là, les visages comptent comme ceux de la même personne.";
    face_match_refuse: FaceMatch, RefuseBelow, Some("face_match_accept"), Score,
        "En dessous, ils comptent comme ceux de deux personnes.";
    liveness_accept: Liveness, AcceptFrom, Some("liveness_refuse"), Score,
        "À partir de là, les images comptent comme celles d'une personne présente.";
    liveness_refuse: Liveness, RefuseBelow, Some("liveness_accept"), Score,
        "En dessous, les images comptent comme une attaque de présentation.";
    face_motion_accept: FaceMotion, AcceptFrom, Some("face_motion_refuse"), Score,
        "À partir de là, le visage se déforme comme un visage vivant.";
    face_motion_refuse: FaceMotion, RefuseBelow, Some("face_motion_accept"), Score,
        "En dessous, le visage bouge comme une image.";
    continuity_accept: FaceContinuity, AcceptFrom, Some("continuity_refuse"), Score,
        "À partir de là, chaque seconde montre la même personne.";
    continuity_refuse: FaceContinuity, RefuseBelow, Some("continuity_accept"), Score,
        "En dessous, la personne change.";
    continuity_frozen: FaceContinuity, LimitAbove, None, Of(|e| Some(e.continuity.value()?.frozen_seconds)),
        "À partir de là, un passage sans aucun changement est figé.";
    continuity_repeated: FaceContinuity, LimitAbove, None, Of(|e| Some(e.continuity.value()?.repeated_seconds)),
        "À partir de là, un passage semblable à un précédent est répété.";
    recapture_accept: Recapture, AcceptTo, Some("recapture_refuse"), Score,
        "Jusque-là, les motifs fins sont naturels.";
    recapture_refuse: Recapture, RefuseAbove, Some("recapture_accept"), Score,
        "Au-dessus, ce sont ceux d'un écran.";
    display_beat: DisplayTraces, LimitAbove, None, Score,
        "Un battement régulier de la lumière plus fort peut venir d'un écran.";
    display_bars: DisplayTraces, LimitAbove, None, Of(|e| median(&e.display.value()?.bars)),
        "Des barres droites et sombres sur plus de côtés peuvent être le cadre d'un écran.";
    skin_lips: FaceSkin, AcceptFrom, None, Score,
        "Des lèvres qui ressortent moins peuvent être couvertes.";
    skin_warmth: FaceSkin, LimitBelow, None, Of(|e| median(&e.skin.value()?.warmth)),
        "Des joues moins colorées peuvent être du papier.";
    pulse_accept: Pulse, AcceptFrom, None, Score,
        "À partir de là, un pouls se voit dans la peau.";
    injection_repeated: Injection, LimitAbove, None, Score,
        "Davantage d'images identiques à la précédente ne viennent pas d'une caméra.";
    footage_seen: FootageSeen, LimitAbove, None, Score,
        "À partir de là, deux enregistrements sont les mêmes images.";
    head_turn_accept: HeadMovement, AcceptFrom, Some("head_turn_refuse"), Score,
        "À partir de là, la tête a été tournée.";
    head_turn_refuse: HeadMovement, RefuseBelow, Some("head_turn_accept"), Score,
        "En dessous, elle ne l'a pas été.";
    document_shown_accept: DocumentShown, AcceptFrom, None, Score,
        "À partir de là, le portrait montré est celui qui a été envoyé.";
    layout_accept: DocumentLayout, AcceptFrom, None, Score,
        "À partir de là, le document montré a la mise en page de celui qui a été envoyé.";
    speech_accept: SpokenDigits, AcceptFrom, Some("speech_refuse"), Score,
        "Les chiffres attendus doivent être d'autant plus probables que toute autre suite.";
    speech_refuse: SpokenDigits, RefuseBelow, Some("speech_accept"), Score,
        "En dessous, d'autres chiffres ont été dits.";
    speech_digit_confidence: SpokenDigits, LimitBelow, None, Of(|e| Some(e.speech.value()?.least_confidence)),
        "Chaque chiffre doit être entendu avec au moins cette confiance.";
    speech_minimum_voice: SpokenDigits, LimitBelow, None, Of(|e| Some(e.speech.value()?.voiced_seconds)),
        "Avec moins de voix, rien n'a été dit.";
    answer_earliest: AnswerTimes, RefuseBelow, None, Score,
        "Un chiffre dit plus tôt était connu d'avance.";
    answer_latest: AnswerTimes, LimitAbove, None,
        Of(|e| e.answers.as_ref()?.value()?.delays.iter().copied().reduce(f64::max)),
        "Un chiffre dit plus tard laisse la réponse à une personne.";
    lip_sync_accept: LipSync, AcceptFrom, None, Score,
        "À partir de là, la bouche bouge avec la voix ; en dessous, une personne regarde.";
}
