//! Numbers and statuses as words of a text, so that they come back bit for bit: JSON has no NaN,
//! and its readers may round.

use std::fmt::{Display, Write as _};
use std::str::SplitAsciiWhitespace;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::evidence::{Measured, median};
use crate::face::Comparison;
use crate::reason::ReasonCode;

/// No case holds a longer list.
pub(super) const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Writer(pub String);

impl Writer {
    pub fn word(&mut self, word: impl Display) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{word}");
    }
}

pub(super) struct Reader<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self(text.split_ascii_whitespace())
    }

    pub fn word(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    /// Steps over the next word if it is this one.
    pub fn passes(&mut self, word: &str) -> bool {
        let mut rest = self.0.clone();
        let is_next = rest.next() == Some(word);
        if is_next {
            self.0 = rest;
        }
        is_next
    }

    /// Everything was read.
    pub fn at_end(mut self) -> bool {
        self.0.next().is_none()
    }
}

/// What can be written down and read back.
pub(super) trait Words: Sized {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl Words for $type {
            fn write(&self, to: &mut Writer) {
                to.word(self);
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                from.word()?.parse().ok()
            }
        }
    )+};
}

whole_numbers!(u32, u64, usize, i32);

/// What a number's bits begin with; older scores hold decimal numbers.
const BITS: char = ':';

impl Words for f64 {
    /// Its bits, without the zeros at their end: shorter than the decimal digits that read back as the
    /// same number, and read without arithmetic.
    fn write(&self, to: &mut Writer) {
        let bits = self.to_be_bytes();
        let length = bits
            .iter()
            .rposition(|b| *b != 0)
            .map_or(0, |last| last + 1);
        to.word(BITS);
        URL_SAFE_NO_PAD.encode_string(bits.get(..length).unwrap_or(&bits), &mut to.0);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let word = from.word()?;
        let Some(text) = word.strip_prefix(BITS) else {
            return word.parse().ok();
        };
        // One byte more than the bits: a longer word is seen to be none.
        let mut bits = [0; 9];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bits).ok()?;
        let bits = bits.first_chunk().filter(|_| length <= 8)?;
        Some(Self::from_be_bytes(*bits))
    }
}

impl Words for bool {
    fn write(&self, to: &mut Writer) {
        to.word(u8::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match from.word()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }
}

impl<T: Words> Words for Option<T> {
    fn write(&self, to: &mut Writer) {
        match self {
            None => to.word('-'),
            Some(value) => {
                to.word('+');
                value.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match from.word()? {
            "-" => Some(None),
            "+" => T::read(from).map(Some),
            _ => None,
        }
    }
}

impl<T: Words> Words for Vec<T> {
    fn write(&self, to: &mut Writer) {
        to.word(self.len());
        for item in self {
            item.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let n = usize::read(from)?;
        // Every item takes a word, so that a false count ends with the text.
        let mut all = Self::new();
        for _ in 0..n {
            all.push(T::read(from)?);
        }
        Some(all)
    }
}

impl<T: Words> Words for Measured<T> {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Value(value) => {
                to.word('=');
                value.write(to);
            }
            Self::Unavailable { reason, .. } => {
                to.word('!');
                to.word(reason.as_str());
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match from.word()? {
            "=" => T::read(from).map(Self::Value),
            "!" => {
                let code = from.word()?;
                let all = ReasonCode::ALL.iter().copied();
                let reason = all.into_iter().find(|r| r.as_str() == code)?;
                Some(Self::unavailable(reason, ""))
            }
            _ => None,
        }
    }
}

/// A name as one word.
struct Name(String);

impl Words for Name {
    fn write(&self, to: &mut Writer) {
        let mut word = String::with_capacity(self.0.len() + 1);
        // Begins with a sign, so that an empty name is a word too.
        word.push('\'');
        for c in self.0.chars() {
            if c.is_whitespace() || c.is_control() || c == '%' {
                let _ = write!(word, "%{:x};", u32::from(c));
            } else {
                word.push(c);
            }
        }
        to.word(word);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut rest = from.word()?.strip_prefix('\'')?;
        let mut name = String::new();
        while let Some((before, after)) = rest.split_once('%') {
            let (code, after) = after.split_once(';')?;
            name.push_str(before);
            name.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
            rest = after;
        }
        name.push_str(rest);
        Some(Self(name))
    }
}

/// Comparisons of faces: the embedders' names once, then each comparison by their places.
pub(super) fn write_comparisons(all: &[Comparison], to: &mut Writer) {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in all.iter().flat_map(|c| &c.distances) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let list: Vec<Name> = names.iter().map(|n| Name((*n).to_owned())).collect();
    list.write(to);
    to.word(all.len());
    for comparison in all {
        to.word(comparison.distances.len());
        for (name, distance) in &comparison.distances {
            to.word(names.iter().position(|n| n == name).unwrap_or(0));
            distance.write(to);
        }
    }
}

pub(super) fn read_comparisons(from: &mut Reader<'_>) -> Option<Vec<Comparison>> {
    let names = Vec::<Name>::read(from)?;
    let n = usize::read(from)?;
    let mut all = Vec::new();
    for _ in 0..n {
        let count = usize::read(from)?;
        let mut distances = Vec::new();
        for _ in 0..count {
            let name = names.get(usize::read(from)?)?.0.clone();
            distances.push((name, f64::read(from)?));
        }
        all.push(Comparison { distances });
    }
    Some(all)
}

/// What a list begins with of which only length and median are kept.
const MEDIAN: char = '~';

/// Of numbers that are judged by their median: how many there are, and the median.
pub(super) fn write_median(all: &[f64], to: &mut Writer) {
    to.word(MEDIAN);
    let _ = write!(to.0, "{}", all.len());
    if !all.is_empty() {
        median(all).unwrap_or(f64::NAN).write(to);
    }
}

/// As many numbers, each of them the median.
pub(super) fn read_median(from: &mut Reader<'_>) -> Option<Vec<f64>> {
    let word = from.word()?;
    let Some(n) = word.strip_prefix(MEDIAN) else {
        // Older scores hold every number.
        let n = word.parse().ok()?;
        return (0..n).map(|_: usize| f64::read(from)).collect();
    };
    match n.parse().ok().filter(|n| *n <= MOST)? {
        0 => Some(Vec::new()),
        n => Some(vec![f64::read(from)?; n]),
    }
}

/// Writes a struct whose last fields, those behind the bar, are judged by their medians.
macro_rules! medians {
    ($($type:ident { $($field:ident),* | $($list:ident),+ })+) => {$(
        impl Words for $type {
            fn write(&self, to: &mut Writer) {
                let Self { $($field,)* $($list),+ } = self;
                $($field.write(to);)*
                $(write_median($list, to);)+
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Some(Self { $($field: Words::read(from)?,)* $($list: read_median(from)?),+ })
            }
        }
    )+};
}

/// Writes a struct field by field.
macro_rules! by_fields {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Words for $type {
            fn write(&self, to: &mut Writer) {
                // Names every field: a new one must be kept too.
                let Self { $($field),+ } = self;
                $($field.write(to);)+
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Some(Self { $($field: Words::read(from)?),+ })
            }
        }
    )+};
}

/// Writes an enum without content as its word.
macro_rules! by_name {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Words for $type {
            fn write(&self, to: &mut Writer) {
                to.word(match self { $(Self::$variant => $word),+ });
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                match from.word()? { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

pub(super) use {by_fields, by_name, medians};
