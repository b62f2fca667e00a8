use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{Figure, html};

/// Why no report could be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("{}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("a plot could not be drawn: {0}")]
    Plot(String),
}

/// Rows of text under a head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub title: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// An image with what is to be seen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub caption: String,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A WAV file with what is to be heard in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    pub caption: String,
    pub wav: Vec<u8>,
}

/// A part of the page, in the order it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section {
    Text(String),
    Table(Table),
    /// A drawing, and the same numbers for who cannot see it.
    Plot {
        title: String,
        svg: String,
        table: Table,
    },
    Pictures {
        title: String,
        items: Vec<Picture>,
    },
    Sounds {
        title: String,
        items: Vec<Sound>,
    },
}

/// What was measured: `report.json` and `report.html`.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub(crate) title: String,
    pub(crate) about: Vec<String>,
    pub(crate) figures: BTreeMap<String, Figure>,
    pub(crate) sections: Vec<Section>,
}

#[derive(Serialize)]
struct Json<'a> {
    title: &'a str,
    about: &'a [String],
    figures: &'a BTreeMap<String, Figure>,
}

impl Report {
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            about: Vec::new(),
            figures: BTreeMap::new(),
            sections: Vec::new(),
        }
    }

    /// A line on how it was measured: data, models, thresholds.
    #[must_use]
    pub fn about(mut self, line: impl Into<String>) -> Self {
        self.about.push(line.into());
        self
    }

    #[must_use]
    pub fn figure(mut self, name: impl Into<String>, figure: Figure) -> Self {
        self.figures.insert(name.into(), figure);
        self
    }

    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    pub fn figures(&self) -> &BTreeMap<String, Figure> {
        &self.figures
    }

    /// Writes `report.json` and the self-contained `report.html` into `dir`, which is made.
    pub fn write(&self, dir: &Path) -> Result<(), ReportError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| ReportError::Write { path, source }
        };
        std::fs::create_dir_all(dir).map_err(at(dir))?;
        let json = serde_json::to_string_pretty(&Json {
            title: &self.title,
            about: &self.about,
            figures: &self.figures,
        })
        .map_err(|e| at(dir)(io::Error::other(e)))?;
        for (name, text) in [
            ("report.json", json + "\n"),
            ("report.html", html::page(self)),
        ] {
            let path = dir.join(name);
            std::fs::write(&path, text).map_err(at(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_hold_the_figures_and_text_stays_text() {
        let dir = tempfile::tempdir().unwrap();
        Report::new("Faces <b>")
            .about("12 pictures")
            .figure("eer", Figure::share(1, 40))
            .figure("seconds", Figure::bare(None, 0))
            .section(Section::Pictures {
                title: "Worst".to_owned(),
                items: vec![Picture {
                    caption: "\"><script>".to_owned(),
                    media_type: "image/png",
                    bytes: vec![1, 2, 3],
                }],
            })
            .write(&dir.path().join("new"))
            .unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join("new").join(name)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
        assert_eq!(json["figures"]["eer"]["value"], 0.025);
        assert_eq!(json["figures"]["eer"]["n"], 40);
        assert!(json["figures"]["eer"]["ci95"][1].as_f64().unwrap() > 0.1);
        assert!(json["figures"]["seconds"]["value"].is_null());
        let html = read("report.html");
        assert!(html.contains("Faces &lt;b&gt;") && !html.contains("<script>"));
        assert!(html.contains("data:image/png;base64,AQID"));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Report::new("x").write(file.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&file.path().display().to_string())
        );
    }
}
