"""What an attacker shows to a camera: a display, a print, a print with holes. Frames in, frames out; uint8 RGB."""

import cv2
import numpy as np

SIZE = (960, 720)


def _room(rng: np.random.Generator) -> np.ndarray:
    """A wall with a few things on it, out of focus; float RGB."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    room = np.empty((height, width, 3), np.float32)
    room[:] = rng.uniform(120, 200, 3)
    room *= (1.05 - 0.3 * ((x / width - 0.3) ** 2 + (y / height - 0.2) ** 2))[..., None]
    for _ in range(6):
        left, top = int(rng.integers(0, width)), int(rng.integers(0, height))
        right, bottom = left + int(rng.integers(40, 260)), top + int(rng.integers(40, 260))
        cv2.rectangle(room, (left, top), (right, bottom), tuple(rng.uniform(40, 220, 3)), -1)
    return cv2.GaussianBlur(room, (0, 0), 9)


def _corners(size: tuple[float, float], time: float, phase: np.ndarray) -> np.ndarray:
    """Where the corners of a held thing lie: slow sway, hand tremor, a slight turn."""
    sway = 14 * np.sin(0.9 * time + phase[0]) + 2.0 * np.sin(9.1 * time + phase[1])
    lift = 10 * np.sin(0.7 * time + phase[2]) + 1.8 * np.sin(8.3 * time + phase[3])
    roll = np.deg2rad(2.0 * np.sin(0.8 * time + phase[4]))
    yaw, pitch = 0.06 * np.sin(0.6 * time + phase[5]), 0.05 * np.sin(0.5 * time + phase[0])
    scale = 1.0 + 0.025 * np.sin(0.5 * time + phase[1])
    half = np.array([size[0] / 2, size[1] / 2])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * half * scale
    corners = corners @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    depth = 1 + corners @ np.array([yaw / half[0], pitch / half[1]])
    corners = corners / depth[:, None] + [SIZE[0] / 2 + sway, SIZE[1] / 2 + lift]
    return corners.astype(np.float32)


def _held(thing: np.ndarray, shown: tuple[float, float], room: np.ndarray, time: float, phase, flags) -> np.ndarray:
    """The flat thing in the hand before the room."""
    height, width = thing.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, _corners(shown, time, phase))
    seen = cv2.warpPerspective(thing, matrix, SIZE, flags=flags)
    cover = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, SIZE)[..., None]
    return room * (1 - cover) + seen * cover


def _camera(scene: np.ndarray, rng: np.random.Generator, noise: float = 2.5) -> np.ndarray:
    scene = cv2.GaussianBlur(scene, (0, 0), 0.7)
    scene = scene + rng.standard_normal((SIZE[1], SIZE[0], 1), np.float32) * noise
    return np.clip(scene, 0, 255).astype(np.uint8)


def _fit(frame: np.ndarray, height: int) -> np.ndarray:
    width = round(frame.shape[1] * height / frame.shape[0])
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def screen(frames: list[np.ndarray], fps: float, seed: int):
    """A display that plays the frames: red, green and blue stripes, gamma, bezel, a reflection."""
    rng = np.random.default_rng(seed)
    room, phase = _room(rng), rng.uniform(0, 2 * np.pi, 6)
    pitch = 3
    for index, frame in enumerate(frames):
        picture = _fit(frame, 480).astype(np.float32)
        picture = 255 * (picture / 255) ** 1.18 * 0.92 + 10
        large = cv2.resize(picture, None, fx=pitch, fy=pitch, interpolation=cv2.INTER_NEAREST)
        mask = np.full((pitch, pitch, 3), 0.45, np.float32)
        for channel in range(3):
            mask[: pitch - 1, channel, channel] = 1.75
        rows, columns = large.shape[0] // pitch, large.shape[1] // pitch
        large = large * np.tile(mask, (rows, columns, 1))
        glare = np.linspace(0, 18, large.shape[1], dtype=np.float32)[None, :, None]
        large = np.clip(large + glare, 0, 255)
        edge = 70
        whole = np.full((large.shape[0] + 2 * edge, large.shape[1] + 2 * edge, 3), 14, np.float32)
        whole[edge:-edge, edge:-edge] = large
        shown = (whole.shape[1] / whole.shape[0] * 690, 690)
        time = index / fps
        scene = _held(whole, shown, room, time, phase, cv2.INTER_LINEAR)
        yield _camera(scene * (1 + 0.01 * np.sin(2 * np.pi * 7.3 * time)), rng)


def _paper(frame: np.ndarray) -> np.ndarray:
    inner = _fit(frame, 600).astype(np.float32) * 0.84 + 24
    paper = np.full((inner.shape[0] + 40, inner.shape[1] + 40, 3), 240, np.float32)
    paper[20:-20, 20:-20] = inner
    cv2.ellipse(paper, (paper.shape[1] - 6, paper.shape[0] - 60), (70, 30), 196, 0, 360, (206, 160, 136), -1)
    return paper


def printed(frames: list[np.ndarray], fps: float, seed: int):
    """One frame on paper."""
    rng = np.random.default_rng(seed)
    room, phase = _room(rng), rng.uniform(0, 2 * np.pi, 6)
    paper = _paper(frames[0])
    shown = (paper.shape[1] / paper.shape[0] * 660, 660)
    for index in range(len(frames)):
        yield _camera(_held(paper, shown, room, index / fps, phase, cv2.INTER_LINEAR), rng)


def cut_out(frames: list[np.ndarray], holes: list[tuple[float, float, float, float]], fps: float, seed: int):
    """One frame on paper with holes (centre and half axes, as shares of the frame) through which the frames show."""
    rng = np.random.default_rng(seed)
    room, phase = _room(rng), rng.uniform(0, 2 * np.pi, 6)
    still = _paper(frames[0])
    mask = np.zeros(still.shape[:2], np.float32)
    inner = (still.shape[1] - 40, still.shape[0] - 40)
    for x, y, a, b in holes:
        centre = (round(20 + x * inner[0]), round(20 + y * inner[1]))
        cv2.ellipse(mask, centre, (round(a * inner[0]), round(b * inner[1])), 0, 0, 360, 1.0, -1)
    # The paper throws a shadow into its holes.
    shadow = 1 - 0.35 * cv2.GaussianBlur(1 - mask, (0, 0), 6)
    shown = (still.shape[1] / still.shape[0] * 660, 660)
    for index, frame in enumerate(frames):
        behind = np.zeros_like(still)
        live = _fit(frame, 600).astype(np.float32)
        drift = np.float32([[1, 0, 4 * np.sin(1.3 * index / fps)], [0, 1, 3 * np.sin(0.9 * index / fps)]])
        behind[20:-20, 20:-20] = cv2.warpAffine(live, drift, inner, borderMode=cv2.BORDER_REPLICATE)
        paper = still * (1 - mask[..., None]) + behind * (mask * shadow)[..., None]
        yield _camera(_held(paper, shown, room, index / fps, phase, cv2.INTER_LINEAR), rng)


def still(frames: list[np.ndarray], seed: int):
    """One frame with a camera's grain."""
    rng = np.random.default_rng(seed)
    shape = (*frames[0].shape[:2], 1)
    for _ in frames:
        noisy = frames[0].astype(np.float32) + rng.standard_normal(shape, np.float32) * 2.5
        yield np.clip(noisy, 0, 255).astype(np.uint8)
