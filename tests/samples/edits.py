"""Edited pictures of documents, and the same ones left alone: the measure of `idproof eval documents` for replaced portraits and
fields that were written over.

A picture is encoded as a camera does (JPEG 80 to 97), decoded, edited, and encoded again (JPEG 85 to 95), as a picture editor
does. Below `fit/` and `held-out/`, which share neither a document nor a face: `bona-fide/` (as taken; sent on, that is encoded
again without an edit) and `attack/edit/TYPE/`:

    portrait-sharp        somebody else's portrait, its edge cut sharply
    portrait-feathered    the edge feathered, light and contrast brought to those of the one that was there
    portrait-coarse       feathered, of a half to a third of the resolution
    portrait-noisy        feathered, with as much noise as the picture has
    field-flat            a field painted over in the colour of its ground, other text written on it
    field-healed          a field filled from what lies round it (Telea), other text written on it
    field-copied          characters of another place of the document copied over a field

Documents are made up (`documents.py`) or, with `--pictures`, those of a folder, whose faces `--finder` (YuNet) finds. Seeded.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import documents
import zones
from card import SANS_BOLD, missing_fonts

WITH_PORTRAIT = [k for k in zones.KINDS if k.format != "TD1"]
TYPES = ("portrait-sharp", "portrait-feathered", "portrait-coarse", "portrait-noisy", "field-flat", "field-healed", "field-copied")


def jpeg(picture, quality):
    """The bytes of the file; three tenths with full colour, as some editors write."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality % 10 < 3 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def decoded(data):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def noise_of(picture):
    """Standard deviation of the noise (Immerkær 1996), of the quieter half of the picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    residual = np.abs(cv2.filter2D(grey, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)))
    blocks = cv2.resize(residual, None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA)
    return float(np.percentile(blocks, 25)) * np.sqrt(np.pi / 2) / 6


def paste(rng, picture, quad, portrait, how):
    """The portrait over the quadrilateral, clockwise from its top left."""
    height, width = picture.shape[:2]
    quad = quad.astype(np.float32)
    tall = max(np.linalg.norm(quad[3] - quad[0]), 8)
    wide = max(np.linalg.norm(quad[1] - quad[0]), 8)
    if how == "coarse":
        by = rng.uniform(2, 3)
        small = cv2.resize(portrait, (max(8, int(wide / by)), max(8, int(tall / by))), interpolation=cv2.INTER_AREA)
        portrait = cv2.resize(small, (int(wide), int(tall)), interpolation=cv2.INTER_CUBIC)
    else:
        portrait = cv2.resize(portrait, (int(wide), int(tall)), interpolation=cv2.INTER_AREA if portrait.shape[1] > wide else cv2.INTER_CUBIC)
    h, w = portrait.shape[:2]
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), quad)
    new = cv2.warpPerspective(portrait, matrix, (width, height), flags=cv2.INTER_CUBIC).astype(np.float32)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    inside = mask > 0
    if how != "sharp":
        old = picture[inside].astype(np.float32)
        fresh = new[inside]
        new = (new - fresh.mean(0)) * (old.std(0) / (fresh.std(0) + 1e-3)).clip(0.6, 1.6) + old.mean(0)
    if how == "noisy":
        new += rng.standard_normal(new.shape, np.float32) * noise_of(picture) * rng.uniform(0.8, 1.2)
    blend = mask.astype(np.float32)[..., None] / 255
    if how != "sharp":
        feather = tall * rng.uniform(0.01, 0.025)
        blend = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3)), iterations=max(1, int(feather))), (0, 0), feather)[..., None] / 255.0
    return np.clip(picture * (1 - blend) + new * blend, 0, 255).astype(np.uint8)


def write_over(rng, picture, quad, how):
    """Other text over the field."""
    height, width = picture.shape[:2]
    quad = quad.astype(np.float32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, quad.astype(np.int32), 255)
    inside = picture[mask > 0]
    light = inside.mean(1)
    ground = np.median(inside[light >= np.percentile(light, 50)], 0)
    ink = np.median(inside[light <= np.percentile(light, 4)], 0)
    if how == "healed":
        picture = cv2.inpaint(picture, mask, 5, cv2.INPAINT_TELEA)
    else:
        picture = picture.copy()
        picture[mask > 0] = ground
    tall = max(8, np.linalg.norm(quad[3] - quad[0]))
    wide = max(8, np.linalg.norm(quad[1] - quad[0]))
    text = "".join(rng.choice(list("ABDEFHKLMNPRSTUVXZ0123456789"), max(3, min(14, int(wide / tall * 1.35)))))
    label = Image.new("L", (int(wide), int(tall)), 0)
    ImageDraw.Draw(label).text((tall * 0.1, tall * 0.5), text, font=ImageFont.truetype(str(SANS_BOLD), max(6, int(tall * 0.85))), fill=255, anchor="lm")
    w, h = label.size
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), quad)
    ink_at = cv2.warpPerspective(np.asarray(label), matrix, (width, height), flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    return np.clip(picture * (1 - ink_at) + ink * ink_at, 0, 255).astype(np.uint8)


def copied(picture, quad, other):
    """What stands at the place `other`, moved over the field as it is."""
    x0, y0 = np.floor(quad.min(0)).astype(int).clip(0)
    x1, y1 = np.ceil(quad.max(0)).astype(int)
    dx, dy = np.round(other.min(0) - quad.min(0)).astype(int)
    height, width = picture.shape[:2]
    x1, y1 = min(x1, width, width - dx), min(y1, height, height - dy)
    x0, y0 = max(x0, -dx), max(y0, -dy)
    out = picture.copy()
    if x1 > x0 and y1 > y0:
        out[y0:y1, x0:x1] = picture[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
    return out


class Document:
    """A picture as it left the camera, with the places of portrait and fields on it."""

    def __init__(self, data, portrait, fields):
        self.data, self.portrait, self.fields = data, portrait, fields


def made_up(rng, number, faces):
    kind = WITH_PORTRAIT[number % len(WITH_PORTRAIT)]
    holder = zones.holder(rng, kind)
    flat = documents.document(rng, kind, holder, zones.lines(kind, holder), faces)
    picture, corners = documents.photograph(rng, flat, kind.size, None)
    width, height = kind.size
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), corners.astype(np.float32))
    place = lambda x, y, w, h: cv2.perspectiveTransform(np.array([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]], np.float32), matrix)[0]
    tall = height - 34
    step = 5.6 if height < 80 else 6.6
    fields = [place(37.6, 7 + k * step + 1.6, w, 3.4) for k, w in ((0, 26), (1, 24), (3, 22))]
    return Document(jpeg(picture, int(rng.integers(80, 98))), place(5, 7.5, tall * 0.78, tall), fields)


def real(rng, path, finder):
    """A picture of a folder; `None` where no face is on it."""
    picture = np.asarray(Image.open(path).convert("RGB"))
    height, width = picture.shape[:2]
    finder.setInputSize((width, height))
    _, found = finder.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if found is None:
        return None
    x, y, w, h = max(found, key=lambda f: f[2] * f[3])[:4]
    box = np.array([[x - w * 0.3, y - h * 0.3], [x + w * 1.3, y - h * 0.3], [x + w * 1.3, y + h * 1.25], [x - w * 0.3, y + h * 1.25]])
    box = box.clip(0, [width - 1, height - 1])
    data = path.read_bytes() if path.suffix == ".jpg" else jpeg(picture, int(rng.integers(80, 98)))
    return Document(data, box, lines_of_print(picture, box))


def lines_of_print(picture, portrait):
    """Places of wide dark marks beside the portrait."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((9, 9), np.uint8))
    marks = cv2.morphologyEx((dark > 40).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 13), np.uint8))
    boxes = [cv2.boundingRect(c) for c in cv2.findContours(marks, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]]
    (left, top), (right, bottom) = portrait.min(0), portrait.max(0)
    apart = lambda x, y, w, h: x > right or x + w < left or y > bottom or y + h < top
    boxes = [b for b in boxes if b[3] >= 7 and b[2] >= 4 * b[3] and b[3] < 40 and apart(*b)]
    boxes.sort(key=lambda b: -b[2] * b[3])
    as_quad = lambda x, y, w, h: np.array([[x - 2, y - 2], [x + w + 2, y - 2], [x + w + 2, y + h + 2], [x - 2, y + h + 2]], np.float64)
    return [as_quad(x, y, min(w, 9 * h), h) for x, y, w, h in boxes[:3]]


