//! TensorFlow.js networks to ONNX, once, at set-up.
//!
//! The output depends on the input alone: the same package gives the same bytes on every machine,
//! and their sha256 is pinned in the manifest. Layout becomes channels-first; TensorFlow's `SAME`
//! padding becomes explicit pads (with stride 2 the odd pixel is at bottom and right).

mod builder;
mod face_api;
mod filter;
mod graph;
mod onnx;
mod weights;

use serde::Deserialize;

use face_api::Network;
pub use graph::Signature;

/// Why a network could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The weights are not those of the network.
    #[error("weights: {0}")]
    Weights(String),
    /// The layers do not fit each other.
    #[error("graph: {0}")]
    Graph(String),
    /// A node the converter does not know.
    #[error("node {node}: unknown operator {op}")]
    UnknownOperator { op: String, node: String },
}

/// What to make of a package's two files.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "network", rename_all = "snake_case", deny_unknown_fields)]
pub enum Recipe {
    /// face-api's detector; its layers are written in this crate.
    FaceApiSsd,
    /// face-api's 68 landmarks; its layers are written in this crate.
    FaceApiLandmarks,
    /// face-api's embedding; its layers are written in this crate.
    FaceApiRecognition,
    /// A TensorFlow.js graph model, whose layers are in its JSON.
    Graph(Signature),
}

/// Converts `json` (a weights manifest or a graph model) and `binary` (its weights) to an ONNX
/// file whose graph is called `name`.
///
/// # Errors
/// When the two do not fit together or hold something the converter does not know.
pub fn convert(
    recipe: &Recipe,
    name: &str,
    json: &[u8],
    binary: &[u8],
) -> Result<Vec<u8>, ConvertError> {
    match recipe {
        Recipe::FaceApiSsd => face_api::convert(Network::Ssd, name, json, binary),
        Recipe::FaceApiLandmarks => face_api::convert(Network::Landmarks, name, json, binary),
        Recipe::FaceApiRecognition => face_api::convert(Network::Recognition, name, json, binary),
        Recipe::Graph(signature) => graph::convert(signature, name, json, binary),
    }
}
