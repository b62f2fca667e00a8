"""`cook.py take`: the weights of an ONNX file that `write.py` made, to train on from there.

Writing folds each batch normalisation into its convolution. Here it is put back: as many lines as it takes are
run through, and each normalisation gets the mean and deviation that it sees, and the factors that undo them.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from model import Context, Lines


def blocks(model):
    """(convolution, normalisation or None), in the order of the file's constants."""
    for block in model.layers:
        layer = block.one if isinstance(block, Context) else block
        yield layer[0], layer[1]
    yield model.head, None


@torch.no_grad()
def take(kind, work, name, source, pictures):
    """Writes <work>/<name>.pt; `pictures` [n, 1, 32, w] are what the normalisations are measured on."""
    arrays = [numpy_helper.to_array(a).copy() for a in onnx.load(source).graph.initializer]
    arrays = [a for a in arrays if a.dtype == np.float32]
    model = Lines(kind).eval()
    found = list(blocks(model))
    if len(arrays) != 2 * len(found):
        raise SystemExit(f"{source}: {len(arrays)} constants, expected {2 * len(found)}: of another network")
    for (convolution, norm), weight, bias in zip(found, arrays[::2], arrays[1::2]):
        convolution.weight.copy_(torch.from_numpy(weight).reshape(convolution.weight.shape))
        if norm is None:
            convolution.bias.copy_(torch.from_numpy(bias))
        else:
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.fill_(1)
            norm.bias.copy_(torch.from_numpy(bias))
    before = model(pictures)
    for _, norm in found:
        if norm is not None:
            seen = []
            hook = norm.register_forward_pre_hook(lambda _, x, seen=seen: seen.append(x[0]))
            model(pictures)
            hook.remove()
            mean, var = seen[0].mean((0, 2, 3)), seen[0].var((0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(var)
            norm.weight.copy_(torch.sqrt(var + norm.eps))
            norm.bias.add_(mean)
    off = (model(pictures) - before).abs().max()
    Path(work).mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), Path(work) / f"{name}.pt")
    print(f"{name}: taken from {source}, largest difference {off:.1e}")
