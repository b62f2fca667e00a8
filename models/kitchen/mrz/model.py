"""The network: convolutions alone, so that it learns fast on a processor, and what it is fed and says.

In: [N, 1, 32, W] grey, each line at mean 0 and deviation 1. Out: [N, W/4, 38] scores before the softmax;
class 0 is the blank of connectionist temporal classification (Graves et al., 2006), class k is SYMBOLS[k - 1].
"""

import torch
from torch import nn

from texts import SYMBOLS

CLASSES = len(SYMBOLS) + 1
STEP = 4
"""Columns a step of the output covers."""


def layer(into, out, kernel, stride=1, padding=1):
    return nn.Sequential(nn.Conv2d(into, out, kernel, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class Context(nn.Module):
    """Three steps to each side, added to what is there."""

    def __init__(self, channels, dilation):
        super().__init__()
        self.one = layer(channels, channels, (1, 3), padding=(0, dilation))
        self.one[0].dilation = (1, dilation)

    def forward(self, x):
        return x + self.one(x)


class Lines(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            layer(1, 16, 3, 2),             # 16 x W/2
            layer(16, 32, 3, 2),            # 8 x W/4
            layer(32, 64, 3),
            layer(64, 64, 3, (2, 1)),       # 4 x W/4
            layer(64, 96, 3, (2, 1)),       # 2 x W/4
            layer(96, 128, (2, 3), padding=(0, 1)),  # 1 x W/4
            Context(128, 1),
            Context(128, 2),
        )
        self.head = nn.Conv2d(128, CLASSES, 1)

    def forward(self, x):
        return self.head(self.layers(x)).squeeze(2).transpose(1, 2)


def greedy(scores):
    """The likeliest text of [T, CLASSES] scores."""
    best = scores.argmax(-1).tolist()
    return "".join(SYMBOLS[b - 1] for a, b in zip([0, *best], best) if b and b != a)


def load(file):
    model = Lines()
    model.load_state_dict(torch.load(file, weights_only=True))
    return model.eval()
