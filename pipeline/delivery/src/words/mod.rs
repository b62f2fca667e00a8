//! Every word that leaves, in both languages. The languages stand side by side in a `match`, so
//! that a missing translation does not compile.

pub mod advice;
pub mod letter;
pub mod mail;
pub mod sms;

use idproof_domain::Language;
use jiff::civil::{Date, DateTime};

/// A link that an applicant is to follow.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link must be an absolute http or https URL")]
pub struct NotALink;

impl Link {
    pub fn new(url: &str) -> Result<Self, NotALink> {
        let url = url::Url::parse(url).map_err(|_| NotALink)?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(NotALink);
        }
        Ok(Self(url.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Link {
    /// It may carry a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(hidden)")
    }
}

pub(crate) fn pick<'a>(language: Language, fr: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Fr => fr,
        Language::En => en,
    }
}

/// `12 mars 2026`, `1er mai 2026`, `12 March 2026`.
pub(crate) fn day(language: Language, date: Date) -> String {
    let month = usize::try_from(date.month() - 1).unwrap_or(0);
    let year = date.year();
    match language {
        Language::Fr => {
            let first = if date.day() == 1 { "er" } else { "" };
            format!("{}{first} {} {year}", date.day(), MONTHS_FR[month])
        }
        Language::En => format!("{} {} {year}", date.day(), MONTHS_EN[month]),
    }
}

/// A day with hour and minute, as the clock on the wall shows them.
pub(crate) fn moment(language: Language, at: DateTime) -> String {
    let day = day(language, at.date());
    let (hour, minute) = (at.hour(), at.minute());
    match language {
        Language::Fr => format!("{day} à {hour}\u{a0}h\u{a0}{minute:02}"),
        Language::En => format!("{day} at {hour}:{minute:02}"),
    }
}

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A name as it may stand in a greeting, a header or a letter: one line, without characters that
/// control a terminal, a header or the direction of the text around it, cut at 300 characters.
/// `None` when nothing is left.
pub fn clean_name(name: &str) -> Option<String> {
    let kept: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| {
            !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        })
        .collect();
    let name = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().take(300).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn dates_read_as_people_write_them() {
        assert_eq!(day(Language::Fr, date(2026, 5, 1)), "1er mai 2026");
        assert_eq!(day(Language::Fr, date(2026, 8, 12)), "12 août 2026");
        assert_eq!(day(Language::En, date(2026, 12, 1)), "1 December 2026");
        let at = date(2026, 3, 29).at(9, 5, 0, 0);
        assert_eq!(moment(Language::Fr, at), "29 mars 2026 à 9\u{a0}h\u{a0}05");
        assert_eq!(moment(Language::En, at), "29 March 2026 at 9:05");
    }

    #[test]
    fn a_name_loses_what_could_break_out_of_its_line() {
        assert_eq!(
            clean_name(" Zoé\r\nBcc: x@example.org\0 "),
            Some("Zoé Bcc: x@example.org".into())
        );
        assert_eq!(
            clean_name("فاطمة الزهراء 🌷"),
            Some("فاطمة الزهراء 🌷".into())
        );
        assert_eq!(clean_name("abc\u{202e}txt"), Some("abctxt".into()));
        assert_eq!(clean_name(" \r\n\u{200f}"), None);
    }

    #[test]
    fn a_link_is_a_web_address() {
        assert!(Link::new("https://example.org/c?t=1").is_ok());
        assert!(Link::new("http://localhost:8080/").is_ok());
        for bad in [
            "",
            "/c",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b",
        ] {
            assert_eq!(Link::new(bad), Err(NotALink), "{bad}");
        }
    }
}
