"""`cook.py write`: the weights as an ONNX file, the same bytes every time, and a check against PyTorch."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from model import STEP, Context, load


def folded(block):
    """Weights and biases of a convolution with its batch normalisation put into it."""
    convolution, norm = block[0], block[1]
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight * scale[:, None, None, None]
    return weight.detach().numpy(), (norm.bias - norm.running_mean * scale).detach().numpy(), convolution


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def add(self, kind, inputs, **attributes):
        self.count += 1
        out = f"t{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [out], name=f"{kind}{self.count}", **attributes))
        return out

    def constant(self, array):
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def convolution(self, x, weight, bias, about, relu=True):
        pads = list(about.padding) * 2
        x = self.add("Conv", [x, self.constant(weight), self.constant(bias)], kernel_shape=list(weight.shape[2:]),
                     strides=list(about.stride), dilations=list(about.dilation), pads=pads)
        return self.add("Relu", [x]) if relu else x


def graph(kind, model):
    g, x = Graph(), kind.INPUT
    for block in model.layers:
        if isinstance(block, Context):
            x = g.add("Add", [x, g.convolution(x, *folded(block.one))])
        else:
            x = g.convolution(x, *folded(block))
    x = g.convolution(x, model.head.weight.detach().numpy(), model.head.bias.detach().numpy(), model.head, relu=False)
    x = g.add("Squeeze", [x, g.constant(np.array([2], dtype=np.int64))])
    x = g.add("Transpose", [x], perm=[0, 2, 1])
    g.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], name="Softmax", axis=-1))
    return g


def write(kind, work, name, out):
    """Writes `out`, compares it with PyTorch on noise, prints its size and sha256."""
    model = load(kind, Path(work) / f"{name}.pt")
    g = graph(kind, model)
    made = helper.make_model(
        helper.make_graph(
            g.nodes, kind.NAME,
            [helper.make_tensor_value_info(kind.INPUT, TensorProto.FLOAT, ["N", 1, 32, "W"])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", "T", len(kind.SYMBOLS) + 1])], g.constants),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="idproof models/kitchen/lines")
    helper.set_model_props(made, {"symbols": kind.SYMBOLS, "step": str(STEP)})
    onnx.checker.check_model(made)
    data = made.SerializeToString(deterministic=True)
    Path(out).write_bytes(data)
    noise = np.random.default_rng(7).normal(size=(2, 1, 32, 600)).astype(np.float32)
    said = onnxruntime.InferenceSession(data).run(None, {kind.INPUT: noise})[0]
    with torch.no_grad():
        wanted = torch.softmax(model(torch.from_numpy(noise)), -1).numpy()
    print(f"{out}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}, "
          f"largest difference to PyTorch {np.abs(said - wanted).max():.1e}")
