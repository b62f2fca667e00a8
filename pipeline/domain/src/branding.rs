//! How an organisation appears to its applicants: name, colour, whom to ask for help, where to go
//! afterwards. Everything is checked when it is set, so that what is stored can be shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Language;
use crate::endpoint::{AddressRules, check_url};

/// The least contrast of text against its ground (WCAG 2.2, 1.4.3, text of ordinary size).
pub const LEAST_CONTRAST: f64 = 4.5;
/// What an applicant's page is drawn on, and how much of the organisation's own colour lies over it where a button is
/// pointed at (`--ground` and `--tint` of the pages): the least light ground that the colour is read on.
const GROUND: Colour = Colour([0xf6, 0xf4, 0xef]);
const TINT: f64 = 16.0 / 255.0;
/// Characters of a name.
const LONGEST_NAME: usize = 60;
/// Characters of a text that says whom to ask.
const LONGEST_SUPPORT: usize = 200;

/// A colour of the sRGB space, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb")]
pub struct NotAColour;

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| NotAColour);
        Ok(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl Colour {
    pub const WHITE: Self = Self([255; 3]);

    /// Relative luminance, 0 to 1 (WCAG 2.2, definition).
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The least contrast it has anywhere on an applicant's page, 1 to 21: as text on the ground that a little of it lies
    /// over. White text on it stands out more.
    pub fn contrast_on_pages(self) -> f64 {
        let part = |ground: u8, own: u8| {
            (f64::from(ground) + (f64::from(own) - f64::from(ground)) * TINT).round() as u8
        };
        let ([r, g, b], [or, og, ob]) = (GROUND.0, self.0);
        self.contrast(Self([part(r, or), part(g, og), part(b, ob)]))
    }

    /// Whether pages may be drawn in it.
    pub fn readable(self) -> bool {
        self.contrast_on_pages() >= LEAST_CONTRAST
    }
}

/// Whom to ask for help.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Support {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What else there is to say, such as the hours, in French and in English: both or neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Support {
    pub fn words(&self, language: Language) -> Option<&str> {
        match language {
            Language::Fr => self.fr.as_deref(),
            Language::En => self.en.as_deref(),
        }
    }

    /// Everything in one line.
    pub fn line(&self, language: Language) -> Option<String> {
        let parts = [
            self.phone.as_deref(),
            self.email.as_deref(),
            self.words(language),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// What an organisation wants as it is typed: nothing checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedBranding {
    pub name: Option<String>,
    pub colour: Option<String>,
    pub support: Support,
    pub return_url: Option<String>,
}

/// How an organisation appears. What is missing is as the service has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branding {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// White text stands on it, and it on the pages' ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    #[serde(default)]
    pub support: Support,
    /// Where the applicant goes when nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
}

/// Which field cannot be taken, and why. Repeats nothing of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BrandingFault {
    /// A JSON pointer.
    pub field: &'static str,
    pub why: BrandingProblem,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrandingProblem {
    #[error("1 to {0} characters")]
    Length(usize),
    #[error("no control characters")]
    Control,
    #[error("digits, spaces and + ( ) . -, at most 40")]
    Phone,
    #[error("an address such as help@example.org")]
    Email,
    #[error(transparent)]
    Colour(#[from] NotAColour),
    #[error("its contrast on the pages is {0:.2} to 1; it must be {LEAST_CONTRAST} to 1 or more")]
    Contrast(f64),
    #[error("give the text in both languages, or in none")]
    OneLanguage,
    #[error("{0}")]
    Address(#[from] crate::endpoint::AddressRefused),
}

impl BrandingProblem {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::Control | Self::Phone | Self::Email | Self::Colour(_) | Self::Address(_) => {
                "not_accepted"
            }
            Self::Contrast(_) => "contrast",
            Self::OneLanguage => "both_languages",
        }
    }
}

impl Branding {
    /// Checks what is wanted; every fault is named.
    pub fn check(wanted: WantedBranding, rules: &AddressRules) -> Result<Self, Vec<BrandingFault>> {
        let mut faults = Vec::new();
        let mut take = |field, result: Result<(), BrandingProblem>| {
            if let Err(why) = result {
                faults.push(BrandingFault { field, why });
            }
        };
        let text = |text: &Option<String>, most| match text {
            Some(text) => line(text, most),
            None => Ok(()),
        };
        take("/name", text(&wanted.name, LONGEST_NAME));
        let support = &wanted.support;
        take(
            "/support/phone",
            support.phone.as_deref().map_or(Ok(()), phone),
        );
        take(
            "/support/email",
            support.email.as_deref().map_or(Ok(()), email),
        );
        take("/support/fr", text(&support.fr, LONGEST_SUPPORT));
        take("/support/en", text(&support.en, LONGEST_SUPPORT));
        let colour = wanted.colour.as_deref().map(readable).transpose();
        take("/colour", colour.clone().map(|_| ()));
        let return_url = wanted
            .return_url
            .as_deref()
            .map(|url| check_url(url, rules))
            .transpose();
        let said = return_url.as_ref().map(|_| ()).map_err(|e| (*e).into());
        take("/return_url", said);
        if support.fr.is_some() != support.en.is_some() {
            let missing = if support.fr.is_some() {
                "/support/en"
            } else {
                "/support/fr"
            };
            take(missing, Err(BrandingProblem::OneLanguage));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            name: wanted.name.map(|name| name.trim().to_owned()),
            colour: colour.unwrap_or_default(),
            support: wanted.support,
            return_url: return_url.unwrap_or_default().map(Into::into),
        })
    }
}

