//! Exported networks say `x * clip(x + 3, 0, 6) / 6` and a learnt scale and shift as one operation each, every one a pass
//! over memory, and ONNX Runtime runs them so. They are rewritten before the network is loaded: a scale and shift behind
//! a convolution go into its weights, others become a convolution that looks at each number alone, and so does
//! `x / 6 + 1 / 2`: the runtime computes convolutions in a layout of its own, which everything else makes it leave and
//! enter again. What comes out differs by rounding alone. Of the file (protocol buffers, `onnx.proto`) only nodes are
//! read.

use std::collections::{HashMap, HashSet};

mod wire;

use wire::{Node, Tensor, nodes_of, with_nodes};

/// The file with fewer passes; as it is where it is laid out otherwise than expected.
pub(crate) fn fewer_passes(file: &[u8]) -> Vec<u8> {
    let Some(mut nodes) = nodes_of(file) else {
        return file.to_vec();
    };
    hard_swish(&mut nodes);
    while fold_scalars(&mut nodes) {}
    scale_and_shift(&mut nodes);
    with_nodes(file, &nodes).unwrap_or_else(|| file.to_vec())
}

/// Which nodes read what, by name.
fn readers(nodes: &[Node]) -> HashMap<String, Vec<usize>> {
    let mut readers: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for input in &node.inputs {
            readers.entry(input.clone()).or_default().push(at);
        }
    }
    readers
}

/// The constants by name: the node that holds each, and its numbers.
fn constants(nodes: &[Node]) -> HashMap<String, (usize, Tensor)> {
    let constant = |(at, node): (usize, &Node)| {
        let tensor = node.constant()?;
        Some((node.outputs.first()?.clone(), (at, tensor)))
    };
    nodes.iter().enumerate().filter_map(constant).collect()
}

struct Graph<'a> {
    nodes: &'a [Node],
    /// Which node gives what, by name.
    givers: HashMap<&'a str, usize>,
    readers: HashMap<String, Vec<usize>>,
    constants: HashMap<String, (usize, Tensor)>,
}

impl<'a> Graph<'a> {
    fn of(nodes: &'a [Node]) -> Self {
        let given = |(at, node): (usize, &'a Node)| {
            let names: Vec<&str> = node.outputs.iter().map(String::as_str).collect();
            names.into_iter().map(move |name| (name, at))
        };
        Self {
            nodes,
            givers: nodes.iter().enumerate().flat_map(given).collect(),
            readers: readers(nodes),
            constants: constants(nodes),
        }
    }

    /// The one node that reads what `at` gives, where it is a `kind`. What the network gives is read by none.
    fn next(&self, at: usize, kind: &str) -> Option<usize> {
        let [output] = &self.nodes[at].outputs[..] else {
            return None;
        };
        match self.readers.get(output).map(Vec::as_slice) {
            Some([next]) if self.nodes[*next].kind == kind => Some(*next),
            _ => None,
        }
    }

    /// How many channels has what comes of a convolution, as its shifts tell.
    fn channels(&self, name: &str) -> Option<usize> {
        let node = &self.nodes[*self.givers.get(name)?];
        match (node.kind.as_str(), &node.inputs[..]) {
            ("Conv", [_, _, shifts]) => self.constants.get(shifts).map(|(_, t)| t.values.len()),
            ("Add" | "Mul", inputs) => inputs.iter().filter_map(|i| self.channels(i)).max(),
            _ => None,
        }
    }

    fn scalar(&self, name: &str) -> Option<f32> {
        match self.constants.get(name) {
            Some((_, Tensor { values, .. })) if values.len() == 1 => values.first().copied(),
            _ => None,
        }
    }

    /// The number in a node of two inputs, and the other input.
    fn with_scalar(&self, at: usize) -> Option<(f32, &'a str)> {
        let [a, b] = &self.nodes[at].inputs[..] else {
            return None;
        };
        let left = self.scalar(a).map(|v| (v, b.as_str()));
        left.or_else(|| self.scalar(b).map(|v| (v, a.as_str())))
    }

