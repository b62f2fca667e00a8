//! Model adapters on ONNX Runtime (`ort`) and OpenCV (`imgproc`).
//!
//! Each adapter gets a verified [`ModelFile`] from the composition root and
//! implements one port. All sessions compute on one thread: the worker runs
//! stages side by side instead.

pub mod face;
mod graph;
pub mod outline;
mod runtime;
pub mod text;
mod vision;

pub use runtime::{BareModel, ModelFile, Runtime};
