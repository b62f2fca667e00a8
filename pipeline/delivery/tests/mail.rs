//! What e-mails say and what they never carry, in the local outbox.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{NOW, id, link};
use idproof_delivery::outbox::{self, Entry};
use idproof_delivery::{
    BrandSettings, DeliveryError, Mail, MailSettings, MailTo, Mailer, Reason, SettingError, Voice,
};
use idproof_domain::{Language, ReasonCode};
use jiff::civil::date;
use mail_parser::MessageParser;

const BRAND: &str = "Banque Zéphyr";

fn brand() -> BrandSettings {
    BrandSettings {
        name: BRAND.into(),
        short_name: "Zephyr".into(),
        help: Some("01 23 45 67 89 (Zéphyr)".into()),
    }
}

fn settings() -> MailSettings {
    MailSettings {
        from: format!("{BRAND} <bonjour@zephyr.example>"),
        notice_from: Some("Lettre recommandée électronique <lre@lettres.example>".into()),
        ..MailSettings::default()
    }
}

/// One of each.
fn every_mail() -> Vec<Mail> {
    let case = || "7F3K-92QD".to_owned();
    let accept_until = date(2026, 3, 25);
    vec![
        Mail::EmailCode {
            code: "048213".parse().unwrap(),
            minutes: 30,
        },
        Mail::Processing {
            case: case(),
            answer_by: date(2026, 3, 11).at(9, 30, 0, 0),
            link: link(),
        },
        Mail::StatusChanged {
            case: case(),
            link: link(),
        },
        Mail::RetakeAsked {
            case: case(),
            causes: vec![ReasonCode::MrzNotFound, ReasonCode::NoSound],
            link: link(),
        },
        Mail::LetterAvailable {
            accept_until,
            link: link(),
        },
        Mail::LetterReminder {
            accept_until,
            link: link(),
        },
        Mail::Activated {
            case: case(),
            link: link(),
        },
        Mail::Suspended {
            case: case(),
            link: link(),
        },
        Mail::Reactivated {
            case: case(),
            link: link(),
        },
        Mail::Deleted { case: case() },
    ]
}

/// Sends one mail to a fresh outbox; the entry and the file's bytes.
async fn sent(mail: &Mail, language: Language, name: Option<&str>) -> (Entry, String) {
    spoken(mail, language, name, Voice::default()).await
}

/// The same in somebody's name.
async fn spoken(
    mail: &Mail,
    language: Language,
    name: Option<&str>,
    voice: Voice<'_>,
) -> (Entry, String) {
    let dir = tempfile::tempdir().unwrap();
    let mailer = Mailer::new(&settings(), &brand(), dir.path()).unwrap();
    let (id, address) = (id(1), "maelys@example.org");
    let to = MailTo {
        voice,
        id: &id,
        address,
        name,
        language,
        at_ms: NOW,
    };
    mailer.send(to, mail).await.unwrap();
    let entry = outbox::list(dir.path(), 10).unwrap().remove(0);
    let file = std::fs::read_to_string(&entry.path).unwrap();
    (entry, file)
}

#[tokio::test]
async fn every_mail_reads_the_same_as_text_and_as_html_in_both_languages() {
    for mail in every_mail() {
        let mut subjects = Vec::new();
        for language in [Language::Fr, Language::En] {
            let (entry, _) = sent(&mail, language, Some("Maëlys")).await;
            assert_eq!(entry.to, "maelys@example.org");
            assert_eq!(entry.at_ms, NOW);
            let html = entry.html.unwrap();
            let hello = if language == Language::Fr {
                "Bonjour Maëlys,"
            } else {
                "Hello Maëlys,"
            };
            assert!(entry.text.starts_with(hello) && html.contains(hello));
            assert!(html.contains(&format!("<html lang=\"{}\">", language.code())));
            // Every line of the text is in the HTML, apart from its escapes.
            let html = html
                .replace("&#60;", "<")
                .replace("&#38;", "&")
                .replace("&#39;", "'");
            for line in entry
                .text
                .lines()
                .map(|l| l.trim().trim_start_matches("- "))
            {
                assert!(
                    html.contains(line.trim_end_matches(':')),
                    "{}: {line}",
                    mail.template()
                );
            }
            subjects.push(entry.subject.unwrap());
        }
        assert_ne!(subjects[0], subjects[1], "{}", mail.template());
    }
}