def within(picture, quad, edit):
    """The picture with what `edit` makes of the place of the quadrilateral and a little round it."""
    room = 0.1 * np.ptp(quad, axis=0).max() + 16
    x0, y0 = np.floor(quad.min(0) - room).astype(int).clip(0)
    x1, y1 = np.ceil(quad.max(0) + room).astype(int)
    out = picture.copy()
    out[y0:y1, x0:x1] = edit(picture[y0:y1, x0:x1], quad - (x0, y0))
    return out


def attacks(rng, document, faces):
    picture = decoded(document.data)
    for how in ("sharp", "feathered", "coarse", "noisy"):
        portrait = np.asarray(Image.open(faces[int(rng.integers(len(faces)))]).convert("RGB"))
        yield f"portrait-{how}", within(picture, document.portrait, lambda part, quad: paste(rng, part, quad, portrait, how))
    if document.fields:
        for how in ("flat", "healed"):
            yield f"field-{how}", within(picture, document.fields[0], lambda part, quad: write_over(rng, part, quad, how))
    if len(document.fields) > 1:
        yield "field-copied", copied(picture, document.fields[0], document.fields[1])


def write(rng, document, faces, out, name):
    def save(folder, data):
        (out / folder).mkdir(parents=True, exist_ok=True)
        (out / folder / f"{name}.jpg").write_bytes(data)

    again = lambda picture: jpeg(picture, int(rng.integers(85, 96)))
    save("bona-fide/as-taken", document.data)
    save("bona-fide/sent-on", again(decoded(document.data)))
    for what, picture in attacks(rng, document, faces):
        save(f"attack/edit/{what}", again(picture))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True, help="folder of portraits: one folder a person, jpg")
    parser.add_argument("--documents", type=int, default=120, help="made-up ones")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="folders of pictures of documents")
    parser.add_argument("--finder", type=Path, help="face_detection_yunet_2023mar.onnx, for --pictures")
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    if missing := missing_fonts():
        raise SystemExit(f"apt-get install {' '.join(missing)}")
    cv2.setNumThreads(1)
    people = sorted(p for p in args.faces.iterdir() if p.is_dir())
    faces = [sorted(f for p in people[half::2] for f in p.glob("*.jpg")) for half in range(2)]
    halves = [args.out / "fit", args.out / "held-out"]
    for n in range(args.documents):
        rng = np.random.default_rng([args.seed, n])
        half = n // len(WITH_PORTRAIT) % 2
        write(rng, made_up(rng, n, faces[half]), faces[half], halves[half], f"made-up-{n:04d}")
    finder = cv2.FaceDetectorYN.create(str(args.finder), "", (320, 320), 0.6) if args.finder else None
    pictures = sorted(f for folder in args.pictures for f in folder.iterdir() if f.suffix in (".jpg", ".png"))
    for n, path in enumerate(pictures):
        rng = np.random.default_rng([args.seed, 1, n])
        if document := real(rng, path, finder):
            write(rng, document, faces[n % 2], halves[n % 2], f"real-{path.stem}")
    print(f"{sum(1 for _ in args.out.rglob('*.jpg'))} pictures in {args.out}")


if __name__ == "__main__":
    main()
