"""Print on documents, in the faces that are installed."""

import numpy as np

import degrade
import lines
from degrade import CAP

from . import draw, texts

SYMBOLS = texts.SYMBOLS
INPUT = "lines"
NAME = "print_lines"
# Channels, kernel, stride, and the padding where it is not one: down to one row of W/4 columns.
LAYERS = ((16, 3, 2), (32, 3, 2), (48, 3, (2, 1)), (64, 3, 1), (80, 3, (2, 1)), (112, (2, 3), 1, (0, 1)))
CONTEXTS = (1, 2, 4, 8)


def piece(rng, hard):
    """A drawn piece: (picture [32, PIECE], text, column of each symbol's centre, columns of each symbol)."""
    said = ""
    while not said:
        text = texts.line(rng)
        path = draw.face(rng, text)
        margin = int(CAP * (1 / rng.uniform(0.5, 0.95) - 1) / 2)
        across = rng.uniform(0.8, 1.3) * lines.HEIGHT / (CAP + 2 * margin)
        room = lines.PIECE / across - 4
        while draw.extent(path, text) > room and len(text) > 2:
            cut = max(1, int(len(text) * rng.uniform(0.05, 0.3)))
            text = text[cut:] if rng.random() < 0.5 else text[:-cut]
        free = max(0.0, room - draw.extent(path, text))
        lead = 2 + rng.uniform(0, free if rng.random() < 0.6 else min(free, 40))
        ink, said, centres, widths = draw.line(rng, path, text, lead, 2, margin)
    whole = round(room) + 4
    ink = np.pad(ink, ((0, 0), (0, max(0, whole - ink.shape[1]))))[:, :whole]
    image = degrade.photographed(rng, degrade.shifted(rng, ink, margin), margin, hard)
    return lines.to_height(image, lines.PIECE), said, centres * across, widths * across


def whole(rng, hard):
    """A whole line in a face kept out: (picture [32, W], text)."""
    written = texts.line(rng)
    path = draw.face(rng, written, kept_out=True)
    margin = int(CAP * (1 / rng.uniform(0.5, 0.95) - 1) / 2)
    ink, said, _, _ = draw.line(rng, path, written, rng.uniform(2, 30), rng.uniform(2, 30), margin)
    return lines.to_height(degrade.photographed(rng, ink, margin, hard)), said
