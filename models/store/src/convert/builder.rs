//! Builds an ONNX graph node by node, in channels-first layout, with known spatial sizes.

use prost::Message;

use super::ConvertError;
use super::filter::{Filter, Padding};
use super::onnx;

const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const FLOAT: i32 = 1;
const INT64: i32 = 7;

/// The name of a value in the graph.
pub type Value = String;

/// One dimension of an input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// Fixed.
    Size(usize),
    /// Chosen by the caller, under this name.
    Free(&'static str),
}

/// A feature map: batch x `channels` x `height` x `width`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    pub value: Value,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Map {
    /// The same map under another value.
    fn with(&self, value: Value) -> Self {
        Self {
            value,
            ..self.clone()
        }
    }
}

/// A graph under construction. Names count upwards, so the same calls give the same bytes.
pub struct Builder {
    graph: onnx::Graph,
    names: usize,
}

impl Builder {
    /// An empty graph called `name`.
    pub fn new(name: &str) -> Self {
        Self {
            graph: onnx::Graph {
                name: Some(name.to_owned()),
                ..onnx::Graph::default()
            },
            names: 0,
        }
    }

    fn fresh(&mut self, kind: &str) -> Value {
        self.names += 1;
        format!("{kind}_{}", self.names)
    }

    /// Declares an image input `name`: batch x 3 x height x width, float32.
    pub fn image(&mut self, name: &str, batch: Dim, height: usize, width: usize) -> Map {
        let dims = [batch, Dim::Size(3), Dim::Size(height), Dim::Size(width)];
        self.graph.input.push(value_info(name, &dims));
        Map {
            value: name.to_owned(),
            channels: 3,
            height,
            width,
        }
    }

    /// Declares `value` to be the float32 output `name`.
    pub fn output(&mut self, value: &str, name: &str, dims: &[Dim]) {
        self.graph.node.push(onnx::Node {
            input: vec![value.to_owned()],
            output: vec![name.to_owned()],
            name: Some(format!("output_{name}")),
            op_type: Some("Identity".to_owned()),
            attribute: Vec::new(),
        });
        self.graph.output.push(value_info(name, dims));
    }

