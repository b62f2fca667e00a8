//! Headed lists of names and values as a tagged PDF, over as many A4 pages as they need: the
//! evidence of a case on paper.

use krilla::configure::ConfigurationBuilder;
use krilla::configure::validate::{Accessibility, Archival};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::Outline;
use krilla::page::PageSettings;
use krilla::tagging::{Identifier, Tag, TagGroup, TagKind, TagTree};
use krilla::{Document, SerializeSettings};

use super::pdf::{MARGIN, MM, PAGE, PdfError, WIDTH};
use super::typeset::{Block, Style, Typesetter};

const BOTTOM: f32 = PAGE.1 - MARGIN;
const TITLE: Style = style(16.0, true);
const HEADING: Style = style(11.0, true);
const NAME: Style = style(8.5, true);
const VALUE: Style = style(8.5, false);
const NAMES: f32 = 48.0 * MM;
const GAP: f32 = 4.0 * MM;
/// Longer values are cut on paper; the signed file has them whole.
const LONGEST: usize = 2_000;

const fn style(size: f32, bold: bool) -> Style {
    Style {
        size,
        bold,
        leading: 1.35,
    }
}

/// What is to be set.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    pub title: &'a str,
    /// Year, month, day.
    pub day: (i16, i8, i8),
    /// Identifies the document.
    pub id: &'a str,
    pub sections: &'a [(String, Vec<(String, String)>)],
}

/// What stands beside each other on a page, and how it is tagged.
struct Row {
    blocks: Vec<(f32, Block)>,
    before: f32,
    tag: TagKind,
}

impl Row {
    fn height(&self) -> f32 {
        self.blocks
            .iter()
            .map(|(_, b)| b.height())
            .fold(0.0, f32::max)
    }
}

fn heading(level: u16, text: &str) -> TagKind {
    let level = std::num::NonZeroU16::new(level).unwrap_or(std::num::NonZeroU16::MIN);
    Tag::Hn(level, Some(text.to_owned())).into()
}

/// One line of characters that a page can show.
fn plain(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text
    }
}

fn rows(sheet: &Sheet<'_>, set: &mut Typesetter) -> Vec<Row> {
    let mut rows = vec![Row {
        blocks: vec![(0.0, set.block(&plain(sheet.title), TITLE, WIDTH))],
        before: 0.0,
        tag: heading(1, sheet.title),
    }];
    for (name, pairs) in sheet.sections {
        rows.push(Row {
            blocks: vec![(0.0, set.block(&plain(name), HEADING, WIDTH))],
            before: 5.0 * MM,
            tag: heading(2, name),
        });
        for (name, value) in pairs {
            let width = WIDTH - NAMES - GAP;
            rows.push(Row {
                blocks: vec![
                    (0.0, set.block(&plain(name), NAME, NAMES)),
                    (NAMES + GAP, set.block(&plain(value), VALUE, width)),
                ],
                before: 0.8 * MM,
                tag: Tag::P.into(),
            });
        }
    }
    rows
}

/// The same bytes every time for the same content.
pub fn sheet_pdf(sheet: &Sheet<'_>) -> Result<Vec<u8>, PdfError> {
    let mut set = Typesetter::new().ok_or(PdfError::Font)?;
    let rows = rows(sheet, &mut set);
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
    let mut tags = TagTree::new();
    let mut rest = rows.into_iter().peekable();
    while rest.peek().is_some() {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError::Invalid)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut y = MARGIN;
        let mut first = true;
        while let Some(row) = rest.next_if(|row| first || y + row.before + row.height() <= BOTTOM) {
            y += if first { 0.0 } else { row.before };
            first = false;
            let ids: Vec<Identifier> = row
                .blocks
                .iter()
                .flat_map(|(x, block)| block.draw(&mut surface, MARGIN + x, y))
                .collect();
            y += row.height();
            let mut group = TagGroup::new(row.tag);
            for id in ids {
                group.push(id);
            }
            tags.push(group);
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tags);
    document.set_outline(Outline::new());
    document.set_metadata(metadata(sheet));
    document.finish().map_err(|_| PdfError::Invalid)
}

fn metadata(sheet: &Sheet<'_>) -> Metadata {
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    let (year, month, day) = sheet.day;
    let date = DateTime::new(u16::try_from(year).unwrap_or(0))
        .month(part(month))
        .day(part(day));
    Metadata::new()
        .title(sheet.title.to_owned())
        .language("en".to_owned())
        .creator("idproof".to_owned())
        .creation_date(date)
        .document_id(sheet.id.to_owned())
}
