//! The models that idproof loads: which there are, where they come from, and whether the file on
//! disk is the one that was meant.
//!
//! [`Manifest`] is the list (`models/manifest.toml`). [`Store`] is a directory of files that are
//! checked against it: [`Store::pull`] fills it from the sources of each entry in order,
//! [`Store::locate`] and [`Store::read`] hand out a file only when its sha256 is right.
//! TensorFlow.js networks are converted to ONNX on the way in.
//!
//! ```no_run
//! use idproof_models::{Manifest, Store, StoreConfig};
//!
//! # fn main() -> Result<(), idproof_models::StoreError> {
//! let store = Store::new(StoreConfig::new("var/models"), Manifest::embedded()?);
//! let library = store.locate("onnxruntime")?;
//! let embedder = store.read("face_recognition")?;
//! # let _ = (library.path, embedder.bytes);
//! # Ok(())
//! # }
//! ```

mod convert;
mod error;
mod hash;
mod manifest;
mod progress;
mod pull;
mod source;
mod store;

pub use convert::{ConvertError, Recipe, Signature, convert};
pub use error::{Attempt, StoreError};
pub use manifest::{Dimension, Kind, Manifest, ModelEntry, PullPolicy, Source, Task, TensorSpec};
pub use progress::{Event, Progress, Silent};
pub use pull::{Outcome, PullReport, Pulled};
pub use store::{LoadedModel, ModelState, Status, Store, StoreConfig, VerifiedModel};
