use idproof_domain::code::SixDigits;
use idproof_domain::{Language, ReasonCode};
use jiff::civil::{Date, DateTime};

use super::advice::advice;
use super::{Link, day, moment};

/// An e-mail, with what it tells. `case` is the number an applicant quotes on the telephone.
#[derive(Clone)]
pub enum Mail {
    /// Confirms an e-mail address.
    EmailCode {
        code: SixDigits,
        minutes: u32,
    },
    /// The case was handed in; `answer_by` is the deadline in local time.
    Processing {
        case: String,
        answer_by: DateTime,
        link: Link,
    },
    /// Something happened that the page tells.
    StatusChanged {
        case: String,
        link: Link,
    },
    RetakeAsked {
        case: String,
        causes: Vec<ReasonCode>,
        link: Link,
    },
    /// A registered e-letter waits. Never says whose: the law hides the sender until it is accepted.
    LetterAvailable {
        accept_until: Date,
        link: Link,
    },
    LetterReminder {
        accept_until: Date,
        link: Link,
    },
    /// In use now; `link` leads to where it can be repudiated.
    Activated {
        case: String,
        link: Link,
    },
    Suspended {
        case: String,
        link: Link,
    },
    Reactivated {
        case: String,
        link: Link,
    },
    /// There is nothing left to link to.
    Deleted {
        case: String,
    },
}

impl Mail {
    /// The template's stable name.
    pub fn template(&self) -> &'static str {
        match self {
            Self::EmailCode { .. } => "email_code",
            Self::Processing { .. } => "processing",
            Self::StatusChanged { .. } => "status_changed",
            Self::RetakeAsked { .. } => "retake_asked",
            Self::LetterAvailable { .. } => "letter_available",
            Self::LetterReminder { .. } => "letter_reminder",
            Self::Activated { .. } => "activated",
            Self::Suspended { .. } => "suspended",
            Self::Reactivated { .. } => "reactivated",
            Self::Deleted { .. } => "deleted",
        }
    }

    /// The notice of a registered letter, which must not name its sender.
    pub fn hides_sender(&self) -> bool {
        matches!(
            self,
            Self::LetterAvailable { .. } | Self::LetterReminder { .. }
        )
    }
}

/// What a mail says, before it is laid out.
pub(crate) struct Words {
    pub subject: &'static str,
    pub before: Vec<String>,
    pub code: Option<String>,
    pub list: Vec<String>,
    pub button: Option<(&'static str, Link)>,
    pub after: Vec<String>,
}

impl Words {
    fn new(subject: &'static str, before: &[&str]) -> Self {
        Self {
            subject,
            before: before.iter().map(|s| (*s).to_owned()).collect(),
            code: None,
            list: Vec::new(),
            button: None,
            after: Vec::new(),
        }
    }

    fn button(mut self, label: &'static str, link: &Link) -> Self {
        self.button = Some((label, link.clone()));
        self
    }

