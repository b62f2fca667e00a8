//! Scores with their truth: what `idproof eval` writes beside its reports (`scores.json`), and what a
//! policy's thresholds are held against.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ReportError;

/// The one form there is.
pub const FORMAT: &str = "idproof-labelled-1";
/// Most items of a set.
const MOST: usize = 2_000_000;
const LONGEST: usize = 120;

/// What kind of truth the labels tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Of one person or of two, of the right answer or of another: FMR and FNMR (ISO/IEC 19795-1).
    Comparison,
    /// An attack or a person who is there: APCER and BPCER (ISO/IEC 30107-3).
    PresentationAttack,
}

impl Kind {
    /// What its errors are called: wrongly accepted, wrongly not accepted.
    pub fn rates(self) -> (&'static str, &'static str) {
        match self {
            Self::Comparison => ("fmr", "fnmr"),
            Self::PresentationAttack => ("apcer", "bpcer"),
        }
    }
}

/// What an item truly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    Genuine,
    Impostor,
    BonaFide,
    Attack,
}

impl Label {
    /// Ought to be accepted.
    pub fn is_genuine(self) -> bool {
        matches!(self, Self::Genuine | Self::BonaFide)
    }

    fn fits(self, kind: Kind) -> bool {
        matches!(self, Self::Genuine | Self::Impostor) == (kind == Kind::Comparison)
    }
}

/// One score with its truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub label: Label,
    /// In the unit of the check's thresholds. `None`: it could not be measured, and is not accepted.
    pub score: Option<f64>,
    /// Whose: items that share a person are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<[u32; 2]>,
    /// Type of an attack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub species: Option<String>,
    /// Demographic group, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A set of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledSet {
    pub format: String,
    /// What people call it.
    pub name: String,
    /// The check whose thresholds the scores are compared with.
    pub check: String,
    /// Which of them, where the check has several: its key in a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    pub kind: Kind,
    /// How it came about.
    #[serde(default)]
    pub about: String,
    pub items: Vec<Item>,
}

/// Why a set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelledError {
    #[error("it is no JSON of the form {FORMAT}: line {line}, column {column}: {what}")]
    Json {
        line: usize,
        column: usize,
        what: String,
    },
    #[error("`format` must be {FORMAT}")]
    Format,
    #[error("`{0}` has 1 to {LONGEST} characters, none of them a control character")]
    Text(&'static str),
    #[error("item {0}: its label is not of this kind of set")]
    Label(usize),
    #[error("item {0}: `score` must be a finite number, or null where nothing could be measured")]
    Score(usize),
    #[error("there is no item that ought to be accepted")]
    NoGenuine,
    #[error("there is no item that ought not to be accepted")]
    NoImpostor,
    #[error("there are more than {MOST} items")]
    TooMany,
}

/// How many there are of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    pub kind: Kind,
    pub items: usize,
    pub genuine: usize,
    pub impostor: usize,
    pub groups: Vec<String>,
    pub species: Vec<String>,
}

fn text(text: &str, key: &'static str) -> Result<(), LabelledError> {
    let length = text.chars().count();
    let ok = (1..=LONGEST).contains(&length)
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control);
    ok.then_some(()).ok_or(LabelledError::Text(key))
}

impl LabelledSet {
    pub fn new(name: &str, check: &str, kind: Kind, items: Vec<Item>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            name: name.to_owned(),
            check: check.to_owned(),
            threshold: None,
            kind,
            about: String::new(),
            items,
        }
    }

    /// Reads and checks a file's content.
    pub fn parse(json: &[u8]) -> Result<Self, LabelledError> {
        let set: Self = serde_json::from_slice(json).map_err(|e| LabelledError::Json {
            line: e.line(),
            column: e.column(),
            // The reader's own words may repeat what stood there.
            what: match e.classify() {
                serde_json::error::Category::Data => {
                    "a field is unknown, missing or of another type"
                }
                serde_json::error::Category::Eof => "it ends too early",
                _ => "it is not JSON",
            }
            .to_owned(),
        })?;
        set.check().map(|()| set)
    }

    fn check(&self) -> Result<(), LabelledError> {
        if self.format != FORMAT {
            return Err(LabelledError::Format);
        }
        text(&self.name, "name")?;
        text(&self.check, "check")?;
        if let Some(key) = &self.threshold {
            text(key, "threshold")?;
        }
        if self.items.len() > MOST {
            return Err(LabelledError::TooMany);
        }
        for (i, item) in self.items.iter().enumerate() {
            if !item.label.fits(self.kind) {
                return Err(LabelledError::Label(i + 1));
            }
            if item.score.is_some_and(|s| !s.is_finite()) {
                return Err(LabelledError::Score(i + 1));
            }
            for (name, key) in [(&item.species, "species"), (&item.group, "group")] {
                if let Some(name) = name {
                    text(name, key)?;
                }
            }
        }
        let genuine = self.items.iter().filter(|i| i.label.is_genuine()).count();
        match genuine {
            0 => Err(LabelledError::NoGenuine),
            n if n == self.items.len() => Err(LabelledError::NoImpostor),
            _ => Ok(()),
        }
    }

    pub fn summary(&self) -> Summary {
        let names = |of: fn(&Item) -> Option<&String>| -> Vec<String> {
            let all: BTreeSet<&String> = self.items.iter().filter_map(of).collect();
            all.into_iter().cloned().collect()
        };
        let genuine = self.items.iter().filter(|i| i.label.is_genuine()).count();
        Summary {
            check: self.check.clone(),
            threshold: self.threshold.clone(),
            kind: self.kind,
            items: self.items.len(),
            genuine,
            impostor: self.items.len() - genuine,
            groups: names(|i| i.group.as_ref()),
            species: names(|i| i.species.as_ref()),
        }
    }

    /// Writes `scores.json` into `dir`, which exists.
    pub fn write(&self, dir: &Path) -> Result<(), ReportError> {
        self.write_as(dir, "scores.json")
    }

    /// Writes a file of this name into `dir`, which exists.
    pub fn write_as(&self, dir: &Path, name: &str) -> Result<(), ReportError> {
        let path = dir.join(name);
        let text = serde_json::to_vec(self).map_err(io::Error::other);
        text.and_then(|text| std::fs::write(&path, text))
            .map_err(|source| ReportError::Write { path, source })
    }

    /// Items that share a name, by that name.
    pub(crate) fn by<'a>(
        &'a self,
        name: impl Fn(&'a Item) -> Option<&'a String>,
    ) -> BTreeMap<&'a str, Vec<&'a Item>> {
        let mut all: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
        for item in &self.items {
            if let Some(name) = name(item) {
                all.entry(name).or_default().push(item);
            }
        }
        all
    }
}
