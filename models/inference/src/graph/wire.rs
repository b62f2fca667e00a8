//! The nodes of an ONNX file, in protocol buffers; every other field is carried along unread.

/// Fields of `ModelProto`, `GraphProto`, `NodeProto`, `AttributeProto` and `TensorProto`.
const GRAPH: u64 = 7;
const NODE: u64 = 1;
const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const KIND: u64 = 4;
const ATTRIBUTE: u64 = 5;
const NAME: u64 = 1;
const INTEGER: u64 = 3;
const TENSOR: u64 = 5;
const TYPE: u64 = 20;
const SIDE: u64 = 1;
const DATA_TYPE: u64 = 2;
const RAW: u64 = 9;
/// `TensorProto.FLOAT` and `AttributeProto.INT`.
const IS_FLOAT: u64 = 1;
const IS_INTEGER: u64 = 2;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub kind: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    /// Its other fields as they stand in the file.
    rest: Vec<u8>,
}

/// A constant of 32-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub values: Vec<f32>,
    /// Its other fields: the shape.
    rest: Vec<u8>,
}

/// One field: number, whole bytes, and what it holds.
struct Field<'a> {
    number: u64,
    whole: &'a [u8],
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes.
    Fixed,
}

/// The fields of a message; `None` where it is not one.
fn fields(mut left: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !left.is_empty() {
        let whole = left;
        let tag = varint(&mut left)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut left)?),
            1 => fixed(&mut left, 8)?,
            5 => fixed(&mut left, 4)?,
            2 => {
                let length = usize::try_from(varint(&mut left)?).ok()?;
                let (bytes, rest) = left.split_at_checked(length)?;
                left = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        fields.push(Field {
            number: tag >> 3,
            whole: &whole[..whole.len() - left.len()],
            value,
        });
    }
    Some(fields)
}

fn fixed<'a>(left: &mut &'a [u8], size: usize) -> Option<Value<'a>> {
    *left = left.get(size..)?;
    Some(Value::Fixed)
}

