"""What cameras, light, printers, lamination and files do to a line; and what a binarisation makes of it."""

import cv2
import numpy as np

CAP = 40
"""Height of a capital as drawn, in pixels."""


def kernel(rng, low, high):
    n = int(rng.integers(low, high))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, int(rng.integers(low, high))))


def shifted(rng, ink, margin):
    """A few pixels up or down, where there is room."""
    return np.roll(ink, int(rng.integers(-3, 4)) if margin > 4 else 0, 0)


def background(rng, shape):
    """Paper 0..1: shading, guilloche, speckle, a stain."""
    h, w = shape
    level = rng.uniform(0.45, 1.0)
    x, y = np.linspace(-1, 1, w, dtype=np.float32)[None], np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    paper = level + rng.normal(0, 0.08) * x + rng.normal(0, 0.05) * y
    if rng.random() < 0.5:  # guilloche: wavy lines, in one or two directions
        for _ in range(int(rng.integers(1, 4))):
            bend = rng.uniform(0, 12) * np.sin(x * rng.uniform(1, 20) + rng.uniform(0, 6))
            phase = (np.arange(h, dtype=np.float32)[:, None] * rng.uniform(-1, 1)
                     + np.arange(w, dtype=np.float32)[None] * rng.uniform(-1, 1) + bend) * rng.uniform(0.2, 1.2)
            paper = paper - rng.uniform(0.02, 0.09) * (np.sin(phase) > rng.uniform(0, 0.9))
    if rng.random() < 0.25:
        blotch = rng.normal(0, 1, (max(2, h // 12), max(2, w // 12))).astype(np.float32)
        paper = paper + rng.uniform(0.02, 0.1) * cv2.resize(blotch, (w, h), interpolation=cv2.INTER_CUBIC)
    return paper.astype(np.float32)


def neighbours(rng, ink, margin):
    """Ends of the rows above and below that reach into the strip."""
    h = ink.shape[0]
    for top in (True, False):
        if rng.random() < 0.3:
            reach = int(rng.uniform(0, 0.8) * margin)
            if reach > 1:
                other = np.roll(ink[h // 2 - reach // 2 : h // 2 - reach // 2 + reach], int(rng.integers(-90, 90)), 1)
                if top:
                    ink[:reach] = np.maximum(ink[:reach], other)
                else:
                    ink[h - reach :] = np.maximum(ink[h - reach :], other)
    return ink


def bent(rng, image, strength, border):
    """Small turn, slant, waviness. Symbols keep their x to within a pixel or two."""
    h, w = image.shape
    turn = rng.normal(0, 0.006) * strength
    slant = rng.normal(0, 0.06) * strength
    x = np.arange(w, dtype=np.float32)[None] + slant * (np.arange(h, dtype=np.float32)[:, None] - h / 2)
    wave = rng.normal(0, 0.8) * strength * np.sin(np.linspace(0, rng.uniform(1, 7), w) + rng.uniform(0, 6))
    y = np.arange(h, dtype=np.float32)[:, None] + turn * (np.arange(w)[None] - w / 2) + wave[None]
    return cv2.remap(image, np.broadcast_to(x, (h, w)).astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_CONSTANT, borderValue=border)


def blurred(rng, image):
    kind = rng.random()
    if kind < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.6))
    if kind < 0.7:
        n = int(rng.integers(3, 10))
        kernel = np.zeros((n, n), np.float32)
        a = rng.uniform(0, np.pi)
        c = (n - 1) / 2
        reach = (c * np.cos(a), c * np.sin(a))
        cv2.line(kernel, (round(c - reach[0]), round(c - reach[1])), (round(c + reach[0]), round(c + reach[1])), 1.0)
        return cv2.filter2D(image, -1, kernel / max(1.0, kernel.sum()), borderType=cv2.BORDER_REPLICATE)
    return image


def coarse(rng, image, least):
    """Through as few pixels as a distant or small photograph has; capitals of `least` px and more."""
    share = min(1.0, rng.uniform(least, 40) / 40)
    if share > 0.95:
        return image
    h, w = image.shape
    small = cv2.resize(image, (max(8, int(w * share)), max(6, int(h * share))), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        small = filed(rng, small)
    how = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return cv2.resize(small, (w, h), interpolation=how)


def filed(rng, image):
    """Through a JPEG."""
    eight = np.clip(image * 255, 0, 255).astype(np.uint8)
    ok, data = cv2.imencode(".jpg", eight, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))))
    assert ok
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def glare(rng, image):
    h, w = image.shape
    cx, cy = rng.uniform(0, w), rng.uniform(0, h)
    x = (np.arange(w, dtype=np.float32)[None] - cx) / rng.uniform(15, 120)
    y = (np.arange(h, dtype=np.float32)[:, None] - cy) / rng.uniform(10, 80)
    return image + rng.uniform(0.1, 0.4) * np.exp(-x * x - y * y)


def binarised(rng, image):
    """Black on white, as scanning software and the labelled lines have it."""
    eight = np.clip(image * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        level, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_OTSU)
        out = eight > np.clip(level + rng.normal(0, 14), 5, 250)
    else:
        block = int(rng.integers(10, 30)) * 2 + 1
        out = cv2.adaptiveThreshold(eight, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block,
                                    int(rng.integers(4, 18))) > 127
    out = out.astype(np.float32)
    if rng.random() < 0.15:  # salt and pepper
        spots = rng.random(out.shape)
        out[spots < 0.004] = 0
        out[spots > 0.996] = 1
    return out


def photographed(rng, ink, margin, hard):
    """Ink 0..1 to a grey picture 0..1. `hard` 0..1 raises the odds and sizes of everything."""
    if ink.shape[0] > 2 * margin + 8 and rng.random() < hard:
        ink = neighbours(rng, ink, margin)
    ink = bent(rng, ink, hard, 0.0)
    if rng.random() < 0.25 * hard:  # print that did not take everywhere
        holes = cv2.resize(rng.random((ink.shape[0] // 3 + 1, ink.shape[1] // 3 + 1)).astype(np.float32),
                           ink.shape[::-1])
        ink = ink * (holes > rng.uniform(0.02, 0.25))
    paper = background(rng, ink.shape) if rng.random() < 0.3 + 0.7 * hard else np.ones_like(ink)
    black = rng.uniform(0.0, 0.5 * hard + 0.05)
    contrast = max(rng.uniform(0.25, 1.0), 1 - hard)
    image = paper * (1 - contrast * (1 - black) * ink)
    if rng.random() < 0.25 * hard:
        image = glare(rng, image)
    if rng.random() < 0.8 * hard:
        image = blurred(rng, image)
    if rng.random() < 0.7 * hard:
        image = coarse(rng, image, 9)
    if rng.random() < 0.6 * hard:
        image = image + rng.normal(0, rng.uniform(0.005, 0.05), image.shape)
    if rng.random() < 0.4 * hard:
        image = filed(rng, image)
    image = np.clip(image, 0, 1)
    if contrast > 0.45 and rng.random() < 0.4:
        image = binarised(rng, image)
        if rng.random() < 0.5:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0))
    return image.astype(np.float32)
