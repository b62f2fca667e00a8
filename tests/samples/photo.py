"""Turns a flat card into what a telephone would take of it: a 12-megapixel photograph."""

import cv2
import numpy as np
from PIL import Image

SIZE = (4000, 3000)


def _table(rng: np.random.Generator) -> np.ndarray:
    """Grained wood, float RGB 0..255."""
    width, height = SIZE
    small = (width // 8, height // 8)
    noise = rng.normal(0, 1, (small[1], small[0])).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), sigmaX=60, sigmaY=1.1)
    grain /= grain.std()
    broad = cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=90, sigmaY=14)
    broad /= broad.std()
    rings = np.sin(3.0 * broad + 0.6 * grain)
    tone = cv2.resize(9 * grain + 13 * rings, SIZE, interpolation=cv2.INTER_CUBIC)
    return np.array([150, 112, 78], np.float32) + tone[..., None] * np.array([1.0, 0.85, 0.7], np.float32)


def _rounded(size: tuple[int, int]) -> np.ndarray:
    """Coverage of a card with round corners, float 0..1."""
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    r = round(width * 3.18 / 85.6)
    cv2.rectangle(mask, (r, 0), (width - r - 1, height - 1), 255, -1)
    cv2.rectangle(mask, (0, r), (width - 1, height - r - 1), 255, -1)
    for centre in [(r, r), (width - r - 1, r), (r, height - r - 1), (width - r - 1, height - r - 1)]:
        cv2.circle(mask, centre, r, 255, -1)
    return mask


def photograph(card: Image.Image, seed: int, turn: float = 0.0) -> Image.Image:
    """The card on a table: perspective, lamp light, soft shadow, lens blur, sensor noise.

    `turn` is the rotation in degrees, counter-clockwise. The result is SIZE, RGB.
    """
    rng = np.random.default_rng(seed)
    source = np.asarray(card.convert("RGB"), np.float32)
    height, width = source.shape[:2]
    scale = min(2750 / width, 2200 / height)
    half = np.array([width, height]) * scale / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half
    angle = np.deg2rad(turn + rng.uniform(-3.5, 3.5))
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners @ rotation.T
    tilt = rng.uniform(-0.045, 0.045, 2)
    depth = 1 + corners @ (tilt / np.array(SIZE) * 2)
    corners = corners / depth[:, None] + np.array(SIZE) / 2 + rng.uniform(-70, 70, 2)
    corners = corners.astype(np.float32)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    warped = cv2.warpPerspective(source, matrix, SIZE, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(_rounded((width, height)), matrix, SIZE) / np.float32(255)
    scene = _table(rng)
    shadow = cv2.GaussianBlur(np.roll(cover, (26, 20), (0, 1)), (0, 0), 22)
    scene *= (1 - 0.5 * shadow)[..., None]
    cover = cover[..., None]
    scene = scene * (1 - cover) + warped * cover
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    cx, cy = rng.uniform(0.3, 0.7) * SIZE[0], rng.uniform(0.2, 0.5) * SIZE[1]
    light = 1.02 - 0.22 * (((x - cx) / SIZE[0]) ** 2 + ((y - cy) / SIZE[1]) ** 2)
    scene *= light[..., None] * np.array([1.0, 0.985, 0.955], np.float32)
    scene = cv2.GaussianBlur(scene, (0, 0), 1.1)
    scene += rng.standard_normal(scene.shape, np.float32) * 3.5
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
