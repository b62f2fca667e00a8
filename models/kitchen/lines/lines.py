"""Labelled single lines, `NAME.tif` (or png, jpg) beside `NAME.gt.txt`, and which of them are kept out."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

PIECE = 192
"""Columns of a drawn piece."""
HEIGHT = 32
"""Rows of the network's picture."""
PITCH = 15.0
"""Columns a symbol is best fed with."""


def kept_out(name):
    """A tenth by the file's name: never trained on. (The rule `idproof eval documents --tenth` uses as well.)"""
    return hashlib.sha256(name.encode()).digest()[0] * 10 // 256 == 0


def files(folder, symbols):
    """[(picture file, text)] in the order of the names."""
    out = []
    for label in sorted(Path(folder).glob("*.gt.txt")):
        text = label.read_text().strip()
        for suffix in (".tif", ".png", ".jpg"):
            picture = label.with_name(label.name.removesuffix(".gt.txt") + suffix)
            if picture.exists() and text and set(text) <= set(symbols):
                out.append((picture, text))
    return out


def grey(file):
    """A picture file, grey, 0..1."""
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise SystemExit(f"{file}: not a picture that OpenCV reads")
    return image.astype(np.float32) / 255


def to_height(image, width=None):
    """The picture at HEIGHT rows, its shape kept unless a width is given; shrinking averages."""
    h, w = image.shape
    width = width or max(HEIGHT, round(w * HEIGHT / h))
    how = cv2.INTER_AREA if HEIGHT < h else cv2.INTER_LINEAR
    return cv2.resize(image, (width, HEIGHT), interpolation=how)


def normal(image):
    """Mean 0, deviation 1: what the network is fed."""
    return (image - image.mean()) / (image.std() + 0.02)
