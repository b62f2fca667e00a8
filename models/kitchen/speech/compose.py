"""Puts clips together from the pool's mel power: digits, gaps, hesitations, other words, then the line."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import scipy.signal

from mel import N_MELS
from pool import Pool
from words import LANGUAGES, OTHER

# How often each engine speaks, by language; engines absent from the pool drop out.
SYNTHETIC = {
    "en": {"kokoro": 0.30, "mbrola": 0.10, "espeak": 0.12, "flite": 0.14, "festival": 0.10, "pico": 0.08, "prompts": 0.16},
    "fr": {"kokoro": 0.26, "mbrola": 0.22, "espeak": 0.15, "pico": 0.12, "prompts": 0.20, "festival": 0.02, "flite": 0.03},
}
WITH_RECORDINGS = {
    "en": SYNTHETIC["en"] | {"fsdd": 1.2},
    "fr": SYNTHETIC["fr"] | {"recorded-fr": 0.25},
}

# Odds of a batch's length in encoder positions (20 ms each).
LENGTHS = {96: 0.45, 160: 0.40, 256: 0.15}
# How many pieces are tried, by length: what does not fit is left out.
COUNTS = {96: (1, 2, 2, 3), 160: (2, 3, 3, 3, 4), 256: (3, 3, 3, 4, 5, 6)}
POOLS = ("voices", "kokoro")  # folders of pieces and their features; one without features is left out
FRAME = 0.01  # seconds
FLOOR = 1e-10


@dataclass
class Clip:
    """One training example: what is heard and what is to be written."""

    mel: np.ndarray  # (80, 2 * positions)
    language: str
    labels: str  # digits and OTHER
    times: list = field(default_factory=list)  # (begin, end) in seconds per label, or empty
    positions: int = 256


def _centres():
    mel = np.linspace(0, 15 + np.log(8) / (np.log(6.4) / 27), N_MELS + 2)[1:-1]
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


CENTRES = _centres()  # Hz of each mel band
OCTAVES = np.log2(np.maximum(CENTRES, 40) / 1000)


def warped(mel, factor):
    """(80, n) log power of a vocal tract `factor` times shorter (formants and pitch move up)."""
    places = np.interp(CENTRES / factor, CENTRES, np.arange(N_MELS))
    low = places.astype(int)
    high, part = np.minimum(low + 1, N_MELS - 1), (places - low)[:, None].astype(np.float32)
    return mel[low] * (1 - part) + mel[high] * part


def stretched(mel, factor):
    """(80, n) said `factor` times faster."""
    places = np.arange(0, mel.shape[1] - 1, factor)
    low = places.astype(int)
    part = (places - low).astype(np.float32)
    return mel[:, low] * (1 - part) + mel[:, low + 1] * part


class Composer:
    """Draws clips; `exclude` names sources that must not be heard."""

    def __init__(self, work, seed, weights, exclude=()):
        self.rng, self.weights = np.random.default_rng(seed), weights
        folders = [work / name for name in POOLS if (work / name / "mel-index.npy").exists()]
        self.pieces = [piece for folder in folders for piece in Pool(folder).pieces]
        self.mels = [np.load(folder / "mel.npy", mmap_mode="r") for folder in folders]
        index = [np.load(folder / "mel-index.npy") for folder in folders]
        self.index = np.concatenate(index)  # (pieces, takes, (first frame, frames))
        self.pool = np.repeat(np.arange(len(folders)), [len(part) for part in index])
        self.noise = np.load(work / "voices" / "mel-noise.npy").astype(np.float32)
        self.voices = {lang: defaultdict(dict) for lang in LANGUAGES}
        for number, piece in enumerate(self.pieces):
            if piece.source in exclude:
                continue
            voice = self.voices[piece.language][piece.engine].setdefault(piece.speaker, defaultdict(list))
            voice[piece.labels if len(piece.labels) < 2 else "string"].append(number)
        self.names = {lang: {e: sorted(v) for e, v in engines.items()} for lang, engines in self.voices.items()}

    def voice(self, language):
        engines = [e for e in self.weights[language] if e in self.names[language]]
        odds = np.array([self.weights[language][e] for e in engines])
        engine = engines[self.rng.choice(len(engines), p=odds / odds.sum())]
        names = self.names[language][engine]
        return self.voices[language][engine][names[self.rng.integers(len(names))]]

    def piece(self, voice, kind):
        return voice[kind][self.rng.integers(len(voice[kind]))] if voice.get(kind) else None

    def sequence(self, language, positions):
        """Numbers of the pieces in the order they are said."""
        rng, voice = self.rng, self.voice(language)
        count, pieces = rng.choice(COUNTS[positions]), []
        if rng.random() < (0.08 if positions < 100 else 0.2) and voice.get("string"):
            pieces.append(self.piece(voice, "string"))
            count = max(0, count - 2)
        for _ in range(count):
            speaker = self.voice(language) if rng.random() < 0.12 else voice
            pieces.append(self.piece(speaker, str(rng.integers(10))))
        for kind, often in (("", 0.3), (OTHER, 0.18)):
            if rng.random() < often:
                # a voice without such words borrows them: what counts is that they are no digits
                donor = voice if voice.get(kind) else self.voice(language)
                for _ in range(rng.choice([1, 1, 1, 2, 3])):
                    pieces.insert(rng.integers(len(pieces) + 1), self.piece(donor, kind))
        return [p for p in pieces if p is not None]

    def sound(self, number, take, tempo, tract):
        start, length = self.index[number, take]
        mel = np.asarray(self.mels[self.pool[number]][start : start + length], dtype=np.float32).T
        return stretched(warped(mel, tract), tempo)

    def joined(self, pieces, positions):
        """(power, labels, times, end in frames); pieces that no longer fit are left out."""
        rng, size = self.rng, 2 * positions
        out = np.zeros((N_MELS, size), dtype=np.float32)
        at = int(rng.choice([rng.uniform(0, 10), rng.uniform(0, 30), rng.uniform(0, 0.12 * size)]))
        tempo, tight = float(np.exp(rng.normal(0.05, 0.14))), rng.random() < 0.35
        tract = float(np.exp(np.clip(rng.normal(0, 0.11), -0.28, 0.28)))
        take = 0 if rng.random() < 0.45 else int(rng.integers(1, self.index.shape[1]))
        labels, times, last = "", [], 0
        for number in pieces:
            piece = self.pieces[number]
            mel = self.sound(number, take, tempo * float(np.exp(rng.normal(0, 0.03))), tract)
            # what the recording of the piece says of its end is cut of rooms and codecs
            spoken = min(mel.shape[1], int(piece.length / 160 / tempo) + 1)
            if at + spoken > size:
                break
            part = mel[:, : size - at] + np.float32(rng.normal(0, 0.2))
            out[:, at : at + part.shape[1]] += 10**part
            begin, end = at * FRAME, (at + spoken) * FRAME
            last = max(last, at + spoken)
            if len(piece.labels) > 1:
                times = None
            if not (piece.labels == OTHER and labels.endswith(OTHER)):
                labels += piece.labels
                if times is not None and piece.labels:
                    times.append((begin, end))
            elif times:
                times[-1] = (times[-1][0], end)
            gap = rng.uniform(-3, 6) if tight else abs(rng.choice([rng.uniform(0, 30), rng.uniform(0, 40), rng.normal(0, 50)]))
            at = max(0, at + spoken + int(gap))
        return out, labels, times or [], last

    def channel(self, power):
        """Tilt, resonances and band limits of one microphone; a room's tail half of the time."""
        rng = self.rng
        gain = rng.normal(0, 0.2) * OCTAVES
        for _ in range(rng.integers(0, 4)):
            centre, width = rng.uniform(-3, 3), rng.uniform(0.2, 1.2)
            gain = gain + rng.normal(0, 0.4) * np.exp(-0.5 * ((OCTAVES - centre) / width) ** 2)
        if rng.random() < 0.55:  # telephones and many recordings stop below 4 kHz
            cut = rng.choice([3400.0, 3800.0, 4000.0, rng.uniform(3000, 7500)])
            gain = gain - np.log10(1 + (CENTRES / cut) ** rng.choice([24, 80]))
        if rng.random() < 0.3:
            cut = rng.uniform(80, 350)
            gain = gain - np.log10(1 + (cut / CENTRES) ** 4)
        power = power * (10**gain).astype(np.float32)[:, None]
        if rng.random() < 0.4:
            decay = 10 ** (-6 * FRAME / rng.uniform(0.15, 0.8))
            level = 10 ** (rng.uniform(-1.8, 0)) * (1 - decay)
            tail = scipy.signal.lfilter([0, 1], [1, -decay], power, axis=1).astype(np.float32)
            power = power + level * tail
        return power

    def noisy(self, power, level=None):
        """Noise 0 to 45 dB below the speech, or at `level` (log10) where nobody speaks."""
        rng, size = self.rng, power.shape[1]
        kinds = self.noise if level is None else self.noise[:12]
        noise = kinds[rng.integers(len(kinds))]
        at = rng.integers(0, noise.shape[1] - size)
        noise = 10 ** noise[:, at : at + size]
        if level is None:
            loud = float(np.quantile(power.sum(0), 0.9))
            level = np.log10(max(loud, 1e-9) / noise.sum(0).mean()) - max(0.0, rng.normal(2.0, 1.0))
        return power + noise * np.float32(10**level)

    def finished(self, power, end):
        """log-mel as whisper.cpp has it: 8 decades below the loudest; masks as in SpecAugment."""
        rng = self.rng
        power = power + np.float32(10 ** rng.uniform(-9, -5)) * rng.exponential(size=power.shape).astype(np.float32) * float(power.max())
        if rng.random() < 0.5:  # files end soon after the last word
            power[:, int(end + rng.uniform(5, 50)) :] = 0
        mel = np.log10(np.maximum(power, FLOOR))
        mel = (np.maximum(mel, mel.max() - 8) + 4) / 4
        mel += np.float32(1.1 + rng.normal(0, 0.1) - mel.max())
        floor = max(mel.min(), mel.max() - 1.5)
        if rng.random() < 0.4:
            for _ in range(rng.integers(1, 3)):
                at = rng.integers(0, 72)
                mel[at : at + rng.integers(1, 9)] = floor
        if rng.random() < 0.25:
            for _ in range(rng.integers(1, 3)):
                at = rng.integers(0, mel.shape[1] - 8)
                mel[:, at : at + rng.integers(1, 7)] = floor
        return mel.astype(np.float16)

    def clip(self, positions):
        rng = self.rng
        language = LANGUAGES[rng.integers(2)]
        if rng.random() < 0.04:  # nobody speaks
            power = np.zeros((N_MELS, 2 * positions), np.float32)
            power = self.channel(self.noisy(power, rng.uniform(-4, 1)))
            return Clip(self.finished(power, 2 * positions), language, "", [], positions)
        if rng.random() < 0.05:  # the other language: other words, whatever they are
            other = LANGUAGES[1 - LANGUAGES.index(language)]
            pieces = [p for p in self.sequence(other, positions) if not set(self.pieces[p].labels) & set("06")]
            power, labels, times, end = self.joined(pieces, positions)
            labels, times = (OTHER if labels else ""), [(times[0][0], times[-1][1])] if times else []
        else:
            power, labels, times, end = self.joined(self.sequence(language, positions), positions)
        if rng.random() < 0.75:
            power = self.channel(power)
        if rng.random() < 0.7:
            power = self.noisy(power)
        return Clip(self.finished(power, end), language, labels, times, positions)
