//! The activation letter as PDF/A-2a and PDF/UA-1: one A4 page, tagged, fonts embedded.

use idproof_domain::letter::{LetterContent, Party};
use krilla::configure::ConfigurationBuilder;
use krilla::configure::validate::{Accessibility, Archival};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::Outline;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{Identifier, Tag, TagGroup, TagKind, TagTree};
use krilla::{Document, SerializeSettings};
use serde::Deserialize;

use super::typeset::{Block, Style, Typesetter};
use crate::words::clean_name;
use crate::words::letter::{LetterWords, letter_words};

/// Points a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;
pub(super) const PAGE: (f32, f32) = (210.0 * MM, 297.0 * MM);
pub(super) const MARGIN: f32 = 20.0 * MM;
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Where the text begins, below any window and its shadow.
const BODY_TOP: f32 = 100.0 * MM;
const FOOTER_TOP: f32 = 280.0 * MM;

/// Where the envelope's window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// French DL envelopes: 20 mm from the right edge (NF Z 10-011).
    #[default]
    Right,
    /// German ones: 20 mm from the left edge (DIN 5008, form B).
    Left,
}

/// A box in points from the page's top left corner.
struct Place {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl Window {
    /// What the window shows however the sheet lies in the envelope.
    fn address(self) -> Place {
        let (x, y, width, height) = match self {
            Self::Right => (105.0, 55.0, 80.0, 24.0),
            Self::Left => (25.0, 62.7, 75.0, 27.3),
        };
        Place {
            x: x * MM,
            y: y * MM,
            width: width * MM,
            height: height * MM,
        }
    }

    fn sender_x(self) -> f32 {
        match self {
            Self::Right => MARGIN,
            Self::Left => 125.0 * MM,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    #[error("the letter does not fit one page")]
    TooLong,
    #[error("the built-in font cannot be read")]
    Font,
    #[error("the letter is no valid PDF/A")]
    Invalid,
}

/// A letter ready to be shown or printed.
#[derive(Clone)]
pub struct LetterPdf {
    pub bytes: Vec<u8>,
    /// Why it can be shown, but not sent by post.
    pub unpostable: Option<Unpostable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unpostable {
    /// Only the name stands in the window.
    #[error("name and address do not fit the envelope's window")]
    TooLong,
    /// They stand as boxes.
    #[error("the address has letters that the letter's font lacks")]
    MissingLetters,
}

impl std::fmt::Debug for LetterPdf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LetterPdf({} bytes)", self.bytes.len())
    }
}

/// The same bytes every time for the same content.
pub fn letter_pdf(content: &LetterContent, window: Window) -> Result<LetterPdf, PdfError> {
    let mut set = Typesetter::new().ok_or(PdfError::Font)?;
    let words = letter_words(content);
    let (address, unpostable) = match address(&mut set, &content.recipient, window) {
        Some(lines) if lines.iter().any(|line| line.lacks_letters) => {
            (lines, Some(Unpostable::MissingLetters))
        }
        Some(lines) => (lines, None),
        None => {
            let alone = Party {
                name: content.recipient.name.clone(),
                lines: Vec::new(),
            };
            let name = address(&mut set, &alone, window).ok_or(PdfError::TooLong)?;
            (name, Some(Unpostable::TooLong))
        }
    };
    let sheet = Sheet {
        sender: sender(&mut set, &content.sender),
        address,
        body: body(&mut set, &words)?,
        footer: set.block(&words.footer, SMALL, WIDTH),
    };
    let bytes = sheet.write(content, words.title, window)?;
    Ok(LetterPdf { bytes, unpostable })
}

const SENDER_WIDTH: f32 = 75.0 * MM;
const SMALL: Style = Style {
    size: 8.0,
    bold: false,
    leading: 1.25,
};

/// The first of these sizes at which name and address fit the window.
const ADDRESS_SIZES: [f32; 8] = [10.0, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0];

/// The lines in the window, `None` if they do not fit. Each is a block of its own: a name written
/// from the right must not turn the street round.
fn address(set: &mut Typesetter, to: &Party, window: Window) -> Option<Vec<Block>> {
    let place = window.address();
    let lines: Vec<String> = std::iter::once(&to.name)
        .chain(&to.lines)
        .filter_map(|line| clean_name(line))
        .collect();
    for size in ADDRESS_SIZES {
        let style = Style {
            size,
            bold: false,
            leading: 1.15,
        };
        let blocks = blocks(set, &lines, style, place.width);
        if blocks.iter().map(Block::height).sum::<f32>() <= place.height {
            return Some(blocks);
        }
    }
    None
}

fn blocks(set: &mut Typesetter, lines: &[String], style: Style, width: f32) -> Vec<Block> {
    lines.iter().map(|l| set.block(l, style, width)).collect()
}

fn sender(set: &mut Typesetter, from: &Party) -> Vec<Block> {
    let name = Style {
        size: 11.0,
        bold: true,
        leading: 1.3,
    };
    let lines: Vec<String> = from.lines.iter().filter_map(|l| clean_name(l)).collect();
    let mut all = vec![set.block(&from.name, name, SENDER_WIDTH)];
    all.extend(blocks(set, &lines, SMALL, SENDER_WIDTH));
    all
}

/// A paragraph and the space after it.
struct Paragraph {
    block: Block,
    after: f32,
    heading: bool,
}

fn body(set: &mut Typesetter, words: &LetterWords) -> Result<Vec<Paragraph>, PdfError> {
    // A name of several hundred characters takes lines from the rest.
    for size in [11.0, 10.0, 9.0] {
        let paragraphs = paragraphs(set, words, size);
        let height: f32 = paragraphs.iter().map(|p| p.block.height() + p.after).sum();
        if BODY_TOP + height <= FOOTER_TOP - 3.0 * MM {
            return Ok(paragraphs);
        }
    }
    Err(PdfError::TooLong)
}

fn paragraphs(set: &mut Typesetter, words: &LetterWords, size: f32) -> Vec<Paragraph> {
    let mut paragraph = |text: &str, size: f32, bold: bool, heading: bool| Paragraph {
        block: set.block(
            text,
            Style {
                size,
                bold,
                leading: 1.4,
            },
            WIDTH,
        ),
        after: size * 0.6,
        heading,
    };
    let mut all = vec![
        paragraph(&words.date, size, false, false),
        paragraph(words.title, 18.0, true, true),
        paragraph(&words.case, size, false, false),
    ];
    all.extend(
        words
            .before
            .iter()
            .map(|t| paragraph(t, size, false, false)),
    );
    all.push(paragraph(&words.code, 34.0, true, false));
    all.extend(words.after.iter().map(|t| paragraph(t, size, false, false)));
    all.push(paragraph(&words.last, size, true, false));
    all
}

/// All that stands on the page.
struct Sheet {
    sender: Vec<Block>,
    address: Vec<Block>,
    body: Vec<Paragraph>,
    footer: Block,
}

impl Sheet {
    fn write(
        &self,
        content: &LetterContent,
        title: &str,
        window: Window,
    ) -> Result<Vec<u8>, PdfError> {
        let configuration = ConfigurationBuilder::new()
            .with_archival_validator(Archival::A2_A)
            .with_accessibility_validator(Accessibility::UA1)
            .finish()
            .map_err(|_| PdfError::Invalid)?;
        let mut document = Document::new_with(SerializeSettings {
            configuration,
            enable_tagging: true,
            ..Default::default()
        });
        let page = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError::Invalid)?;
        let mut page = document.start_page_with(page);
        let mut surface = page.surface();
        let tags = self.draw(&mut surface, title, window);
        surface.finish();
        page.finish();
        document.set_tag_tree(tags);
        document.set_outline(Outline::new());
        document.set_metadata(metadata(content, title));
        document.finish().map_err(|_| PdfError::Invalid)
    }

