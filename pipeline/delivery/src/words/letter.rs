use idproof_domain::Language;
use idproof_domain::letter::LetterContent;

use super::{clean_name, day, moment, pick};

/// What the activation letter says, paragraph by paragraph.
pub(crate) struct LetterWords {
    pub date: String,
    pub title: &'static str,
    pub case: String,
    pub before: Vec<String>,
    /// The digits, apart from each other and in two groups.
    pub code: String,
    pub after: Vec<String>,
    pub last: String,
    pub footer: String,
}

pub(crate) fn letter_words(content: &LetterContent) -> LetterWords {
    let language = content.language;
    let name = clean_name(&content.recipient.name);
    let (site, case) = (&content.site, &content.case_number);
    let until = moment(language, content.valid_until);
    let help = content.help.as_deref().and_then(clean_name);
    let (before, after, last) = match language {
        Language::Fr => (
            vec![
                hello("Bonjour", name),
                "Votre identité a été vérifiée. Il ne reste qu’à saisir ce code dans votre dossier\u{a0}:".into(),
            ],
            vec![
                format!("1.\u{a0}Ouvrez {site}, ou le lien reçu par e-mail, et allez dans votre dossier {case}."),
                "2.\u{a0}Saisissez les six chiffres ci-dessus.".into(),
                "3.\u{a0}C’est fait\u{a0}: nous vous le confirmons aussitôt.".into(),
                format!("Ce code sert une seule fois. Il est valable 21 jours, jusqu’au {until}."),
                "Gardez-le pour vous. Nous ne vous le demanderons jamais, ni par téléphone, ni par message.".into(),
            ],
            format!(
                "Vous n’avez rien demandé\u{a0}? Quelqu’un s’est peut-être servi de votre nom. Ne saisissez pas ce code, et prévenez-nous{}. Sans lui, cette identité ne peut pas servir.",
                help.map(|h| format!("\u{a0}: {h}")).unwrap_or_default()
            ),
        ),
        Language::En => (
            vec![
                hello("Hello", name),
                "Your identity has been verified. All that remains is to enter this code in your case:".into(),
            ],
            vec![
                format!("1.\u{a0}Open {site}, or the link you received by e-mail, and go to your case {case}."),
                "2.\u{a0}Enter the six digits above.".into(),
                "3.\u{a0}That is all: we confirm it at once.".into(),
                format!("The code can be used once. It is valid for 21 days, until {until}."),
                "Keep it to yourself. We will never ask you for it, neither by telephone nor by message.".into(),
            ],
            format!(
                "You did not ask for this? Somebody may have used your name. Do not enter the code, and let us know{}. Without it, this identity cannot be used.",
                help.map(|h| format!(": {h}")).unwrap_or_default()
            ),
        ),
    };
    LetterWords {
        date: day(language, content.made_on),
        title: pick(language, "Votre code d’activation", "Your activation code"),
        case: match language {
            Language::Fr => format!("Dossier {case}"),
            Language::En => format!("Case {case}"),
        },
        before,
        code: spaced(content.code.reveal()),
        after,
        last,
        footer: match language {
            Language::Fr => format!("Lettre {}", content.letter),
            Language::En => format!("Letter {}", content.letter),
        },
    }
}

fn hello(word: &str, name: Option<String>) -> String {
    match name {
        Some(name) => format!("{word} {name},"),
        None => format!("{word},"),
    }
}

/// `4 8 2   1 9 3`, on one line.
fn spaced(code: &str) -> String {
    let gap = |digits: &str| -> String {
        let digits: Vec<String> = digits.chars().map(String::from).collect();
        digits.join("\u{a0}")
    };
    let (first, second) = code.split_at(code.len() / 2);
    format!("{}\u{a0}\u{a0}\u{a0}{}", gap(first), gap(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_apart() {
        assert_eq!(spaced("048213").replace('\u{a0}', "_"), "0_4_8___2_1_3");
    }
}
