"""The presentation attack: a printed portrait held to a camera in a room."""

import cv2
import numpy as np
from PIL import Image

SIZE = (1280, 720)
FPS = 30
SECONDS = 8


def _room(rng: np.random.Generator) -> np.ndarray:
    """A wall, a window and a shelf, out of focus; float RGB."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    room = np.empty((height, width, 3), np.float32)
    room[:] = (196, 188, 174)
    room *= (1.04 - 0.25 * ((x / width - 0.25) ** 2 + (y / height - 0.3) ** 2))[..., None]
    cv2.rectangle(room, (60, 40), (330, 400), (236, 242, 248), -1)
    cv2.rectangle(room, (60, 40), (330, 400), (120, 105, 90), 12)
    cv2.line(room, (195, 40), (195, 400), (120, 105, 90), 10)
    cv2.rectangle(room, (900, 250), (1270, 268), (104, 78, 56), -1)
    left = 905
    while left < 1240:
        book = int(rng.integers(16, 38)), int(rng.integers(95, 165))
        colour = tuple(float(v) for v in rng.uniform(40, 190, 3))
        cv2.rectangle(room, (left, 250 - book[1]), (left + book[0], 250), colour, -1)
        left += book[0] + 2
    cv2.rectangle(room, (0, 640), (width, height), (128, 104, 84), -1)
    return cv2.GaussianBlur(room, (0, 0), 7)


def _print(portrait: Image.Image) -> np.ndarray:
    """The portrait on glossy paper with a white border, and the thumb that holds it."""
    width, height = 520, 640
    paper = np.full((height, width, 3), 243, np.float32)
    inner = portrait.convert("RGB").resize((width - 40, height - 40), Image.BICUBIC)
    # Printers lose contrast and some colour.
    paper[20:-20, 20:-20] = np.asarray(inner, np.float32) * 0.86 + 22
    cv2.ellipse(paper, (width - 6, height - 60), (70, 30), 196, 0, 360, (206, 160, 136), -1, cv2.LINE_AA)
    return paper


def _pose(time: float, phase: np.ndarray) -> np.ndarray:
    """Corners of the paper in the picture: slow sway, hand tremor, a slight turn."""
    sway = 16 * np.sin(0.9 * time + phase[0]) + 2.2 * np.sin(9.1 * time + phase[1])
    lift = 11 * np.sin(0.7 * time + phase[2]) + 2.0 * np.sin(8.3 * time + phase[3])
    roll = np.deg2rad(2.2 * np.sin(0.8 * time + phase[4]) - 1.5)
    yaw, pitch = 0.05 * np.sin(0.6 * time + phase[5]), 0.04 * np.sin(0.5 * time + phase[0])
    size = 1.0 + 0.025 * np.sin(0.5 * time + phase[1])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [250, 308] * size
    corners = corners @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    depth = 1 + corners @ np.array([yaw / 250, pitch / 308])
    corners = corners / depth[:, None] + [640 + sway, 372 + lift]
    return corners.astype(np.float32)


def frames(portrait: Image.Image, seed: int):
    """Every frame of the video, uint8 RGB, SIZE."""
    rng = np.random.default_rng(seed)
    room, paper = _room(rng), _print(portrait)
    height, width = paper.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    phase = rng.uniform(0, 2 * np.pi, 6)
    ones = np.ones((height, width), np.float32)
    for index in range(FPS * SECONDS):
        time = index / FPS
        matrix = cv2.getPerspectiveTransform(flat, _pose(time, phase))
        shown = cv2.warpPerspective(paper, matrix, SIZE, flags=cv2.INTER_LINEAR)
        cover = cv2.warpPerspective(ones, matrix, SIZE)[..., None]
        drift = np.float32([[1, 0, 3 * np.sin(0.8 * time)], [0, 1, 2 * np.sin(1.1 * time)]])
        behind = cv2.warpAffine(room, drift, SIZE, borderMode=cv2.BORDER_REPLICATE)
        scene = behind * (1 - cover) + shown * cover
        scene = cv2.GaussianBlur(scene, (0, 0), 0.8)
        scene *= 1 + 0.012 * np.sin(2.4 * time)
        scene += rng.standard_normal((SIZE[1], SIZE[0], 1), np.float32) * 3
        yield np.clip(scene, 0, 255).astype(np.uint8)
