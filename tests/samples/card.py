"""Draws a specimen identity card of Utopia: front and back, ID-1 size, 24 pixels a millimetre.

It resembles no real document: its state does not exist and SPECIMEN stands across it.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mrz import Person, td1

PIXELS_PER_MM = 24
SIZE = (round(85.6 * PIXELS_PER_MM), round(53.98 * PIXELS_PER_MM))
INK = (28, 34, 54)
LABEL = (70, 92, 130)

FONTS = Path("/usr/share/fonts")
SANS = FONTS / "truetype/liberation/LiberationSans-Regular.ttf"
SANS_BOLD = FONTS / "truetype/liberation/LiberationSans-Bold.ttf"
OCR_B = FONTS / "opentype/ocr-b/OCRB.otf"


def missing_fonts() -> list[str]:
    """Debian packages to install before a card can be drawn."""
    packages = {SANS: "fonts-liberation", SANS_BOLD: "fonts-liberation", OCR_B: "fonts-ocr-b"}
    return sorted({package for path, package in packages.items() if not path.exists()})


def _mm(value: float) -> int:
    return round(value * PIXELS_PER_MM)


def _font(path: Path, height_mm: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), _mm(height_mm))


def _ground(seed: int) -> Image.Image:
    """Pastel ground with fine interlaced waves, as banknotes have."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / PIXELS_PER_MM, y / PIXELS_PER_MM
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 4)
    blend = (0.5 + 0.5 * np.sin(x / 21 + y / 33 + phase[0]))[..., None]
    ground = (1 - blend) * np.array([226, 238, 246]) + blend * np.array([244, 232, 240])
    for k, colour in enumerate([(150, 190, 215), (205, 165, 190), (165, 200, 170)]):
        wave = y + 2.1 * np.sin(x / (5.5 + k) + phase[k + 1]) + 1.3 * np.sin(x / 2.3 - k)
        line = np.abs((wave * (0.9 + 0.12 * k)) % 1.0 - 0.5) < 0.045
        ground[line] = 0.55 * ground[line] + 0.45 * np.array(colour)
    return Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))


def _blank(seed: int, title: bool) -> Image.Image:
    card = _ground(seed)
    draw = ImageDraw.Draw(card)
    if title:
        draw.rectangle([0, 0, SIZE[0], _mm(7.6)], fill=(44, 74, 122))
        draw.text((_mm(4), _mm(1.2)), "UTOPIE / UTOPIA", font=_font(SANS_BOLD, 3.4), fill="white")
        draw.text(
            (_mm(81.6), _mm(1.8)),
            "CARTE D’IDENTITÉ / IDENTITY CARD",
            font=_font(SANS, 2.5),
            fill="white",
            anchor="ra",
        )
    return card


def _stamp(card: Image.Image, height_mm: float, centre: tuple[float, float]) -> None:
    """SPECIMEN aslant, half transparent."""
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text(
        (_mm(centre[0]), _mm(centre[1])),
        "SPECIMEN",
        font=_font(SANS_BOLD, height_mm),
        fill=(190, 40, 60, 70),
        anchor="mm",
    )
    layer = layer.rotate(14, center=(_mm(centre[0]), _mm(centre[1])), resample=Image.BICUBIC)
    card.paste(layer, (0, 0), layer)


def _field(draw: ImageDraw.ImageDraw, x: float, y: float, label: str, text: str) -> None:
    draw.text((_mm(x), _mm(y)), label, font=_font(SANS, 1.55), fill=LABEL)
    draw.text((_mm(x), _mm(y + 1.75)), text, font=_font(SANS_BOLD, 2.7), fill=INK)


def _date(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day} {month} {year}"


def _portrait(picture: Image.Image, width_mm: float, height_mm: float) -> Image.Image:
    picture = picture.convert("RGB").resize((_mm(width_mm), _mm(height_mm)), Image.LANCZOS)
    return picture.filter(ImageFilter.UnsharpMask(radius=3, percent=60))


def front(person: Person, picture: Image.Image, seed: int) -> Image.Image:
    """The side with the portrait; `picture` is a face of the proportions 35:45."""
    card = _blank(seed, title=True)
    draw = ImageDraw.Draw(card)
    card.paste(_portrait(picture, 28, 36), (_mm(4), _mm(11)))
    draw.rectangle([_mm(4), _mm(11), _mm(32), _mm(47)], outline=(90, 110, 150), width=3)
    ghost = _portrait(picture.convert("L"), 9.3, 12)
    ghost = Image.blend(card.crop((_mm(72), _mm(38), _mm(72) + ghost.width, _mm(38) + ghost.height)), ghost, 0.38)
    card.paste(ghost, (_mm(72), _mm(38)))
    _field(draw, 36, 9.2, "NOM / Surname", person.surname)
    _field(draw, 36, 15.2, "Prénoms / Given names", ", ".join(person.given_names))
    _field(draw, 36, 21.2, "Sexe / Sex", person.sex)
    _field(draw, 48, 21.2, "Nationalité / Nationality", person.issuer)
    _field(draw, 66, 21.2, "Date de naiss. / Birth", _date(person.birth_date))
    _field(draw, 36, 27.2, "Lieu de naissance / Place of birth", person.birth_place)
    _field(draw, 36, 33.2, "N° du document / Document No", person.number)
    _field(draw, 36, 39.2, "Date d’expir. / Expiry date", _date(person.expiry_date))
    _stamp(card, 11, (52, 31))
    small = "SPECIMEN – document fictif, sans valeur / fictitious, no value"
    draw.text((_mm(4), _mm(49.6)), small, font=_font(SANS, 2.0), fill=(170, 40, 60))
    return card


def back(person: Person, seed: int) -> Image.Image:
    """The side with the machine-readable zone."""
    card = _blank(seed + 1, title=False)
    draw = ImageDraw.Draw(card)
    _field(draw, 5, 4, "Date de délivrance / Date of issue", _date(person.issue_date))
    _field(draw, 40, 4, "Autorité / Authority", "BUREAU D’AMAUROTE")
    _field(draw, 5, 10.4, "Adresse / Address", "12 RUE DES LANTERNES, AMAUROTE")
    draw.rectangle([_mm(5), _mm(18), _mm(17), _mm(27)], fill=(214, 186, 104), outline=(150, 120, 60), width=3)
    for k in range(1, 4):
        draw.line([_mm(5), _mm(18 + 2.25 * k), _mm(17), _mm(18 + 2.25 * k)], fill=(150, 120, 60), width=3)
    _stamp(card, 9, (50, 21))
    draw.rectangle([0, _mm(32.2), SIZE[0], SIZE[1]], fill=(246, 246, 244))
    _zone(draw, td1(person))
    return card


def _zone(draw: ImageDraw.ImageDraw, lines: list[str]) -> None:
    """OCR-B size 1: ten characters an inch, every one in the middle of its own cell."""
    font = _font(OCR_B, 3.6)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            x = 4.7 + 2.54 * (column + 0.5)
            draw.text((_mm(x), _mm(39.3 + 5.2 * row)), character, font=font, fill=(20, 20, 24), anchor="ms")


def both(front_side: Image.Image, back_side: Image.Image) -> Image.Image:
    """One sheet with the front above the back, as a flatbed scan shows them."""
    margin = _mm(6)
    sheet = Image.new("RGB", (SIZE[0] + 2 * margin, 2 * SIZE[1] + 3 * margin), (250, 250, 248))
    sheet.paste(front_side, (margin, margin))
    sheet.paste(back_side, (margin, 2 * margin + SIZE[1]))
    return sheet
