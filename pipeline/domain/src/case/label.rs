/// What the applicant reads of a step in the timeline, in French and in English. `None`: not shown.
macro_rules! labels {
    ($($kind:literal => $fr:literal, $en:literal;)+) => {
        /// Every kind of event that stands in an applicant's timeline.
        pub const TIMELINE: &[&str] = &[$($kind,)+];

        /// The words for an event, in French and in English; `None` for what is not shown.
        pub fn label(kind: &str) -> Option<(&'static str, &'static str)> {
            match kind { $($kind => Some(($fr, $en)),)+ _ => None }
        }
    };
}

labels! {
    "created" => "Dossier ouvert", "Case opened";
    "email_confirmed" => "Adresse e-mail confirmée", "E-mail address confirmed";
    "phone_confirmed" => "Numéro de téléphone confirmé", "Phone number confirmed";
    "identity_declared" => "Identité déclarée", "Identity declared";
    "document_uploaded" => "Photos du document reçues", "Pictures of the document received";
    "video_uploaded" => "Vidéo reçue", "Video received";
    "video_discarded" => "Vidéo à refaire, à votre demande", "Video to be taken again, as you asked";
    "submitted" => "Dossier envoyé", "Case sent";
    "processing_started" => "Vérification commencée", "Verification started";
    "sent_to_review" => "Vérification par une personne", "Verification by a person";
    "retake_asked" => "De nouvelles images sont nécessaires", "New pictures are needed";
    "retake_started" => "Nouvelle prise commencée", "New pictures begun";
    "accepted" => "Identité vérifiée", "Identity verified";
    "refused" => "Identité non vérifiée", "Identity not verified";
    "appealed" => "Réexamen demandé", "New examination asked for";
    "letter_sent" => "Lettre recommandée envoyée", "Registered letter sent";
    "letter_opened" => "Lettre recommandée ouverte", "Registered letter opened";
    "letter_returned" => "Lettre recommandée non remise", "Registered letter not delivered";
    "activated" => "Identité activée", "Identity activated";
    "suspended" => "Identité suspendue", "Identity suspended";
    "reactivated" => "Identité réactivée", "Identity reactivated";
    "withdrawn" => "Dossier abandonné, à votre demande", "Case withdrawn, as you asked";
    "expired" => "Dossier expiré", "Case expired";
    "deleted" => "Données supprimées", "Data deleted";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_both_languages_and_nothing_else_is_shown() {
        for kind in TIMELINE {
            let (fr, en) = label(kind).unwrap();
            assert!(!fr.is_empty() && !en.is_empty() && fr != en);
        }
        // Confirming the last contact is one act with confirming the contacts.
        assert_eq!(label("contact_confirmed"), None);
        assert_eq!(label("key_created"), None);
    }
}
