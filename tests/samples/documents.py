"""Photographs of made-up documents of every kind, with what their zones say: the measure of `idproof eval documents`.

Writes NAME.jpg and `truth.tsv`: file, lines of the zone, and what the picture is: `legible` (mild degradations), `hard` (one
cause that should make the quality gate refuse it, or just not), `screen` (the document shown on a display and photographed),
`copy` (a black-and-white photocopy). Everything is seeded. They resemble no real document: SPECIMEN stands across each.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import zones
from card import INK, LABEL, OCR_B, SANS, SANS_BOLD, missing_fonts

PER_MM = 16


def _mm(value):
    return round(value * PER_MM)


def _font(path, height):
    return ImageFont.truetype(str(path), max(1, _mm(height)))


def _ground(rng, size):
    """A tinted ground with fine interlaced waves, RGB float."""
    y, x = np.mgrid[0 : _mm(size[1]), 0 : _mm(size[0])].astype(np.float32) / PER_MM
    tint = rng.uniform(205, 245, 3)
    other = np.clip(tint + rng.uniform(-28, 28, 3), 190, 250)
    blend = (0.5 + 0.5 * np.sin(x / 21 + y / 33 + rng.uniform(0, 6)))[..., None]
    ground = (1 - blend) * tint + blend * other
    for k in range(3):
        wave = y + 2.1 * np.sin(x / (5.5 + k) + rng.uniform(0, 6)) + 1.3 * np.sin(x / 2.3 - k)
        line = np.abs((wave * (0.9 + 0.12 * k)) % 1.0 - 0.5) < 0.045
        ground[line] = 0.6 * ground[line] + 0.4 * rng.uniform(120, 215, 3)
    return ground


def _portrait(rng, faces, width, height):
    """A face from a folder, or a drawn head."""
    size = (_mm(width), _mm(height))
    if faces:
        picture = Image.open(faces[int(rng.integers(len(faces)))]).convert("RGB")
        w, h = picture.size
        side = min(w, h * width / height)
        box = ((w - side) / 2, (h - side * height / width) / 2, (w + side) / 2, (h + side * height / width) / 2)
        return picture.crop(tuple(map(round, box))).resize(size, Image.LANCZOS)
    head = Image.new("RGB", size, tuple(int(v) for v in rng.uniform(190, 235, 3)))
    draw = ImageDraw.Draw(head)
    w, h = size
    skin = tuple(int(v) for v in np.array([214, 172, 146]) * rng.uniform(0.6, 1.1))
    draw.ellipse([w * 0.1, h * 0.75, w * 0.9, h * 1.3], fill=(60, 66, 90))
    draw.ellipse([w * 0.25, h * 0.15, w * 0.75, h * 0.8], fill=skin)
    for at in (0.39, 0.61):
        draw.ellipse([w * at - w * 0.04, h * 0.42, w * at + w * 0.04, h * 0.46], fill=(40, 36, 34))
    draw.arc([w * 0.4, h * 0.55, w * 0.6, h * 0.68], 20, 160, fill=(120, 60, 60), width=max(1, w // 40))
    return head


def _field(draw, x, y, label, text):
    draw.text((_mm(x), _mm(y)), label, font=_font(SANS, 1.6), fill=LABEL)
    draw.text((_mm(x), _mm(y + 1.9)), text, font=_font(SANS_BOLD, 2.6), fill=INK)


def document(rng, kind, holder, lines, faces):
    """The side that carries the zone, flat, `PER_MM` pixels a millimetre."""
    width, height = kind.size
    picture = Image.fromarray(_ground(rng, kind.size).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    with_portrait = kind.format != "TD1"
    left = 38.0 if with_portrait else 24.0
    draw.text((_mm(4), _mm(1.6)), kind.title, font=_font(SANS_BOLD, 2.8), fill=(44, 74, 122))
    if with_portrait:
        tall = height - 34
        picture.paste(_portrait(rng, faces, tall * 0.78, tall), (_mm(5), _mm(7.5)))
        top, step = 7.0, 5.6 if height < 80 else 6.6
        _field(draw, left, top, "NOM / Surname", holder.surname)
        _field(draw, left, top + step, "Prénoms / Given names", ", ".join(holder.given))
        _field(draw, left, top + 2 * step, "Sexe / Sex", holder.sex)
        _field(draw, left + 14, top + 2 * step, "Nationalité / Nationality", holder.state)
        _field(draw, left + 42, top + 2 * step, "Date of birth", zones.printed(holder.birth, True))
        _field(draw, left, top + 3 * step, "N° du document / Document No", holder.number)
        _field(draw, left + 42, top + 3 * step, "Expiry date", zones.printed(holder.expiry, False))
        _field(draw, left, top + 4 * step, "Lieu de naissance / Place of birth", holder.place)
    else:
        draw.rectangle([_mm(5), _mm(9), _mm(17), _mm(18)], fill=(214, 186, 104), outline=(150, 120, 60), width=3)
        _field(draw, left, 6, "Date de délivrance / Date of issue", zones.printed(holder.issue, False))
        _field(draw, left, 12, "Adresse / Address", f"{int(rng.integers(1, 90))} RUE DES LANTERNES")
        _field(draw, left, 18, "Date d’expir. / Expiry date", zones.printed(holder.expiry, False))
    stamp = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    centre = (_mm(width / 2), _mm(height / 2 - 9))
    ImageDraw.Draw(stamp).text(centre, "SPECIMEN", font=_font(SANS_BOLD, 8), fill=(190, 40, 60, 60), anchor="mm")
    stamp = stamp.rotate(14, center=centre, resample=Image.BICUBIC)
    picture.paste(stamp, (0, 0), stamp)
    if rng.random() < 0.5:
        draw.rectangle([0, _mm(height - 23.2), picture.width, picture.height], fill=(246, 246, 242))
    font = _font(OCR_B, 3.6)
    pitch = rng.uniform(5.2, 6.35)
    start = (width - 2.54 * len(lines[0])) / 2
    for row, line in enumerate(lines):
        base = height - 11.6 + (row - (len(lines) - 1) / 2) * pitch + 1.2
        for column, symbol in enumerate(line):
            at = (_mm(start + 2.54 * (column + 0.5)), _mm(base))
            draw.text(at, symbol, font=font, fill=(24, 24, 28), anchor="ms")
    return np.asarray(picture)


def table(rng, size):
    """A cluttered table: grain or cloth, sheets of print, boxes and pens. RGB float."""
    width, height = size
    small = rng.normal(0, 1, (height // 8 + 1, width // 8 + 1)).astype(np.float32)
    grain = cv2.GaussianBlur(small, (0, 0), sigmaX=rng.uniform(2, 50), sigmaY=rng.uniform(0.8, 6))
    grain = cv2.resize(grain / (grain.std() + 1e-6), size, interpolation=cv2.INTER_CUBIC)
    tone = rng.uniform(35, 200, 3) if rng.random() < 0.7 else np.repeat(rng.uniform(40, 235), 3)
    scene = np.clip(tone + grain[..., None] * rng.uniform(3, 14), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 5))):
        w, h = rng.uniform(0.1, 0.6) * width, rng.uniform(0.05, 0.5) * height
        centre = (rng.uniform(0, width), rng.uniform(0, height))
        box = cv2.boxPoints((centre, (w, h), rng.uniform(0, 180))).astype(np.int32)
        colour = rng.uniform(20, 250, 3)
        cv2.fillPoly(scene, [box], colour.tolist(), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 3))):
        y = rng.uniform(0, height)
        for row in range(int(rng.integers(3, 12))):
            at = (int(rng.uniform(0, width / 3)), int(y + row * 26))
            cv2.putText(scene, "lorem ipsum dolor sit amet " * 3, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (60, 60, 60), 1, cv2.LINE_AA)
    return cv2.GaussianBlur(scene.astype(np.float32), (0, 0), rng.uniform(0.6, 3))


def angle_of(rng):
    """Degrees: mostly about upright, some upside down, on their side or anyhow."""
    kind = rng.random()
    if kind < 0.6:
        return rng.uniform(-12, 12)
    if kind < 0.75:
        return 180 + rng.uniform(-12, 12)
    if kind < 0.9:
        return rng.choice([90, -90]) + rng.uniform(-10, 10)
    return rng.uniform(0, 360)


HARD = ("blur", "motion", "glare", "dark", "bright", "small", "cut", "finger")


def photograph(rng, flat, size_mm, hard):
    """The document on the table as a telephone takes it, and its four corners in the picture; `hard` is one of HARD or None."""
    scale = rng.uniform(2.2, 3.6) if hard == "small" else rng.uniform(6.5, 17)
    width_mm, height_mm = size_mm
    angle = np.deg2rad(angle_of(rng))
    half = np.array([width_mm, height_mm]) * scale / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * half
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = corners @ turn.T
    # Seen from a height of four and a half times its width, tilted by up to about 22 degrees.
    tilt = np.tan(np.deg2rad(rng.uniform(-1, 1, 2) * rng.choice([5, 12, 22])))
    corners = corners / (1 + corners @ tilt / (4.5 * width_mm * scale))[:, None]
    span = np.ptp(corners, axis=0)
    room = span * rng.uniform(1.12, 1.8) + 40
    size = (int(room[0]), int(room[1]))
    free = (room - span) / 2
    shift = rng.uniform(-0.8, 0.8, 2) * free
    if hard == "cut":
        shift = np.sign(rng.uniform(-1, 1, 2)) * np.array([free[0] + span[0] * rng.uniform(0.12, 0.3), 0])[:: int(rng.choice([1, -1]))]
    corners = corners - (corners.max(0) + corners.min(0)) / 2 + room / 2 + shift
    h, w = flat.shape[:2]
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    # Finer than the picture: brought down first, or it would alias.
    by = PER_MM / scale
    soft = cv2.GaussianBlur(flat, (0, 0), 0.4 * by) if by > 1.2 else flat
    warped = cv2.warpPerspective(soft, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    cover = cv2.warpPerspective(_mask(w, h), matrix, size).astype(np.float32)[..., None] / 255
    scene = table(rng, size)
    shade = cv2.GaussianBlur(np.roll(cover[..., 0], tuple(rng.integers(3, 14, 2)), (0, 1)), (0, 0), rng.uniform(3, 18))
    scene *= (1 - rng.uniform(0.2, 0.6) * shade)[..., None]
    scene = scene * (1 - cover) + warped * cover
    if hard == "finger":
        _finger(rng, scene, corners)
    return _camera(rng, scene, corners, scale, hard), corners


def _mask(w, h):
    mask = np.zeros((h, w), np.uint8)
    r = round(3.18 * PER_MM)
    cv2.rectangle(mask, (r, 0), (w - r - 1, h - 1), 255, -1)
    cv2.rectangle(mask, (0, r), (w - 1, h - r - 1), 255, -1)
    for at in ((r, r), (w - r - 1, r), (r, h - r - 1), (w - r - 1, h - r - 1)):
        cv2.circle(mask, at, r, 255, -1)
    return mask


def _finger(rng, scene, corners):
    """A finger over the zone's end."""
    a, b = corners[2], corners[3]
    at = a + (b - a) * rng.uniform(0.1, 0.4)
    into = (corners.mean(0) - at) / np.linalg.norm(corners.mean(0) - at)
    length = np.linalg.norm(a - corners[1]) * rng.uniform(0.35, 0.5)
    skin = (np.array([206, 152, 128]) * rng.uniform(0.8, 1.1)).tolist()
    thick = int(np.linalg.norm(a - b) * 0.19)
    cv2.line(scene, tuple(map(int, at - into * 4 * thick)), tuple(map(int, at + into * length)), skin, thick, cv2.LINE_AA)


