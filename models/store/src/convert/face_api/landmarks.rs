//! 68 landmarks: four dense blocks of depthwise-separable convolutions, then one linear layer.

use super::super::ConvertError;
use super::super::builder::{Builder, Dim, Map};
use super::super::filter::{Filter, Padding};
use super::super::weights::Weights;

const SIZE: usize = 112;
const WIDTHS: [usize; 4] = [32, 64, 128, 256];
const OUTPUTS: usize = 136;

/// `image` [N, 3, 112, 112] to `landmarks` [N, 136].
pub fn build(weights: &Weights, mut builder: Builder) -> Result<Vec<u8>, ConvertError> {
    let image = builder.image("image", Dim::Free("N"), SIZE, SIZE);
    let mut map = super::normalise(&mut builder, &image, 255.0)?;
    for (index, width) in WIDTHS.into_iter().enumerate() {
        map = dense_block(&mut builder, weights, &map, index, width)?;
    }
    let map = builder.pool("AveragePool", &map, (7, 7), (2, 2), Padding::Valid)?;
    // One pixel is left: the linear layer is a 1x1 convolution of it.
    let shape = [map.channels, OUTPUTS];
    let linear = weights.floats("fc/weights", &shape)?;
    let bias = weights.floats("fc/bias", &[OUTPUTS])?;
    let linear = Filter::full(linear, [1, 1, map.channels, OUTPUTS]).plus(bias);
    let map = builder.conv(&map, &linear)?;
    let flat = builder.reshape(&map.value, &[0, OUTPUTS as i64]);
    builder.output(&flat, "landmarks", &[Dim::Free("N"), Dim::Size(OUTPUTS)]);
    Ok(builder.finish("68 face landmarks, from face-api 1.7.15 (MIT)"))
}

/// Four convolutions, each of which sees the sum of all before it; the first halves the size.
fn dense_block(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
    index: usize,
    width: usize,
) -> Result<Map, ConvertError> {
    let layer = |conv: usize| format!("dense{index}/conv{conv}");
    let first = if index == 0 {
        let filters = format!("{}/filters", layer(0));
        let bias = format!("{}/bias", layer(0));
        let filter = super::full(weights, (&filters, &bias), [3, 3, input.channels, width])?;
        builder.conv(input, &filter.stride(2))?
    } else {
        separable(builder, weights, input, &layer(0), (width, 2))?
    };
    let mut activation = builder.unary("Relu", &first);
    let mut sum: Option<Map> = None;
    let first = activation.clone();
    for conv in 1..4 {
        let out = separable(builder, weights, &activation, &layer(conv), (width, 1))?;
        let total = match sum {
            Some(sum) => builder.add(&sum, &out)?,
            None => out,
        };
        let joined = builder.add(&first, &total)?;
        activation = builder.unary("Relu", &joined);
        sum = Some(total);
    }
    Ok(activation)
}

/// Depthwise 3x3, then pointwise 1x1 with a bias.
fn separable(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
    layer: &str,
    (width, stride): (usize, usize),
) -> Result<Map, ConvertError> {
    let shape = [3, 3, input.channels, 1];
    let depthwise = weights.floats(&format!("{layer}/depthwise_filter"), &shape)?;
    let map = builder.conv(input, &Filter::depthwise(depthwise, shape).stride(stride))?;
    let names = (format!("{layer}/pointwise_filter"), format!("{layer}/bias"));
    let shape = [1, 1, input.channels, width];
    let pointwise = super::full(weights, (&names.0, &names.1), shape)?;
    builder.conv(&map, &pointwise)
}
