use idproof_domain::seal::{Seal, SealError, Trust};

use crate::image::{Point, RgbImage};
use crate::model::{ModelError, ModelIdentity};

/// One line of printed text.
#[derive(Clone, PartialEq)]
pub struct TextLine {
    /// Corners clockwise from the text's own top left, pixels of the image given.
    pub corners: [Point; 4],
    pub text: String,
    /// Mean character confidence, 0..=1.
    pub confidence: f32,
}

impl std::fmt::Debug for TextLine {
    /// Length and place: the text is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "TextLine({} chars at {:?})",
            self.text.chars().count(),
            self.corners[0]
        )
    }
}

/// A document's four corners in a picture, clockwise from one of them; pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quad {
    pub corners: [Point; 4],
}

/// Finds documents in a photograph.
pub trait DocumentFinder: Send {
    /// Every document found, the largest first; none where no outline stands out. The first
    /// corner is the picture's top left of the document, as near as can be told without
    /// reading it.
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Quad>, ModelError>;
}

/// A DataMatrix found on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundSeal {
    TwoDDoc {
        seal: Seal,
        trust: Trust,
    },
    /// It begins as a 2D-Doc and is none.
    Broken(SealError),
    /// Of another kind, such as the seal of the French card of 2021, whose layout is not
    /// public: seen, never verified.
    OtherFormat,
}

/// Finds and judges seals.
pub trait SealReader: Send {
    /// Each symbol once.
    fn read(&mut self, image: &RgbImage) -> Result<Vec<FoundSeal>, ModelError>;
}

/// What is known of a picture of print before it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageRequest {
    /// Pixels that its longer side is brought to for its lines to be found.
    pub side: u32,
    /// It may stand upside down.
    pub may_be_turned: bool,
    /// It shows the document alone, so that its print lies level.
    pub is_level: bool,
    /// Share of its height, from the top, in which lines are read: a zone lies below.
    pub down_to: f32,
    /// Lines that are thinner are left out; pixels of the picture.
    pub thinnest: f32,
}

/// The print of a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageRead {
    /// In any order, where they stand in the picture given.
    pub lines: Vec<TextLine>,
    /// The picture stands upside down.
    pub turned: bool,
}

/// Where lines run in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundLines {
    /// Each clockwise from its text's own top left.
    pub places: Vec<Quad>,
    /// A zone would stand out among them: the longest are large enough to tell.
    pub are_clear: bool,
}

/// What lines found elsewhere tell of a machine-readable zone.
#[derive(Debug, Clone, PartialEq)]
pub enum ZoneAmong {
    /// Its rows, top to bottom, in which nothing was repaired and every check digit is right.
    Read(Vec<TextLine>),
    /// None of them is a zone's.
    None,
    /// Only a longer look can tell.
    Unsure,
}

/// Reads printed text from a document photograph.
pub trait TextReader: Send {
    /// Finds the lines of a document that fills the picture and lies level; `side`: pixels that its longer side is
    /// brought to.
    fn find_lines(&mut self, image: &RgbImage, side: u32) -> Result<FoundLines, ModelError>;

    /// Looks for a zone among lines whose places are known, in whatever picture shows them best.
    fn read_mrz_among(&mut self, image: &RgbImage, lines: &[Quad])
    -> Result<ZoneAmong, ModelError>;

    /// The lines of a page: those given, or else every line found.
    fn read(
        &mut self,
        image: &RgbImage,
        lines: Option<&[Quad]>,
        request: &PageRequest,
    ) -> Result<PageRead, ModelError>;

    /// Whether print may run beside the documents seen in a photograph: another may lie there, or one of them was found
    /// too small. Where they take most of it there is no telling, and the answer is yes.
    fn is_print_beside(&mut self, image: &RgbImage, documents: &[Quad])
    -> Result<bool, ModelError>;

    /// Only the lines that could belong to a machine-readable zone, top to bottom, each
    /// restricted to `A-Z0-9<`. Whatever way the zone is turned in the image. `documents`: where documents were seen;
    /// that is looked at first, and the rest where it may hold a zone.
    fn read_mrz_lines(
        &mut self,
        image: &RgbImage,
        documents: &[Quad],
    ) -> Result<Vec<TextLine>, ModelError>;

    /// The text of an image that shows one line of a machine-readable zone and nothing else,
    /// in `A-Z0-9<`; `None` where none can be made out.
    fn read_mrz_line(&mut self, image: &RgbImage) -> Result<Option<TextLine>, ModelError>;

    fn identities(&self) -> Vec<ModelIdentity>;
}
