use super::wire::file;
use super::*;

/// A convolution, its scale and shift, and a hard swish whose constants are given.
fn network([shift, least, most, by]: [f32; 4]) -> Vec<Node> {
    vec![
        Node::of_constant("weights", &[2], &[1.0, -2.0]),
        Node::of_constant("shifts", &[2], &[0.5, 4.0]),
        Node::of_constant("scale", &[1], &[3.0]),
        Node::of_constant("more", &[1], &[10.0]),
        Node::of_constant("three", &[1], &[shift]),
        Node::of_constant("zero", &[1], &[least]),
        Node::of_constant("most", &[1], &[most]),
        Node::of_constant("six", &[1], &[by]),
        Node::new("Conv", &["x", "weights", "shifts"], "seen"),
        Node::new("Mul", &["scale", "seen"], "scaled"),
        Node::new("Add", &["scaled", "more"], "shifted"),
        Node::new("Add", &["shifted", "three"], "a"),
        Node::new("Clip", &["a", "zero", "most"], "b"),
        Node::new("Mul", &["shifted", "b"], "c"),
        Node::new("Div", &["c", "six"], "y"),
    ]
}

fn rewritten(nodes: &[Node]) -> Vec<Node> {
    nodes_of(&fewer_passes(&file(nodes))).unwrap()
}

fn numbers(nodes: &[Node], name: &str) -> Vec<f32> {
    let node = nodes.iter().find(|n| n.outputs == [name]).unwrap();
    node.constant().unwrap().values
}

fn computing(nodes: &[Node]) -> Vec<&str> {
    let kinds = nodes.iter().map(|n| n.kind.as_str());
    kinds.filter(|k| *k != "Constant").collect()
}

#[test]
fn scale_and_shift_go_into_the_weights_and_a_hard_swish_stays_among_convolutions() {
    let nodes = rewritten(&network([3.0, 0.0, 6.0, 6.0]));
    assert_eq!(computing(&nodes), ["Conv", "Conv", "Clip", "Mul"]);
    assert_eq!(numbers(&nodes, "weights"), [3.0, -6.0]);
    assert_eq!(numbers(&nodes, "shifts"), [11.5, 22.0]);
    let clip = nodes.iter().find(|n| n.kind == "Clip").unwrap();
    let limits = [1, 2].map(|i| numbers(&nodes, &clip.inputs[i])[0]);
    assert_eq!(limits, [0.0, 1.0]);
    let last = nodes.last().unwrap();
    assert_eq!(
        (&last.inputs[..], &last.outputs[..]),
        (
            &["shifted".to_owned(), "b".to_owned()][..],
            &["y".to_owned()][..]
        )
    );
}

#[test]
fn a_scale_and_shift_further_on_are_one_operation() {
    let further = |input: &str| {
        let mut nodes = network([3.0, 0.0, 6.0, 6.0]);
        nodes.push(Node::new("Mul", &["scale", input], "by"));
        nodes.push(Node::new("Add", &["by", "more"], "end"));
        rewritten(&nodes)
    };
    let nodes = further("y");
    let kinds = ["Conv", "Conv", "Clip", "Mul", "Conv"];
    assert_eq!(computing(&nodes), kinds);
    let last = nodes.last().unwrap();
    assert_eq!((&last.inputs[0][..], &last.outputs[0][..]), ("y", "end"));
    assert_eq!(numbers(&nodes, &last.inputs[1]), [3.0, 3.0]);
    assert_eq!(numbers(&nodes, &last.inputs[2]), [10.0, 10.0]);
    // Of the input nothing tells how many channels it has.
    assert_eq!(computing(&further("x"))[4..], ["Mul", "Add"]);
}

#[test]
fn another_clip_is_no_hard_swish() {
    for numbers in [
        [3.0, 0.0, 1.0, 6.0],
        [3.0, -1.0, 6.0, 6.0],
        [3.0, 0.0, 6.0, 5.0],
    ] {
        let nodes = rewritten(&network(numbers));
        assert_eq!(computing(&nodes), ["Conv", "Add", "Clip", "Mul", "Div"]);
    }
}

#[test]
fn what_is_read_elsewhere_stays() {
    // The convolution's output twice, its weights twice, the clipped sum twice.
    for (kind, input) in [("Relu", "seen"), ("Relu", "weights")] {
        let mut nodes = network([3.0, 0.0, 6.0, 6.0]);
        nodes.push(Node::new(kind, &[input], "other"));
        let nodes = rewritten(&nodes);
        assert_eq!(computing(&nodes)[..2], ["Conv", "Conv"]);
        assert_eq!(numbers(&nodes, "weights"), [1.0, -2.0]);
    }
    let mut nodes = network([3.0, 0.0, 6.0, 6.0]);
    nodes.push(Node::new("Relu", &["b"], "other"));
    assert!(computing(&rewritten(&nodes)).contains(&"Div"));
}

#[test]
fn what_is_no_network_stays_as_it_is() {
    for bytes in [&b""[..], b"no network", &[0x3a, 0xff, 0xff, 0x01]] {
        assert_eq!(fewer_passes(bytes), bytes);
    }
    let nodes = network([3.0, 0.0, 6.0, 6.0]);
    let whole = file(&nodes);
    assert_eq!(nodes_of(&whole).unwrap(), nodes);
    for cut in 1..whole.len() {
        drop(fewer_passes(&whole[..cut]));
    }
}