    /// A float32 constant of shape `dims`.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(dims, FLOAT, raw)
    }

    /// A one-dimensional int64 constant.
    pub fn integers(&mut self, values: &[i64]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(&[values.len()], INT64, raw)
    }

    fn constant(&mut self, dims: &[usize], data_type: i32, raw: Vec<u8>) -> Value {
        let name = self.fresh("const");
        self.graph.initializer.push(onnx::Tensor {
            dims: dims.iter().map(|dim| *dim as i64).collect(),
            data_type: Some(data_type),
            name: Some(name.clone()),
            raw_data: Some(raw),
        });
        name
    }

    /// A node of one output.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<onnx::Attribute>) -> Value {
        let name = self.fresh(op);
        self.graph.node.push(onnx::Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(op.to_owned()),
            attribute: attributes,
        });
        name
    }

    /// Convolves `map` with `filter`.
    ///
    /// # Errors
    /// When the channels do not fit or the filter is larger than the map.
    pub fn conv(&mut self, map: &Map, filter: &Filter) -> Result<Map, ConvertError> {
        filter.check(map.channels)?;
        let (height, top, bottom) =
            filter
                .padding
                .extent(map.height, filter.kernel.0, filter.stride.0)?;
        let (width, left, right) =
            filter
                .padding
                .extent(map.width, filter.kernel.1, filter.stride.1)?;
        let (kh, kw) = filter.kernel;
        let shape = [filter.outputs, filter.inputs / filter.groups, kh, kw];
        let weights = self.floats(&shape, &filter.weights);
        let bias = self.floats(&[filter.outputs], &filter.bias);
        let attributes = vec![
            onnx::Attribute::int("group", filter.groups as i64),
            onnx::Attribute::ints("kernel_shape", &[kh as i64, kw as i64]),
            onnx::Attribute::ints("pads", &[top, left, bottom, right]),
            strides(filter.stride),
        ];
        let value = self.node("Conv", &[&map.value, &weights, &bias], attributes);
        Ok(Map {
            value,
            channels: filter.outputs,
            height,
            width,
        })
    }

    /// Max or average pooling (`op` is `MaxPool` or `AveragePool`).
    ///
    /// # Errors
    /// When the window is larger than the map.
    pub fn pool(
        &mut self,
        op: &str,
        map: &Map,
        kernel: (usize, usize),
        stride: (usize, usize),
        padding: Padding,
    ) -> Result<Map, ConvertError> {
        let (height, top, bottom) = padding.extent(map.height, kernel.0, stride.0)?;
        let (width, left, right) = padding.extent(map.width, kernel.1, stride.1)?;
        let attributes = vec![
            onnx::Attribute::ints("kernel_shape", &[kernel.0 as i64, kernel.1 as i64]),
            onnx::Attribute::ints("pads", &[top, left, bottom, right]),
            strides(stride),
        ];
        let value = self.node(op, &[&map.value], attributes);
        Ok(Map {
            value,
            channels: map.channels,
            height,
            width,
        })
    }

    /// An elementwise operator of one operand (`Relu`, `Sigmoid`).
    pub fn unary(&mut self, op: &str, map: &Map) -> Map {
        let value = self.node(op, &[&map.value], Vec::new());
        map.with(value)
    }

    /// Clips to 0..=6.
    pub fn relu6(&mut self, map: &Map) -> Map {
        let low = self.floats(&[], &[0.0]);
        let high = self.floats(&[], &[6.0]);
        let value = self.node("Clip", &[&map.value, &low, &high], Vec::new());
        map.with(value)
    }

    /// Adds two maps of the same size.
    ///
    /// # Errors
    /// When the sizes differ.
    pub fn add(&mut self, a: &Map, b: &Map) -> Result<Map, ConvertError> {
        if (a.channels, a.height, a.width) != (b.channels, b.height, b.width) {
            return Err(ConvertError::Graph(format!(
                "cannot add {}x{}x{} and {}x{}x{}",
                a.channels, a.height, a.width, b.channels, b.height, b.width
            )));
        }
        let value = self.node("Add", &[&a.value, &b.value], Vec::new());
        Ok(a.with(value))
    }

    /// Applies `op` (`Add`, `Sub`, `Mul`, `Div`, `PRelu`) with one number a channel.
    ///
    /// # Errors
    /// When there is not one number a channel.
    pub fn per_channel(
        &mut self,
        op: &str,
        map: &Map,
        values: &[f32],
    ) -> Result<Map, ConvertError> {
        if values.len() != map.channels {
            return Err(ConvertError::Graph(format!(
                "{op} with {} numbers on {} channels",
                values.len(),
                map.channels
            )));
        }
        let constant = self.floats(&[map.channels, 1, 1], values);
        let value = self.node(op, &[&map.value, &constant], Vec::new());
        Ok(map.with(value))
    }

    /// Applies `op` (`Add`, `Mul`, ...) with one number.
    pub fn scalar(&mut self, op: &str, map: &Map, number: f32) -> Map {
        let constant = self.floats(&[], &[number]);
        let value = self.node(op, &[&map.value, &constant], Vec::new());
        map.with(value)
    }

    /// Zero-pads `map`: (before, after) for channels, height, width.
    pub fn pad(&mut self, map: &Map, pads: [(usize, usize); 3]) -> Map {
        let [(c0, c1), (h0, h1), (w0, w1)] = pads.map(|(a, b)| (a as i64, b as i64));
        let amounts = self.integers(&[0, c0, h0, w0, 0, c1, h1, w1]);
        let value = self.node("Pad", &[&map.value, &amounts], Vec::new());
        let [channels, height, width] = pads.map(|(before, after)| before + after);
        Map {
            value,
            channels: map.channels + channels,
            height: map.height + height,
            width: map.width + width,
        }
    }

    /// Moves the channels last: batch x height x width x channels.
    pub fn channels_last(&mut self, map: &Map) -> Value {
        let order = onnx::Attribute::ints("perm", &[0, 2, 3, 1]);
        self.node("Transpose", &[&map.value], vec![order])
    }

    /// Reshapes to `dims`, where 0 keeps a dimension and -1 takes what is left.
    pub fn reshape(&mut self, value: &str, dims: &[i64]) -> Value {
        let shape = self.integers(dims);
        self.node("Reshape", &[value, &shape], Vec::new())
    }

    /// Joins `values` along `axis`.
    pub fn concat(&mut self, values: &[&str], axis: i64) -> Value {
        self.node("Concat", values, vec![onnx::Attribute::int("axis", axis)])
    }

    /// The finished model, serialised.
    pub fn finish(self, doc: &str) -> Vec<u8> {
        let model = onnx::Model {
            ir_version: Some(IR_VERSION),
            producer_name: Some("idproof-models".to_owned()),
            doc_string: Some(doc.to_owned()),
            graph: Some(self.graph),
            opset_import: vec![onnx::OperatorSet {
                domain: Some(String::new()),
                version: Some(OPSET),
            }],
        };
        model.encode_to_vec()
    }
}

fn strides(stride: (usize, usize)) -> onnx::Attribute {
    onnx::Attribute::ints("strides", &[stride.0 as i64, stride.1 as i64])
}

fn value_info(name: &str, dims: &[Dim]) -> onnx::ValueInfo {
    let dim = dims
        .iter()
        .map(|dim| match dim {
            Dim::Size(size) => onnx::Dimension {
                value: Some(*size as i64),
                param: None,
            },
            Dim::Free(name) => onnx::Dimension {
                value: None,
                param: Some((*name).to_owned()),
            },
        })
        .collect();
    onnx::ValueInfo {
        name: Some(name.to_owned()),
        r#type: Some(onnx::Type {
            tensor: Some(onnx::TensorType {
                element: Some(FLOAT),
                shape: Some(onnx::Shape { dim }),
            }),
        }),
    }
}
