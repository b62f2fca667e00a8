"""Draws text in one of the faces that are installed, with the place of every letter."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import CAP, kernel

from .texts import SYMBOLS, plain

FONTS = Path("/usr/share/fonts")
# Of Debian's packages in README.md: what documents are not set in.
LEFT_OUT = ("Mono", "Cursor", "cursor", "Symbol", "Cousine", "Hack", "D050000L", "Z003", "chorus", "Thin", "Hairline",
            "ExtraLight", "Black", "Heavy", "Gothic-", "_DR", "Biolinum_K", "opens", "Math", "OCRB")
# Of Noto, which has a file for every script, these alone.
NOTO = ("NotoSans-", "NotoSerif-", "NotoSansDisplay-", "NotoSerifDisplay-")
KEPT_OUT = ("Lato", "Carlito", "Tinos", "LinBiolinum", "Cantarell")
"""Never trained with; measured with."""
OFTEN = ("Arimo", "LiberationSans", "NimbusSans", "texgyreheros", "FreeSans", "OpenSans", "DejaVuSans")
SERIF = ("Serif", "Roman", "Tinos", "termes", "C059", "P052", "bonum", "pagella", "schola", "Bookman", "Gentium",
         "Libertine", "Accanthis")
SLANTED = ("Italic", "Oblique", "_RI", "It.", "Ita.")


@lru_cache
def faces(kept_out=False):
    """[file], odds."""
    found = []
    for path in sorted([*FONTS.rglob("*.ttf"), *FONTS.rglob("*.otf")]):
        name = path.name
        other = name.startswith("Noto") and not name.startswith(NOTO)
        if other or any(x in name for x in LEFT_OUT) or name.startswith(KEPT_OUT) != kept_out:
            continue
        odds = 0.35 if any(x in name for x in SERIF) else 1.0
        odds *= 0.3 if any(x in name for x in SLANTED) else 1.0
        found.append((path, odds * (3 if name.startswith(OFTEN) else 1)))
    if not found:
        raise SystemExit("no font: see README.md")
    odds = np.array([o for _, o in found])
    return [p for p, _ in found], odds / odds.sum()


@lru_cache(maxsize=400)
def font(path):
    """The face with capitals as high as `CAP`."""
    size = 60
    for _ in range(3):
        box = ImageFont.truetype(str(path), size).getbbox("H")
        size = max(10, round(size * CAP / max(1, box[3] - box[1])))
    return ImageFont.truetype(str(path), size)


@lru_cache(maxsize=400)
def lacking(path):
    """What the face has no glyph for."""

    def drawn(character):
        image = Image.new("L", (120, 120))
        ImageDraw.Draw(image).text((30, 80), character, fill=255, font=font(path), anchor="ls")
        return image.tobytes()

    none = drawn("\uffff")
    return frozenset(c for c in SYMBOLS + "’" if c != " " and drawn(c) == none)


def face(rng, text, kept_out=False):
    """A face by lot that has all of a text."""
    all_of, odds = faces(kept_out)
    while True:
        path = all_of[int(rng.choice(len(all_of), p=odds))]
        if not lacking(path) & set(text):
            return path


def extent(path, text):
    return font(path).getlength(text)


def line(rng, path, text, lead, tail, margin):
    """Ink 0..1 of a text, what the network is to say of it, and the centre and width of each symbol.

    `lead`, `tail`: empty pixels before and after; `margin`: empty pixels above and below the capitals.
    """
    face_ = font(path)
    image = Image.new("L", (int(lead + face_.getlength(text) + tail) + 1, CAP + 2 * margin))
    ImageDraw.Draw(image).text((lead, margin + CAP), text, fill=255, font=face_, anchor="ls")
    ink = np.asarray(image, dtype=np.float32) / 255
    said, centres, widths = "", [], []
    for k, character in enumerate(text):
        symbols = plain(character)
        begins, ends = face_.getlength(text[:k]), face_.getlength(text[: k + 1])
        for j, symbol in enumerate(symbols):
            said += symbol
            widths.append((ends - begins) / len(symbols))
            centres.append(lead + begins + widths[-1] * (j + 0.5))
    weight = rng.random()
    if weight < 0.2:
        ink = cv2.dilate(ink, kernel(rng, 2, 5))
    elif weight < 0.35:
        ink = cv2.erode(ink, kernel(rng, 2, 3))
    return ink, said, np.array(centres), np.array(widths)
