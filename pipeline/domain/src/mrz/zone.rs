//! The raw characters of a zone, known to be of `A-Z0-9<` and of one format's size.

use super::MrzError;
use super::layout::{Format, Span};

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Zone {
    pub format: Format,
    lines: Vec<Vec<u8>>,
}

impl Zone {
    /// Lines top to bottom. The format follows from their number and length and from the
    /// first characters.
    pub fn new<S: AsRef<str>>(lines: &[S]) -> Result<Self, MrzError> {
        for (index, line) in lines.iter().enumerate() {
            if let Some(column) = line.as_ref().chars().position(|c| !in_alphabet(c)) {
                return Err(MrzError::Character {
                    line: index + 1,
                    column: column + 1,
                });
            }
        }
        let lengths: Vec<usize> = lines.iter().map(|l| l.as_ref().len()).collect();
        let first = lines.first().map_or("", |l| l.as_ref());
        let format = match lengths[..] {
            [30, 30, 30] => Format::Td1,
            [44, 44] if first.starts_with('V') => Format::MrvA,
            [44, 44] => Format::Td3,
            [36, 36] if first.starts_with('V') => Format::MrvB,
            [36, 36] if first.starts_with("IDFRA") => Format::FrenchCard,
            [36, 36] => Format::Td2,
            _ => return Err(MrzError::Size { lengths }),
        };
        Ok(Self {
            format,
            lines: lines
                .iter()
                .map(|l| l.as_ref().as_bytes().to_vec())
                .collect(),
        })
    }

    /// Lines already of the format's size and alphabet.
    pub fn of(format: Format, lines: Vec<Vec<u8>>) -> Self {
        Self { format, lines }
    }

    pub fn at(&self, line: usize, column: usize) -> u8 {
        self.lines[line][column]
    }

    pub fn set(&mut self, line: usize, column: usize, byte: u8) {
        self.lines[line][column] = byte;
    }

    pub fn strings(&self) -> Vec<String> {
        let text = |l: &Vec<u8>| l.iter().map(|b| char::from(*b)).collect();
        self.lines.iter().map(text).collect()
    }

    pub fn text(&self, span: Span) -> &[u8] {
        &self.lines[span.line][span.start..span.end]
    }

    /// The characters as text, fillers kept.
    pub fn string(&self, span: Span) -> String {
        self.text(span).iter().map(|b| char::from(*b)).collect()
    }
}

pub(super) fn in_alphabet(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<'
}