    /// `Add`, `Clip`, `Mul`, `Div` that are a hard swish from this `Add` on, and what they read.
    fn hard_swish(&self, add: usize) -> Option<([usize; 4], &'a str)> {
        let (shift, source) = self.with_scalar(add)?;
        let clip = self.next(add, "Clip")?;
        let [_, least, most] = &self.nodes[clip].inputs[..] else {
            return None;
        };
        let product = self.next(clip, "Mul")?;
        let quotient = self.next(product, "Div")?;
        let (by, _) = self.with_scalar(quotient)?;
        let numbers = [shift, self.scalar(least)?, self.scalar(most)?, by];
        let divides = self.nodes[quotient].inputs.first() == self.nodes[product].outputs.first();
        let of_source = self.nodes[product].inputs.iter().any(|i| i == source);
        (numbers == [3.0, 0.0, 6.0, 6.0] && divides && of_source)
            .then_some(([add, clip, product, quotient], source))
    }
}

fn hard_swish(nodes: &mut Vec<Node>) {
    let graph = Graph::of(nodes);
    let adds = (0..nodes.len()).filter(|at| nodes[*at].kind == "Add");
    let found = adds.filter_map(|at| {
        let (parts, source) = graph.hard_swish(at)?;
        Some((parts, source.to_owned(), graph.channels(source)?))
    });
    let found: Vec<_> = found.collect();
    let mut constants = Vec::new();
    let mut gone = HashSet::new();
    for ([add, clip, product, quotient], source, channels) in found {
        let sum = nodes[add].outputs[0].clone();
        let (each, of_each) = Node::of_each(&source, &sum, channels, 1.0 / 6.0, 0.5);
        nodes[add] = each;
        constants.extend(of_each);
        let one = format!("{sum}.most");
        nodes[clip].inputs[2].clone_from(&one);
        constants.push(Node::of_constant(&one, &[], &[1.0]));
        let mut inputs = vec![source];
        inputs.extend(nodes[clip].outputs.clone());
        nodes[product].inputs = inputs;
        nodes[product].outputs = nodes[quotient].outputs.clone();
        gone.insert(quotient);
    }
    remove(nodes, &gone);
    nodes.splice(0..0, constants);
}

/// Makes a scale and a shift, of what comes of a convolution, one operation.
fn scale_and_shift(nodes: &mut Vec<Node>) {
    let graph = Graph::of(nodes);
    let pair = |scale: usize| {
        let (by, source) = graph.with_scalar(scale)?;
        let shift = graph.next(scale, "Add")?;
        let (more, _) = graph.with_scalar(shift)?;
        let channels = graph.channels(source)?;
        let given = nodes[shift].outputs.first()?;
        let (each, constants) = Node::of_each(source, given, channels, by, more);
        Some((scale, shift, each, constants))
    };
    let scales = (0..nodes.len()).filter(|at| nodes[*at].kind == "Mul");
    let found: Vec<_> = scales.filter_map(pair).collect();
    let mut constants = Vec::new();
    let mut gone = HashSet::new();
    for (scale, shift, each, of_each) in found {
        nodes[scale] = each;
        constants.extend(of_each);
        gone.insert(shift);
    }
    remove(nodes, &gone);
    nodes.splice(0..0, constants);
}

/// Brings each number multiplied with or added to what a convolution gives into its weights; whether there was any.
fn fold_scalars(nodes: &mut Vec<Node>) -> bool {
    let graph = Graph::of(nodes);
    let only = |name: &String| graph.readers.get(name).is_some_and(|r| r.len() == 1);
    let mut folds = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let [_, weights, shifts] = &node.inputs[..] else {
            continue;
        };
        if node.kind != "Conv" || !only(weights) || !only(shifts) {
            continue;
        }
        let next = graph.next(at, "Mul").or_else(|| graph.next(at, "Add"));
        let parts = (graph.constants.get(weights), graph.constants.get(shifts));
        if let (Some(next), (Some(weights), Some(shifts))) = (next, parts)
            && let Some((by, _)) = graph.with_scalar(next)
        {
            folds.push((at, next, by, weights.clone(), shifts.clone()));
        }
    }
    let mut gone = HashSet::new();
    for (at, next, by, (weights_at, mut weights), (shifts_at, mut shifts)) in folds {
        if nodes[next].kind == "Mul" {
            weights.values.iter_mut().for_each(|v| *v *= by);
            shifts.values.iter_mut().for_each(|v| *v *= by);
            nodes[weights_at].set_constant(&weights);
        } else {
            shifts.values.iter_mut().for_each(|v| *v += by);
        }
        nodes[shifts_at].set_constant(&shifts);
        nodes[at].outputs = nodes[next].outputs.clone();
        gone.insert(next);
    }
    remove(nodes, &gone);
    !gone.is_empty()
}

fn remove(nodes: &mut Vec<Node>, gone: &HashSet<usize>) {
    let mut at = 0;
    nodes.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
}

#[cfg(test)]
mod tests;