fn varint(left: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = left.split_first()?;
        *left = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn put_number(to: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(to, field << 3);
    put_varint(to, value);
}

fn put(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(to, field << 3 | 2);
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Every node of the graph, in its order.
pub(super) fn nodes_of(file: &[u8]) -> Option<Vec<Node>> {
    let graph = fields(file)?.into_iter().find(|f| f.number == GRAPH)?;
    let Value::Bytes(graph) = graph.value else {
        return None;
    };
    let nodes = fields(graph)?.into_iter().filter(|f| f.number == NODE);
    nodes
        .map(|f| match f.value {
            Value::Bytes(bytes) => Node::read(bytes),
            _ => None,
        })
        .collect()
}

/// The file with these nodes in the place of its own.
pub(super) fn with_nodes(file: &[u8], nodes: &[Node]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(file.len());
    for field in fields(file)? {
        match field.value {
            Value::Bytes(graph) if field.number == GRAPH => {
                let mut own = Vec::with_capacity(graph.len());
                nodes.iter().for_each(|n| put(&mut own, NODE, &n.write()));
                let others = fields(graph)?.into_iter().filter(|f| f.number != NODE);
                others.for_each(|f| own.extend_from_slice(f.whole));
                put(&mut out, GRAPH, &own);
            }
            _ => out.extend_from_slice(field.whole),
        }
    }
    Some(out)
}

impl Node {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut node = Self {
            kind: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            rest: Vec::new(),
        };
        for field in fields(bytes)? {
            let text = |b: &[u8]| String::from_utf8(b.to_vec()).ok();
            match (field.number, &field.value) {
                (INPUT, Value::Bytes(b)) => node.inputs.push(text(b)?),
                (OUTPUT, Value::Bytes(b)) => node.outputs.push(text(b)?),
                (KIND, Value::Bytes(b)) => node.kind = text(b)?,
                _ => node.rest.extend_from_slice(field.whole),
            }
        }
        Some(node)
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.inputs
            .iter()
            .for_each(|i| put(&mut out, INPUT, i.as_bytes()));
        self.outputs
            .iter()
            .for_each(|o| put(&mut out, OUTPUT, o.as_bytes()));
        put(&mut out, KIND, self.kind.as_bytes());
        out.extend_from_slice(&self.rest);
        out
    }

    /// `by * x + more` of each number, as a convolution of every channel by itself; and its weights and shifts.
    pub fn of_each(
        input: &str,
        output: &str,
        channels: usize,
        by: f32,
        more: f32,
    ) -> (Self, [Self; 2]) {
        let [weights, shifts] = ["weights", "shifts"].map(|what| format!("{output}.{what}"));
        let constants = [
            Self::of_constant(&weights, &[channels, 1, 1, 1], &vec![by; channels]),
            Self::of_constant(&shifts, &[channels], &vec![more; channels]),
        ];
        let mut rest = Vec::new();
        let mut group = Vec::new();
        put(&mut group, NAME, b"group");
        put_number(&mut group, INTEGER, channels as u64);
        put_number(&mut group, TYPE, IS_INTEGER);
        put(&mut rest, ATTRIBUTE, &group);
        let node = Self {
            kind: "Conv".to_owned(),
            inputs: vec![input.to_owned(), weights, shifts],
            outputs: vec![output.to_owned()],
            rest,
        };
        (node, constants)
    }

    /// A `Constant` of these sides.
    pub fn of_constant(name: &str, sides: &[usize], values: &[f32]) -> Self {
        let mut rest = Vec::new();
        sides
            .iter()
            .for_each(|side| put_number(&mut rest, SIDE, *side as u64));
        put_number(&mut rest, DATA_TYPE, IS_FLOAT);
        let mut node = Self {
            kind: "Constant".to_owned(),
            inputs: Vec::new(),
            outputs: vec![name.to_owned()],
            rest: Vec::new(),
        };
        node.set_constant(&Tensor {
            values: values.to_vec(),
            rest,
        });
        node
    }

    /// The numbers of a `Constant`.
    pub fn constant(&self) -> Option<Tensor> {
        if self.kind != "Constant" {
            return None;
        }
        let attributes = fields(&self.rest)?;
        let attribute = attributes.iter().find(|f| f.number == ATTRIBUTE)?;
        let Value::Bytes(attribute) = attribute.value else {
            return None;
        };
        let tensor = fields(attribute)?
            .into_iter()
            .find(|f| f.number == TENSOR)?;
        match tensor.value {
            Value::Bytes(bytes) => Tensor::read(bytes),
            _ => None,
        }
    }

    /// Other numbers in a `Constant`.
    pub fn set_constant(&mut self, tensor: &Tensor) {
        let mut attribute = Vec::new();
        put(&mut attribute, NAME, b"value");
        put(&mut attribute, TENSOR, &tensor.write());
        put_number(&mut attribute, TYPE, 4);
        self.rest.clear();
        put(&mut self.rest, ATTRIBUTE, &attribute);
    }
}

impl Tensor {
    /// `None` of other numbers, and of floats that are not laid out as bytes.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (mut raw, mut is_float, mut rest) = (None, false, Vec::new());
        for field in fields(bytes)? {
            match (field.number, &field.value) {
                (RAW, Value::Bytes(b)) => raw = Some(*b),
                (DATA_TYPE, Value::Number(kind)) => {
                    is_float = *kind == IS_FLOAT;
                    rest.extend_from_slice(field.whole);
                }
                _ => rest.extend_from_slice(field.whole),
            }
        }
        let (words, []) = raw.filter(|_| is_float)?.as_chunks::<4>() else {
            return None;
        };
        let values = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
        Some(Self { values, rest })
    }

    fn write(&self) -> Vec<u8> {
        let mut out = self.rest.clone();
        let raw: Vec<u8> = self.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        put(&mut out, RAW, &raw);
        out
    }
}

#[cfg(test)]
impl Node {
    pub fn new(kind: &str, inputs: &[&str], output: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            inputs: inputs.iter().map(|i| (*i).to_owned()).collect(),
            outputs: vec![output.to_owned()],
            rest: Vec::new(),
        }
    }
}

/// A file of these nodes and something else.
#[cfg(test)]
pub(super) fn file(nodes: &[Node]) -> Vec<u8> {
    let mut empty = Vec::new();
    put_number(&mut empty, 1, 8);
    put(&mut empty, GRAPH, b"");
    with_nodes(&empty, nodes).unwrap_or_default()
}
