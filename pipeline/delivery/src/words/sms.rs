use idproof_domain::Language;
use idproof_domain::code::SixDigits;

/// A text message. `service` stands in front of each.
#[derive(Clone)]
pub enum Sms {
    /// Confirms a telephone number.
    Code {
        code: SixDigits,
        minutes: u32,
    },
    /// The activation code beside the letter; sent only where a setting asks for it.
    LetterCode {
        code: SixDigits,
    },
    Activated,
}

/// Septets that the service's name may take in a text message.
pub const MAX_NAME: usize = 20;

impl Sms {
    /// The template's stable name.
    pub fn template(&self) -> &'static str {
        match self {
            Self::Code { .. } => "sms_code",
            Self::LetterCode { .. } => "sms_letter_code",
            Self::Activated => "sms_activated",
        }
    }

    pub(crate) fn text(&self, language: Language, service: &str) -> String {
        let said = match (self, language) {
            (Self::Code { code, minutes }, Language::Fr) => format!(
                "{} est votre code, valable {minutes} minutes. Ne le donnez à personne, et surtout pas au téléphone.",
                code.reveal()
            ),
            (Self::Code { code, minutes }, Language::En) => format!(
                "{} is your code, valid for {minutes} minutes. Give it to nobody, above all not on the phone.",
                code.reveal()
            ),
            (Self::LetterCode { code }, Language::Fr) => format!(
                "{} est votre code d'activation, écrit aussi dans votre lettre. Ne le donnez à personne.",
                code.reveal()
            ),
            (Self::LetterCode { code }, Language::En) => format!(
                "{} is your activation code, the same as in your letter. Give it to nobody.",
                code.reveal()
            ),
            (Self::Activated, Language::Fr) => {
                "votre identité numérique est activée. Ce n'était pas vous ? L'e-mail que nous vous envoyons dit quoi faire.".to_owned()
            }
            (Self::Activated, Language::En) => {
                "your digital identity is active. It was not you? The e-mail we are sending you says what to do.".to_owned()
            }
        };
        format!("{service}: {said}")
    }
}

/// Septets a text needs in the GSM 03.38 default alphabet, `None` if it has other characters.
pub fn septets(text: &str) -> Option<usize> {
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENDED: &str = "^{}\\[~]|€";
    text.chars()
        .map(|c| match c {
            c if BASIC.contains(c) => Some(1),
            c if EXTENDED.contains(c) => Some(2),
            _ => None,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one message holds.
    const MAX_SEPTETS: usize = 160;

    #[test]
    fn every_text_fits_one_message_with_the_longest_name() {
        let code: SixDigits = "000000".parse().unwrap();
        let all = [
            Sms::Code {
                code: code.clone(),
                minutes: 1440,
            },
            Sms::LetterCode { code },
            Sms::Activated,
        ];
        let name = "N".repeat(MAX_NAME);
        for sms in &all {
            let texts = [Language::Fr, Language::En].map(|l| sms.text(l, &name));
            assert_ne!(texts[0], texts[1]);
            for text in texts {
                let n = septets(&text).unwrap_or_else(|| panic!("not GSM-7: {text}"));
                assert!(n <= MAX_SEPTETS, "{n}: {text}");
            }
        }
    }

    #[test]
    fn septets_are_counted_as_the_network_counts_them() {
        assert_eq!(septets("abc"), Some(3));
        assert_eq!(septets("é€"), Some(3));
        assert_eq!(septets("ê"), None);
        assert_eq!(septets("’"), None);
        assert_eq!(septets("ç"), None, "only the capital is there");
    }
}
