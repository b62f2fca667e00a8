//! `scores.json`: every compared pair with its truth, for policies to be held against.

use std::collections::HashMap;
use std::path::Path;

use idproof_domain::CheckName;
use idproof_domain::face::Pair;
use idproof_evaluation::labelled::{Item, Kind, Label, LabelledSet};

use super::gather::{Album, Photo};
use super::pairs::{Pairs, Scored};
use crate::commands::UnusableInput;
use crate::commands::eval::{rounded, set_name};

/// Beside the folders: which group a person belongs to, a line `folder<TAB>group` each.
const GROUPS: &str = "groups.tsv";

/// Groups by folder; none where the file is missing.
pub struct Groups(HashMap<String, String>);

impl Groups {
    pub fn read(data: &Path) -> Result<Self, UnusableInput> {
        let path = data.join(GROUPS);
        if !path.exists() {
            return Ok(Self(HashMap::new()));
        }
        let wrong = |why: &str| UnusableInput(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(&e.to_string()))?;
        let mut all = HashMap::new();
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
            let Some((folder, group)) = line.split_once('\t') else {
                return Err(wrong(&format!("line {}: expected folder<TAB>group", n + 1)));
            };
            all.insert(folder.trim().to_owned(), group.trim().to_owned());
        }
        Ok(Self(all))
    }

    fn of(&self, photo: &Photo) -> Option<&String> {
        let folder = photo.path.parent()?.file_name()?.to_string_lossy();
        self.0.get(&*folder)
    }
}

/// Printed portraits are what documents hold: theirs are the scores of `face_match`. Two
/// photographs are compared where one recording must show one person throughout.
pub fn of(album: &Album, pairs: &Pairs, pair: Pair, groups: &Groups, data: &Path) -> LabelledSet {
    let item = |scored: &Scored, label| {
        let (one, other) = (
            groups.of(&album.photos[scored.a]),
            groups.of(&album.photos[scored.b]),
        );
        let person = |p: usize| u32::try_from(p).unwrap_or(u32::MAX);
        Item {
            label,
            // As a pair that cannot be scored is marked.
            score: (scored.ratio > -1e9).then(|| rounded(scored.ratio)),
            people: Some([person(scored.people.0), person(scored.people.1)]),
            species: None,
            group: one.filter(|_| one == other).cloned(),
        }
    };
    let genuine = pairs.genuine.iter().map(|p| item(p, Label::Genuine));
    let impostor = pairs.impostor.iter().map(|p| item(p, Label::Impostor));
    let check = match pair {
        Pair::Portrait => CheckName::FaceMatch,
        Pair::Photographs => CheckName::FaceContinuity,
    };
    let mut set = LabelledSet::new(
        &set_name(&format!("faces {}", pair.as_str()), data),
        check.as_str(),
        Kind::Comparison,
        genuine.chain(impostor).collect(),
    );
    set.about = format!(
        "{} photographs of {} people, every pair; networks {}.",
        album.photos.len(),
        album.people,
        album.models.join(", ")
    );
    set
}
