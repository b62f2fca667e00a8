//! Faces: detection, landmarks, mesh, embedding, passive liveness.

mod careful;
mod detector;
mod embedder;
mod landmarks;
mod liveness;
mod mesh;
mod second_embedder;

pub use careful::YuNet;
pub use detector::BlazeFaceFinder;
pub use embedder::DlibEmbedder;
pub use landmarks::Landmarks68;
pub use liveness::MiniFasPair;
pub use mesh::FaceMesh;
pub use second_embedder::MobileFaceNet;

use crate::runtime::Net;
use idproof_ports::ModelError;

/// An OpenCV failure inside the adapter of `net`.
fn vision_error(net: &Net) -> impl Fn(opencv::Error) -> ModelError + '_ {
    move |e| net.error(format!("image preparation failed: {e}"))
}
