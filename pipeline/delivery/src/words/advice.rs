//! What an applicant is told when pictures must be taken again: the cause in plain words, and
//! what to do. Causes that hint at fraud are told no more precisely than others.

use idproof_domain::{Language, ReasonCode};

use super::pick;

/// A cause as the applicant understands it. Several reason codes may come down to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Technical,
    Portrait,
    Lines,
    Frame,
    Blur,
    Light,
    Covered,
    Document,
    Permit,
    Expired,
    Dates,
    Age,
    Sides,
    Declared,
    Short,
    Jerky,
    Silent,
    FaceHidden,
    FaceCovered,
    FaceDark,
    Others,
    Far,
    Face,
    Live,
    Head,
    Shown,
    Voice,
    Digits,
    DocumentFile,
    VideoFile,
    Kind,
    Large,
    Damaged,
    Person,
    NotEstablished,
}

fn cause(code: ReasonCode) -> Cause {
    use ReasonCode as R;
    match code {
        R::ModelUnavailable
        | R::ModelFailed
        | R::StageTimedOut
        | R::DecoderFailed
        | R::NothingToCompare
        | R::AnalysisFailed => Cause::Technical,
        R::PortraitNotFound | R::PortraitTooSmall => Cause::Portrait,
        R::MrzNotFound | R::MrzCheckDigitWrong | R::MrzUncertain | R::PrintUnreadable => {
            Cause::Lines
        }
        R::DocumentTooSmall | R::DocumentCutOff => Cause::Frame,
        R::DocumentBlurred => Cause::Blur,
        R::DocumentGlare | R::DocumentTooDark | R::DocumentTooBright => Cause::Light,
        R::DocumentCovered => Cause::Covered,
        R::DocumentNotAccepted
        | R::SpecimenDocument
        | R::DocumentKindDiffers
        | R::ScreenSuspected
        | R::CopySuspected
        | R::EditInPortrait
        | R::EditInField
        | R::SecondPortraitDiffers
        | R::EditProgram
        | R::SeenInAnotherCase
        | R::PrintDiffers
        | R::SealForged
        | R::SealDiffers
        | R::SealUntrusted
        | R::SealUnverified => Cause::Document,
        R::PermitTooShort | R::PermitTermUnknown => Cause::Permit,
        R::DocumentExpired => Cause::Expired,
        R::ExpiryUnknown | R::BirthDateUnknown => Cause::Dates,
        R::Underage => Cause::Age,
        R::SidesDiffer => Cause::Sides,
        R::IdentityDiffers => Cause::Declared,
        R::VideoTooShort => Cause::Short,
        R::VideoTimingIrregular | R::ContainerContradicts => Cause::Jerky,
        R::NoSound => Cause::Silent,
        R::NoFace | R::FaceNotThroughout => Cause::FaceHidden,
        R::FaceCovered | R::LipsNotSeen => Cause::FaceCovered,
        R::FaceTooDark => Cause::FaceDark,
        R::SeveralFaces => Cause::Others,
        R::FaceTooSmall => Cause::Far,
        R::FaceMismatch | R::FaceUncertain => Cause::Face,
        R::PresentationAttackLikely
        | R::LivenessUncertain
        | R::FaceDoesNotMove
        | R::MotionUncertain
        | R::ScreenLikely
        | R::LightBeats
        | R::BarsRoundFace
        | R::SkinColourless
        | R::PulseNotSeen => Cause::Live,
        R::PersonChanges
        | R::RecordingCut
        | R::PictureFrozen
        | R::PictureRepeats
        | R::VirtualCamera
        | R::TimingUnnatural
        | R::RecordingReencoded
        | R::FootageSeen => Cause::Jerky,
        R::HeadNotMoved | R::HeadMovedOtherwise | R::HeadMovedEarly => Cause::Head,
        R::DocumentNotShown | R::DocumentShownDiffers | R::LayoutDiffers => Cause::Shown,
        R::NothingSaid => Cause::Voice,
        R::DigitsDiffer
        | R::DigitsUncertain
        | R::AnsweredEarly
        | R::AnsweredLate
        | R::LipsUncertain => Cause::Digits,
        R::DocumentUnusable => Cause::DocumentFile,
        R::VideoUnusable => Cause::VideoFile,
        R::FileUnsupported => Cause::Kind,
        R::FileTooLarge => Cause::Large,
        R::FileDamaged => Cause::Damaged,
        R::PersonAsked | R::BiometricsDeclined | R::EveryCase => Cause::Person,
        R::IdentityNotEstablished => Cause::NotEstablished,
    }
}

