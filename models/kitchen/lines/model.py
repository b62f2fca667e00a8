"""The network: convolutions alone, so that it learns fast on a processor, and what it is fed and says.

In: [N, 1, 32, W] grey, each line at mean 0 and deviation 1. Out: [N, W/4, classes] scores before the softmax;
class 0 is the blank of connectionist temporal classification (Graves et al., 2006), class k is symbol k - 1.
"""

import torch
from torch import nn

STEP = 4
"""Columns a step of the output covers."""


def layer(into, out, kernel, stride=1, padding=1):
    return nn.Sequential(nn.Conv2d(into, out, kernel, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class Context(nn.Module):
    """As many steps to each side as it is wide, added to what is there."""

    def __init__(self, channels, dilation):
        super().__init__()
        self.one = layer(channels, channels, (1, 3), padding=(0, dilation))
        self.one[0].dilation = (1, dilation)

    def forward(self, x):
        return x + self.one(x)


class Lines(nn.Module):
    """`kind`: `zones` or `print`."""

    def __init__(self, kind):
        super().__init__()
        inputs = (1, *(out for out, *_ in kind.LAYERS))
        self.layers = nn.Sequential(
            *(layer(into, *about) for into, about in zip(inputs, kind.LAYERS)),
            *(Context(inputs[-1], dilation) for dilation in kind.CONTEXTS),
        )
        self.head = nn.Conv2d(inputs[-1], len(kind.SYMBOLS) + 1, 1)

    def forward(self, x):
        return self.head(self.layers(x)).squeeze(2).transpose(1, 2)


def greedy(scores, symbols):
    """The likeliest text of [T, classes] scores."""
    best = scores.argmax(-1).tolist()
    return "".join(symbols[b - 1] for a, b in zip([0, *best], best) if b and b != a)


def load(kind, file):
    model = Lines(kind)
    model.load_state_dict(torch.load(file, weights_only=True))
    return model.eval()
