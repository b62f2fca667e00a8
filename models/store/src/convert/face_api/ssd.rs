//! Face detection: SSD on MobileNet v1, 512x512, 5,118 anchors in six scales.

use super::super::ConvertError;
use super::super::builder::{Builder, Dim, Map, Value};
use super::super::filter::Filter;
use super::super::onnx::Attribute;
use super::super::weights::Weights;

const SIZE: usize = 512;
const ANCHORS: usize = 5118;
const EPSILON: f64 = 0.001_000_000_047_497_451_3;

/// Channels and stride of the 13 pairs of depthwise and pointwise convolutions.
const PAIRS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

/// Kernel, channels and stride of the eight convolutions after the backbone.
const EXTRAS: [(usize, usize, usize); 8] = [
    (1, 256, 1),
    (3, 512, 2),
    (1, 128, 1),
    (3, 256, 2),
    (1, 128, 1),
    (3, 256, 2),
    (1, 64, 1),
    (3, 128, 2),
];

/// `image` [N, 3, 512, 512] to `boxes` [N, 5118, 4] and `scores` [N, 5118].
pub fn build(weights: &Weights, mut builder: Builder) -> Result<Vec<u8>, ConvertError> {
    let image = builder.image("image", Dim::Free("N"), SIZE, SIZE);
    let scaled = builder.scalar("Div", &image, 127.5);
    let map = builder.scalar("Sub", &scaled, 1.0);
    let features = features(&mut builder, weights, &map)?;
    let mut encodings = Vec::new();
    let mut classes = Vec::new();
    for (index, map) in features.iter().enumerate() {
        let head = format!("Prediction/BoxPredictor_{index}");
        let per_cell = if index == 0 { 3 } else { 6 };
        let name = format!("{head}/BoxEncodingPredictor");
        encodings.push(predict(&mut builder, weights, map, &name, (per_cell, 4))?);
        let name = format!("{head}/ClassPredictor");
        classes.push(predict(&mut builder, weights, map, &name, (per_cell, 3))?);
    }
    let encodings: Vec<&str> = encodings.iter().map(String::as_str).collect();
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    let encodings = builder.concat(&encodings, 1);
    let classes = builder.concat(&classes, 1);
    let boxes = decode(&mut builder, weights, &encodings)?;
    // Class 1 of 3 is "face"; class 0 is the background.
    let face = slice(&mut builder, &classes, 1);
    let face = builder.reshape(&face, &[0, ANCHORS as i64]);
    let scores = builder.node("Sigmoid", &[&face], Vec::new());
    let (batch, anchors) = (Dim::Free("N"), Dim::Size(ANCHORS));
    builder.output(
        &boxes,
        "boxes",
        &[batch.clone(), anchors.clone(), Dim::Size(4)],
    );
    builder.output(&scores, "scores", &[batch, anchors]);
    Ok(builder.finish("SSD MobileNet v1 face detector, from face-api 1.7.15 (MIT)"))
}

/// The six maps that carry predictions, finest first.
fn features(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
) -> Result<Vec<Map>, ConvertError> {
    let mut found = Vec::new();
    let stem = "MobilenetV1/Conv2d_0_pointwise";
    let mut map = pointwise(builder, weights, input, stem, (3, 32, 2))?;
    for (index, (width, stride)) in PAIRS.into_iter().enumerate() {
        let layer = format!("MobilenetV1/Conv2d_{}", index + 1);
        map = depthwise(
            builder,
            weights,
            &map,
            &format!("{layer}_depthwise"),
            stride,
        )?;
        let name = format!("{layer}_pointwise");
        map = pointwise(builder, weights, &map, &name, (1, width, 1))?;
        if index + 1 == 11 {
            found.push(map.clone());
        }
    }
    found.push(map.clone());
    for (index, (kernel, width, stride)) in EXTRAS.into_iter().enumerate() {
        let name = format!("Prediction/Conv2d_{index}_pointwise");
        map = pointwise(builder, weights, &map, &name, (kernel, width, stride))?;
        if stride == 2 {
            found.push(map.clone());
        }
    }
    Ok(found)
}

/// Convolution, offset, clip to 0..=6.
fn pointwise(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
    layer: &str,
    (kernel, width, stride): (usize, usize, usize),
) -> Result<Map, ConvertError> {
    let names = (
        format!("{layer}/weights"),
        format!("{layer}/convolution_bn_offset"),
    );
    let shape = [kernel, kernel, input.channels, width];
    let filter = super::full(weights, (&names.0, &names.1), shape)?;
    let map = builder.conv(input, &filter.stride(stride))?;
    Ok(builder.relu6(&map))
}

