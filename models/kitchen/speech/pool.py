"""The pool of spoken pieces that training clips are put together from.

One int16 file of 16 kHz sound (`sound.npy`) and one table (`pieces.json`), so
that tens of thousands of short pieces are read through a memory map.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

RATE = 16_000


@dataclass(frozen=True)
class Piece:
    """One utterance by one voice.

    `labels` is what is said: digits and OTHER in order, empty for a hesitation.
    `source` names the human or engine voice behind `speaker` (a warped voice
    keeps its source), so that whoever is kept out stays out with every copy.
    """

    language: str
    labels: str
    engine: str
    source: str
    speaker: str
    start: int
    length: int


class Pool:
    """Pieces and their sound, read only."""

    def __init__(self, folder):
        folder = Path(folder)
        self.sound = np.load(folder / "sound.npy", mmap_mode="r")
        self.pieces = [Piece(**p) for p in json.loads((folder / "pieces.json").read_text())]

    def wave(self, piece):
        """float32 in -1..1, 16 kHz."""
        part = self.sound[piece.start : piece.start + piece.length]
        return part.astype(np.float32) / 32768.0


class PoolWriter:
    """Collects pieces and writes the two files at the end."""

    def __init__(self):
        self.parts, self.pieces, self.at = [], [], 0

    def add(self, wave, **what):
        wave = trim(wave)
        if wave is None:
            return
        wave = wave / max(1e-6, float(np.max(np.abs(wave)))) * 0.7
        part = (wave * 32767).astype(np.int16)
        self.pieces.append(Piece(start=self.at, length=len(part), **what))
        self.parts.append(part)
        self.at += len(part)

    def write(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "sound.npy", np.concatenate(self.parts))
        (folder / "pieces.json").write_text(json.dumps([asdict(p) for p in self.pieces]))


def trim(wave, below_db=38.0, margin=0.02):
    """Cuts silence from both ends; None when nothing is left (or over 6 s)."""
    wave = np.asarray(wave, dtype=np.float32)
    frame = RATE // 100
    count = len(wave) // frame
    if count < 4:
        return None
    energy = (wave[: count * frame].reshape(count, frame) ** 2).mean(axis=1)
    loud = np.nonzero(energy > energy.max() * 10 ** (-below_db / 10))[0]
    if energy.max() < 1e-8:
        return None
    keep = int(margin * RATE)
    first = max(0, loud[0] * frame - keep)
    last = min(len(wave), (loud[-1] + 1) * frame + keep)
    return wave[first:last] if 0.06 * RATE < last - first < 6 * RATE else None