/// One sentence for the cause and one for what to do, each cause once, in the order of the codes.
pub fn advice(codes: &[ReasonCode], language: Language) -> Vec<String> {
    let mut causes: Vec<Cause> = Vec::new();
    for cause in codes.iter().map(|c| cause(*c)) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
        .into_iter()
        .map(|c| sentence(c, language).to_owned())
        .collect()
}

fn sentence(cause: Cause, language: Language) -> &'static str {
    let (fr, en) = match cause {
        Cause::Technical => (
            "Un souci technique de notre côté nous a arrêtés. Vous n’y êtes pour rien : recommencez simplement.",
            "A technical problem on our side stopped us. It is not your fault: simply try again.",
        ),
        Cause::Portrait => (
            "La photo de votre document est trop petite ou cachée. Approchez l’appareil et ôtez vos doigts de l’image.",
            "The photo on your document is too small or hidden. Move the camera closer and keep your fingers off it.",
        ),
        Cause::Lines => (
            "Les lignes de lettres et de « < » du document ne se lisent pas bien. Posez-le à plat, en pleine lumière, sans reflet, en entier dans le cadre.",
            "The lines of letters and “<” on the document are hard to read. Lay it flat in good light, without glare, all of it in the frame.",
        ),
        Cause::Frame => (
            "Le document est trop petit ou dépasse de l’image. Approchez l’appareil et cadrez-le en entier.",
            "The document is too small or not all in the picture. Move closer and get all of it in the frame.",
        ),
        Cause::Blur => (
            "La photo du document est floue. Posez le document, tenez l’appareil immobile et attendez la mise au point.",
            "The picture of the document is blurred. Lay the document down, hold still and wait for the focus.",
        ),
        Cause::Light => (
            "La lumière sur le document ne convient pas : reflet, ombre ou surexposition. Changez de place ou inclinez un peu l’appareil.",
            "The light on the document does not suit: glare, shadow or overexposure. Move elsewhere or tilt the camera a little.",
        ),
        Cause::Covered => (
            "Quelque chose cache un bord du document. Posez-le à plat et ôtez vos doigts de l’image.",
            "Something covers an edge of the document. Lay it flat and keep your fingers off it.",
        ),
        Cause::Document => (
            "Ce document n’est pas celui qui était annoncé ou n’est pas accepté ici. Prenez une carte d’identité, un passeport ou un titre de séjour français.",
            "This document is not the one that was announced or is not accepted here. Use a French identity card, passport or residence permit.",
        ),
        Cause::Permit => (
            "Le titre de séjour doit avoir été délivré pour cinq ans au moins. Ses dates doivent se lire.",
            "The residence permit must have been issued for five years or more. Its dates must be legible.",
        ),
        Cause::Expired => (
            "Ce document n’est plus valable. Prenez-en un autre, encore valable.",
            "This document has expired. Please use another one that is still valid.",
        ),
        Cause::Dates => (
            "Les dates du document ne se lisent pas bien. Reprenez la photo en pleine lumière, sans reflet.",
            "The dates on the document are hard to read. Take the photo again in good light, without glare.",
        ),
        Cause::Age => (
            "D’après le document, son titulaire est mineur, et ce service est réservé aux adultes. Vérifiez que c’est le bon document.",
            "According to the document its holder is under age, and this service is for adults. Please check that it is the right document.",
        ),
        Cause::Sides => (
            "Le recto et le verso ne semblent pas venir du même document. Photographiez les deux faces de la même carte.",
            "Front and back do not seem to be of the same document. Photograph both sides of the same card.",
        ),
        Cause::Declared => (
            "Ce que vous avez écrit diffère du document. Relisez vos nom, prénoms et dates, tels qu’ils y figurent.",
            "What you typed differs from the document. Check your names and dates as they are printed on it.",
        ),
        Cause::Short => (
            "La vidéo est trop courte. Suivez les étapes jusqu’à la dernière avant d’arrêter.",
            "The video is too short. Follow the steps to the last one before you stop.",
        ),
        Cause::Jerky => (
            "La vidéo est saccadée ou abîmée. Fermez les autres applications et filmez depuis la page, avec l’appareil photo de votre téléphone.",
            "The video is jerky or damaged. Close other apps and film from the page, with your phone’s own camera.",
        ),
        Cause::Silent => (
            "Nous n’entendons rien. Autorisez le micro et ne le couvrez pas avec la main.",
            "We hear nothing. Allow the microphone and do not cover it with your hand.",
        ),
        Cause::FaceHidden => (
            "Votre visage n’est pas visible tout le temps. Gardez-le dans l’ovale du début à la fin.",
            "Your face is not visible all the time. Keep it in the oval from start to end.",
        ),
        Cause::FaceDark => (
            "Votre visage est trop sombre dans la vidéo. Placez-vous face à la lumière, sans fenêtre ni lampe derrière vous.",
            "Your face is too dark in the video. Turn towards the light, with no window or lamp behind you.",
        ),
        Cause::FaceCovered => (
            "Quelque chose cache une partie de votre visage. Ôtez lunettes de soleil et tout ce qui le couvre, puis filmez-vous à visage découvert.",
            "Something covers a part of your face. Take off dark glasses and whatever covers it, then film yourself with your face bare.",
        ),
        Cause::Others => (
            "Quelqu’un d’autre est visible sur la vidéo. Installez-vous seul, devant un mur si possible.",
            "Somebody else can be seen in the video. Film yourself alone, before a wall if you can.",
        ),
        Cause::Far => (
            "Votre visage est trop loin. Tenez le téléphone à environ trente centimètres.",
            "Your face is too far away. Hold the phone about thirty centimetres from you.",
        ),
        Cause::Face => (
            "Nous n’avons pas pu comparer votre visage à la photo du document. Mettez-vous face à une fenêtre, sans lunettes ni chapeau.",
            "We could not compare your face with the photo on the document. Face a window, without glasses or hat.",
        ),
        Cause::Live => (
            "Nous n’avons pas assez bien vu votre visage bouger. Filmez-vous directement, bien éclairé, et parlez naturellement.",
            "We did not see your face move well enough. Film yourself directly, in good light, and speak naturally.",
        ),
        Cause::Head => (
            "Nous n’avons pas bien vu votre tête tourner. Tournez-la nettement du côté indiqué, puis revenez face à l’appareil.",
            "We did not see your head turn well enough. Turn it clearly the way that is shown, then face the camera again.",
        ),
        Cause::Shown => (
            "Nous n’avons pas bien vu votre document dans la vidéo. Tenez-le à côté de votre visage, photo visible, sans reflet.",
            "We did not see your document well enough in the video. Hold it beside your face, its photo visible, without glare.",
        ),
        Cause::Voice => (
            "Nous n’avons pas entendu votre voix. Parlez un peu plus fort, dans un endroit calme.",
            "We did not hear your voice. Speak a little louder, in a quiet place.",
        ),
        Cause::Digits => (
            "Nous n’avons pas bien compris les chiffres. Dites-les un par un, calmement, dans un endroit sans bruit.",
            "We did not understand the digits well. Say them one by one, calmly, in a quiet place.",
        ),
        Cause::DocumentFile => (
            "La photo de votre document n’a pas pu être ouverte. Reprenez-la depuis la page.",
            "The picture of your document could not be opened. Take it again from the page.",
        ),
        Cause::VideoFile => (
            "Votre vidéo n’a pas pu être ouverte. Filmez-vous de nouveau depuis la page.",
            "Your video could not be opened. Record it again from the page.",
        ),
        Cause::Kind => (
            "Ce type de fichier n’est pas accepté. Prenez la photo ou la vidéo depuis la page.",
            "This kind of file is not accepted. Take the picture or the video from the page.",
        ),
        Cause::Large => (
            "Le fichier est trop grand. Prenez la photo ou la vidéo depuis la page, elle sera plus légère.",
            "The file is too large. Take the picture or the video from the page, which makes it smaller.",
        ),
        Cause::Damaged => (
            "Le fichier est arrivé abîmé. Reprenez la photo ou la vidéo et envoyez-la de nouveau.",
            "The file arrived damaged. Take the picture or the video again and send it once more.",
        ),
        Cause::Person => (
            "Une personne regarde votre dossier. Vous n’avez rien à faire.",
            "A person is looking at your case. There is nothing you need to do.",
        ),
        Cause::NotEstablished => (
            "Les images reçues n’ont pas permis d’établir votre identité. Vous pouvez demander un nouvel examen.",
            "What we received was not enough to establish your identity. You can ask for another examination.",
        ),
    };
    pick(language, fr, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_words_in_both_languages() {
        for code in ReasonCode::ALL {
            let fr = advice(&[*code], Language::Fr);
            let en = advice(&[*code], Language::En);
            assert_eq!((fr.len(), en.len()), (1, 1));
            assert_ne!(fr, en, "{code}");
            for text in fr.iter().chain(&en) {
                assert!(
                    text.matches(['.', '?']).count() >= 2 && text.len() < 200,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn one_cause_is_told_once_and_fraud_is_not_named() {
        let codes = [
            ReasonCode::PresentationAttackLikely,
            ReasonCode::NoSound,
            ReasonCode::MotionUncertain,
        ];
        let told = advice(&codes, Language::En);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("face move"));
        for language in [Language::Fr, Language::En] {
            let all = advice(ReasonCode::ALL, language).join(" ").to_lowercase();
            for word in [
                "fraud", "attack", "attaque", "masque", "mask", "fake", "model",
            ] {
                assert!(!all.contains(word), "{word}");
            }
        }
    }
}
