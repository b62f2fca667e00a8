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

/// Reads printed text from a document photograph.
pub trait TextReader: Send {
    /// Every line found, in any order.
    fn read(&mut self, image: &RgbImage) -> Result<Vec<TextLine>, ModelError>;

    /// Only the lines that could belong to a machine-readable zone, top to bottom, each
    /// restricted to `A-Z0-9<`. Whatever way the zone is turned in the image.
    fn read_mrz_lines(&mut self, image: &RgbImage) -> Result<Vec<TextLine>, ModelError>;

    fn identities(&self) -> Vec<ModelIdentity>;
}