#[tokio::test]
async fn the_html_is_plain_and_fetches_nothing() {
    for mail in every_mail() {
        let (entry, _) = sent(&mail, Language::Fr, None).await;
        let html = entry.html.unwrap();
        for bad in [
            "<script", "<img", "src=", "url(", "@import", "<link", " style=", "onclick",
        ] {
            assert!(!html.to_lowercase().contains(bad), "{bad}");
        }
        assert_eq!(html.matches("http").count(), html.matches("href=").count());
        assert!(html.contains("<title>") && html.contains("<h1>"));
    }
}

#[tokio::test]
async fn words_fit_the_case() {
    let text = |n: usize, language| async move {
        let (entry, _) = sent(&every_mail()[n], language, None).await;
        entry.text
    };
    assert!(text(0, Language::Fr).await.contains("048 213"));
    assert!(
        text(1, Language::Fr)
            .await
            .contains("au plus tard le 11 mars 2026 à 9\u{a0}h\u{a0}30")
    );
    assert!(
        text(1, Language::En)
            .await
            .contains("11 March 2026 at 9:30")
    );
    let retake = text(3, Language::En).await;
    assert!(retake.contains("Lay it flat") && retake.contains("Allow the microphone"));
    assert!(text(4, Language::En).await.contains("25 March 2026"));
    assert!(text(6, Language::En).await.contains("It was not me"));
}

/// The law hides the sender until the letter is accepted: also from header and footer.
#[tokio::test]
async fn the_notice_of_a_letter_does_not_tell_its_sender() {
    for mail in every_mail() {
        for language in [Language::Fr, Language::En] {
            let (entry, file) = sent(&mail, language, Some("Maëlys")).await;
            let html = entry.html.unwrap();
            let all = [entry.text, html, entry.subject.unwrap()].join("\n");
            let told = all.to_lowercase().contains("zéphyr") || file.contains("zephyr");
            assert_eq!(told, !mail.hides_sender(), "{}", mail.template());
        }
    }
}

#[tokio::test]
async fn an_organisation_is_named_in_place_of_the_service_but_never_as_a_letters_sender() {
    let voice = Voice {
        service: Some("Banque\nExemple"),
        help: Some("01 23 45 67 89"),
    };
    for mail in every_mail() {
        let (entry, file) = spoken(&mail, Language::Fr, None, voice).await;
        let named = ["L’équipe Banque Exemple", "01 23 45 67 89"].map(|w| entry.text.contains(w));
        assert_eq!(named, [!mail.hides_sender(); 2], "{}", mail.template());
        assert!(!mail.hides_sender() || !file.contains("Exemple"));
    }
}

#[tokio::test]
async fn a_repetition_is_the_same_message() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = Mailer::new(&settings(), &brand(), dir.path()).unwrap();
    let id = id(1);
    let to = MailTo {
        voice: Voice::default(),
        id: &id,
        address: "maelys@example.org",
        name: None,
        language: Language::Fr,
        at_ms: NOW,
    };
    mailer.send(to.clone(), &every_mail()[0]).await.unwrap();
    let entry = &outbox::list(dir.path(), 10).unwrap()[0];
    let before = std::fs::read(&entry.path).unwrap();
    mailer.send(to.clone(), &every_mail()[0]).await.unwrap();
    assert_eq!(outbox::list(dir.path(), 10).unwrap().len(), 1);
    assert_eq!(std::fs::read(&entry.path).unwrap(), before);
    let mail = MessageParser::default().parse(&before).unwrap();
    assert_eq!(mail.message_id().unwrap(), format!("{id}@zephyr.example"));
    // Another outbox gets the same bytes.
    let other = tempfile::tempdir().unwrap();
    let mailer = Mailer::new(&settings(), &brand(), other.path()).unwrap();
    mailer.send(to, &every_mail()[0]).await.unwrap();
    let entry = &outbox::list(other.path(), 10).unwrap()[0];
    assert_eq!(std::fs::read(&entry.path).unwrap(), before);
}

#[tokio::test]
async fn a_name_cannot_break_out_of_its_header_or_its_line() {
    let wicked = "Zoé\r\nBcc: spy@example.org\r\nSubject: x\r\n\r\n<b>\"body\"</b>";
    let (entry, file) = sent(&every_mail()[1], Language::Fr, Some(wicked)).await;
    let headers = file.split("\r\n\r\n").next().unwrap();
    for line in headers.split("\r\n") {
        assert!(
            !line.starts_with("Bcc") && !line.starts_with("Subject: x"),
            "{line}"
        );
    }
    let mail = MessageParser::default().parse(file.as_bytes()).unwrap();
    assert_eq!(mail.to().unwrap().clone().into_list().len(), 1);
    assert!(mail.bcc().is_none());
    assert_eq!(entry.to, "maelys@example.org");
    assert!(entry.text.starts_with("Bonjour Zoé Bcc: spy@example.org"));
    let html = entry.html.unwrap();
    assert!(html.contains("&#60;b&#62;") && !html.contains("<b>"));
}