    fn draw(&self, surface: &mut Surface<'_>, title: &str, window: Window) -> TagTree {
        let mut tags = TagTree::new();
        let mut push = |tag: TagKind, ids: Vec<Identifier>| {
            let mut group = TagGroup::new(tag);
            for id in ids {
                group.push(id);
            }
            tags.push(group);
        };
        let place = window.address();
        for (blocks, x, top) in [
            (&self.sender, window.sender_x(), 15.0 * MM),
            (&self.address, place.x, place.y),
        ] {
            let (mut y, mut ids) = (top, Vec::new());
            for block in blocks {
                ids.extend(block.draw(surface, x, y));
                y += block.height();
            }
            push(Tag::P.into(), ids);
        }
        let mut y = BODY_TOP;
        for paragraph in &self.body {
            let tag = if paragraph.heading {
                Tag::Hn(std::num::NonZeroU16::MIN, Some(title.to_owned())).into()
            } else {
                Tag::P.into()
            };
            push(tag, paragraph.block.draw(surface, MARGIN, y));
            y += paragraph.block.height() + paragraph.after;
        }
        push(Tag::P.into(), self.footer.draw(surface, MARGIN, FOOTER_TOP));
        tags
    }
}

/// Names nobody: metadata is what search engines and previews read first.
fn metadata(content: &LetterContent, title: &str) -> Metadata {
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    let date = DateTime::new(u16::try_from(content.made_on.year()).unwrap_or(0))
        .month(part(content.made_on.month()))
        .day(part(content.made_on.day()));
    Metadata::new()
        .title(title.to_owned())
        .language(content.language.code().to_owned())
        .creator("idproof".to_owned())
        .creation_date(date)
        .document_id(content.letter.to_string())
}
