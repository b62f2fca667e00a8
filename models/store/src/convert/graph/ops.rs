//! The operators, one by one.

use super::super::ConvertError;
use super::super::builder::{Builder, Dim, Map, Value};
use super::super::filter::Filter;
use super::super::weights::{Values, Weight, Weights};
use super::Signature;
use super::node::Node;

/// What a node of the original has become.
#[derive(Debug, Clone)]
pub enum Resolved {
    /// A feature map, channels first.
    Map(Map),
    /// Anything else, in the original's order; the first dimension is the batch.
    Flat { value: Value, dims: Vec<Dim> },
    /// A constant.
    Constant(Weight),
}

/// Translates nodes whose inputs are resolved.
pub struct Translator<'a> {
    builder: Builder,
    signature: &'a Signature,
    weights: &'a Weights,
    batch: Dim,
}

impl<'a> Translator<'a> {
    pub fn new(signature: &'a Signature, weights: &'a Weights, name: &str) -> Self {
        Self {
            builder: Builder::new(name),
            signature,
            weights,
            batch: Dim::Free("N"),
        }
    }

    /// The ONNX of one node.
    pub fn translate(
        &mut self,
        node: &Node,
        inputs: &[Resolved],
    ) -> Result<Resolved, ConvertError> {
        match (node.op.as_str(), inputs) {
            ("Const", []) => self.constant(node),
            ("Placeholder", []) => self.placeholder(node),
            ("Identity", [input]) => Ok(input.clone()),
            ("Relu" | "Sigmoid", [Resolved::Map(map)]) => {
                Ok(Resolved::Map(self.builder.unary(&node.op, map)))
            }
            ("Prelu", [Resolved::Map(map), Resolved::Constant(slope)]) => {
                self.prelu(node, map, slope).map(Resolved::Map)
            }
            ("Add" | "AddV2", [Resolved::Map(a), Resolved::Map(b)]) => {
                self.builder.add(a, b).map(Resolved::Map)
            }
            ("Conv2D" | "_FusedConv2D", [Resolved::Map(map), rest @ ..]) => {
                self.convolution(node, map, rest, Filter::full)
            }
            ("DepthwiseConv2dNative", [Resolved::Map(map), rest @ ..]) => {
                self.convolution(node, map, rest, Filter::depthwise)
            }
            ("MaxPool", [Resolved::Map(map)]) => {
                node.check_plain()?;
                let (kernel, stride) = (node.window("ksize")?, node.window("strides")?);
                let padding = node.padding()?;
                let map = self.builder.pool("MaxPool", map, kernel, stride, padding)?;
                Ok(Resolved::Map(map))
            }
            ("Pad", [Resolved::Map(map), Resolved::Constant(amounts)]) => {
                self.pad(node, map, amounts)
            }
            ("Reshape", [Resolved::Map(map), Resolved::Constant(shape)]) => {
                self.reshape(node, map, shape)
            }
            ("ConcatV2", [parts @ .., Resolved::Constant(axis)]) => self.concat(node, parts, axis),
            _ if KNOWN.contains(&node.op.as_str()) => {
                Err(node.problem("its inputs are of another kind than the converter knows"))
            }
            _ => Err(ConvertError::UnknownOperator {
                op: node.op.clone(),
                node: node.name.clone(),
            }),
        }
    }

    fn constant(&self, node: &Node) -> Result<Resolved, ConvertError> {
        let weight = self.weights.get(&node.name);
        let weight = weight.ok_or_else(|| node.problem("the weights do not hold it"))?;
        Ok(Resolved::Constant(weight.clone()))
    }

    fn placeholder(&mut self, node: &Node) -> Result<Resolved, ConvertError> {
        let (expected, name) = &self.signature.input;
        if node.name != *expected {
            return Err(node.problem("the signature does not know this input"));
        }
        let (batch, height, width) = match node.shape()?[..] {
            [batch, height, width, 3] if height > 0 && width > 0 => {
                (batch, height as usize, width as usize)
            }
            _ => return Err(node.problem("it is not batch x height x width x 3")),
        };
        if let Ok(size) = usize::try_from(batch) {
            self.batch = Dim::Size(size);
        }
        let image = self.builder.image(name, self.batch.clone(), height, width);
        let scaled = self.builder.scalar("Mul", &image, self.signature.scale);
        let offset = self.signature.offset;
        Ok(Resolved::Map(if offset == 0.0 {
            scaled
        } else {
            self.builder.scalar("Add", &scaled, offset)
        }))
    }

    /// A convolution with what is fused into it; `rest` is the filter, then one input for the bias
    /// and one for the slope where there are such.
    fn convolution(
        &mut self,
        node: &Node,
        map: &Map,
        rest: &[Resolved],
        filter: fn(&[f32], [usize; 4]) -> Filter,
    ) -> Result<Resolved, ConvertError> {
        node.check_plain()?;
        let mut constants = rest.iter();
        let mut next = || match constants.next() {
            Some(Resolved::Constant(weight)) => Ok(weight),
            _ => Err(node.problem("a filter, bias or slope is missing or not a constant")),
        };
        let weight = next()?;
        let shape: [usize; 4] = weight
            .shape
            .as_slice()
            .try_into()
            .map_err(|_| node.problem("its filter does not have four dimensions"))?;
        let mut filter = filter(floats(node, weight)?, shape);
        filter.stride = node.window("strides")?;
        filter.padding = node.padding()?;
        let fused = node.fused()?;
        let mut fused = fused.iter().map(String::as_str).peekable();
        if fused.next_if_eq(&"BiasAdd").is_some() {
            filter = filter.plus(floats(node, next()?)?);
        }
        let mut map = self.builder.conv(map, &filter)?;
        for step in fused {
            map = match step {
                "Relu" => self.builder.unary("Relu", &map),
                "Prelu" => self.prelu(node, &map, next()?)?,
                other => return Err(node.problem(&format!("{other} is fused into it"))),
            };
        }
        Ok(Resolved::Map(map))
    }