/// Depthwise 3x3 with its batch normalisation folded in, clip to 0..=6.
fn depthwise(
    builder: &mut Builder,
    weights: &Weights,
    input: &Map,
    layer: &str,
    stride: usize,
) -> Result<Map, ConvertError> {
    let channels = input.channels;
    let shape = [3, 3, channels, 1];
    let values = weights.floats(&format!("{layer}/depthwise_weights"), &shape)?;
    let statistic = |name: &str| weights.floats(&format!("{layer}/BatchNorm/{name}"), &[channels]);
    let (gamma, beta) = (statistic("gamma")?, statistic("beta")?);
    let (mean, variance) = (statistic("moving_mean")?, statistic("moving_variance")?);
    let mut scale = Vec::with_capacity(channels);
    let mut shift = Vec::with_capacity(channels);
    for index in 0..channels {
        let factor = f64::from(gamma[index]) / (f64::from(variance[index]) + EPSILON).sqrt();
        scale.push(factor);
        shift.push(f64::from(beta[index]) - f64::from(mean[index]) * factor);
    }
    let filter = Filter::depthwise(values, shape)
        .stride(stride)
        .then_affine(&scale, &shift);
    let map = builder.conv(input, &filter)?;
    Ok(builder.relu6(&map))
}

/// A 1x1 convolution read as `per_cell` anchors of `numbers` each: [N, anchors, numbers].
fn predict(
    builder: &mut Builder,
    weights: &Weights,
    map: &Map,
    layer: &str,
    (per_cell, numbers): (usize, usize),
) -> Result<Value, ConvertError> {
    let names = (format!("{layer}/weights"), format!("{layer}/biases"));
    let shape = [1, 1, map.channels, per_cell * numbers];
    let filter = super::full(weights, (&names.0, &names.1), shape)?;
    let map = builder.conv(map, &filter)?;
    let last = builder.channels_last(&map);
    let anchors = map.height * map.width * per_cell;
    Ok(builder.reshape(&last, &[0, anchors as i64, numbers as i64]))
}

/// Boxes from encodings: centre = anchor centre + e/10 x anchor size, size = exp(e/5) x anchor
/// size; out as ymin, xmin, ymax, xmax.
fn decode(
    builder: &mut Builder,
    weights: &Weights,
    encodings: &str,
) -> Result<Value, ConvertError> {
    let corners = weights.floats("Output/extra_dim", &[1, ANCHORS, 4])?;
    let mut sizes = Vec::with_capacity(ANCHORS * 2);
    let mut centres = Vec::with_capacity(ANCHORS * 2);
    for corner in corners.chunks_exact(4) {
        for axis in 0..2 {
            let size = corner[axis + 2] - corner[axis];
            sizes.push(size);
            centres.push(corner[axis] + size / 2.0);
        }
    }
    let sizes = builder.floats(&[1, ANCHORS, 2], &sizes);
    let centres = builder.floats(&[1, ANCHORS, 2], &centres);
    let [two, five, ten] = [2.0, 5.0, 10.0].map(|number| builder.floats(&[], &[number]));
    let offset = pair(builder, encodings, 0);
    let offset = builder.node("Div", &[&offset, &ten], Vec::new());
    let offset = builder.node("Mul", &[&offset, &sizes], Vec::new());
    let centre = builder.node("Add", &[&offset, &centres], Vec::new());
    let growth = pair(builder, encodings, 2);
    let growth = builder.node("Div", &[&growth, &five], Vec::new());
    let growth = builder.node("Exp", &[&growth], Vec::new());
    let size = builder.node("Mul", &[&growth, &sizes], Vec::new());
    let half = builder.node("Div", &[&size, &two], Vec::new());
    let low = builder.node("Sub", &[&centre, &half], Vec::new());
    let high = builder.node("Add", &[&centre, &half], Vec::new());
    Ok(builder.concat(&[&low, &high], 2))
}

/// Numbers `start` and `start + 1` of the last axis.
fn pair(builder: &mut Builder, value: &str, start: i64) -> Value {
    let [from, to, axis] = [start, start + 2, 2].map(|number| builder.integers(&[number]));
    builder.node("Slice", &[value, &from, &to, &axis], Vec::new())
}

/// Number `index` of the last axis.
fn slice(builder: &mut Builder, value: &str, index: i64) -> Value {
    let index = builder.integers(&[index]);
    builder.node("Gather", &[value, &index], vec![Attribute::int("axis", 2)])
}