    fn after(mut self, after: &[&str]) -> Self {
        self.after = after.iter().map(|s| (*s).to_owned()).collect();
        self
    }
}

/// The frame around every mail.
pub(crate) struct Frame {
    pub greeting: String,
    pub closing: Option<String>,
    pub footer: &'static str,
}

pub(crate) fn frame(mail: &Mail, language: Language, name: Option<&str>, service: &str) -> Frame {
    let hello = match language {
        Language::Fr => "Bonjour",
        Language::En => "Hello",
    };
    let greeting = match name {
        Some(name) => format!("{hello} {name},"),
        None => format!("{hello},"),
    };
    let closing = (!mail.hides_sender()).then(|| match language {
        Language::Fr => format!("L’équipe {service}"),
        Language::En => format!("The {service} team"),
    });
    let footer = match language {
        Language::Fr => "Ce message est envoyé automatiquement.",
        Language::En => "This message was sent automatically.",
    };
    Frame {
        greeting,
        closing,
        footer,
    }
}

/// The line with which help is offered.
pub(crate) fn help(language: Language, contact: &str) -> String {
    match language {
        Language::Fr => format!("Une question\u{a0}? {contact}"),
        Language::En => format!("Any questions? {contact}"),
    }
}

pub(crate) fn words(mail: &Mail, language: Language) -> Words {
    match language {
        Language::Fr => french(mail),
        Language::En => english(mail),
    }
}

/// As people say it: from two hours on, the whole hours that are certain.
fn how_long(minutes: u32, hours: &str) -> String {
    match minutes {
        0..120 => format!("{minutes} minutes"),
        _ => format!("{} {hours}", minutes / 60),
    }
}

fn french(mail: &Mail) -> Words {
    match mail {
        Mail::EmailCode { code, minutes } => {
            let mut words = Words::new(
                "Votre code de confirmation",
                &["Voici votre code. Recopiez-le sur la page que vous avez laissée ouverte."],
            )
            .after(&[
                &format!("Il est valable {}.", how_long(*minutes, "heures")),
                "Ne le donnez à personne, même à quelqu’un qui dirait appeler de notre part.",
                "Vous n’avez rien demandé\u{a0}? Laissez ce message de côté\u{a0}: sans ce code, il ne se passe rien.",
            ]);
            words.code = Some(code.grouped());
            words
        }
        Mail::Processing {
            case,
            answer_by,
            link,
        } => Words::new(
            "Nous avons bien tout reçu",
            &[
                "Merci\u{a0}! Votre document et votre vidéo sont bien arrivés. Vous n’avez plus rien à faire et pouvez fermer la page.",
                &format!(
                    "Vous aurez une réponse par e-mail au plus tard le {}.",
                    moment(Language::Fr, *answer_by)
                ),
                &format!("Votre numéro de dossier\u{a0}: {case}"),
            ],
        )
        .button("Suivre mon dossier", link)
        .after(&["Vos photos et votre vidéo seront effacées 72 heures après leur examen."]),
        Mail::StatusChanged { case, link } => Words::new(
            "Votre dossier a avancé",
            &[&format!(
                "Il y a du nouveau dans votre dossier {case}. Ouvrez-le pour voir où il en est et ce qui vient ensuite."
            )],
        )
        .button("Voir mon dossier", link),
        Mail::RetakeAsked { case, causes, link } => {
            let mut words = Words::new(
                "Il nous faut de nouvelles images",
                &[
                    &format!(
                        "Nous n’avons pas pu tout vérifier dans votre dossier {case}. Cela arrive souvent, et se règle en quelques minutes."
                    ),
                    "Voici ce qui a manqué, et comment y arriver\u{a0}:",
                ],
            )
            .button("Recommencer", link)
            .after(&["Vous ne reprenez que ce qui est nécessaire. Le reste est gardé."]);
            words.list = advice(causes, Language::Fr);
            words
        }
        Mail::LetterAvailable { accept_until, link } => Words::new(
            "Une lettre recommandée électronique vous attend",
            &[
                "Une lettre recommandée électronique vient d’être déposée pour vous.",
                &format!(
                    "Vous pouvez l’accepter ou la refuser jusqu’au {} inclus.",
                    day(Language::Fr, *accept_until)
                ),
            ],
        )
        .button("Voir la lettre", link)
        .after(&[
            "Le nom de l’expéditeur s’affiche dès que vous l’acceptez. L’accepter vaut accusé de réception.",
        ]),
        Mail::LetterReminder { accept_until, link } => Words::new(
            "Rappel\u{a0}: une lettre recommandée électronique vous attend",
            &[
                "Une lettre recommandée électronique vous attend toujours.",
                &format!(
                    "Vous pouvez encore l’accepter ou la refuser jusqu’au {} inclus. Après cette date, elle sera retournée à l’expéditeur.",
                    day(Language::Fr, *accept_until)
                ),
            ],
        )
        .button("Voir la lettre", link)
        .after(&["Le nom de l’expéditeur s’affiche dès que vous l’acceptez."]),
        Mail::Activated { case, link } => Words::new(
            "Votre identité numérique est activée",
            &[
                "C’est fait\u{a0}: votre identité est confirmée, et vous pouvez vous en servir.",
                &format!("Votre numéro de dossier\u{a0}: {case}"),
                "Ce n’était pas vous\u{a0}? Dites-le-nous tout de suite\u{a0}: cette identité sera suspendue le temps de comprendre ce qui s’est passé.",
            ],
        )
        .button("Ce n’était pas moi", link),
        Mail::Suspended { case, link } => Words::new(
            "Votre identité numérique est suspendue",
            &[
                &format!(
                    "L’identité du dossier {case} est suspendue. Personne ne peut s’en servir."
                ),
                "Vous pourrez la réactiver quand vous le voudrez.",
            ],
        )
        .button("Réactiver mon identité", link)
        .after(&[
            "Ce n’était pas vous\u{a0}? Ouvrez votre dossier et prévenez-nous\u{a0}: rien n’est perdu.",
        ]),
        Mail::Reactivated { case, link } => Words::new(
            "Votre identité numérique est de nouveau active",
            &[
                &format!("L’identité du dossier {case} peut de nouveau servir."),
                "Ce n’était pas vous\u{a0}? Suspendez-la tout de suite depuis votre dossier.",
            ],
        )
        .button("Ouvrir mon dossier", link),
        Mail::Deleted { case } => Words::new(
            "Vos données sont effacées",
            &[
                &format!("Comme demandé, les données du dossier {case} sont effacées."),
                "Il ne reste qu’une trace de la décision et de l’effacement lui-même, sans votre nom ni vos images.",
                "Vous n’avez plus rien à faire.",
            ],
        ),
    }
}

fn english(mail: &Mail) -> Words {
    match mail {
        Mail::EmailCode { code, minutes } => {
            let mut words = Words::new(
                "Your confirmation code",
                &["Here is your code. Type it into the page you left open."],
            )
            .after(&[
                &format!("It is valid for {}.", how_long(*minutes, "hours")),
                "Do not give it to anybody, even to someone who says they call on our behalf.",
                "You did not ask for this? Leave this message aside: without the code, nothing happens.",
            ]);
            words.code = Some(code.grouped());
            words
        }
        Mail::Processing {
            case,
            answer_by,
            link,
        } => Words::new(
            "We have received everything",
            &[
                "Thank you! Your document and your video have arrived. There is nothing more for you to do, and you may close the page.",
                &format!(
                    "You will have an answer by e-mail by {} at the latest.",
                    moment(Language::En, *answer_by)
                ),
                &format!("Your case number: {case}"),
            ],
        )
        .button("Follow my case", link)
        .after(&["Your photos and your video will be deleted 72 hours after we have looked at them."]),
        Mail::StatusChanged { case, link } => Words::new(
            "There is news of your case",
            &[&format!(
                "Something has moved in your case {case}. Open it to see where it stands and what comes next."
            )],
        )
        .button("See my case", link),
        Mail::RetakeAsked { case, causes, link } => {
            let mut words = Words::new(
                "We need new pictures",
                &[
                    &format!(
                        "We could not check everything in your case {case}. That happens often, and takes a few minutes to put right."
                    ),
                    "Here is what was missing, and how to get it:",
                ],
            )
            .button("Try again", link)
            .after(&["You only take again what is needed. The rest is kept."]);
            words.list = advice(causes, Language::En);
            words
        }
        Mail::LetterAvailable { accept_until, link } => Words::new(
            "A registered e-letter is waiting for you",
            &[
                "A registered e-letter has just been deposited for you.",
                &format!(
                    "You can accept or refuse it until the end of {}.",
                    day(Language::En, *accept_until)
                ),
            ],
        )
        .button("See the letter", link)
        .after(&[
            "The sender’s name is shown as soon as you accept it. Accepting it acknowledges receipt.",
        ]),
        Mail::LetterReminder { accept_until, link } => Words::new(
            "Reminder: a registered e-letter is waiting for you",
            &[
                "A registered e-letter is still waiting for you.",
                &format!(
                    "You can still accept or refuse it until the end of {}. After that it goes back to the sender.",
                    day(Language::En, *accept_until)
                ),
            ],
        )
        .button("See the letter", link)
        .after(&["The sender’s name is shown as soon as you accept it."]),
        Mail::Activated { case, link } => Words::new(
            "Your digital identity is active",
            &[
                "It is done: your identity is confirmed, and you can use it.",
                &format!("Your case number: {case}"),
                "It was not you? Tell us at once: this identity will be suspended while we find out what happened.",
            ],
        )
        .button("It was not me", link),
        Mail::Suspended { case, link } => Words::new(
            "Your digital identity is suspended",
            &[
                &format!("The identity of case {case} is suspended. Nobody can use it."),
                "You can reactivate it whenever you like.",
            ],
        )
        .button("Reactivate my identity", link)
        .after(&["It was not you? Open your case and let us know: nothing is lost."]),
        Mail::Reactivated { case, link } => Words::new(
            "Your digital identity is active again",
            &[
                &format!("The identity of case {case} can be used again."),
                "It was not you? Suspend it at once from your case.",
            ],
        )
        .button("Open my case", link),
        Mail::Deleted { case } => Words::new(
            "Your data are deleted",
            &[
                &format!("As asked, the data of case {case} are deleted."),
                "All that remains is a record of the decision and of the deletion itself, without your name or your pictures.",
                "There is nothing more for you to do.",
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::how_long;

    #[test]
    fn a_long_time_is_told_in_hours_that_are_certain() {
        let told = [30, 119, 120, 1_439, 1_440].map(|minutes| how_long(minutes, "hours"));
        let expected = [
            "30 minutes",
            "119 minutes",
            "2 hours",
            "23 hours",
            "24 hours",
        ];
        assert_eq!(told, expected);
    }
}
