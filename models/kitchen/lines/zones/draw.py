"""Draws lines in OCR-B (and, seldom, in another fixed-pitch face) with the place of every symbol."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import CAP, kernel

from .texts import SYMBOLS

FONTS = Path("/usr/share/fonts")
# (file, weight): Debian's fonts-ocr-b, and what forgers and simple printers use instead.
FACES = (("opentype/ocr-b/OCRB.otf", 10), ("opentype/ocr-b/OCRBS.otf", 6), ("opentype/ocr-b/OCRBF.otf", 0),
         ("truetype/dejavu/DejaVuSansMono.ttf", 0.4), ("truetype/liberation/LiberationMono-Regular.ttf", 0.6),
         ("truetype/liberation/LiberationMono-Bold.ttf", 0.4))


@lru_cache
def faces():
    """[(glyphs: symbol -> (array 0..1 ink, x offset from the cell's centre, y offset from the base line))], odds."""
    out, odds = [], []
    for name, weight in FACES:
        if weight and (FONTS / name).exists():
            out.append(glyphs(FONTS / name))
            odds.append(weight)
    if not out:
        raise SystemExit("no font: apt-get install fonts-ocr-b")
    return out, np.array(odds) / sum(odds)


def glyphs(path):
    size = 60
    for _ in range(3):
        font = ImageFont.truetype(str(path), size)
        box = font.getbbox("H")
        size = round(size * CAP / (box[3] - box[1]))
    font = ImageFont.truetype(str(path), size)
    base = font.getbbox("H", anchor="ls")[3]
    cells = {}
    for symbol in SYMBOLS:
        image = Image.new("L", (96, 96))
        ImageDraw.Draw(image).text((48, 64), symbol, fill=255, font=font, anchor="ms")
        cells[symbol] = np.asarray(image, dtype=np.float32)[:, :] / 255
    assert base >= 0
    return cells


def line(rng, text, pitch, lead, tail, margin):
    """Ink 0..1 of a line whose symbols are `pitch` pixels apart, and the centre of each.

    `lead`, `tail`: empty pixels before and after; `margin`: empty pixels above and below
    the capitals. Weight, width and height of the print are drawn by lot.
    """
    all_faces, odds = faces()
    cells = all_faces[int(rng.choice(len(all_faces), p=odds))]
    wide = rng.uniform(0.85, 1.12)
    width, height = int(lead + tail + pitch * len(text)), CAP + 2 * margin
    page = np.zeros((height + 96, width + 96), np.float32)
    centres = []
    uneven = rng.random() < 0.15
    for k, symbol in enumerate(text):
        x = lead + pitch * (k + 0.5) + (rng.normal(0, 0.8) if uneven else 0)
        y = CAP + margin + (rng.normal(0, 0.6) if uneven else 0)
        cell = cells[symbol]
        to = np.float32([[wide, 0, 48 - wide * 48 + x % 1], [0, 1, y % 1]])
        cell = cv2.warpAffine(cell, to, (96, 96), flags=cv2.INTER_LINEAR)
        left, top = int(x), int(y) - 64 + 48
        spot = page[top : top + 96, left : left + 96]
        np.maximum(spot, cell, out=spot)
        centres.append(x)
    page = page[48 : 48 + height, 48 : 48 + width]
    weight = rng.random()
    if weight < 0.3:
        page = cv2.dilate(page, kernel(rng, 2, 5))
    elif weight < 0.5:
        page = cv2.erode(page, kernel(rng, 2, 4))
    return page, np.array(centres)