#[tokio::test]
async fn names_of_all_kinds_arrive_as_they_are() {
    let long = "Anne-Sophie ".repeat(25).trim().to_owned();
    for name in [
        "فاطمة الزهراء",
        "Zoë 🌷",
        "李小龍",
        "O'Brien, Sean \"Jr\" <x>",
        long.as_str(),
    ] {
        let (entry, file) = sent(&every_mail()[2], Language::En, Some(name)).await;
        assert!(entry.text.starts_with(&format!("Hello {name},")), "{name}");
        let mail = MessageParser::default().parse(file.as_bytes()).unwrap();
        let to = mail.to().unwrap().first().unwrap();
        assert_eq!(to.name(), Some(name));
        assert_eq!(to.address(), Some("maelys@example.org"));
        assert!(
            file.lines()
                .take_while(|l| !l.is_empty())
                .all(|l| l.len() < 998)
        );
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_for_good_and_not_repeated_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = Mailer::new(&settings(), &brand(), dir.path()).unwrap();
    for address in [
        "",
        "maelys",
        "maelys@",
        "@example.org",
        "a@b@c",
        "maelys@example.org\r\nBcc: spy@example.org",
        "maelys@example.org, spy@example.org",
        "Maelys <maelys@example.org>",
    ] {
        let id = id(1);
        let to = MailTo {
            voice: Voice::default(),
            id: &id,
            address,
            name: None,
            language: Language::Fr,
            at_ms: NOW,
        };
        let error = mailer.send(to, &every_mail()[0]).await.unwrap_err();
        assert_eq!(
            error,
            DeliveryError::Permanent {
                reason: Reason::NotAnAddress
            },
            "{address}"
        );
        assert!(!error.to_string().contains("maelys"));
    }
    assert_eq!(outbox::list(dir.path(), 10).unwrap(), vec![]);
}

#[tokio::test]
async fn an_outbox_that_cannot_be_written_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mailer = Mailer::new(&settings(), &brand(), &file).unwrap();
    let id = id(1);
    let to = MailTo {
        voice: Voice::default(),
        id: &id,
        address: "maelys@example.org",
        name: None,
        language: Language::Fr,
        at_ms: NOW,
    };
    let error = mailer.send(to, &every_mail()[0]).await.unwrap_err();
    assert!(matches!(
        error,
        DeliveryError::Transient {
            reason: Reason::Outbox(_),
            ..
        }
    ));
}

#[tokio::test]
async fn the_newest_messages_come_first_and_strangers_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(outbox::list(&dir.path().join("none"), 10).unwrap(), vec![]);
    let mailer = Mailer::new(&settings(), &brand(), dir.path()).unwrap();
    for n in [2, 1, 3] {
        let id = id(n);
        let to = MailTo {
            voice: Voice::default(),
            id: &id,
            address: "maelys@example.org",
            name: None,
            language: Language::En,
            at_ms: NOW + i64::from(n) * 1000,
        };
        mailer.send(to, &every_mail()[0]).await.unwrap();
    }
    std::fs::write(dir.path().join("README"), "x").unwrap();
    std::fs::write(dir.path().join(format!("{}.eml", id(4))), "").unwrap();
    let ids = |limit| -> Vec<_> {
        let found = outbox::list(dir.path(), limit).unwrap();
        found.into_iter().map(|e| e.id).collect()
    };
    assert_eq!(ids(10), [id(3), id(2), id(1)]);
    assert_eq!(ids(2), [id(3), id(2)]);
}

#[test]
fn settings_that_cannot_be_used_name_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let key = |mail: MailSettings, brand: BrandSettings| -> &'static str {
        let made: Result<Mailer, SettingError> = Mailer::new(&mail, &brand, dir.path());
        made.err().unwrap().key
    };
    let from = MailSettings {
        from: "nobody".into(),
        ..settings()
    };
    assert_eq!(key(from, brand()), "mail.from");
    let notice = MailSettings {
        notice_from: Some(String::new()),
        ..settings()
    };
    assert_eq!(key(notice, brand()), "mail.notice_from");
    let nameless = BrandSettings {
        name: " ".into(),
        ..brand()
    };
    assert_eq!(key(settings(), nameless), "brand.name");
}
