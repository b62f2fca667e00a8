//! Face embedding: the residual network of dlib's `face_recognition_model_v1`.

use super::super::ConvertError;
use super::super::builder::{Builder, Dim, Map};
use super::super::filter::{Filter, Padding};
use super::super::weights::Weights;

const SIZE: usize = 150;
const EMBEDDING: usize = 128;

/// The residual blocks in order: name and channels. A name that holds `down` halves the size.
const BLOCKS: [(&str, usize); 14] = [
    ("conv32_1", 32),
    ("conv32_2", 32),
    ("conv32_3", 32),
    ("conv64_down", 64),
    ("conv64_1", 64),
    ("conv64_2", 64),
    ("conv64_3", 64),
    ("conv128_down", 128),
    ("conv128_1", 128),
    ("conv128_2", 128),
    ("conv256_down", 256),
    ("conv256_1", 256),
    ("conv256_2", 256),
    ("conv256_down_out", 256),
];

/// `image` [N, 3, 150, 150] to `embedding` [N, 128].
///
/// dlib trained the network with a divisor of 256. face-api divides by 255, a scale of 1.004;
/// the figures of this project are with 256.
pub fn build(weights: &Weights, mut builder: Builder) -> Result<Vec<u8>, ConvertError> {
    let image = builder.image("image", Dim::Free("N"), SIZE, SIZE);
    let map = super::normalise(&mut builder, &image, 256.0)?;
    let stem = filter(weights, "conv32_down", [7, 7, 3, 32])?;
    let map = builder.conv(&map, &stem.stride(2).valid())?;
    let map = builder.unary("Relu", &map);
    let mut map = builder.pool("MaxPool", &map, (3, 3), (2, 2), Padding::Valid)?;
    for (name, width) in BLOCKS {
        map = residual(&mut builder, weights, &map, name, width)?;
    }
    let mean = builder.node("GlobalAveragePool", &[&map.value], Vec::new());
    let flat = builder.reshape(&mean, &[0, map.channels as i64]);
    let matrix = weights.floats("fc", &[map.channels, EMBEDDING])?;
    let matrix = builder.floats(&[map.channels, EMBEDDING], matrix);
    let embedding = builder.node("MatMul", &[&flat, &matrix], Vec::new());
    builder.output(
        &embedding,
        "embedding",
        &[Dim::Free("N"), Dim::Size(EMBEDDING)],
    );
    Ok(builder.finish("128-number face embedding (dlib ResNet), from face-api 1.7.15 (MIT)"))
}

/// A convolution with its per-channel scale folded in.
fn filter(weights: &Weights, layer: &str, shape: [usize; 4]) -> Result<Filter, ConvertError> {
    let names = (
        format!("{layer}/conv/filters"),
        format!("{layer}/conv/bias"),
    );
    let filter = super::full(weights, (&names.0, &names.1), shape)?;
    let scale = doubles(weights.floats(&format!("{layer}/scale/weights"), &shape[3..])?);
    let shift = doubles(weights.floats(&format!("{layer}/scale/biases"), &shape[3..])?);
    Ok(filter.then_affine(&scale, &shift))
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// Two convolutions beside a shortcut. In a `down` block the first has stride 2 without padding,
/// the shortcut is a 2x2 average, and whichever is smaller is padded with zeros: the shortcut in
/// channels, the convolutions' output at bottom and right.
fn residual(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
    name: &str,
    width: usize,
) -> Result<Map, ConvertError> {
    let down = name.contains("down");
    let shape = [3, 3, input.channels, width];
    let first = filter(weights, &format!("{name}/conv1"), shape)?;
    let first = if down { first.stride(2).valid() } else { first };
    let map = builder.conv(input, &first)?;
    let map = builder.unary("Relu", &map);
    let second = filter(weights, &format!("{name}/conv2"), [3, 3, width, width])?;
    let mut map = builder.conv(&map, &second)?;
    let mut shortcut = input.clone();
    if down {
        shortcut = builder.pool("AveragePool", input, (2, 2), (2, 2), Padding::Valid)?;
        let missing = (
            shortcut.height.saturating_sub(map.height),
            shortcut.width.saturating_sub(map.width),
        );
        if missing != (0, 0) {
            map = builder.pad(&map, [(0, 0), (0, missing.0), (0, missing.1)]);
        }
        if shortcut.channels < map.channels {
            let more = map.channels - shortcut.channels;
            shortcut = builder.pad(&shortcut, [(0, more), (0, 0), (0, 0)]);
        }
    }
    let sum = builder.add(&shortcut, &map)?;
    Ok(builder.unary("Relu", &sum))
}
