//! TensorFlow.js graph models: nodes in a JSON file, weights beside it.
//!
//! Covers the operators that MediaPipe's face mesh, BlazeFace and iris networks use; any other is
//! an error that names the operator and the node.

mod node;
mod ops;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use self::node::Node;
use self::ops::{Resolved, Translator};
use super::ConvertError;
use super::weights::{Group, Weights};

/// How the graph's inputs and outputs are called, and how its input is scaled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The network is fed RGB 0..=255 x `scale` + `offset`; both happen inside.
    pub scale: f32,
    pub offset: f32,
    /// The placeholder of the graph, and the name of the ONNX input.
    pub input: (String, String),
    /// Nodes of the graph, and the names of the ONNX outputs, in their order.
    pub outputs: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "modelTopology")]
    topology: Topology,
    #[serde(rename = "weightsManifest")]
    weights: Vec<Group>,
}

#[derive(Deserialize)]
struct Topology {
    node: Vec<Node>,
}

/// Converts a graph model.
///
/// # Errors
/// When the JSON does not parse, an operator is unknown, or the graph has a loop or a gap.
pub fn convert(
    signature: &Signature,
    name: &str,
    json: &[u8],
    binary: &[u8],
) -> Result<Vec<u8>, ConvertError> {
    let file: File = serde_json::from_slice(json)
        .map_err(|error| ConvertError::Graph(format!("the model's JSON: {error}")))?;
    let weights = Weights::decode(&file.weights, binary)?;
    let nodes: BTreeMap<&str, &Node> = file
        .topology
        .node
        .iter()
        .map(|node| (node.name.as_str(), node))
        .collect();
    let mut translator = Translator::new(signature, &weights, name);
    let mut done: BTreeMap<&str, Resolved> = BTreeMap::new();
    for name in order(&nodes, signature)? {
        let node = nodes[name];
        let mut inputs = Vec::with_capacity(node.input.len());
        for input in &node.input {
            let resolved = done
                .get(input.as_str())
                .ok_or_else(|| node.problem(&format!("its input {input} is missing")))?;
            inputs.push(resolved.clone());
        }
        done.insert(name, translator.translate(node, &inputs)?);
    }
    for (node, name) in &signature.outputs {
        let resolved = done
            .get(node.as_str())
            .ok_or_else(|| ConvertError::Graph(format!("there is no node {node}")))?;
        translator.output(resolved, name)?;
    }
    Ok(translator.finish())
}

/// The nodes that the outputs need, each after its inputs.
fn order<'a>(
    nodes: &BTreeMap<&'a str, &'a Node>,
    signature: &'a Signature,
) -> Result<Vec<&'a str>, ConvertError> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    let mut open = BTreeSet::new();
    let mut stack: Vec<&str> = signature
        .outputs
        .iter()
        .rev()
        .map(|(node, _)| node.as_str())
        .collect();
    while let Some(name) = stack.last().copied() {
        if done.contains(name) {
            stack.pop();
            continue;
        }
        let node = nodes
            .get(name)
            .ok_or_else(|| ConvertError::Graph(format!("there is no node {name}")))?;
        let waiting: Vec<&str> = node
            .input
            .iter()
            .map(String::as_str)
            .filter(|input| !done.contains(input))
            .collect();
        if waiting.is_empty() {
            done.insert(name);
            order.push(name);
            stack.pop();
        } else if open.insert(name) {
            stack.extend(waiting.into_iter().rev());
        } else {
            return Err(node.problem("it depends on itself"));
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature() -> Signature {
        Signature {
            scale: 1.0,
            offset: 0.0,
            input: ("in".to_owned(), "image".to_owned()),
            outputs: vec![("out".to_owned(), "result".to_owned())],
        }
    }

    fn convert_nodes(nodes: &str) -> Result<Vec<u8>, ConvertError> {
        let json = format!(r#"{{"modelTopology":{{"node":[{nodes}]}},"weightsManifest":[]}}"#);
        convert(&signature(), "test", json.as_bytes(), &[])
    }

    const PLACEHOLDER: &str = r#"{"name":"in","op":"Placeholder","attr":{"shape":{"shape":
        {"dim":[{"size":"-1"},{"size":"4"},{"size":"4"},{"size":"3"}]}}}}"#;

    #[test]
    fn nodes_in_any_order_are_converted() {
        let nodes = format!(r#"{{"name":"out","op":"Relu","input":["in"]}},{PLACEHOLDER}"#);
        let first = convert_nodes(&nodes).unwrap();
        assert_eq!(first, convert_nodes(&nodes).unwrap());
    }

    #[test]
    fn an_unknown_operator_is_named_with_its_node() {
        let nodes = format!(r#"{PLACEHOLDER},{{"name":"out","op":"Einsum","input":["in"]}}"#);
        let error = convert_nodes(&nodes).unwrap_err();
        assert!(
            matches!(&error, ConvertError::UnknownOperator { op, node } if op == "Einsum" && node == "out"),
            "{error}"
        );
    }

    #[test]
    fn a_loop_and_a_gap_are_refused() {
        let ring =
            r#"{"name":"a","op":"Relu","input":["out"]},{"name":"out","op":"Relu","input":["a"]}"#;
        let error = convert_nodes(ring).unwrap_err().to_string();
        assert!(error.contains("depends on itself"), "{error}");
        let gap = r#"{"name":"out","op":"Relu","input":["nowhere"]}"#;
        let error = convert_nodes(gap).unwrap_err().to_string();
        assert!(error.contains("there is no node nowhere"), "{error}");
    }

    #[test]
    fn a_graph_that_is_not_json_is_refused() {
        assert!(convert(&signature(), "test", b"{", &[]).is_err());
    }
}
