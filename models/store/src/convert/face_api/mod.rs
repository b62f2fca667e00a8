//! The three networks of `@vladmandic/face-api`. The package holds weights only; the layers
//! are written here. Every network takes `image`, RGB 0..=255, and normalises inside.

mod landmarks;
mod recognition;
mod ssd;

use super::ConvertError;
use super::builder::{Builder, Map};
use super::filter::Filter;
use super::weights::{Group, Weights};

/// The colour mean that both the landmark and the recognition network subtract.
const MEAN_RGB: [f32; 3] = [122.782, 117.001, 104.298];

/// Which of the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Ssd,
    Landmarks,
    Recognition,
}

/// Writes the ONNX file of `network` from its weights manifest and its binary.
///
/// # Errors
/// When the manifest does not parse or its tensors are not those of the network.
pub fn convert(
    network: Network,
    name: &str,
    manifest: &[u8],
    binary: &[u8],
) -> Result<Vec<u8>, ConvertError> {
    let groups: Vec<Group> = serde_json::from_slice(manifest)
        .map_err(|error| ConvertError::Weights(format!("the weights manifest: {error}")))?;
    let weights = Weights::decode(&groups, binary)?;
    match network {
        Network::Ssd => ssd::build(&weights, Builder::new(name)),
        Network::Landmarks => landmarks::build(&weights, Builder::new(name)),
        Network::Recognition => recognition::build(&weights, Builder::new(name)),
    }
}

/// (x - mean) / divisor, colour by colour.
fn normalise(builder: &mut Builder, image: &Map, divisor: f32) -> Result<Map, ConvertError> {
    let centred = builder.per_channel("Sub", image, &MEAN_RGB)?;
    Ok(builder.scalar("Div", &centred, divisor))
}

/// An ordinary convolution whose weights and biases are the tensors `weights` and `bias`.
fn full(weights: &Weights, names: (&str, &str), shape: [usize; 4]) -> Result<Filter, ConvertError> {
    let values = weights.floats(names.0, &shape)?;
    let bias = weights.floats(names.1, &shape[3..])?;
    Ok(Filter::full(values, shape).plus(bias))
}
