use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use idproof_evaluation::Figure;
use idproof_ports::{MediaDecoder, RgbImage};
use idproof_worker::FaceTools;
use idproof_worker::faces::{Enrolled, Template};
use sha2::{Digest, Sha256};

use super::degrade::printed;
use crate::commands::UnusableInput;
use crate::commands::eval::progress;
use crate::terminal::note;

/// One photograph and what the networks made of it.
pub struct Photo {
    pub path: PathBuf,
    pub person: usize,
    /// `None`: no face was found.
    pub template: Option<Template>,
    /// The same of its printed-portrait version.
    pub portrait: Option<Template>,
}

/// Every photograph, by person.
pub struct Album {
    pub photos: Vec<Photo>,
    pub people: usize,
    /// By person: whether calibrations may be fitted on them.
    fitting: Vec<bool>,
    pub models: Vec<String>,
}

impl Album {
    pub fn is_for_fitting(&self, person: usize) -> bool {
        self.fitting[person]
    }

    /// Photographs of which `there` does not hold.
    pub fn failure_to_enrol(&self, there: impl Fn(&Photo) -> bool) -> Figure {
        let missing = self.photos.iter().filter(|p| !there(p)).count();
        Figure::share(missing as u64, self.photos.len() as u64)
    }
}

/// The pictures below each folder of `data`; the folder's name is the identity.
pub fn photos(data: &Path) -> Result<Vec<(String, PathBuf)>, UnusableInput> {
    let unusable = |why: String| UnusableInput(format!("{}: {why}", data.display()));
    let folders = sorted(data).map_err(|e| unusable(e.to_string()))?;
    let mut all = Vec::new();
    for folder in folders.into_iter().filter(|f| f.is_dir()) {
        let name = folder
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let files = sorted(&folder).map_err(|e| unusable(e.to_string()))?;
        all.extend(
            files
                .into_iter()
                .filter(|f| is_picture(f))
                .map(|f| (name.clone(), f)),
        );
    }
    if all.is_empty() {
        return Err(unusable(
            "no pictures; expected one folder a person with .jpg, .png, .webp or .heic inside"
                .into(),
        ));
    }
    Ok(all)
}

fn sorted(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    all.sort();
    Ok(all)
}

pub fn is_picture(path: &Path) -> bool {
    let known = ["jpg", "jpeg", "png", "webp", "heic"];
    path.extension()
        .is_some_and(|e| known.iter().any(|k| e.eq_ignore_ascii_case(k)))
}

/// Decodes in the sandbox and embeds every photograph; with `degraded`, its printed version too.
pub fn enrol(
    photos: Vec<(String, PathBuf)>,
    decoder: &dyn MediaDecoder,
    tools: &Mutex<FaceTools>,
    degraded: bool,
) -> anyhow::Result<Album> {
    let mut tools = tools.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = progress(photos.len() as u64, "photographs");
    let mut album = Album {
        photos: Vec::new(),
        people: 0,
        fitting: Vec::new(),
        models: tools.identities().into_iter().map(|m| m.name).collect(),
    };
    let mut last = None;
    for (seed, (name, path)) in photos.into_iter().enumerate() {
        if last.as_ref() != Some(&name) {
            album.people += 1;
            album.fitting.push(for_fitting(&name));
            last = Some(name);
        }
        let enrolled = match decoder.decode_image(&path.as_path().into()) {
            Ok(decoded) => tools.enrol(&decoded.image)?.map(|e| (decoded.image, e)),
            Err(e) => {
                note(format_args!("{}: {e}", path.display()));
                None
            }
        };
        let portrait = match &enrolled {
            Some((image, found)) if degraded => portrait(&mut tools, image, found, seed as u64)?,
            _ => None,
        };
        album.photos.push(Photo {
            path,
            person: album.people - 1,
            template: enrolled.map(|(_, e)| e.template),
            portrait,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(album)
}

fn portrait(
    tools: &mut FaceTools,
    image: &RgbImage,
    found: &Enrolled,
    seed: u64,
) -> anyhow::Result<Option<Template>> {
    let Some(print) = printed(image, &found.landmarks, seed) else {
        return Ok(None);
    };
    Ok(tools.enrol(&print)?.map(|e| e.template))
}

/// By lot, but the same lot for the same name: half of the people.
fn for_fitting(name: &str) -> bool {
    Sha256::digest(name.as_bytes())[0] % 2 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_people_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = photos(dir.path()).unwrap_err().to_string();
        assert!(error.contains("one folder a person"), "{error}");
        assert!(photos(&dir.path().join("none")).is_err());
        std::fs::create_dir(dir.path().join("ada")).unwrap();
        std::fs::write(dir.path().join("ada/1.JPG"), "").unwrap();
        std::fs::write(dir.path().join("ada/notes.txt"), "").unwrap();
        std::fs::write(dir.path().join("stray.jpg"), "").unwrap();
        let found = photos(dir.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "ada");
    }

    #[test]
    fn the_lot_stays_the_same_and_is_about_half() {
        let drawn = (0..400)
            .filter(|n| for_fitting(&format!("person {n}")))
            .count();
        assert!((150..250).contains(&drawn), "{drawn}");
    }
}