def _camera(rng, scene, corners, scale, hard):
    """Light, shadow, glare, lens, sensor; float RGB in, 8 bit out."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(0, 1, 2) * (width, height)
    fall = ((x - cx) / width) ** 2 + ((y - cy) / height) ** 2
    light = rng.uniform(0.85, 1.08) * (1 - rng.uniform(0.05, 0.3) * fall)
    if rng.random() < 0.4:  # the shadow of hand or telephone, with a soft edge
        along = np.deg2rad(rng.uniform(0, 360))
        edge = (x - width / 2) * np.cos(along) + (y - height / 2) * np.sin(along) - rng.uniform(-0.3, 0.3) * width
        light *= 1 - rng.uniform(0.15, 0.45) / (1 + np.exp(-edge / rng.uniform(8, 60)))
    light *= {"dark": rng.uniform(0.18, 0.3), "bright": rng.uniform(1.9, 2.6)}.get(hard, 1.0)
    scene = scene * light[..., None] * rng.uniform(0.93, 1.0, 3)
    if hard == "bright":
        scene = scene + 40
    if hard == "glare" or rng.random() < 0.25:
        foot = corners[[2, 3]].mean(0) * 0.8 + corners.mean(0) * 0.2
        at = foot if hard == "glare" else corners.mean(0) + rng.uniform(-0.5, 0.5, 2) * np.ptp(corners, axis=0)
        spread = np.ptp(corners, axis=0).max() * (rng.uniform(0.12, 0.22) if hard == "glare" else rng.uniform(0.03, 0.12))
        spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * spread**2))
        scene = scene + spot[..., None] * (rng.uniform(300, 600) if hard == "glare" else rng.uniform(10, 50))
    sigma = scale * (rng.uniform(0.3, 0.5) if hard == "blur" else rng.uniform(0.02, 0.085))
    scene = cv2.GaussianBlur(scene, (0, 0), max(0.35, sigma))
    if hard == "motion" or rng.random() < 0.25:
        reach = scale * (rng.uniform(1.1, 2.0) if hard == "motion" else rng.uniform(0.05, 0.25))
        n = max(1, int(reach)) | 1
        kernel = np.zeros((n, n), np.float32)
        slope = np.deg2rad(rng.uniform(0, 180))
        c = n // 2
        cv2.line(kernel, (round(c - c * np.cos(slope)), round(c - c * np.sin(slope))),
                 (round(c + c * np.cos(slope)), round(c + c * np.sin(slope))), 1.0)
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum())
    scene = scene + rng.standard_normal(scene.shape, np.float32) * rng.uniform(1, 6)
    return np.clip(scene, 0, 255).astype(np.uint8)


def on_screen(rng, flat):
    """The document as a display shows it: pixels of three stripes with dark gaps, 0.09 to 0.27 mm wide, gamma 2.2."""
    pitch = rng.uniform(0.09, 0.27)
    cell = max(3, round(pitch * PER_MM * 3))  # drawn three times finer than the document
    h, w = flat.shape[:2]
    n = (max(1, round(w * 3 / cell)), max(1, round(h * 3 / cell)))
    pixels = (cv2.resize(flat, n, interpolation=cv2.INTER_AREA) / 255.0) ** 2.2
    fine = np.repeat(np.repeat(pixels, cell, 0), cell, 1).astype(np.float32)
    stripe = (np.arange(cell) * 3 // cell)[None, :, None] == np.arange(3)[None, None, :]
    gap = rng.uniform(0.06, 0.2)
    dark = (np.arange(cell) >= cell * (1 - gap))
    mask = np.where(stripe, 1.0, rng.uniform(0.0, 0.15)).astype(np.float32).repeat(cell, 0)
    mask[dark] *= 0.15
    mask = np.tile(mask, (n[1], n[0], 1))
    lit = fine * mask
    lit *= fine.mean() / max(lit.mean(), 1e-6)
    lit = cv2.resize(np.clip(lit, 0, 4), (w, h), interpolation=cv2.INTER_AREA)
    return (np.clip(lit, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def photocopy(rng, flat):
    """Black and white: a copier's hard contrast, toner dust, on nearly white paper."""
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 1.6))
    grey = 255 / (1 + np.exp(-(grey - rng.uniform(120, 165)) / rng.uniform(14, 32)))
    grey += rng.standard_normal(grey.shape, np.float32) * rng.uniform(2, 8)
    paper = rng.uniform(235, 250)
    return np.repeat(np.clip(grey, 8, paper)[..., None], 3, 2).astype(np.uint8)