    /// A slope a channel: shape 1 x 1 x channels.
    fn prelu(&mut self, node: &Node, map: &Map, slope: &Weight) -> Result<Map, ConvertError> {
        if slope.shape.iter().rev().skip(1).any(|dim| *dim != 1) {
            return Err(node.problem("its slope is not one number a channel"));
        }
        self.builder.per_channel("PRelu", map, floats(node, slope)?)
    }

    fn pad(&mut self, node: &Node, map: &Map, amounts: &Weight) -> Result<Resolved, ConvertError> {
        let amount = |index: usize, amounts: &[i32]| {
            let pair = (amounts[2 * index], amounts[2 * index + 1]);
            match (usize::try_from(pair.0), usize::try_from(pair.1)) {
                (Ok(before), Ok(after)) => Ok((before, after)),
                _ => Err(node.problem("it pads by a negative amount")),
            }
        };
        match integers(node, amounts)? {
            [0, 0, rest @ ..] if rest.len() == 6 => {
                let (height, width, channels) =
                    (amount(0, rest)?, amount(1, rest)?, amount(2, rest)?);
                let map = self.builder.pad(map, [channels, height, width]);
                Ok(Resolved::Map(map))
            }
            _ => Err(node.problem("it does not pad height, width and channels")),
        }
    }

    fn reshape(
        &mut self,
        node: &Node,
        map: &Map,
        shape: &Weight,
    ) -> Result<Resolved, ConvertError> {
        let shape = integers(node, shape)?;
        let fits = shape.first().is_some_and(|first| match self.batch {
            Dim::Size(size) => usize::try_from(*first) == Ok(size),
            Dim::Free(_) => *first == -1,
        });
        let sizes: Option<Vec<usize>> = shape
            .iter()
            .skip(1)
            .map(|size| usize::try_from(*size).ok())
            .collect();
        let sizes = sizes.unwrap_or_default();
        let count = map.channels * map.height * map.width;
        if !fits || sizes.is_empty() || sizes.iter().product::<usize>() != count {
            return Err(node.problem(&format!("it reshapes a map of {count} to {shape:?}")));
        }
        let last = self.builder.channels_last(map);
        let mut wanted = vec![0];
        wanted.extend(sizes.iter().map(|size| *size as i64));
        let value = self.builder.reshape(&last, &wanted);
        let mut dims = vec![self.batch.clone()];
        dims.extend(sizes.into_iter().map(Dim::Size));
        Ok(Resolved::Flat { value, dims })
    }

    /// Joins maps by their channels.
    fn concat(
        &mut self,
        node: &Node,
        parts: &[Resolved],
        axis: &Weight,
    ) -> Result<Resolved, ConvertError> {
        if !matches!(integers(node, axis)?, [3 | -1]) {
            return Err(node.problem("it does not join channels"));
        }
        let maps: Option<Vec<&Map>> = parts
            .iter()
            .map(|part| match part {
                Resolved::Map(map) => Some(map),
                _ => None,
            })
            .collect();
        match maps.as_deref() {
            Some([first, others @ ..])
                if others
                    .iter()
                    .all(|map| (map.height, map.width) == (first.height, first.width)) =>
            {
                let channels = first.channels + others.iter().map(|m| m.channels).sum::<usize>();
                let values: Vec<&str> = std::iter::once(first)
                    .chain(others)
                    .map(|map| map.value.as_str())
                    .collect();
                Ok(Resolved::Map(Map {
                    value: self.builder.concat(&values, 1),
                    channels,
                    height: first.height,
                    width: first.width,
                }))
            }
            _ => Err(node.problem("it joins what is not maps of one size")),
        }
    }

    /// Declares an output, in the original's order of dimensions.
    pub fn output(&mut self, resolved: &Resolved, name: &str) -> Result<(), ConvertError> {
        match resolved {
            Resolved::Flat { value, dims } => self.builder.output(value, name, dims),
            Resolved::Map(map) => {
                let last = self.builder.channels_last(map);
                let dims = [
                    self.batch.clone(),
                    Dim::Size(map.height),
                    Dim::Size(map.width),
                    Dim::Size(map.channels),
                ];
                self.builder.output(&last, name, &dims);
            }
            Resolved::Constant(_) => {
                return Err(ConvertError::Graph(format!("output {name} is a constant")));
            }
        }
        Ok(())
    }

    /// The finished model.
    pub fn finish(self) -> Vec<u8> {
        self.builder
            .finish("converted from a TensorFlow.js graph model")
    }
}

/// The operators above, to tell an unknown one from one in an unknown use.
const KNOWN: [&str; 15] = [
    "Const",
    "Placeholder",
    "Identity",
    "Relu",
    "Sigmoid",
    "Prelu",
    "Add",
    "AddV2",
    "Conv2D",
    "_FusedConv2D",
    "DepthwiseConv2dNative",
    "MaxPool",
    "Pad",
    "Reshape",
    "ConcatV2",
];

fn floats<'w>(node: &Node, weight: &'w Weight) -> Result<&'w [f32], ConvertError> {
    match &weight.values {
        Values::F32(values) => Ok(values),
        Values::I32(_) => Err(node.problem("a constant is not float32")),
    }
}

fn integers<'w>(node: &Node, weight: &'w Weight) -> Result<&'w [i32], ConvertError> {
    match &weight.values {
        Values::I32(values) => Ok(values),
        Values::F32(_) => Err(node.problem("a constant is not int32")),
    }
}
