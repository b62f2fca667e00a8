//! Paragraphs of any script on a page: wrapped and shaped by parley, drawn by krilla.

use std::borrow::Cow;
use std::sync::Arc;

use krilla::Data;
use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::tagging::{ContentTag, Identifier, SpanTag};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use parley::fontique::{Blob, Collection, CollectionOptions};
use parley::layout::{Alignment, AlignmentOptions, Layout, Line};
use parley::style::{
    FontFamily, FontFamilyName, FontWeight, LineHeight, OverflowWrap, StyleProperty,
};
use parley::{FontContext, LayoutContext};

/// Stands where the font has no picture for a character.
const PLACEHOLDER: &str = "\u{25a1}";

/// DejaVu Sans: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and many symbols,
/// built in, so that a letter looks the same on every machine.
pub(super) struct Typesetter {
    fonts: FontContext,
    layouts: LayoutContext<()>,
    regular: Font,
    bold: Font,
}

#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Points.
    pub size: f32,
    pub bold: bool,
    /// Line height over size.
    pub leading: f32,
}

/// A paragraph that has its lines.
pub(super) struct Block {
    text: String,
    layout: Layout<()>,
    size: f32,
    font: Font,
    /// Letters (not symbols or emoji) that the font lacks.
    pub lacks_letters: bool,
}

impl Typesetter {
    /// `None` only if the built-in fonts cannot be read.
    pub(super) fn new() -> Option<Self> {
        let mut collection = Collection::new(CollectionOptions {
            shared: false,
            system_fonts: false,
        });
        for data in [dejavu::sans::regular(), dejavu::sans::bold()] {
            collection.register_fonts(Blob::new(Arc::new(data)), None);
        }
        Some(Self {
            fonts: FontContext {
                collection,
                source_cache: Default::default(),
            },
            layouts: LayoutContext::new(),
            regular: Font::new(Data::from(dejavu::sans::regular()), 0)?,
            bold: Font::new(Data::from(dejavu::sans::bold()), 0)?,
        })
    }

    /// Breaks `text` into lines of at most `width` points. What the font cannot show becomes a box.
    pub(super) fn block(&mut self, text: &str, style: Style, width: f32) -> Block {
        let layout = self.lay_out(text, style, width);
        let missing = missing(&layout);
        let lacks_letters = missing
            .iter()
            .any(|range| text[range.clone()].chars().any(char::is_alphabetic));
        let font = if style.bold {
            &self.bold
        } else {
            &self.regular
        };
        let mut block = Block {
            text: text.to_owned(),
            layout,
            size: style.size,
            font: font.clone(),
            lacks_letters,
        };
        if !missing.is_empty() {
            for range in missing.into_iter().rev() {
                block.text.replace_range(range, PLACEHOLDER);
            }
            block.layout = self.lay_out(&block.text, style, width);
        }
        block
    }

    fn lay_out(&mut self, text: &str, style: Style, width: f32) -> Layout<()> {
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.fonts, text, 1.0, false);
        let family = FontFamilyName::Named(Cow::Borrowed("DejaVu Sans"));
        builder.push_default(StyleProperty::FontFamily(FontFamily::Single(family)));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(LineHeight::FontSizeRelative(style.leading));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        if style.bold {
            builder.push_default(StyleProperty::FontWeight(FontWeight::BOLD));
        }
        let mut layout = builder.build(text);
        layout.break_all_lines(Some(width));
        layout.align(Alignment::Left, AlignmentOptions::default());
        layout
    }
}

/// The parts of the text without a glyph, in order.
fn missing(layout: &Layout<()>) -> Vec<std::ops::Range<usize>> {
    let mut ranges: Vec<_> = layout
        .lines()
        .flat_map(|line| line.runs().collect::<Vec<_>>())
        .flat_map(|run| run.clusters().collect::<Vec<_>>())
        .filter(|cluster| cluster.glyphs().any(|glyph| glyph.id == 0))
        .map(|cluster| cluster.text_range())
        .collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    ranges
}

impl Block {
    /// Points.
    pub(super) fn height(&self) -> f32 {
        self.layout.height()
    }

    /// Draws the block with its top left corner at (x, y); one identifier a line for the tags.
    pub(super) fn draw(&self, surface: &mut Surface<'_>, x: f32, y: f32) -> Vec<Identifier> {
        let mut tags = Vec::new();
        for line in self.layout.lines() {
            tags.push(surface.start_tagged(ContentTag::Span(SpanTag::empty())));
            self.draw_line(surface, line, x, y);
            surface.end_tagged();
        }
        tags
    }

    fn draw_line(&self, surface: &mut Surface<'_>, line: Line<'_, ()>, x: f32, y: f32) {
        let mut x = x + line.metrics().offset;
        let y = y + line.metrics().baseline;
        for run in line.runs() {
            let start = x;
            let mut glyphs: Vec<KrillaGlyph> = Vec::new();
            for cluster in run.visual_clusters() {
                if cluster.is_ligature_continuation() {
                    // It has no glyph of its own.
                    if let Some(last) = glyphs.last_mut() {
                        let range = cluster.text_range();
                        last.text_range.start = last.text_range.start.min(range.start);
                        last.text_range.end = last.text_range.end.max(range.end);
                    }
                    continue;
                }
                for glyph in cluster.glyphs() {
                    glyphs.push(KrillaGlyph::new(
                        GlyphId::new(glyph.id),
                        glyph.advance / self.size,
                        glyph.x / self.size,
                        glyph.y / self.size,
                        0.0,
                        cluster.text_range(),
                        None,
                    ));
                    x += glyph.advance;
                }
            }
            let at = Point::from_xy(start, y);
            surface.draw_glyphs(at, &glyphs, self.font.clone(), &self.text, self.size, false);
        }
    }
}