def one(seed, number, group, faces):
    """(picture, zone lines, what it is, kind)."""
    rng = np.random.default_rng([seed, number])
    kind = zones.KINDS[number % len(zones.KINDS)]
    holder = zones.holder(rng, kind)
    lines = zones.lines(kind, holder)
    flat = document(rng, kind, holder, lines, faces)
    hard = None
    if group == "photo" and rng.random() < 0.2:
        hard = HARD[int(rng.integers(len(HARD)))]
    if group == "screen":
        flat = on_screen(rng, flat)
    elif group == "copy":
        flat = photocopy(rng, flat)
    picture, _ = photograph(rng, flat, kind.size, hard)
    what = {"photo": "hard" if hard else "legible"}.get(group, group)
    return picture, lines, what, kind.name + (f"-{hard}" if hard else ""), int(rng.integers(55, 96))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--attacks", type=int, default=60, help="of each kind: screens, copies")
    parser.add_argument("--faces", type=Path, help="folder of portraits (jpg) instead of drawn heads")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if missing := missing_fonts():
        raise SystemExit(f"apt-get install {' '.join(missing)}")
    cv2.setNumThreads(1)
    faces = sorted(args.faces.rglob("*.jpg")) if args.faces else []
    args.out.mkdir(parents=True, exist_ok=True)
    truth = ["# file, zone, what the picture is"]
    for group, count, first in (("photo", args.photos, 0), ("screen", args.attacks, 100_000), ("copy", args.attacks, 200_000)):
        for k in range(count):
            picture, lines, what, kind, quality = one(args.seed, first + k, group, faces)
            name = f"{group}-{k:04d}-{kind}.jpg"
            Image.fromarray(picture).save(args.out / name, quality=quality)
            truth.append(f"{name}\t{'/'.join(lines)}\t{what}")
    (args.out / "truth.tsv").write_text("\n".join(truth) + "\n")
    print(f"{len(truth) - 1} pictures in {args.out}")


if __name__ == "__main__":
    main()