fn phone(text: &str) -> Result<(), BrandingProblem> {
    let inside = |b: u8| b.is_ascii_digit() || b" +().-".contains(&b);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let ok = text.len() <= 40 && text.bytes().all(inside) && digits >= 3;
    ok.then_some(()).ok_or(BrandingProblem::Phone)
}

fn email(text: &str) -> Result<(), BrandingProblem> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"'&,;".contains(c);
    let ok = text.len() <= 254
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
    ok.then_some(()).ok_or(BrandingProblem::Email)
}

fn line(text: &str, most: usize) -> Result<(), BrandingProblem> {
    if text.contains(char::is_control) {
        return Err(BrandingProblem::Control);
    }
    if !(1..=most).contains(&text.trim().chars().count()) {
        return Err(BrandingProblem::Length(most));
    }
    Ok(())
}

/// A colour that can be read on the pages, and white text on it.
fn readable(text: &str) -> Result<Colour, BrandingProblem> {
    let colour: Colour = text.parse()?;
    if !colour.readable() {
        return Err(BrandingProblem::Contrast(colour.contrast_on_pages()));
    }
    Ok(colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(wanted: WantedBranding) -> Vec<(&'static str, &'static str)> {
        match Branding::check(wanted, &AddressRules::default()) {
            Ok(_) => Vec::new(),
            Err(all) => all.iter().map(|f| (f.field, f.why.code())).collect(),
        }
    }

    /// Values of the contrast checkers of W3C's techniques (G18): black 21, #767676 4.54, #777777 4.48.
    #[test]
    fn contrast_is_that_of_the_definition() {
        let of = |text: &str| {
            let colour: Colour = text.parse().unwrap();
            (colour.contrast(Colour::WHITE) * 100.0).round() / 100.0
        };
        assert_eq!(of("#000000"), 21.0);
        assert_eq!(of("#ffffff"), 1.0);
        assert_eq!(of("#767676"), 4.54);
        assert_eq!(of("#777777"), 4.48);
    }

    /// On both sides of the line: greys that white alone would let pass are too light for the ground of the pages.
    #[test]
    fn a_colour_is_read_on_the_ground_and_white_on_it() {
        for (text, readable) in [
            ("#6a6a6a", true),
            ("#6d6d6d", false),
            ("#767676", false),
            ("#0b4a6f", true),
        ] {
            let colour: Colour = text.parse().unwrap();
            assert_eq!(
                colour.readable(),
                readable,
                "{text}: {}",
                colour.contrast_on_pages()
            );
        }
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                let colour = Colour([r, g, 255 - r]);
                if colour.readable() {
                    assert!(colour.contrast(Colour::WHITE) >= colour.contrast_on_pages());
                }
            }
        }
    }

    #[test]
    fn what_can_be_shown_is_taken() {
        let wanted = WantedBranding {
            name: Some(" Banque Exemple ".into()),
            colour: Some("#0B5D8A".into()),
            support: Support {
                phone: Some("+33 (0)1 23-45.67".into()),
                email: Some("aide@bank.example.org".into()),
                fr: Some("de 9 h à 18 h".into()),
                en: Some("9 am to 6 pm".into()),
            },
            return_url: Some("https://bank.example.org/back?from=id".into()),
        };
        let taken = Branding::check(wanted, &AddressRules::default()).unwrap();
        assert_eq!(taken.name.as_deref(), Some("Banque Exemple"));
        assert_eq!(taken.colour.unwrap().to_string(), "#0b5d8a");
        assert_eq!(
            taken.support.line(Language::En).as_deref(),
            Some("+33 (0)1 23-45.67, aide@bank.example.org, 9 am to 6 pm")
        );
        assert_eq!(Support::default().line(Language::Fr), None);
        let stored = serde_json::to_string(&taken).unwrap();
        assert_eq!(serde_json::from_str::<Branding>(&stored).unwrap(), taken);
        assert_eq!(codes(WantedBranding::default()), []);
    }

    #[test]
    fn every_fault_is_named() {
        let wanted = WantedBranding {
            name: Some("\u{7}".into()),
            colour: Some("#777777".into()),
            support: Support {
                phone: Some("call me".into()),
                email: Some("nobody".into()),
                fr: Some("x".repeat(201)),
                en: None,
            },
            return_url: Some("http://bank.example.org/".into()),
        };
        assert_eq!(
            codes(wanted),
            [
                ("/name", "not_accepted"),
                ("/support/phone", "not_accepted"),
                ("/support/email", "not_accepted"),
                ("/support/fr", "length"),
                ("/colour", "contrast"),
                ("/return_url", "not_accepted"),
                ("/support/en", "both_languages"),
            ]
        );
        for (name, colour) in [(" ", "#12345"), ("", "red"), ("  ", "#12345é")] {
            let wanted = WantedBranding {
                name: Some(name.into()),
                colour: Some(colour.into()),
                ..WantedBranding::default()
            };
            assert_eq!(
                codes(wanted),
                [("/name", "length"), ("/colour", "not_accepted")]
            );
        }
        for url in [
            "https://a:b@bank.example.org/",
            "https://127.0.0.1/",
            "https://localhost/",
            "javascript:alert(1)",
            "https://bank.example.org/#x",
        ] {
            let wanted = WantedBranding {
                return_url: Some(url.into()),
                ..WantedBranding::default()
            };
            assert_eq!(codes(wanted), [("/return_url", "not_accepted")], "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_colour_is_read_back_and_no_text_panics(r: [u8; 3], text in "\\PC{0,9}") {
            let written = Colour(r).to_string();
            prop_assert_eq!(written.parse(), Ok(Colour(r)));
            let _ = text.parse::<Colour>();
            let contrast = Colour(r).contrast(Colour::WHITE);
            prop_assert!((1.0..=21.0).contains(&contrast));
        }
    }
}
