"""Rows of machine-readable zones, in OCR-B."""

import degrade
import lines
from degrade import CAP

from . import draw, texts

SYMBOLS = texts.SYMBOLS
INPUT = "lines"
NAME = "mrz_lines"
# Channels, kernel, stride, and the padding where it is not one: down to one row of W/4 columns.
LAYERS = ((16, 3, 2), (32, 3, 2), (64, 3, 1), (64, 3, (2, 1)), (96, 3, (2, 1)), (128, (2, 3), 1, (0, 1)))
CONTEXTS = (1, 2)


def piece(rng, hard):
    """A drawn piece: (picture [32, PIECE], text, column of each symbol's centre, columns of each symbol)."""
    pitch = rng.uniform(9.5, 23)
    count = int(rng.integers(max(3, int(0.5 * lines.PIECE / pitch)), int((lines.PIECE - 2) / pitch) + 1))
    text = texts.line(rng, count)
    own = CAP * rng.uniform(0.72, 1.05)
    across = pitch / own
    room = max(0.0, lines.PIECE / across - own * count)
    lead = rng.uniform(0, room)
    margin = int(CAP * (1 / rng.uniform(0.5, 0.98) - 1) / 2)
    ink, centres = draw.line(rng, text, own, lead, room - lead, margin)
    image = degrade.photographed(rng, degrade.shifted(rng, ink, margin), margin, hard)
    return lines.to_height(image, lines.PIECE), text, centres * across, [pitch] * count
